"""The records: immutable, and the same as JSON."""

from __future__ import annotations

import dataclasses
import json
from datetime import date
from typing import Any

import pytest

from qa.records import AddReport, Answer, Article, Citation, Hit, Passage, Rejection, as_json, header

ARTICLE = Article("a", "Kayani refused.", "Talks", "Dawn", date(2012, 3, 9))
PASSAGE = Passage("a#0", "a", 0, 0, 15, "Kayani refused.")
CITATION = Citation(1, "a", "Talks", "Dawn", date(2012, 3, 9), "", 0, 15, "Kayani refused.")
ANSWER = Answer("Who refused?", True, "Kayani", "Kayani refused. [1]", 0.75, (CITATION,))
RECORDS: list[Any] = [
    ARTICLE,
    PASSAGE,
    Hit(PASSAGE, ARTICLE, 0.5),
    CITATION,
    ANSWER,
    Rejection("a.md", "no text in it"),
    AddReport(),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: type(r).__name__)
def test_records_cannot_be_changed(record: Any) -> None:
    name = dataclasses.fields(record)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(record, name, "changed")
    assert not hasattr(record, "__dict__")


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: type(r).__name__)
def test_json_has_the_same_field_names(record: Any) -> None:
    plain = as_json(record)
    assert list(plain) == [f.name for f in dataclasses.fields(record)]
    assert json.loads(json.dumps(plain)) == plain


def test_json_writes_dates_as_iso_and_keeps_what_is_unknown() -> None:
    plain = as_json(ANSWER)
    assert plain["citations"][0]["published"] == "2012-03-09"
    assert plain["citations"][0]["quote"] == "Kayani refused."
    assert as_json(Article("a", "text"))["published"] is None


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("Talks", "Dawn", date(2012, 3, 29)), "Talks | Dawn | 29 March 2012"),
        (("Talks", "Dawn", date(2012, 3, 9)), "Talks | Dawn | 9 March 2012"),
        (("Talks", "", None), "Talks"),
        (("", "", date(999, 1, 1)), "1 January 999"),
        (("", "", None), ""),
    ],
)
def test_a_header_joins_what_is_known(parts: tuple[str, str, date | None], expected: str) -> None:
    assert header(*parts) == expected
    assert Article("a", "text", *parts).header == expected

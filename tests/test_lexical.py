"""BM25 with the real tantivy."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from qa.lexical import LexicalIndex
from qa.records import Article, Passage

ROWS = [
    (1, "Kayani refused to give any assurance.", "The Hindu", date(2011, 4, 21)),
    (2, "Convoys carry supplies across the border.", "Dawn", date(2012, 7, 30)),
    (3, "Tillerson is expected this week.", "", None),
]


def rows() -> list[tuple[int, Passage, Article]]:
    made = []
    for number, text, outlet, day in ROWS:
        article = Article(f"a{number}", text, outlet=outlet, published=day)
        made.append((number, Passage(f"a{number}#0", article.id, 0, 0, len(text), text), article))
    return made


@pytest.fixture
def index() -> LexicalIndex:
    made = LexicalIndex.fresh(None)
    made.update([], rows(), "1")
    return made


def found(index: LexicalIndex, question: str, **filters: object) -> list[int]:
    return [number for number, _ in index.search(question, 10, **filters)]  # type: ignore[arg-type]


def test_words_are_found_in_their_other_forms_and_misspelt(index: LexicalIndex) -> None:
    assert found(index, "Who refuses assurances?") == [1]
    assert found(index, "Kiyani") == [1]
    assert found(index, "The Hindu") == [1]
    assert found(index, "nothing like it") == []


def test_filters_bound_dates_and_outlets(index: LexicalIndex) -> None:
    everything = "Kayani convoys Tillerson"
    assert sorted(found(index, everything)) == [1, 2, 3]
    assert found(index, everything, since=date(2012, 1, 1)) == [2]
    assert found(index, everything, until=date(2012, 1, 1)) == [1]
    assert found(index, everything, outlets=["Dawn", "Other"]) == [2]
    assert found(index, everything, outlets=[]) == []


@pytest.mark.parametrize("question", ['"', "a AND (", "text:*", "~2 ^4", "\\", "+-!", "x" * 5000, "\x00", "\U0001f600"])
def test_no_question_is_syntax(index: LexicalIndex, question: str) -> None:
    assert found(index, question) == []


def test_an_index_on_disk_opens_only_with_its_stamp(tmp_path: Path) -> None:
    made = LexicalIndex.fresh(tmp_path / "lexical")
    made.update([], rows(), "7:abc")
    made.update([2], [], "8:abc")
    opened = LexicalIndex.open(tmp_path / "lexical", "8:abc")
    assert opened is not None
    assert opened.size == 2
    assert found(opened, "convoys") == []
    assert LexicalIndex.open(tmp_path / "lexical", "7:abc") is None
    assert LexicalIndex.open(tmp_path / "none", "7:abc") is None

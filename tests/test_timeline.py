"""Timelines: dated sentences, verbatim, in order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from qa import Library
from qa.errors import DateError
from qa.timeline import timeline

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def quarry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Two outlets about one quarry, and something else."""
    folder = tmp_path_factory.mktemp("quarry")
    opened = "The quarry at Attock was opened in March 2009 by a Chinese company."
    fell = "On Wednesday a wall of the quarry fell, an owner said on Thursday. It will open next week."
    rows = [
        {"id": "one", "published": "2012-05-03", "outlet": "Star", "text": f"{opened} {fell}"},
        {"id": "two", "published": "2012-05-04", "outlet": "Wire",
         "text": f"A wall of the quarry fell on Wednesday. {opened} Nobody knows why this year is wet."},
        {"id": "polo", "published": "2012-05-04", "text": "The army's polo team won on Tuesday."},
    ]  # fmt: skip
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with Library.open(folder / "library") as library:
        library.add([file])
        yield library


def test_events_stand_in_order_each_told_once_and_verbatim(quarry: Library) -> None:
    events = timeline(quarry, "the quarry at Attock")
    assert [(e.first, e.last) for e in events] == [
        (date(2009, 3, 1), date(2009, 3, 31)),
        (date(2012, 5, 2), date(2012, 5, 2)),
    ]
    assert [e.citation.number for e in events] == [1, 2]
    for event in events:
        c = event.citation
        assert quarry.article(c.article_id).text[c.start : c.end] == c.quote
        assert any((m.first, m.last) == (event.first, event.last) for m in c.mentions)


def test_without_a_topic_everything_dated_is_told(quarry: Library) -> None:
    days = [e.first for e in timeline(quarry)]
    assert date(2012, 5, 1) in days and date(2012, 5, 7) in days
    assert days == sorted(days)


def test_a_timeline_is_bounded(quarry: Library) -> None:
    assert [e.first for e in timeline(quarry, since="2012-05-02", until="2012-05-02")] == [date(2012, 5, 2)]
    assert len(timeline(quarry, limit=1)) == 1
    assert timeline(quarry, limit=0) == []
    assert timeline(quarry, "submarine cables") == []
    with pytest.raises(DateError):
        timeline(quarry, since="someday")


def test_an_empty_library_has_no_events(tmp_path: Path) -> None:
    with Library.open(tmp_path) as library:
        assert timeline(library) == timeline(library, "drones") == []

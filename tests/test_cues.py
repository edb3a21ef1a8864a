"""What a question tells about where to look."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.cues import Cues
from qa.dates import days_in

OUTLETS = ["Dawn", "The Express Tribune", "AFP"]


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("What did the Express Tribune report?", {"The Express Tribune"}),
        ("what did dawn say about afp", {"Dawn", "AFP"}),
        ("Did the raid begin before dawn?", {"Dawn"}),
        ("Was Dawnay there?", set()),
    ],
)
def test_outlets_are_found_as_whole_words(question: str, named: set[str]) -> None:
    assert Cues.of(question, [*OUTLETS, "Express Tribune", ""]).outlets - {"Express Tribune"} == named - (
        {"The Express Tribune"} if "the Express" not in question else set()
    )


def test_a_question_of_one_piece_has_no_clauses() -> None:
    assert Cues.of("Which generals met Kayani in Rawalpindi?", OUTLETS).clauses == ()


def test_a_long_question_is_taken_apart() -> None:
    question = "Did Dawn say that the supply routes were shut, while AFP wrote that talks were going on?"
    assert Cues.of(question, OUTLETS).clauses == (
        "Did Dawn say that the supply routes were shut",
        "AFP wrote that talks were going on",
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("on 26 November", [(None, 11, 26)]),
        ("Nov. 26, 2011 and the 3rd of May", [(2011, 11, 26), (None, 5, 3)]),
        ("2012-03-29", [(2012, 3, 29)]),
        ("November 26 2011", [(2011, 11, 26)]),
        ("in November 2011", []),
        ("31 February, 2012-13-01, May 300", []),
        ("29 February", [(None, 2, 29)]),
        ("1 \u017fep", [(None, 9, 1)]),  # a long s, which matches s without regard to case
    ],
)
def test_days_in_a_text(text: str, found: list[tuple[int | None, int, int]]) -> None:
    assert days_in(text) == found


def test_a_day_without_a_year_is_of_any_year() -> None:
    cues = Cues.of("What happened on 20 April?", OUTLETS)
    assert cues.names_day(date(2011, 4, 20)) and cues.names_day(date(2012, 4, 20))
    assert not cues.names_day(date(2011, 4, 21))
    assert not cues.names_day(None)
    assert not Cues.of("What happened on 20 April 2012?", OUTLETS).names_day(date(2011, 4, 20))


@given(st.text(max_size=200), st.lists(st.text(max_size=10), max_size=4))
def test_any_question_can_be_read(question: str, outlets: list[str]) -> None:
    cues = Cues.of(question, outlets)
    assert cues.outlets <= set(outlets)
    assert len(cues.clauses) != 1
    assert all(clause in question for clause in cues.clauses)

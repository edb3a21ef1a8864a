"""What a question tells about where to look."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.cues import Cues

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


@given(st.text(max_size=200), st.lists(st.text(max_size=10), max_size=4))
def test_any_question_can_be_read(question: str, outlets: list[str]) -> None:
    cues = Cues.of(question, outlets)
    assert cues.outlets <= set(outlets)
    assert len(cues.clauses) != 1
    assert all(clause in question for clause in cues.clauses)

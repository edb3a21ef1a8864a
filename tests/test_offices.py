"""Questions about who holds an office: which they are, and how else they may be asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.offices import asks_holder, forms, stands_now


@pytest.mark.parametrize(
    ("question", "holder", "now"),
    [
        ("Who is the ISI chief?", True, True),
        ("who is isi chief", True, True),
        ("And who's the mayor of Lisk?", True, True),
        ("Who heads the bureau?", True, True),
        ("Who was the ISI chief?", True, False),
        ("Who led the party?", True, False),
        ("Who commanded the garrison?", True, False),
        ("What is the ministry's position on the tax?", False, True),
        ("Where is the headquarters?", False, True),
        ("How many prisoners do they hold?", False, True),
        ("Who is Kayani?", False, False),
        ("Who met Kayani?", False, False),
        ("Who was killed?", False, False),
        ("What did they say?", False, False),
        ("How many prisoners did they free?", False, False),
    ],
)
def test_which_questions_ask_for_a_holder_and_which_how_something_stands(
    question: str, holder: bool, now: bool
) -> None:
    assert (asks_holder(question), stands_now(question)) == (holder, now)


@pytest.mark.parametrize(
    ("question", "other"),
    [
        ("Who is the ISI chief?", "Who heads the ISI?"),
        ("Who is the ISI's chief?", "Who heads the ISI?"),
        ("Who was the ISI chief in 2012?", "Who headed the ISI in 2012?"),
        ("Who was the head of the air force of Talvia?", "Who headed the air force of Talvia?"),
        ("Who is the police chief of Lisk?", "Who heads the police of Lisk?"),
        ("Who heads the ISI?", "Who is the chief of the ISI?"),
        ("Who led Norgas in 2012?", "Who was the chief of Norgas in 2012?"),
    ],
)
def test_a_head_may_be_asked_for_in_two_ways(question: str, other: str) -> None:
    assert forms(question) == (question, other)


@pytest.mark.parametrize(
    "question", ["Who was the chief justice of Ostria?", "Who is the head of state?", "Who led it?", "Who came?"]
)
def test_other_questions_are_asked_in_one(question: str) -> None:
    assert forms(question) == (question,)


@given(
    st.text(max_size=120) | st.lists(st.sampled_from("who is was the chief of head in 2012 ?".split())).map(" ".join)
)
def test_any_question_is_itself_first(question: str) -> None:
    assert forms(question)[0] == question
    stands_now(question)


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("piece", ["who is the ", "chief of ", "who is a is ", "in in "])
def test_hostile_questions_take_time_in_proportion(piece: str) -> None:
    question = "who is the " + piece * (1000 // len(piece))
    forms(question)
    stands_now(question)

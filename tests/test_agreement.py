"""Two answers to one question: the same in other words, or a contradiction."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.agreement import Said, contradict

DAY = date(2012, 3, 29)  # a Thursday


def said(short: str, quote: str = "", published: date | None = DAY) -> Said:
    return Said(short, quote or short, published)


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        ("How many soldiers died?", "24", "two dozen"),
        ("How many soldiers died?", "twenty-four soldiers", "24 Pakistani soldiers at two posts"),
        ("How many fled?", "about 40,000 people", "nearly 42,000"),
        ("How much did it cost?", "Rs 5bn", "five billion rupees"),
        ("How much did it cost?", "$60 million", "Rs 5 crore"),
        ("How much did it cost?", "1.3 million euros", "1,312,000 euros"),
        ("How long did it last?", "two weeks", "14 days"),
        ("How many were there?", "dozens", "24"),
        ("When did they meet?", "Wednesday", "28 March"),
        ("When did they meet?", "March 28, 2012", "in March"),
        ("When did they meet?", "Nov. 26", "26 November 2011"),
        ("When did they meet?", "this week", "Wednesday"),
        ("Who is the army chief?", "Gen Ashfaq Kayani", "Kiyani"),
        ("Who is the army chief?", "General Kayani", "the army chief"),
        ("Who met Kayani?", "James Mattis", "John Allen"),
        ("Where did they meet?", "Rawalpindi", "the garrison"),
        ("Will Pakistan reopen the route?", "will not reopen the route", "refused to reopen the route"),
        ("What did he say?", "that it was over", "that the war went on"),
    ],
)
def test_what_agrees_or_cannot_be_compared_is_no_contradiction(question: str, one: str, other: str) -> None:
    assert not contradict(question, said(one), said(other))
    assert not contradict(question, said(other), said(one))


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        ("How many soldiers died?", "24", "at least 38"),
        ("How many soldiers died?", "24 soldiers at two posts", "26 soldiers at two posts"),
        ("How many soldiers died?", "24 on Nov. 26", "26 on Nov. 26"),
        ("How much did it cost?", "Rs 5bn", "Rs 7 crore"),
        ("What share did it get?", "38 per cent", "41%"),
        ("How long did it last?", "three days", "two weeks"),
        ("When did they meet?", "on Wednesday", "26 March"),
        ("When was it built?", "in 1887", "in 1891"),
        ("When does it open?", "4 May", "June 18, 2012"),
        ("Who is the ISI chief?", "Ahmed Shuja Pasha", "Lieutenant General Zaheer ul-Islam"),
        ("Who leads the party?", "Petra Holan", "Ondrej Kubat"),
        ("Where will they meet?", "Rawalpindi", "Islamabad"),
        ("Will Pakistan reopen the route?", "will not reopen the route soon", "agreed to reopen the route"),
        ("Is Pakistan ready for joint operations?", "it is ready for joint operations", "it rejected any such action"),
    ],
)
def test_what_cannot_both_be_true_is_one(question: str, one: str, other: str) -> None:
    assert contradict(question, said(one), said(other))
    assert contradict(question, said(other), said(one))


def test_a_place_named_in_the_other_sentence_is_no_other_place() -> None:
    fort = said("Fort Cotter", "They met in Fort Cotter, outside Rawalpindi.")
    assert not contradict("Where did they meet?", fort, said("Rawalpindi"))


def test_a_short_answer_takes_its_side_from_its_sentence() -> None:
    closed, opened = said("the road", "The road is not open."), said("the road", "The road is open.")
    assert contradict("Is the road open?", closed, opened)
    assert not contradict("Which road is open?", closed, opened)


QUESTIONS = st.sampled_from(["How many?", "When?", "Who is the chief?", "Where?", "Will it?", "Why?"])
WORDS = st.text(max_size=40) | st.sampled_from(
    [
        "24",
        "Rs 5bn",
        "99,999,999",
        "1.5 million",
        "31 February",
        "Monday",
        "2012-13-45",
        "General Kayani",
        "no",
        "½",
        "٣",
    ]
)
SAID = st.builds(Said, WORDS, WORDS, st.none() | st.dates())


@given(QUESTIONS, SAID, SAID)
def test_any_two_answers_can_be_compared_either_way(question: str, one: Said, other: Said) -> None:
    assert contradict(question, one, other) == contradict(question, other, one)
    assert not contradict(question, one, one)

"""Follow-ups are read with names from before; questions that stand alone are left alone."""

from __future__ import annotations

import pytest

from qa.conversation import readings
from qa.records import Answer


def told(question: str, short: str) -> Answer:
    return Answer(question, True, short, short, 0.9)


@pytest.mark.parametrize(
    ("question", "turn", "expected"),
    [
        ("When was he appointed?", told("Who leads the ISI?", "General Islam"), "When was General Islam appointed?"),
        ("What was his rank?", "Why did Kayani refuse?", "What was Kayani's rank?"),
        ("Where did they meet?", "What did Kayani tell Mullen?", "Where did Kayani and Mullen meet?"),
        ("what about Petraeus?", "What did Mullen say?", "What did Petraeus say?"),
        ("why?", "What did Kayani refuse?", "What did Kayani refuse, why?"),
    ],
)
def test_the_likeliest_reading(question: str, turn: str | Answer, expected: str) -> None:
    assert readings(question, [turn])[0].ask == expected


def test_the_context_is_searched_with_and_the_question_read() -> None:
    first = readings("How long was it closed?", ["Did Pakistan close the route?"])[0]
    assert first.ask == "How long was it closed?"
    assert "Pakistan" in first.search


@pytest.mark.parametrize("question", ["Who is Rex Tillerson?", "Is there a plan for Kabul?", "Where did Malik speak?"])
def test_a_question_that_stands_alone_is_left_alone(question: str) -> None:
    assert [r.ask for r in readings(question, ["What did Kayani refuse?"])] == [question]


def test_without_history_there_is_one_reading() -> None:
    assert [r.ask for r in readings("When was he appointed?", [])] == ["When was he appointed?"]

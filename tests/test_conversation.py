"""Follow-up questions and the readings that make them stand alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.conversation import Reading, names, readings
from qa.records import Answer

History = list[str | Answer]


def answered(question: str, short: str | None) -> Answer:
    return Answer(question, short is not None, short, short or "", 0.9)


def asked(question: str, history: History) -> list[str]:
    return [reading.ask for reading in readings(question, history)]


@pytest.mark.parametrize("question", ["Who is Petraeus?", "When was he appointed?", "Why?", "", "What about Kayani?"])
def test_without_a_history_a_question_stands_as_it_is(question: str) -> None:
    assert readings(question, []) == [Reading(question, question)]


@pytest.mark.parametrize(
    "question", ["Who is David Petraeus?", "Is there a plan for Kabul?", "How many died in November?"]
)
def test_a_question_with_a_subject_of_its_own_is_left_alone(question: str) -> None:
    assert readings(question, ["What did Mullen say?"]) == [Reading(question, question)]


@pytest.mark.parametrize(
    ("question", "history", "first"),
    [
        ("When was he appointed?", [answered("Who leads it?", "Zaheer Islam")], "When was Zaheer Islam appointed?"),
        ("What did she ask for?", ["What did Clinton say?"], "What did Clinton ask for?"),
        ("What was his answer?", ["Did Mullen meet the army?"], "What was Mullen's answer?"),
        ("What was her visit about?", ["What did Clinton say?"], "What was Clinton's visit about?"),
        ("Who met her?", ["What did Clinton say?"], "Who met Clinton?"),
        ("What did Kayani tell him?", ["What did Mullen say?"], "What did Kayani tell Mullen?"),
        ("Where did they meet?", ["What did Mullen and Kayani discuss?"], "Where did Mullen and Kayani meet?"),
        ("What about Kayani?", ["What did Mullen say?"], "What did Kayani say?"),
        ("and how about Kayani", ["What did Mullen say?"], "What did Kayani say?"),
        ("Why?", ["Did Pakistan close the route?"], "Did Pakistan close the route, Why?"),
    ],
)  # fmt: skip
def test_the_likeliest_reading_comes_first(question: str, history: History, first: str) -> None:
    assert asked(question, history)[0] == first


def test_an_institution_is_no_he() -> None:
    assert not any("ISI" in ask for ask in asked("When was he appointed?", ["Who leads the ISI?"]))


def test_the_newest_name_comes_before_older_ones() -> None:
    found = asked("What did he say?", ["Who is Petraeus?", "Who is Mullen?"])
    assert found.index("What did Mullen say?") < found.index("What did Petraeus say?")


def test_turns_long_past_are_forgotten() -> None:
    history: History = ["Who is Petraeus?", "and why?", "and when?", "and where?"]
    assert not any("Petraeus" in reading.search for reading in readings("What did he say?", history))


def test_what_points_back_is_searched_with_the_earlier_question() -> None:
    history: History = [answered("Which route did Pakistan close?", "the supply route")]
    first = readings("When was it closed?", history)[0]
    assert first.ask == "When was it closed?"
    assert first.search == "Which route did Pakistan close? the supply route When was it closed?"


def test_a_refusal_in_the_history_lends_its_question() -> None:
    assert asked("What did he say?", [answered("Did Mullen fly?", None)])[0] == "What did Mullen say?"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What did General Ashfaq Kayani tell Zaheer ul-Islam?", ["General Ashfaq Kayani", "Zaheer ul-Islam"]),
        ("Did the ISI and the CIA meet?", ["ISI", "CIA"]),
        ("Who met Osama bin Laden in Abbottabad?", ["Osama bin Laden", "Abbottabad"]),
        ("what did they say?", []),
        ("When Did He Leave?", ["Leave"]),
    ],
)  # fmt: skip
def test_names(text: str, expected: list[str]) -> None:
    assert names(text) == expected


TURNS = st.text(max_size=60) | st.sampled_from(
    ["What about him?", "Why?", "he", "They met Kayani", "and it?", "What did Mullen say?", "\\1", "Who is she?"]
)


@given(TURNS, st.lists(TURNS | st.builds(answered, TURNS, st.none() | TURNS), max_size=5))
def test_any_conversation_has_readings(question: str, history: History) -> None:
    found = readings(question, history)
    assert found
    assert len(set(found)) == len(found) <= 5
    assert any(question in reading.search for reading in found)

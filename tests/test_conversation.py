"""Follow-up questions and the readings that make them stand alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.conversation import Reading, leans, names, readings
from qa.records import Answer

History = list[str | Answer]


def answered(question: str, short: str | None) -> Answer:
    return Answer(question, short is not None, short, short or "", 0.9)


@pytest.mark.parametrize("question", ["Who is Petraeus?", "When was he appointed?", "Why?", "", "What about Kayani?"])
def test_without_a_history_a_question_stands_as_it_is(question: str) -> None:
    assert readings(question, []) == [Reading(question, question)]


@pytest.mark.parametrize(
    "question",
    [
        "Who is David Petraeus?",
        "Is there a plan for Kabul?",
        "How many died in November?",
        "When were the supply routes open again?",
    ],
)
def test_a_question_with_a_subject_of_its_own_is_first_read_as_it_stands(question: str) -> None:
    plain, context = readings(question, ["What did Mullen say?"])
    assert plain == Reading(question, question)
    assert context.ask == f"What did Mullen say? {question}"


@pytest.mark.parametrize(
    "question",
    [
        "When was he appointed?", "Who met her?", "What did Kayani tell him?", "Where did they meet?", "Why?",
        "and Kayani?", "What about Kayani?", "how about the F-16s", "When was it closed?", "how many died",
    ],
)  # fmt: skip
def test_a_question_that_points_back_or_is_brief_is_first_read_after_the_earlier_one(question: str) -> None:
    assert leans(question)
    context, plain = readings(question, ["What did Mullen say?"])
    assert context.ask == f"What did Mullen say? {question}"
    assert plain == Reading(question, question)


def test_the_reader_is_shown_two_turns_and_search_one() -> None:
    history: History = ["Who is Petraeus?", answered("Who met Mullen?", "Kayani"), answered("Did he agree?", None)]
    context = readings("Why?", history)[0]
    assert context.ask == "Who met Mullen? Kayani. Did he agree? Why?"
    assert context.search == "Did he agree? Why?"


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
    assert 1 <= len(set(found)) == len(found) <= 2
    assert Reading(question, question) in found
    assert all(question in reading.search and question in reading.ask for reading in found)

"""Follow-up questions: whether they follow on, and what they mean then."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.conversation import Reading, cased, following, in_context, leans, names
from qa.records import Answer, Citation

History = list[str | Answer]


def answered(question: str, short: str | None, article: str = "a", reading: str = "") -> Answer:
    cited = (Citation(1, article, "T", "O", date(2012, 3, 29), "", 0, 1, "Q"),)
    return Answer(question, short is not None, short, short or "", 0.9, cited, reading)


@pytest.mark.parametrize(
    "question",
    [
        "Who is David Petraeus?",
        "Is there a plan for Kabul?",
        "How many died in November?",
        "Which minister resigned rather than share his barracks with rebels?",
        "When were the supply routes through the two mountain passes open again?",
    ],
)
def test_a_question_with_a_subject_of_its_own_stands_alone(question: str) -> None:
    assert leans(question) == 0


def test_a_question_of_some_words_without_a_name_may_be_either() -> None:
    assert leans("Which line do trains take instead?") == 0.5


@pytest.mark.parametrize(
    "question",
    [
        "When was he appointed?", "Who met her?", "What did Kayani tell him?", "Where did they meet?", "Why?",
        "and Kayani?", "What about Kayani?", "how about the F-16s", "When was it closed?", "how many died",
        "What about 2011?", "Who lives there?", "Who was army chief then?", "Who was at the meeting?",
    ],
)  # fmt: skip
def test_a_question_that_points_back_or_is_brief_follows_on(question: str) -> None:
    assert leans(question) == 1


def test_names_typed_in_lower_case_are_names_where_the_articles_write_them_so() -> None:
    texts = ["Admiral Mike Mullen met General Kayani and the ISI.", "It was a long visit, and the long way home."]
    assert cased("who is mike mullen", texts) == "who is Mike Mullen"
    assert cased("what is the isi", texts) == "what is the ISI"
    assert cased("how long was it", texts) == "how long was it"
    assert cased("Who is mike MULLEN", texts) == "Who is mike MULLEN"
    assert not leans(cased("who is mike mullen", texts))


def test_a_follow_up_takes_over_names_and_the_short_answer() -> None:
    reading = following("When was he appointed?", [answered("Who leads the ISI?", "Ahmed Shuja Pasha")])
    assert reading.search == "ISI Ahmed Shuja Pasha When was he appointed?"
    assert reading.ask == "Who leads the ISI? Ahmed Shuja Pasha. When was Ahmed Shuja Pasha appointed?"
    assert reading.near == {"a"}
    assert reading.told == "When was he appointed? (ISI, Ahmed Shuja Pasha)"


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("Where is his farm?", "Where is Kayani's farm?"),
        ("Who met her in Kabul?", "Who met Kayani in Kabul?"),
        ("Who met her?", "Who met Kayani?"),
        ("Where was her office?", "Where was Kayani's office?"),
        ("What did they refuse?", "What did Kayani refuse?"),
        ("Was it opened?", "Was Kayani opened?"),
        ("Why?", "Why?"),
    ],
)
def test_the_reader_is_told_whom_a_pronoun_stands_for(question: str, told: str) -> None:
    assert following(question, ["Whom did Kayani meet?"]).ask == f"Whom did Kayani meet? {told}"


def test_a_pronoun_may_reach_back_over_several_turns() -> None:
    history: History = [
        answered("Who is Petraeus?", "CIA director", "old"),
        answered("Who leads the ISI?", "Ahmed Shuja Pasha"),
        answered(
            "When was he appointed?", "in October 2008", reading="When was he appointed? (ISI, Ahmed Shuja Pasha)"
        ),
        answered("Why?", None, reading="Why? (When was he appointed?)"),
    ]
    reading = following("Where was he born?", history)
    assert reading.ask == "Who leads the ISI? Ahmed Shuja Pasha. Why? Where was Ahmed Shuja Pasha born?"
    assert "ISI" in reading.search and "Petraeus" not in reading.search
    assert reading.near == {"a"}


def test_a_new_topic_ends_the_old_one() -> None:
    history: History = ["Who leads the ISI?", "When was he appointed?", "Whom did Obama meet in Seoul?", "Why?"]
    reading = following("What did he say?", history)
    assert reading.ask == "Whom did Obama meet in Seoul? Why? What did Obama say?"
    assert "ISI" not in reading.search


@pytest.mark.parametrize("question", ["Why?", "and Pakistan?", "What about 2011?", "How many?"])
def test_a_question_that_only_completes_another_is_told_with_it(question: str) -> None:
    assert following(question, ["What did Obama say?"]).told == f"{question} (What did Obama say?)"


def test_without_names_the_whole_last_question_is_searched_with() -> None:
    reading = following("how many died", ["what happened at the border outposts"])
    assert reading.search == "what happened at the border outposts how many died"
    assert reading.told == "how many died (what happened at the border outposts)"


def test_of_a_long_answer_only_the_names_are_searched_with() -> None:
    long = "a clear-cut assurance that his troops would carry out operations in Waziristan very soon"
    reading = following("Why?", [answered("What did Kayani refuse to give Mullen?", long)])
    assert reading.search == "Kayani Mullen Waziristan Why?"
    assert long in reading.ask


def test_the_reader_is_shown_two_turns_at_most() -> None:
    assert in_context("Why?", [("A?", "a"), ("B?", ""), ("C?", "c")]) == "B? C? c. Why?"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What did General Ashfaq Kayani tell Zaheer ul-Islam?", ["General Ashfaq Kayani", "Zaheer ul-Islam"]),
        ("Did the ISI and the CIA meet?", ["ISI", "CIA"]),
        ("Who met Osama bin Laden in Abbottabad?", ["Osama bin Laden", "Abbottabad"]),
        ("what did they say?", []),
        ("When Did He Leave?", ["Leave"]),
        ("What is Pakistan's answer to Obama’s offer?", ["Pakistan", "Obama"]),
    ],
)  # fmt: skip
def test_names(text: str, expected: list[str]) -> None:
    assert names(text) == expected


TURNS = st.text(max_size=60) | st.sampled_from(
    [
        "What about him?",
        "Why?",
        "he",
        "They met Kayani",
        "and it?",
        "What did Mullen say?",
        "\\1 Met\\g<0>",
        "Who is she?",
    ]
)


@given(TURNS, st.lists(TURNS | st.builds(answered, TURNS, st.none() | TURNS), min_size=1, max_size=5))
def test_any_conversation_can_be_followed(question: str, history: History) -> None:
    reading = following(question, history)
    assert isinstance(reading, Reading)
    assert question.split() == reading.search.split()[len(reading.search.split()) - len(question.split()) :]
    assert reading.told.startswith(question)

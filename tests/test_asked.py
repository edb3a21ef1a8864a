"""What a question says about time."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.asked import Asked, told
from qa.dates import EARLIEST, LATEST
from qa.records import Mention

TODAY = date(2026, 11, 25)  # a Wednesday
HELD = (date(2011, 4, 21), date(2017, 10, 23))


def asked(question: str) -> Asked:
    return Asked.of(question, TODAY, HELD)


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("What happened on 20 April 2011?", date(2011, 4, 20), date(2011, 4, 20)),
        ("who met kayani in march 2012", date(2012, 3, 1), date(2012, 3, 31)),
        ("Who was the ISI chief in 2011?", date(2011, 1, 1), date(2011, 12, 31)),
        ("What was said in the early 2010s?", date(2010, 1, 1), date(2013, 12, 31)),
        ("What did they want before 2012?", EARLIEST, date(2011, 12, 31)),
        ("What was agreed by May 2012?", EARLIEST, date(2012, 5, 31)),
        ("What changed after 3 July 2012?", date(2012, 7, 4), LATEST),
        ("Who has come since 2012?", date(2012, 1, 1), LATEST),
        ("Who came between 2011 and 2012?", date(2011, 1, 1), date(2012, 12, 31)),
        ("Who came between January and April 2012?", date(2012, 1, 1), date(2012, 4, 30)),
        ("Who came from 3 May 2011 to June 2012?", date(2011, 5, 3), date(2012, 6, 30)),
        ("Who came in the third quarter of 2012?", date(2012, 7, 1), date(2012, 9, 30)),
        ("Who came in the 2nd half of 2011?", date(2011, 7, 1), date(2011, 12, 31)),
        ("Who came in H1 2012?", date(2012, 1, 1), date(2012, 6, 30)),
        ("Who came in the first three months of 2012?", date(2012, 1, 1), date(2012, 3, 31)),
        ("Who came in mid-2012?", date(2012, 5, 1), date(2012, 8, 31)),
        ("Who came in the middle of 2012?", date(2012, 5, 1), date(2012, 8, 31)),
        ("Who came in the third week of March 2012?", date(2012, 3, 15), date(2012, 3, 21)),
        ("Who came in the last week of May 2011?", date(2011, 5, 25), date(2011, 5, 31)),
        ("What was tried two years after 2009?", date(2011, 1, 1), date(2011, 12, 31)),
        ("What was said the day before 20 April 2011?", date(2011, 4, 19), date(2011, 4, 19)),
        ("What was said a month after May 2011?", date(2011, 6, 1), date(2011, 6, 30)),
    ],
)
def test_the_days_a_question_is_about(question: str, first: date, last: date) -> None:
    assert asked(question).spans == ((first, last),)
    assert asked(question).note == ""


@pytest.mark.parametrize(
    "question",
    ["Who led it in 2010 and who two years later?", "Who led it in 2010, and two years afterwards?"],
)
def test_years_counted_from_one_that_is_named(question: str) -> None:
    years = ((date(2010, 1, 1), date(2010, 12, 31)), (date(2012, 1, 1), date(2012, 12, 31)))
    assert asked(question).spans == years
    assert asked("What was shut in 2011 two years after the attack?").spans == ((date(2011, 1, 1), date(2011, 12, 31)),)
    assert asked("Who came two years later?").spans == ()


@pytest.mark.parametrize(
    "question", ["Who is Kayani?", "May I ask who may march?", "What are F-16s?", "Who has 2012 troops?"]
)
def test_a_question_may_be_about_no_days(question: str) -> None:
    assert asked(question).spans == ()
    assert asked(question).bare == ""


def test_a_day_without_a_year_is_of_any_year() -> None:
    spans = asked("What happened on 20 April?").spans
    assert {day.year for day, _ in spans} == set(range(2010, 2019))
    assert all(first == last and (first.month, first.day) == (4, 20) for first, last in spans)


def test_last_week_counts_from_today_where_there_are_articles_as_new_as_that() -> None:
    question = "What did they say last week?"
    current = Asked.of(question, TODAY, (HELD[0], TODAY))
    assert current.spans == ((date(2026, 11, 16), date(2026, 11, 22)),)
    assert current.note == "“last week” is read as 16 – 22 November 2026, counted from today."
    old = asked(question)
    assert old.spans == ((date(2017, 10, 16), date(2017, 10, 22)),)
    assert old.note == (
        "“last week” is read as 16 – 22 October 2017, counted from the newest article, of 23 October 2017."
    )
    assert asked("What happened this year?").spans == ((date(2017, 1, 1), date(2017, 12, 31)),)
    assert Asked.of(question, TODAY, None).spans == current.spans


@pytest.mark.parametrize(
    ("question", "order"),
    [
        ("What is the latest on the talks?", 1),
        ("Who most recently came?", 1),
        ("What was the earliest report?", -1),
        ("Who came?", 0),
    ],
)
def test_the_latest_and_the_first(question: str, order: int) -> None:
    assert asked(question).order == order


@pytest.mark.parametrize(
    "question", ["What do reports since 2012 say?", "Which articles published after 2011 name him?"]
)
def test_only_questions_about_what_was_printed_bound_the_day_of_publication(question: str) -> None:
    assert asked(question).printed == (date(2012, 1, 1), LATEST)
    assert asked("Who was killed in the attack of 2011?").printed is None


@pytest.mark.parametrize(
    ("question", "when"),
    [
        ("When did they meet?", True),
        ("and when exactly was he appointed?", True),
        ("On what date was it?", True),
        ("In which year was the regime ousted?", True),
        ("What day did they meet?", True),
        ("When he came, who met him?", False),
        ("Who came when?", False),
        ("What did they say?", False),
    ],
)
def test_whether_a_date_is_wanted(question: str, when: bool) -> None:
    assert asked(question).when is when


def test_the_question_is_left_without_its_days_where_enough_is_left() -> None:
    assert asked("Whom did they question on 26 September 2012?").bare == "Whom did they question?"
    assert asked("In March 2012, who met Kayani in Rawalpindi?").bare == "who met Kayani in Rawalpindi?"
    assert asked("What happened in 2012?").bare == ""


def test_the_days_of_a_phrase_are_told_in_words() -> None:
    found = [
        Mention(10, 19, date(2011, 4, 20), date(2011, 4, 20)),
        Mention(30, 34, date(2011, 1, 1), date(2011, 12, 31)),
    ]
    assert told("When?", (12, 40), found) == "20 April 2011"
    assert told("In which year?", (12, 19), found) == "2011"
    assert told("When?", (20, 29), found) is None


def test_articles_of_the_days_and_just_after() -> None:
    one = asked("What happened on 20 April 2011?")
    assert one.holds(date(2011, 4, 20)) and not one.holds(date(2011, 4, 21)) and not one.holds(None)
    assert one.near(date(2011, 4, 22)) and not one.near(date(2011, 4, 23)) and not one.near(None)


@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from("between and since 2011 May before last week 3 20 April".split())).map(" ".join)
)
def test_any_question_can_be_read(question: str) -> None:
    for held in (None, HELD):
        read = Asked.of(question, TODAY, held)
        assert all(EARLIEST <= first <= last <= LATEST for first, last in read.spans)
        assert len(read.bare) <= len(question)

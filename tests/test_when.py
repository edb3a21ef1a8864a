"""Expressions of time: what is one, what is none, and which days it means."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa.dates import EARLIEST, LATEST
from qa.when import mentions

PUBLISHED = date(2012, 7, 25)  # a Wednesday


def read(text: str, published: date | None = PUBLISHED, question: bool = False) -> list[tuple[str, str]]:
    return [
        (text[m.start : m.end], str(m.first) if m.first == m.last else f"{m.first}..{m.last}")
        for m in mentions(text, published, question)
    ]


@pytest.mark.parametrize(
    ("text", "said", "days"),
    [
        ("on 26 November 2011", "26 November 2011", "2011-11-26"),
        ("on Saturday, Nov. 26, 2011, they", "Saturday, Nov. 26, 2011", "2011-11-26"),
        ("the 3rd of May 2010", "3rd of May 2010", "2010-05-03"),
        ("2011-11-26", "2011-11-26", "2011-11-26"),
        ("in March 2012", "March 2012", "2012-03-01..2012-03-31"),
        ("in early March 2012", "early March 2012", "2012-03-01..2012-03-10"),
        ("March 3-5, 2012", "March 3-5, 2012", "2012-03-03..2012-03-05"),
        ("from 30 December to 2 January 2012", "30 December to 2 January 2012", "2011-12-30..2012-01-02"),
        ("the spring of 2011", "spring of 2011", "2011-03-01..2011-05-31"),
        ("early 2012", "early 2012", "2012-01-01..2012-04-30"),
        ("by the end of 2014", "end of 2014", "2014-12-01..2014-12-31"),
        ("between 2009 and 2012", "between 2009 and 2012", "2009-01-01..2012-12-31"),
        ("in 2011-12", "2011-12", "2011-01-01..2012-12-31"),
        ("the late 1990s", "late 1990s", "1997-01-01..1999-12-31"),
        ("the first quarter of 2012", "first quarter of 2012", "2012-01-01..2012-03-31"),
        ("the second half of 2011", "second half of 2011", "2011-07-01..2011-12-31"),
        ("the last two months of 2011", "the last two months of 2011", "2011-11-01..2011-12-31"),
        ("in the first week of May 2012", "the first week of May 2012", "2012-05-01..2012-05-07"),
        ("the 2008 campaign", "2008", "2008-01-01..2008-12-31"),
    ],
)
def test_what_names_its_year_needs_no_day_of_publication(text: str, said: str, days: str) -> None:
    assert read(text) == read(text, None) == [(said, days)]


@pytest.mark.parametrize(
    ("text", "said", "days"),
    [
        ("an official said on Wednesday.", "Wednesday", "2012-07-25"),
        ("they met on Thursday", "Thursday", "2012-07-19"),
        ("they will meet on Thursday", "Thursday", "2012-07-26"),
        ("He will be charged on Friday", "Friday", "2012-07-27"),
        ("On Monday, he said he will go", "Monday", "2012-07-23"),
        ("On Monday, he will go", "Monday", "2012-07-30"),
        ("until Friday", "Friday", "2012-07-27"),
        ("last Wednesday", "last Wednesday", "2012-07-18"),
        ("next Thursday", "next Thursday", "2012-08-02"),
        ("this Friday", "this Friday", "2012-07-27"),
        ("He will have talks on Friday", "Friday", "2012-07-27"),
        ("They have to be ready; he is meeting them on Friday", "Friday", "2012-07-27"),
        ("he didn't come on Friday", "Friday", "2012-07-20"),
        ("the army chief on Tuesday in Rawalpindi", "Tuesday", "2012-07-24"),
        ("the end of this spring", "end of this spring", "2012-05-01..2012-05-31"),
        ("by the end of the week", "end of the week", "2012-07-27..2012-07-29"),
        ("late last week", "late last week", "2012-07-20..2012-07-22"),
        ("the last week of March", "the last week of March", "2012-03-25..2012-03-31"),
        ("late last summer", "late last summer", "2011-08-01..2011-08-31"),
        ("talks over the next year", "the next year", "2012-07-25..2013-07-25"),
        ("He did not come in time for the talks on 2 July", "2 July", "2012-07-02"),
        ("what was done on September 11th", "September 11th", "2001-09-11"),
        ("he spoke of it this weekend", "this weekend", "2012-07-21..2012-07-22"),
        ("the killing in January by a contractor", "January", "2012-01-01..2012-01-31"),
        ("since November", "November", "2011-11-01..2011-11-30"),
        ("last November", "last November", "2011-11-01..2011-11-30"),
        ("he is set to retire in December", "December", "2012-12-01..2012-12-31"),
        ("the airstrikes of Nov. 26", "Nov. 26", "2011-11-26"),
        ("on July 3", "July 3", "2012-07-03"),
        ("the site opens on Aug. 10", "Aug. 10", "2012-08-10"),
        ("the Sept. 11 attacks", "Sept. 11", "2001-09-11"),
        ("will visit next week", "next week", "2012-07-30..2012-08-05"),
        ("last week's talks", "last week", "2012-07-16..2012-07-22"),
        ("over the past week", "the past week", "2012-07-18..2012-07-25"),
        ("in the last three months", "the last three months", "2012-04-25..2012-07-25"),
        ("earlier this month", "earlier this month", "2012-07-01..2012-07-25"),
        ("later this week", "later this week", "2012-07-25..2012-07-29"),
        ("late last year", "late last year", "2011-09-01..2011-12-31"),
        ("the end of the year", "end of the year", "2012-12-01..2012-12-31"),
        ("in March of last year", "March of last year", "2011-03-01..2011-03-31"),
        ("over the weekend", "the weekend", "2012-07-21..2012-07-22"),
        ("this weekend", "this weekend", "2012-07-28..2012-07-29"),
        ("last summer", "last summer", "2011-06-01..2011-08-31"),
        ("two years ago", "two years ago", "2010-01-01..2010-12-31"),
        ("five days ago", "five days ago", "2012-07-20"),
        ("the day before yesterday", "day before yesterday", "2012-07-23"),
        ("Earlier this month, he", "Earlier this month", "2012-07-01..2012-07-25"),
        ("Last week they met", "Last week", "2012-07-16..2012-07-22"),
        ("Earlier today they", "today", "2012-07-25"),
        ("last night", "last night", "2012-07-24"),
        ("this year", "this year", "2012-01-01..2012-12-31"),
    ],
)
def test_other_expressions_count_from_the_day_of_publication(text: str, said: str, days: str) -> None:
    assert read(text) == [(said, days)]
    assert read(text, None) == [("Sept. 11", "2001-09-11")] * (said == "Sept. 11")


@pytest.mark.parametrize(
    "text",
    [
        "some 2,012 troops",
        "2012 troops",
        "$2012 and €1999",
        "page 2012, flight 1950",
        "F-16s and 10.2011.05",
        "Spider-Man 2099",
        "You may march on, the Sun and I sat in a fall of snow",
        "May I ask?",
        "every Friday",
        "Black Friday",
        "Sunday Night Football",
        "USA Today",
        "more than two years ago",
        "in recent weeks, a few days ago, years ago, a minute ago",
        "it lasts for weeks",
        "31 June",
        "a meeting Friday",
        "open from Monday to Friday",
        "the last week or two, next year or so, two or three years ago",
        "better known today, in today's world, on Spotify's Today's Hits",
        "that September, in May of that year",
        "1952/15249 points",
        "the first day of the last week of the talks",
        "next to last",
        "",
    ],
)
def test_what_is_no_expression_of_time_or_no_definite_one_is_left(text: str) -> None:
    assert read(text) == []


def test_a_weekday_may_share_its_week_with_another() -> None:
    assert read("on Thursday and Friday of last week")[:2] == [("Thursday", "2012-07-19"), ("Friday", "2012-07-20")]
    assert read("next Monday and Tuesday") == [("next Monday", "2012-07-30"), ("Tuesday", "2012-07-31")]


def test_a_weekday_counted_from_another_week_is_left() -> None:
    assert read("he met them a week ago Monday") == [("a week ago", "2012-07-16..2012-07-22")]


def test_a_new_week_may_begin_on_sunday() -> None:
    sunday = date(2012, 7, 29)
    assert read("later this week they meet", sunday) == [("later this week", "2012-07-30..2012-08-05")]


def test_the_nearest_year_fits_the_day_of_the_week() -> None:
    assert read("Sunday, Dec. 24", date(2023, 12, 20)) == [("Sunday, Dec. 24", "2023-12-24")]
    assert read("Monday, Dec. 24", date(2018, 6, 1)) == [("Monday, Dec. 24", "2018-12-24")]


def test_questions_may_be_written_small() -> None:
    assert read("what happened in march 2012 and on wednesday?", question=True) == [
        ("march 2012", "2012-03-01..2012-03-31"),
        ("wednesday", "2012-07-25"),
    ]
    assert read("who may march?", question=True) == []


WORDS = (
    "the last next this past early late mid end first third of in on by to and 3 11 2011 2012 May March Mon Monday Nov."
    " spring quarter half months week weekend year ago today Tuesday"
)


@given(st.text(max_size=300) | st.lists(st.sampled_from(WORDS.split()), max_size=40).map(" ".join))
@example("1 \u017fep 2011")
@example("\u0663 March \u0662\u0660\u0661\u0662, \u0663 years ago")
@example("the last 999 decades, 999 years ago, in 9999 and 1600s")
def test_any_text_is_read_in_order_and_within_bounds(text: str) -> None:
    for published in (None, PUBLISHED, EARLIEST, date(2099, 12, 31)):
        for question in (False, True):
            end = 0
            for mention in mentions(text, published, question):
                assert end <= mention.start < mention.end <= len(text)
                assert EARLIEST <= mention.first <= mention.last < LATEST
                end = mention.end


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize(
    "piece", ["1 ", "the last ", "early in ", "May ", "2011-", "between 2011 ", " ", "a\n", "Monday, "]
)
def test_hostile_text_takes_time_in_proportion(piece: str) -> None:
    mentions(piece * (100_000 // len(piece)), PUBLISHED)

"""Dates in filters, in metadata and in bylines."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa.dates import EARLIEST, LATEST, find_date, parse_date, parse_since, parse_until
from qa.errors import DateError

DAY = date(2012, 3, 29)


@pytest.mark.parametrize(
    "value",
    [
        DAY,
        datetime(2012, 3, 29, 23, 59, tzinfo=UTC),
        "2012-03-29",
        " 2012-03-29T08:15:00Z ",
        "29 March 2012",
        "March 29, 2012",
        "Thursday, 29 March 2012",
        "29th March, 2012",
        "Mar. 29, 2012",
        "29/03/2012",
    ],
)
def test_a_day_is_read_in_every_common_form(value: object) -> None:
    assert parse_date(value) == DAY


def test_days_stand_before_months() -> None:
    assert parse_date("05/04/2012") == date(2012, 4, 5)


@pytest.mark.parametrize(
    "value", [None, 20120329, "", "  ", "2012", "March 2012", "yesterday", "31 June 2012", "x" * 101]
)
def test_what_is_no_whole_day_is_none(value: object) -> None:
    assert parse_date(value) is None


@pytest.mark.parametrize("value", ["0007-01-01", date(1599, 12, 31), date(2100, 1, 1), "9999-12-31"])
def test_days_of_no_newspaper_are_none(value: object) -> None:
    assert parse_date(value) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Posted by Admin On Thursday 29 March 2012", DAY),
        ("Published: 2012-03-29, 10:15", DAY),
        ("Updated Mar 29th, 2012 by staff", DAY),
        ("Sept. 3, 2012 and Oct. 4, 2012", date(2012, 9, 3)),
        ("seen on 31 June 2012, then on 29 March 2012", DAY),
        ("on March 29 nobody knew the year", None),
        ("call 12345-03-29 or 2012-13-45", None),
        ("", None),
    ],
)
def test_the_first_whole_date_in_a_text_is_found(text: str, expected: date | None) -> None:
    assert find_date(text) == expected


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2012", date(2012, 1, 1), date(2012, 12, 31)),
        ("2012-02", date(2012, 2, 1), date(2012, 2, 29)),
        ("February 2011", date(2011, 2, 1), date(2011, 2, 28)),
        ("dec 2012", date(2012, 12, 1), date(2012, 12, 31)),
        ("2012-03-29", DAY, DAY),
        (" 29 March 2012 ", DAY, DAY),
    ],
)
def test_filters_span_what_their_text_names(text: str, since: date, until: date) -> None:
    assert (parse_since(text), parse_until(text)) == (since, until)


@pytest.mark.parametrize(
    "text",
    ["", "yesteryear", "last week", "2012-13", "2012-00", "0000", "1234", "9999", "29 March", "9" * 5000, "{2012}"],
)
def test_filters_that_name_no_date_are_told_in_one_line(text: str) -> None:
    for parse in (parse_since, parse_until):
        with pytest.raises(DateError, match=r"^cannot understand the date .*; write 2012, 2012-03,"):
            parse(text)


@given(st.text(max_size=120) | st.text("0123456789-/., marchMay:TZ+", max_size=40))
@example("2012-03-29T25:00")
@example("٢٠١٢")
@example("²⁰¹²")
@example("99999999999999999999 days ago 2012")
def test_any_text_is_read_or_refused_within_bounds(text: str) -> None:
    for found in (parse_date(text), find_date(text)):
        assert found is None or EARLIEST <= found < LATEST
    try:
        since = parse_since(text)
    except DateError:
        with pytest.raises(DateError):
            parse_until(text)
    else:
        assert EARLIEST <= since <= parse_until(text) < LATEST


@given(st.dates(EARLIEST, date(2099, 12, 31)))
def test_every_iso_date_is_read_back(day: date) -> None:
    assert parse_date(day.isoformat()) == day
    assert find_date(f"Published {day.isoformat()}.") == day
    assert parse_since(day.isoformat()) == parse_until(day.isoformat()) == day

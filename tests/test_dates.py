"""Dates in metadata, bylines and filters."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.dates import EARLIEST, LATEST, find_date, parse_date, parse_since, parse_until
from qa.errors import DateError


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2012-03-29", date(2012, 3, 29)),
        ("2012-03-29T10:00:00+05:00", date(2012, 3, 29)),
        ("29 March 2012", date(2012, 3, 29)),
        ("March 29, 2012", date(2012, 3, 29)),
        (datetime(2012, 3, 29, 5, tzinfo=UTC), date(2012, 3, 29)),
        (date(2012, 3, 29), date(2012, 3, 29)),
        ("0001-01-01", None),
        ("99999-01-01", None),
        ("next Wednesday", None),
        ("", None),
        (None, None),
        (2012, None),
    ],
)
def test_metadata(value: object, expected: date | None) -> None:
    assert parse_date(value) == expected


def test_a_full_date_is_found_in_a_byline() -> None:
    assert find_date("Posted by Admin On Thursday 29 March 2012 0 comments") == date(2012, 3, 29)
    assert find_date("It was in May 2011") is None


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2012", date(2012, 1, 1), date(2012, 12, 31)),
        ("2012-02", date(2012, 2, 1), date(2012, 2, 29)),
        ("March 2012", date(2012, 3, 1), date(2012, 3, 31)),
        ("29 March 2012", date(2012, 3, 29), date(2012, 3, 29)),
    ],
)
def test_filters_name_a_day_a_month_or_a_year(text: str, since: date, until: date) -> None:
    assert (parse_since(text), parse_until(text)) == (since, until)


@pytest.mark.parametrize("text", ["", "soon", "2012-13", "0000", "9999", "x" * 10_000])
def test_a_filter_that_is_no_date_is_told(text: str) -> None:
    with pytest.raises(DateError, match="cannot understand the date"):
        parse_since(text)


@given(st.text(max_size=60))
def test_no_text_gets_past_the_bounds(text: str) -> None:
    for found in (parse_date(text), find_date(text)):
        assert found is None or EARLIEST <= found < LATEST

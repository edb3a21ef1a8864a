"""Dates people write: in filters, in an article's metadata and in its byline."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from qa.errors import DateError

EARLIEST = date(1600, 1, 1)  # newspapers are not older; a date outside the range is a misreading
LATEST = date(2100, 1, 1)

Days = tuple[date, date]  # the first and the last, both included

MONTHS = "|".join(f"{name}|{name[:3]}\\.?" for name in calendar.month_name[1:]) + "|Sept\\.?"
_FULL_DATE = re.compile(
    rf"\b(?:\d{{4}}-\d\d-\d\d|\d{{1,2}}(?:st|nd|rd|th)?\s+(?:{MONTHS}),?\s+\d{{4}}|(?:{MONTHS})\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}})\b",
    re.IGNORECASE,
)

MONTH_NUMBER = {name[:3].lower(): number for number, name in enumerate(calendar.month_name) if number}


def parse_date(value: object) -> date | None:
    """Return the day that metadata names (a date, or text in any common form), or None."""
    if isinstance(value, datetime):
        return _within(value.date())
    if isinstance(value, date):
        return _within(value)
    if not isinstance(value, str) or not (text := value.strip()) or len(text) > 100:
        return None
    try:
        return _within(datetime.fromisoformat(text).date())
    except ValueError:
        return _within(_parse(text, ("day", "month", "year")))


def find_date(text: str) -> date | None:
    """Return the first full date (day, month and year) that stands in `text`, or None."""
    for match in _FULL_DATE.finditer(text[:20_000]):
        if found := parse_date(match.group()):
            return found
    return None


def year_of(year: int) -> Days:
    """Return the days of a year, which must be one that the calendar has."""
    return date(year, 1, 1), date(year, 12, 31)


def month_of(day: date) -> Days:
    """Return the days of the month that holds a day."""
    return day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1])


def week_of(day: date) -> Days:
    """Return the days of the week, Monday to Sunday, that holds a day."""
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)


def months_on(day: date, months: int) -> date:
    """Return the same day so many months later, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def in_words(first: date, last: date) -> str:
    """Return days as a person says them: "20 April 2011", "March 2012", "2011", "30 July – 5 August 2012"."""
    day = f"{last.day} {last:%B} {last.year}"
    if first == last:
        return day
    if (first, last) == year_of(first.year):
        return str(first.year)
    if (first, last) == month_of(first):
        return f"{first:%B} {first.year}"
    if first.year != last.year:
        return f"{first.day} {first:%B} {first.year} – {day}"
    return f"{first.day} – {day}" if first.month == last.month else f"{first.day} {first:%B} – {day}"


def parse_since(text: str) -> date:
    """Return the first day of what `text` names: a day, a month ("March 2012") or a year."""
    return _bounds(text)[0]


def parse_until(text: str) -> date:
    """Return the last day of what `text` names: a day, a month ("March 2012") or a year."""
    return _bounds(text)[1]


def _bounds(text: str) -> tuple[date, date]:
    text = text.strip()
    if len(text) <= 100:
        if re.fullmatch(r"\d{4}", text) and (year := _within(safe(int(text), 1, 1))):
            return year_of(year.year)
        if match := re.fullmatch(r"(\d{4})-(\d{1,2})", text):
            month = _within(safe(int(match[1]), int(match[2]), 1))
        elif re.search(r"\d{4}", text) and not re.search(r"\b\d{1,2}\b", text):
            month = _within(_parse(text, ("month", "year")))
        else:
            month = None
        if month:
            return month_of(month)
        if day := parse_date(text):
            return day, day
    raise DateError(f"cannot understand the date {text[:60]!r}; write 2012, 2012-03, March 2012 or 2012-03-29")


def safe(year: int, month: int, day: int) -> date | None:
    """Return the day, or None where the calendar has no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _within(day: date | None) -> date | None:
    return day if day and EARLIEST <= day < LATEST else None


def _parse(text: str, parts: tuple[str, ...]) -> date | None:
    """Parse with dateparser, all of `parts` being required in the text; "yesterday" names no day of its own."""
    settings = {"REQUIRE_PARTS": list(parts), "DATE_ORDER": "DMY", "PARSERS": ["absolute-time"]}
    try:
        found = _parser()(text, languages=["en"], settings=settings)
    except (ValueError, OverflowError):
        return None
    return found.date() if found else None


@cache
def _parser() -> Any:
    import dateparser  # half a second to import: only when a date must be read

    return dateparser.parse

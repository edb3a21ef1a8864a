"""Expressions of time in running text → the days they mean, counted from the day of publication.

"Wednesday" is the last Wednesday, or the next one where the sentence speaks of what is to come; weeks run from Monday
to Sunday; "last month" is that of the calendar, "the last month" the one up to publication; "early", "mid" and "late"
are thirds, "end of" and "beginning of" a year its last and first month. What stays vague ("recent weeks", a weekday
in a sentence that does not tell which) is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from qa.dates import EARLIEST, LATEST, Days, month_of, months_on, safe, week_of, year_of
from qa.expressions import (
    AFTER_SIDE,
    ATTACKS,
    BEFORE_MONTH,
    BEFORE_YEAR,
    FROM_WEEKDAY,
    GENERIC,
    IN_NEWS,
    IN_QUESTIONS,
    MID_SENTENCE,
    NAME_FOLLOWS,
    NAMED_DAY,
    NOWADAYS,
    NUMBER_NOUN,
    NUMBERED,
    OF,
    OF_WEEK,
    ON,
    OR_SO,
    REPEATED,
    ROUGH,
    THAT,
    THAT_YEAR,
    TO_WEEKDAY,
    WEEKS_OFF,
)
from qa.records import Mention
from qa.said import Said
from qa.tense import FUTURE, PAST, UNKNOWN

GRAMMAR = 2  # raised whenever other days may be read from a text: libraries note theirs anew
_SEASONS = {"spring": 3, "summer": 6, "fall": 9, "autumn": 9, "winter": 12}
_ORDINALS = {word: nth // 2 for nth, word in enumerate("first 1st second 2nd third 3rd fourth 4th".split())}

_SURE_MONTHS = frozenset("january february july august september october november december".split())
_STEPS = {"last": -1, "this": 0, "next": 1}
_ATTACKS = date(2001, 9, 11)
_MEMORABLE = 60  # days after which "September 11" is that of 2001
_AHEAD = 2  # a day or month that could lie behind or ahead lies ahead when that is so many times nearer
_UNSAID = 240  # days after which nobody leaves the year of a day or month unsaid ...
_FARTHER = 4  # ... where another one of that name is so many times nearer
_WEDNESDAY, _FRIDAY = 2, 4  # until Wednesday "this weekend" may still be the last one
_HORIZON = 2  # years after publication that a bare number may name


def mentions(text: str, published: date | None, question: bool = False) -> list[Mention]:
    """Return the expressions of time in a text, in order, with the first and last day each means.

    Without a day of publication only expressions that name their year are found. A `question` may write months
    and weekdays small. The time taken is linear in the length of the text.
    """
    found: list[Mention] = []
    for match in (IN_QUESTIONS if question else IN_NEWS).finditer(text):
        said = Said.of(match, text, published, question)
        days = _RESOLVERS[match.lastgroup or ""](said)
        if days and EARLIEST <= days[0] <= days[1] < LATEST:
            found.append(Mention(match.start(), match.end(), *days))
    return found


def _iso(said: Said) -> Days | None:
    day = safe(said.years[0], *said.numbers)
    return (day, day) if day else None


def _day(said: Said) -> Days | None:
    day = _placed(said, said.months[0], said.numbers[0])
    return (day, day) if day else None


def _days(said: Said) -> Days | None:
    last = _placed(said, said.months[-1], said.numbers[1])
    first = last and safe(last.year, said.months[0], said.numbers[0])
    if first and last and first > last:
        first = safe(last.year - 1, first.month, first.day)
    return (first, last) if first and last else None


def _placed(said: Said, month: int, day: int) -> date | None:
    """Return a day of a month in the year named, or in the one that fits best."""
    if (year := said.year) is not None:
        return safe(year, month, day)
    if (month, day) == (9, 11) and ATTACKS.match(said.text, said.end):
        return _ATTACKS
    if said.published is None or _of_that_year(said):
        return None
    around = [safe(said.published.year + n, month, day) for n in (-1, 0, 1)]
    possible = [found for found in around if found]
    weekday = said.weekday
    fitting = [found for found in possible if found.weekday() == weekday]
    recent = any(0 <= (said.published - found).days <= _MEMORABLE for found in possible)
    if (month, day) == (9, 11) and said.tense() == PAST and not recent:
        return _ATTACKS
    return _nearest(said, fitting or possible, said.published)


def _of_that_year(said: Said) -> bool:
    """Whether a month or day is of a year spoken of before: "that September", "in May of the same year"."""
    return bool(THAT.search(said.before) or THAT_YEAR.match(said.text, said.end))


def _nearest(said: Said, possible: list[date], published: date) -> date | None:
    """Choose by the tense of the sentence; without one, what lies behind unless what lies ahead is far nearer."""
    behind = [day for day in possible if day <= published]
    ahead = [day for day in possible if day >= published]
    if not ahead:
        return behind[-1] if behind else None
    if not behind:
        return ahead[0]
    sense, since, till = said.tense(), published - behind[-1], ahead[0] - published
    far, near = max(since, till), min(since, till)
    if (far.days > _UNSAID and near * _FARTHER < far) or sense == UNKNOWN:
        return ahead[0] if till * _AHEAD < since else behind[-1]
    return ahead[0] if sense == FUTURE else behind[-1]


def _month(said: Said) -> Days | None:
    year = said.year
    if year is None and said.numbers:
        year = 2000 + said.numbers[0]  # November ’11
    return said.part(month_of(date(year, said.months[0], 1))) if year else None


def _bare_month(said: Said) -> Days | None:
    if said.published is None or REPEATED.search(said.before) or _of_that_year(said):
        return None
    name = said.words[-1]
    named = name in _SURE_MONTHS and not NAME_FOLLOWS.match(said.text, said.end)
    if len(said.words) == 1 and not named and not BEFORE_MONTH.search(said.before):
        return None
    this = said.published.replace(day=1)
    possible = [date(this.year + n, said.months[0], 1) for n in (-1, 0, 1)]
    if said.has("last", "past"):
        month: date | None = max(m for m in possible if m < this)
    elif said.has("next", "coming"):
        month = min(m for m in possible if m > this)
    elif said.has("this"):
        month = possible[1]
    else:
        month = _nearest(said, possible, this)
    return said.part(month_of(month)) if month else None


def _decade(said: Said) -> Days | None:
    parts = {"early": (0, 3), "mid": (4, 6), "late": (7, 9)}
    first, last = next((years for word, years in parts.items() if said.has(word)), (0, 9))
    return date(said.years[0] + first, 1, 1), date(said.years[0] + last, 12, 31)


def _season(said: Said) -> Days | None:
    season = next(word for word in said.words if word in _SEASONS)
    month = _SEASONS[season]
    if said.years:
        first = date(said.years[0], month, 1)
    elif said.published is None:
        return None
    else:
        year = said.published.year
        now = months_on(said.published.replace(day=1), 0)
        first = date(year - (season == "winter" and now.month < 3), month, 1)
        if said.step < 0:
            first = next(f for f in (first, months_on(first, -12)) if months_on(f, 2) < now)
        elif said.step > 0:
            first = next(f for f in (first, months_on(first, 12)) if f > now)
    return said.part((first, months_on(first, 3) - timedelta(days=1)))


def _quarter(said: Said) -> Days | None:
    year = said.year
    months = 6 if said.has("half", "h") else 3
    count = 12 // months
    nth = said.numbers[0] - 1 if said.numbers else next((_ORDINALS[w] for w in said.words if w in _ORDINALS), count - 1)
    if year is None or nth >= count:
        return None
    first = date(year, 1 + nth * months, 1)
    return first, months_on(first, months) - timedelta(days=1)


def _months(said: Said) -> Days | None:
    """The first three months of 2012, the last two of this year."""
    year = said.year
    if year is None or not 1 < said.count < 12:
        return None
    first, last = year_of(year)
    if said.has("first"):
        return first, months_on(first, said.count) - timedelta(days=1)
    return months_on(first, 12 - said.count), last


def _years(said: Said) -> Days | None:
    first = said.years[0]
    last = said.years[1] if len(said.years) > 1 else first // 100 * 100 + said.numbers[0]
    return (date(first, 1, 1), date(last, 12, 31)) if first < last <= first + 100 else None


def _year(said: Said) -> Days | None:
    year = said.years[0]
    if NUMBER_NOUN.match(said.text, said.end) or NUMBERED.search(said.before):
        return None
    if len(said.words) == 1 and not BEFORE_YEAR.search(said.before):
        latest = (said.published.year if said.published else LATEST.year) + _HORIZON
        if not 1900 < year <= latest or year == 2000:
            return None
    return said.part(year_of(year)) if EARLIEST.year <= year < LATEST.year else None


def _rolling(said: Said) -> Days | None:
    """The past month, the next three weeks: up to the day of publication, or from it on."""
    if said.published is None or OF.match(said.text, said.end) or OR_SO.match(said.text, said.end):
        return None
    count = said.count
    unit = said.words[-1].removesuffix("s")
    if unit == "hour":
        count, unit = (count + 23) // 24, "day"
    sign = 1 if said.has("next", "coming") else -1
    if unit in ("day", "week"):
        other = said.published + timedelta(days=sign * count * (7 if unit == "week" else 1))
    else:
        months = count * {"month": 1, "year": 12, "decade": 120}[unit]
        if months > 12 * 200:
            return None
        other = months_on(said.published, sign * months)
    return (other, said.published) if sign < 0 else (said.published, other)


def _side(said: Said) -> Days | None:
    if OR_SO.match(said.text, said.end):
        return None
    if said.words[0] == "past":
        return _rolling(said)
    return unit_of(said.published, said.words[-1], said.step) if said.published else None


def unit_of(day: date, unit: str, step: int) -> Days:
    """Return the calendar's day, week, month or year so many steps away from a day."""
    if unit == "day":
        return day + timedelta(days=step), day + timedelta(days=step)
    if unit == "week":
        return week_of(day + timedelta(weeks=step))
    if unit == "month":
        return month_of(months_on(day, step))
    return year_of(day.year + step)


def _stretch(said: Said) -> Days | None:
    if said.published is None or not said.has("last", "this", "next", "the", "past", "coming"):
        return None
    first, last = unit_of(said.published, said.words[-1], said.step)
    if said.has("earlier"):
        return first, min(last, said.published) if first <= said.published else last
    if said.has("later") and said.words[-1] == "week" and said.published.weekday() > _FRIDAY:
        return unit_of(said.published, "week", 1)  # to many a week begins on Sunday
    if said.has("later"):
        return (max(first, said.published) if said.published <= last else first), last
    return said.part((first, last))


def _weekend(said: Said) -> Days | None:
    if said.published is None:
        return None
    saturday = week_of(said.published)[0] + timedelta(days=5)
    in_it = said.published >= saturday
    tense, day = said.tense(), said.published.weekday()
    behind = said.has("this") and day <= _WEDNESDAY and tense < (FUTURE if day < _WEDNESDAY else UNKNOWN)
    if behind or said.has("last", "past"):
        saturday -= timedelta(days=7)
    elif said.has("next"):
        saturday += timedelta(days=7)
    elif said.has("the") and not in_it and tense != FUTURE:
        saturday -= timedelta(days=7)
    return saturday, saturday + timedelta(days=1)


def _ago(said: Said) -> Days | None:
    if said.published is None or ROUGH.search(said.before):
        return None
    count, unit = said.count, said.words[-2].removesuffix("s")
    if unit == "decade":
        count, unit = count * 10, "year"
    if count > 300:
        return None
    if unit == "day":
        day = said.published - timedelta(days=count)
        return day, day
    return unit_of(said.published, unit, -count)


def _near(said: Said) -> Days | None:
    if said.published is None or (said.has("today", "tomorrow") and GENERIC.search(said.before)):
        return None
    named = said.text[said.start].isupper() and MID_SENTENCE.search(said.before)
    if named or (said.has("today") and NOWADAYS.match(said.text, said.end)):
        return None
    steps = 1 if said.has("tomorrow") else -1 if said.has("yesterday") or "last" in said.words else 0
    day = said.published + timedelta(days=steps * (2 if len(said.words) == 3 else 1))
    return day, day


def _weekday(said: Said) -> Days | None:
    weekday = said.weekday
    if said.published is None or weekday is None or _no_one_day(said):
        return None
    if week := OF_WEEK.match(said.text, said.end):
        day = week_of(said.published)[0] + timedelta(weeks=_STEPS[week["side"].casefold()], days=weekday)
        return day, day
    shared = AFTER_SIDE.search(said.before)  # "next Thursday and Friday"
    side = {*said.words, shared["side"].casefold() if shared else ""}
    back = (said.published.weekday() - weekday) % 7
    if side & {"last", "past"}:
        steps = -(back or 7)
    elif "next" in side:  # that of next week: on a Monday, "next Wednesday" is not in two days
        steps = 7 - said.published.weekday() + weekday
    elif side & {"this", "coming"}:
        steps = (7 - back) % 7
    else:
        sense = said.tense()
        told = said.question or back == 0 or (back == 1 and ON.search(said.before))  # "on Friday", printed on Saturday
        if sense == UNKNOWN and not told:
            return None
        steps = (7 - back) % 7 if sense == FUTURE else -back
    day = said.published + timedelta(days=steps)
    return day, day


def _no_one_day(said: Said) -> bool:
    """Whether a weekday is every one of its name, part of a name, or counted from another."""
    after = (NAMED_DAY, TO_WEEKDAY)
    before = (REPEATED, WEEKS_OFF, FROM_WEEKDAY)
    return any(p.match(said.text, said.end) for p in after) or any(p.search(said.before) for p in before)


_RESOLVERS: dict[str, Callable[[Said], Days | None]] = {
    "iso": _iso,
    "days": _days,
    "day": _day,
    "month": _month,
    "decade": _decade,
    "season": _season,
    "quarter": _quarter,
    "months": _months,
    "years": _years,
    "year": _year,
    "rolling": _rolling,
    "stretch": _stretch,
    "side": _side,
    "weekend": _weekend,
    "ago": _ago,
    "near": _near,
    "yearly": lambda said: None,  # "from October to March" is any year's
    "bare_month": _bare_month,
    "weekday": _weekday,
}

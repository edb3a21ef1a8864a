"""One expression of time taken to pieces: its words, numbers and names, and what they say by themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from qa.dates import MONTH_NUMBER, MONTHS, Days, month_of, months_on
from qa.tense import tense

_WORD = re.compile(r"[a-z]+|\d+")
_MONTH_WORD = re.compile(rf"(?:{MONTHS})(?![a-z])", re.IGNORECASE)
_WEEKDAYS = {"mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 5, "sun": 6}
NUMBERS = {
    name: n for n, name in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), 1)
}
NUMBERS |= {"a": 1, "an": 1, "couple": 2, "twenty": 20, "thirty": 30}
_PRECEDED = 24  # characters looked at on the left: the longest word before a month, and spaces


@dataclass(frozen=True, slots=True)
class Said:
    """One expression taken to pieces, and the text it stands in."""

    text: str
    start: int
    end: int
    published: date | None
    words: tuple[str, ...]
    numbers: tuple[int, ...]  # those that are no years
    years: tuple[int, ...]
    months: tuple[int, ...]
    question: bool = False  # it stands in a question, which may leave much unsaid

    @classmethod
    def of(cls, match: re.Match[str], text: str, published: date | None, question: bool = False) -> Said:
        """Take a match of the grammar to pieces."""
        lower = match.group().casefold()
        words = tuple(_WORD.findall(lower))
        digits = [word for word in words if word.isascii() and word.isdigit()]
        return cls(
            text, match.start(), match.end(), published, words,
            tuple(int(d) for d in digits if len(d) < 4),
            tuple(int(d) for d in digits if len(d) == 4),
            tuple(MONTH_NUMBER[m.group().casefold()[:3]] for m in _MONTH_WORD.finditer(lower)),
            question,
        )  # fmt: skip

    @property
    def before(self) -> str:
        """The characters before it."""
        return self.text[max(0, self.start - _PRECEDED) : self.start]

    def has(self, *words: str) -> bool:
        """Whether it holds one of some words."""
        return any(word in self.words for word in words)

    @property
    def step(self) -> int:
        """-1 for last, 1 for next, 0 for this."""
        return -1 if self.has("last", "past") else 1 if self.has("next", "coming") else 0

    def tense(self) -> int:
        """Whether its sentence speaks of the past or of what is to come."""
        return tense(self.text, self.start, self.end)

    def part(self, days: Days) -> Days:
        """Return the part of some days that words such as "early" or "end of" name: a third, or the outermost month."""
        first, last = days
        whole = (last - first).days + 1
        if self.months and self.has("week"):  # the third week of March, its 15th to 21st
            nth = next(n for n, word in enumerate(("first", "second", "third", "fourth", "last")) if self.has(word))
            start = last - timedelta(days=6) if self.has("last") else first + timedelta(weeks=nth)
            return start, start + timedelta(days=6)
        if self.has("beginning", "start", "end") and whole > 31:
            return month_of(last) if self.has("end") else month_of(first)
        if whole > 31:  # thirds of a year or a season end with a month
            third = 4 if whole > 100 else 1
            first_third, second_third = months_on(first, third), months_on(first, 2 * third)
            if self.has("early"):
                return first, first_third - timedelta(days=1)
            if self.has("mid", "middle"):
                return first_third, second_third - timedelta(days=1)
            return (second_third, last) if self.has("late") else days
        if self.has("early", "beginning", "start"):
            return first, first + timedelta(days=whole // 3 - 1)
        if self.has("mid", "middle"):
            return first + timedelta(days=whole // 3), first + timedelta(days=whole * 2 // 3 - 1)
        if self.has("late", "end"):
            return first + timedelta(days=whole * 2 // 3), last
        return days

    @property
    def year(self) -> int | None:
        """The year it names, or that "of last year" does."""
        if self.years:
            return self.years[0]
        return self.published.year + self.step if self.published and self.has("year") else None

    @property
    def weekday(self) -> int | None:
        """The day of the week it names, Monday being 0."""
        named = (word for word in self.words if word[:3] in _WEEKDAYS and (word.endswith("day") or len(word) < 6))
        return next((_WEEKDAYS[word[:3]] for word in named), None)

    @property
    def count(self) -> int:
        """How many units it speaks of; 1 where it does not say."""
        return next((int(w) if w.isdigit() else NUMBERS[w] for w in self.words if w.isdigit() or w in NUMBERS), 1)

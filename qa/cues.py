"""Question → what it tells about where to look: its clauses, the outlets and the days it names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from qa.dates import days_in

_CLAUSE_WORDS = 4  # fewer say too little to be searched alone
_MOST_CLAUSES = 6
_JOINTS = re.compile(
    r",?\s(?:while|whereas|as well as|in contrast to|compared (?:to|with)|and)\s"
    r"|,\s(?:which|who|as|considering|according to)\s"
    r"|[?;]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Cues:
    """What one question says about its evidence."""

    clauses: tuple[str, ...]  # parts that can be searched alone; none when the question is of one piece
    outlets: frozenset[str]
    days: frozenset[tuple[int | None, int, int]]  # (year where it is told, month, day)

    @classmethod
    def of(cls, question: str, outlets: Iterable[str]) -> Cues:
        """Read a question; `outlets` are the names to look for in it."""
        parts = [part for part in _JOINTS.split(question) if len(part.split()) >= _CLAUSE_WORDS]
        folded = question.casefold()
        named = frozenset(name for name in outlets if name and _stands_in(name.casefold(), folded))
        return cls(tuple(parts[:_MOST_CLAUSES]) if len(parts) > 1 else (), named, frozenset(days_in(question)))

    def names_day(self, published: date | None) -> bool:
        """Whether the question names the day on which an article appeared."""
        return published is not None and any(
            (month, day) == (published.month, published.day) and year in (None, published.year)
            for year, month, day in self.days
        )


def _stands_in(name: str, text: str) -> bool:
    return name in text and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None

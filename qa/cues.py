"""Question → what it tells about where to look: its clauses and the outlets it names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

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

    @classmethod
    def of(cls, question: str, outlets: Iterable[str]) -> Cues:
        """Read a question; `outlets` are the names to look for in it."""
        parts = [part for part in _JOINTS.split(question) if len(part.split()) >= _CLAUSE_WORDS]
        folded = question.casefold()
        named = frozenset(name for name in outlets if name and _stands_in(name.casefold(), folded))
        return cls(tuple(parts[:_MOST_CLAUSES]) if len(parts) > 1 else (), named)


def _stands_in(name: str, text: str) -> bool:
    return name in text and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None

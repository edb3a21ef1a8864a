"""A follow-up and its history → readings of it, the likeliest first.

No language model rewrites anything: the reader is shown a follow-up after the questions it follows on, as
it was trained (`qa/training/near.py`), and a question with a subject of its own is read as it stands. Words
that point back and brevity tell which is likelier; what the library answers decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qa.records import Answer

_TURNS_READ = 2  # earlier turns the reader is shown
_BRIEF = 5  # words; a question this short seldom stands alone inside a conversation
_PEOPLE = re.compile(r"\b(?:he|she|him|her|his|hers)\b", re.IGNORECASE)
_GROUPS = re.compile(r"\b(?:they|them|their|theirs|both)\b", re.IGNORECASE)
_THINGS = re.compile(r"\b(?:it|its|(?<!is )(?<!are )(?<!was )(?<!were )there|then)\b", re.IGNORECASE)
_POINTING = re.compile(
    r"\b(?:this|that|these|those|the (?:visit|meeting|talks|attack|statement|report|general|official))\b", re.IGNORECASE
)
_LINKED = re.compile(r"^(?:(?:and|so|but|or)\b|(?:what|how) about\b)", re.IGNORECASE)
_NAME = re.compile(r"\b[A-Z][\w'’.-]*\w(?: (?:(?:ul|al|bin|of|de)[ -])?[A-Z][\w'’.-]*\w)*")
_NOT_NAMES = frozenset(
    "Who What When Where Which Why How Did Does Do Is Are Was Were Has Have Had Can Could Will Would Should"
    " Tell The In On And At By From For If I It He She They This That There A An".split()
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a question may mean: the words to search with, and the question to read with."""

    search: str
    ask: str


def readings(question: str, history: Sequence[str | Answer]) -> list[Reading]:
    """Return the ways to read a question after `history` (oldest first), the likeliest first."""
    plain = Reading(question, question)
    turns = [(asked, short) for asked, short in map(_told, history) if asked.strip()]
    if not turns:
        return [plain]
    context = Reading(" ".join(filter(None, (*turns[-1], question))), in_context(question, turns))
    return [context, plain] if leans(question) else [plain, context]


def leans(question: str) -> bool:
    """Whether a question sounds as if it followed on another: it points back, or it is brief and names nothing."""
    named = bool(names(question))
    if _PEOPLE.search(question) or _LINKED.match(question):
        return True
    if named:
        return False
    return bool(
        _GROUPS.search(question)
        or _THINGS.search(question)
        or _POINTING.search(question)
        or len(question.split()) <= _BRIEF
    )


def in_context(question: str, turns: Sequence[tuple[str, str]]) -> str:
    """Return a question as the reader takes it after earlier (question, short answer or nothing) turns."""
    told = [f"{asked} {short}." if short else asked for asked, short in list(turns)[-_TURNS_READ:]]
    return " ".join([*told, question])


def names(text: str) -> list[str]:
    """Return the capitalised names of a text, words that open questions left out."""
    found = []
    for match in _NAME.finditer(text):
        words = match.group().split()
        while words and words[0] in _NOT_NAMES:
            words = words[1:]
        if words:
            found.append(" ".join(words))
    return found


def _told(turn: str | Answer) -> tuple[str, str]:
    return (turn, "") if isinstance(turn, str) else (turn.question, turn.short or "")

"""A follow-up and its history → questions that stand alone, best guess first.

No language model rewrites anything: a few readings are made, and search and reader judge which of
them the library answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.records import Answer

_LOOK_BACK = 3  # earlier questions considered
_PERSON = re.compile(r"\b(he|she|him|her|his|hers)\b", re.IGNORECASE)
_THING = re.compile(r"\b(it|its|they|them|their|theirs|this|that|these|those|there|then)\b", re.IGNORECASE)
_OWNING = {"his", "her", "hers", "its", "their", "theirs"}
_ELLIPSIS = re.compile(r"^(?:and|or|but|so|what about|how about|why|when|where|how|who)\b.{0,40}\??$", re.IGNORECASE)
_NAME = re.compile(r"\b[A-Z][\w'’.-]*[\w](?:[ -](?:(?:ul|al|bin|of|de)[- ])?[A-Z][\w'’.-]*\w)*")
_ASKING = frozenset(
    [
        "Who",
        "What",
        "When",
        "Where",
        "Which",
        "Why",
        "How",
        "Did",
        "Does",
        "Do",
        "Is",
        "Are",
        "Was",
        "Were",
        "Has",
        "Have",
        "Can",
        "Could",
        "Will",
        "Would",
        "Tell",
        "The",
        "In",
        "On",
        "And",
    ]
)


def readings(question: str, history: Sequence[str | Answer]) -> list[str]:
    """Return the question as asked, then its readings in the light of `history` (oldest first)."""
    found = [question]
    person, thing = _PERSON.search(question), _THING.search(question)
    short = bool(_ELLIPSIS.match(question)) and not _names(question)
    if not history or not (person or thing or short):
        return found
    recent = list(history)[-_LOOK_BACK:][::-1]
    subjects = list(dict.fromkeys(name for turn in recent for name in _subjects(turn)))
    pronoun = _PERSON if person else _THING
    if person or thing:
        for name in subjects[:2]:
            found.append(pronoun.sub(lambda m, name=name: _replace(m[0], name), question, count=1))  # type: ignore[misc]
    found.append(f"{_asked(recent[0])} {question}")
    return list(dict.fromkeys(found))


def _asked(turn: str | Answer) -> str:
    return turn if isinstance(turn, str) else turn.question


def _subjects(turn: str | Answer) -> list[str]:
    """Names a pronoun may stand for: the short answer of a who-question, then names in the question."""
    asked = _asked(turn)
    found = []
    if isinstance(turn, Answer) and turn.answered and turn.short and re.match(r"\s*who\b", asked, re.IGNORECASE):
        found += _names(turn.short)
    found += sorted(_names(asked), key=lambda n: -len(n.split()))
    if isinstance(turn, Answer) and turn.answered and turn.short:
        found += _names(turn.short)
    return found


def _names(text: str) -> list[str]:
    words = (m.group() for m in _NAME.finditer(text))
    return [w for w in words if w.split()[0] not in _ASKING or len(w.split()) > 1]


def _replace(pronoun: str, name: str) -> str:
    return f"{name}'s" if pronoun.lower() in _OWNING and not name.endswith("'s") else name

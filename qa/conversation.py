"""A follow-up and its history → readings that stand alone, the likeliest first.

No language model rewrites anything: a few readings are made from names in the earlier questions and
answers, and search and reader judge which of them the library answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qa.records import Answer

_LOOK_BACK = 3  # earlier turns considered
_SUBJECTS = 2  # names tried for a pronoun
_TURNS_READ = 2  # earlier turns the reader is shown
_ONE = re.compile(r"\b(?:he|she|him|her|his|hers)\b", re.IGNORECASE)
_MANY = re.compile(r"\b(?:they|them|their|theirs|both)\b", re.IGNORECASE)
_THING = re.compile(r"\b(?:it|its|(?<!is )(?<!are )(?<!was )(?<!were )there|then)\b", re.IGNORECASE)
_POINTING = re.compile(
    r"\b(?:this|that|these|those|the (?:visit|meeting|talks|attack|statement|report|general|official))\b", re.IGNORECASE
)
_OWNING = frozenset(("his", "hers", "its", "their", "theirs"))
_ABOUT = re.compile(r"^(?:and |so |but |ok |okay )*(?:what|how) about (?P<new>.+?)\??$", re.IGNORECASE)
_BARE = re.compile(
    r"^(?:and |so |but )*(?:why|when|where|how|who|what|how many|which)(?: (?:not|else|exactly|so|then))?\??$",
    re.IGNORECASE,
)
_LINKED = re.compile(r"^(?:and|so|but|or)\b", re.IGNORECASE)
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
    """Return the ways to read a question after `history` (oldest first), the likeliest first.

    A question that names its own subject and points at nothing is read as it stands.
    """
    plain = Reading(question, question)
    if not history:
        return [plain]
    recent = list(history)[-_LOOK_BACK:][::-1]
    context = Reading(" ".join(filter(None, (_asked(recent[0]), _short(recent[0]), question))), question)
    if match := _ABOUT.match(question):
        return _distinct([*_swapped(recent[0], match["new"]), context, plain])
    if pronoun := _ONE.search(question):
        people = [name for name in _people(recent) if not name.isupper()]  # "the ISI" is no he
        told = [_put(question, pronoun, name) for name in people[:_SUBJECTS]]
        return _distinct([*told, context, plain])
    named = names(question)
    if (pronoun := _MANY.search(question)) and not named:
        together = " and ".join(_people(recent)[:_SUBJECTS])
        return _distinct([*([_put(question, pronoun, together)] if together else []), context, plain])
    if _BARE.match(question):
        whole = f"{_asked(recent[0]).rstrip('?')}, {question}"
        return _distinct([Reading(whole, whole), context])
    if not named and (_THING.search(question) or _POINTING.search(question) or _LINKED.match(question)):
        return _distinct([context, plain])
    if _THING.search(question) or _LINKED.match(question):
        return _distinct([plain, context])
    return [plain]


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


def _asked(turn: str | Answer) -> str:
    return turn if isinstance(turn, str) else turn.question


def _short(turn: str | Answer) -> str:
    return turn.short or "" if isinstance(turn, Answer) else ""


def _people(recent: Sequence[str | Answer]) -> list[str]:
    """Names a pronoun may stand for, newest first: what a who-question found, then names asked about."""
    found: list[str] = []
    for turn in recent:
        asked, short = _asked(turn), _short(turn)
        if re.match(r"\s*(?:and )?who\b", asked, re.IGNORECASE):
            found += names(short)[:1]
        found += names(asked)
        found += names(short)
    return list(dict.fromkeys(found))


def _put(question: str, pronoun: re.Match[str], name: str) -> Reading:
    """Put a name where a pronoun stands."""
    owning = pronoun.group().lower() in _OWNING or (
        # "her visit" owns, "met her" does not: what follows tells.
        pronoun.group().lower() == "her" and bool(re.match(r" [a-z]", question[pronoun.end() :]))
    )
    told = f"{name}'s" if owning else name
    text = question[: pronoun.start()] + told + question[pronoun.end() :]
    return Reading(text, text)


def _swapped(turn: str | Answer, new: str) -> list[Reading]:
    """ "What did Mullen say?" then "what about Kayani?": the earlier question about someone else."""
    asked = _asked(turn)
    return [Reading(text, text) for name in names(asked)[:_SUBJECTS] if (text := asked.replace(name, new)) != asked]


def _distinct(found: Sequence[Reading]) -> list[Reading]:
    return list(dict.fromkeys(found))

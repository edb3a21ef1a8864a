"""A follow-up and its history → what it means after what was said, for search, for the reader and for a person.

No language model rewrites anything: the reader is shown a follow-up after the questions it follows on, as it was
trained (`qa/training/near.py`); search gets the names these turns left in the air. Words that point back and brevity
tell whether a question follows on at all; what the library answers decides.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qa.records import Answer

_TURNS_READ = 2  # earlier turns the reader is shown
_LONG = 8  # words; of a longer answer only the names are searched with
_SHORT = 5  # words; a question this short that names nothing seldom stands alone inside a conversation
_BRIEF = 8  # words; in a longer one, "his" mostly is somebody the question itself speaks of
_COMPLETES = 3  # words; a question this short only completes the one before
_MOST_NAMES = 4  # shown to a person
_PEOPLE = re.compile(r"\b(?:he|she|him|hers)\b|\bher(?=\W*$)", re.IGNORECASE)
_GROUPS = re.compile(r"\b(?:they|them|theirs|both)\b", re.IGNORECASE)
_THINGS = re.compile(r"\b(?:it|(?<!is )(?<!are )(?<!was )(?<!were )there|then)\b", re.IGNORECASE)
_POINTING = re.compile(
    r"\b(?:this|that|these|those|the (?:visit|meeting|talks|attack|statement|report|general|official))\b", re.IGNORECASE
)
_LINKED = re.compile(r"^(?:(?:and|so|but|or)\b|(?:what|how) about\b)", re.IGNORECASE)
_OWNER = re.compile(
    r"\b(?:his|its|their|her(?! (?:in|on|at|to|by|for|from|with|about|after|before))(?=\s\w))\b", re.IGNORECASE
)
_PRONOUN = re.compile(r"\b(?:he|she|him|her|they|them|it)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_INSIDE = re.compile(r"(?<=[\w,] )[A-Z][^\W\d_]+")  # a capital that no sentence begins with
_NAME = re.compile(r"\b[A-Z][\w'’.-]*\w(?: (?:(?:ul|al|bin|of|de)[ -])?[A-Z][\w'’.-]*\w)*")
_POSSESSIVE = re.compile(r"['’]s$")
_CALENDAR = frozenset([*calendar.month_name, *calendar.day_name])
_NOT_NAMES = frozenset(
    "Who Whom Whose What When Where Which Why How Did Does Do Is Are Was Were Has Have Had Can Could Will Would Should"
    " Tell The In On And At By From For To Of With Since Over If I It He She They This That There A An".split()
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a question means: the words to search with, and the question to read with.

    `near` are the ids of the articles the conversation is at, from which the answer likely comes; `told` is the
    reading for a person, empty where it is the question itself.
    """

    search: str
    ask: str
    near: frozenset[str] = frozenset()
    told: str = ""


@dataclass(frozen=True, slots=True)
class _Turn:
    """An earlier question with its short answer, or none, and the articles cited."""

    asked: str
    short: str
    articles: frozenset[str]
    begins: bool  # something new: it names a subject, and was understood without what was said before


def following(question: str, history: Sequence[str | Answer]) -> Reading:
    """Return what a question means after `history` (oldest first, not empty)."""
    thread = _thread([_turn(turn) for turn in history])
    last = thread[-1]
    shown = [thread[0], last] if len(thread) > 1 else thread
    subject = next((found for turn in reversed(thread) if (found := _subjects(turn.asked))), [])
    near = next((turn.articles for turn in reversed(thread) if turn.articles), frozenset[str]())
    # The whole last question only where it was not answered or nobody was named: its words outweigh the follow-up's.
    asked = [] if subject and last.short else [last.asked]
    short = [last.short] if len(last.short.split()) <= _LONG else names(last.short)
    search = " ".join([*dict.fromkeys([*_subjects(thread[0].asked), *subject, *asked, *short]), question])
    ask = in_context(_resolved(question, shown), [(turn.asked, turn.short) for turn in shown])
    return Reading(" ".join(search.split()), ask, near, _told(question, shown))


def cased(question: str, texts: Iterable[str]) -> str:
    """Return a question typed in lower case with capitals on the words that texts only write so: names."""
    if question[1:] != question[1:].lower():
        return question
    text = " ".join(texts)
    lower = set(_WORD.findall(text))
    capital = {word.casefold(): word for word in _INSIDE.findall(text) if word.casefold() not in lower}
    return _WORD.sub(lambda m: capital.get(m[0], m[0]), question)


def leans(question: str) -> float:
    """Return how much a question sounds as if it followed on another: 1, 0, or 0.5 where it may or may not.

    It does when it points back or is brief and names nothing; it does not when it names its subject.
    """
    long = len(question.split()) > _BRIEF
    if _PEOPLE.search(question) or _LINKED.match(question) or (_OWNER.search(question) and not long):
        return 1.0
    if names(question):
        return 0.0
    points = _GROUPS.search(question) or _THINGS.search(question) or _POINTING.search(question)
    return 1.0 if points or len(question.split()) <= _SHORT else 0.0 if long else 0.5


def in_context(question: str, turns: Sequence[tuple[str, str]]) -> str:
    """Return a question as the reader takes it after earlier (question, short answer or nothing) turns."""
    told = [f"{asked} {short}." if short else asked for asked, short in turns[-_TURNS_READ:]]
    return " ".join([*told, question])


def names(text: str) -> list[str]:
    """Return the capitalised names of a text, words that open questions left out."""
    found = []
    for match in _NAME.finditer(text):
        words = _POSSESSIVE.sub("", match.group()).split()
        while words and words[0] in _NOT_NAMES:
            words = words[1:]
        if words:
            found.append(" ".join(words))
    return found


def _subjects(text: str) -> list[str]:
    """Return the names of a text that a pronoun may stand for: no days, no months."""
    return [name for name in names(text) if name not in _CALENDAR]


def _turn(turn: str | Answer) -> _Turn:
    if isinstance(turn, str):
        return _Turn(turn, "", frozenset(), _begins(turn))
    cited = frozenset(c.article_id for c in turn.citations[:1]) if turn.answered else frozenset()
    return _Turn(turn.question, turn.short or "", cited, not turn.reading and _begins(turn.question))


def _begins(question: str) -> bool:
    return bool(names(question)) and leans(question) < 1


def _thread(turns: Sequence[_Turn]) -> Sequence[_Turn]:
    """Return the last turn and those before it, back to the one that began with something new."""
    first = max((i for i, turn in enumerate(turns) if turn.begins), default=0)
    return turns[first:]


def _resolved(question: str, shown: Sequence[_Turn]) -> str:
    """Return a question with its first pronoun replaced by the name it most likely stands for."""
    parts = (part for turn in reversed(shown) for part in (turn.short, turn.asked))
    name = next((found[0] for part in parts if (found := _subjects(part))), "").replace("\\", "")
    if name and _OWNER.search(question):
        return _OWNER.sub(f"{name}'s", question, count=1)
    return _PRONOUN.sub(name, question, count=1) if name else question


def _told(question: str, shown: Sequence[_Turn]) -> str:
    """Return a question with the names it was read with, or with the question it completes."""
    found: list[str] = []
    for name in (name for turn in shown for part in (turn.asked, turn.short) for name in _subjects(part)):
        if not any(name in other for other in (question, *found)):
            found = [other for other in found if other not in name] + [name]
    completes = not found or len(question.split()) <= _COMPLETES or _LINKED.match(question)
    return f"{question} ({shown[-1].asked if completes else ', '.join(found[-_MOST_NAMES:])})"

"""Two answers to one question → whether both can be true.

Only what can be compared is: quantities of one kind, days, the holders of an office, places, and for or against.
Anything else is taken to agree: a contradiction shown where there is none does more harm than one left unmarked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from rapidfuzz import fuzz
from text_to_num import alpha2digit

from qa.conversation import names
from qa.dates import Days
from qa.when import mentions

T = TypeVar("T")

_PHRASE = 4  # words; a shorter answer alone does not tell for or against
_SPELLING = 80  # of 100: two spellings of one name
_HEDGED = 0.2  # "about 40" and 45 agree
_ROUND = 0.05  # 1.3 million and 1,312,000 agree
_SCALES = {
    "dozen": 12, "hundred": 100, "thousand": 10**3, "k": 10**3, "lakh": 10**5, "million": 10**6, "mn": 10**6,
    "m": 10**6,
    "crore": 10**7, "billion": 10**9, "bn": 10**9, "b": 10**9, "trillion": 10**12,
}  # fmt: skip
_NO_NUMBER = re.compile(
    r"\b(?:no|any|each|every)[ -]?one\b|\bone (?:of|another|day)\b|\b(?:first|second|third)\b", re.I
)
_SCALED = re.compile(rf"(?P<n>\d[\d,]*(?:\.\d+)?)[ -]?(?P<scale>{'|'.join(_SCALES)})s?\b", re.I)
_QUANTITY = re.compile(
    r"(?P<hedge>\b(?:about|around|some|nearly|almost|roughly|approximately|over|at least|up to|more than|fewer than"
    r"|less than|under|close to)\s)?(?P<money>(?:US)?\$|€|£|Rs\.?)?\s?(?P<n>\d[\d,]*(?:\.\d+)?)"
    r"(?P<unit>\s?%|[ -][a-z]+)?",
    re.I,
)
_ANY_DAY = date(2000, 1, 1)  # to tell dates from quantities, it does not matter which they are
_DAYS_IN = {
    "hour": 1 / 24,
    "day": 1,
    "night": 1,
    "week": 7,
    "fortnight": 14,
    "month": 30.4,
    "year": 365.25,
    "decade": 3652.5,
}
_UNITS = {
    "%": "share", "per": "share", "percent": "share", "dollar": "$", "rupee": "rs", "euro": "€", "pound": "£",
    "kilometre": "length", "kilometer": "length", "km": "length", "metre": "length", "meter": "length",
    "mile": "length",
}  # fmt: skip

_AMOUNT = re.compile(
    r"\bhow (?:many|much|long|old|far|high|big|large|often)\b|\b(?:cost|price|number|share|sum|toll)\b", re.I
)
_WHEN = re.compile(r"^(?:and |since )?when\b|\b(?:what|which|on what|on which) (?:day|date|month|year)\b", re.I)
_OFFICE = re.compile(
    r"^who(?:m|'s)?\s+(?:is|was|are|were|heads?|headed|leads?|led|commands?|commanded|chairs?|chaired|runs?|ran|owns?"
    r"|became|becomes|succeeds?|succeeded|replaces?|replaced|won|wins)\b|\bname of\b",
    re.I,
)  # fmt: skip
_WHERE = re.compile(r"\bwhere\b|\b(?:in|at) (?:what|which) (?:city|town|place|country)\b", re.I)
_STAND = re.compile(
    r"^(?:is|are|was|were|will|would|does|do|did|has|have|had|can|could|should|may)\b"
    r"|\b(?:position|stance|stand|attitude|view|policy|say (?:about|of|to)|think (?:about|of))\b",
    re.I,
)
_TITLES = frozenset(
    "General Gen Lieutenant Lt Major Maj Colonel Col Captain Admiral Brigadier Mr Mrs Ms Dr Sir President Prime"
    " Minister Chief Foreign Defence Interior Director Chairman Ambassador Senator Secretary Professor The".split()
)
_AGAINST = re.compile(
    r"\b(?:not|no|never|neither|nor|without|cannot|none|against|impossible|unwilling|unable|unlikely|\w+n['’]t"
    r"|(?:reject|block|scrap|abandon|dismiss|suspend|end|halt|fail)(?:s|es|ed|ing)?|(?:ban|bar|stop|drop)(?:s|[nrp]ed|[nrp]ing)?"
    r"|(?:oppos|clos|declin|refus|postpon)(?:e|es|ed|ing|al|ure)|den(?:y|ies|ied|ying|ial)|rul(?:e|es|ed|ing) out"
    r"|shut(?:s|ting)?|cancel(?:s|led|ling)?|forb(?:id|ids|ade|idden)|withdr[ae]w\w*|quit(?:s|ting)?|veto(?:es|ed)?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Said:
    """A possible answer: the phrase, the sentence round it, the day it was printed."""

    short: str
    quote: str
    published: date | None = None


def contradict(question: str, one: Said, other: Said) -> bool:
    """Whether two answers to one question cannot both be true."""
    if _STAND.search(question):
        return _stance(one) != _stance(other)
    if _WHEN.search(question):
        return _apart(_days(one), _days(other), _same_day)
    if _AMOUNT.search(question):
        return _apart(_quantities(one.short), _quantities(other.short), _same_quantity)
    if _OFFICE.search(question):
        return _apart(_people(one.short), _people(other.short), _same_name)
    if _WHERE.search(question):
        inside = any(name in a.quote for a, b in ((one, other), (other, one)) for name in names(b.short))
        return not inside and _apart(names(one.short), names(other.short), _same_name)
    return False


# -- quantities


@dataclass(frozen=True, slots=True)
class _Quantity:
    value: float
    kind: str  # share, money of one currency, length, time; empty for a plain count
    hedged: bool


def _quantities(text: str) -> list[_Quantity]:
    """Return the quantities of a text in order, its dates left out."""
    for mention in reversed(mentions(text, _ANY_DAY)):
        text = f"{text[: mention.start]} {text[mention.end :]}"
    plain = _NO_NUMBER.sub(" ", text)
    digits = _SCALED.sub(_scaled, alpha2digit(_SCALED.sub(_scaled, plain), "en", 0))
    found = []
    for match in _QUANTITY.finditer(digits):
        value = float(match["n"].replace(",", ""))
        unit = (match["unit"] or "").strip(" -").lower()
        unit = unit if unit in _UNITS else unit.removesuffix("s")
        kind = (match["money"] or "").lower().removeprefix("us").rstrip(".") or _UNITS.get(unit, "")
        if unit in _DAYS_IN:
            value, kind = value * _DAYS_IN[unit], "time"
        found.append(_Quantity(value, kind, bool(match["hedge"]) or kind == "time"))
    return found


def _scaled(match: re.Match[str]) -> str:
    return f"{float(match['n'].replace(',', '')) * _SCALES[match['scale'].lower()]:.0f}"


def _same_quantity(one: _Quantity, other: _Quantity) -> bool:
    if one.kind and other.kind and one.kind != other.kind:
        return True  # in another currency, say: nothing to compare
    low, high = sorted((one.value, other.value))
    slack = _HEDGED if one.hedged or other.hedged else _ROUND if high >= 1000 else 0.0
    return high - low <= slack * high


# -- days


def _days(said: Said) -> list[Days]:
    """Return the days a phrase names, as the sentence round it places them."""
    start = max(0, said.quote.find(said.short))
    found = mentions(said.quote if said.short in said.quote else said.short, said.published)
    return [(m.first, m.last) for m in found if start <= m.start < start + len(said.short)]


def _same_day(one: Days, other: Days) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


# -- names


def _people(text: str) -> list[str]:
    """Return the names of a phrase without titles."""
    bare = (" ".join(w for w in name.split() if w.rstrip(".") not in _TITLES) for name in names(text))
    return [name for name in bare if name]


def _same_name(one: str, other: str) -> bool:
    return any(fuzz.ratio(a.casefold(), b.casefold()) >= _SPELLING for a in one.split() for b in other.split())


# -- for or against


def _stance(said: Said) -> bool:
    """Whether a sentence is for what it speaks of: each word against it, and each "not", turns it round."""
    return len(_AGAINST.findall(said.short if len(said.short.split()) > _PHRASE else said.quote)) % 2 == 0


# -- all of them


def _apart(one: Sequence[T], other: Sequence[T], alike: Callable[[T, T], bool]) -> bool:
    """Whether neither's first value, which the question is about, is among the other's."""
    if not one or not other:
        return False
    return not any(alike(one[0], value) for value in other) and not any(alike(other[0], value) for value in one)

"""A model's span → a short answer that is a clean phrase of the article, and the sentence round it."""

from __future__ import annotations

import re
import string
from bisect import bisect_right
from functools import lru_cache

Span = tuple[int, int]

_WORD = re.compile(r"[\w'’%$£€-]")
_GOING_ON = re.compile(r",?\s(?:who|which|will|would|has|had|is|was|said)\s|,\s[a-z]|(?<=[a-z]{4})[.!?]\s")
_EDGE = " \t\n,;:–—-"
_PAIRS = {'"': '"', "“": "”", "‘": "’", "(": ")", "[": "]", "«": "»"}
_CLOSERS = {closer: opener for opener, closer in _PAIRS.items()}


def tidy(text: str, start: int, end: int) -> Span:
    """Return the span grown to whole words and shorn of loose punctuation and unpaired quotation marks."""
    start, end = _whole_words(text, start, end)
    changed = True
    while changed and start < end:
        changed = False
        while start < end and text[start] in _EDGE:
            start, changed = start + 1, True
        while start < end and text[end - 1] in _EDGE:
            end, changed = end - 1, True
        if start == end:
            break
        first, last = text[start : start + 1], text[end - 1 : end]
        inner = text[start:end]
        if first in _PAIRS and inner[1:].find(_PAIRS[first]) < 0:
            start, changed = start + 1, True
        elif last in _CLOSERS and inner[:-1].find(_CLOSERS[last]) < 0:
            end, changed = end - 1, True
        elif (
            first in _PAIRS
            and last == _PAIRS[first]
            and inner.count(first) + inner.count(last) in (2, 4)
            and len(inner) > 2
        ):
            start, end, changed = start + 1, end - 1, True
        elif last in ".!?" and not _abbreviated(inner):
            end, changed = end - 1, True
    return start, end


def named(text: str, start: int, end: int) -> Span:
    """Return the part of a span that names somebody, without what it goes on to say: "General Asko, will visit …"."""
    gone_on = _GOING_ON.search(text, start, end)
    return (start, gone_on.start()) if gone_on and gone_on.start() > start else (start, end)


def _whole_words(text: str, start: int, end: int) -> Span:
    while 0 < start < len(text) and _WORD.match(text[start]) and _WORD.match(text[start - 1]):
        start -= 1
    while 0 < end < len(text) and _WORD.match(text[end - 1]) and _WORD.match(text[end]):
        end += 1
    return start, end


def _abbreviated(text: str) -> bool:
    """Whether a final full stop belongs to the last word: "U.S.", "p.m."."""
    last = text.rsplit(maxsplit=1)[-1] if text.split() else ""
    return last.count(".") > 1


def enclosing(spans: list[Span], start: int, end: int) -> Span:
    """Return the bounds of the sentence(s), among ordered spans, that hold `start:end`."""
    if not spans:
        return start, end
    starts = [s for s, _ in spans]
    first = max(0, bisect_right(starts, start) - 1)
    last = max(first, bisect_right(starts, max(start, end - 1)) - 1)
    return spans[first][0], max(spans[last][1], end)


def key(text: str) -> str:
    """Return a phrase as it is compared with others: lower case, no punctuation, no articles."""
    plain = "".join(" " if c in string.punctuation + "–—’‘“”" else c for c in text.lower())
    return " ".join(w for w in plain.split() if w not in ("a", "an", "the"))


def same(one: str, other: str) -> bool:
    """Whether two phrases say the same: equal, or one's words are all in the other."""
    a, b = _words(one), _words(other)
    return bool(a and b) and (a <= b or b <= a)


@lru_cache(maxsize=4096)  # each candidate is compared with every other
def _words(text: str) -> frozenset[str]:
    return frozenset(key(text).split())

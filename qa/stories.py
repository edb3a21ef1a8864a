"""Articles → stories: which articles are one report that several outlets printed.

A wire report is cut from the bottom and touched up at the top. Two copies therefore share most runs of words of
their openings, which MinHash turns into a few numbers that can be looked up (Broder 1997), and nearly all of the
shorter text, which is compared word for word before two articles are called copies.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from typing import TYPE_CHECKING

from qa.records import Article

if TYPE_CHECKING:
    from datasketch import MinHash

_RUN = 3  # words in a row that are compared as one
_LEAST = 8  # runs; a shorter text is nobody's copy
_OPENING = 200  # words by which copies are looked up: what is cut from the bottom changes nothing
_BANDS, _ROWS = 24, 3  # found with 60% of the opening in common: 99.7% of copies; with 5%: 0.3% of other articles
_SHARED = 0.6  # of the shorter text's runs
_SAME_NUMBERS = 0.5  # of its numbers: yesterday's market report has today's words
_DAYS = 3  # between the days two copies appear
_WORD = re.compile(r"\w+")


def keys(text: str) -> list[int]:
    """Return the numbers under which a text is looked up, 64 bits each: copies share one; none for a very short text.

    They are stored: other constants here need a new schema version.
    """
    shingles = runs(" ".join(text.split(maxsplit=_OPENING)[:_OPENING]))
    if len(shingles) < _LEAST:
        return []
    sketch = _empty().copy()
    sketch.update_batch([shingle.encode() for shingle in shingles])
    rows = sketch.hashvalues.reshape(_BANDS, _ROWS)
    return [_number(band, row.astype("<u4").tobytes()) for band, row in enumerate(rows)]


def copies(one: Article, other: Article) -> bool:
    """Whether two articles print one report: nearly the same words, mostly the same numbers, within a few days."""
    if one.published and other.published and abs((one.published - other.published).days) > _DAYS:
        return False
    first, second = runs(one.text), runs(other.text)
    least = min(len(first), len(second))
    if least < _LEAST or len(first & second) < _SHARED * least:
        return False
    figures, others = _figures(one.text), _figures(other.text)
    return len(figures & others) >= _SAME_NUMBERS * min(len(figures), len(others))


def runs(text: str) -> frozenset[str]:
    """Return every three words in a row of a text, in lower case, punctuation left out."""
    words = _WORD.findall(text.casefold())
    return frozenset(" ".join(words[i : i + _RUN]) for i in range(len(words) - _RUN + 1))


def _figures(text: str) -> frozenset[str]:
    return frozenset(word for word in _WORD.findall(text) if word.isdigit())


def _number(band: int, row: bytes) -> int:
    digest = hashlib.blake2b(bytes([band]) + row, digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


@cache
def _empty() -> MinHash:
    from datasketch import MinHash  # two seconds to import: only when articles are added

    return MinHash(_BANDS * _ROWS, seed=1, scheme="affine32")

"""What a library covers: how many articles, of which days, from which outlets, about whom and what."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from qa.records import Article

READ = 200  # newest articles whose names are counted
_NAMES = 6
_OUTLETS = 5
# A run of capitalised words behind a word or a comma: the beginning of a sentence says nothing.
_NAME = re.compile(r"(?<=[a-z,] )(?:the )?((?:[A-Z][\w’'-]+)(?: [A-Z][\w’'-]+){0,3})")
_NO_TOPIC = re.compile(
    r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|January|February|March|April|May|June|July|August|September"
    r"|October|November|December|[A-Z]|Mr|Mrs|Ms|Dr|Gen|Lt)\b"
)


class Shelf(Protocol):
    """What is asked of a library; called from a thread."""

    def count(self) -> tuple[int, int]: ...
    def span(self) -> tuple[date, date] | None: ...
    def articles(self, offset: int = 0, limit: int = -1) -> list[Article]: ...
    def outlets(self) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Coverage:
    """A library in a few words."""

    articles: int
    span: tuple[date, date] | None
    outlets: tuple[str, ...]
    names: tuple[str, ...]


def coverage(library: Shelf) -> Coverage:
    """Describe a library, its names from the newest articles."""
    newest = library.articles(0, READ)
    return Coverage(library.count()[0], library.span(), tuple(library.outlets()[:_OUTLETS]), _frequent(newest))


def _frequent(articles: Sequence[Article]) -> tuple[str, ...]:
    """The names that stand in most of the articles; a part of a longer one among them is left out."""
    counts = Counter(name for article in articles for name in set(_found(article.text)))
    chosen: list[str] = []
    for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if all(name not in other and other not in name for other in chosen):
            chosen.append(name)
        if len(chosen) == _NAMES:
            break
    return tuple(chosen)


def _found(text: str) -> Iterable[str]:
    for match in _NAME.finditer(text):
        name = re.sub(r"[’']s$", "", match[1])
        if not _NO_TOPIC.match(name):
            yield name

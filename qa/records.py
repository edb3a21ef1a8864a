"""The records that travel through the system: immutable, and made of the standard library only.

This module knows nothing of files, models or databases; everything else knows it.
"""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

_VERSION = 16  # hexadecimal digits: 64 bits


@dataclass(frozen=True, slots=True)
class Article:
    """A news article: its clean reporting, without reader comments or site furniture.

    Unknown text fields are empty, an unknown date is None. Offsets everywhere in the project count
    characters (code points) of `text`.
    """

    id: str
    text: str
    title: str = ""
    outlet: str = ""
    published: date | None = None
    url: str = ""
    author: str = ""
    kind: str = "news"

    @property
    def version(self) -> str:
        """A short name of this content: that of `article_digest`. Two versions of one article differ in it."""
        return article_digest(self).hex()[:_VERSION]

    @property
    def header(self) -> str:
        """What encoder, BM25 and reader see before each passage: `title | outlet | 29 March 2012`."""
        return header(self.title, self.outlet, self.published)


@dataclass(frozen=True, slots=True)
class Passage:
    """Whole sentences of one article: `article.text[start:end] == text`."""

    id: str
    article_id: str
    number: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question; scores compare within one search only, higher is better."""

    passage: Passage
    article: Article
    score: float


@dataclass(frozen=True, slots=True)
class Mention:
    """An expression of time in an article's text, and the days it means: `first` to `last`, both included.

    `start` and `end` are offsets into the article's text.
    """

    start: int
    end: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Citation:
    """A verbatim quote and where it stands: `article.text[start:end] == quote`.

    `mentions` are the expressions of time inside the quote, with the days they mean; `also` names
    other outlets that carry the same story and so confirm nothing. `version` is the article's as it was when
    quoted: `Library.article(article_id, version)` returns it also after the article has changed.
    """

    number: int
    article_id: str
    title: str
    outlet: str
    published: date | None
    url: str
    start: int
    end: int
    quote: str
    mentions: tuple[Mention, ...] = ()
    also: tuple[str, ...] = ()
    version: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """An earlier version of an article, and when another took its place."""

    article: Article
    replaced: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question, or a refusal (`answered=False`).

    `short` is a phrase of the first citation's quote, or, where a date was asked for, the days that an expression
    of time in that quote means ("30 July – 5 August 2012" for "next week"), or None; `text` is what a person reads,
    made of the quotes alone; `confidence` is the calibrated probability that the answer is right. A refusal has no
    `short`, and its citations are the closest passages, which do not answer the question.

    `reading` is the question as it was understood where that is not as it was asked; `note` says in one
    sentence how its dates were understood; `conflict` marks citations that contradict each other.
    """

    question: str
    answered: bool
    short: str | None
    text: str
    confidence: float
    citations: tuple[Citation, ...] = ()
    reading: str = ""
    note: str = ""
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """Something an article dates: it fell between `first` and `last`, both included; the sentence is cited."""

    first: date
    last: date
    citation: Citation


@dataclass(frozen=True, slots=True)
class Rejection:
    """A source that did not become an article, and why."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class AddReport:
    """What `Library.add` did: ids of articles added, updated and unchanged, and what was rejected."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    rejected: tuple[Rejection, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Repair:
    """What was read from a damaged library: how many articles, the ids of those lost, and where the old file is."""

    saved: int
    lost: tuple[str, ...]
    kept: str


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did or, as a plan, would do: ids of articles, and what was rejected."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    rejected: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True)
class Synced:
    """An article that a sync brought, the file or page it came from, and what a server said of its version."""

    item: str
    article_id: str
    etag: str = ""
    last_modified: str = ""


def article_digest(article: Article) -> bytes:
    """SHA-256 of everything an article says of itself, its id left out."""
    parts = (
        article.title,
        article.outlet,
        str(article.published),
        article.url,
        article.author,
        article.kind,
        article.text,
    )
    return hashlib.sha256("\x00".join(parts).encode()).digest()


def header(title: str, outlet: str, published: date | None) -> str:
    """Return the parts that are known, joined by ` | `; the date in words, as questions say it."""
    day = f"{published.day} {published:%B %Y}" if published else ""
    return " | ".join(part for part in (title, outlet, day) if part)


def as_json(record: Any) -> Any:
    """Return a record as plain JSON values: the same field names, dates as ISO strings."""
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        return {f.name: as_json(getattr(record, f.name)) for f in dataclasses.fields(record)}
    if isinstance(record, date):
        return record.isoformat()
    if isinstance(record, (list, tuple)):
        return [as_json(item) for item in record]
    return record

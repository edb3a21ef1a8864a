"""What a file tells of an article, and how that becomes an `Article`: bounded, dated, with an id of its own.

Every reader of a kind of file yields drafts; none of them knows ids or limits of metadata.
"""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, TypeVar
from urllib.parse import urlsplit

from qa.cleaning import clean, normalise
from qa.dates import parse_date
from qa.errors import ArticleError
from qa.records import Article

T = TypeVar("T")
MAX_TEXT = 5_000_000  # characters of one article
MAX_FILE = 50_000_000  # bytes of one file that is read whole
MAX_LINE = 4 * MAX_TEXT  # bytes of one line of JSON, or of one row of a table
_MIN_TEXT = 20  # characters: less is no reporting
LIMITS = {"id": 200, "title": 300, "outlet": 120, "url": 2000, "author": 300, "kind": 40}
FIELDS = (*LIMITS, "published", "text")


@dataclass(frozen=True)
class Draft:
    """An article as a file tells it. Its id is made of `key`, where there is one, else of where it was found."""

    meta: Mapping[str, Any]
    text: str
    key: str = ""


Found = tuple[str, Draft | ArticleError]  # where in its file ("" for the whole of it), and what stands there


@dataclass(frozen=True)
class Origin:
    """Where bytes come from: `name` as a report shows it, `place` as it stays the same from one day to another.

    What is `foreign` cannot choose its id: it could take the place of another article.
    """

    name: str
    place: str
    foreign: bool = False

    @classmethod
    def of_file(cls, path: Path) -> Origin:
        """Return the origin of a file, whose place is its path without links."""
        return cls(str(path), str(path.resolve()))

    @classmethod
    def of_url(cls, url: str) -> Origin:
        """Return the origin of a page on the web."""
        return cls(url, url, foreign=True)

    def inside(self, where: str) -> Origin:
        """Return the origin of a part of this file: "/member" of an archive, "/chapter" of a book, ":7" of lines."""
        return replace(self, name=self.name + " ".join(normalise(where).split()), place=self.place + where)

    @property
    def stem(self) -> str:
        """The name without folders and suffix."""
        path = urlsplit(self.name).path if "://" in self.name else self.name
        return PurePosixPath(path).stem


def cleaned(text: str, meta: Mapping[str, Any] | None = None) -> Draft:
    """Return the reporting of a scraped text; headline and date in it yield to those of `meta`."""
    if len(text) > MAX_TEXT:
        raise ArticleError(f"more than {MAX_TEXT // 1_000_000} MB of text")
    found = clean(text)
    told = {"title": found.title or _opening(found.text), "published": found.published}
    return Draft(told | {key: value for key, value in (meta or {}).items() if value}, found.text)


def finish(draft: Draft, origin: Origin) -> Article:
    """Make an article of a draft; unknown keys are left out, lengths bounded. Raises ArticleError."""
    text = draft.text
    if len(text) > MAX_TEXT:
        raise ArticleError(f"more than {MAX_TEXT // 1_000_000} MB of text")
    if len(text) < _MIN_TEXT or not re.search(r"\w", text):
        raise ArticleError("no reporting left after cleaning" if text else "no text in it")
    values = {name: _field(name, draft.meta.get(name), limit) for name, limit in LIMITS.items()}
    published = draft.meta.get("published")
    day = parse_date(published)
    if published and day is None:
        raise ArticleError(f"cannot understand its date {str(published)[:40]!r}; write it as 2012-03-29")
    key = origin.place if origin.foreign else draft.key or origin.place
    own = "" if origin.foreign else values["id"]
    return Article(
        id=own or f"{_slug(origin.stem)}-{_short_hash(key)}",
        text=text,
        title=values["title"],
        outlet=values["outlet"],
        published=day,
        url=values["url"],
        author=values["author"],
        kind=values["kind"] or "news",
    )


def whole(file: BinaryIO, limit: int = MAX_FILE) -> bytes:
    """Return what a file holds, if that is not nothing and not more than `limit` bytes."""
    data = bytearray()
    while piece := file.read(1 << 20):
        data += piece
        if len(data) > limit:
            raise ArticleError(f"larger than {limit // 1_000_000} MB")
    if not data.strip():
        raise ArticleError("the file is empty")
    return bytes(data)


def one_line(error: Exception) -> str:
    """Return the message of a foreign error, fit for a report."""
    return " ".join(str(error).split())[:150]


def lines(file: BinaryIO, limit: int = MAX_LINE) -> Iterator[bytes | ArticleError]:
    """Yield the lines of a file; an error stands for each that is longer than `limit`."""
    while line := file.readline(limit + 1):
        if len(line) <= limit:
            yield line
            continue
        while line and not line.endswith(b"\n"):  # the rest of the line, in bounded pieces
            line = file.readline(limit)
        yield ArticleError(f"the line is longer than {limit // 1_000_000} MB")


def each_line(file: BinaryIO, parse: Callable[[bytes], T]) -> Iterator[tuple[str, T | ArticleError]]:
    """Yield (":number", what `parse` makes of it or why it makes nothing) for each line that is not blank."""
    for number, line in enumerate(lines(file), start=1):
        try:
            if isinstance(line, ArticleError):
                raise line
            if line.strip():
                yield f":{number}", parse(line)
        except ArticleError as error:
            yield f":{number}", error


def _field(name: str, value: Any, limit: int) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        value = ", ".join(str(v) for v in value)
    text = " ".join(normalise(str(value)[: 10 * limit]).split())
    if name == "id" and len(text) > limit:
        raise ArticleError(f"its id is longer than {limit} characters")
    return text[:limit].rstrip()


def _opening(text: str) -> str:
    """The first words of the reporting, where no headline was found."""
    return textwrap.shorten(text.split("\n", 1)[0], 90, placeholder="…")


def _slug(name: str) -> str:
    return re.sub(r"[^\w]+", "-", normalise(name).lower()).strip("-")[:60] or "article"


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]

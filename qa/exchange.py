"""A library as a file of JSON Lines, and back: the same ids, texts, dates, kinds and earlier versions.

A line is an article with its fields and its `version`, which is checked when it comes back; an earlier version has also
`replaced`, and stands before what replaced it. Neither way holds more than one line in memory.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from qa.articles import read_lines
from qa.drafts import LIMITS, MAX_TEXT
from qa.errors import ArticleError
from qa.library import Library
from qa.records import AddReport, Article, Version, as_json


def export(library: Library, path: Path) -> tuple[int, int]:
    """Write a library to a file, whole or not at all; return the numbers of articles and of earlier versions.

    Raises LibraryDamagedError for an article that is not as it was stored, OSError.
    """
    articles = versions = 0
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            for item in _items(library):
                file.write(json.dumps(_row(item), ensure_ascii=False) + "\n")
                articles += isinstance(item, Article)
                versions += isinstance(item, Version)
            file.flush()
            os.fsync(file.fileno())  # a copy that is kept for bad days
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return articles, versions


def bring_in(library: Library, path: Path, progress: Callable[[int], None] = lambda done: None) -> AddReport:
    """Put an exported file into a library, as `Library.add` does, its texts taken at their word.

    Lines that are not what was exported are rejected with their reason. Raises LibraryLockedError, OSError.
    """
    with path.open("rb"):  # what cannot be read is an error, not a rejection
        pass
    library.keep_versions(item for _, item in read_lines(path, _parsed) if isinstance(item, Version))
    found = ((source, item) for source, item in read_lines(path, _parsed) if not isinstance(item, Version))
    return library.take(found, progress)


def _items(library: Library) -> Iterator[Article | Version]:
    """Yield each article after its earlier versions, the oldest first; of removed articles what was kept of them."""
    for article_id in library.store.ids():
        yield from reversed(library.versions(article_id))
        yield library.article(article_id)
    for article_id in library.store.removed():
        yield from reversed(library.versions(article_id))


def _row(item: Article | Version) -> dict[str, Any]:
    if isinstance(item, Version):
        return _row(item.article) | {"replaced": item.replaced.isoformat()}
    row: dict[str, Any] = as_json(item)
    return row | {"version": item.version}


def _parsed(line: bytes) -> Article | Version:
    try:
        values = json.loads(line)
        version, replaced, day = values.pop("version"), values.pop("replaced", None), values.pop("published")
        article = Article(**values, published=date.fromisoformat(day) if day else None)
        whole = article.version == version
        moment = datetime.fromisoformat(replaced) if replaced else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ArticleError("not a line of an export; talks-qa add reads other JSON Lines") from None
    if not whole:
        raise ArticleError(f"the article {article.id[:80]!r} is not what was exported: its content has another hash")
    if not article.id or any(
        len(getattr(article, name)) > most for name, most in (LIMITS | {"text": MAX_TEXT}).items()
    ):
        raise ArticleError(f"the article {article.id[:80]!r} has no id, or a field that is too long")
    return Version(article, moment) if moment else article

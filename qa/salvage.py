"""A damaged database → a sound one with every article that can still be read, and the names of the others."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from qa.database import address, readable
from qa.derived import LEXICAL, VECTORS
from qa.errors import LibraryDamagedError
from qa.library import DATABASE, Library, locked
from qa.records import Article, Repair, Version, article_digest
from qa.schema import ARTICLE, as_article
from qa.store import is_unit
from qa.versions import sound

_WORK = ".repair"  # folder inside the library, where the new one is made
_LOG, _SHARED = f"{DATABASE}-wal", f"{DATABASE}-shm"
# What every database of ours has at these places of its first page, whatever else is in it.
_HEAD = {0: b"SQLite format 3\0\x10\0\2\2\0\x40\x20\x20", 44: b"\0\0\0\4", 56: b"\0\0\0\1"}
# Each way leads through another tree of the file: where one is broken, another may still tell of a row.
_WAYS = tuple(
    f"SELECT rowid, {column} FROM articles {way} ORDER BY {order} {direction}"  # noqa: S608
    for column, way, order in (
        ("id", "NOT INDEXED", "rowid"),
        ("id", "INDEXED BY sqlite_autoindex_articles_1", "id"),
        ("NULL", "INDEXED BY articles_digest", "digest"),
        ("NULL", "INDEXED BY articles_published", "published"),
    )
    for direction in ("ASC", "DESC")
)


def repair(folder: Path, notify: Callable[[str], None] = lambda line: None) -> Repair:
    """Make a library's database anew from what can be read of it, and keep the damaged one beside it.

    An article goes into the new one when its content has the hash it was stored with; what is derived from it is made
    again, and only a passage whose vector is damaged is embedded again. Until the new database is whole nothing is
    replaced. A program that has the library open must be started again. Raises LibraryError (another process writes) or
    LibraryDamagedError (nothing can be read).
    """
    work, kept = folder / _WORK, _free(folder / f"{DATABASE}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    with locked(folder):
        shutil.rmtree(work, ignore_errors=True)
        try:
            _copy(folder, kept)
            with closing(_Wreck(kept)) as wreck, Library.open(work, wreck.encoder(), notify) as made:
                with made.store.transaction():
                    made.store.keep_versions(wreck.versions())
                made.take(wreck.articles(), known=wreck.vectors)
                saved = made.count()[0]
                lost = tuple(sorted(wreck.names() - set(made.store.ids())))
            if not saved:
                raise LibraryDamagedError(f"nothing can be read from {folder / DATABASE}; put a copy of it back")
        except BaseException:
            _discard(kept)
            shutil.rmtree(work, ignore_errors=True)
            raise
        # The log goes first: SQLite would apply it to the new database. All of it is in what is kept.
        for name in (_LOG, _SHARED, VECTORS):
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder / LEXICAL, ignore_errors=True)
        for name in (DATABASE, VECTORS, LEXICAL):
            (work / name).replace(folder / name)
        shutil.rmtree(work, ignore_errors=True)
        kept.with_name(f"{kept.name}-shm").unlink(missing_ok=True)
    return Repair(saved, lost, str(kept))


class _Wreck:
    """A damaged database, read row by row: what cannot be read is passed over."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(address(path, writable=False), uri=True, isolation_level=None)
        self._db.text_factory = readable
        self._db.execute(
            "PRAGMA writable_schema = ON"
        )  # else a file cut off, or one broken table, hides all the others
        self._names: dict[int, set[str]] = {}  # of the articles there were, by row
        for way in _WAYS:
            for row, name in self._rows(way):
                self._names.setdefault(row, set()).update([name] if isinstance(name, str) else [])

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def encoder(self) -> str:
        """Return the name of the encoder that made the vectors, empty where it cannot be read."""
        return next((str(row[0]) for row in self._rows("SELECT value FROM manifest WHERE key = 'encoder'")), "")

    def names(self) -> set[str]:
        """Return the ids of the articles there were, as far as they can be read."""
        return set().union(*self._names.values())

    def articles(self) -> Iterator[tuple[str, Article]]:
        """Yield each article whose content has its hash."""
        query = f"SELECT {ARTICLE}, a.digest FROM articles a NOT INDEXED WHERE rowid = ?"  # noqa: S608
        for number, names in sorted(self._names.items()):
            for row in self._rows(query, number):
                with suppress(TypeError, ValueError):
                    article = as_article((self._id({*names, row[0]}), *row[1:-1]))
                    if article_digest(article) == row[-1]:
                        yield article.id, article

    def versions(self) -> Iterator[Version]:
        """Yield the earlier versions that are sound, the oldest first."""
        for row in self._rows("SELECT article_id, digest, replaced, body FROM versions ORDER BY number"):
            if version := sound(*row):
                yield version

    def vectors(self, digests: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the sound vectors, as stored, of passages with these contents."""
        query = "SELECT digest, vector FROM passages WHERE digest = ?"
        found = (row for digest in digests for row in self._rows(query, digest) if row[0] == digest)
        return {digest: vector for digest, vector in found if is_unit(vector)}

    def _id(self, names: set[str]) -> str:
        """Return the id that passages know an article by: its own has no hash, and table and index may differ."""
        known = (n for n in sorted(names) if any(self._rows("SELECT 1 FROM passages WHERE article_id = ? LIMIT 1", n)))
        return next(known, min(names))

    def _rows(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        with suppress(sqlite3.Error):
            yield from self._db.execute(query, values)


def _copy(folder: Path, kept: Path) -> None:
    """Copy the database and its log; a head that is broken is put right, else nothing could be read."""
    shutil.copyfile(folder / DATABASE, kept)
    if (folder / _LOG).exists():
        shutil.copyfile(folder / _LOG, kept.with_name(f"{kept.name}-wal"))
    with kept.open("r+b") as file:
        for place, data in _HEAD.items():
            file.seek(place)
            file.write(data)


def _discard(kept: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        kept.with_name(kept.name + ending).unlink(missing_ok=True)


def _free(path: Path) -> Path:
    """Return a name that no file has: clocks go back, and what was kept before is kept."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free

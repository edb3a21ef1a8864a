"""SQLite: the only truth of a library. Articles, passages, their float16 vectors, the days and stories they tell."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa import schema
from qa.dates import Days
from qa.errors import LibraryDamagedError, LibraryError
from qa.records import Article, Mention, Passage, Synced
from qa.schema import ARTICLE, as_article

_CHUNK = 500  # values in one IN (…), well under SQLite's limit
_LONGEST = 366  # days an expression may span to count as naming a day within
_DAYS_SINCE, _STORIES_SINCE = 2, 3  # versions of the tables: an older library that cannot be written to lacks them

Row = tuple[int, Passage, Article]  # a passage's stable number, the passage, its article


class Store:
    """One connection to `library.db`, shared by threads behind a lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self.writable = _writable(path)
        fresh = not path.exists()
        if fresh and not self.writable:
            raise LibraryError(f"cannot make a library in {path.parent}: the folder cannot be written to")
        # A folder that cannot be written to has no room for SQLite's side files either.
        address = path.resolve().as_uri() + ("" if self.writable else "?mode=ro&immutable=1")
        with self._mapped():
            self._db = sqlite3.connect(address, uri=True, check_same_thread=False, isolation_level=None, timeout=30)
            try:
                self._db.execute("PRAGMA foreign_keys = ON")
                if self.writable:
                    self._db.execute("PRAGMA journal_mode = WAL")
                    self._db.execute("PRAGMA synchronous = NORMAL" if fresh else "PRAGMA synchronous = FULL")
                if self.writable and not schema.exists(self._db):
                    schema.create(self._db)
                self.version = self._checked_version()
                if self.writable and self.version < schema.VERSION:
                    schema.upgrade(self._db)
                    self.version = schema.VERSION
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        """Close the connection; the store is of no use afterwards."""
        with self._lock:
            self._db.close()

    # -- the manifest

    def manifest(self) -> dict[str, str]:
        """Return the manifest: schema version, generation, and the encoder's name, digest and dimension."""
        with self._mapped():
            return dict(self._db.execute("SELECT key, value FROM manifest"))

    def describe_encoder(self, name: str, digest: str, dimension: int) -> None:
        """Write which encoder made the vectors."""
        values = {"encoder": name, "encoder_digest": digest, "dimension": str(dimension)}
        with self.transaction():
            self._db.executemany("INSERT OR REPLACE INTO manifest VALUES (?, ?)", values.items())

    def describe_index(self, kind: str) -> None:
        """Write of what kind the vector index is: a note for the keeper, no change of the library."""
        with self._mapped():
            self._db.execute("INSERT OR REPLACE INTO manifest VALUES ('index', ?)", (kind,))

    def generation(self) -> int:
        """Return the number of the last committed change."""
        with self._mapped():
            return int(self._db.execute("SELECT value FROM manifest WHERE key = 'generation'").fetchone()[0])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside happens, with one step of the generation, or nothing does."""
        with self._mapped():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("UPDATE manifest SET value = value + 1 WHERE key = 'generation'")
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    # -- articles

    def put(
        self, article: Article, passages: Sequence[Passage], digests: Sequence[bytes], vectors: NDArray[np.float16]
    ) -> tuple[list[int], list[int]]:
        """Insert or replace an article, inside a transaction; return passage numbers (removed, added)."""
        removed = self.delete(article.id)
        self._db.execute(
            "INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                article.id, article.title, article.outlet, article.published and article.published.isoformat(),
                article.url, article.author, article.kind, article.text, article_digest(article),
            ),
        )  # fmt: skip
        added: list[int] = []
        for passage, digest, vector in zip(passages, digests, vectors, strict=True):
            cursor = self._db.execute(
                "INSERT INTO passages (article_id, number, start, end, digest, vector) VALUES (?, ?, ?, ?, ?, ?)",
                (article.id, passage.number, passage.start, passage.end, digest, vector.tobytes()),
            )
            added.append(int(cursor.lastrowid or 0))
            schema.note_days(self._db, added[-1], passage.start, passage.text, article.published)
        schema.enter_story(self._db, article)
        return removed, added

    def delete(self, article_id: str) -> list[int]:
        """Delete an article, inside a transaction; return the numbers of its passages."""
        rows = self._db.execute("SELECT rowid FROM passages WHERE article_id = ?", (article_id,)).fetchall()
        orphans = schema.end_story(self._db, article_id)
        self._db.execute("DELETE FROM articles WHERE id = ?", (article_id,))
        for orphan in orphans:
            schema.enter_story(self._db, orphan)
        return [row[0] for row in rows]

    def article(self, article_id: str) -> Article | None:
        """Return one article, checked against its hash, or None; raises LibraryDamagedError."""
        with self._mapped():
            query = f"SELECT {ARTICLE}, a.digest FROM articles a WHERE id = ?"  # noqa: S608
            row = self._db.execute(query, (article_id,)).fetchone()
        if row is None:
            return None
        article = as_article(row[:-1])
        if article_digest(article) != row[-1]:
            raise LibraryDamagedError(f"{self.path}: the article {article_id} is damaged; add it again")
        return article

    def articles(self, offset: int = 0, limit: int = -1) -> list[Article]:
        """Return articles, newest first, those without a date last; all of them, or `limit` after `offset`."""
        query = f"SELECT {ARTICLE} FROM articles a ORDER BY published DESC, id LIMIT ? OFFSET ?"  # noqa: S608
        with self._mapped():
            rows = self._db.execute(query, (limit, offset)).fetchall()
        return [as_article(row) for row in rows]

    def count(self) -> tuple[int, int]:
        """Return the number of articles and of passages."""
        with self._mapped():
            row = self._db.execute("SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM passages)").fetchone()
        return int(row[0]), int(row[1])

    def empty(self) -> bool:
        """Whether there is no article; counting a large library takes a while, this does not."""
        with self._mapped():
            return self._db.execute("SELECT 1 FROM articles LIMIT 1").fetchone() is None

    def untouched(self) -> bool:
        """Whether nothing was ever added: emptied by hand is not the same."""
        with self._mapped():
            return self._db.execute("SELECT 1 FROM sqlite_sequence WHERE name = 'passages'").fetchone() is None

    def holder_of(self, digest: bytes) -> str | None:
        """Return the id of a sound article with this content, or None: adding a damaged one again mends it."""
        with self._mapped():
            row = self._db.execute("SELECT id FROM articles WHERE digest = ?", (digest,)).fetchone()
        return row[0] if row and self._sound(row[0]) else None

    def has(self, article_id: str) -> bool:
        """Whether an article has this id, sound or damaged."""
        with self._mapped():
            return self._db.execute("SELECT 1 FROM articles WHERE id = ?", (article_id,)).fetchone() is not None

    def outlets(self) -> list[str]:
        """Return the outlets there are, in alphabetical order."""
        with self._mapped():
            rows = self._db.execute("SELECT DISTINCT outlet FROM articles WHERE outlet != '' ORDER BY 1").fetchall()
        return [row[0] for row in rows]

    # -- stories

    def told_by(self, numbers: Iterable[int]) -> dict[int, tuple[int, str]]:
        """Return story and article by passage number; articles of one story are copies of one report."""
        found: dict[int, tuple[int, str]] = {}
        if self.version < _STORIES_SINCE:
            return found
        with self._mapped():
            for chunk in _chunks(list(numbers)):
                marks = ",".join("?" * len(chunk))
                query = f"SELECT p.rowid, s.story, p.article_id FROM passages p JOIN stories s USING (article_id) WHERE p.rowid IN ({marks})"  # noqa: S608, E501
                for number, story, article_id in self._db.execute(query, chunk):
                    found[number] = story, article_id
        return found

    def copies(self, article_id: str) -> list[tuple[str, str]]:
        """Return (id, outlet) of the other articles that print an article's report."""
        query = """SELECT a.id, a.outlet
            FROM stories s JOIN stories o USING (story) JOIN articles a ON a.id = o.article_id
            WHERE s.article_id = ? AND o.article_id != s.article_id ORDER BY a.outlet, a.id"""
        if self.version < _STORIES_SINCE:
            return []
        with self._mapped():
            return list(self._db.execute(query, (article_id,)))

    # -- what syncs brought

    def synced(self, source: str) -> list[Synced]:
        """Return what earlier syncs brought from a source."""
        query = "SELECT item, article_id, etag, last_modified FROM synced WHERE source = ? ORDER BY item, article_id"
        with self._mapped():
            return [Synced(*row) for row in self._db.execute(query, (source,))]

    def note_synced(self, source: str, rows: Iterable[Synced], anew: bool = False) -> None:
        """Write what a sync brought from a source, all of it `anew` or in addition; no change of the library."""
        values = [(source, row.item, row.article_id, row.etag, row.last_modified) for row in rows]
        with self._mapped():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                if anew:
                    self._db.execute("DELETE FROM synced WHERE source = ?", (source,))
                self._db.executemany("INSERT OR REPLACE INTO synced VALUES (?, ?, ?, ?, ?)", values)
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    def forget_synced(self, article_id: str) -> None:
        """Forget which syncs brought an article, inside a transaction."""
        self._db.execute("DELETE FROM synced WHERE article_id = ?", (article_id,))

    # -- passages

    def rows(self, numbers: Iterable[int]) -> dict[int, Row]:
        """Return passages with their articles by number; those since removed are left out.

        Raises LibraryDamagedError when a passage's text is not the one that was stored.
        """
        found: dict[int, Row] = {}
        articles: dict[str, Article] = {}
        with self._mapped():
            for chunk in _chunks(list(numbers)):
                marks = ",".join("?" * len(chunk))
                query = f"SELECT rowid, article_id, number, start, end, digest FROM passages WHERE rowid IN ({marks})"  # noqa: S608
                for rowid, article_id, number, start, end, digest in self._db.execute(query, chunk).fetchall():
                    if article_id not in articles:
                        article = self.article(article_id)
                        if article is None:
                            continue
                        articles[article_id] = article
                    article = articles[article_id]
                    passage = Passage(f"{article_id}#{number}", article_id, number, start, end, article.text[start:end])
                    if passage_digest(article, passage) != digest:
                        raise LibraryDamagedError(
                            f"{self.path}: the text of {passage.id} is damaged; add its article again"
                        )
                    found[rowid] = (rowid, passage, article)
        return found

    def origins(self, numbers: Iterable[int]) -> dict[int, tuple[str, date | None]]:
        """Return outlet and day of publication by passage number, without reading any text."""
        found: dict[int, tuple[str, date | None]] = {}
        with self._mapped():
            for chunk in _chunks(list(numbers)):
                marks = ",".join("?" * len(chunk))
                query = f"SELECT p.rowid, a.outlet, a.published FROM passages p JOIN articles a ON a.id = p.article_id WHERE p.rowid IN ({marks})"  # noqa: S608, E501
                for number, outlet, day in self._db.execute(query, chunk):
                    found[number] = outlet, date.fromisoformat(day) if day else None
        return found

    def all_rows(self) -> Iterator[Row]:
        """Yield every passage, for building derived indexes; constant memory."""
        last = 0
        while True:
            with self._mapped():
                query = "SELECT rowid FROM passages WHERE rowid > ? ORDER BY rowid LIMIT ?"
                numbers = [row[0] for row in self._db.execute(query, (last, _CHUNK))]
            if not numbers:
                return
            yield from self.rows(numbers).values()
            last = numbers[-1]

    def vectors(self, numbers: Sequence[int], dimension: int) -> dict[int, NDArray[np.float32]]:
        """Return stored vectors by passage number."""
        found: dict[int, NDArray[np.float32]] = {}
        with self._mapped():
            for chunk in _chunks(list(numbers)):
                marks = ",".join("?" * len(chunk))
                query = f"SELECT rowid, vector FROM passages WHERE rowid IN ({marks})"  # noqa: S608
                for rowid, blob in self._db.execute(query, chunk):
                    found[rowid] = np.frombuffer(blob, dtype=np.float16, count=dimension).astype(np.float32)
        return found

    def sample(self, size: int, dimension: int) -> NDArray[np.float32]:
        """Return at most `size` vectors drawn at random, always the same ones of the same library."""
        numbers = self.matching(None, None, None)
        drawn = np.random.default_rng(1).permutation(numbers)[:size]
        return np.stack(list(self.vectors([int(n) for n in drawn], dimension).values()))

    def all_vectors(self, dimension: int) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
        """Yield (numbers, vectors) in blocks, for building the vector index."""
        last, size = 0, 4096
        while True:
            with self._mapped():
                query = "SELECT rowid, vector FROM passages WHERE rowid > ? ORDER BY rowid LIMIT ?"
                rows = self._db.execute(query, (last, size)).fetchall()
            if not rows:
                return
            block = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.float16).reshape(len(rows), dimension)
            yield [row[0] for row in rows], block.astype(np.float32)
            last = rows[-1][0]

    def known_vectors(self, digests: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return vectors (as stored) of passages with these contents: nothing is embedded twice."""
        found: dict[bytes, bytes] = {}
        with self._mapped():
            for chunk in _chunks(list(digests)):
                marks = ",".join("?" * len(chunk))
                found.update(self._db.execute(f"SELECT digest, vector FROM passages WHERE digest IN ({marks})", chunk))  # noqa: S608
        return found

    def matching(self, since: date | None, until: date | None, outlets: Sequence[str] | None) -> NDArray[np.int64]:
        """Return the numbers of passages whose article fits; articles without a date fit no date filter."""
        where, values = ["1"], []
        if since:
            where.append("a.published >= ?")
            values.append(since.isoformat())
        if until:
            where.append("a.published <= ?")
            values.append(until.isoformat())
        if outlets is not None:
            where.append(f"a.outlet IN ({','.join('?' * len(outlets))})")
            values.extend(outlets)
        query = f"SELECT p.rowid FROM passages p JOIN articles a ON a.id = p.article_id WHERE {' AND '.join(where)}"  # noqa: S608
        with self._mapped():
            return np.fromiter((row[0] for row in self._db.execute(query, values)), dtype=np.int64)

    # -- days

    def naming(self, days: Days, numbers: Sequence[int] | None = None) -> dict[int, float]:
        """Return the passages, of some or of all, that name some of these days, with how closely they do.

        One that says "Wednesday" names that day wholly, 1; one that says "in April" a thirtieth of it.
        """
        if self.version < _DAYS_SINCE:
            return {}
        query = (
            "SELECT passage, max((min(last, ?2) - max(first, ?1) + 1.0) / (last - first + 1)) FROM mentions"
            " WHERE first BETWEEN ?1 - ?3 AND ?2 AND last >= ?1{} GROUP BY passage"
        )
        found: dict[int, float] = {}
        bounds = [*(day.toordinal() for day in days), _LONGEST]
        with self._mapped():
            if numbers is None:
                found.update(self._db.execute(query.format(""), bounds))
            for chunk in _chunks(list(numbers or ())):
                only = f" AND passage IN ({','.join('?' * len(chunk))})"
                found.update(self._db.execute(query.format(only), [*bounds, *chunk]))
        return found

    def dated(self, days: Days, numbers: Sequence[int] | None = None, limit: int = 1000) -> list[tuple[int, Mention]]:
        """Return expressions that lie wholly within these days, of some passages or of all, newest articles first."""
        if self.version < _DAYS_SINCE:
            return []
        query = (
            "SELECT passage, m.start, m.end, first, last FROM mentions m JOIN passages p ON p.rowid = passage"
            " JOIN articles a ON a.id = article_id WHERE first >= ? AND last <= ?{} ORDER BY published DESC, passage, 2"
            " LIMIT ?"
        )
        bounds = [day.toordinal() for day in days]
        rows: list[tuple[int, ...]] = []
        with self._mapped():
            if numbers is None:
                rows = self._db.execute(query.format(""), (*bounds, limit)).fetchall()
            for chunk in _chunks(list(numbers or ())):
                only = f" AND passage IN ({','.join('?' * len(chunk))})"
                rows += self._db.execute(query.format(only), (*bounds, *chunk, limit)).fetchall()
        return [
            (number, Mention(start, end, date.fromordinal(first), date.fromordinal(last)))
            for number, start, end, first, last in rows[:limit]
        ]

    def span(self) -> Days | None:
        """Return the days on which the oldest and the newest article appeared, None when no article is dated."""
        with self._mapped():
            first, last = self._db.execute("SELECT min(published), max(published) FROM articles").fetchone()
        return (date.fromisoformat(first), date.fromisoformat(last)) if first else None

    def damage(self) -> list[str]:
        """Return a line for everything wrong with the database; empty when it is sound."""
        with self._mapped():
            lines = [row[0] for row in self._db.execute("PRAGMA quick_check(20)")]
            return [] if lines == ["ok"] else [f"{self.path}: {line}" for line in lines]

    # -- inside

    def _sound(self, article_id: str) -> bool:
        query = "SELECT rowid FROM passages WHERE article_id = ?"
        try:
            with self._mapped():
                self.article(article_id)
                self.rows([row[0] for row in self._db.execute(query, (article_id,)).fetchall()])
        except LibraryDamagedError:
            return False
        return True

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        """Hold the lock; SQLite's errors become the project's."""
        try:
            with self._lock:
                yield
        except (sqlite3.OperationalError, sqlite3.IntegrityError) as error:
            raise LibraryError(f"{self.path}: {error}") from error
        except sqlite3.DatabaseError as error:
            raise LibraryDamagedError(
                f"{self.path} is damaged ({error}); restore a copy or add the articles anew"
            ) from error

    def _checked_version(self) -> int:
        found = schema.version(self._db)
        if not 1 <= found <= schema.VERSION:
            raise LibraryError(f"{self.path} has schema version {found}, this program reads {schema.VERSION}")
        return found


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


def passage_digest(article: Article, passage: Passage) -> bytes:
    """SHA-256 of what the encoder sees of a passage: equal digests have equal vectors."""
    return hashlib.sha256(f"{article.header}\n{passage.text}".encode()).digest()


def _chunks(values: list[int] | list[bytes]) -> Iterator[list[int] | list[bytes]]:
    for i in range(0, len(values), _CHUNK):
        yield values[i : i + _CHUNK]


def _writable(path: Path) -> bool:
    import os

    return os.access(path.parent, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))

"""SQLite: the only truth of a library. Articles, passages, their float16 vectors, the days and stories they tell."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa import schema, versions
from qa.database import Database
from qa.dates import Days
from qa.errors import LibraryDamagedError
from qa.records import Article, Mention, Passage, Synced, Version, article_digest
from qa.schema import ARTICLE, as_article
from qa.when import GRAMMAR

MOST_VERSIONS = 10  # earlier ones of an article that are kept, unless a setting says otherwise
_CHUNK = 500  # values in one IN (…), well under SQLite's limit
_ROUNDING = 0.01  # of a squared length, by 16 bits a number
_LONGEST = 366  # days an expression may span to count as naming a day within
_DAYS_SINCE, _STORIES_SINCE, _VERSIONS_SINCE = (
    2,
    3,
    4,
)  # versions of the tables: an older library that cannot be written to lacks them

Row = tuple[int, Passage, Article]  # a passage's stable number, the passage, its article


class Store(Database):
    """The database as articles and passages: everything handed out is checked against its hash."""

    def __init__(self, path: Path, most_versions: int = MOST_VERSIONS) -> None:
        """Open the database; of each article at most so many earlier versions are kept."""
        super().__init__(path)
        self._most_versions = most_versions

    # -- articles

    def put(
        self, article: Article, passages: Sequence[Passage], digests: Sequence[bytes], vectors: NDArray[np.float16]
    ) -> tuple[list[int], list[int]]:
        """Insert or replace an article, inside a transaction; return passage numbers (removed, added).

        What is replaced is kept as an earlier version, unless it is damaged.
        """
        self._retire(article.id)
        versions.drop(self._db, article)
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

    def remove(self, article_id: str, keep_versions: bool = False) -> list[int]:
        """Delete an article and its versions, inside a transaction; return the numbers of its passages.

        Where its versions are kept, what is deleted is the last of them.
        """
        if keep_versions:
            self._retire(article_id)
        else:
            versions.forget(self._db, article_id)
        return self.delete(article_id)

    def delete(self, article_id: str) -> list[int]:
        """Delete an article, inside a transaction; return the numbers of its passages."""
        rows = self._db.execute("SELECT rowid FROM passages WHERE article_id = ?", (article_id,)).fetchall()
        orphans = schema.end_story(self._db, article_id)
        self._db.execute("DELETE FROM articles WHERE id = ?", (article_id,))
        for orphan in orphans:
            schema.enter_story(self._db, orphan)
        return [row[0] for row in rows]

    def article(self, article_id: str, version: str = "") -> Article | None:
        """Return one article, as it is or as it was, checked against its hash, or None.

        Raises LibraryDamagedError.
        """
        if version:
            for earlier in self.versions(article_id):
                if earlier.article.version == version:
                    return earlier.article
        with self._mapped():
            query = f"SELECT {ARTICLE}, a.digest FROM articles a WHERE id = ?"  # noqa: S608
            row = self._db.execute(query, (article_id,)).fetchone()
        if row is None:
            return None
        with suppress(TypeError, ValueError):
            article = as_article(row[:-1])
            if article.id == article_id and article_digest(article) == row[-1]:
                return article if version in ("", article.version) else None
        raise self._flawed(article_id)

    def versions(self, article_id: str) -> list[Version]:
        """Return the earlier versions of an article, the latest first, also of one that was removed."""
        with self._mapped():
            return versions.history(self._db, article_id) if self.version >= _VERSIONS_SINCE else []

    def removed(self) -> Iterator[str]:
        """Yield the id of each article that was removed, but for its versions; constant memory."""
        query = (
            "SELECT DISTINCT article_id FROM versions WHERE article_id > ?"
            " AND article_id NOT IN (SELECT id FROM articles) ORDER BY 1 LIMIT ?"
        )
        return self._pages(query) if self.version >= _VERSIONS_SINCE else iter(())

    def keep_versions(self, found: Iterable[Version]) -> None:
        """Keep earlier versions, inside a transaction: the oldest first."""
        for version in found:
            versions.keep(self._db, version, self._most_versions)

    def articles(self, offset: int = 0, limit: int = -1) -> list[Article]:
        """Return articles, newest first, those without a date last; all of them, or `limit` after `offset`."""
        query = f"SELECT {ARTICLE} FROM articles a ORDER BY published DESC, id LIMIT ? OFFSET ?"  # noqa: S608
        with self._mapped():
            rows = self._db.execute(query, (limit, offset)).fetchall()
        try:
            return [as_article(row) for row in rows]
        except (TypeError, ValueError) as error:
            raise self._damaged(error) from None

    def ids(self) -> Iterator[str]:
        """Yield the id of every article, in alphabetical order; constant memory."""
        return self._pages("SELECT id FROM articles WHERE id > ? ORDER BY id LIMIT ?")

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
                    text = article.text[start:end] if isinstance(start, int) and isinstance(end, int) else ""
                    passage = Passage(f"{article_id}#{number}", article_id, number, start, end, text)
                    if passage_digest(article, passage) != digest:
                        raise self._flawed(article_id)
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
                rows = self._db.execute(query, chunk).fetchall()
                block = self._vectors([row[1] for row in rows], dimension)
                found.update(zip((row[0] for row in rows), block, strict=True))
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
            yield [row[0] for row in rows], self._vectors([row[1] for row in rows], dimension)
            last = rows[-1][0]

    def known_vectors(self, digests: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return vectors (as stored) of passages with these contents: nothing sound is embedded twice."""
        found: dict[bytes, bytes] = {}
        with self._mapped():
            for chunk in _chunks(list(digests)):
                marks = ",".join("?" * len(chunk))
                rows = self._db.execute(f"SELECT digest, vector FROM passages WHERE digest IN ({marks})", chunk)  # noqa: S608
                found.update((digest, blob) for digest, blob in rows if is_unit(blob))
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

    def misread(self) -> bool:
        """Whether the days that passages name were noted by an older grammar than today's."""
        with self._mapped():
            return self.version >= _DAYS_SINCE and schema.grammar(self._db) != GRAMMAR

    def read_anew(self) -> None:
        """Note the days that passages name by today's grammar."""
        with self.transaction():
            schema.note_all_days(self._db)

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

    # -- checking

    def damage(self) -> list[str]:
        """Return a line for everything wrong with the file, its indexes and the earlier versions."""
        found = super().damage()
        with self._mapped():
            return found + (list(versions.damaged(self._db)) if self.version >= _VERSIONS_SINCE else [])

    def flawed(self) -> Iterator[str]:
        """Yield the id of each article whose text, passages, vectors or days are not as they were stored."""
        days = self.version >= _DAYS_SINCE
        return (article_id for article_id in self.ids() if not self._sound(article_id, days))

    # -- inside

    def _pages(self, query: str) -> Iterator[str]:
        last = ""
        while True:
            with self._mapped():
                found = [row[0] for row in self._db.execute(query, (last, _CHUNK))]
            yield from found
            if not found:
                return
            last = found[-1]

    def _retire(self, article_id: str) -> None:
        """Keep an article, where there is one that is sound, as its latest earlier version."""
        with suppress(LibraryDamagedError):
            if article := self.article(article_id):
                self.keep_versions([Version(article, versions.now())])

    def _sound(self, article_id: str, days: bool = False) -> bool:
        query = "SELECT rowid, vector FROM passages WHERE article_id = ?"
        try:
            with self._mapped():
                self.article(article_id)
                vectors = dict(self._db.execute(query, (article_id,)))
                rows = self.rows(vectors)
                return all(map(is_unit, vectors.values())) and not (
                    days and any(schema.misdated(self._db, *row) for row in rows.values())
                )
        except LibraryDamagedError:
            return False

    def _vectors(self, blobs: list[bytes], dimension: int) -> NDArray[np.float32]:
        """Return stored vectors as an array, shape (n, dimension); raises LibraryDamagedError."""
        if any(not isinstance(blob, bytes) or len(blob) != 2 * dimension for blob in blobs):
            raise self._damaged("a vector is not as long as it was")
        return np.frombuffer(b"".join(blobs), dtype=np.float16).reshape(len(blobs), dimension).astype(np.float32)

    def _flawed(self, article_id: str) -> LibraryDamagedError:
        return LibraryDamagedError(f"{self.path}: the article {article_id} is damaged; add it again")


def passage_digest(article: Article, passage: Passage) -> bytes:
    """SHA-256 of what the encoder sees of a passage: equal digests have equal vectors."""
    return hashlib.sha256(f"{article.header}\n{passage.text}".encode()).digest()


def is_unit(blob: object) -> bool:
    """Whether a stored vector has length 1: a flipped bit that leaves it so moves no cosine by more than it may."""
    if not isinstance(blob, bytes) or len(blob) % 2:
        return False
    vector = np.frombuffer(blob, dtype=np.float16).astype(np.float64)
    return bool(abs(vector @ vector - 1.0) < _ROUNDING)


def _chunks(values: list[int] | list[bytes]) -> Iterator[list[int] | list[bytes]]:
    for i in range(0, len(values), _CHUNK):
        yield values[i : i + _CHUNK]

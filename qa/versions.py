"""Earlier versions of articles, kept so that what cited them still resolves: each stored once, compressed, in order.

Everything here takes a connection and, where it writes, expects a transaction.
"""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime

from qa.records import Article, Version, article_digest

_LARGEST = 64_000_000  # bytes of one, unpacked: far above any article


def keep(db: sqlite3.Connection, version: Version, most: int) -> None:
    """Keep a version as the latest earlier one of its article; of these the oldest beyond `most` go."""
    article = version.article
    drop(db, article)
    db.execute(
        "INSERT INTO versions (article_id, digest, replaced, body) VALUES (?, ?, ?, ?)",
        (article.id, article_digest(article), version.replaced.isoformat(), _packed(article)),
    )
    db.execute(
        "DELETE FROM versions WHERE article_id = ?1 AND number NOT IN"
        " (SELECT number FROM versions WHERE article_id = ?1 ORDER BY number DESC LIMIT ?2)",
        (article.id, most),
    )


def drop(db: sqlite3.Connection, article: Article) -> None:
    """Delete a version with the content of an article: it is the present one again."""
    db.execute("DELETE FROM versions WHERE article_id = ? AND digest = ?", (article.id, article_digest(article)))


def forget(db: sqlite3.Connection, article_id: str) -> None:
    """Delete every earlier version of an article."""
    db.execute("DELETE FROM versions WHERE article_id = ?", (article_id,))


def history(db: sqlite3.Connection, article_id: str) -> list[Version]:
    """Return the earlier versions of an article, the latest first; one that is damaged is left out."""
    query = "SELECT article_id, digest, replaced, body FROM versions WHERE article_id = ? ORDER BY number DESC"
    return [found for row in db.execute(query, (article_id,)) if (found := sound(*row))]


def damaged(db: sqlite3.Connection) -> Iterator[str]:
    """Yield a line for each version that is not as it was kept."""
    for number, *row in db.execute("SELECT number, article_id, digest, replaced, body FROM versions"):
        if sound(*row) is None:
            yield f"an earlier version of {row[0]} is damaged (row {number} of versions)"


def sound(article_id: str, digest: bytes, replaced: str, body: bytes) -> Version | None:
    """Return the version of a row, None where it is damaged."""
    try:
        values = json.loads(zlib.decompressobj().decompress(body, _LARGEST))
        day = values.pop("published")
        article = Article(article_id, **values, published=date.fromisoformat(day) if day else None)
        return Version(article, datetime.fromisoformat(replaced)) if article_digest(article) == digest else None
    except (zlib.error, ValueError, TypeError, KeyError, AttributeError):
        return None


def now() -> datetime:
    """Return the time of day as versions note it."""
    return datetime.now(UTC).replace(microsecond=0)


def _packed(article: Article) -> bytes:
    values = dataclasses.asdict(article) | {"published": article.published and article.published.isoformat()}
    del values["id"]  # it stands beside
    return zlib.compress(json.dumps(values, ensure_ascii=False).encode())

"""The tables of a library's database, how they came to be, and what is derived from an article as it is stored.

Everything here takes a connection and, where it writes, expects a transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date

from qa import stories
from qa.records import Article, Passage
from qa.when import GRAMMAR, mentions

ARTICLE = "a.id, a.text, a.title, a.outlet, a.published, a.url, a.author, a.kind"
_UPGRADE_WAIT = 600_000  # ms another process waits while one upgrades a large library
_STORIES_COMPARED = 20  # with a new article, those first that share most keys with it

_FIRST = """
CREATE TABLE manifest (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, outlet TEXT NOT NULL, published TEXT, url TEXT NOT NULL,
    author TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, digest BLOB NOT NULL
);
CREATE INDEX articles_digest ON articles (digest);
CREATE INDEX articles_published ON articles (published);
CREATE TABLE passages (
    rowid INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice: derived indexes know passages by it
    article_id TEXT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    number INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
    digest BLOB NOT NULL, vector BLOB NOT NULL
);
CREATE INDEX passages_article ON passages (article_id);
CREATE INDEX passages_digest ON passages (digest);
"""
_MENTIONS = """
CREATE TABLE mentions ( -- first and last are days, counted as date.toordinal does
    passage INTEGER NOT NULL REFERENCES passages (rowid) ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL
);
CREATE INDEX mentions_passage ON mentions (passage);
CREATE INDEX mentions_first ON mentions (first, last);
"""
# A story is an article, its head, and the copies of it. Only heads are looked up, so that neither many copies of
# one report nor many articles make adding slower.
_STORIES = """
CREATE TABLE stories (
    article_id TEXT PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE,
    story INTEGER NOT NULL, head INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX stories_story ON stories (story);
CREATE TABLE story_keys (key INTEGER NOT NULL, story INTEGER NOT NULL, PRIMARY KEY (key, story)) WITHOUT ROWID;
"""
_VERSIONS = """
CREATE TABLE versions (
    number INTEGER PRIMARY KEY AUTOINCREMENT, -- their order, whatever the clock said
    article_id TEXT NOT NULL, digest BLOB NOT NULL, replaced TEXT NOT NULL, body BLOB NOT NULL
);
CREATE INDEX versions_article ON versions (article_id);
"""
# What a sync brought from which source: a source's own row has no item, its stamps are for the next request.
_SYNCED = """
CREATE TABLE synced (
    source TEXT NOT NULL, item TEXT NOT NULL, article_id TEXT NOT NULL, etag TEXT NOT NULL, last_modified TEXT NOT NULL,
    PRIMARY KEY (source, item, article_id)
) WITHOUT ROWID;
CREATE INDEX synced_article ON synced (article_id);
"""


def exists(db: sqlite3.Connection) -> bool:
    """Whether the database has been made."""
    return bool(db.execute("SELECT 1 FROM sqlite_master WHERE name = 'manifest'").fetchone())


def version(db: sqlite3.Connection) -> int:
    """Return the version of the tables, 0 when none is written."""
    row = db.execute("SELECT value FROM manifest WHERE key = 'schema'").fetchone()
    return int(row[0]) if row else 0


def create(db: sqlite3.Connection) -> None:
    """Make the first version's tables in a new database; of two processes the second waits, then finds them made."""
    db.execute("BEGIN IMMEDIATE")
    if not exists(db):
        _run(db, _FIRST)
        db.executemany("INSERT INTO manifest VALUES (?, ?)", [("schema", "1"), ("generation", "0")])
    db.execute("COMMIT")


def upgrade(db: sqlite3.Connection) -> None:
    """Bring an older database up to date, wholly or not at all; one process does it, others wait."""
    db.execute(f"PRAGMA busy_timeout = {_UPGRADE_WAIT}")
    db.execute("BEGIN IMMEDIATE")
    try:
        for step in _UPGRADES[version(db) - 1 :]:
            step(db)
        db.execute("UPDATE manifest SET value = ? WHERE key = 'schema'", (str(VERSION),))
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


# -- the days a passage names


def note_days(db: sqlite3.Connection, number: int, start: int, text: str, published: date | None) -> None:
    """Write which days a passage names."""
    rows = [(number, *days) for days in _days(start, text, published)]
    db.executemany("INSERT INTO mentions VALUES (?, ?, ?, ?, ?)", rows)


def _days(start: int, text: str, published: date | None) -> list[tuple[int, int, int, int]]:
    found = mentions(text, published)
    return [(start + m.start, start + m.end, m.first.toordinal(), m.last.toordinal()) for m in found]


def misdated(db: sqlite3.Connection, number: int, passage: Passage, article: Article) -> bool:
    """Whether the days noted of a passage are not those that it names."""
    noted = db.execute("SELECT start, end, first, last FROM mentions WHERE passage = ? ORDER BY 1, 2, 3, 4", (number,))
    return noted.fetchall() != sorted(_days(passage.start, passage.text, article.published))


def grammar(db: sqlite3.Connection) -> int:
    """Return the version of the grammar by which the days of passages were read; 1 where none is written."""
    row = db.execute("SELECT value FROM manifest WHERE key = 'grammar'").fetchone()
    return int(row[0]) if row else 1


def note_all_days(db: sqlite3.Connection) -> None:
    """Write which days each passage names, by today's grammar, in place of those written before."""
    # A damaged article must not keep the library from opening: what it says is not checked here.
    db.execute("DELETE FROM mentions")
    for article_id, published in db.execute("SELECT id, published FROM articles").fetchall():
        day = date.fromisoformat(published) if published else None
        query = (
            "SELECT p.rowid, start, substr(text, start + 1, end - start) FROM passages p"
            " JOIN articles a ON a.id = article_id WHERE article_id = ?"
        )
        for number, start, text in db.execute(query, (article_id,)).fetchall():
            note_days(db, number, start, text, day)
    db.execute("INSERT OR REPLACE INTO manifest VALUES ('grammar', ?)", (str(GRAMMAR),))


# -- the story an article tells


def enter_story(db: sqlite3.Connection, article: Article) -> None:
    """Enter an article under the story it is a copy of, or under a new one."""
    keys = stories.keys(article.text)
    marks = ",".join("?" * len(keys))
    query = f"SELECT story FROM story_keys WHERE key IN ({marks}) GROUP BY story ORDER BY count(*) DESC LIMIT ?"  # noqa: S608
    for (story,) in db.execute(query, (*keys, _STORIES_COMPARED)).fetchall():
        head = _head(db, story)
        if head and stories.copies(head, article):
            db.execute("INSERT INTO stories VALUES (?, ?, 0)", (article.id, story))
            return
    (story,) = db.execute("SELECT coalesce(max(story), 0) + 1 FROM stories").fetchone()
    db.execute("INSERT INTO stories VALUES (?, ?, 1)", (article.id, story))
    db.executemany("INSERT OR IGNORE INTO story_keys VALUES (?, ?)", [(key, story) for key in keys])


def end_story(db: sqlite3.Connection, article_id: str) -> list[Article]:
    """Take an article out of its story; return the copies that must find another, it having been the head."""
    row = db.execute("SELECT story FROM stories WHERE article_id = ? AND head", (article_id,)).fetchone()
    if row is None:
        return []
    head = _head(db, row[0])
    gone = [(key, row[0]) for key in stories.keys(head.text)] if head else []
    db.executemany("DELETE FROM story_keys WHERE key = ? AND story = ?", gone)
    query = f"SELECT {ARTICLE} FROM stories s JOIN articles a ON a.id = s.article_id WHERE story = ? AND NOT head"  # noqa: S608
    orphans = _readable(db.execute(query, row).fetchall())
    db.execute("DELETE FROM stories WHERE story = ?", row)
    return orphans


def _head(db: sqlite3.Connection, story: int) -> Article | None:
    """Return the article that a story's copies are copies of, None where it is damaged."""
    query = f"SELECT {ARTICLE} FROM stories s JOIN articles a ON a.id = s.article_id WHERE story = ? AND head"  # noqa: S608
    return next(iter(_readable(db.execute(query, (story,)).fetchall())), None)


def _readable(rows: list[Sequence[str]]) -> list[Article]:
    """Return the articles of rows; a damaged one must not be in the way of its own replacement."""
    found = []
    for row in rows:
        with suppress(TypeError, ValueError):
            found.append(as_article(row))
    return found


def as_article(row: Sequence[str]) -> Article:
    """Return the article of a row of `ARTICLE` columns."""
    article_id, text, title, outlet, published, url, author, kind = row
    return Article(
        article_id, text, title, outlet, date.fromisoformat(published) if published else None, url, author, kind
    )


# -- upgrades


def _add_mentions(db: sqlite3.Connection) -> None:
    _run(db, _MENTIONS)
    note_all_days(db)


def _add_stories(db: sqlite3.Connection) -> None:
    _run(db, _STORIES)
    for (article_id,) in db.execute("SELECT id FROM articles ORDER BY published, id").fetchall():
        query = f"SELECT {ARTICLE} FROM articles a WHERE id = ?"  # noqa: S608
        enter_story(db, as_article(db.execute(query, (article_id,)).fetchone()))


def _add_versions(db: sqlite3.Connection) -> None:
    _run(db, _VERSIONS)


def _add_synced(db: sqlite3.Connection) -> None:
    _run(db, _SYNCED)


def _run(db: sqlite3.Connection, script: str) -> None:
    """Run the statements of a script inside the transaction there is: `executescript` would end it."""
    for statement in script.split(";\n"):
        if statement.strip():
            db.execute(statement)


# Each step leads from one version to the next; a new database takes them all.
_UPGRADES: tuple[Callable[[sqlite3.Connection], None], ...] = (
    _add_mentions,
    _add_stories,
    _add_versions,
    _add_synced,
)
VERSION = 1 + len(_UPGRADES)

"""The SQLite file behind the conversations: opened, checked, moved aside when it is damaged."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qa.errors import TalksError

_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE people (user_id INTEGER PRIMARY KEY, language TEXT NOT NULL);
CREATE TABLE answers (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice: buttons know answers by it
    token TEXT NOT NULL UNIQUE, -- the only name that leaves the chat: it cannot be guessed
    chat_id INTEGER NOT NULL, user_id INTEGER NOT NULL, message_id INTEGER NOT NULL,
    answer TEXT NOT NULL, version TEXT NOT NULL, at REAL NOT NULL,
    replies TEXT NOT NULL DEFAULT '[]', edited INTEGER NOT NULL DEFAULT 0, current INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX answers_chat ON answers (chat_id, message_id);
CREATE INDEX answers_user ON answers (user_id, at);
CREATE INDEX answers_at ON answers (at);
CREATE TABLE votes (
    answer_id INTEGER NOT NULL REFERENCES answers (id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL, up INTEGER NOT NULL, at REAL NOT NULL, PRIMARY KEY (answer_id, user_id)
) WITHOUT ROWID;
CREATE TABLE lists (
    id INTEGER PRIMARY KEY AUTOINCREMENT, chat_id INTEGER NOT NULL, user_id INTEGER NOT NULL,
    kind TEXT NOT NULL, topic TEXT NOT NULL, at REAL NOT NULL, page INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE tally (at REAL NOT NULL, answered INTEGER NOT NULL, seconds REAL NOT NULL); -- of nobody in particular
CREATE INDEX tally_at ON tally (at);
CREATE TABLE updates (id INTEGER PRIMARY KEY, body TEXT, state INTEGER NOT NULL, at REAL NOT NULL);
"""


class ChatsError(TalksError):
    """The conversations cannot be read or written."""


class Database:
    """One connection, used from one thread; a change is on the disk when its call returns."""

    def __init__(self, path: Path | None = None) -> None:
        """Open the file, made when new; without a path, a database in memory.

        A damaged file is moved aside, `moved` tells where to, and a new one begins. Raises ChatsError.
        """
        self.path = path
        self.moved: Path | None = None
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._db = self._opened()
        except sqlite3.OperationalError as error:
            raise ChatsError(f"cannot open {path}: {error}") from None
        except sqlite3.DatabaseError:
            if path is None:
                raise
            self.moved = self._move_aside(path)
            self._db = self._opened()
        except OSError as error:
            raise ChatsError(f"cannot make {path}: {error.strerror}") from None

    def close(self) -> None:
        """Close the connection; the database is of no use afterwards."""
        self._db.close()

    def read(self, query: str, *values: Any) -> list[Any]:
        """Return the rows of a query; raises ChatsError."""
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise ChatsError(f"{self.path}: {error}") from error

    def write(self, query: str, *values: Any) -> int:
        """Change something, at once or inside `transaction`; return the new row's number. Raises ChatsError."""
        try:
            return self._db.execute(query, values).lastrowid or 0
        except sqlite3.Error as error:
            raise ChatsError(f"{self.path}: {error}") from error

    def changed(self) -> int:
        """Return the number of rows the last `write` touched."""
        return int(self.read("SELECT changes()")[0][0])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside happens, or nothing does; raises ChatsError."""
        self.write("BEGIN IMMEDIATE")
        try:
            yield
            self.write("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _opened(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path or ":memory:", isolation_level=None, timeout=10)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")  # Telegram forgets an update once it is acknowledged
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA secure_delete = ON")  # what is deleted is gone from the file, too
            if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("damaged")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, _SCHEMA_VERSION):
                raise ChatsError(f"{self.path} was made by a newer version of the bot; install that version again")
            if version == 0:
                db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT;")
        except BaseException:
            db.close()
            raise
        return db

    def _move_aside(self, path: Path) -> Path:
        """Rename the damaged file and what belongs to it; nobody's data is deleted here."""
        stamp = time.strftime("%Y%m%d-%H%M%S")
        aside = path.with_name(f"{path.name}.damaged-{stamp}")
        for ending in ("", "-wal", "-shm"):
            part = path.with_name(path.name + ending)
            if part.exists():
                part.rename(aside.with_name(aside.name + ending))
        return aside

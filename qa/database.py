"""The file `library.db`: opened to be changed or to be read alone, changed wholly or not at all, checked."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from qa import schema
from qa.errors import LibraryDamagedError, LibraryError

_WAIT = 30_000  # ms for another process to end its transaction
_SETTLE_WAIT = 2_000  # ms for readers to end theirs
_MOST_LINES = 20  # of what SQLite finds wrong


class Database:
    """One connection to a library's database, shared by threads behind a lock.

    What a transaction wrote is on the disk when it ends, and stays there over a crash or a power cut.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, made when new; one that cannot be written to is read. Raises LibraryError."""
        self.path = path
        self._lock = threading.RLock()
        self.writable = _writable(path)
        if not path.exists() and not self.writable:
            raise LibraryError(f"cannot make a library in {path.parent}: the folder cannot be written to")
        with self._mapped():
            try:
                self._db = self._connected()
            except sqlite3.OperationalError:
                if not self.writable and _waiting(path):
                    raise LibraryError(
                        f"the last changes of {path} are in its -wal file, which cannot be read here; copy the folder "
                        "to a disk that can be written to"
                    ) from None
                # The disk is full, and there is no room for SQLite's side files: what is there can still be read.
                if not self.writable or not path.exists() or _waiting(path):
                    raise
                self.writable = False
                self._db = self._connected()

    def close(self) -> None:
        """Close the connection; it is of no use afterwards."""
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
        with self._mapped(), suppress(sqlite3.OperationalError):  # the disk is full
            self._db.execute("INSERT OR REPLACE INTO manifest VALUES ('index', ?)", (kind,))

    def generation(self) -> int:
        """Return the number of the last committed change."""
        with self._mapped():
            row = self._db.execute("SELECT value FROM manifest WHERE key = 'generation'").fetchone()
        if row is None or not row[0].isdecimal():
            raise self._damaged("it does not say which change was its last")
        return int(row[0])

    # -- changing

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

    def settle(self) -> None:
        """Bring what was committed from the log into the file itself, as far as readers allow.

        SQLite drops a damaged end of its log without a word; what is no longer in the log cannot be dropped.
        """
        with self._mapped(), suppress(sqlite3.OperationalError):  # the disk is full: it stays in the log
            self._db.execute(f"PRAGMA busy_timeout = {_SETTLE_WAIT}")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._db.execute(f"PRAGMA busy_timeout = {_WAIT}")

    # -- checking

    def damage(self) -> list[str]:
        """Return a line for everything wrong with the file and its indexes; empty when it is sound."""
        with self._mapped():
            texts = [row[0] for row in self._db.execute(f"PRAGMA integrity_check({_MOST_LINES})")]
            orphans = self._db.execute("PRAGMA foreign_key_check").fetchmany(_MOST_LINES)
        lines = [line for text in texts for line in text.splitlines() if line != "ok" and not line.startswith("***")]
        return lines + [f"row {row} of {table} belongs to nothing in {parent}" for table, row, parent, _ in orphans]

    # -- inside

    def _connected(self) -> sqlite3.Connection:
        db = sqlite3.connect(address(self.path, self.writable), uri=True, check_same_thread=False, timeout=_WAIT / 1000)
        try:
            db.isolation_level = None
            db.text_factory = readable
            db.execute("PRAGMA foreign_keys = ON")
            if self.writable:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")
            if self.writable and not schema.exists(db):
                schema.create(db)
            self.version = self._checked_version(db)
            if self.writable and self.version < schema.VERSION:
                schema.upgrade(db)
                self.version = schema.VERSION
        except BaseException:
            db.close()
            raise
        return db

    def _checked_version(self, db: sqlite3.Connection) -> int:
        try:
            found = schema.version(db)
        except ValueError:
            raise self._damaged("it does not say which version of the tables it has") from None
        if not 1 <= found <= schema.VERSION:
            raise LibraryError(f"{self.path} has schema version {found}, this program reads {schema.VERSION}")
        return found

    def _damaged(self, reason: object) -> LibraryDamagedError:
        return LibraryDamagedError(f"{self.path} is damaged ({reason}); talks-qa check --repair saves what can be read")

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        """Hold the lock; SQLite's errors become the project's."""
        try:
            with self._lock:
                yield
        except (sqlite3.OperationalError, sqlite3.IntegrityError) as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:  # a table or column is not there
                raise self._damaged(error) from error
            hint = " (is the disk full?)" if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_IOERR else ""
            raise LibraryError(f"{self.path}: {error}{hint}") from error
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error


def _writable(path: Path) -> bool:
    return os.access(path.parent, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))


def _waiting(path: Path) -> bool:
    """Whether a log beside the file holds changes that the file itself does not have yet."""
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


def address(path: Path, writable: bool) -> str:
    """Return how SQLite is asked for the file: where it cannot be written to, there is no room for side files."""
    address = path.resolve().as_uri()
    if writable:
        return address
    return f"{address}?mode=ro" if _waiting(path) else f"{address}?mode=ro&immutable=1"


def readable(data: bytes) -> str:
    """Read text that a flipped bit may have made invalid: its hash tells, SQLite's own error would print all of it."""
    return data.decode(errors="replace")

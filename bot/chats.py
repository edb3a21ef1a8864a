"""Conversations in SQLite: what was asked and answered, votes, languages, and what is counted.

Used from the event loop only: every call is a keyed read or a few rows written.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from bot.database import Database
from qa.records import Answer, Citation, Mention, as_json

TURNS = 6  # earlier answers a question is read with
_COLUMNS = "id, token, chat_id, user_id, message_id, answer, replies, edited"
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it was given: to whom, under which message, in which messages."""

    id: int
    token: str
    chat_id: int
    user_id: int
    message_id: int
    answer: Answer
    replies: tuple[int, ...]
    edited: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that can be paged: its kind and what it is about."""

    id: int
    chat_id: int
    kind: str
    topic: str


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was stored about a person, and is deleted."""

    answers: int
    votes: int
    language: bool


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts since a moment; the seconds are the median and the 95th percentile of answering."""

    questions: int
    refusals: int
    median: float
    high: float
    up: int
    down: int
    people: int
    chats: int


class Chats:
    """Everything the bot keeps of its conversations; every method may raise ChatsError."""

    def __init__(self, db: Database | None = None, turns: int = TURNS) -> None:
        self._db = db or Database()
        self._turns = turns

    # -- questions and answers

    def history(self, chat_id: int, before: int | None = None) -> tuple[Answer, ...]:
        """Return the last answers of a chat, oldest first; only those to messages before one, where given."""
        rows = self._db.read(
            "SELECT answer FROM answers WHERE chat_id = ? AND current AND message_id < ?"
            " ORDER BY message_id DESC LIMIT ?",
            chat_id, before if before is not None else 1 << 62, self._turns,
        )  # fmt: skip
        return tuple(_answer(row[0]) for row in reversed(rows))

    def remember(
        self,
        chat_id: int,
        user_id: int,
        message_id: int,
        answer: Answer,
        version: str,
        seconds: float,
        edited: bool = False,
    ) -> Kept:
        """Keep an answer, and count it; an earlier one to the same message gives way."""
        with self._db.transaction():
            self._db.write("INSERT INTO tally VALUES (?, ?, ?)", time.time(), answer.answered, seconds)
            self._db.write("DELETE FROM answers WHERE chat_id = ? AND message_id = ?", chat_id, message_id)
            row = self._db.write(
                "INSERT INTO answers (token, chat_id, user_id, message_id, answer, version, at, edited)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                secrets.token_urlsafe(12), chat_id, user_id, message_id, json.dumps(as_json(answer)), version,
                time.time(), edited,
            )  # fmt: skip
        (kept,) = self._kept("id = ?", row)
        return kept

    def sent(self, answer_id: int, message_ids: Sequence[int]) -> None:
        """Note the messages an answer was sent in."""
        self._db.write("UPDATE answers SET replies = ? WHERE id = ?", json.dumps(list(message_ids)), answer_id)

    def kept(self, answer_id: int, chat_id: int) -> Kept | None:
        """Return an answer that was given in a chat."""
        return next(iter(self._kept("id = ? AND chat_id = ?", answer_id, chat_id)), None)

    def shared(self, token: str) -> Kept | None:
        """Return the answer a link names."""
        return next(iter(self._kept("token = ?", token)), None)

    def answered(self, chat_id: int, message_id: int) -> Kept | None:
        """Return the answer to a message."""
        return next(iter(self._kept("chat_id = ? AND message_id = ?", chat_id, message_id)), None)

    def reset(self, chat_id: int) -> None:
        """End a conversation: the next question stands alone, the buttons under earlier answers still work."""
        self._db.write("UPDATE answers SET current = 0 WHERE chat_id = ?", chat_id)

    def vote(self, answer_id: int, user_id: int, up: bool) -> bool:
        """Keep a person's judgement of an answer, the later one counts; return whether it is the answer's first."""
        voted = self._db.read("SELECT 1 FROM votes WHERE answer_id = ?", answer_id)
        self._db.write("INSERT OR REPLACE INTO votes VALUES (?, ?, ?, ?)", answer_id, user_id, up, time.time())
        return not voted

    # -- lists

    def open_list(self, chat_id: int, user_id: int, kind: str, topic: str) -> Listing:
        """Keep what a list is about, so that its pages can be turned."""
        row = self._db.write(
            "INSERT INTO lists (chat_id, user_id, kind, topic, at) VALUES (?, ?, ?, ?, ?)",
            chat_id, user_id, kind, topic, time.time(),
        )  # fmt: skip
        return Listing(row, chat_id, kind, topic)

    def listing(self, list_id: int, chat_id: int) -> Listing | None:
        """Return a list that was opened in a chat."""
        rows = self._db.read(
            "SELECT id, chat_id, kind, topic FROM lists WHERE id = ? AND chat_id = ?", list_id, chat_id
        )
        return Listing(*rows[0]) if rows else None

    def turn(self, list_id: int, page: int) -> bool:
        """Keep which page of a list is shown; return False where it was shown already."""
        self._db.write("UPDATE lists SET page = ? WHERE id = ? AND page != ?", page, list_id, page)
        return self._db.changed() == 1

    def close_list(self, list_id: int) -> None:
        """Delete a list: its buttons are out of date."""
        self._db.write("DELETE FROM lists WHERE id = ?", list_id)

    # -- people

    def language(self, user_id: int) -> str:
        """Return the language a person chose, or nothing."""
        rows = self._db.read("SELECT language FROM people WHERE user_id = ?", user_id)
        return str(rows[0][0]) if rows else ""

    def speak(self, user_id: int, language: str) -> None:
        """Keep the language a person chose."""
        self._db.write("INSERT OR REPLACE INTO people VALUES (?, ?)", user_id, language)

    def forget(self, user_id: int) -> Forgotten:
        """Delete everything that is stored about a person, in every chat."""
        with self._db.transaction():
            deleted = []
            for table in ("votes", "answers", "people", "lists"):
                self._db.write(f"DELETE FROM {table} WHERE user_id = ?", user_id)  # noqa: S608
                deleted.append(self._db.changed())
        self._db.read("PRAGMA wal_checkpoint(TRUNCATE)")  # what is deleted leaves the log, too
        votes, answers, people, _ = deleted
        return Forgotten(answers, votes, bool(people))

    def asked(self, since: float, user_id: int | None = None) -> list[float]:
        """Return the moments of questions since one, of a person or of everyone."""
        if user_id is None:
            rows = self._db.read("SELECT at FROM tally WHERE at > ? ORDER BY at", since)
        else:
            rows = self._db.read("SELECT at FROM answers WHERE user_id = ? AND at > ? ORDER BY at", user_id, since)
        return [row[0] for row in rows]

    # -- the keeper's side

    def statistics(self, since: float) -> Statistics:
        """Count what happened since a moment."""
        tally = self._db.read("SELECT answered, seconds FROM tally WHERE at > ? ORDER BY seconds", since)
        seconds = [row[1] for row in tally] or [0.0]
        up, down = self._db.read(
            "SELECT coalesce(sum(up), 0), coalesce(sum(1 - up), 0) FROM votes WHERE at > ?", since
        )[0]
        people, chats = self._db.read(
            "SELECT count(DISTINCT user_id), count(DISTINCT chat_id) FROM answers WHERE at > ?", since
        )[0]
        return Statistics(
            len(tally),
            sum(not row[0] for row in tally),
            seconds[len(seconds) // 2],
            seconds[min(len(seconds) - 1, int(len(seconds) * 0.95))],
            up,
            down,
            people,
            chats,
        )

    def tidy(self, days: int) -> None:
        """Delete what is older than the keeper wants to keep."""
        end = time.time() - days * _DAY
        with self._db.transaction():
            for table in ("answers", "lists", "tally"):
                self._db.write(f"DELETE FROM {table} WHERE at < ?", end)  # noqa: S608
            self._db.write("DELETE FROM updates WHERE at < ? AND state = 2", time.time() - 2 * _DAY)

    def _kept(self, where: str, *values: Any) -> list[Kept]:
        rows = self._db.read(f"SELECT {_COLUMNS} FROM answers WHERE {where}", *values)  # noqa: S608
        return [
            Kept(number, token, chat, user, message, _answer(answer), tuple(json.loads(replies)), bool(edited))
            for number, token, chat, user, message, answer, replies, edited in rows
        ]


def _answer(text: str) -> Answer:
    """Return the answer that `as_json` made text of."""
    values = json.loads(text)
    citations = tuple(_citation(c) for c in values.pop("citations"))
    return Answer(**values, citations=citations)


def _citation(values: dict[str, Any]) -> Citation:
    day, mentions, also = values.pop("published"), values.pop("mentions"), values.pop("also")
    dated = tuple(
        Mention(m["start"], m["end"], date.fromisoformat(m["first"]), date.fromisoformat(m["last"])) for m in mentions
    )
    return Citation(**values, published=date.fromisoformat(day) if day else None, mentions=dated, also=tuple(also))

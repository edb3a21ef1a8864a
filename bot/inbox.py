"""The queue of updates, on disk: what Telegram was told is received is answered, once, also after a crash."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from typing import Any

from telegram import Bot, Update

from bot.database import ChatsError, Database

log = logging.getLogger(__name__)
_WAITING, _REPLYING, _DONE = 0, 1, 2


class Inbox(asyncio.Queue[Any]):
    """An update is on disk before the poller confirms it, and its text leaves the disk when it is done.

    Telegram cannot be asked whether it took a message, so an answer that a crash caught while it was
    being sent is not sent again: `interrupted` names it, and the person is told. Every other update that
    waits is handled after the next start. An update that comes twice is dropped.
    """

    def __init__(self, db: Database | None = None, troubled: Callable[[Exception], None] = lambda error: None) -> None:
        super().__init__()
        self._db = db or Database()
        self._troubled = troubled
        self._held: set[int] = set()  # begun, and put back for the next start
        self._seen: set[int] = set()  # of this process, should the disk fail

    async def put(self, item: Any) -> None:
        """Take an update in; one that is not new is dropped. What is not an update passes."""
        if not isinstance(item, Update) or self._take(item):
            await super().put(item)

    def recover(self, bot: Bot) -> list[Update]:
        """Queue what waited when the last process ended; return the updates it was just replying to."""
        interrupted = []
        query = "SELECT id, body, state FROM updates WHERE state != ? ORDER BY id"
        for number, body, state in self._db.read(query, _DONE):
            update = _parsed(body, bot)
            if update is None or state == _REPLYING:
                self.done(number)
            if update is not None and state == _REPLYING:
                interrupted.append(update)
            elif update is not None:
                self._seen.add(number)
                self.put_nowait(update)
        return interrupted

    def replying(self, number: int) -> None:
        """Note that a reply to an update is about to be sent."""
        self._set(number, _REPLYING)

    def unsent(self, number: int) -> None:
        """Note that Telegram cannot have taken it."""
        self._set(number, _WAITING)

    def hold(self, number: int) -> None:
        """Leave an update to the next start of the bot."""
        self._held.add(number)
        self._set(number, _WAITING)

    def done(self, number: int) -> None:
        """Delete what an update said, unless it was put back; its number stays, to know it again."""
        if number not in self._held:
            self._try("UPDATE updates SET state = ?, body = NULL WHERE id = ?", _DONE, number)

    def _take(self, update: Update) -> bool:
        """Write an update down; return False where it is known already."""
        number = update.update_id
        if number in self._seen:
            return False
        self._seen.add(number)
        if len(self._seen) > 100_000:
            self._seen = set(sorted(self._seen)[-50_000:])
        if update.inline_query is not None:  # of no use a few seconds later
            return True
        row = self._try(
            "INSERT OR IGNORE INTO updates VALUES (?, ?, ?, ?)", number, _text(update), _WAITING, time.time()
        )
        return row is None or self._db.changed() == 1

    def _set(self, number: int, state: int) -> None:
        self._try("UPDATE updates SET state = ? WHERE id = ? AND state != ?", state, number, _DONE)

    def _try(self, query: str, *values: Any) -> int | None:
        """Write; a full disk stops nobody's answer, it is told to the keeper."""
        try:
            return self._db.write(query, *values)
        except ChatsError as error:
            self._troubled(error)
            return None


def _text(update: Update) -> str:
    """Return an update as JSON; the library's own way fails on dates inside messages that are gone."""
    return json.dumps(update.to_dict(), default=lambda moment: int(moment.timestamp()))


def _parsed(body: str | None, bot: Bot) -> Update | None:
    try:
        return Update.de_json(json.loads(body or ""), bot)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("an update of the last run cannot be read again: %s", type(error).__name__)
        return None

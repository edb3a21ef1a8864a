"""What the people who keep the bot are told: that it runs, that it stops, what goes wrong."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence

from telegram import Bot
from telegram.error import TelegramError

log = logging.getLogger(__name__)
_LONGEST = 3000  # characters of a notice
_EVERY = 600.0  # seconds between two notices of one kind


class Notices:
    """Lines for the admins, sent in the background; one of a kind in ten minutes."""

    def __init__(self, admins: Sequence[int]) -> None:
        self._admins = admins
        self._last: dict[str, float] = {}
        self._queue: asyncio.Queue[str] = asyncio.Queue(maxsize=100)

    def tell(self, kind: str, line: str) -> None:
        """Queue a line; it is dropped where one of its kind was sent a moment ago."""
        now = time.monotonic()
        if now - self._last.get(kind, -_EVERY) < _EVERY or self._queue.full():
            return
        self._last[kind] = now
        self._queue.put_nowait(line[:_LONGEST])

    async def send(self, bot: Bot) -> None:
        """Send what is queued, until cancelled."""
        while True:
            await self._to_all(bot, await self._queue.get())

    async def flush(self, bot: Bot) -> None:
        """Send what is left."""
        while not self._queue.empty():
            await self._to_all(bot, self._queue.get_nowait())

    async def _to_all(self, bot: Bot, line: str) -> None:
        for admin in self._admins:
            try:
                await bot.send_message(admin, line)
            except TelegramError as error:  # an admin who has not yet talked to the bot cannot be written to
                log.warning("admin %s could not be told: %s", admin, error)

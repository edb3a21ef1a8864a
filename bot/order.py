"""In which order updates are handled."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable
from typing import Any

from telegram import Update
from telegram.ext import BaseUpdateProcessor

AT_ONCE = 16  # chats answered side by side
_HELD = 1024  # updates that wait or run; more stay in the queue


class ChatOrder(BaseUpdateProcessor):
    """One chat's updates one after another, at most `at_once` chats side by side.

    An update waits for its own chat before it takes one of the places, so a chat that sends many
    messages holds one place and not all of them.
    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        super().__init__(max_concurrent_updates=_HELD)
        self._places = asyncio.Semaphore(at_once)
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._waiting: defaultdict[int, int] = defaultdict(int)

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Run the coroutine when its chat's earlier updates are done and a place is free."""
        chat = update.effective_chat.id if isinstance(update, Update) and update.effective_chat else 0
        self._waiting[chat] += 1
        try:
            async with self._locks[chat], self._places:
                await coroutine
        finally:
            self._waiting[chat] -= 1
            if not self._waiting[chat]:
                del self._waiting[chat], self._locks[chat]

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to put away."""

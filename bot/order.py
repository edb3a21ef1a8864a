"""In which order updates are handled."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine
from typing import Any

from telegram import Update
from telegram.ext import BaseUpdateProcessor

AT_ONCE = 16  # chats answered side by side
_HELD = 1024  # updates that wait or run; more stay in the queue


class ChatOrder(BaseUpdateProcessor):
    """One chat's updates one after another, at most `at_once` chats side by side.

    An update waits for its own chat before it takes one of the places, so a chat that sends many
    messages holds one place and not all of them. `begin` says whether an update may still begin, `end`
    is told when it is done.
    """

    def __init__(
        self,
        at_once: int = AT_ONCE,
        begin: Callable[[Update], bool] = lambda update: True,
        end: Callable[[Update], None] = lambda update: None,
    ) -> None:
        super().__init__(max_concurrent_updates=_HELD)
        self._places = asyncio.Semaphore(at_once)
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._waiting: defaultdict[int, int] = defaultdict(int)
        self._begin = begin
        self._end = end

    async def do_process_update(self, update: object, coroutine: Coroutine[Any, Any, Any]) -> None:  # type: ignore[override]
        """Run the coroutine when its chat's earlier updates are done and a place is free."""
        if not isinstance(update, Update):
            await coroutine
            return
        if update.inline_query is not None:  # the newest query of a person matters, not the order
            async with self._places:
                await coroutine
            return
        chat = update.effective_chat.id if update.effective_chat else 0
        self._waiting[chat] += 1
        try:
            async with self._locks[chat], self._places:
                if not self._begin(update):
                    coroutine.close()
                    return
                await coroutine
                self._end(update)
        finally:
            self._waiting[chat] -= 1
            if not self._waiting[chat]:
                del self._waiting[chat], self._locks[chat]

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to put away."""

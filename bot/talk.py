"""One update, who sent it and where, and how it is answered."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from telegram import InlineKeyboardMarkup, LinkPreviewOptions, Message, ReplyParameters, Update
from telegram.constants import ChatAction, ChatType, ParseMode
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError
from telegram.ext import ContextTypes

from bot import html
from bot.services import Services
from bot.tongues import tongue

log = logging.getLogger(__name__)
_TYPING = 4.5  # seconds: Telegram shows the action for five
_PAUSES = (1.0, 3.0, 10.0, 30.0, 60.0, 60.0, 120.0)  # seconds before a message is sent again
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

Context = ContextTypes.DEFAULT_TYPE


class HeldError(Exception):
    """The bot stops before a reply could be sent: the update is left to its next start."""


class Talk:
    """One update and its sender; every reply goes through here."""

    def __init__(self, update: Update, context: Context, services: Services) -> None:
        if update.effective_chat is None:
            raise ValueError("this update has no chat to reply to")
        self.update = update
        self.context = context
        self.services = services
        self.bot = context.bot
        self.chat = update.effective_chat
        user = update.effective_user
        self.user_id = user.id if user else self.chat.id
        chosen = services.tried(lambda: services.chats.language(self.user_id), "")
        self.say = tongue(chosen or (user.language_code if user else None))
        self._begun = False

    @property
    def message(self) -> Message | None:
        """The message itself, or the one whose button was pressed."""
        return self.update.effective_message

    @property
    def text(self) -> str:
        """What the person wrote, under a picture or alone."""
        return (self.message and (self.message.text or self.message.caption)) or ""

    @property
    def argument(self) -> str:
        """What stands behind the command."""
        _, *rest = self.text.split(maxsplit=1)
        return rest[0].strip() if rest else ""

    @property
    def private(self) -> bool:
        """Whether nobody else reads along."""
        return self.chat.type == ChatType.PRIVATE

    @property
    def admin(self) -> bool:
        """Whether the sender keeps the bot."""
        return self.services.settings.is_admin(self.user_id)

    async def reply(self, messages: Sequence[str], keyboard: InlineKeyboardMarkup | None = None) -> list[int]:
        """Send messages as replies, the keyboard under the last; return their numbers."""
        sent: list[int] = []
        for text in messages:
            last = keyboard if text is messages[-1] else None
            sent.append(await self._send(text, last))
        return sent

    async def edit(self, message_id: int, text: str, keyboard: InlineKeyboardMarkup | None = None) -> bool:
        """Change a message of the bot; return False where it is gone or too old."""
        self._begin()
        with contextlib.suppress(BadRequest):
            await self.bot.edit_message_text(
                text,
                self.chat.id,
                message_id,
                parse_mode=ParseMode.HTML,
                link_preview_options=_NO_PREVIEW,
                reply_markup=keyboard,
            )
            return True
        return False

    @asynccontextmanager
    async def typing(self) -> AsyncIterator[None]:
        """Show that the bot is typing for as long as the block runs."""

        async def show() -> None:
            while True:
                with contextlib.suppress(TelegramError):  # a sign of life only: it may fail
                    await self.bot.send_chat_action(self.chat.id, ChatAction.TYPING, self._thread())
                await asyncio.sleep(_TYPING)

        task = asyncio.create_task(show())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _thread(self) -> int | None:
        """The topic of a forum the message stands in."""
        message = self.message
        return message.message_thread_id if isinstance(message, Message) and message.is_topic_message else None

    def _begin(self) -> None:
        if not self._begun:
            self.services.inbox.replying(self.update.update_id)
            self._begun = True

    async def _send(self, text: str, keyboard: InlineKeyboardMarkup | None) -> int:
        """Send one message; again after a failure in which Telegram cannot have taken it."""
        first = not self._begun
        options: dict[str, Any] = {"parse_mode": ParseMode.HTML, "reply_markup": keyboard}
        if self.message:
            options["reply_parameters"] = ReplyParameters(self.message.message_id, allow_sending_without_reply=True)
        pauses = list(_PAUSES)
        while True:
            self._begin()
            try:
                sent = await self.bot.send_message(
                    self.chat.id,
                    text,
                    link_preview_options=_NO_PREVIEW,
                    message_thread_id=self._thread(),
                    **options,
                )
                return sent.message_id
            except BadRequest as error:
                if "can't parse entities" not in str(error).lower() or "parse_mode" not in options:
                    raise
                log.warning("a reply was rejected as HTML and sent as plain text")
                text = html.plain(text)
                del options["parse_mode"]
            except (NetworkError, RetryAfter) as error:
                if not _untaken(error) or not pauses:
                    raise
                if first:
                    self.services.inbox.unsent(self.update.update_id)
                    self._begun = False
                await self._pause(pauses.pop(0), first, error)

    async def _pause(self, seconds: float, first: bool, error: TelegramError) -> None:
        """Wait before a message is sent again; when the bot stops meanwhile, leave it to the next start."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.services.stopping.wait(), seconds)
        if self.services.stopping.is_set():
            if not first:  # a part of the reply was sent: the rest is lost, and nothing is sent twice
                raise error
            self.services.inbox.hold(self.update.update_id)
            raise HeldError


def _untaken(error: TelegramError) -> bool:
    """Whether Telegram cannot have taken a message, or says itself that it has not.

    After a connection that broke, or a wait that ended, it may have: sending again might say it twice.
    """
    if isinstance(error, RetryAfter) or error.__cause__ is None:
        return True
    return isinstance(error.__cause__, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))

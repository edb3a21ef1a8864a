"""What the bot does with each kind of message; one coroutine a command, registered as a table."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from telegram import LinkPreviewOptions, Message, ReplyParameters, Update
from telegram.constants import ChatAction, ChatType, MessageEntityType, ParseMode
from telegram.error import BadRequest, Conflict, Forbidden, NetworkError, TelegramError, TimedOut
from telegram.ext import Application, CommandHandler, ContextTypes, MessageHandler, filters

from bot import replies
from bot.chats import Chats
from qa.errors import DateError, LibraryEmptyError, QuestionError, TalksError
from qa.records import Answer, Article

log = logging.getLogger(__name__)

COMMANDS = (
    ("ask", "Ask a question"),
    ("sources", "The articles I know"),
    ("reset", "Forget our conversation"),
    ("help", "What I can do"),
    ("start", "Begin"),
)
_TYPING = 4.5  # seconds: Telegram shows the action for five
_PAUSES = (1.0, 3.0)  # seconds before a message is sent again after Telegram or the network failed
_KEY = "services"
CONFLICT = "conflict"  # in bot_data: another process polls with the same token

Context = ContextTypes.DEFAULT_TYPE
Handler = Callable[[Update, Context], Coroutine[Any, Any, None]]


class Answerer(Protocol):
    """What handlers need of an assistant; `ask` may take long and is called from a thread."""

    def ask(self, question: str, history: Sequence[str | Answer] = ()) -> Answer: ...


class Shelf(Protocol):
    """What handlers need of a library; called from a thread."""

    def articles(self) -> list[Article]: ...


@dataclass
class Services:
    """What handlers work with."""

    assistant: Answerer
    library: Shelf
    chats: Chats = field(default_factory=Chats)


def register(application: Application[Any, Any, Any, Any, Any, Any], services: Services) -> None:
    """Put every handler into the application."""
    application.bot_data[_KEY] = services
    new = filters.UpdateType.MESSAGE  # an edited message is not a new question
    table: dict[str, Handler] = {"start": start, "help": show_help, "ask": ask, "sources": sources, "reset": reset}
    for name, handler in table.items():
        application.add_handler(CommandHandler(name, handler, filters=new))
    application.add_handler(MessageHandler(new & filters.COMMAND & filters.ChatType.PRIVATE, unknown))
    application.add_handler(MessageHandler(new & filters.TEXT & ~filters.COMMAND, question))
    private = new & filters.ChatType.PRIVATE & ~filters.TEXT & ~filters.StatusUpdate.ALL
    application.add_handler(MessageHandler(private, not_text))
    application.add_error_handler(failed)


async def start(update: Update, context: Context) -> None:
    """/start"""
    await _reply(update.effective_message, [replies.WELCOME])


async def show_help(update: Update, context: Context) -> None:
    """/help"""
    await _reply(update.effective_message, [replies.HELP])


async def sources(update: Update, context: Context) -> None:
    """/sources"""
    articles = await asyncio.to_thread(_services(context).library.articles)
    await _reply(update.effective_message, replies.sources(articles))


async def reset(update: Update, context: Context) -> None:
    """/reset"""
    if update.effective_chat:
        _services(context).chats.forget(update.effective_chat.id)
    await _reply(update.effective_message, [replies.FORGOTTEN])


async def ask(update: Update, context: Context) -> None:
    """/ask QUESTION"""
    text = (update.effective_message and update.effective_message.text) or ""
    _, *asked = text.split(maxsplit=1)
    if asked:
        await _answer(update, context, asked[0])
    else:
        await _reply(update.effective_message, [replies.NO_QUESTION])


async def question(update: Update, context: Context) -> None:
    """A plain message: a question in a private chat; in a group only when the bot is meant."""
    message, chat = update.effective_message, update.effective_chat
    if message is None or chat is None or message.text is None:
        return
    text = message.text
    if chat.type != ChatType.PRIVATE:
        mention = _mention(message, context.bot.username)
        replied = message.reply_to_message and message.reply_to_message.from_user
        if mention is None and not (replied and replied.id == context.bot.id):
            return
        text = text.replace(mention, " ") if mention else text
    await _answer(update, context, text)


async def unknown(update: Update, context: Context) -> None:
    """A command nobody knows."""
    await _reply(update.effective_message, [replies.UNKNOWN])


async def not_text(update: Update, context: Context) -> None:
    """A photo, a voice message, a sticker."""
    await _reply(update.effective_message, [replies.ONLY_TEXT])


async def failed(update: object, context: Context) -> None:
    """Note an error without what people wrote, and tell the person."""
    error = context.error
    if isinstance(error, Conflict):  # Telegram gives each update to one poller only, and retrying changes nothing
        context.application.bot_data[CONFLICT] = True
        context.application.stop_running()
        return
    if isinstance(error, TelegramError):  # Telegram's own words, or the network's
        log.warning("%s: %s", "a reply failed" if update else "polling failed, trying again", error)
    elif error is not None:  # where it happened only: the message of an exception may hold what people wrote
        frames = "".join(traceback.format_tb(error.__traceback__))
        log.error("an update failed with %s\n%s", type(error).__name__, frames.rstrip())
    if isinstance(update, Update) and not isinstance(error, Forbidden):
        with contextlib.suppress(TelegramError):
            await _reply(update.effective_message, [replies.FAILED])


async def _answer(update: Update, context: Context, text: str) -> None:
    """Ask the assistant off the event loop, and reply."""
    message, chat = update.effective_message, update.effective_chat
    if message is None or chat is None:
        return
    services = _services(context)
    try:
        async with _typing(context, chat.id):
            found = await asyncio.to_thread(services.assistant.ask, text, services.chats.history(chat.id))
    except (QuestionError, DateError) as error:
        await _reply(message, replies.line(str(error)))
        return
    except TalksError as error:  # for whoever runs the bot, not for the person who asks
        log.error("%s", error)
        empty = isinstance(error, LibraryEmptyError)
        await _reply(message, [replies.NO_ARTICLES if empty else replies.FAILED])
        return
    services.chats.remember(chat.id, found)
    await _reply(message, replies.answer(found))


async def _reply(message: Message | None, html: Sequence[str]) -> None:
    """Send messages as replies; one whose HTML Telegram rejects is sent as plain text."""
    if message is None:
        return
    options: dict[str, Any] = {
        "link_preview_options": LinkPreviewOptions(is_disabled=True),
        "reply_parameters": ReplyParameters(message.message_id, allow_sending_without_reply=True),
    }
    for text in html:
        try:
            await _send(message, text, parse_mode=ParseMode.HTML, **options)
        except BadRequest as error:
            if "can't parse entities" not in str(error).lower():
                raise
            log.warning("a reply was rejected as HTML and sent as plain text")
            await _send(message, replies.plain(text), **options)


async def _send(message: Message, text: str, **options: Any) -> None:
    """Send one message; again after a failure in which Telegram cannot have taken it."""
    for pause in (*_PAUSES, None):
        try:
            await message.reply_text(text, **options)
            return
        except (BadRequest, TimedOut):
            raise
        except NetworkError:
            if pause is None:
                raise
            await asyncio.sleep(pause)


@asynccontextmanager
async def _typing(context: Context, chat_id: int) -> AsyncIterator[None]:
    """Show that the bot is typing for as long as the block runs."""

    async def show() -> None:
        while True:
            with contextlib.suppress(TelegramError):  # a sign of life only: it may fail
                await context.bot.send_chat_action(chat_id, ChatAction.TYPING)
            await asyncio.sleep(_TYPING)

    task = asyncio.create_task(show())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _mention(message: Message, username: str) -> str | None:
    """Return the bot's @name as it stands in the message, or None."""
    for text in message.parse_entities([MessageEntityType.MENTION]).values():
        if text.lower() == f"@{username}".lower():
            return text
    return None


def _services(context: Context) -> Services:
    services: Services = context.bot_data[_KEY]
    return services

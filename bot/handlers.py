"""Which update is handled by what: one table, and the few commands that need a line or two."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

from telegram import BotCommand, BotCommandScopeAllGroupChats, BotCommandScopeChat, ChatMember, Message, Update
from telegram.error import Conflict, Forbidden, TelegramError
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    InlineQueryHandler,
    MessageHandler,
    filters,
)

from bot import buttons, inline, keeper, keyboards, lists, questions, replies
from bot.database import ChatsError
from bot.services import Services
from bot.talk import Context, HeldError, Talk
from bot.tongues import NAMES, Tongue, tongue
from qa.errors import TalksError

log = logging.getLogger(__name__)

CONFLICT = "conflict"  # in bot_data: another process polls with the same token
UPDATES = (
    Update.MESSAGE,
    Update.EDITED_MESSAGE,
    Update.CALLBACK_QUERY,
    Update.INLINE_QUERY,
    Update.MY_CHAT_MEMBER,
)
_SERVICES = "services"

App = Application[Any, Any, Any, Any, Any, Any]
Handler = Callable[[Talk], Coroutine[Any, Any, None]]


def register(application: App, services: Services) -> None:
    """Put every handler into the application."""
    application.bot_data[_SERVICES] = services
    new, private, add = filters.UpdateType.MESSAGE, filters.ChatType.PRIVATE, application.add_handler
    table: dict[str, Handler] = {
        "start": start,
        "help": show_help,
        "ask": questions.question,
        "latest": latest,
        "timeline": timeline,
        "sources": sources,
        "reset": reset,
        "forget": forget,
        "language": language,
        "stats": _for_admins(keeper.stats),
        "add": _for_admins(keeper.add),
        "remove": _for_admins(keeper.remove),
    }
    for name, handler in table.items():
        add(CommandHandler(name, _talking(handler), filters=new))
    add(MessageHandler(new & filters.COMMAND & private, _talking(unknown)))
    add(MessageHandler(new & filters.Document.ALL & private, _talking(document)))
    add(MessageHandler(new & (filters.TEXT | filters.CAPTION) & ~filters.COMMAND, _talking(questions.question)))
    add(MessageHandler(new & private & ~filters.StatusUpdate.ALL, _talking(not_text)))
    add(MessageHandler(filters.UpdateType.EDITED_MESSAGE & filters.TEXT, _talking(questions.edited)))
    add(CallbackQueryHandler(_talking(buttons.pressed)))
    add(ChatMemberHandler(_talking(joined), ChatMemberHandler.MY_CHAT_MEMBER))
    if services.settings.inline:
        add(InlineQueryHandler(offered))
    application.add_error_handler(failed)


def commands(say: Tongue, services: Services, admin: bool = False) -> list[tuple[str, str]]:
    """Return the commands a person may give, each with what it does."""
    everyone = [
        ("ask", say("Ask a question")),
        ("latest", say("The newest articles, also about a topic")),
        ("timeline", say("What happened when, also about a topic")),
        ("sources", say("The articles I know")),
        ("reset", say("Begin a new conversation")),
        ("forget", say("Delete what I store about you")),
        ("language", say("English or Urdu")),
        ("help", say("What I can do")),
    ]
    keepers = [("stats", say("Statistics")), ("add", say("Add articles")), ("remove", say("Remove an article"))]
    return everyone + keepers * admin


async def announce(application: App, services: Services) -> None:
    """Tell Telegram the commands, in every language, for groups and for admins; raises TelegramError."""
    for code in NAMES:
        say, language = tongue(code), None if code == "en" else code
        everyone = [BotCommand(*c) for c in commands(say, services)]
        groups = [c for c in everyone if c.command in ("ask", "latest", "timeline", "sources", "help")]
        await application.bot.set_my_commands(everyone, language_code=language)
        await application.bot.set_my_commands(groups, BotCommandScopeAllGroupChats(), language)
        for admin in services.settings.admins:
            all_ = [BotCommand(*c) for c in commands(say, services, admin=True)]
            with contextlib.suppress(TelegramError):  # an admin who has never talked to the bot has no chat yet
                await application.bot.set_my_commands(all_, BotCommandScopeChat(admin), language)


async def start(talk: Talk) -> None:
    """/start, alone or by a link to an answer"""
    if talk.argument.startswith(keyboards.SHARED):
        await questions.shared(talk, talk.argument.removeprefix(keyboards.SHARED))
        return
    coverage = await asyncio.to_thread(talk.services.coverage)
    await talk.reply(replies.welcome(talk.say, coverage))


async def show_help(talk: Talk) -> None:
    """/help"""
    known = commands(talk.say, talk.services, talk.admin and talk.private)
    await talk.reply(replies.show_help(talk.say, known, talk.services.settings.retention_days))


async def latest(talk: Talk) -> None:
    """/latest [topic]"""
    await lists.show(talk, "latest", talk.argument)


async def timeline(talk: Talk) -> None:
    """/timeline [topic]"""
    await lists.show(talk, "timeline", talk.argument)


async def sources(talk: Talk) -> None:
    """/sources"""
    await lists.show(talk, "sources")


async def reset(talk: Talk) -> None:
    """/reset"""
    talk.services.chats.reset(talk.chat.id)
    await talk.reply(replies.remark(talk.say("A new conversation: your next question stands alone.")))


async def forget(talk: Talk) -> None:
    """/forget"""
    done = talk.services.chats.forget(talk.user_id)
    await talk.reply(replies.forgotten(done, talk.say))


async def language(talk: Talk) -> None:
    """/language"""
    await talk.reply(replies.remark(talk.say("Which language shall I speak?")), keyboards.languages())


async def unknown(talk: Talk) -> None:
    """A command nobody knows."""
    await talk.reply(replies.remark(talk.say("I do not know this command. /help shows those I know.")))


async def document(talk: Talk) -> None:
    """A file: from an admin, articles; from anyone else, something the bot cannot use."""
    if talk.admin and talk.services.settings.upload_mb:
        await keeper.document(talk)
    elif talk.text:
        await questions.question(talk)
    else:
        await not_text(talk)


async def not_text(talk: Talk) -> None:
    """A photo, a voice message, a sticker, a document: a friendly line, one for an album."""
    message, say = talk.message, talk.say
    parts: questions.Parts = talk.context.bot_data.setdefault("parts", questions.Parts())
    if message is None or parts.is_continued(message):
        return
    if message.voice or message.audio or message.video_note:
        line = say("I cannot listen yet, sorry. Please write your question.")
    elif message.photo or message.video or message.animation:
        line = say("I cannot look at pictures, sorry. Please write your question.")
    elif message.sticker:
        line = say("Nice! But I understand written questions only.")
    else:
        line = say("I read text only. Please write your question.")
    await talk.reply(replies.remark(line))


async def joined(talk: Talk) -> None:
    """The bot was put into a group: it says how it is asked there."""
    change = talk.update.my_chat_member
    away = (ChatMember.LEFT, ChatMember.BANNED)
    if change is None or talk.private or change.old_chat_member.status not in away:
        return
    if change.new_chat_member.status in (ChatMember.MEMBER, ChatMember.ADMINISTRATOR):
        await talk.reply(replies.remark(talk.say("Hello! Ask me about the Pakistan–US talks with /ask.")))


async def offered(update: Update, context: Context) -> None:
    """An inline query."""
    services = _services(context)
    services.metrics.updates.labels("inline").inc()
    await inline.offered(update, context, services)


async def failed(update: object, context: Context) -> None:
    """Note an error without what people wrote, and tell the person."""
    error, services = context.error, _services(context)
    if isinstance(error, HeldError):
        return
    if isinstance(error, Conflict):  # Telegram gives each update to one poller only, and retrying changes nothing
        context.application.bot_data[CONFLICT] = True
        services.stopping.set()
        return
    if isinstance(error, Forbidden):  # the person has blocked the bot, or the group has thrown it out
        log.info("a reply was not wanted: %s", error)
        return
    if isinstance(error, TelegramError):  # Telegram's own words, or the network's
        log.warning("%s: %s", "a reply failed" if update else "polling failed, trying again", error)
        services.metrics.troubles.labels("telegram").inc()
    elif isinstance(error, TalksError):  # one line, made by us
        services.trouble("conversations" if isinstance(error, ChatsError) else "library", str(error))
    elif error is not None:  # where it happened only: the message of an exception may hold what people wrote
        frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
        services.trouble("failure", f"an update failed with {type(error).__name__}\n{frames}")
    if isinstance(update, Update) and update.effective_chat and update.inline_query is None:
        talk = Talk(update, context, services)
        with contextlib.suppress(TelegramError, HeldError):
            await talk.reply(replies.remark(questions.sorry(talk.say)))


async def interrupted(update: Update, context: Context) -> None:
    """Tell someone whose answer was being sent when the bot broke off; once, and only if it can be told."""
    if update.effective_chat is None or not isinstance(update.effective_message, Message) or update.callback_query:
        return
    talk = Talk(update, context, _services(context))
    line = talk.say("I was interrupted while I answered this. If my answer is missing, please ask again.")
    with contextlib.suppress(TelegramError, HeldError):
        await talk.reply(replies.remark(line))


def _talking(handler: Handler) -> Callable[[Update, Context], Coroutine[Any, Any, None]]:
    """Wrap a handler: only those who may ask get through, and groups only where the bot answers in groups."""

    async def handle(update: Update, context: Context) -> None:
        services = _services(context)
        if update.effective_chat is None:  # a button of a message sent inline: there are none, so it was forged
            return
        talk = Talk(update, context, services)
        services.metrics.updates.labels(_kind(update)).inc()
        if not talk.private and services.settings.groups == "off":
            return
        if services.settings.may_ask(talk.user_id, talk.chat.id):
            await handler(talk)
        elif update.message and (talk.private or talk.text.startswith("/")):
            line = talk.say(
                "This bot is private. Its keeper can let you in; your number is {id}.", id=str(talk.user_id)
            )
            await talk.reply(replies.remark(line))

    return handle


def _for_admins(handler: Handler) -> Handler:
    async def handle(talk: Talk) -> None:
        if talk.admin:
            await handler(talk)
        elif talk.private:
            await unknown(talk)

    return handle


def _kind(update: Update) -> str:
    names = ("message", "edited_message", "callback_query", "my_chat_member")
    return next((name for name in names if getattr(update, name)), "other")


def _services(context: Context) -> Services:
    services: Services = context.bot_data[_SERVICES]
    return services

"""Questions and their answers: asked, edited, shared by a link."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from datetime import timedelta

from telegram import Message
from telegram.constants import MessageEntityType

from bot import keyboards, replies
from bot.chats import Kept
from bot.html import clean, units
from bot.quotas import Limit
from bot.services import Services
from bot.talk import Talk
from bot.tongues import Tongue, tongue
from qa.errors import DateError, LibraryEmptyError, QuestionError, TalksError
from qa.records import Answer, Citation

log = logging.getLogger(__name__)
LONGEST = 1000  # UTF-16 units of a question
_LATIN, _FOREIGN = re.compile("[a-zA-Z]{2}"), re.compile("[\u0600-\u06ff]{2}")  # letters of English, of Urdu
_ASK = re.compile(r"/ask(?:@\w+)?(?:\s|$)", re.IGNORECASE)
_PART = 4000  # an app cuts a longer text into messages of 4096
_TOGETHER = timedelta(seconds=2)  # the parts of a cut text, the pictures of an album


_CHATS = 1000  # in which such messages are remembered


class Parts:
    """Recognises the messages that an app made of one: a text that was too long, an album."""

    def __init__(self) -> None:
        self._last: dict[int, Message] = {}  # by chat: the last message that others may follow

    def is_continued(self, message: Message) -> bool:
        """Whether a message only continues the one before it."""
        last = self._last.get(message.chat.id)
        long = units(message.text or "") >= _PART
        continued = (
            last is not None
            and message.date - last.date <= _TOGETHER
            and (
                message.media_group_id == last.media_group_id
                if message.media_group_id or last.media_group_id
                else message.message_id == last.message_id + 1
            )
        )
        if len(self._last) > _CHATS:
            self._last.clear()
        if long or message.media_group_id or continued:
            self._last[message.chat.id] = message
        elif last is not None:
            del self._last[message.chat.id]
        return continued


def mention(message: Message, username: str) -> str | None:
    """Return the bot's @name as it stands in the message, or None."""
    for text in message.parse_entities([MessageEntityType.MENTION]).values():
        if text.lower() == f"@{username}".lower():
            return text
    return None


def asked(talk: Talk) -> str | None:
    """Return the question in a message, or None where, in a group, the bot is not meant."""
    message, text = talk.message, talk.text
    if message is None or text.startswith("/"):
        return talk.argument if _ASK.match(text) else None
    if talk.private:
        return text
    if talk.services.settings.groups != "mentions":
        return None
    named = mention(message, talk.bot.username)
    replied = message.reply_to_message and message.reply_to_message.from_user
    if named is None and not (replied and replied.id == talk.bot.id):
        return None
    return text.replace(named, " ") if named else text


async def question(talk: Talk) -> None:
    """A message that may be a question."""
    text = asked(talk)
    if text is None or talk.message is None:
        return
    parts: Parts = talk.context.bot_data.setdefault("parts", Parts())
    if parts.is_continued(talk.message):
        return
    if not text.strip():
        await talk.reply(
            replies.remark(
                talk.say("Write the question behind the command: {example}", example=f"/ask {replies.EXAMPLE}")
            )
        )
    else:
        await answer(talk, text)


async def edited(talk: Talk) -> None:
    """A message that was changed: its question is answered again, once, in the place of the first answer."""
    text = asked(talk)
    if text is None or talk.message is None or not text.strip():
        return
    before = talk.services.tried(
        lambda: talk.services.chats.answered(talk.chat.id, talk.message.message_id if talk.message else 0), None
    )
    if before is None or before.edited or before.answer.question == " ".join(text.split()):
        return
    await answer(talk, text, before)


async def answer(talk: Talk, text: str, before: Kept | None = None) -> None:
    """Ask the assistant off the event loop, keep the answer, and send it."""
    message, services, say = talk.message, talk.services, talk.say
    if message is None:
        return
    if units(text) > LONGEST:
        await talk.reply(
            replies.remark(say("This is too long for a question: {most} characters at most.", most=LONGEST))
        )
        return
    if _FOREIGN.search(text) and not _LATIN.search(text):
        await talk.reply(replies.remark(replies.english(tongue("ur"))))
        return
    limit = services.tried(lambda: services.quotas.spend(talk.user_id), None)
    if limit is not None:
        services.metrics.questions.labels("limited").inc()
        await talk.reply(replies.remark(limited(limit, say)))
        return
    began = time.perf_counter()
    async with talk.typing():
        found = await _ask(
            talk, text, services.tried(lambda: services.chats.history(talk.chat.id, message.message_id), ())
        )
    if found is None:
        return
    seconds = time.perf_counter() - began
    _note(services, found, seconds)
    version = await asyncio.to_thread(services.version)
    kept = services.tried(
        lambda: services.chats.remember(
            talk.chat.id, talk.user_id, message.message_id, found, version, seconds, before is not None
        ),
        None,
    )
    coverage = None if found.answered else await asyncio.to_thread(services.coverage)
    messages = replies.answer(found, say, coverage)
    keyboard = keyboards.answer(kept, talk.bot.username, say) if kept else None
    if (
        before
        and len(before.replies) == 1 == len(messages)
        and await talk.edit(before.replies[0], messages[0], keyboard)
    ):
        sent = list(before.replies)
    else:
        sent = await talk.reply(messages, keyboard)
    if kept:
        services.tried(lambda: services.chats.sent(kept.id, sent), None)


async def shared(talk: Talk, token: str) -> None:
    """Show the answer a link names: as it was, or asked again where a quote of it can no longer be shown in place."""
    say, services = talk.say, talk.services
    kept = services.tried(lambda: services.chats.shared(token), None)
    if kept is None:
        await talk.reply(
            replies.remark(say("This link leads to an answer that I no longer keep. Please ask the question."))
        )
        return
    found = await asyncio.to_thread(still_true, services, kept.answer)
    if found is None:
        await answer(talk, kept.answer.reading or kept.answer.question)
        return
    version = await asyncio.to_thread(services.version)
    message_id = talk.message.message_id if talk.message else 0
    own = services.tried(
        lambda: services.chats.remember(talk.chat.id, talk.user_id, message_id, found, version, 0.0), None
    )
    await talk.reply(replies.shared(found, say), keyboards.answer(own, talk.bot.username, say) if own else None)


def still_true(services: Services, found: Answer) -> Answer | None:
    """Return an answer whose every quote stands in its article, as it is or was, else None; called from a thread."""
    return found if all(_stands(services, c) for c in found.citations) else None


def limited(limit: Limit, say: Tongue) -> str:
    """Say why a question has to wait, and how long."""
    wait = duration(limit.seconds, say)
    if limit.whose == "everyone":
        return say(
            "So many people have asked today that I have reached my limit. Please try again in {time}.", time=wait
        )
    if limit.whose == "minute":
        return say.many(
            "One at a time, please: {count} question in a minute at most. The next in {time}.",
            "One at a time, please: {count} questions in a minute at most. The next in {time}.",
            limit.questions,
            time=wait,
        )
    return say.many(
        "You have asked {count} question in 24 hours, which is the limit. The next in {time}.",
        "You have asked {count} questions in 24 hours, which is the limit. The next in {time}.",
        limit.questions,
        time=wait,
    )


def duration(seconds: int, say: Tongue) -> str:
    """Return a time to wait in words."""
    if seconds < 90:
        return say.many("{count} second", "{count} seconds", seconds)
    if seconds < 5400:
        return say.many("{count} minute", "{count} minutes", round(seconds / 60))
    return say.many("{count} hour", "{count} hours", round(seconds / 3600))


async def _ask(talk: Talk, text: str, history: tuple[Answer, ...]) -> Answer | None:
    """Return the assistant's answer, or tell the person why there is none."""
    say, services = talk.say, talk.services
    try:
        return await asyncio.to_thread(services.assistant.ask, text, history)
    except (QuestionError, DateError) as error:
        services.metrics.questions.labels("unreadable").inc()
        await talk.reply(replies.remark(say("I cannot read this question: {reason}", reason=clean(str(error)))))
    except LibraryEmptyError as error:
        services.trouble("library", str(error))
        await talk.reply(replies.remark(replies.no_articles(say)))
    except TalksError as error:  # for whoever runs the bot, not for the person who asks
        services.trouble("library", str(error))
        services.metrics.questions.labels("failed").inc()
        await talk.reply(replies.remark(sorry(say)))
    return None


def sorry(say: Tongue) -> str:
    """Say that it is not the person's fault."""
    return say("Something went wrong on my side, and it has been noted. Please try again in a moment.")


def _note(services: Services, found: Answer, seconds: float) -> None:
    outcome = "answered" if found.answered else "refused"
    services.metrics.questions.labels(outcome).inc()
    services.metrics.seconds.observe(seconds)
    extra: dict[str, object] = {
        "outcome": outcome,
        "seconds": round(seconds, 3),
        "confidence": round(found.confidence, 3),
    }
    if services.settings.log_questions:
        extra["question"] = found.question
    asked_for = f": {clean(found.question)}" if services.settings.log_questions else ""
    log.info("question %s in %.2f s%s", outcome, seconds, asked_for, extra=extra)


def _stands(services: Services, citation: Citation) -> bool:
    try:
        article = services.quoted(citation)
    except TalksError:  # it is gone, or damaged
        return False
    return article.text[citation.start : citation.end] == citation.quote

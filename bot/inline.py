"""Inline mode: `@bot question` in any chat offers the cited answer, to be sent there."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib

from telegram import (
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
    LinkPreviewOptions,
    Update,
)
from telegram.constants import ParseMode
from telegram.error import BadRequest

from bot import replies
from bot.html import clean, one_line, units
from bot.questions import LONGEST
from bot.services import Services
from bot.talk import Context
from bot.tongues import Tongue, tongue
from qa.errors import TalksError
from qa.records import Answer, Citation

_STILL = 0.4  # seconds without another letter before a query counts as a question
_WORDS = 2  # fewer are no question yet
_CACHED = 60  # seconds Telegram may give the same results again
_DESCRIPTION = 200


async def offered(update: Update, context: Context, services: Services) -> None:
    """Answer the newest query of a person; those that a later letter overtook are dropped."""
    query = update.inline_query
    if query is None:
        return
    newest: dict[int, str] = context.bot_data.setdefault("newest", {})
    newest[query.from_user.id] = query.id
    chosen = services.tried(lambda: services.chats.language(query.from_user.id), "")
    say = tongue(chosen or query.from_user.language_code)
    text = query.query.strip()
    if not services.settings.may_ask(query.from_user.id, query.from_user.id) or len(text.split()) < _WORDS:
        del newest[query.from_user.id]
        hint = say("Write a question about the Pakistan–US talks")
        await _send(update, [], hint)
        return
    await asyncio.sleep(_STILL)
    if newest.get(query.from_user.id) != query.id:
        return
    del newest[query.from_user.id]
    if units(text) > LONGEST or services.tried(lambda: services.quotas.spend(query.from_user.id), None):
        await _send(update, [], say("Please ask again later"))
        return
    try:
        found = await asyncio.to_thread(services.assistant.ask, text)
    except TalksError:
        await _send(update, [], say("I cannot answer this now"))
        return
    services.metrics.questions.labels("inline").inc()
    await _send(update, results(found, say), "" if found.answered else say("The articles do not say – ask me here"))


def results(found: Answer, say: Tongue) -> list[InlineQueryResultArticle]:
    """Return the whole answer first, then each quote alone; nothing for a refusal."""
    if not found.answered:
        return []
    question = one_line(found.reading or found.question, _DESCRIPTION)
    whole = _result(
        "0", one_line(found.short or question), found, found.citations[0], replies.shared(found, say)[0], say
    )
    single = [
        _result(str(c.number), one_line(c.quote), found, c, replies.answer(_only(found, c), say)[0], say)
        for c in found.citations
    ]
    return [whole, *(single if len(found.citations) > 1 else [])]


def _only(found: Answer, citation: Citation) -> Answer:
    return Answer(found.question, True, None, citation.quote, found.confidence, (citation,))


def _result(
    name: str, title: str, found: Answer, citation: Citation, html: str, say: Tongue
) -> InlineQueryResultArticle:
    key = hashlib.sha256(f"{name}{found.question}{citation.quote}".encode("utf-8", "replace")).hexdigest()[:32]
    return InlineQueryResultArticle(
        id=key,
        title=title[:_DESCRIPTION],
        description=f"{clean(replies.origin(citation, say))} – {one_line(citation.quote, _DESCRIPTION)}",
        input_message_content=InputTextMessageContent(
            html, parse_mode=ParseMode.HTML, link_preview_options=LinkPreviewOptions(is_disabled=True)
        ),
    )


async def _send(update: Update, found: list[InlineQueryResultArticle], hint: str) -> None:
    query = update.inline_query
    if query is None:
        return
    button = InlineQueryResultsButton(hint, start_parameter="inline") if hint else None
    with contextlib.suppress(BadRequest):  # answered too late: the person went on typing
        await query.answer(found, cache_time=_CACHED if found else 0, is_personal=True, button=button)

"""What a pressed button does. Anyone can send any data: nothing outside the chat it names is shown."""

from __future__ import annotations

import asyncio
import contextlib

from telegram.error import BadRequest

from bot import keeper, keyboards, lists, replies
from bot.chats import Kept
from bot.talk import Talk
from bot.tongues import NAMES, tongue
from qa.errors import TalksError, UnknownArticleError


async def pressed(talk: Talk) -> None:
    """Do what the button says, and say a word where it cannot be done."""
    query = talk.update.callback_query
    if query is None:
        return
    found = keyboards.pressed(query.data)
    word = await _do(talk, *found) if found else _stale(talk)
    with contextlib.suppress(BadRequest):  # pressed long ago, while the bot was away
        await query.answer(word or None)


async def _do(talk: Talk, kind: str, name: str, number: int) -> str:
    """Return a word for the person, or nothing."""
    if kind == keyboards.LANGUAGE:
        return await _speak(talk, name)
    if not name.isdigit():
        return _stale(talk)
    if kind in (keyboards.PAGE, keyboards.REMOVE):
        return await _turn(talk, int(name), number, kind)
    services = talk.services
    kept = services.tried(lambda: services.chats.kept(int(name), talk.chat.id), None)
    if kept is None:
        return _stale(talk)
    if kind == keyboards.PASSAGE and number < len(kept.answer.citations):
        return await _passage(talk, kept, number)
    if kind == keyboards.OTHERS:
        return await _others(talk, kept)
    if kind in (keyboards.UP, keyboards.DOWN):
        return await _vote(talk, kept, kind == keyboards.UP)
    return _stale(talk)


async def _passage(talk: Talk, kept: Kept, number: int) -> str:
    citation = kept.answer.citations[number]
    try:
        article = await asyncio.to_thread(talk.services.quoted, citation)
    except UnknownArticleError:
        return talk.say("This article is no longer in the library.")
    await talk.reply(replies.passage(article, citation, talk.say))
    return ""


async def _others(talk: Talk, kept: Kept) -> str:
    question = kept.answer.reading or kept.answer.question
    try:
        hits = await asyncio.to_thread(talk.services.search, question, 4 * replies.OTHERS)
    except TalksError as error:
        talk.services.trouble("library", str(error))
        return talk.say("Something went wrong on my side, and it has been noted. Please try again in a moment.")
    known = {c.article_id for c in kept.answer.citations}
    nearest = {hit.article.id: hit for hit in reversed(hits) if hit.article.id not in known}
    await talk.reply(replies.others(list(reversed(nearest.values())), talk.say))
    return ""


async def _vote(talk: Talk, kept: Kept, up: bool) -> str:
    services = talk.services
    first = services.chats.vote(kept.id, talk.user_id, up)
    services.metrics.votes.labels("up" if up else "down").inc()
    if first and talk.message is not None:  # pressed twice, the buttons are gone already
        rest = keyboards.answer(kept, talk.bot.username, talk.say, votes=False)
        with contextlib.suppress(BadRequest):  # the message is deleted
            await talk.bot.edit_message_reply_markup(talk.chat.id, talk.message.message_id, reply_markup=rest)
    return talk.say("Thank you, noted.")


async def _turn(talk: Talk, list_id: int, number: int, kind: str) -> str:
    services, message = talk.services, talk.message
    listing = services.tried(lambda: services.chats.listing(list_id, talk.chat.id), None)
    if listing is None or message is None or (kind == keyboards.REMOVE) != (listing.kind == "remove"):
        return _stale(talk)
    if kind == keyboards.REMOVE:
        return await keeper.removed(talk, listing, bool(number))
    shown = await asyncio.to_thread(lists.page, services, listing, number, talk.say)
    if services.chats.turn(listing.id, shown.number):  # pressed twice, it already shows this page
        await talk.edit(message.message_id, shown.messages[0], shown.keyboard)
    return ""


async def _speak(talk: Talk, language: str) -> str:
    if language not in NAMES:
        return _stale(talk)
    talk.services.chats.speak(talk.user_id, language)
    say = tongue(language)
    return say("From now on I speak English.")


def _stale(talk: Talk) -> str:
    return talk.say("This button is out of date. Please ask again.")

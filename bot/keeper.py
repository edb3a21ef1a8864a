"""What only admins may do: see the statistics, add and remove articles."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable
from pathlib import Path

from telegram import Document
from telegram.error import TelegramError

from bot import keyboards, replies
from bot.chats import Listing
from bot.html import one_line
from bot.services import Progress, Services
from bot.talk import Talk
from qa.articles import SUFFIXES, kind_of
from qa.errors import TalksError
from qa.records import AddReport
from qa.sources import is_link

_PERIODS = (1, 7, 30)  # days
_EVERY = 2.0  # seconds between two changes of the progress shown
_DAY = 86_400.0


async def stats(talk: Talk) -> None:
    """/stats"""
    chats, now = talk.services.chats, time.time()
    periods = [(days, chats.statistics(now - days * _DAY)) for days in _PERIODS]
    coverage = await asyncio.to_thread(talk.services.coverage)
    await talk.reply(replies.statistics(periods, coverage, talk.say))


async def add(talk: Talk) -> None:
    """/add: with a link, the article at it goes into the library; alone it says how articles get there."""
    say, url = talk.say, talk.argument
    if not is_link(url):
        text = say(
            "Send me the article as a file ({kinds}) in a private chat, or write its link behind the command.",
            kinds=_kinds(),
        )
        await talk.reply(replies.remark(text))
    elif not talk.services.settings.upload_mb:
        await talk.reply(replies.remark(say("Articles are added on the machine itself only.")))
    else:
        (shown,) = await talk.reply(replies.remark(say("Fetching {name} …", name=one_line(url, 100))))
        await _tell(talk, shown, _added(talk, url, one_line(url, 100), shown))


async def document(talk: Talk) -> None:
    """A file from an admin: its articles go into the library."""
    say, sent = talk.say, talk.message.document if talk.message else None
    if sent is None:
        return
    name, most = one_line(sent.file_name or "", 100), talk.services.settings.upload_mb
    if not kind_of(name):
        await talk.reply(replies.remark(say("I read these kinds of files: {kinds}", kinds=_kinds())))
        return
    if (sent.file_size or 0) > most * 1_000_000:
        await talk.reply(replies.remark(say("This file is too large: {most} MB at most.", most=most)))
        return
    (shown,) = await talk.reply(replies.remark(say("Reading {name} …", name=name)))
    await _tell(talk, shown, _uploaded(talk, sent, name, shown))


async def remove(talk: Talk) -> None:
    """/remove ID: shows the article and asks again."""
    say, services = talk.say, talk.services
    if not talk.argument:
        await talk.reply(replies.remark(say("Write the article's id behind the command; the report of /add shows it.")))
        return
    try:
        article = await asyncio.to_thread(services.library.article, talk.argument)
    except TalksError:
        await talk.reply(replies.remark(say("No article has the id {id}.", id=one_line(talk.argument))))
        return
    listing = services.chats.open_list(talk.chat.id, talk.user_id, "remove", article.id)
    title = f"{one_line(article.title) or article.id} – {replies.origin(article, say)}"
    await talk.reply(replies.remark(say("Remove this article? {title}", title=title)), keyboards.removal(listing, say))


async def removed(talk: Talk, listing: Listing, sure: bool) -> str:
    """Remove the article that was asked about, if the admin is sure; return a word."""
    say, message = talk.say, talk.message
    if not talk.admin or message is None:
        return say("Only those who keep this bot may do that.")
    talk.services.chats.close_list(listing.id)
    text = say("The article stays.")
    if sure:
        try:
            await asyncio.to_thread(_remove, talk, listing.topic)
            text = say("Removed: {id}", id=listing.topic)
        except TalksError as error:
            text = one_line(str(error))
    await talk.edit(message.message_id, replies.remark(text)[0])
    return ""


async def _tell(talk: Talk, shown: int, work: Awaitable[AddReport]) -> None:
    """Put what became of articles in the place of a message."""
    say = talk.say
    try:
        report = await work
    except TalksError as error:  # the admin is the one to tell: the line says what to do
        messages = replies.remark(one_line(str(error)))
    except TelegramError as error:
        messages = replies.remark(say("The file could not be fetched: {reason}", reason=str(error)))
    else:
        messages = replies.report(report, say)
    if not await talk.edit(shown, messages[0]):
        await talk.reply(messages[:1])
    await talk.reply(messages[1:])


async def _uploaded(talk: Talk, sent: Document, name: str, shown: int) -> AddReport:
    """Take a file from Telegram and add what is in it."""
    folder = talk.services.settings.data / "uploads"
    path = folder / _safe(name)  # always the same place: the library knows a changed file by its path
    try:
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True, mode=0o700)
        await (await sent.get_file()).download_to_drive(path)
        return await _added(talk, path, name, shown)
    except OSError as error:
        raise TalksError(f"the file could not be written: {error.strerror}") from None
    finally:
        await asyncio.to_thread(path.unlink, missing_ok=True)


async def _added(talk: Talk, source: str | Path, name: str, shown: int) -> AddReport:
    """Add what is in a file or at a link, in a thread, showing how far it is."""
    progress: asyncio.Queue[tuple[int, int]] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def tell(stage: str, done: int, total: int) -> None:
        if stage == "adding":
            loop.call_soon_threadsafe(progress.put_nowait, (done, total))

    work = asyncio.create_task(asyncio.to_thread(_add, talk.services, source, tell))
    while not work.done():
        await asyncio.wait([work], timeout=_EVERY)
        if not work.done() and not progress.empty():
            while not progress.empty():
                done, total = progress.get_nowait()
            text = talk.say("Reading {name}: {done} of {total} articles", name=name, done=done, total=total)
            await talk.edit(shown, replies.remark(text)[0])
    return await work


def _add(services: Services, source: str | Path, progress: Progress) -> AddReport:
    from qa.fetching import Fetcher, Limits

    limits = Limits(size=services.settings.upload_mb * 1_000_000)
    with Fetcher(services.settings.allow_private, limits) as fetcher, services.writer() as library:
        return library.add([source], progress, fetcher)


def _remove(talk: Talk, article_id: str) -> None:
    with talk.services.writer() as library:
        library.remove(article_id)


def _safe(name: str) -> str:
    """A file name that leads nowhere else."""
    kind = kind_of(name)
    return (re.sub(r"[^\w-]+", "-", name[: len(name) - len(kind)])[:80] or "article") + kind


def _kinds() -> str:
    return ", ".join(SUFFIXES)

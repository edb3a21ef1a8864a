"""Lists with pages: the articles there are, the newest, what happened when."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from telegram import InlineKeyboardMarkup

from bot import keyboards, replies
from bot.chats import Listing
from bot.services import Services
from bot.talk import Talk
from bot.tongues import Tongue
from qa.records import Article, Hit

T = TypeVar("T")
_SIZES = {"sources": 10, "latest": 3, "timeline": 6}
_TOPIC = 200  # characters of a topic that are read
_FOUND = 40  # passages looked at for a topic
_NEAR = 0.5  # of the best score: an article under it is about something else


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list: its number, its messages, and the buttons to turn it."""

    number: int
    messages: list[str]
    keyboard: InlineKeyboardMarkup | None


async def show(talk: Talk, kind: str, topic: str = "") -> None:
    """Open a list at its first page."""
    topic = " ".join(topic.split())[:_TOPIC]
    topic = topic if any(c.isalnum() for c in topic) else ""
    services = talk.services
    listing = services.tried(lambda: services.chats.open_list(talk.chat.id, talk.user_id, kind, topic), None)
    shown = listing or Listing(0, talk.chat.id, kind, topic)
    async with talk.typing():
        first = await asyncio.to_thread(page, services, shown, 1, talk.say)
    await talk.reply(first.messages, first.keyboard if listing else None)


def page(services: Services, listing: Listing, number: int, say: Tongue) -> Page:
    """Return a page of a list, the nearest there is; called from a thread."""
    size = _SIZES[listing.kind]
    coverage = services.coverage()
    if not coverage.articles:
        return Page(1, replies.remark(replies.no_articles(say)), None)
    if listing.kind == "timeline":
        chosen, pages = _cut(services.timeline(listing.topic), number, size)
        messages = replies.timeline(chosen, listing.topic, pages, say)
    elif listing.topic:
        articles, pages = _cut(_about(services.search(listing.topic, _FOUND)), number, size)
        messages = replies.latest(articles, listing.topic, pages, say)
    else:
        pages = _bounded(number, coverage.articles, size)
        articles = services.library.articles((pages[0] - 1) * size, size)
        if listing.kind == "sources":
            messages = replies.sources(articles, coverage, pages, say)
        else:
            messages = replies.latest(articles, "", pages, say)
    return Page(pages[0], messages, keyboards.pages(listing, *pages))


def _about(hits: Sequence[Hit]) -> list[Article]:
    """The articles near a topic, newest first, each once."""
    best = max((hit.score for hit in hits), default=0.0)
    near = {hit.article.id: hit.article for hit in hits if hit.score >= _NEAR * best}
    return sorted(near.values(), key=lambda a: (a.published is not None, a.published or 0, a.id), reverse=True)


def _cut(items: Sequence[T], number: int, size: int) -> tuple[Sequence[T], tuple[int, int]]:
    pages = _bounded(number, len(items), size)
    return items[(pages[0] - 1) * size : pages[0] * size], pages


def _bounded(number: int, items: int, size: int) -> tuple[int, int]:
    """The page, moved to the last or first there is, and how many there are."""
    count = max(1, -(-items // size))
    return min(max(1, number), count), count

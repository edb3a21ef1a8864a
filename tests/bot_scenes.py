"""What the bot's tests share: services that answer at once, and a bot that polls the strict server."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from bot.app import build_application
from bot.chats import Chats
from bot.database import Database
from bot.inbox import Inbox
from bot.running import running
from bot.services import Progress, Services, Timeline
from bot.settings import Settings
from qa import sources
from qa.errors import LibraryEmptyError, LibraryError, QuestionError, UnknownArticleError
from qa.fetching import Fetcher
from qa.records import AddReport, Answer, Article, Citation, Hit, Passage, Rejection
from tests.telegram_server import TOKEN, TelegramServer

ADMIN = 1
QUOTE = "He said <no> & left the talks."
ARTICLE = Article(
    "a1",
    f"The general came on Monday. {QUOTE} Nobody said why.",
    "The title",
    "The outlet",
    date(2012, 1, 1),
    "https://example.org/a",
)
OTHER = Article("a2", "In Washington, Kayani spoke of Afghanistan.", "Another title", "Dawn", date(2013, 5, 2))
START = ARTICLE.text.index(QUOTE)
CITATION = Citation(
    1, "a1", "The title", "The outlet", date(2012, 1, 1), "https://example.org/a", START, START + len(QUOTE), QUOTE,
    version=ARTICLE.version,
)  # fmt: skip


class Echo:
    """An answerer whose short answer is the question: the wiring is under test here, not the answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str | Answer, ...]]] = []
        self.gate = threading.Event()
        self.gate.set()

    def ask(self, question: str, history: Sequence[str | Answer] = ()) -> Answer:
        question = " ".join(question.split())
        self.asked.append((question, tuple(history)))
        if question == "unreadable":
            raise QuestionError("the question has <too many> characters")
        if question == "empty":
            raise LibraryEmptyError("the library /srv/secret is empty")
        if question == "locked":
            raise LibraryError("cannot read /srv/secret")
        if question.startswith("break"):
            raise RuntimeError(f"a bug with {question}")
        if question.startswith("slow"):
            self.gate.wait(30)
        if question.startswith("refuse"):
            return Answer(question, False, None, "The articles in the library do not say.", 0.1, (CITATION,))
        return Answer(question, True, question, QUOTE, 0.9, (CITATION,))


class Shelf:
    """A library in memory that can be written to."""

    def __init__(self, articles: Sequence[Article] = (ARTICLE, OTHER)) -> None:
        self.held = {a.id: a for a in articles}
        self.earlier: list[Article] = []
        self.changes = 1

    def articles(self, offset: int = 0, limit: int = -1) -> list[Article]:
        newest = sorted(self.held.values(), key=lambda a: a.published or date.min, reverse=True)[offset:]
        return newest if limit < 0 else newest[:limit]

    def article(self, article_id: str, version: str = "") -> Article:
        for article in (*self.earlier, *self.held.values()):
            if article.id == article_id and version in ("", article.version):
                return article
        raise UnknownArticleError(article_id)

    def count(self) -> tuple[int, int]:
        return len(self.held), len(self.held)

    def span(self) -> tuple[date, date] | None:
        days = [a.published for a in self.held.values() if a.published]
        return (min(days), max(days)) if days else None

    def outlets(self) -> list[str]:
        return sorted({a.outlet for a in self.held.values()})

    def generation(self) -> int:
        return self.changes

    def search(self, question: str, k: int) -> list[Hit]:
        return [Hit(Passage(f"{a.id}#0", a.id, 0, 0, len(a.text), a.text), a, 1.0) for a in self.articles()][:k]

    def add(self, paths: Sequence[str | Path], progress: Progress, fetcher: Fetcher) -> AddReport:
        progress("adding", 1, 2)
        ((_, item),) = sources.read(paths, fetcher)
        if isinstance(item, Rejection):
            return AddReport(rejected=(item,))
        self.held[item.id] = item
        self.changes += 1
        return AddReport(added=(item.id,))

    def remove(self, *article_ids: str) -> None:
        for article_id in article_ids:
            del self.held[article_id]
        self.changes += 1


class Scene:
    """A bot against the strict server: what it works with, and the server."""

    def __init__(self, folder: Path | None = None, timeline: Timeline = lambda topic: (), **settings: Any) -> None:
        self.echo = Echo()
        self.shelf = Shelf()
        self.folder = folder
        self.timeline = timeline
        self.settings = {"admins": (ADMIN,), "questions_per_minute": 0, **settings}
        self.services: Services

    def made(self, api: str) -> Services:
        """Return the services; in a folder, the conversations outlive the bot."""
        if self.folder:
            self.settings["data"] = self.folder
        db = Database(self.folder / "chats.db" if self.folder else None)

        @contextmanager
        def writer() -> Iterator[Shelf]:
            yield self.shelf

        self.services = Services(
            self.echo,
            self.shelf,
            self.shelf.search,
            self.timeline,
            writer,
            Settings(api=api, **self.settings),
            Chats(db),
            Inbox(db, lambda error: self.services.trouble("conversations", str(error))),
        )
        self.db = db
        return self.services

    @asynccontextmanager
    async def bot(self, server: TelegramServer) -> AsyncIterator[None]:
        """Run the bot for as long as the block runs; no request may have been refused."""
        services = self.made(server.url)
        async with running(build_application(TOKEN, services), services, "webhook-secret", polling=1):
            try:
                yield
            finally:
                self.echo.gate.set()
        self.db.close()
        assert server.errors == []
        assert server.faults == []


Play = Callable[[TelegramServer, Scene], Awaitable[None]]


def perform(play: Play, folder: Path | None = None, timeline: Timeline = lambda topic: (), **settings: Any) -> Scene:
    """Play a scene with a bot of these settings."""
    scene = Scene(folder, timeline, **settings)

    async def run() -> None:
        async with TelegramServer() as server, scene.bot(server):
            await play(server, scene)

    asyncio.run(run())
    return scene

"""What handlers work with, and the few things they all do with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import qa
from bot.chats import Chats
from bot.coverage import Coverage, coverage
from bot.coverage import Shelf as CoveredShelf
from bot.database import ChatsError
from bot.inbox import Inbox
from bot.metrics import Metrics
from bot.notices import Notices
from bot.quotas import Quotas
from bot.settings import Settings
from qa.errors import UnknownArticleError
from qa.records import AddReport, Answer, Article, Citation, Event, Hit

if TYPE_CHECKING:
    from qa.fetching import Fetcher

log = logging.getLogger(__name__)
T = TypeVar("T")
Progress = Callable[[str, int, int], None]


class Answerer(Protocol):
    """What handlers need of an assistant; `ask` may take long and is called from a thread."""

    def ask(self, question: str, history: Sequence[str | Answer] = ()) -> Answer: ...


class Shelf(CoveredShelf, Protocol):
    """What handlers need of a library; called from a thread."""

    def generation(self) -> int: ...
    def article(self, article_id: str, version: str = "") -> Article: ...


class Writer(Protocol):
    """What handlers need to change a library; called from a thread."""

    def add(self, paths: Sequence[str | Path], progress: Progress, fetcher: Fetcher) -> AddReport: ...
    def remove(self, *article_ids: str) -> None: ...


Search = Callable[[str, int], Sequence[Hit]]  # a question, how many
Timeline = Callable[[str], Sequence[Event]]  # a topic, or nothing


@dataclass
class Services:
    """What handlers work with."""

    assistant: Answerer
    library: Shelf
    search: Search
    timeline: Timeline
    writer: Callable[[], AbstractContextManager[Writer]]
    settings: Settings = field(default_factory=Settings)
    chats: Chats = field(default_factory=Chats)
    inbox: Inbox = field(default_factory=Inbox)
    metrics: Metrics = field(default_factory=Metrics)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.quotas = Quotas(self.settings, self.chats)
        self.notices = Notices(self.settings.admins)
        self._covered: tuple[int, Coverage] | None = None

    def trouble(self, kind: str, line: str) -> None:
        """Log what went wrong, count it, and tell the admins."""
        log.error("%s: %s", kind, line)
        self.metrics.troubles.labels(kind).inc()
        self.notices.tell(kind, f"⚠ {kind}: {line}")

    def tried(self, work: Callable[[], T], otherwise: T) -> T:
        """Return what `work` returns, or, when the conversations cannot be read or written, something else."""
        try:
            return work()
        except ChatsError as error:
            self.trouble("conversations", str(error))
            return otherwise

    def version(self) -> str:
        """Return which program answers from which state of the library; called from a thread."""
        return f"{qa.__version__}/{self.library.generation()}"

    def quoted(self, citation: Citation) -> Article:
        """Return the article as it was when it was quoted or, where that is not kept, as it is; called from a thread.

        Raises UnknownArticleError where there is neither, LibraryDamagedError.
        """
        try:
            return self.library.article(citation.article_id, citation.version)
        except UnknownArticleError:
            return self.library.article(citation.article_id)

    def coverage(self) -> Coverage:
        """Return what the library covers, counted once a generation; called from a thread."""
        generation = self.library.generation()
        if self._covered is None or self._covered[0] != generation:
            self._covered = generation, coverage(self.library)
            self.metrics.articles.set(self._covered[1].articles)
            self.metrics.generation.set(generation)
        return self._covered[1]

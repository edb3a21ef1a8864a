"""The dated sentences of a library, in order of date: what happened, when, and who printed it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from qa.citing import cite
from qa.dates import EARLIEST, LATEST, Days, parse_since, parse_until
from qa.library import Library
from qa.passages import sentences
from qa.phrases import enclosing, key
from qa.records import Article, Event, Mention
from qa.retriever import EVERYTHING, Retriever, check_question

MOST = 500
_PASSAGES = 200  # read for one topic
_ROWS = 5_000  # expressions read at most
_LONGEST = 366  # days: a decade is no date
_NEAR = 14  # days: an expression that holds its own day of publication and is longer ("this year") dates nothing
_TOLD = re.compile(r"\b(?:said|says|told|added|reported|report|announced|according)\b(?:[ ,][\w’']+){0,4}[ ,]$")
_ALIKE = 0.7  # of the words of the shorter of two sentences, above which they tell the same


def timeline(
    source: Library | Retriever,
    topic: str = "",
    since: date | str | None = None,
    until: date | str | None = None,
    limit: int = 50,
) -> list[Event]:
    """Return at most `limit` dated events in order of date; each is one verbatim sentence, its words told once.

    With a topic, those of the passages that are most about it; without, those of the newest articles. `since` and
    `until` (as in `Retriever.search`) bound the days of the events. Raises QuestionError, DateError.
    """
    retriever = source if isinstance(source, Retriever) else Retriever(source)
    days = (
        (parse_since(since) if isinstance(since, str) else since) or EARLIEST,
        (parse_until(until) if isinstance(until, str) else until) or LATEST,
    )
    told: list[Event] = []
    for article, mention in _dated(retriever, check_question(topic) if topic.strip() else "", days):
        if len(told) >= min(limit, MOST):
            break
        event = _event(article, mention)
        if not any(_alike(event, other) for other in told):
            told.append(event)
    told.sort(key=lambda event: (event.first, event.last))
    return [replace(e, citation=replace(e.citation, number=n)) for n, e in enumerate(told, 1)]


def _dated(retriever: Retriever, topic: str, days: Days) -> Iterator[tuple[Article, Mention]]:
    """Yield the best expression of each sentence that dates something, with its article, the most wanted first."""
    library = retriever.library
    numbers = None
    if topic:
        if not library.count()[0]:
            return
        numbers = [number for number, _ in retriever.fused(topic, EVERYTHING, _PASSAGES)]
    found: dict[int, list[Mention]] = {}
    for number, mention in library.store.dated(days, numbers, _ROWS):
        found.setdefault(number, []).append(mention)
    wanted = _Wanted(retriever, topic)
    for number in numbers or list(found):
        row = library.rows([number]).get(number) if number in found else None
        if row and wanted.passage(f"{row[2].header}\n{row[1].text}"):
            article, bounds = row[2], sentences(row[1].text)
            best: dict[tuple[int, int], Mention] = {}
            for mention in found[number]:
                start, end = enclosing(bounds, mention.start - row[1].start, mention.end - row[1].start)
                if _dates(mention, article) and wanted.sentence(row[1].text[start:end]):
                    span = row[1].start + start, row[1].start + end
                    best[span] = min(mention, best.get(span, mention), key=lambda m: _vagueness(m, article))
            yield from ((article, mention) for mention in best.values())


class _Wanted:
    """Whether a passage and a sentence are about a topic: they hold its words, in any form."""

    def __init__(self, retriever: Retriever, topic: str) -> None:
        self._terms = retriever.library.snapshot().lexical.terms if topic else None
        self._topic = set(self._terms(topic)) if self._terms else set()

    def passage(self, text: str) -> bool:
        """Whether half of the topic's words stand in it."""
        return 2 * len(self._held(text)) >= len(self._topic)

    def sentence(self, text: str) -> bool:
        """Whether one of them does."""
        return not self._topic or bool(self._held(text))

    def _held(self, text: str) -> set[str]:
        return self._topic.intersection(self._terms(text)) if self._terms else set()


def _dates(mention: Mention, article: Article) -> bool:
    """Whether an expression is definite enough to date an event."""
    length = (mention.last - mention.first).days + 1
    around = article.published is not None and mention.first <= article.published <= mention.last
    return length <= (_NEAR if around else _LONGEST)


def _vagueness(mention: Mention, article: Article) -> tuple[bool, timedelta, int]:
    """Order expressions of one sentence: when it happened before when it was said, days before months."""
    told = _TOLD.search(article.text[max(0, mention.start - 60) : mention.start])
    return told is not None, mention.last - mention.first, mention.start


def _event(article: Article, mention: Mention) -> Event:
    start, end = enclosing(sentences(article.text), mention.start, mention.end)
    return Event(mention.first, mention.last, cite(0, article, start, end))


def _alike(one: Event, other: Event) -> bool:
    """Whether two sentences tell the same: of nearly the same days, in nearly the same words."""
    if one.first > other.last + timedelta(days=1) or other.first > one.last + timedelta(days=1):
        return False
    a, b = set(key(one.citation.quote).split()), set(key(other.citation.quote).split())
    return len(a & b) >= _ALIKE * min(len(a), len(b))

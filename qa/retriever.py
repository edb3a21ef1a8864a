"""Question → hits: BM25 and vectors side by side, fused by score."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from qa.asked import Asked
from qa.config import Config
from qa.cues import Cues
from qa.dates import Days, parse_since, parse_until
from qa.errors import LibraryEmptyError, QuestionError
from qa.records import Hit
from qa.stories import runs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qa.library import Library
    from qa.reader import Reader

MAX_QUESTION = 1000  # characters
CANDIDATES = 50  # passages taken from each side
CLAUSE_CANDIDATES = 10  # ... and for each clause of a long question
DATED_CANDIDATES = 20  # ... and of those that name a day asked about, or appeared then
# Weights in the fused score, chosen on every second MultiHop-RAG question (long ones) and on the questions
# about the training reports (short ones): docs/evaluation.md
LEXICAL_SHARE = 0.5  # the rest of 1 is the vectors'
CLAUSE = 1.5  # the best match of one clause
OUTLET = 0.2  # the passage's outlet is named in the question
PRINTED = 0.25  # it appeared in the days the question is about
NAMED = 0.25  # it names such a day
ORDER = 0.2  # it is the latest of those found, where the latest is wanted
RERANKED = 20  # hits the reader may put in another order
READER_SHARE = 0.2  # of a reranked hit's score
_TOLD = 0.8  # of a passage's runs of words that better passages of its story hold: it is left out


@dataclass(frozen=True)
class Filters:
    """What a hit's article must be: published in a span of days, in one of some outlets."""

    since: date | None = None
    until: date | None = None
    outlets: tuple[str, ...] | None = None

    def __bool__(self) -> bool:
        return bool(self.since or self.until or self.outlets is not None)

    def within(self, days: Days) -> Filters:
        """Return the filters with the days of publication bounded by these, too."""
        first, last = days
        return replace(self, since=max(first, self.since or first), until=min(last, self.until or last))


EVERYTHING = Filters()


class Retriever:
    """Finds the passages of a library that a question is about; safe to share by threads."""

    def __init__(
        self,
        library: Library,
        config: Config | None = None,
        reader: Reader | None = None,
        today: Callable[[], date] = date.today,
    ) -> None:
        self.library = library
        self._today = today
        self._config = config or Config()
        self._reader = reader
        self._lock = threading.Lock()

    def search(
        self,
        question: str,
        k: int = 5,
        since: date | str | None = None,
        until: date | str | None = None,
        outlet: str | None = None,
        rerank: bool = False,
    ) -> list[Hit]:
        """Return at most `k` hits, best first; scores lie between 0 and 1.

        `since` and `until` (dates, or "2012", "March 2012", "2012-03-29") bound the day of publication,
        both ends included; articles without a date fit neither. `outlet` matches names that contain it.
        `rerank` lets the reader have its say on the first hits, for some tenths of a second.
        Raises QuestionError, DateError, LibraryEmptyError.
        """
        question, k = check_question(question), max(k, 0)
        if self.library.empty():
            raise LibraryEmptyError(f"the library {self.library.path} is empty; add articles with: talks-qa add PATH")
        ranked = self.fused(question, self.filters(since, until, outlet), max(k, CANDIDATES))
        depth = max(k, RERANKED) if rerank else k
        rows = self.library.rows([number for number, _ in ranked[:depth]])
        hits = [Hit(rows[n][1], rows[n][2], score) for n, score in ranked[:depth] if n in rows]
        return (self._reranked(question, hits) if rerank else hits)[:k]

    def reader(self) -> Reader:
        """Return the reading model, loaded when first needed."""
        with self._lock:
            if self._reader is None:
                from qa.reader import Reader

                self._reader = Reader.load(self._config.reader)
            return self._reader

    def _reranked(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """Mix each hit's score with how well the reader can answer from it."""
        spans = self.reader().score([(question, hit.article.header, hit.passage.text) for hit in hits])
        mixed = [
            replace(hit, score=(1 - READER_SHARE) * hit.score + READER_SHARE * squash(span.score))
            for hit, span in zip(hits, spans, strict=True)
        ]
        return sorted(mixed, key=lambda hit: -hit.score)

    def filters(self, since: date | str | None, until: date | str | None, outlet: str | None) -> Filters:
        """Understand the filters as callers give them."""
        outlets = None
        if outlet:
            outlets = tuple(name for name in self.library.outlets() if outlet.casefold() in name.casefold())
        return Filters(
            parse_since(since) if isinstance(since, str) else since,
            parse_until(until) if isinstance(until, str) else until,
            outlets,
        )

    def lexical(self, question: str, k: int, filters: Filters = EVERYTHING) -> list[tuple[int, float]]:
        """Return (passage number, BM25 score) pairs, best first."""
        return self.library.snapshot().lexical.search(question, k, filters.since, filters.until, filters.outlets)

    def dense(self, vector: NDArray[np.float32], k: int, filters: Filters = EVERYTHING) -> list[tuple[int, float]]:
        """Return (passage number, cosine) pairs for a question's vector, best first."""
        only = self.library.store.matching(filters.since, filters.until, filters.outlets) if filters else None
        return self.library.nearest(vector, k, only)

    def fused(self, question: str, filters: Filters, k: int) -> list[tuple[int, float]]:
        """Return (passage number, score) pairs: a convex mix of both sides and of the question's cues, each 0-1.

        Reciprocal-rank fusion loses to BM25 alone here, because it forgets by how much a passage won. Each
        clause of a long question is also searched alone: a passage that answers one of them well is wanted
        more than one that touches all of them.
        """
        vector = self.library.encoder.encode_query(question)
        cues, asked = Cues.of(question, self.library.outlets()), self.asked(question)
        words = dict(self.lexical(question, k, filters))
        clauses = [dict(self.lexical(clause, CLAUSE_CANDIDATES, filters)) for clause in cues.clauses]
        near = dict(self.dense(vector, k, filters))
        then = self._of_the_time(question, vector, asked, filters)
        missing = list({n for found in (words, then, *clauses) for n in found} - near.keys())
        near.update((n, float(v @ vector)) for n, v in self.library.vectors(missing).items())
        words = {**then, **words}
        best_word = max(words.values(), default=0.0) or 1.0
        best_clause = [max(found.values(), default=0.0) or 1.0 for found in clauses]
        lexical = LEXICAL_SHARE if words else 0.0
        origins = self.library.origins(near) if cues.outlets or asked.spans or asked.order else {}
        naming = 0.0 if asked.reporting else NAMED
        named = self.naming(asked, list(near)) if naming else {}
        ages = sorted({day for _, day in origins.values() if day})
        whole = 1.0 + (CLAUSE if clauses else 0) + (OUTLET if cues.outlets else 0) + abs(asked.order) * ORDER
        whole += PRINTED + naming if asked.spans else 0
        scores: dict[int, float] = {}
        for n, cosine in near.items():
            score = lexical * words.get(n, 0.0) / best_word + (1 - lexical) * max(0.0, cosine)
            if clauses:
                score += CLAUSE * max(f.get(n, 0.0) / best for f, best in zip(clauses, best_clause, strict=True))
            if n in origins:
                outlet, day = origins[n]
                score += OUTLET * (outlet in cues.outlets) + PRINTED * asked.holds(day)
                if asked.order and day:
                    rank = (ages.index(day) + 1) / len(ages)
                    score += ORDER * (rank if asked.order > 0 else 1 - rank)
            scores[n] = (score + naming * named.get(n, 0.0)) / whole
        return self._told_once(sorted(scores.items(), key=lambda item: (-item[1], item[0])))[:k]

    def _told_once(self, ranked: list[tuple[int, float]]) -> list[tuple[int, float]]:
        """Leave out passages that better ones of other outlets' copies of the report already hold."""
        told_by = self.library.told_by(number for number, _ in ranked)
        tellers = Counter(story for story, _ in set(told_by.values()))
        rows = self.library.rows(number for number, (story, _) in told_by.items() if tellers[story] > 1)
        told: dict[int, set[str]] = {}
        again: set[int] = set()
        for number, _ in ranked:
            if number in rows:
                words, before = runs(rows[number][1].text), told.setdefault(told_by[number][0], set())
                if len(words & before) > _TOLD * len(words):
                    again.add(number)
                before |= words
        return [(number, score) for number, score in ranked if number not in again]

    def asked(self, question: str) -> Asked:
        """Return what a question says about time, counted from today or from the newest article."""
        return Asked.of(question, self._today(), self.library.span())

    def naming(self, asked: Asked, numbers: Sequence[int]) -> dict[int, float]:
        """Return how closely passages name the days asked about, 0-1; those that do not are left out."""
        found: dict[int, float] = {}
        for span in asked.spans:
            for n, share in self.library.store.naming(span, numbers).items():
                found[n] = max(share, found.get(n, 0.0))
        return found

    def _of_the_time(
        self, question: str, vector: NDArray[np.float32], asked: Asked, filters: Filters
    ) -> dict[int, float]:
        """Return passages, with their BM25 score, that name the days asked about or appeared in those days."""
        import numpy as np

        found: dict[int, float] = {}
        for span in asked.spans:
            found.update(self.lexical(question, DATED_CANDIDATES, filters.within(span)))
        named = {n for span in asked.short for n, share in self.library.store.naming(span).items() if share > 0.1}
        if filters:
            named &= set(self.library.store.matching(filters.since, filters.until, filters.outlets).tolist())
        only = np.fromiter(named, dtype=np.int64)
        for n, _ in self.library.nearest(vector, DATED_CANDIDATES, only):
            found.setdefault(n, 0.0)
        return found


def squash(score: float) -> float:
    """Bring a reader's score, logits of either sign, to 0-1."""
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, score / 4))))


def check_question(question: str) -> str:
    """Return the question in one line; raises QuestionError when it is empty or too long."""
    from qa.cleaning import normalise

    plain = " ".join(normalise(question).split()) if len(question) <= 10 * MAX_QUESTION else question
    if not any(c.isalnum() for c in plain):
        raise QuestionError("the question is empty; ask something like: What did Kayani refuse to give Mullen?")
    if len(plain) > MAX_QUESTION:
        raise QuestionError(f"the question has {len(plain)} characters; at most {MAX_QUESTION} can be read")
    return plain

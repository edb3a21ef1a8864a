"""Question, history → Answer: search, read, judge, quote; or an honest refusal."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from qa.asked import told
from qa.citing import cite
from qa.confidence import Calibration, Evidence, Wanted, held
from qa.config import Config
from qa.conversation import readings
from qa.errors import LibraryEmptyError, QuestionError
from qa.library import Library
from qa.passages import sentences
from qa.phrases import enclosing, same, tidy
from qa.reader import Reader
from qa.records import Answer, Article, Citation, Passage
from qa.retriever import EVERYTHING, Filters, Retriever, check_question

MAX_CITATIONS = 3
REFUSAL = "The articles in the library do not say."
_SPANS = 3  # candidates taken from each passage
_ALSO = 0.6  # of the best confidence: another source is shown beside the best one above this
_SEVERAL = re.compile(r"\b(?:two|three|four|five|all|both|list|names|issues|reasons|steps|things|points|every)\b", re.I)
_OTHER_TIME = 1.5  # log-odds lost by a passage that neither names the days asked about nor appeared then
_CHANGED = 1.5  # log-odds by which a less likely reading must be better answered than the likelier one


@dataclass(frozen=True)
class Candidate:
    """A possible answer: a clean phrase and the sentence round it, both spans of the article's text."""

    article: Article
    passage: Passage
    phrase: tuple[int, int]
    quote: tuple[int, int]
    evidence: Evidence
    confidence: float

    @property
    def short(self) -> str:
        """The phrase itself."""
        return self.article.text[slice(*self.phrase)]


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """A span as the reader gave it, tidied, before it is judged."""

    number: int
    passage: Passage
    article: Article
    phrase: tuple[int, int]
    score: float
    retrieval: float

    @property
    def short(self) -> str:
        return self.article.text[slice(*self.phrase)]


class Assistant:
    """Answers questions from a library, in the articles' own words; safe to share by threads."""

    def __init__(
        self,
        library: Library,
        config: Config | None = None,
        reader: Reader | None = None,
        today: Callable[[], date] = date.today,
    ) -> None:
        self.library = library
        self._config = config or Config()
        self._retriever = Retriever(library, self._config, reader, today)
        self._judge = Calibration.load()

    def warm(self) -> None:
        """Load models and indexes now, so that the first question does not wait for them."""
        self._retriever.reader()
        if self.library.count()[0]:
            self._retriever.search("warm")

    def ask(
        self,
        question: str,
        history: Sequence[str | Answer] = (),
        since: date | str | None = None,
        until: date | str | None = None,
        outlet: str | None = None,
    ) -> Answer:
        """Answer one question; `history` holds the earlier ones of the conversation, oldest first.

        The filters are those of `Retriever.search`. "Last week" in a question counts from today, or from the newest
        article where none is as new; `note` says which. An answer's quotes are verbatim; a refusal has
        `answered=False`. Raises QuestionError, DateError, LibraryEmptyError.
        """
        asked = check_question(question)
        history = [turn for turn in map(_turn, history) if turn]
        if self.library.count()[0] == 0:
            raise LibraryEmptyError(f"the library {self.library.path} is empty; add articles with: talks-qa add PATH")
        filters = self._retriever.filters(since, until, outlet)
        time = self._retriever.asked(asked)
        narrowed = filters.within(time.printed) if time.printed else filters
        answer = self._answer(asked, self.considered(asked, history, narrowed))
        if narrowed != filters and not answer.answered:
            wider = self._answer(asked, self.considered(time.bare or asked, history, filters))
            if wider.answered:
                return replace(wider, note=f"{time.note} No report of that time answers; another does.".strip())
        return replace(answer, note=time.note)

    def considered(
        self, question: str, history: Sequence[str | Answer] = (), filters: Filters = EVERYTHING
    ) -> list[Candidate]:
        """Return possible answers, the surest first, under the reading of the question that is answered best."""
        best: list[Candidate] = []
        for reading in readings(question, self._answered(history, filters)):
            found = self.candidates(reading.ask, filters, reading.search)
            if found and (not best or _odds(found[0]) > _odds(best[0]) + _CHANGED):
                best = found
            if best and best[0].confidence >= self._config.threshold:
                break
        return best

    def _answered(self, history: Sequence[str | Answer], filters: Filters) -> Sequence[str | Answer]:
        """Return the history with its last question answered, where only the question is known."""
        if not history or not isinstance(history[-1], str):
            return history
        return [*history[:-1], self._answer(history[-1], self.candidates(history[-1], filters))]

    def candidates(self, question: str, filters: Filters = EVERYTHING, search: str = "") -> list[Candidate]:
        """Return possible answers, the surest first; `search` holds other words to look passages up with."""
        ranked = self._retriever.fused(search or question, filters, self._config.passages)
        rows = self.library.rows([number for number, _ in ranked])
        kept = [(rows[number], score) for number, score in ranked if number in rows]
        if not kept:
            return []
        # The reader cannot know that "Wednesday" is the day asked about: where that is settled, the rest is asked.
        time = self._retriever.asked(question)
        named = self._retriever.naming(time, [number for (number, _, _), _ in kept])
        then = {n for (n, _, article), _ in kept if n in named or time.near(article.published)}
        asked = {n: time.bare if n in then and time.bare else question for (n, _, _), _ in kept}
        spans = self._retriever.reader().read(
            [(asked[n], article.header, p.text) for (n, p, article), _ in kept], best=_SPANS
        )
        lexical = self.library.snapshot().lexical
        wanted = {put: Wanted.of(put, lexical.terms, lexical.frequency, lexical.size) for put in set(asked.values())}
        raw: list[_Found] = []
        for ((number, passage, article), retrieval), best in zip(kept, spans, strict=True):
            for span in best:
                start, end = tidy(article.text, passage.start + span.start, passage.start + span.end)
                if start < end:
                    raw.append(_Found(number, passage, article, (start, end), span.score, retrieval))
        bounds = {article.id: sentences(article.text) for (_, _, article), _ in kept}
        around = {p.id: held(f"{article.header}\n{p.text}", lexical.terms) for (_, p, article), _ in kept}
        sums = {n: _log_sum([f.score for f in raw if f.number == n]) for n in {f.number for f in raw}}
        judged: list[Candidate] = []
        for found in raw:
            quote = enclosing(bounds[found.article.id], *found.phrase)
            rivals = (o.score for o in raw if o.number != found.number and not same(found.short, o.short))
            evidence = Evidence(
                passage=sums[found.number],
                part=found.score - sums[found.number],
                apart=sums[found.number] - max(rivals, default=-math.inf),
                retrieval=found.retrieval,
                terms=wanted[asked[found.number]].share(around[found.passage.id]),
            )
            sure = self._judge.confidence(evidence)
            if time.spans and found.number not in then:
                sure = _less(sure)
            judged.append(Candidate(found.article, found.passage, found.phrase, quote, evidence, sure))
        return sorted(judged, key=lambda c: -c.confidence)

    def _answer(self, question: str, found: Sequence[Candidate]) -> Answer:
        if not found or found[0].confidence < self._config.threshold:
            confidence = found[0].confidence if found else 0.0
            closest = _citations(_distinct(found))
            return Answer(question, False, None, REFUSAL, confidence, closest)
        best = found[0]
        floor = max(self._config.threshold, _ALSO * best.confidence)
        # Another article that says the same confirms; one that says otherwise must be seen beside it.
        # A second sentence of one article only adds when several facts were asked for.
        several = bool(_SEVERAL.search(question))
        chosen = [best] + [
            c
            for c in found[1:]
            if c.confidence >= floor and (several or c.article.id != best.article.id or same(c.short, best.short))
        ]
        citations = _citations(_distinct(chosen))
        text = "\n".join(f"{c.quote} [{c.number}]" for c in citations)
        short = best.short
        if self._retriever.asked(question).when:
            short = told(question, best.phrase, citations[0].mentions) or short
        return Answer(question, True, short, text, best.confidence, citations)


def _turn(turn: str | Answer) -> str | Answer | None:
    """Return an earlier turn as it can be used, None for a string that is no question: empty or far too long."""
    if not isinstance(turn, str):
        return turn
    try:
        return check_question(turn)
    except QuestionError:
        return None


def _log_sum(scores: Sequence[float]) -> float:
    top = max(scores)
    return top + math.log(sum(math.exp(score - top) for score in scores))


def _odds(candidate: Candidate) -> float:
    sure = min(max(candidate.confidence, 1e-9), 1 - 1e-9)
    return math.log(sure / (1 - sure))


def _less(confidence: float) -> float:
    """Return the confidence in a candidate of another time than the question is about."""
    return 1 / (1 + math.exp(_OTHER_TIME) * (1 - confidence) / max(confidence, 1e-9))


def _distinct(found: Sequence[Candidate]) -> list[Candidate]:
    """At most three candidates, no sentence quoted twice, in the same or in other words."""
    kept: list[Candidate] = []
    for candidate in found:
        text = candidate.article.text[slice(*candidate.quote)]
        if all(not same(text, other.article.text[slice(*other.quote)]) for other in kept):
            kept.append(candidate)
            if len(kept) == MAX_CITATIONS:
                break
    return kept


def _citations(chosen: Sequence[Candidate]) -> tuple[Citation, ...]:
    """Cite, numbered from 1."""
    return tuple(cite(number, c.article, *c.quote) for number, c in enumerate(chosen, 1))

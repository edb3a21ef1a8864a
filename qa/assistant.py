"""Question, history → Answer: search, read, judge, quote; or an honest refusal."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from qa.agreement import Said, contradict, dated
from qa.confidence import Calibration, Evidence, Wanted, held
from qa.config import Config
from qa.conversation import Reading, cased, following, leans
from qa.errors import LibraryEmptyError, QuestionError
from qa.library import Library
from qa.passages import sentences
from qa.phrases import enclosing, same, tidy
from qa.reader import Reader
from qa.records import Answer, Article, Citation, Passage
from qa.retriever import CANDIDATES, EVERYTHING, Filters, Retriever, check_question

MAX_CITATIONS = 3
REFUSAL = "The articles in the library do not say."
_SPANS = 3  # candidates taken from each passage
_ALSO = 0.6  # of the best confidence: another source is shown beside the best one above this
_SEVERAL = re.compile(r"\b(?:two|three|four|five|all|both|list|names|issues|reasons|steps|things|points|every)\b", re.I)
_UNDECIDED = 0.5  # a question that may follow on or not is read both ways
_CASED = 5  # passages that tell which of a question's words are names
_NEAR = 0.1  # added to a follow-up's search scores in the article cited last
_HERE = 1.5  # log-odds by which a follow-up's answer elsewhere must be better than one there
_OTHER_SUBJECT = 0.25  # share of the question's terms: a sentence that holds so many fewer answers another question
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

    @property
    def said(self) -> Said:
        """The phrase with its sentence and day, to be compared with others."""
        return Said(self.short, self.article.text[slice(*self.quote)], self.article.published)


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

    def __init__(self, library: Library, config: Config | None = None, reader: Reader | None = None) -> None:
        self.library = library
        self._config = config or Config()
        self._retriever = Retriever(library, self._config, reader)
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

        The filters are those of `Retriever.search`. An answer's quotes are verbatim; a refusal has
        `answered=False`. Raises QuestionError, DateError, LibraryEmptyError.
        """
        asked = check_question(question)
        history = [turn for turn in map(_turn, history) if turn]
        if self.library.count()[0] == 0:
            raise LibraryEmptyError(f"the library {self.library.path} is empty; add articles with: talks-qa add PATH")
        filters = self._retriever.filters(since, until, outlet)
        reading, found = self.considered(asked, history, filters)
        return replace(self._answer(asked, found), reading=reading.told)

    def considered(
        self, question: str, history: Sequence[str | Answer] = (), filters: Filters = EVERYTHING
    ) -> tuple[Reading, list[Candidate]]:
        """Return the reading of the question that is answered best and its possible answers, the surest first."""
        plain = Reading(question, question)
        if not history:
            return plain, self.candidates(plain, filters)
        leaning = self._leans(question, filters)
        margin = 0.0 if leaning == _UNDECIDED else _CHANGED
        best: tuple[Reading, list[Candidate]] = plain, []
        for follows in (True, False) if leaning else (False, True):
            reading = following(question, self._answered(history, filters)) if follows else plain
            found = self.candidates(reading, filters)
            if found and (not best[1] or _odds(found[0].confidence) > _odds(best[1][0].confidence) + margin):
                best = reading, found
            if margin and best[1] and best[1][0].confidence >= self._config.threshold:
                break
        return best

    def _leans(self, question: str, filters: Filters) -> float:
        """Return how much a question sounds as if it followed on another, names being names in lower case too."""
        if not leans(question):
            return 0.0
        ranked = self._retriever.fused(question, filters, _CASED)
        return leans(cased(question, (p.text for _, p, _ in self.library.rows(n for n, _ in ranked).values())))

    def _answered(self, history: Sequence[str | Answer], filters: Filters) -> Sequence[str | Answer]:
        """Return the history with its last question answered, where only the question is known."""
        *earlier, last = history
        if not isinstance(last, str):
            return history
        reading = following(last, earlier) if earlier and leans(last) == 1 else Reading(last, last)
        return [*earlier, replace(self._answer(last, self.candidates(reading, filters)), reading=reading.told)]

    def candidates(self, reading: Reading, filters: Filters = EVERYTHING) -> list[Candidate]:
        """Return possible answers under one reading of a question, the likeliest first."""
        question, ranked = reading.ask, self._ranked(reading, filters)
        rows = self.library.rows([number for number, _ in ranked])
        kept = [(rows[number], score) for number, score in ranked if number in rows]
        if not kept:
            return []
        spans = self._retriever.reader().read(
            [(question, article.header, p.text) for (_, p, article), _ in kept], best=_SPANS
        )
        lexical = self.library.snapshot().lexical
        wanted = Wanted.of(question, lexical.terms, lexical.frequency, lexical.size)
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
                terms=wanted.share(around[found.passage.id]),
            )
            sure = self._judge.confidence(evidence)
            judged.append(Candidate(found.article, found.passage, found.phrase, quote, evidence, sure))
        # Where the conversation is tells candidates apart; it makes no answer surer, or what the articles do not say
        # would be answered from them.
        return sorted(judged, key=lambda c: -_odds(c.confidence) - _HERE * (c.article.id in reading.near))

    def _ranked(self, reading: Reading, filters: Filters) -> list[tuple[int, float]]:
        """Return the passages to read with their scores, best first."""
        if not reading.near:
            return self._retriever.fused(reading.search, filters, self._config.passages)
        ranked = self._retriever.fused(reading.search, filters, CANDIDATES)
        told_by = self.library.told_by(number for number, _ in ranked)
        here = {number for number, (_, article_id) in told_by.items() if article_id in reading.near}
        ranked.sort(key=lambda item: -(item[1] + _NEAR * (item[0] in here)))
        return ranked[: self._config.passages]

    def _answer(self, question: str, found: Sequence[Candidate]) -> Answer:
        if not found or found[0].confidence < self._config.threshold:
            confidence = found[0].confidence if found else 0.0
            closest = self._citations(self._chosen([], found))
            return Answer(question, False, None, REFUSAL, confidence, closest)
        floor = max(self._config.threshold, _ALSO * found[0].confidence)
        sure = [c for c in found if c.confidence >= floor]
        best, rival = sure[0], self._rival(question, sure)
        if rival and not dated(question) and _newer(rival, best):
            best, rival = rival, best  # what is said last supersedes
        # Another article that says the same confirms; one that says otherwise must be seen beside it.
        # A second sentence of one article only adds when several facts were asked for.
        several = bool(_SEVERAL.search(question))
        others = [c for c in sure if several or c.article.id != best.article.id or same(c.short, best.short)]
        citations = self._citations(self._chosen([best, rival] if rival else [best], others))
        text = "\n".join(f"{c.quote} [{c.number}]" for c in citations)
        return Answer(question, True, best.short, text, best.confidence, citations, conflict=rival is not None)

    def _citations(self, chosen: Sequence[Candidate]) -> tuple[Citation, ...]:
        """Cite, numbered from 1. The store has checked each article against its hash, so a slice is verbatim."""
        return tuple(
            Citation(
                number,
                article.id,
                article.title,
                article.outlet,
                article.published,
                article.url,
                start,
                end,
                article.text[start:end],
                also=self._also(article),
            )
            for number, (article, (start, end)) in enumerate(((c.article, c.quote) for c in chosen), 1)
        )

    def _also(self, article: Article) -> tuple[str, ...]:
        """Return the other outlets that carry an article's report."""
        outlets = (outlet for _, outlet in self.library.copies(article.id))
        return tuple(dict.fromkeys(outlet for outlet in outlets if outlet and outlet != article.outlet))

    def _rival(self, question: str, sure: Sequence[Candidate]) -> Candidate | None:
        """Return the surest of the other articles' best candidates that contradicts the best of all."""
        firsts = {candidate.article.id: candidate for candidate in reversed(sure)}
        best = firsts.pop(sure[0].article.id)
        for other in sorted(firsts.values(), key=lambda c: -c.confidence):
            on_subject = other.evidence.terms >= best.evidence.terms - _OTHER_SUBJECT
            if on_subject and contradict(question, best.said, other.said):
                return other
        return None

    def _chosen(self, firsts: Sequence[Candidate], others: Sequence[Candidate]) -> list[Candidate]:
        """Return at most three candidates: the first ones, and others that do not only repeat."""
        kept = list(firsts)
        for candidate in others:
            if len(kept) < MAX_CITATIONS and not any(self._repeats(candidate, other) for other in kept):
                kept.append(candidate)
        return kept

    def _repeats(self, candidate: Candidate, other: Candidate) -> bool:
        """Whether a candidate quotes another's sentence, or a copy of the other's report that answers the same."""
        if same(candidate.said.quote, other.said.quote):
            return True
        copies = (article_id for article_id, _ in self.library.copies(candidate.article.id))
        return other.article.id in copies and same(candidate.short, other.short)


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


def _odds(confidence: float) -> float:
    sure = min(max(confidence, 1e-9), 1 - 1e-9)
    return math.log(sure / (1 - sure))


def _newer(one: Candidate, other: Candidate) -> bool:
    days = one.article.published, other.article.published
    return days[0] is not None and days[1] is not None and days[0] > days[1]

"""Question, history → Answer: search, read, judge, quote; or an honest refusal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date

from qa.asked import Asked
from qa.citing import dated
from qa.composing import Candidate, before, compose
from qa.confidence import Calibration, Evidence, Wanted, held
from qa.config import Config
from qa.conversation import Reading, cased, following, leans
from qa.errors import LibraryEmptyError, QuestionError
from qa.library import Library
from qa.offices import forms
from qa.passages import sentences
from qa.phrases import enclosing, named, same, tidy
from qa.reader import Reader, Span
from qa.records import Answer, Article, Passage
from qa.retriever import CANDIDATES, EVERYTHING, Filters, Retriever, check_question
from qa.store import Row

_SPANS = 3  # candidates taken from each passage
_AGAIN = 6  # of them all, those read again without most of their passage
_BEFORE, _AFTER = 250, 120  # characters round a sentence that is read again
_UNDECIDED = 0.5  # a question that may follow on or not is read both ways
_CASED = 5  # passages that tell which of a question's words are names
_NEAR = 0.1  # added to a follow-up's search scores in the article cited last
_HERE = 1.5  # log-odds by which a follow-up's answer elsewhere must be better than one there
_OTHER_TIME = 2.5  # log-odds lost by a passage that neither names the days asked about nor appeared then
_OTHER_HOLDER = 4.0  # ... where an office is asked about: who holds it in one year says little about another
_ON_SUBJECT = 0.7  # share of the question's terms in a passage whose answer may supersede another
_CHANGED = 1.5  # log-odds by which a less likely reading must be better answered than the likelier one


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

    def around(self, quote: tuple[int, int]) -> str:
        """Return a sentence of the passage with a little of what stands round it there."""
        start, end = max(self.passage.start, quote[0] - _BEFORE), min(self.passage.end, quote[1] + _AFTER)
        return self.article.text[start:end]


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
        if not self.library.empty():
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
        if self.library.empty():
            raise LibraryEmptyError(f"the library {self.library.path} is empty; add articles with: talks-qa add PATH")
        filters = self._retriever.filters(since, until, outlet)
        time = self._retriever.asked(asked)
        if time.printed:
            answer = self._told(asked, history, filters.within(time.printed))
            if answer.answered:
                return replace(answer, note=time.note)
            wider = self._told(time.bare or asked, history, filters)
            note = "No report of that time answers; another does." if wider.answered else ""
            return replace(wider, question=asked, note=f"{time.note} {note}".strip())
        return replace(self._told(asked, history, filters), note=time.note)

    def _told(self, question: str, history: Sequence[str | Answer], filters: Filters) -> Answer:
        """Return the answer to the reading of a question that is answered best."""
        reading, found = self.considered(question, history, filters)
        return replace(self._answer(question, found), reading=reading.told)

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
        ranked = self._ranked(reading, filters)
        rows = self.library.rows([number for number, _ in ranked])
        kept = [(rows[number], score) for number, score in ranked if number in rows]
        if not kept:
            return []
        # The reader cannot know that "Wednesday" is the day asked about: where that is settled, the rest is asked.
        time = self._retriever.asked(reading.ask)
        naming = (
            self._retriever.naming(time, [number for (number, _, _), _ in kept])
            if time.short and not time.office
            else {}
        )
        then = {n for (n, _, article), _ in kept if n in naming or time.near(article.published)}
        asked = {n: time.bare if n in then and time.bare else reading.ask for (n, _, _), _ in kept}
        read = self._read([row for row, _ in kept], asked)
        asked = {number: put for number, (put, _) in read.items()}
        raw: list[_Found] = []
        for (number, passage, article), retrieval in kept:
            for span in read[number][1]:
                start, end = tidy(article.text, passage.start + span.start, passage.start + span.end)
                if start < end:
                    raw.append(_Found(number, passage, article, (start, end), span.score, retrieval))
        raw.sort(key=lambda found: -found.score)
        chosen = raw[:_AGAIN]
        bounds = {found.article.id: sentences(found.article.text) for found in chosen}
        quotes = [enclosing(bounds[found.article.id], *found.phrase) for found in chosen]
        if time.office:
            chosen = [replace(found, phrase=named(found.article.text, *found.phrase)) for found in chosen]
        again = self._retriever.reader().read(
            [(asked[f.number], f.article.header, f.around(quote)) for f, quote in zip(chosen, quotes, strict=True)],
            best=_SPANS,
        )
        judged: list[Candidate] = []
        evidences = self._evidence(asked, raw, again, lambda found, other: _aside(found, other, time, then))
        for found, quote, evidence in zip(chosen, quotes, evidences, strict=True):
            named_here = time.spans and time.names(dated(found.article, *quote))
            elsewhere = bool(time.spans) and found.number not in then and not named_here
            loss = elsewhere * (_OTHER_HOLDER if time.office else _OTHER_TIME)
            sure = _probability(_odds(self._judge.confidence(evidence)) - loss)
            judged.append(Candidate(found.article, found.passage, found.phrase, quote, evidence, sure))
        # Where the conversation is tells candidates apart; it makes no answer surer, or what the articles do not say
        # would be answered from them.
        return sorted(judged, key=lambda c: -_odds(c.confidence) - _HERE * (c.article.id in reading.near))

    def _read(self, rows: Sequence[Row], asked: Mapping[int, str]) -> dict[int, tuple[str, Sequence[Span]]]:
        """Return by passage the form of its question that it answers best, and the spans found with that."""
        put = [(row, form) for row in rows for form in forms(asked[row[0]])]
        found = self._retriever.reader().read([(q, article.header, p.text) for (_, p, article), q in put], best=_SPANS)
        read: dict[int, tuple[str, Sequence[Span]]] = {}
        for ((number, _, _), form), spans in zip(put, found, strict=True):
            if number not in read or _log_sum([s.score for s in spans]) > _log_sum([s.score for s in read[number][1]]):
                read[number] = form, spans
        return read

    def _evidence(
        self,
        asked: Mapping[int, str],
        raw: Sequence[_Found],
        again: Sequence[Sequence[Span]],
        aside: Callable[[_Found, _Found], bool],
    ) -> Iterator[Evidence]:
        """Yield what there is to judge each of the first spans by, one for each item of `again`.

        `asked` holds the question put to each passage, `again` the spans found with little round each sentence;
        `aside` tells whether another span says nothing against one that answers.
        """
        lexical = self.library.snapshot().lexical
        wanted = {put: Wanted.of(put, lexical.terms, lexical.frequency, lexical.size) for put in set(asked.values())}
        sums = {n: _log_sum([f.score for f in raw if f.number == n]) for n in {f.number for f in raw}}
        for found, spans in zip(raw, again, strict=False):
            text = f"{found.article.header}\n{found.passage.text}"
            terms = wanted[asked[found.number]].share(held(text, lexical.terms))
            answers = found.score > 0 and terms >= _ON_SUBJECT
            others = (o for o in raw if o.number != found.number and not same(found.short, o.short))
            rivals = (other.score for other in others if not (answers and aside(found, other)))
            yield Evidence(
                passage=sums[found.number],
                part=found.score - sums[found.number],
                again=_log_sum([span.score for span in spans]),
                apart=sums[found.number] - max(rivals, default=-math.inf),
                retrieval=found.retrieval,
                terms=terms,
            )

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
        return compose(question, found, self._config.threshold, self.library, self._retriever.asked(question))


def _turn(turn: str | Answer) -> str | Answer | None:
    """Return an earlier turn as it can be used, None for a string that is no question: empty or far too long."""
    if not isinstance(turn, str):
        return turn
    try:
        return check_question(turn)
    except QuestionError:
        return None


def _aside(found: _Found, other: _Found, time: Asked, then: Set[int]) -> bool:
    """Whether another span is no rival, as it tells of another time than the one asked about, or of an earlier one."""
    if time.spans:
        return found.number in then and other.number not in then
    return time.current and before(other.article, found.article)


def _log_sum(scores: Sequence[float]) -> float:
    top = max(scores, default=-math.inf)
    if math.isinf(top):
        return top
    return top + math.log(sum(math.exp(score - top) for score in scores))


def _odds(confidence: float) -> float:
    sure = min(max(confidence, 1e-9), 1 - 1e-9)
    return math.log(sure / (1 - sure))


def _probability(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))

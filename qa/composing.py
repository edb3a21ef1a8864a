"""Possible answers to a question, judged → the answer that is shown: what is quoted, in which order, or a refusal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qa.agreement import Said, contradict
from qa.asked import Asked, told
from qa.citing import cite
from qa.confidence import Evidence
from qa.library import Library
from qa.phrases import same
from qa.records import Answer, Article, Citation, Passage

MAX_CITATIONS = 3
REFUSAL = "The articles in the library do not say."
_ALSO = 0.6  # of the best confidence: another source is shown beside the best one above this
_SEVERAL = re.compile(r"\b(?:two|three|four|five|all|both|list|names|issues|reasons|steps|things|points|every)\b", re.I)
_OTHER_SUBJECT = 0.25  # share of the question's terms: a sentence that holds so many fewer answers another question


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


def compose(question: str, found: Sequence[Candidate], threshold: float, library: Library, time: Asked) -> Answer:
    """Return the answer that candidates, the likeliest first, amount to; `time` is what the question says of it."""
    if not found or found[0].confidence < threshold:
        confidence = found[0].confidence if found else 0.0
        closest = _citations(_chosen([], found, library), library)
        return Answer(question, False, None, REFUSAL, confidence, closest)
    floor = threshold if time.current else max(threshold, _ALSO * found[0].confidence)
    sure = [c for c in found if c.confidence >= floor]
    best, rivals = sure[0], _rivals(question, sure)
    rival = rivals[0] if rivals else None
    if not time.spans and (latest := _latest(question, best, rivals)) is not best:
        best, rival = latest, best
    # Another article that says the same confirms; one that says otherwise must be seen beside it.
    # A second sentence of one article only adds when several facts were asked for.
    several = bool(_SEVERAL.search(question))
    others = [c for c in sure if several or c.article.id != best.article.id or same(c.short, best.short)]
    citations = _citations(_chosen([best, rival] if rival else [best], others, library), library)
    text = "\n".join(f"{c.quote} [{c.number}]" for c in citations)
    short = (time.when and told(question, best.phrase, citations[0].mentions)) or best.short
    return Answer(question, True, short, text, best.confidence, citations, conflict=rival is not None)


def _rivals(question: str, sure: Sequence[Candidate]) -> list[Candidate]:
    """Return those of the other articles' best candidates that contradict the best of all, the surest first."""
    firsts = {candidate.article.id: candidate for candidate in reversed(sure)}
    best = firsts.pop(sure[0].article.id)
    subject = best.evidence.terms - _OTHER_SUBJECT
    others = (c for c in firsts.values() if c.evidence.terms >= subject and contradict(question, best.said, c.said))
    return sorted(others, key=lambda c: -c.confidence)


def _latest(question: str, best: Candidate, rivals: Sequence[Candidate]) -> Candidate:
    """Return what was said last: the surest rival that contradicts from a later day, and so on from that."""
    for other in rivals:
        if before(best.article, other.article) and contradict(question, best.said, other.said):
            return _latest(question, other, rivals)
    return best


def before(one: Article, other: Article) -> bool:
    """Whether one article appeared before another, both days being known."""
    return one.published is not None and other.published is not None and one.published < other.published


def _chosen(firsts: Sequence[Candidate], others: Sequence[Candidate], library: Library) -> list[Candidate]:
    """Return at most three candidates: the first ones, and others that do not only repeat."""
    kept = list(firsts)
    for candidate in others:
        if len(kept) < MAX_CITATIONS and not any(_repeats(candidate, other, library) for other in kept):
            kept.append(candidate)
    return kept


def _repeats(candidate: Candidate, other: Candidate, library: Library) -> bool:
    """Whether a candidate quotes another's sentence, or a copy of the other's report that answers the same."""
    if same(candidate.said.quote, other.said.quote):
        return True
    copies = (article_id for article_id, _ in library.copies(candidate.article.id))
    return other.article.id in copies and same(candidate.short, other.short)


def _citations(chosen: Sequence[Candidate], library: Library) -> tuple[Citation, ...]:
    """Cite, numbered from 1."""
    return tuple(cite(number, c.article, *c.quote, _also(c.article, library)) for number, c in enumerate(chosen, 1))


def _also(article: Article, library: Library) -> tuple[str, ...]:
    """Return the other outlets that carry an article's report."""
    outlets = (outlet for _, outlet in library.copies(article.id))
    return tuple(dict.fromkeys(outlet for outlet in outlets if outlet and outlet != article.outlet))

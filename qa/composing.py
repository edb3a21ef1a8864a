"""Possible answers to a question, judged → the answer that is shown: what is quoted, in which order, or a refusal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qa.agreement import Said, contradict
from qa.asked import told
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


def compose(question: str, found: Sequence[Candidate], threshold: float, library: Library, when: bool) -> Answer:
    """Return the answer that candidates, the surest first, amount to; `when` says that a date is asked for."""
    if not found or found[0].confidence < threshold:
        confidence = found[0].confidence if found else 0.0
        closest = _citations(_confirming(_distinct(found), library), library)
        return Answer(question, False, None, REFUSAL, confidence, closest)
    floor = max(threshold, _ALSO * found[0].confidence)
    sure = [c for c in found if c.confidence >= floor]
    best, rival = _latest(sure[0], _rival(question, sure))
    # Another article that says the same confirms; one that says otherwise must be seen beside it.
    # A second sentence of one article only adds when several facts were asked for.
    several = bool(_SEVERAL.search(question))
    chosen = [best, *([rival] if rival else [])] + [
        c for c in sure if several or c.article.id != best.article.id or same(c.short, best.short)
    ]
    citations = _citations(_confirming(_distinct(chosen), library), library)
    text = "\n".join(f"{c.quote} [{c.number}]" for c in citations)
    short = best.short
    if when:
        short = told(question, best.phrase, citations[0].mentions) or short
    return Answer(question, True, short, text, best.confidence, citations, conflict=rival is not None)


def _rival(question: str, sure: Sequence[Candidate]) -> Candidate | None:
    """Return the surest candidate of another article that contradicts the best one."""
    best = sure[0]
    for other in sure[1:]:
        elsewhere = other.article.id != best.article.id
        on_subject = other.evidence.terms >= best.evidence.terms - _OTHER_SUBJECT
        if elsewhere and on_subject and contradict(question, best.said, other.said):
            return other
    return None


def _latest(best: Candidate, rival: Candidate | None) -> tuple[Candidate, Candidate | None]:
    """Put the newer of two that contradict each other first: what is said last supersedes."""
    if rival and best.article.published and rival.article.published:
        return (rival, best) if rival.article.published > best.article.published else (best, rival)
    return best, rival


def _distinct(found: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates in order, no sentence quoted twice, in the same or in other words."""
    kept: list[Candidate] = []
    for candidate in found:
        text = candidate.article.text[slice(*candidate.quote)]
        if all(not same(text, other.article.text[slice(*other.quote)]) for other in kept):
            kept.append(candidate)
    return kept


def _confirming(chosen: Sequence[Candidate], library: Library) -> list[Candidate]:
    """Leave out what only repeats: copies of a report that say what a better candidate says."""
    kept: list[Candidate] = []
    for candidate in chosen:
        copies = {article_id for article_id, _ in library.copies(candidate.article.id)}
        if not any(other.article.id in copies and same(candidate.short, other.short) for other in kept):
            kept.append(candidate)
    return kept[:MAX_CITATIONS]


def _citations(chosen: Sequence[Candidate], library: Library) -> tuple[Citation, ...]:
    """Cite, numbered from 1."""
    return tuple(cite(number, c.article, *c.quote, _also(c.article, library)) for number, c in enumerate(chosen, 1))


def _also(article: Article, library: Library) -> tuple[str, ...]:
    """Return the other outlets that carry an article's report."""
    outlets = (outlet for _, outlet in library.copies(article.id))
    return tuple(dict.fromkeys(outlet for outlet in outlets if outlet and outlet != article.outlet))

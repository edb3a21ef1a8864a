"""Reports with questions → rows: each question with the passage that answers it and with some that only look it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from qa.conversation import in_context
from qa.lexical import LexicalIndex
from qa.passages import sentences
from qa.records import Article, Passage
from qa.training.reports import Question, Report
from qa.training.rows import Row

_WHOLE = 0.25  # share of questions read with the whole report
_ROOM = (350, 1100)  # characters of the passages a report is split into otherwise
_ASIDE = 0.35  # share of questions also read with another passage of their report
_ELSEWHERE = 0.25  # ... and with a passage of another report, that search ranks high
_NEIGHBOURS = 6
_SHORT_KNOWN = 0.6  # share of follow-ups that come with the answer to the question before
_CHATTER = 0.15  # share of other questions that come with an earlier question they do not need
_TYPO = 0.06


class ReportRows:
    """Draws rows from reports; each pass splits them anew."""

    def __init__(self, reports: Sequence[Report], rng: random.Random) -> None:
        self.reports = reports
        self.random = rng
        index = LexicalIndex.fresh(None)
        rows = []
        for number, report in enumerate(reports):
            article = Article(str(number), report.text, report.title, report.outlet, report.published)
            rows.append((number, Passage(str(number), str(number), 0, 0, len(report.text), report.text), article))
        index.update([], rows, "training")
        self.neighbours = {
            (number, q.text): [n for n, _ in index.search(_alone(q), _NEIGHBOURS + 1) if n != number]
            for number, report in enumerate(reports)
            for q in report.questions
        }

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows of one pass, in the reports' order."""
        for number, report in enumerate(self.reports):
            for i, question in enumerate(report.questions):
                asked = self._asked(report, question, report.questions[:i])
                yield self._row(report, asked, question.answer)
                if self.random.random() < _ASIDE and question.answer:
                    parts = self._split(report.text)
                    aside = [p for p in parts if p[1] <= question.answer[0] or p[0] >= question.answer[1]]
                    if aside:
                        yield self._passage(report, asked, self.random.choice(aside), None)
                near = self.neighbours[number, question.text]
                if self.random.random() < _ELSEWHERE and near:
                    yield self._row(self.reports[self.random.choice(near)], asked, None)

    def _asked(self, report: Report, question: Question, earlier: Sequence[Question]) -> str:
        """Return the question as it is read: after those it follows on, sometimes after one it does not need."""
        rng = self.random
        text = typo(question.text, rng) if rng.random() < _TYPO else question.text
        turns = list(question.before)
        if not turns and earlier and rng.random() < _CHATTER:
            about = report if rng.random() < 0.7 else rng.choice(self.reports)
            turns = [rng.choice(earlier if about is report else about.questions)]
            report = about
        known = rng.random() < _SHORT_KNOWN
        told = [(t.text, report.text[slice(*t.answer)] if t.answer and known else "") for t in turns]
        return in_context(text, told)

    def _row(self, report: Report, asked: str, answer: tuple[int, int] | None) -> Row:
        whole = (0, len(report.text))
        if self.random.random() < _WHOLE:
            return self._passage(report, asked, whole, answer)
        parts = self._split(report.text)
        if answer is None:
            return self._passage(report, asked, self.random.choice(parts), None)
        held = [p for p in parts if p[0] <= answer[0] and answer[1] <= p[1]]
        return self._passage(report, asked, held[0] if held else whole, answer)

    def _passage(self, report: Report, asked: str, part: tuple[int, int], answer: tuple[int, int] | None) -> Row:
        start, end = part
        spans = ((answer[0] - start, answer[1] - start),) if answer else ()
        return Row(asked, report.text[start:end], spans, report.title, report.outlet, report.published)

    def _split(self, text: str) -> list[tuple[int, int]]:
        """Split a text between sentences, from a random beginning."""
        room = self.random.randint(*_ROOM)
        first = self.random.randint(room // 3, room)
        parts: list[tuple[int, int]] = []
        for start, end in sentences(text):
            if parts and end - parts[-1][0] <= (first if len(parts) == 1 else room):
                parts[-1] = (parts[-1][0], end)
            else:
                parts.append((start, end))
        return parts


def typo(text: str, rng: random.Random) -> str:
    """Swap two neighbouring letters inside a word."""
    places = [i for i in range(1, len(text) - 2) if text[i : i + 2].isalpha() and text[i - 1].isalpha()]
    if not places:
        return text
    i = rng.choice(places)
    return text[:i] + text[i + 1] + text[i] + text[i + 2 :]


def _alone(question: Question) -> str:
    return " ".join([*(q.text for q in question.before), question.text])

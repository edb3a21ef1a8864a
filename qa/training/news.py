"""Questions of ours about real news → rows: each with the passage that answers and with those that search ranks high.

`news.jsonl` holds the questions; the articles are MultiHop-RAG's dated news and White House briefings, from the
folder of public data. What stands beside a right passage at run time are the other passages that search finds, so
those are what the reader must learn to refuse.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from qa.lexical import LexicalIndex
from qa.metrics import contains
from qa.passages import sentences, split
from qa.phrases import enclosing
from qa.records import Article, Passage
from qa.training.corpora import multihop, whitehouse
from qa.training.near import typo
from qa.training.rows import Row

QUESTIONS = Path(__file__).parent / "news.jsonl"
_FOUND = 10  # passages that search finds for a question, as at run time
_NEAR = 0.25  # share of answers read with little round their sentence, as answers are read again
_BEFORE, _AFTER = 250, 120
_WRONG = 0.8  # wrong passages read beside each right one
_TYPO = 0.06


@dataclass(frozen=True)
class Asked:
    """A question with its right passages (none: nothing answers it) and wrong ones, best first."""

    text: str
    right: tuple[tuple[Passage, tuple[int, int]], ...]  # with the span of the article's text that answers
    wrong: tuple[Passage, ...]


class NewsRows:
    """Draws rows from questions about articles; each pass draws other wrong passages."""

    def __init__(self, data: Path, count: Callable[[str], int], rng: random.Random, path: Path = QUESTIONS) -> None:
        self.random = rng
        questions = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        about = {q["about"] for q in questions}
        self.articles = {article.id: article for article in articles(data) if article.id in about}
        passages = [p for article in self.articles.values() for p in split(article, count)]
        index = LexicalIndex.fresh(None)
        index.update([], ((n, p, self.articles[p.article_id]) for n, p in enumerate(passages)), "training")
        self.asked = [self._asked(q, index, passages) for q in questions]

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows of one pass, in the questions' order."""
        for asked in self.asked:
            text = typo(asked.text, self.random) if self.random.random() < _TYPO else asked.text
            if asked.right:
                passage, answer = self.random.choice(asked.right)
                yield self._row(text, self._around(passage, answer), answer)
            if asked.wrong and (not asked.right or self.random.random() < _WRONG):
                # The better a passage fits the words of the question, the likelier it is to be taken for an answer.
                place = min(self.random.randrange(len(asked.wrong)), self.random.randrange(len(asked.wrong)))
                yield self._row(text, asked.wrong[place], None)

    def _asked(self, question: Mapping[str, Any], index: LexicalIndex, passages: list[Passage]) -> Asked:
        found = [passages[n] for n, _ in index.search(question["question"], _FOUND)]
        answer = place(self.articles[question["about"]].text, question)
        mine = [p for p in passages if p.article_id == question["about"]]
        right = tuple((p, answer) for p in mine if answer and p.start <= answer[0] and answer[1] <= p.end)
        wrong = [p for p in found if not any(contains(p.text, phrase) for phrase in question["answers"])]
        return Asked(question["question"], right, tuple(wrong))

    def _around(self, passage: Passage, answer: tuple[int, int]) -> Passage:
        """Return a passage, or sometimes the sentence of the answer with little of what stands round it."""
        if self.random.random() >= _NEAR:
            return passage
        text = self.articles[passage.article_id].text
        start, end = enclosing(sentences(text), *answer)
        start, end = max(passage.start, start - _BEFORE), min(passage.end, end + _AFTER)
        return Passage(passage.id, passage.article_id, passage.number, start, end, text[start:end])

    def _row(self, question: str, passage: Passage, answer: tuple[int, int] | None) -> Row:
        article = self.articles[passage.article_id]
        spans = ((answer[0] - passage.start, answer[1] - passage.start),) if answer else ()
        return Row(question, passage.text, spans, article.title, article.outlet, article.published)


def place(text: str, question: Mapping[str, Any]) -> tuple[int, int] | None:
    """Find the first answer of a question where its sentence starts; None where there is no answer."""
    if not question["answers"]:
        return None
    phrase = question["answers"][0]
    begin = text.index(phrase, text.index(question["start"]))
    return begin, begin + len(phrase)


def articles(data: Path) -> Iterator[Article]:
    """Yield the articles of both corpora."""
    for row in itertools.chain(multihop(data), whitehouse(data)):
        published = date.fromisoformat(row["published"])
        yield Article(row["id"], row["text"], row["title"], row["outlet"], published)

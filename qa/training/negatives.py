"""Near-miss questions: an answerable row changed so that its passage no longer answers.

Mined negatives are mostly about something else and too easy. What people really ask is close: the
right people with the wrong name, year or verb, or a report that stops short of the fact.
"""

from __future__ import annotations

import random
import re

_NAME = re.compile(r"(?<![.!?\"“] )(?<!^)\b[A-Z][\w'’-]+(?: (?:(?:of|de|al|bin|van|der) )?[A-Z][\w'’-]+)*")
_NUMBER = re.compile(r"\b\d[\d,.]*\d\b|\b\d+\b")
_OPPOSITES = [
    ("before", "after"), ("first", "last"), ("most", "least"), ("more", "less"), ("largest", "smallest"),
    ("highest", "lowest"), ("oldest", "youngest"), ("earliest", "latest"), ("increase", "decrease"),
    ("accept", "reject"), ("agree", "refuse"), ("support", "oppose"), ("begin", "end"), ("start", "stop"),
    ("win", "lose"), ("won", "lost"), ("open", "close"), ("opened", "closed"), ("arrive", "leave"),
    ("north", "south"), ("east", "west"), ("buy", "sell"), ("rise", "fall"), ("allow", "forbid"),
    ("allowed", "banned"), ("praise", "criticize"), ("born", "die"), ("maximum", "minimum"),
    ("above", "below"), ("can", "cannot"), ("include", "exclude"), ("join", "leave"), ("gain", "lose"),
    ("best", "worst"), ("never", "always"), ("appointed", "dismissed"), ("confirm", "deny"),
    ("public", "private"), ("major", "minor"), ("same", "different"), ("early", "late"), ("help", "harm"),
]  # fmt: skip
_OPPOSITE = dict(_OPPOSITES) | {b: a for a, b in _OPPOSITES}
_NOT_NAMES = {"Who", "What", "When", "Where", "Which", "Why", "How", "In", "The", "Did", "I", "On", "According"}
_FAR = 120  # characters between a name taken from the same passage and the answer


class Negatives:
    """Makes near-miss rows, with names drawn from a pool of contexts."""

    def __init__(self, contexts: list[str], rng: random.Random) -> None:
        self.random = rng
        sample = rng.sample(contexts, min(len(contexts), 6000))
        self.names = sorted({n for c in sample for n in _names(c)})

    def make(self, question: str, context: str, answers: tuple[tuple[int, int], ...]) -> tuple[str, str] | None:
        """Return a changed (question, context) that the context does not answer, or None."""
        ways = [self._shorten, self._rename, self._renumber, self._reverse]
        order = self.random.choices(ways, weights=[4, 4, 2, 2], k=3)
        for way in order:
            if changed := way(question, context, answers):
                return changed
        return None

    def _shorten(self, question: str, context: str, answers: tuple[tuple[int, int], ...]) -> tuple[str, str] | None:
        """Take the sentences that hold the answer out of the passage."""
        wanted = [context[s:e].lower() for s, e in answers]
        sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z\"“])", context)
        rest = [s for s in sentences if not any(w in s.lower() for w in wanted)]
        if len(rest) < 2 or len(rest) == len(sentences):
            return None
        return question, " ".join(rest)

    def _rename(self, question: str, context: str, answers: tuple[tuple[int, int], ...]) -> tuple[str, str] | None:
        """Ask about someone or something else, from the same passage or from another."""
        inside = [m.group() for m in _NAME.finditer(question) if m.group() not in _NOT_NAMES]
        inside = [n for n in inside if n.lower() in context.lower()]
        if not inside:
            return None
        old = self.random.choice(inside)
        length = len(old.split())
        if self.random.random() < 0.5:
            pool = [
                m.group()
                for m in _NAME.finditer(context)
                if all(m.end() < s - _FAR or m.start() > e + _FAR for s, e in answers)
            ]
        else:
            pool = self.random.sample(self.names, min(40, len(self.names)))
        answer_words = {w for s, e in answers for w in context[s:e].lower().split()}
        pool = [
            n
            for n in pool
            if abs(len(n.split()) - length) <= 1
            and not set(n.lower().split()) & (set(question.lower().split()) | answer_words)
        ]
        if not pool:
            return None
        return question.replace(old, self.random.choice(pool)), context

    def _renumber(self, question: str, context: str, answers: tuple[tuple[int, int], ...]) -> tuple[str, str] | None:
        """Ask about another year or another number."""
        found = [m.group() for m in _NUMBER.finditer(question) if m.group() in context]
        if not found:
            return None
        old = self.random.choice(found)
        digits = old.replace(",", "").replace(".", "")
        step = self.random.choice((1, 2, 3, 5, 10))
        new = str(max(1, int(digits) + self.random.choice((-1, 1)) * step))
        if new in context or new == digits:
            return None
        return question.replace(old, new), context

    def _reverse(self, question: str, context: str, answers: tuple[tuple[int, int], ...]) -> tuple[str, str] | None:
        """Ask the opposite."""
        words = question.split()
        places = [i for i, w in enumerate(words) if w.lower() in _OPPOSITE]
        if not places:
            return None
        place = self.random.choice(places)
        words[place] = _OPPOSITE[words[place].lower()]
        return " ".join(words), context


def _names(text: str) -> list[str]:
    return [m.group() for m in _NAME.finditer(text) if m.group() not in _NOT_NAMES]

"""How sure an answer is: one number between 0 and 1, from the reader, the search and the words.

A logistic regression over a few named features, fitted by `qa/training/calibrate.py` on questions
that are neither test questions nor training rows. The weights are a JSON file beside the reader.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import fuzz

SHIPPED = Path(__file__).parent / "models" / "reader" / "confidence.json"
_SAME = 80  # of 100: two spellings of one name (Kayani, Kiyani: 83)
_LONG_NAME = re.compile(r"\b(?!The\b)[A-Z][a-z]+(?:[\s-][A-Z][a-z]+){1,4}")
_QUESTION_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "at",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "how",
        "if",
        "in",
        "is",
        "it",
        "of",
        "on",
        "or",
        "should",
        "tell",
        "that",
        "the",
        "their",
        "there",
        "this",
        "to",
        "was",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "with",
        "would",
        "i",
        "me",
        "mr",
        "mrs",
        "ms",
        "dr",
    ]
)

Analyze = Callable[[str], list[str]]
Frequency = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is to judge a candidate answer by; every field is a feature, under its name."""

    passage: float  # log-sum of the passage's spans, in logits less those of no answer: whether it answers at all
    part: float  # the span's logits less that sum, at most 0: whether it is this span
    again: float  # log-sum of the spans found where the sentence is read again with little round it
    apart: float  # the passage's sum less the best span of another passage that says something else
    retrieval: float  # fused score of the passage, 0-1
    terms: float  # share of the question's terms the passage or its header holds, by rarity

    def features(self) -> dict[str, float]:
        """Return the features as the regression takes them: bounded, so that none can outvote the rest."""
        return {
            "passage": max(-12.0, min(12.0, self.passage)),
            "part": max(-6.0, min(0.0, self.part)),
            "again": max(-12.0, min(12.0, self.again)),
            "apart": max(0.0, min(8.0, self.apart)),
            "retrieval": self.retrieval,
            "terms": self.terms,
        }


@dataclass(frozen=True)
class Calibration:
    """Weights of the regression; `confidence` is the probability that a candidate answers rightly."""

    bias: float
    weights: Mapping[str, float]

    @classmethod
    def load(cls, path: Path = SHIPPED) -> Calibration:
        """Read the fit stored beside the reader."""
        stored = json.loads(path.read_text(encoding="utf-8"))
        return cls(float(stored["bias"]), {name: float(w) for name, w in stored["weights"].items()})

    def confidence(self, evidence: Evidence) -> float:
        """Return a number between 0 and 1."""
        total = self.bias + sum(self.weights[name] * value for name, value in evidence.features().items())
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


@dataclass(frozen=True)
class Wanted:
    """The words of a question that evidence should hold."""

    terms: Mapping[str, float]  # index term → rarity, positive
    short_forms: Mapping[str, str]  # index term → acronym of the name it is part of

    @classmethod
    def of(cls, question: str, analyze: Analyze, frequency: Frequency, size: int) -> Wanted:
        """Take a question apart; `analyze` gives index terms, `frequency` how many passages hold one."""
        terms = {
            t: math.log1p((size + 1) / (frequency(t) + 0.5)) for t in analyze(question) if t not in _QUESTION_WORDS
        }
        short_forms = {t: short for name, short in acronyms(question).items() for t in analyze(name)}
        return cls(terms, short_forms)

    def share(self, held: Iterable[str]) -> float:
        """Return the share of the terms that `held` (see the function) covers, weighted by rarity."""
        total = sum(self.terms.values())
        have = frozenset(held)
        return sum(w for term, w in self.terms.items() if self._covered(have, term)) / total if total else 1.0

    def _covered(self, held: frozenset[str], term: str) -> bool:
        return covers(held, term) or self.short_forms.get(term, " ") in held


def held(text: str, analyze: Analyze) -> frozenset[str]:
    """Return the index terms of a text, and the acronyms of its names ("United States" also holds "us")."""
    return frozenset(analyze(text)) | frozenset(acronyms(text).values())


def acronyms(text: str) -> dict[str, str]:
    """Return the names of several words in a text with their initials, in lower case."""
    return {name: "".join(w[0] for w in re.split(r"[\s-]+", name)).lower() for name in _LONG_NAME.findall(text)}


def covers(held: frozenset[str], term: str) -> bool:
    """Whether a term stands among others, one slip of spelling allowed in words (never in numbers)."""
    if term in held:
        return True
    if len(term) < 5 or not term.isalpha():
        return False
    return any(abs(len(other) - len(term)) <= 2 and fuzz.ratio(term, other) >= _SAME for other in held)

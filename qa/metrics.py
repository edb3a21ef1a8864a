"""Scores, and how they print, as pure functions; this module knows neither files nor models.

Confidences lie in 0-1 unless a docstring says otherwise, shares are fractions, and a score that does not
exist (an AUROC without negatives) is None, never NaN.
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# News print curly quotes and dashes that ASCII punctuation does not cover; a long dash parts two words.
_TYPOGRAPHY = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": " ", "…": " "})
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise(text: str) -> str:
    """Return text as SQuAD compares it: lower case, no ASCII punctuation, no a/an/the, single spaces."""
    plain = text.lower().translate(_NO_PUNCTUATION)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", plain).split())


def exact_match(prediction: str, answers: Sequence[str]) -> float:
    """Return 1.0 when the prediction equals an answer after normalising; no answers: when it is empty."""
    return max(float(normalise(prediction) == gold) for gold in _golds(answers))


def f1(prediction: str, answers: Sequence[str]) -> float:
    """Return the best F1 of shared words over the answers; no answers: 1.0 for an empty prediction."""
    return max(_f1(normalise(prediction).split(), gold.split()) for gold in _golds(answers))


def contains(text: str, phrase: str) -> bool:
    """Return whether the phrase's words stand together in text, after normalising both."""
    words = normalise(phrase.translate(_TYPOGRAPHY))
    return bool(words) and f" {words} " in f" {normalise(text.translate(_TYPOGRAPHY))} "


def auroc(positives: Sequence[float], negatives: Sequence[float]) -> float | None:
    """Return the chance that a positive scores above a negative (ties count half); any scale of scores."""
    if not positives or not negatives:
        return None
    ordered = np.sort(np.asarray(negatives, dtype=float))
    scores = np.asarray(positives, dtype=float)
    below = np.searchsorted(ordered, scores, side="left")
    not_above = np.searchsorted(ordered, scores, side="right")
    return float((below + not_above).mean() / (2 * len(ordered)))


@dataclass(frozen=True, slots=True)
class Bin:
    """The questions of one band of confidence: mean confidence, share correct, how many."""

    confidence: float
    accuracy: float
    count: int


def reliability(confidences: Sequence[float], correct: Sequence[bool], bins: int = 10) -> list[Bin]:
    """Return the bands of equal width that are not empty, lowest first; 1.0 belongs to the last band."""
    scores, truth = _paired(confidences, correct)
    band = np.minimum((scores * bins).astype(int), bins - 1)
    members = [band == number for number in range(bins)]
    return [Bin(float(scores[m].mean()), float(truth[m].mean()), int(m.sum())) for m in members if m.any()]


def ece(confidences: Sequence[float], correct: Sequence[bool], bins: int = 10) -> float | None:
    """Return the expected calibration error: the gap between confidence and accuracy, weighted by band."""
    if not confidences:
        return None
    filled = reliability(confidences, correct, bins)
    return sum(b.count * abs(b.confidence - b.accuracy) for b in filled) / len(confidences)


def risk_coverage(
    confidences: Sequence[float], correct: Sequence[bool]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coverage k/n and the share of errors among the k surest answers, for k = 1..n.

    Answers of equal confidence share their errors evenly, so the order of the input does not matter.
    """
    scores, truth = _paired(confidences, correct)
    if not len(scores):
        return scores, truth
    _, group = np.unique(-scores, return_inverse=True)
    error_share = np.bincount(group, weights=1 - truth) / np.bincount(group)
    taken = np.arange(1, len(scores) + 1)
    return taken / len(scores), np.cumsum(error_share[np.sort(group)]) / taken


def aurc(confidences: Sequence[float], correct: Sequence[bool]) -> float | None:
    """Return the area under the risk-coverage curve: the mean risk over all coverages; lower is better."""
    _, risk = risk_coverage(confidences, correct)
    return float(risk.mean()) if len(risk) else None


def accuracy_at_coverage(confidences: Sequence[float], correct: Sequence[bool], coverage: float) -> float | None:
    """Return the share correct among the surest `coverage` (0-1) of the answers, rounded up to a whole one."""
    _, risk = risk_coverage(confidences, correct)
    if not len(risk):
        return None
    # 0.8 * 10 must be 8: without the rounding, floating point makes the ceiling 9 for some products.
    taken = max(1, math.ceil(round(coverage * len(risk), 9)))
    return float(1 - risk[taken - 1])


def bootstrap_interval(values: Sequence[float], samples: int = 1000, seed: int = 0) -> tuple[float, float] | None:
    """Return the 95% percentile interval of the mean over resamples with replacement; the seed fixes it."""
    if not values or samples < 1:
        return None
    array = np.asarray(values, dtype=float)
    generator = np.random.default_rng(seed)
    # One resample at a time: a matrix of samples x values would be gigabytes on a large file.
    means = [array[generator.integers(0, len(array), len(array))].mean() for _ in range(samples)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class SpanResult:
    """A reader's best span for one question, whether or not it would be shown, with its answerability."""

    prediction: str
    answers: tuple[str, ...]
    score: float


def squad_scores(results: Sequence[SpanResult], threshold: float) -> dict[str, Any]:
    """Return SQuAD 2.0's scores when spans scoring at least the threshold are given as answers.

    `*_at_best` are the official scores under the threshold that is best for each; `spans_*` rate the spans
    of answerable questions with refusing switched off. Shares are fractions of 1.
    """
    has_answer = np.array([bool(r.answers) for r in results], dtype=bool)
    score = np.array([r.score for r in results], dtype=float)
    given = score >= threshold
    report: dict[str, Any] = {
        "questions": len(results),
        "answerable": int(has_answer.sum()),
        "auroc": auroc(score[has_answer].tolist(), score[~has_answer].tolist()),
        "threshold": threshold,
        "no_answer_accuracy": _mean(~given[~has_answer]),
    }
    for name, measure in (("em", exact_match), ("f1", f1)):
        span = np.array([measure(r.prediction, r.answers) for r in results], dtype=float)
        earned = np.where(given, span, ~has_answer)
        report[name] = _mean(earned)
        report[f"answerable_{name}"] = _mean(earned[has_answer])
        report[f"spans_{name}"] = _mean(span[has_answer])
        report[f"{name}_at_best"], report[f"threshold_best_{name}"] = _best(score, span, ~has_answer)
    return report


def squad_table(report: Mapping[str, Any]) -> str:
    """Return the report of `squad_scores` as plain text, in percent."""
    rows = [["", "EM", "F1"]]
    for label, em, f1 in (
        (f"at threshold {report['threshold']:g}", "em", "f1"),
        ("at the best threshold", "em_at_best", "f1_at_best"),
        ("answerable, at threshold", "answerable_em", "answerable_f1"),
        ("answerable, nothing refused", "spans_em", "spans_f1"),
    ):
        rows.append([label, percent(report[em]), percent(report[f1])])
    return "\n".join(
        [
            f"{report['questions']} questions, {report['answerable']} answerable",
            *align(rows),
            f"no-answer accuracy {percent(report['no_answer_accuracy'])}, AUROC {number(report['auroc'])}, "
            f"best threshold {number(report['threshold_best_f1'])} for F1",
        ]
    )


def share(flags: Sequence[bool], samples: int = 1000) -> dict[str, Any]:
    """Return how many flags are set, of how many, as a share, and that share's 95% bootstrap interval."""
    low, high = bootstrap_interval(flags, samples) or (None, None)
    return {
        "count": sum(flags),
        "of": len(flags),
        "share": sum(flags) / len(flags) if flags else None,
        "low": low,
        "high": high,
    }


def share_text(value: Mapping[str, Any]) -> str:
    """Return a `share` as text: `18 of 20 90.0%, 95% interval 75.0% to 100.0%`."""
    interval = f", 95% interval {percent(value['low'])} to {percent(value['high'])}" if value["low"] is not None else ""
    return f"{value['count']} of {value['of']} {percent(value['share'])}".rstrip() + interval


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines: the first column to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]).rstrip()
        for row in rows
    ]


def percent(share: float | None) -> str:
    """Return a share as text in percent; nothing for a share that does not exist."""
    return "" if share is None else f"{share:.1%}"


def number(value: float | None) -> str:
    """Return a score as text with three decimals; a dash for one that does not exist."""
    return "-" if value is None else f"{value:.3f}"


def _best(
    score: NDArray[np.float64], span: NDArray[np.float64], no_answer: NDArray[np.bool_]
) -> tuple[float | None, float | None]:
    """Return the best mean score over all thresholds, and that threshold; (None, None) without questions."""
    if not len(score):
        return None, None
    order = np.argsort(-score, kind="stable")
    gains = np.cumsum((span - no_answer)[order])
    # A threshold cannot part equal scores.
    last_of_tie = np.append(score[order][1:] != score[order][:-1], True)
    gains = np.where(last_of_tie, gains, -np.inf)
    best = int(np.argmax(gains))
    if gains[best] <= 0:
        return _mean(no_answer), float(np.nextafter(score.max(), np.inf))
    return float((no_answer.sum() + gains[best]) / len(score)), float(score[order][best])


def _golds(answers: Sequence[str]) -> list[str]:
    return [gold for gold in map(normalise, answers) if gold] or [""]


def _f1(predicted: Sequence[str], gold: Sequence[str]) -> float:
    if not predicted or not gold:
        return float(predicted == gold)
    shared = sum((Counter(predicted) & Counter(gold)).values())
    return 2 * shared / (len(predicted) + len(gold))


def _paired(confidences: Sequence[float], correct: Sequence[bool]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if len(confidences) != len(correct):
        raise ValueError(f"{len(confidences)} confidences for {len(correct)} judgements")
    return np.asarray(confidences, dtype=float), np.asarray(correct, dtype=float)


def _mean(values: NDArray[np.float64] | NDArray[np.bool_]) -> float | None:
    return float(values.mean()) if len(values) else None

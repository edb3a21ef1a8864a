"""Fit the confidence of answers: `python -m qa.training.calibrate --data FOLDER --work FOLDER`.

Asks the questions of `calibration.jsonl` over their own articles (White House briefings and dated
news) and those of the reports kept out of training over all of these together, labels every candidate
answer right or wrong, and fits two logistic regressions: one over candidates, which ranks them, and
one over the winners, which makes the number a probability. Both together are one linear form. Figures
are cross-validated over articles.
"""

from __future__ import annotations

import argparse
import json
import random
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.assistant import Assistant
from qa.composing import Candidate
from qa.confidence import SHIPPED
from qa.config import Config
from qa.conversation import Reading, following
from qa.library import Library
from qa.metrics import auroc, contains, ece
from qa.phrases import same
from qa.records import Answer
from qa.training.corpora import identity, multihop, whitehouse
from qa.training.reports import HELD_BACK, REPORTS, Report, read

QUESTIONS = Path(__file__).parent / "calibration.jsonl"
_DISTRACTORS = 40  # articles beside those the questions are about
_FOLDS = 5
_REAL = 5  # how much a question about real news weighs against one about a made-up report, of which there are more


def held_back() -> Iterator[tuple[str, Report]]:
    """Yield (id, report) of the reports that no training saw."""
    for path in sorted(REPORTS.glob(f"{HELD_BACK}*.txt")):
        for number, report in enumerate(read(path)):
            yield f"{path.stem}-{number:02}", report


def questions() -> list[dict[str, Any]]:
    """Return all questions to calibrate by, as `calibration.jsonl` has them."""
    found = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    for key, report in held_back():
        for number, q in enumerate(report.questions):
            row: dict[str, Any] = {
                "id": f"{key}-{number:02}",
                "corpus": "reports",
                "article": key,
                "about": key,
                "question": q.text,
            }
            row["history"] = [earlier.text for earlier in q.before]
            if q.answer:
                row |= {"answers": [report.text[slice(*q.answer)]], "span": q.answer}
            found.append(row)
    return found


def articles(data: Path, corpus: str) -> Iterator[dict[str, Any]]:
    """Yield the articles of a corpus as `Library.add` takes them."""
    if corpus == "reports":
        for key, report in held_back():
            row = {"id": key, "title": report.title, "outlet": report.outlet, "text": report.text}
            yield {**row, "published": report.published.isoformat()}
        return
    yield from (whitehouse if corpus == "whitehouse" else multihop)(data)


def library(data: Path, work: Path, corpus: str, questions: list[dict[str, Any]]) -> Library:
    """Open the library of a corpus, made when it is new: the articles asked about and some others."""
    opened = Library.open(work / corpus)
    if opened.count() == (0, 0):
        about = {identity(q["about"]) for q in questions}
        rows = list(articles(data, corpus))
        chosen = [r for r in rows if r["id"] in about] + [r for r in rows if r["id"] not in about][:_DISTRACTORS]
        path = work / f"{corpus}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in chosen), encoding="utf-8")
        opened.add([path], lambda stage, done, total: print(f"{corpus}: {done}/{total}", flush=True))
    return opened


def is_right(candidate: Candidate, question: dict[str, Any]) -> bool:
    """Whether a candidate answers: its phrase or its sentence, in the right article, says an accepted one."""
    quote = candidate.article.text[slice(*candidate.quote)]
    there = candidate.article.id == identity(question["article"] or "")
    if there and (span := question.get("span")):
        inside = min(span[1], candidate.quote[1]) - max(span[0], candidate.quote[0])
        return bool(inside >= (span[1] - span[0]) / 2)
    return any(
        contains(quote, phrase) and (there or same(candidate.short, phrase)) for phrase in question.get("answers") or []
    )


def collect(assistants: dict[str, Assistant], questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ask every question; return features and labels of its candidates."""
    rows = []
    for i, question in enumerate(questions):
        found = _candidates(assistants[question["corpus"]], question["question"], question.get("history", []))
        rows.append(
            {
                "id": question["id"],
                "article": question["article"] or question["about"],
                "weight": 1 if question["corpus"] == "reports" else _REAL,
                "answerable": bool(question.get("answers")),
                "features": [c.evidence.features() for c in found],
                "right": [is_right(c, question) for c in found],
            }
        )
        if i % 20 == 19:
            print(f"asked {i + 1}/{len(questions)}", flush=True)
    return rows


def _candidates(assistant: Assistant, question: str, history: list[str]) -> list[Candidate]:
    """Return the possible answers to a question, a follow-up being read in its context."""
    if not history:
        return assistant.candidates(Reading(question, question))
    told: list[str | Answer] = [*history[:-1], assistant.ask(history[-1], history[:-1])]
    return assistant.candidates(following(question, told))


def fit(rows: list[dict[str, Any]], names: list[str]) -> tuple[NDArray[np.float64], float]:
    """Return (weights, bias) of the combined form."""
    from sklearn.linear_model import LogisticRegression

    x = np.array([[f[n] for n in names] for row in rows for f in row["features"]])
    y = np.array([right for row in rows for right in row["right"]])
    # Candidates of one question count as one question, or long lists would outvote short ones.
    share = np.array([row["weight"] / len(row["right"]) for row in rows for _ in row["right"]])
    scale = x.std(axis=0) + 1e-9
    ranking: Any = LogisticRegression(C=1.0, max_iter=2000).fit(x / scale, y, sample_weight=share * 20)
    weights = ranking.coef_[0] / scale
    winners = [int(np.argmax([_dot(f, names, weights) for f in r["features"]])) for r in rows]
    tops = np.array([_dot(r["features"][w], names, weights) for r, w in zip(rows, winners, strict=True)])
    labels = np.array([r["right"][w] for r, w in zip(rows, winners, strict=True)])
    weight = np.array([row["weight"] for row in rows])
    platt: Any = LogisticRegression(C=10.0, max_iter=2000).fit(tops[:, None], labels, sample_weight=weight)
    slope = float(platt.coef_[0][0])
    return weights * slope, float(platt.intercept_[0])


def _dot(features: dict[str, float], names: list[str], weights: NDArray[np.float64]) -> float:
    return float(sum(features[n] * w for n, w in zip(names, weights, strict=True)))


def _fold(row: dict[str, Any]) -> int:
    """Return the part a question is in: questions about one article stay together."""
    return zlib.crc32(str(row["article"]).encode()) % _FOLDS


def assess(rows: list[dict[str, Any]], names: list[str]) -> dict[str, float | None]:
    """Cross-validated figures: AUROC of right answers against unanswerable, calibration, accuracy."""
    confidences: list[float] = []
    rights: list[bool] = []
    answerables: list[bool] = []
    for fold in range(_FOLDS):
        weights, bias = fit([r for r in rows if _fold(r) != fold], names)
        for row in (r for r in rows if _fold(r) == fold):
            scored = [
                (_dot(f, names, weights) + bias, right) for f, right in zip(row["features"], row["right"], strict=True)
            ]
            top, right = max(scored, key=lambda s: s[0])
            confidences.append(1 / (1 + float(np.exp(-top))))
            rights.append(right)
            answerables.append(row["answerable"])
    yes = [c for c, right, a in zip(confidences, rights, answerables, strict=True) if a and right]
    no = [c for c, a in zip(confidences, answerables, strict=True) if not a]
    answerable, threshold = sum(answerables), Config().threshold
    return {
        "questions": len(rows),
        "answerable": answerable,
        "best_candidate_right": len(yes) / max(1, answerable),
        "auroc_right_against_unanswerable": auroc(yes, no),
        "expected_calibration_error": ece(confidences, rights),
        "answered_right": sum(c >= threshold for c in yes) / max(1, answerable),
        "unanswerable_refused": sum(c < threshold for c in no) / max(1, len(no)),
    }


def main() -> None:
    """Fit and write the calibration; see the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with whitehouse_briefings and multihop_rag")
    parser.add_argument("--work", type=Path, required=True, help="where the libraries and the features are kept")
    parser.add_argument("--sample", type=int, help="ask so many of the questions about reports, drawn at random")
    parser.add_argument("--reader", default="", help="model folder; by default the one shipped")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    args = parser.parse_args()
    asked = questions()
    if args.sample is not None:
        made_up = [q for q in asked if q["corpus"] == "reports"]
        drawn = {q["id"] for q in random.Random(9).sample(made_up, args.sample)}
        asked = [q for q in asked if q["corpus"] != "reports" or q["id"] in drawn]
    args.work.mkdir(parents=True, exist_ok=True)
    assistants = {
        corpus: Assistant(
            library(args.data, args.work, corpus, [q for q in asked if q["corpus"] == corpus]),
            Config(reader=args.reader),
        )
        for corpus in ("whitehouse", "multihop", "reports")
    }
    rows = [row for row in collect(assistants, asked) if row["features"]]
    (args.work / "features.json").write_text(json.dumps(rows), encoding="utf-8")
    names = list(rows[0]["features"][0])
    figures = assess(rows, names)
    weights, bias = fit(rows, names)
    stored = {
        "bias": round(bias, 4),
        "weights": {n: round(float(w), 4) for n, w in zip(names, weights, strict=True)},
        "fit": {k: round(v, 4) for k, v in figures.items() if v is not None},
        "questions": "qa/training/calibration.jsonl, qa/training/reports/calibration_*.txt",
        "method": "logistic regression over candidates, then over winners; 5-fold cross-validated over articles",
    }
    args.out.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(stored["fit"], indent=2))


if __name__ == "__main__":
    main()

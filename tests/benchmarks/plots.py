"""Two figures from `talks-qa eval FILE --json`: `python tests/benchmarks/plots.py REPORT.json [--out FOLDER]`.

Writes `reliability.png` (is a confidence of 0.8 right eight times in ten?) and `risk_coverage.png` (how many
errors remain when only the surest answers are given?).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt

from qa import metrics

BLUE, GREY = "#1f5fa8", "#8a8a8a"
STYLE: dict[Any, Any] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "font.size": 11,
    "figure.figsize": (5.5, 4.5),
    "figure.dpi": 160,
    "figure.constrained_layout.use": True,
}


def reliability_diagram(confidences: Sequence[float], correct: Sequence[bool], path: Path) -> None:
    """Draw the share correct against the mean confidence of each tenth; a dot's area shows how many answers."""
    bins = metrics.reliability(confidences, correct)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots()
        axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="perfectly calibrated")
        axes.plot([b.confidence for b in bins], [b.accuracy for b in bins], color=BLUE, linewidth=1, alpha=0.4)
        sizes = [30 + 400 * b.count / len(confidences) for b in bins]
        axes.scatter([b.confidence for b in bins], [b.accuracy for b in bins], s=sizes, color=BLUE, alpha=0.85)
        for b in bins:
            place = (b.confidence, b.accuracy)
            axes.annotate(f"n={b.count}", place, (0, -18), textcoords="offset points", ha="center", fontsize=9)
        axes.set(xlabel="confidence", ylabel="share right", xlim=(-0.03, 1.03), ylim=(-0.08, 1.05))
        error = metrics.ece(confidences, correct)
        axes.set_title(f"Calibration: {len(confidences)} questions, error {metrics.number(error)}", loc="left")
        axes.legend(loc="upper left", frameon=False)
        figure.savefig(path)
        plt.close(figure)


def risk_coverage_curve(confidences: Sequence[float], correct: Sequence[bool], path: Path) -> None:
    """Draw the share of errors among the surest answers against the share of questions answered."""
    coverage, risk = metrics.risk_coverage(confidences, correct)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots()
        axes.axhline(risk[-1], color=GREY, linestyle="--", linewidth=1, label="errors when everything is answered")
        axes.plot(coverage, risk, color=BLUE, linewidth=1.8)
        axes.set(xlabel="share of questions answered", ylabel="share of answers wrong", xlim=(0, 1))
        axes.set_ylim(0, max(0.05, float(risk.max()) * 1.15))
        area = metrics.aurc(confidences, correct)
        axes.set_title(f"Risk over coverage: area {metrics.number(area)}", loc="left")
        axes.legend(loc="upper left", frameon=False)
        figure.savefig(path)
        plt.close(figure)


def main() -> int:
    """Read the report and write both figures; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path, metavar="REPORT.json", help="what `talks-qa eval FILE --json` printed")
    parser.add_argument("--out", type=Path, default=Path(), metavar="FOLDER", help="where the figures go")
    args = parser.parse_args()
    try:
        outcomes = json.loads(args.report.read_text(encoding="utf-8"))["outcomes"]
        confidences = [float(o["answer"]["confidence"]) for o in outcomes]
        correct = [bool(o["correct"]) for o in outcomes]
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"{args.report} is not a report of `talks-qa eval --json`: {error!r}", file=sys.stderr)
        return 1
    if not outcomes:
        print(f"{args.report} holds no questions", file=sys.stderr)
        return 1
    args.out.mkdir(parents=True, exist_ok=True)
    reliability_diagram(confidences, correct, args.out / "reliability.png")
    risk_coverage_curve(confidences, correct, args.out / "risk_coverage.png")
    print(f"wrote {args.out / 'reliability.png'} and {args.out / 'risk_coverage.png'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

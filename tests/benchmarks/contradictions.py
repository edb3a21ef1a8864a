"""Contradictions between two articles: `python tests/benchmarks/contradictions.py [--errors]`.

55 questions of our own (`contradictions.jsonl`), each with two short made-up reports that answer it; in half of them
the reports cannot both be right. All reports go into one library. A question counts where both of its reports are
answered from; precision and recall are of `Answer.conflict`. Every second question was used to choose the rules.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from qa import Answer, Assistant, Config, Library

PAIRS = Path(__file__).with_name("contradictions.jsonl")


@dataclass(frozen=True)
class Outcome:
    """What became of one pair: whether its reports contradict each other, and the answer."""

    pair: dict[str, Any]
    answer: Answer

    @property
    def newer_first(self) -> bool:
        """Whether the report printed last comes first."""
        days = [c.published for c in self.answer.citations if c.published]
        return days[0] == max(days)


def rows(pairs: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """Return the reports as rows that `Library.add` takes."""
    return [
        {"id": f"{pair['id']}-{number}", "title": "", **article}
        for pair in pairs
        for number, article in enumerate(pair["articles"])
    ]


def ask(pairs: Sequence[dict[str, Any]]) -> list[Outcome]:
    """Ask every question over one library of all reports."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "reports.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows(pairs)), encoding="utf-8")
        with Library.open(Path(folder) / "library") as library:
            library.add([file])
            assistant = Assistant(library, Config(library=library.path))
            console = Console(stderr=True)
            asked = track(pairs, "asking", console=console, transient=True)
            return [Outcome(pair, assistant.ask(pair["question"])) for pair in asked]


def line(name: str, outcomes: Sequence[Outcome]) -> str:
    """Return the scores of some outcomes as a row of a table."""
    told = [o for o in outcomes if o.answer.conflict]
    right = [o for o in told if o.pair["conflict"]]
    real = [o for o in outcomes if o.pair["conflict"]]
    newer = sum(o.newer_first for o in right)
    return (
        f"| {name} | {len(outcomes)} | {sum(o.answer.answered for o in outcomes)} | {len(right)} of {len(told)} "
        f"| {len(right)} of {len(real)} | {newer} of {len(right)} |"
    )


def main() -> int:
    """Ask, and print the scores; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--errors", action="store_true", help="list the pairs that were judged wrongly")
    args = parser.parse_args()
    pairs = [json.loads(text) for text in PAIRS.read_text(encoding="utf-8").splitlines()]
    outcomes = ask(pairs)
    print("| pairs | questions | answered | precision | recall | newer first |", "|---|---|---|---|---|---|", sep="\n")
    print(line("chosen by", outcomes[::2]), line("held out", outcomes[1::2]), line("all", outcomes), sep="\n")
    for outcome in outcomes if args.errors else []:
        if outcome.answer.conflict != outcome.pair["conflict"]:
            print(f"\n{outcome.pair['id']}: {outcome.pair['question']}\n  {outcome.answer.text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

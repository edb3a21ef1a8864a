"""Who holds an office, now and then: `python -m tests.benchmarks.offices [--errors]`.

76 questions of our own (`offices.jsonl`) over 26 offices, stands and numbers that change from one made-up report to the
next; all reports are in one library. A question in the present must be answered by the newest report that tells, one
that names a year by the report of that year, and one that nothing is told of must be refused. *Right*:
the short answer, or for other questions than "who" the first quote, holds the accepted words. Every second office was
used to choose the rules.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from qa import Answer, Assistant, Config, Library
from tests.benchmarks.contradictions import rows

FILE = Path(__file__).with_name("offices.jsonl")
_YEAR = re.compile(r"\b\d{4}\b")


@dataclass(frozen=True)
class Outcome:
    """What became of one question."""

    question: str
    accepted: Sequence[str]
    answer: Answer

    @property
    def kind(self) -> str:
        """Whether it asks for what is, for what was in a year, or for what no report tells."""
        return "none" if not self.accepted else "then" if _YEAR.search(self.question) else "now"

    @property
    def right(self) -> bool:
        """Whether the answer is the one wanted."""
        if not self.accepted or not self.answer.answered:
            return not self.accepted and not self.answer.answered
        told = self.answer.short if self.question.startswith("Who") else self.answer.citations[0].quote
        return any(words in (told or "") for words in self.accepted)


def ask(offices: Sequence[dict[str, Any]]) -> list[list[Outcome]]:
    """Ask every question over one library of all reports; return the outcomes by office."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "reports.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows(offices)), encoding="utf-8")
        with Library.open(Path(folder) / "library") as library:
            library.add([file])
            assistant = Assistant(library, Config(library=library.path))
            asked = track(offices, "asking", console=Console(stderr=True), transient=True)
            return [
                [Outcome(q["question"], q["answers"], assistant.ask(q["question"])) for q in office["questions"]]
                for office in asked
            ]


def line(name: str, outcomes: Sequence[Outcome]) -> str:
    """Return the scores of some outcomes as a row of a table."""
    shares = []
    for kind in ("now", "then", "none"):
        of_kind = [o for o in outcomes if o.kind == kind]
        shares.append(f"{sum(o.right for o in of_kind)} of {len(of_kind)}")
    wrong = sum(o.answer.answered and not o.right for o in outcomes)
    return f"| {name} | {' | '.join(shares)} | {wrong} |"


def main() -> int:
    """Ask, and print the scores; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--errors", choices=("chosen", "held"), help="list what is not right in one half")
    args = parser.parse_args()
    by_office = ask([json.loads(text) for text in FILE.read_text(encoding="utf-8").splitlines()])
    halves = {"chosen": [*chain(*by_office[::2])], "held": [*chain(*by_office[1::2])]}
    print("| offices | now | in a year | refused | answered wrongly |", "|---|---|---|---|---|", sep="\n")
    print(line("chosen by", halves["chosen"]), line("held out", halves["held"]), sep="\n")
    for outcome in halves.get(args.errors, []):
        if not outcome.right:
            answer = outcome.answer
            print(
                f"\n{outcome.question} {outcome.accepted}\n  {answer.confidence:.2f} {answer.short!r}\n  {answer.text}"
            )
            if not answer.answered:
                print("  ", [c.quote for c in answer.citations])
    return 0


if __name__ == "__main__":
    sys.exit(main())

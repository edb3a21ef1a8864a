"""Questions about time: `python -m tests.benchmarks.dated --data FOLDER [--library PATH]`.

133 questions (`dated.jsonl`), written before the handling of dates was made, over the five shipped articles and 56 of
MultiHop-RAG's dated news; all of its 609 articles are in the library, whose newest article is of 25 December 2023, and
the questions are asked on 27 December 2023. *Right*: answered, and the short answer or the first quote holds an
accepted phrase (for "when", in which the date must be told, the short answer alone); of a question without an answer:
refused. Each is asked with the handling of dates and without: time in the question not read, no day of a passage known.

`--temporal N` searches instead for N of MultiHop-RAG's temporal questions, drawn at random with a fixed seed, and
reports their evidence recall@10: the share of the gold sentences that stand in the first ten passages.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from qa import Answer, Assistant, Config, Library, TalksError
from qa.asked import Asked
from qa.library import seed_folder
from qa.retriever import Retriever
from tests.benchmarks.multihop_rag import fill, load, squeeze

FILE = Path(__file__).with_name("dated.jsonl")
TODAY = date(2023, 12, 27)
CONSOLE = Console(stderr=True)


class Timeless(Retriever):
    """A retriever that reads no time in questions."""

    def asked(self, question: str) -> Asked:
        """Nothing is said about time."""
        return Asked()


def right(row: dict[str, Any], answer: Answer) -> bool:
    """Whether an answer is the one wanted."""
    if not row["answers"] or not answer.answered:
        return not row["answers"] and not answer.answered
    told = answer.short or ""
    if row["kind"] != "when":
        told += f"\n{answer.citations[0].quote}"
    return any(accepted.casefold() in told.casefold() for accepted in row["answers"])


def ask(library: Library, rows: Sequence[dict[str, Any]], dates: bool) -> list[Answer]:
    """Return the answers, with the handling of dates or without."""
    config = Config(library=library.path)
    assistant = Assistant(library, config, today=lambda: TODAY)
    if not dates:
        assistant._retriever = Timeless(library, config, today=lambda: TODAY)
    name = "with dates" if dates else "without"
    return [assistant.ask(row["question"]) for row in track(rows, name, console=CONSOLE, transient=True)]


def temporal(library: Library, data: Path, count: int) -> str:
    """Return the evidence recall@10 of temporal questions, with the handling of dates and without, as a line."""
    rows = [row for row in load(data / "MultiHopRAG.json.xz") if row["question_type"] == "temporal_query"]
    rows = random.Random(0).sample(rows, min(count, len(rows)))  # noqa: S311
    shares = []
    for kind in (Retriever, Timeless):
        retriever = kind(library, Config(library=library.path), today=lambda: TODAY)
        found: list[float] = []
        for row in track(rows, kind.__name__, console=CONSOLE, transient=True):
            texts = [squeeze(hit.passage.text) for hit in retriever.search(row["query"], k=10)]
            facts = [squeeze(evidence["fact"]) for evidence in row["evidence_list"]]
            found.append(sum(any(fact in text for text in texts) for fact in facts) / len(facts))
        shares.append(sum(found) / len(found))
    return f"{len(rows)} temporal questions: evidence recall@10 {shares[0]:.3f} with dates, {shares[1]:.3f} without"


def main() -> int:
    """Ask, and print the shares right; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="MultiHop-RAG's files, .xz")
    parser.add_argument("--library", type=Path, default=Path("build/dated"), metavar="PATH", help="kept here")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth question")
    parser.add_argument("--from", type=int, default=0, metavar="N", dest="start", help="leave the first N out")
    parser.add_argument("--only", choices=("with", "without"), help="only with the handling of dates, or without")
    parser.add_argument("--show", action="store_true", help="also print the answers that are not right")
    parser.add_argument("--temporal", type=int, metavar="N", help="search for N temporal questions of MultiHop-RAG")
    args = parser.parse_args()
    rows = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()][args.start :: args.every]
    try:
        with Library.open(args.library, notify=CONSOLE.print) as library:
            if library.count() == (0, 0):
                fill(library, args.data)
            library.add([seed_folder() or Path("seeds/articles")])
            if args.temporal:
                print(temporal(library, args.data, args.temporal))
                return 0
            for dates in (True, False):
                if args.only and (args.only == "with") != dates:
                    continue
                answers = ask(library, rows, dates)
                good = [right(row, answer) for row, answer in zip(rows, answers, strict=True)]
                kinds = Counter(row["kind"] for row in rows)
                by = Counter(row["kind"] for row, well in zip(rows, good, strict=True) if well)
                wrong = sum(a.answered and not well for a, well in zip(answers, good, strict=True))
                print(
                    f"{'with' if dates else 'without'} dates: right {sum(good)} of {len(rows)} "
                    f"({sum(good) / len(rows):.0%}), answered wrongly {wrong}; "
                    + ", ".join(f"{kind} {by[kind]}/{n}" for kind, n in kinds.items())
                )
                for row, answer, well in zip(rows, answers, good, strict=True):
                    if args.show and not well:
                        quote = answer.citations[0].quote[:150] if answer.citations else ""
                        print(f"  {row['id']} {row['question']} {row['answers']}")
                        print(f"    {answer.confidence:.2f} {answer.short!r} {quote!r}")
    except (OSError, ValueError, TalksError) as error:
        print(f"dated: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The reader alone on SQuAD 2.0 dev: `python tests/benchmarks/squad2.py --data FOLDER [--questions N]`.

Each question is read against its own paragraph; long paragraphs are windowed by the reader.
"""

from __future__ import annotations

import argparse
import json
import lzma
import random
import sys
import time
from pathlib import Path

from qa import TalksError, metrics
from qa.evaluation import parse_squad, read_squad
from qa.reader import Reader


def main() -> int:
    """Read the questions, print the official scores; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="holds dev-v2.0.json.xz")
    parser.add_argument("--reader", default="", help="model name or folder; by default the one shipped")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--questions", type=int, default=1000, metavar="N", help="random sample (default 1000)")
    size.add_argument("--all", action="store_true", help="all 11,873 questions")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print the scores as JSON")
    args = parser.parse_args()
    path = args.data / "dev-v2.0.json.xz"
    try:
        with lzma.open(path, "rt", encoding="utf-8") as file:
            questions = parse_squad(json.load(file), path.name)
        if not args.all and args.questions < len(questions):
            questions = random.Random(args.seed).sample(questions, args.questions)  # noqa: S311
        reader = Reader.load(args.reader)
        began = time.perf_counter()
        results = read_squad(questions, reader)
    except (OSError, lzma.LZMAError, ValueError, TalksError) as error:
        print(f"{path.name}: {error}", file=sys.stderr)
        return 1
    report = metrics.squad_scores(results, 0.0)
    print(json.dumps(report) if args.json else metrics.squad_table(report))
    print(f"{(time.perf_counter() - began) * 1000 / len(questions):.1f} ms a question", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

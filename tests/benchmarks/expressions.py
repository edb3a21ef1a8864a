"""How often the days read from an expression of time are right: `python tests/benchmarks/expressions.py`.

`expressions.jsonl` holds 240 places drawn at random from 609 news articles of 2023 (MultiHop-RAG), 374 White House
press briefings of 2009-2016 and five reports about the talks, at words that may tell a time: the few words round each,
the word marked «», the day of publication, and the days meant as a person read them in the article (nothing where
nothing definite is meant). The first half was looked at while the grammar was written.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from qa.dates import parse_since, parse_until
from qa.when import mentions

FILE = Path(__file__).with_name("expressions.jsonl")


def read(row: dict[str, Any]) -> tuple[date, date] | None:
    """Return the days of the expression that covers the marked word, as the program reads them."""
    before, rest = row["text"].split("«")
    marked, after = rest.split("»")
    start, end = len(before), len(before) + len(marked)
    found = mentions(before + marked + after, date.fromisoformat(row["published"]))
    return next(((m.first, m.last) for m in found if m.start < end and m.end > start), None)


def meant(row: dict[str, Any]) -> tuple[date, date] | None:
    """Return the days a person read."""
    if row["days"] is None:
        return None
    first, _, last = row["days"].partition("..")
    return parse_since(first), parse_until(last or first)


def main() -> int:
    """Print precision and recall of both halves; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", choices=("first", "second"), help="also print what this half reads wrongly")
    args = parser.parse_args()
    rows = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    for half in ("first", "second"):
        kept = [row for row in rows if row["half"] == half]
        pairs = [(read(row), meant(row)) for row in kept]
        right = sum(got is not None and got == want for got, want in pairs)
        taken, labelled = sum(got is not None for got, _ in pairs), sum(want is not None for _, want in pairs)
        print(
            f"{half} half: {len(kept)} places, {labelled} with a meaning; "
            f"precision {right / taken:.1%} ({right} of {taken}), recall {right / labelled:.1%}"
        )
        for row, (got, want) in zip(kept, pairs, strict=True):
            if half == args.show and got != want:
                print(f"  {row['published']} {row['text']!r}: {got and '..'.join(map(str, got))} for {row['days']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""How often the days read from an expression of time are right: `python -m tests.benchmarks.expressions`.

`expressions.jsonl` holds 340 places drawn at random from 609 news articles of 2023 (MultiHop-RAG), 374 White House
press briefings of 2009-2016 and five reports about the talks, at words that may tell a time: the few words round each,
the word marked «», the day of publication, and the days meant as a person read them in the article (nothing where
nothing definite is meant). The first 120 were looked at while the grammar was written, the second 120 once it was,
whereupon it was mended (words that begin a sentence); the last 100, of news and briefings, were drawn and labelled
after, and led to mends once more. A few words tell less than an article: `--data FOLDER`, with `multihop_rag` and
`whitehouse_briefings`, reads each expression in its whole text instead, as the library does.
"""

from __future__ import annotations

import argparse
import json
import lzma
import re
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from qa.dates import parse_since, parse_until
from qa.when import mentions
from tests.benchmarks.multihop_rag import load

PARTS = ("first", "second", "third", "fourth", "fifth", "sixth")
FILE = Path(__file__).with_name("expressions.jsonl")


def articles(data: Path) -> dict[str, list[str]]:
    """Return the texts of both corpora by day of publication."""
    texts: dict[str, list[str]] = {}
    for row in load(data / "multihop_rag" / "corpus.json.xz"):
        texts.setdefault(row["published_at"][:10], []).append(row["body"])
    with lzma.open(data / "whitehouse_briefings" / "briefings.jsonl.xz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            texts.setdefault(row["published"][:10], []).append(row["text"])
    return texts


def read(row: dict[str, Any], texts: Sequence[str]) -> tuple[date, date] | None:
    """Return the days of the expression that covers the marked word, in the one of the texts that holds it, if any."""
    before, marked, after = re.split("[«»]", row["text"])
    place = re.compile(rf"{_loose(before)}({_loose(marked)}){_loose(after)}")
    found = next(filter(None, map(place.search, texts)), None)
    text, start = (found.string, found.start(1)) if found else (before + marked + after, len(before))
    end = start + len(marked)
    mentioned = mentions(text, date.fromisoformat(row["published"]))
    return next(((m.first, m.last) for m in mentioned if m.start < end and m.end > start), None)


def _loose(words: str) -> str:
    return r"\s+".join(re.escape(word) for word in words.removeprefix("/ ").split(" "))


def meant(row: dict[str, Any]) -> tuple[date, date] | None:
    """Return the days a person read."""
    if row["days"] is None:
        return None
    first, _, last = row["days"].partition("..")
    return parse_since(first), parse_until(last or first)


def main() -> int:
    """Print precision and recall of each part; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", choices=PARTS, help="also print what is read wrongly in one part")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="read each expression in its whole text")
    args = parser.parse_args()
    texts = articles(args.data) if args.data else {}
    rows = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    for part in PARTS:
        kept = [row for row in rows if row["part"] == part]
        pairs = [(read(row, texts.get(row["published"], ())), meant(row)) for row in kept]
        right = sum(got is not None and got == want for got, want in pairs)
        taken, labelled = sum(got is not None for got, _ in pairs), sum(want is not None for _, want in pairs)
        print(
            f"{part} part: {len(kept)} places, {labelled} with a meaning; "
            f"precision {right / taken:.1%} ({right} of {taken}), recall {right / labelled:.1%}"
        )
        for row, (got, want) in zip(kept, pairs, strict=True):
            if part == args.show and got != want:
                print(f"  {row['published']} {row['text']!r}: {got and '..'.join(map(str, got))} for {row['days']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

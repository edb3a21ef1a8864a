"""How much of the reporting of noisy pages is kept, and how much else: `python -m tests.benchmarks.cleaning`.

The pages are those of `pages.py`, fifty, invented, every paragraph labelled. Counted are characters but for white
space, sentence by sentence: recall is the part of the reporting that is kept, precision the part of what is kept that
is reporting. trafilatura alone reads pages as set up for articles here; a text has no markup that it could go by.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from qa.articles import read
from qa.records import Article
from tests.benchmarks.pages import HALVES, Page, pages


def sentences(text: str) -> list[str]:
    """Return sentences without their white space and the marks of list items, a line never going on in the next."""
    parts = re.split(r"\n+(?:[-*•] )?|(?<=[.!?”])\s+", text)
    return [s for part in parts if (s := re.sub(r"\s+", "", part))]


def score(kept: str, page: Page) -> tuple[int, int, int, int]:
    """Return the characters of what is kept: those of the reporting and all; of the reporting: those kept and all."""
    output, reporting = re.sub(r"\s+", "", kept), re.sub(r"\s+", "", "".join(page.keep))
    had, wanted = sentences("\n" + kept), sentences("\n".join(page.keep))
    return (
        sum(len(s) for s in had if s in reporting),
        sum(map(len, had)),
        sum(len(s) for s in wanted if s in output),
        sum(map(len, wanted)),
    )


def alone(page: Page) -> str:
    """Return what trafilatura takes for the text of a page."""
    import trafilatura

    found = trafilatura.extract(page.data, include_comments=False, include_tables=False, favor_precision=True)
    return found or ""


def ours(page: Page) -> str:
    """Return the text of the article that the library would hold."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / page.name
        path.write_bytes(page.data)
        ((_, item),) = read([path])
    return item.text if isinstance(item, Article) else ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print precision and recall by half and way of writing."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.cleaning", description=main.__doc__)
    parser.add_argument(
        "--show", action="store_true", help="print what the library kept wrongly or lost, first half only"
    )
    args = parser.parse_args(arguments)
    print(
        f"{'':24}{'trafilatura alone':>20}{'as in the library':>20}\n"
        f"{'':24}{'prec.   recall':>20}{'prec.   recall':>20}"
    )
    for half in HALVES:
        sums: dict[str, list[int]] = defaultdict(lambda: [0] * 8)
        for page in pages(half):
            way = page.name.split("-")[0]
            markup = page.name.endswith(".html")
            found = [*(score(alone(page), page) if markup else (0, 0, 0, 0)), *score(ours(page), page)]
            for name in (way, f"{half} half, pages" if markup else f"{half} half, texts"):
                sums[name] = [a + b for a, b in zip(sums[name], found, strict=True)]
            if args.show and half == "first":
                _show(page)
        for name, counted in sums.items():
            print(f"{name:24}{_two(*counted[:4])}{_two(*counted[4:])}")


def _two(good: int, kept: int, found: int, every: int) -> str:
    return f"{good / kept:>12.1%}{found / every:>8.1%}" if kept else f"{'–':>20}"


def _show(page: Page) -> None:
    kept = ours(page)
    reporting, output = re.sub(r"\s+", "", "".join(page.keep)), re.sub(r"\s+", "", kept)
    for sign, text, other in (("+", kept, reporting), ("-", "\n".join(page.keep), output)):
        for line in filter(str.strip, text.split("\n")):
            if any(s not in other for s in sentences("\n" + line)):
                print(f"{page.name} {sign} {line[:150]}")


if __name__ == "__main__":
    main()

"""Fictional news reports with questions, written for this project; `python -m qa.training.reports FILE …` checks them.

Public question sets ask in the passage's own words and refuse over the wrong subject. People do
neither: they paraphrase, and they ask about what a report stops short of. These reports are made up,
so that no question can be answered from memory, and none is about the library's own subject.

The format, one report after another:

    === Title | Outlet | 2014-05-06
    A paragraph a line.
    --- questions
    Q a question
    A the report's own words that answer it (in their context with [[the answer]] marked, when they stand twice)
    Q a question the report does not answer
    N
    F a question that is only understood after the one above it
    A …
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

REPORTS = Path(__file__).parent / "reports"
HELD_BACK = "calibration"  # files whose names begin so are kept out of training
_MARKED = re.compile(r"\[\[(.+?)\]\]")


class ReportError(ValueError):
    """A line that is not in the format; says which."""


@dataclass(frozen=True)
class Question:
    """A question about a report; `answer` is a span of its text, None when it does not say."""

    text: str
    answer: tuple[int, int] | None
    before: tuple[Question, ...] = ()  # the questions it follows on, oldest first; none when it stands alone


@dataclass(frozen=True)
class Report:
    """A report and what is asked about it."""

    title: str
    outlet: str
    published: date
    text: str
    questions: tuple[Question, ...]


def read(path: Path) -> Iterator[Report]:
    """Yield the reports of a file; raises ReportError for the first line that is wrong."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ReportError(f"{path.name}: not UTF-8: {error}") from None
    starts = [i for i, line in enumerate(lines) if line.startswith("=== ")]
    if not starts or any(line.strip() for line in lines[: starts[0]]):
        raise ReportError(f"{path.name}:1: a file of reports begins with '=== Title | Outlet | 2014-05-06'")
    for begin, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield _report(path.name, begin + 1, lines[begin:end])


def _report(name: str, number: int, lines: list[str]) -> Report:
    try:
        title, outlet, day = (part.strip() for part in lines[0][4:].split("|"))
        published = date.fromisoformat(day)
        cut = lines.index("--- questions")
    except ValueError as error:
        raise ReportError(f"{name}:{number}: not a report's head or no '--- questions': {error}") from None
    text = "\n".join(line.strip() for line in lines[1:cut] if line.strip())
    found: list[Question] = []
    asked: tuple[str, str] | None = None
    for i, line in enumerate(lines[cut + 1 :], number + cut + 1):
        kind, _, rest = line.strip().partition(" ")
        rest = rest.strip()
        if not kind:
            continue
        where = f"{name}:{i}"
        if kind in "QF" and rest and asked is None:
            if kind == "F" and not found:
                raise ReportError(f"{where}: a follow-up has a question before it")
            asked = kind, rest
        elif kind in "AN" and asked is not None:
            answer = _locate(text, rest, where) if kind == "A" else None
            before = (*found[-1].before, found[-1]) if asked[0] == "F" else ()
            found.append(Question(asked[1], answer, before))
            asked = None
        else:
            raise ReportError(f"{where}: expected {'A or N' if asked else 'Q or F'}: {line[:80]!r}")
    if asked is not None:
        raise ReportError(f"{name}: no A or N after {asked[1][:80]!r}")
    return Report(title, outlet, published, text, tuple(found))


def _locate(text: str, words: str, where: str) -> tuple[int, int]:
    """Find the one place of an answer."""
    marked = _MARKED.search(words)
    plain = _MARKED.sub(r"\1", words)
    places = [m.start() for m in re.finditer(re.escape(plain), text)] if plain else []
    if len(places) != 1:
        problem = (
            "does not stand in the report" if not places else "stands more than once; give context and [[mark]] it"
        )
        raise ReportError(f"{where}: the answer {problem}: {plain[:80]!r}")
    if marked is None:
        return places[0], places[0] + len(plain)
    return places[0] + marked.start(), places[0] + marked.start() + len(marked.group(1))


def main(paths: list[str]) -> int:
    """Check files and count what is in them; 1 when one is wrong."""
    status = 0
    for path in map(Path, paths):
        reports: list[Report] = []
        try:
            reports += read(path)
        except (ReportError, OSError) as error:
            print(error, file=sys.stderr)
            status = 1
        kinds = Counter(
            ("follow-up " if q.before else "") + ("answered" if q.answer else "not answered")
            for report in reports
            for q in report.questions
        )
        print(f"{path.name}: {len(reports)} reports, {dict(kinds)}")
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

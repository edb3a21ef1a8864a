"""Answers, hits, articles and reports as text for a terminal, and the two ways to print it.

Article text is data here: markup in it means nothing, control characters never reach the terminal.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from qa.citing import explained
from qa.dates import in_words
from qa.records import AddReport, Answer, Article, Citation, Event, Hit, Repair, SyncReport, header

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")  # C0, DEL and C1, but for the newline


def clean(text: str) -> str:
    """Return `text` without control characters; newlines stay, a tab becomes a space."""
    return _CONTROL.sub("", text.replace("\t", " "))


def one_line(text: str) -> str:
    """Return `text` without control characters and with every run of white space as one space."""
    return clean(" ".join(text.split()))


def render_answer(answer: Answer) -> Text:
    """Return the short answer, the quotes and their sources; or the refusal and what comes closest."""
    blocks: list[Text] = [Text(f"read as: {one_line(answer.reading)}", "dim")] if answer.reading else []
    if not answer.answered:
        blocks.append(Text(clean(answer.text), "bold yellow"))
        blocks += [Text("Closest in the library:", "yellow")] if answer.citations else []
    elif answer.short:
        blocks.append(Text(clean(answer.short), "bold"))
    if answer.conflict:
        blocks.append(Text(f"The articles differ{_by_age(answer.citations)}:", "yellow"))
    blocks += [_quote(citation.number, citation.quote, citation, _also(citation)) for citation in answer.citations]
    if answer.note:
        blocks.append(Text(clean(answer.note), "italic"))
    if answer.answered:
        blocks.append(Text(f"confidence {_percent(answer.confidence)}", "dim"))
    return Text("\n\n").join(blocks)


def render_hits(hits: Sequence[Hit]) -> Text:
    """Return the passages found, numbered from 1, each with its source and score."""
    if not hits:
        return Text("Nothing found.", "bold yellow")
    return Text("\n\n").join(
        _quote(number, hit.passage.text, hit.article, f" (score {hit.score:.2f})")
        for number, hit in enumerate(hits, start=1)
    )


def render_events(events: Sequence[Event]) -> Text:
    """Return the events in order: the days, the sentence, its source."""
    if not events:
        return Text("Nothing dated was found.", "bold yellow")
    return Text("\n\n").join(
        Text.assemble(
            (f"{in_words(event.first, event.last)}\n", "bold"), _quote(n, event.citation.quote, event.citation)
        )
        for n, event in enumerate(events, start=1)
    )


def render_articles(articles: Sequence[Article]) -> Text:
    """Return a line for each article: id, date, outlet, title, the first three padded to one width."""
    rows = [
        [one_line(a.id), a.published.isoformat() if a.published else "-", one_line(a.outlet) or "-", one_line(a.title)]
        for a in articles
    ]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)][:-1]
    lines = []
    for row in rows:
        padded = [cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=False)]
        lines.append("  ".join([*padded, row[-1]]).rstrip())
    return Text("\n".join(lines))


def render_report(report: AddReport | SyncReport) -> Text:
    """Return the counts of an addition or a sync, then each rejected source with its reason."""
    counts = {field.name: len(getattr(report, field.name)) for field in dataclasses.fields(report)}
    text = Text(", ".join(f"{name} {count}" for name, count in counts.items()))
    for rejection in report.rejected:
        text.append("\nrejected ", "yellow").append(f"{one_line(rejection.source)}: {one_line(rejection.reason)}")
    return text


def render_repair(repair: Repair) -> list[str]:
    """Return what was saved of a damaged library, what was lost, and where the damaged file is."""
    lost = f"lost, add them again: {', '.join(map(one_line, repair.lost))}" if repair.lost else "no article was lost"
    return [
        f"the database was damaged and was made anew: {repair.saved} articles were read; {lost}",
        f"the damaged one is kept as {repair.kept}; programs that have the library open must be started again",
    ]


def render_plan(report: SyncReport) -> Text:
    """Return what a sync would do, an article a line, then the counts."""
    steps = (("add", report.added), ("update", report.updated), ("remove", report.removed))
    lines = [f"would {step} {one_line(article_id)}" for step, ids in steps for article_id in ids]
    return Text("\n").join([*map(Text, lines), render_report(report)])


def describe(error: Exception) -> str:
    """Return what an error says, in one line; for errors of the operating system, file first."""
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return one_line(f"{place}{error.strerror}")
    return one_line(str(error)) or type(error).__name__


def show(text: Text) -> None:
    """Print to standard output: with styles in a terminal, bare and unwrapped anywhere else."""
    if sys.stdout.isatty():
        from rich.console import Console

        Console().print(text)
    elif text.plain:
        print(text.plain)
    sys.stdout.flush()


def tell(line: str) -> None:
    """Print one line to standard error."""
    print(one_line(line), file=sys.stderr, flush=True)


def _percent(confidence: float) -> str:
    """No answer is certain: rounding must not say so."""
    return "over 99%" if confidence > 0.99 else f"{confidence:.0%}"


def _by_age(citations: Sequence[Citation]) -> str:
    """Say that the first of two contradicting citations is the newer one, where it is."""
    days = [citation.published for citation in citations[:2] if citation.published]
    return ", the latest comes first" if len(days) == 2 and days[0] > days[1] else ""


def _also(citation: Citation) -> str:
    return f" (also in {one_line(', '.join(citation.also))})" if citation.also else ""


def _quote(number: int, quote: str, source: Citation | Article, remark: str = "") -> Text:
    known = one_line(header(source.title, source.outlet, source.published)) or "unknown source"
    text = Text.assemble((f"[{number}] ", "bold cyan"), clean(quote))
    if isinstance(source, Citation) and source.mentions:
        text.append("".join(f"\n    {one_line(line)}" for line in explained(source)), "dim")
    text.append(f"\n    {known}{remark}", "cyan")
    return text.append(f"\n    {one_line(source.url)}", "dim") if source.url else text

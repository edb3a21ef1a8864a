"""What answers, hits, articles and reports look like, and that article text cannot steer a terminal."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from qa.citing import cite
from qa.errors import LibraryError
from qa.records import AddReport, Answer, Article, Citation, Event, Hit, Passage, Rejection
from qa.rendering import (
    clean,
    describe,
    one_line,
    render_answer,
    render_articles,
    render_events,
    render_hits,
    render_report,
    show,
    tell,
)

QUOTE = "General Kayani refused to give Admiral Mullen the list of drone targets."
DAY = date(2012, 3, 29)
EVIL = "Kayani \x1b[31mred\x1b[0m \x9b2J\x07\x08\r[bold]markup[/bold] :smile: [/nothing]"


def citation(
    number: int = 1, quote: str = QUOTE, title: str = "Talks", outlet: str = "Dawn", url: str = "https://example.org"
) -> Citation:
    return Citation(number, "a", title, outlet, DAY, url, 0, len(quote), quote)


def answer(*citations: Citation, short: str | None = "the list", confidence: float = 0.87) -> Answer:
    return Answer("What?", True, short, "", confidence, citations)


def refusal(*citations: Citation) -> Answer:
    return Answer("What?", False, None, "The articles in the library do not say.", 0.1, citations)


def in_terminal(text: Text) -> str:
    console = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=200, legacy_windows=False)
    console.print(text)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def dated(text: str) -> Citation:
    return cite(1, Article("a", text, "Talks", "Dawn", date(2012, 7, 25)), 0, len(text))


def test_days_are_explained_below_the_quote_where_it_does_not_say_them_itself() -> None:
    quote = "He will visit next week, an official said on Wednesday; the last visit was in May 2011."
    assert render_answer(answer(dated(quote), short=None)).plain.startswith(
        f"[1] {quote}\n    next week = 30 July – 5 August 2012\n    Wednesday = 25 July 2012\n    Talks | Dawn"
    )


def test_a_note_stands_before_the_confidence() -> None:
    noted = replace(answer(citation()), note="“last week” is read as 16 – 22 July 2012, counted from today.")
    assert render_answer(noted).plain.endswith(f"\n\n{noted.note}\n\nconfidence 87%")


def test_events_are_headed_by_their_days() -> None:
    quote = "They met on Wednesday."
    event = Event(date(2012, 7, 25), date(2012, 7, 25), dated(quote))
    assert render_events([event, event]).plain.startswith(f"25 July 2012\n[1] {quote}\n    Wednesday = 25 July 2012\n")
    assert "\n\n25 July 2012\n[2] " in render_events([event, event]).plain
    assert render_events([]).plain == "Nothing dated was found."


def test_an_answer_shows_the_phrase_then_numbered_quotes_with_their_sources() -> None:
    second = citation(2, "He was in Rawalpindi.", "", "", "")
    assert render_answer(answer(citation(), second)).plain == (
        f"the list\n\n[1] {QUOTE}\n    Talks | Dawn | 29 March 2012\n    https://example.org\n\n"
        "[2] He was in Rawalpindi.\n    29 March 2012\n\nconfidence 87%"
    )


def test_an_answer_without_a_phrase_begins_with_its_quote() -> None:
    assert render_answer(answer(citation(), short=None)).plain.startswith(f"[1] {QUOTE}")


@pytest.mark.parametrize(("confidence", "shown"), [(0.5, "50%"), (0.99, "99%"), (0.996, "over 99%"), (1.0, "over 99%")])
def test_no_answer_is_called_certain(confidence: float, shown: str) -> None:
    assert render_answer(answer(citation(), confidence=confidence)).plain.endswith(f"\nconfidence {shown}")


def test_a_refusal_says_so_before_it_shows_what_is_close() -> None:
    lines = render_answer(refusal(citation())).plain.split("\n")
    assert lines[:5] == ["The articles in the library do not say.", "", "Closest in the library:", "", f"[1] {QUOTE}"]
    assert not any("confidence" in line for line in lines)
    assert render_answer(refusal()).plain == "The articles in the library do not say."


def test_a_reading_comes_before_the_answer_and_before_a_refusal() -> None:
    reading = "When was he appointed? (ISI,\nAhmed Shuja Pasha)"
    for made in (answer(citation()), refusal()):
        lines = render_answer(replace(made, reading=reading)).plain.split("\n")
        assert lines[0] == "read as: When was he appointed? (ISI, Ahmed Shuja Pasha)"
        assert lines[2:] == render_answer(made).plain.split("\n")


def test_contradicting_citations_are_announced_with_the_order_they_stand_in() -> None:
    older, undated = citation(2), replace(citation(2), published=None)
    newer = replace(citation(), published=date(2012, 4, 1))
    for cited, line in (
        ((newer, older), "The articles differ, the latest comes first:"),
        ((newer, undated), "The articles differ:"),
        ((citation(), older), "The articles differ:"),
    ):
        assert render_answer(replace(answer(*cited), conflict=True)).plain.split("\n")[2] == line


def test_other_outlets_with_the_same_story_stand_beside_the_source() -> None:
    shown = render_answer(answer(replace(citation(), also=("AFP", "The\nNation")))).plain
    assert "Talks | Dawn | 29 March 2012 (also in AFP, The Nation)\n" in shown


def test_answer_and_refusal_differ_in_style_too() -> None:
    assert in_terminal(render_answer(answer(citation()))).startswith("\x1b[1mthe list\x1b[0m\n")
    assert in_terminal(render_answer(refusal())).startswith(
        "\x1b[1;33mThe articles in the library do not say.\x1b[0m\n"
    )


def test_markup_and_control_characters_in_articles_mean_nothing() -> None:
    shown = in_terminal(render_answer(answer(citation(quote=EVIL, title=EVIL, outlet=EVIL, url=EVIL), short=EVIL)))
    assert shown.count("[bold]markup[/bold] :smile: [/nothing]") == 5
    assert "\x1b[31m" not in shown and "\x1b[0m \x9b" not in shown
    assert not any(c in shown for c in "\x9b\x07\x08\r")


@given(st.text(alphabet=st.characters(max_codepoint=0xFF)))
def test_clean_takes_out_control_characters_alone(text: str) -> None:
    cleaned = clean(text)
    assert all(c == "\n" or " " <= c <= "~" or c >= "\xa0" for c in cleaned)
    visible = [c for c in text.replace("\t", " ") if c == "\n" or " " <= c <= "~" or c >= "\xa0"]
    assert list(cleaned) == visible


def test_one_line_is_one_line() -> None:
    assert one_line(" a\r\n\tb\x1b[0m\u2028c\n") == "a b[0m c"


def test_hits_show_passage_source_and_score() -> None:
    article = Article("a", QUOTE, "Talks", "Dawn", DAY)
    hit = Hit(Passage("a:0", "a", 0, 0, len(QUOTE), QUOTE), article, 0.8349)
    block = f"{QUOTE}\n    Talks | Dawn | 29 March 2012 (score 0.83)"
    assert render_hits([hit, hit]).plain == f"[1] {block}\n\n[2] {block}"
    assert render_hits([]).plain == "Nothing found."


def test_articles_stand_in_columns_whatever_their_script() -> None:
    articles = [
        Article("a", "t", "One\nline", "Dawn", DAY),
        Article("a-longer-id", "t", "", "朝日新聞", None),
        Article("b", "t", "Three", ""),
    ]
    lines = render_articles(articles).plain.split("\n")
    assert [line.split() for line in lines] == [
        ["a", "2012-03-29", "Dawn", "One", "line"],
        ["a-longer-id", "-", "朝日新聞"],
        ["b", "-", "-", "Three"],
    ]
    assert cell_len(lines[0][: lines[0].index("One")]) == cell_len(lines[2][: lines[2].index("Three")])
    assert "\t" not in "".join(lines)
    assert render_articles([]).plain == ""


def test_a_report_counts_and_names_every_rejected_source() -> None:
    report = AddReport(("a", "b"), (), ("c",), (Rejection("x\n.md", "a binary file"), Rejection("y", "no such file")))
    assert render_report(report).plain == (
        "added 2, updated 0, unchanged 1, rejected 2\nrejected x .md: a binary file\nrejected y: no such file"
    )


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(30, "Read-only file system", "/a/library.db"), "/a/library.db: Read-only file system"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (LibraryError("two\nlines\x1b[1m"), "two lines[1m"),
        (LibraryError(), "LibraryError"),
    ],
)
def test_errors_are_told_in_one_line(error: Exception, line: str) -> None:
    assert describe(error) == line


def test_show_prints_bare_unwrapped_text_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    long = "word " * 100 + "end"
    show(Text(long, "bold red"))
    show(Text(""))
    assert capsys.readouterr().out == f"{long}\n"


def test_tell_speaks_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    tell("making a library\nin \x1b]0;x")
    assert capsys.readouterr() == ("", "making a library in ]0;x\n")

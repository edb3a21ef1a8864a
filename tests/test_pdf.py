"""PDFs, made for these tests: lines become paragraphs, and what is no text is told."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa import pdf
from qa.errors import ArticleError
from qa.pdf import paragraphs
from tests import files
from tests.files import article, file, reason

COLUMN = [
    "Army chiefs of two countries met in the hill",
    "station of Murree on Wednesday to discuss the",
    "border, an official said.",
    "The meeting lasted two hours. Both sides agreed",
    "to set up a hotline between their brigades, the",
    "official told reporters.",
]
STORY = [
    "Army chiefs of two countries met in the hill station of Murree on Wednesday to discuss the border, an official"
    " said.",
    "The meeting lasted two hours. Both sides agreed to set up a hotline between their brigades, the official told"
    " reporters.",
]


def test_lines_become_paragraphs() -> None:
    assert paragraphs([COLUMN]).split("\n\n") == STORY


def test_a_paragraph_goes_on_over_a_page() -> None:
    assert paragraphs([COLUMN[:2], COLUMN[2:]]).split("\n\n") == STORY


def test_running_heads_and_page_numbers_go() -> None:
    head = "The Hill Gazette 29 March 2012 page"
    pages = [
        [f"{head} 7", *COLUMN[:2], "Page 1 of 3"],
        [f"{head} 8", *COLUMN[2:4], "2"],
        [f"{head} 9", *COLUMN[4:], "- 3 -"],
    ]
    assert paragraphs(pages).split("\n\n") == STORY


def test_a_line_of_the_story_at_the_edge_of_one_page_stays() -> None:
    assert "In 2012" in paragraphs([["In 2012 the crossing was closed.", *COLUMN], COLUMN])


def test_a_headline_of_two_lines_stands_alone() -> None:
    first, *rest = paragraphs([["Generals meet in Murree, agree on hotline", "between brigades", *COLUMN]]).split(
        "\n\n"
    )
    assert first == "Generals meet in Murree, agree on hotline between brigades"
    assert rest == STORY


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        ("the counter-", "terrorism talks went on", "the counterterrorism talks went on"),
        ("the counter\u00ad", "terrorism talks went on", "the counterterrorism talks went on"),
        ("they hit al-", "Qaeda again", "they hit al-Qaeda again"),
        ("eight F-", "16 aircraft", "eight F-16 aircraft"),
        ("a cross-border raid, a cross-", "border raid", "a cross-border raid, a cross-border raid"),
        ("it was over -", "or so he said", "it was over - or so he said"),
    ],
)
def test_words_broken_at_the_end_of_a_line_are_made_whole(first: str, second: str, whole: str) -> None:
    assert paragraphs([[first, second]]) == whole


def test_a_pdf_is_read(tmp_path: Path) -> None:
    info = {"Title": "Generals meet in Murree", "CreationDate": "D:20120329080000Z", "Author": "A. Reporter"}
    found = article(file(tmp_path, files.pdf([COLUMN], info), "a.pdf"))
    assert (found.title, found.author, found.published) == ("Generals meet in Murree", "A. Reporter", date(2012, 3, 29))
    assert found.text.split("\n\n") == STORY
    assert found.id.startswith("a-")


def test_ligatures_are_letters_again(tmp_path: Path) -> None:
    lines = ["The of\1cer was the \1rst to say so, in \1ve \1ne words."]
    assert (
        article(file(tmp_path, files.pdf([lines]), "a.pdf")).text
        == "The officer was the first to say so, in five fine words."
    )


@pytest.mark.parametrize("title", ["Microsoft Word - murree.doc", "untitled", "murree-final.indd", "Layout 1", "", "x"])
def test_a_title_that_a_program_made_up_is_none(title: str, tmp_path: Path) -> None:
    lines = ["Generals meet in Murree to talk", "29 March 2012", *COLUMN]
    found = article(file(tmp_path, files.pdf([lines], {"Title": title}), "a.pdf"))
    assert (found.title, found.published) == ("Generals meet in Murree to talk", date(2012, 3, 29))


TOMORROW = f"{datetime.now(UTC) + timedelta(days=2):D:%Y%m%d}"


@pytest.mark.parametrize(
    "info",
    [
        {},
        {"CreationDate": "D:19700101000000Z"},
        {"CreationDate": TOMORROW},
        {"CreationDate": "D:99999999"},
        {"CreationDate": "soon"},
        {"CreationDate": "D:20240101", "Producer": "Skia/PDF m150"},
        {"CreationDate": "D:20240101", "Creator": "Mozilla Firefox 115"},
    ],
)
def test_a_date_that_is_not_that_of_the_article_is_none(info: dict[str, str], tmp_path: Path) -> None:
    assert article(file(tmp_path, files.pdf([COLUMN], info), "a.pdf")).published is None


def test_a_scan_is_told(tmp_path: Path) -> None:
    assert reason(file(tmp_path, files.pdf([[], []]), "a.pdf")).startswith("the PDF holds pictures of text but no text")


@pytest.mark.parametrize("cut", [0, 1, 100, 500, -1])
def test_a_damaged_pdf_is_told_or_read(cut: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    whole = files.pdf([COLUMN])
    path = file(tmp_path, whole[:cut] if cut >= 0 else whole.replace(b"xref", b"xxxx"), "a.pdf")
    (found,) = files.all_of(path).values()
    assert found == "the file is empty" if cut == 0 else found
    assert capfd.readouterr() == ("", "")


def test_a_pdf_behind_a_password_is_told(tmp_path: Path) -> None:
    import pypdf

    writer = pypdf.PdfWriter(clone_from=pypdf.PdfReader(file(tmp_path, files.pdf([COLUMN]), "open.pdf")))
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(tmp_path / "locked.pdf")
    assert reason(tmp_path / "locked.pdf") == "the PDF needs a password; save it without one"
    writer.encrypt("", "of the owner", algorithm="RC4-128")
    writer.write(tmp_path / "printable.pdf")
    assert article(tmp_path / "printable.pdf").text.split("\n\n") == STORY


def test_a_pdf_that_takes_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "PATIENCE", 0.5)
    began = time.monotonic()
    with pytest.raises(ArticleError, match="takes longer than"):
        pdf.read(files.pdf([["x"] * 200_000]))
    assert time.monotonic() - began < 30


LINES = st.lists(st.lists(st.text(max_size=30) | st.sampled_from([*COLUMN, "1", "Page 2", "al-", "x-"])), max_size=4)


@given(LINES)
def test_no_word_is_lost_between_the_edges(pages: list[list[str]]) -> None:
    shown = [[" ".join(line.split()) for line in page if line.strip()] for page in pages]
    text = paragraphs(shown)
    assert text == text.strip()
    inner = {line for page in shown for line in page[3:-3] if not line.endswith(("-", "\u00ad"))}
    assert all(line in " ".join(text.split()) for line in inner)

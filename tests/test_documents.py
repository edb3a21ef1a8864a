"""Word documents and books, made for these tests."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import files
from tests.files import PAGE, STORY, all_of, article, file, reason


def test_a_word_document_is_read(tmp_path: Path) -> None:
    lines = ["Generals discuss the border at a hill station", "By A Reporter, 29 March 2012", *STORY]
    found = article(file(tmp_path, files.docx(lines, "<dc:creator>A. Reporter</dc:creator>"), "a.docx"))
    assert (found.title, found.published, found.author) == (lines[0], date(2012, 3, 29), "A. Reporter")
    assert found.text.split("\n\n") == list(STORY)


def test_the_title_of_a_word_document_counts_where_it_stands_in_it(tmp_path: Path) -> None:
    for title, expected in (("Generals meet", "Generals meet"), ("Template for letters", STORY[0][:20])):
        data = files.docx(["Generals meet", *STORY], f"<dc:title>{title}</dc:title>")
        assert article(file(tmp_path, data, "a.docx")).title.startswith(expected)


def test_what_was_deleted_is_not_read_and_what_was_inserted_is(tmp_path: Path) -> None:
    changed = (
        "<w:r><w:t>The generals met </w:t></w:r><w:del><w:r><w:delText>in Swat</w:delText></w:r></w:del>"
        '<w:ins><w:r><w:t xml:space="preserve">in Murree</w:t><w:br/><w:t>on Wednesday.</w:t></w:r></w:ins>'
    )
    assert article(file(tmp_path, files.docx([changed]), "a.docx")).text == "The generals met in Murree on Wednesday."


def test_a_text_box_is_read_once(tmp_path: Path) -> None:
    inside = f"<w:txbxContent><w:p><w:r><w:t>{STORY[1]}</w:t></w:r></w:p></w:txbxContent>"
    box = (
        f"<w:r><w:t>{STORY[0]}</w:t></w:r><mc:AlternateContent><mc:Choice>{inside}</mc:Choice>"
        f"<mc:Fallback>{inside}</mc:Fallback></mc:AlternateContent>"
    )
    assert article(file(tmp_path, files.docx([box]), "a.docx")).text.split("\n\n") == list(STORY[:2])


def test_the_chapters_of_a_book_are_articles(tmp_path: Path) -> None:
    about = (
        "<dc:creator>A. Reporter</dc:creator><dc:publisher>The Hill Gazette</dc:publisher><dc:date>2012</dc:date>"
        "<dc:date>2012-03-29T00:00:00Z</dc:date>"
    )
    other = PAGE.replace("Murree", "Swat")
    path = file(tmp_path, files.epub({"one.xhtml": PAGE, "two%20b.xhtml": "", "three.xhtml": other}, about), "a.epub")
    found = all_of(path)
    assert list(found) == ["/in/one.xhtml", "/in/two b.xhtml", "/in/three.xhtml"]
    first, second, third = found.values()
    assert second == "the file is damaged: in/two b.xhtml is missing"
    assert not isinstance(first, str) and not isinstance(third, str)
    assert first.text.split("\n\n") == list(STORY)
    assert (first.title, first.author, first.outlet) == ("Generals meet in Murree", "A. Reporter", "The Hill Gazette")
    assert first.published == date(2012, 3, 29)
    assert first.id != third.id and first.id.startswith("one-")
    assert all_of(path) == found


def test_a_chapter_leads_to_no_other_file(tmp_path: Path) -> None:
    file(tmp_path, PAGE, "outside.html")
    found = all_of(file(tmp_path, files.epub({"../../outside.html": PAGE}), "a.epub"))
    assert found == {"/../outside.html": "the file is damaged: ../outside.html is missing"}


BOMB = '<!DOCTYPE a [<!ENTITY a "x">' + "".join(
    f'<!ENTITY {b} "{f"&{a};" * 20}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("name", ["a.docx", "a.epub"])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"PK nonsense", "the archive is damaged"),
        (files.zipped({"a": "b"}), "the file is damaged: "),
        (files.zipped({"word/document.xml": "<a", "META-INF/container.xml": "<a"}), "the file is damaged: "),
        (files.docx(STORY)[:-30], "the archive is damaged"),
    ],
)
def test_damaged_documents_are_told(data: bytes, message: str, name: str, tmp_path: Path) -> None:
    assert reason(file(tmp_path, data, name)).startswith(message)


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize(
    "markup",
    [
        BOMB + "]><a>&i;</a>",
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        "<a>" * 100_000 + "</a>" * 100_000,
        "<a>" + "x" * 30_000_000 + "</a>",
    ],
    ids=["entities", "outside", "deep", "large"],
)
def test_hostile_markup_ends_in_a_rejection(markup: str, tmp_path: Path) -> None:
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    document = markup.replace("<a>", f"<w:p {space}><w:r><w:t>", 1).replace("</a>", "</w:t></w:r></w:p>", 1)
    told = reason(file(tmp_path, files.zipped({"word/document.xml": document}), "a.docx"))
    assert "passwd" not in told and "root:" not in told


@given(st.binary(max_size=300), st.integers(0, 900))
def test_any_bytes_in_a_document_end_well(tmp_path_factory: pytest.TempPathFactory, junk: bytes, place: int) -> None:
    whole = files.docx(STORY)
    for data in (junk, whole[:place] + junk + whole[place + len(junk) :]):
        for name in ("any.docx", "any.epub"):
            assert all_of(file(tmp_path_factory.getbasetemp(), data, name))


def test_a_document_is_a_zip_that_others_read(tmp_path: Path) -> None:
    assert zipfile.is_zipfile(file(tmp_path, files.docx(STORY), "a.docx"))

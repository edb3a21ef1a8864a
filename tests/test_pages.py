"""Pages of the web: as they are, saved whole, fetched, and made to do harm."""

from __future__ import annotations

from datetime import date
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa import pages
from qa.articles import kind_of, parse
from qa.records import Article, Rejection
from tests.files import PAGE, STORY, all_of, article, file, reason

URL = "https://example.org/2012/murree.html"


def saved(html: str = PAGE, charset: str = "utf-8", transfer: str = "quoted-printable") -> bytes:
    """A page as a browser saves it, with a picture."""
    message = EmailMessage()
    message["Snapshot-Content-Location"] = URL
    message.set_content(html, subtype="html", charset=charset, cte=transfer)
    message.add_related(b"\x89PNG", "image", "png")
    return message.as_bytes()


@pytest.mark.parametrize("charset", ["utf-8", "windows-1252"])
@pytest.mark.parametrize("transfer", ["quoted-printable", "base64"])
def test_a_saved_page_is_read(charset: str, transfer: str, tmp_path: Path) -> None:
    html = PAGE.replace("an official", "an “official”")
    found = article(file(tmp_path, saved(html, charset, transfer), "murree.mhtml"))
    assert (found.title, found.published, found.url) == ("Generals meet in Murree", date(2012, 3, 29), URL)
    assert "an “official” said" in found.text and found.text.count("\n\n") == len(STORY) - 1


@pytest.mark.parametrize("data", [b"nonsense", b"Content-Type: text/plain\n\nhello", saved("")])
def test_a_saved_page_without_a_page_is_told(data: bytes, tmp_path: Path) -> None:
    told = ("no page found in it; save it again as HTML", "no reporting found in the page")
    assert reason(file(tmp_path, data, "a.mht")) in told


def test_the_address_is_that_of_the_comment_a_browser_leaves(tmp_path: Path) -> None:
    html = f"<!DOCTYPE html>\n<!-- saved from url=(0036){URL} -->\n{PAGE}"
    assert article(file(tmp_path, html, "a.html")).url == URL


def test_a_page_whose_columns_are_cells_of_a_table_is_read(tmp_path: Path) -> None:
    told = "<br><br>".join(STORY)
    html = f"<html><body><table><tr><td>Home</td><td><b>Generals meet</b><br><br>{told}</td></tr></table></body></html>"
    text = article(file(tmp_path, html, "a.html")).text
    assert all(paragraph in text for paragraph in STORY)


# -- what was fetched


@pytest.mark.parametrize(
    "kind", ["text/html", "text/html; charset=utf-8", "TEXT/HTML ;charset='utf-8'", ".html", "application/xhtml+xml"]
)
def test_what_was_fetched_is_read_by_its_kind(kind: str) -> None:
    ((source, item),) = parse(PAGE.encode(), kind, URL)
    assert isinstance(item, Article)
    assert (source, item.url, item.title) == (URL, URL, "Generals meet in Murree")
    assert item.id.startswith("murree-")


@pytest.mark.parametrize("charset", ["utf-16-le", "koi8-r", "no-such-encoding", ""])
def test_the_encoding_is_what_the_server_says_where_it_holds(charset: str) -> None:
    known = charset not in ("no-such-encoding", "")
    data = PAGE.replace("Murree", "Мурри").encode(charset if known else "utf-8")
    ((_, item),) = parse(data, f"text/html; charset={charset}", URL)
    assert isinstance(item, Article) and item.title == "Generals meet in Мурри"


def test_a_kind_that_is_no_article_is_told() -> None:
    assert list(parse(b"x", "image/png", "https://example.org/a")) == [
        ("https://example.org/a", Rejection("https://example.org/a", "image/png cannot be read as an article"))
    ]
    assert kind_of("News.TAR.GZ") == ".tar.gz" and kind_of("photo.jpg") == ""


# -- hostile pages


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 49_000 + "".join(STORY) + "</div>" * 49_000,
        "<div>" * 100_000 + "".join(STORY) + "</div>" * 100_000,
        "<p><b><i>" * 9_000,
        "<table><tr><td>" * 30_000,
        "<html><body>" + "<a href=x>" * 30_000,
        '<div class="' + "x" * 5_000_000 + '">',
        "<!--" * 200_000,
        "&amp;" * 500_000,
        "<p>\0\ud800\u202e</p>" * 20_000,
        "<p " + " ".join(f"a{n}=1" for n in range(200_000)) + ">",
        "<p " + " ".join(f'a{n} = "<x>"' for n in range(99_000)),
        '<p b="" = \'' + " ".join(f"a{n} <" for n in range(50_000)) + "'>",
    ],
    ids=[
        "deep",
        "deeper",
        "open",
        "tables",
        "links",
        "class",
        "comments",
        "entities",
        "hidden",
        "attributes",
        "values",
        "quotes",
    ],
)
def test_a_hostile_page_ends_in_bounded_time(html: str, tmp_path: Path) -> None:
    assert len(all_of(file(tmp_path, html.encode("utf-8", "surrogatepass"), "a.html"))) == 1


def test_a_page_that_is_too_large_is_told(tmp_path: Path) -> None:
    assert reason(file(tmp_path, PAGE + " " * pages.MAX_PAGE, "a.html")) == "larger than 10 MB"


@given(st.binary(max_size=300), st.integers(0, len(PAGE)))
def test_any_bytes_in_a_page_end_well(tmp_path_factory: pytest.TempPathFactory, junk: bytes, place: int) -> None:
    for name, whole in (("any.html", PAGE.encode()), ("any.mhtml", saved())):
        for data in (junk, whole[:place] + junk + whole[place:]):
            assert len(all_of(file(tmp_path_factory.getbasetemp(), data, name))) == 1


DAYS = st.one_of(st.integers(-99999, 99999).map(lambda n: f"{n}-13-00"), st.text(max_size=30), st.just("0000-00-00"))


@given(DAYS)
def test_any_date_of_a_page_is_a_day_or_none(tmp_path_factory: pytest.TempPathFactory, day: str) -> None:
    html = PAGE.replace("2012-03-29", day.replace('"', "").replace(">", "").encode("utf-8", "replace").decode())
    (item,) = all_of(file(tmp_path_factory.getbasetemp(), html, "any.html")).values()
    assert isinstance(item, Article | str)

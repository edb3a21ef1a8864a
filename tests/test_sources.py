"""Links as sources: which article a page becomes."""

from __future__ import annotations

import textwrap
from datetime import date
from pathlib import Path

import pytest

from qa import sources
from qa.records import Article, Rejection
from qa.sources import Link, Source
from tests.files import pdf
from tests.web_site import NAME, Page, Pages, Site, fetcher, report

HOME = f"http://{NAME}"
TEXT = (
    "General Kayani refused to give Admiral Mullen any assurance of an offensive in North Waziristan, officials said."
)


def read(page: Page, link: Link | str = f"{HOME}/world/talks-end") -> Article | Rejection:
    with Site({"/world/talks-end": page}) as site, fetcher(site) as client:
        ((source, item),) = sources.read([link], client)
    assert source == (link.url if isinstance(link, Link) else link)
    return item


def test_a_page_becomes_an_article_that_says_where_it_is_from() -> None:
    item = read(report("Talks end", TEXT, "<meta property='article:published_time' content='2012-03-29T08:00:00Z'>"))
    assert isinstance(item, Article)
    assert (item.title, item.published, item.url) == ("Talks end", date(2012, 3, 29), f"{HOME}/world/talks-end")
    assert item.id.startswith("talks-end-") and TEXT in item.text
    assert item.outlet


def test_a_feed_is_believed_where_the_page_says_nothing() -> None:
    link = Link(f"{HOME}/world/talks-end", "The title of the feed", date(2012, 3, 30))
    bare = Page(f"{TEXT} {TEXT.replace('General', 'Later, General')}", kind="text/plain")
    item = read(bare, link)
    assert isinstance(item, Article) and item.published == date(2012, 3, 30)
    dated = report("Talks end", TEXT, "<meta property='article:published_time' content='2012-03-29T08:00:00Z'>")
    item = read(dated, link)
    assert isinstance(item, Article) and (item.title, item.published) == ("Talks end", date(2012, 3, 29))


@pytest.mark.parametrize(
    ("claimed", "shown"),
    [
        (f"{HOME}/canonical", f"{HOME}/canonical"),
        (f"https://www.{NAME}/canonical", f"https://www.{NAME}/canonical"),
        ("https://famous.example/scoop", f"{HOME}/world/talks-end"),
        (f"javascript://{NAME}/%0aalert(1)", f"{HOME}/world/talks-end"),
        ("http://[broken", f"{HOME}/world/talks-end"),
    ],
)
def test_a_page_names_another_address_only_of_its_own_host(claimed: str, shown: str) -> None:
    item = read(report("Talks end", TEXT, f"<link rel='canonical' href='{claimed}'>"))
    assert isinstance(item, Article) and item.url == shown


def test_a_page_cannot_take_the_place_of_another_article() -> None:
    item = read(Page(f"---\nid: hangar\ntitle: T\n---\n{TEXT}", kind="text/markdown"))
    assert isinstance(item, Article) and item.id.startswith("talks-end-") and item.title == "T"


@pytest.mark.parametrize(
    ("encoding", "charset"),
    [("utf-8", "iso-8859-1"), ("windows-1252", "windows-1252"), ("utf-8", ""), ("utf-16", "utf-16")],
)
def test_a_page_is_read_in_the_encoding_it_is_in(encoding: str, charset: str) -> None:
    text = f"{TEXT} “We shall see,” said the naïve señor – and no more was heard of it."
    item = read(Page(text.encode(encoding), kind=f"text/plain; charset={charset}"))
    assert isinstance(item, Article) and "“We shall see,” said the naïve señor" in item.text


@pytest.mark.parametrize("charset", ["punycode", "idna", "hex", "utf-7", "nonsense", "x" * 300])
def test_an_encoding_that_is_none_of_the_web_is_not_tried(charset: str) -> None:
    item = read(Page(b"\xe9" * 5000, kind=f"text/plain; charset={charset}"))
    assert isinstance(item, Rejection) and "not UTF-8" in item.reason


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (Page(""), "empty"),
        (Page("<html></html>"), "no reporting"),
        (Page("gone", 410), "410 (Gone)"),
        (Page("x", kind="image/png"), "image/png"),
    ],
)
def test_a_page_without_an_article_is_rejected_with_its_reason(page: Page, reason: str) -> None:
    item = read(page)
    assert isinstance(item, Rejection) and reason in item.reason


def test_files_and_links_are_read_in_their_order_and_counted(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text(TEXT)
    told: list[tuple[str, int, int]] = []
    pages: Pages = {"/a": report("A", TEXT)}
    wanted: list[Source] = [str(file), f"{HOME}/a", tmp_path / "none.md", Link(f"{HOME}/b"), "ftp://x"]
    with Site(pages) as site, fetcher(site) as client:
        items = list(sources.read(wanted, client, lambda *step: told.append(step)))
    assert [source for source, _ in items] == [str(file), f"{HOME}/a", str(tmp_path / "none.md"), f"{HOME}/b", "ftp:/x"]
    assert [isinstance(item, Article) for _, item in items] == [True, True, False, False, False]
    assert told == [("fetching", 0, 2), ("fetching", 1, 2)]
    assert sources.count(wanted) == 5


def test_this_machine_is_not_fetched_from_unless_asked() -> None:
    with Site({"/a": report("A", TEXT)}) as site:
        ((_, item),) = sources.read([f"http://127.0.0.1:{site.port}/a"])
        assert isinstance(item, Rejection) and "only with allow-private" in item.reason
        assert site.asked == []


def test_a_document_on_the_web_is_read_as_its_kind() -> None:
    item = read(Page(pdf([["The talks end", "", *textwrap.wrap(TEXT, 60)]]), kind="application/pdf"))
    assert isinstance(item, Article) and TEXT in item.text and item.id.startswith("talks-end-")

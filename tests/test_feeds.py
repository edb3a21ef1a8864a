"""Feeds and sitemaps: which links they list, and what they cannot do."""

from __future__ import annotations

import gzip
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa import feeds
from qa.errors import FetchError
from qa.feeds import Listing
from qa.sources import Link
from tests.web_site import NAME, Page, Pages, Site, fetcher

HOME = f"http://{NAME}"
RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>News</title>
<item><title>Talks &lt;b&gt;resume&lt;/b&gt; &amp;amp; end</title><link>/a</link>
  <pubDate>Thu, 29 Mar 2012 02:00:00 +0500</pubDate></item>
<item><title>Again</title><link>http://news.example/a</link></item>
<item><title>No link</title></item>
<item><guid isPermaLink="true">http://other.example/b</guid></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title>
<entry><title>Visit</title><link href="/c"/><updated>2015-10-22T23:30:00-04:00</updated></entry></feed>"""
URLSET = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
  xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc> http://news.example/a </loc><lastmod>2020-01-01</lastmod><image:image><image:loc>http://news.example/i.png</image:loc></image:image></url>
<url><loc>http://news.example/b</loc><news:news><news:title>The  visit</news:title>
  <news:publication_date>2012-03-29T10:00:00+05:00</news:publication_date></news:news></url>
<url><loc>http://news.example/a</loc></url><url><loc></loc></url><url/>
</urlset>"""
INDEX = "<sitemapindex>{}</sitemapindex>"
A, B = Link(f"{HOME}/a"), Link(f"{HOME}/b", "The visit", date(2012, 3, 29))
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha">{}]>'.format(
    "".join(f'<!ENTITY {b} "{f"&{a};" * 20}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
)


def listed(body: str | bytes, kind: str = "application/xml", most: int = feeds.MOST, **more: Page) -> Listing:
    pages: Pages = {"/list": Page(body, kind=kind)}
    pages.update({f"/{name}": page for name, page in more.items()})
    with Site(pages) as site, fetcher(site) as client:
        return (feeds.sitemap if b"sitemap" in pages_bytes(body) else feeds.feed)(client, f"{HOME}/list", most)


def pages_bytes(body: str | bytes) -> bytes:
    data = body.encode() if isinstance(body, str) else body
    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


def test_entries_of_a_feed_have_address_title_and_the_day_of_their_own_clock() -> None:
    assert listed(RSS, "application/rss+xml").links == (
        Link(f"{HOME}/a", "Talks resume & end", date(2012, 3, 29)),
        Link("http://other.example/b"),
    )
    assert listed(ATOM, "application/atom+xml").links == (Link(f"{HOME}/c", "Visit", date(2015, 10, 22)),)


def test_a_feed_is_cut_where_its_reader_says() -> None:
    found = listed(RSS, most=1)
    assert (len(found.links), found.more) == (1, True)
    assert not listed(RSS, most=2).more


def test_a_feed_that_has_not_changed_is_not_read_again() -> None:
    with Site({"/feed": [Page(RSS, headers={"ETag": '"7"'}), Page(status=304)]}) as site, fetcher(site) as client:
        first = feeds.feed(client, f"{HOME}/feed")
        assert first.etag == '"7"'
        assert feeds.feed(client, f"{HOME}/feed", etag=first.etag).unchanged
        assert site.seen[-1]["if-none-match"] == '"7"'


def test_the_pages_of_a_sitemap_are_listed_once_and_in_order() -> None:
    assert listed(URLSET).links == (A, B)
    assert listed(gzip.compress(URLSET.encode()), "application/gzip").links == (A, B)
    assert listed(URLSET, most=1) == Listing((A,), more=True)


def test_an_index_of_sitemaps_is_followed_and_one_that_fails_stops_nothing() -> None:
    index = INDEX.format("".join(f"<sitemap><loc>{HOME}/{name}</loc></sitemap>" for name in ("none", "two", "list")))
    found = listed(index, two=Page(URLSET, kind="text/xml"))
    assert found.links == (A, B)
    assert [(r.source, r.reason) for r in found.failed] == [(f"{HOME}/none", "the server answers 404 (Not Found)")]


def test_an_index_without_end_ends() -> None:
    index = INDEX.format("".join(f"<sitemap><loc>{HOME}/{n}</loc></sitemap>" for n in range(1000)))
    with Site({"/list": Page(index, kind="text/xml")}) as site, fetcher(site) as client:
        assert feeds.sitemap(client, f"{HOME}/list").more
        assert len(site.asked) < 60


@pytest.mark.parametrize(
    "body",
    ["", "no XML", "<html><body>a page</body></html>", "<rss", "\0\0", "{}"],
)
def test_what_is_no_feed_is_told(body: str) -> None:
    with pytest.raises(FetchError, match="is no feed"):
        listed(body)


@pytest.mark.parametrize(
    "body",
    ["sitemap", "<sitemap/>", "<html>sitemap</html>", "<!-- sitemap -->", LAUGHS + "<sitemap>&i;</sitemap>"],
)
def test_what_is_no_sitemap_is_told(body: str) -> None:
    with pytest.raises(FetchError, match="is no sitemap"):
        listed(body)


def test_nothing_named_in_a_list_is_loaded(bounded: None) -> None:
    """Neither a file of this machine, nor another address, nor an entity that grows without end."""
    outside = f'<!DOCTYPE x SYSTEM "{HOME}/dtd" [<!ENTITY f SYSTEM "file:///etc/passwd"><!ENTITY h SYSTEM "{HOME}/h">]>'
    with Site({}) as site:
        for start in (outside, LAUGHS):
            item = "<item><title>T&f;&h;&i;</title><link>/a</link></item>"
            site.pages["/feed"] = Page(f"{start}<rss version='2.0'><channel>{item}</channel></rss>")
            site.pages["/map"] = Page(f"{start}<urlset><url><loc>{HOME}/a&f;&h;&i;</loc></url></urlset>")
            with fetcher(site) as client:
                try:
                    links = [*feeds.feed(client, f"{HOME}/feed").links, *feeds.sitemap(client, f"{HOME}/map").links]
                except FetchError as error:
                    assert "is no" in str(error)
                    links = []
                assert all("root:" not in f"{link.url}{link.title}" for link in links)
                assert all(len(link.title) < 100_000 for link in links)
        assert set(site.asked) <= {"/robots.txt", "/feed", "/map"}


@settings(max_examples=25)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: f"<rss version='2.0'><item>{t}".encode()))
def test_no_bytes_break_a_reader(body: bytes) -> None:
    with Site({"/feed": Page(body), "/map": Page(body)}) as site, fetcher(site) as client:
        for read, path in ((feeds.feed, "feed"), (feeds.sitemap, "map")):
            try:
                read(client, f"{HOME}/{path}")
            except FetchError as error:
                assert "is no" in str(error) or "packed" in str(error) or "breaks off" in str(error)

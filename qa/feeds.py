"""Feeds and sitemaps → the links they list. What they say is parsed here and fetches nothing by itself."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import feedparser
from lxml import etree

from qa.dates import parse_date
from qa.errors import FetchError
from qa.fetching import FEEDS, SITEMAPS, Fetched, Fetcher, unpacked
from qa.records import Rejection
from qa.sources import Link

MOST = 200  # links taken of a feed or a sitemap where nobody says how many
_SITEMAPS = 50  # files read of one sitemap
_UNPACKED = 50_000_000  # bytes; what the sitemap protocol allows
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Listing:
    """The links of a feed or sitemap, in its order and at most as many as were asked for; `more` if there are others.

    `etag` and `last_modified` go with the next request for it; `unchanged` is the answer when nothing is new.
    """

    links: tuple[Link, ...] = ()
    more: bool = False
    failed: tuple[Rejection, ...] = ()
    etag: str = ""
    last_modified: str = ""
    unchanged: bool = False


def feed(fetcher: Fetcher, url: str, most: int = MOST, etag: str = "", last_modified: str = "") -> Listing:
    """Return the entries of an RSS or Atom feed; raises FetchError."""
    page = fetcher.fetch(url, FEEDS, etag, last_modified)
    if page.unchanged:
        return Listing(unchanged=True)
    # A stream, never a text: a text could be taken for an address and fetched.
    parsed = feedparser.parse(io.BytesIO(page.data), response_headers={"content-location": page.url})
    if not parsed.get("version"):
        raise FetchError("is no feed; add the page itself without --feed")
    links: dict[str, Link] = {}
    for entry in parsed.entries:
        if entry.get("link"):
            links.setdefault(entry.link, _entry(entry))
    return Listing(tuple(links.values())[:most], len(links) > most, (), page.etag, page.last_modified)


def sitemap(fetcher: Fetcher, url: str, most: int = MOST) -> Listing:
    """Return the pages of a sitemap, or of those that an index of sitemaps lists; raises FetchError.

    What cannot be read of the sitemaps in an index is in `failed`.
    """
    waiting, links, failed = [url], dict[str, Link](), list[Rejection]()
    known = {url}
    for _ in range(_SITEMAPS):
        if not waiting or len(links) > most:
            break
        where = waiting.pop(0)
        try:
            root = _tree(fetcher.fetch(where, SITEMAPS))
        except FetchError as error:
            if where == url:
                raise
            failed.append(Rejection(where, str(error)))
            continue
        further = [found for found in dict.fromkeys(_texts(root, "{*}sitemap/{*}loc")) if found not in known]
        known.update(further)
        waiting += further
        for page in root.iterfind("{*}url"):
            for address in _texts(page, "{*}loc"):
                links.setdefault(address, _page(page, address))
    found = tuple(links.values())
    return Listing(found[:most], len(found) > most or bool(waiting), tuple(failed))


def _page(page: Any, address: str) -> Link:
    """Return a page of a sitemap with what one of news says of it."""
    title, day = (next(_texts(page, f"{{*}}news/{{*}}{name}"), "") for name in ("title", "publication_date"))
    return Link(address, title, parse_date(day))


def _texts(root: Any, path: str) -> Iterator[str]:
    for element in root.iterfind(path):
        if text := " ".join((element.text or "").split()):
            yield text


def _tree(page: Fetched) -> Any:
    """Parse a sitemap; nothing it names is loaded or filled in."""
    data = unpacked(page.data, _UNPACKED) if page.data.startswith(_GZIP) else page.data
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FetchError(f"is no sitemap: {' '.join(str(error).split())[:150]}") from None
    if etree.QName(root).localname not in ("urlset", "sitemapindex"):
        raise FetchError("is no sitemap")
    return root


def _entry(entry: Any) -> Link:
    title = html.unescape(re.sub(r"<[^<>]{0,200}>", "", entry.get("title", "")))
    return Link(entry.link, " ".join(title.split()), _day(entry))


def _day(entry: Any) -> date | None:
    """Return the day an entry names, by the clock of its own time zone."""
    return parse_date(entry.get("published") or entry.get("updated"))

"""What articles come from, files or links, read one after the other."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from qa import articles
from qa.errors import FetchError
from qa.records import Article, Rejection

if TYPE_CHECKING:
    from qa.fetching import Fetched, Fetcher

# Encodings of the web that a server may name; decoding by some others takes for ever.
_CHARSET = re.compile(r"(iso-8859-\d+|windows-\d+|koi8-\w|gb\w+|big5|euc-\w+|shift_jis|utf-16(le|be)?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Link:
    """The address of a page, and what a feed says of it, which counts where the page itself does not say."""

    url: str
    title: str = ""
    published: date | None = None


Source = str | Path | Link
Item = tuple[str, Article | Rejection]


def is_link(source: Source) -> bool:
    """Whether a source is on the web."""
    return isinstance(source, Link) or (
        isinstance(source, str) and bool(re.match(r"\s*https?://", source, re.IGNORECASE))
    )


def read(
    sources: Sequence[Source],
    fetcher: Fetcher | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
    columns: Mapping[str, str] | None = None,
) -> Iterator[Item]:
    """Yield (source, article or rejection) for files, folders and links, in their order.

    Links are fetched by `fetcher`, or by one that keeps to public addresses; `progress` gets ("fetching", links
    done, links in all). `columns` are those of `articles.read`.
    """
    links, done = sum(map(is_link, sources)), 0
    with contextlib.ExitStack() as stack:
        for source in sources:
            link = Link(source.strip()) if isinstance(source, str) and is_link(source) else source
            if not isinstance(link, Link):
                yield from articles.read([link], columns)
                continue
            if fetcher is None:
                from qa.fetching import Fetcher

                fetcher = stack.enter_context(Fetcher())
            progress("fetching", done, links)
            yield from _fetched(link, fetcher)
            done += 1


def count(sources: Sequence[Source]) -> int:
    """Return how many items `read` will yield, roughly."""
    return sum(1 if isinstance(s, Link) or is_link(s) else articles.count([s]) for s in sources)


def items(link: Link, page: Fetched) -> Iterator[Item]:
    """Yield what a page that was fetched holds, with what only its link knows.

    The address that a page gives itself counts only where it is on the same host.
    """
    for place, item in articles.parse(_utf8(page), page.kind, page.url):
        source = link.url + place.removeprefix(page.url)
        if isinstance(item, Rejection):
            yield source, Rejection(source, item.reason)
            continue
        host = _host(page.url)
        yield (
            source,
            dataclasses.replace(
                item,
                title=item.title or link.title[:300].strip(),
                published=item.published or link.published,
                outlet=item.outlet or host,
                url=item.url if _host(item.url) == host else page.url,
            ),
        )


def _fetched(link: Link, fetcher: Fetcher) -> Iterator[Item]:
    try:
        page = fetcher.fetch(link.url)
    except FetchError as error:
        yield link.url, Rejection(link.url, str(error))
    else:
        yield from items(link, page)


def _host(url: str) -> str:
    """The host of a web address, empty where it is none."""
    try:
        where = urlsplit(url)
        return (where.hostname or "").removeprefix("www.") if where.scheme in ("http", "https") else ""
    except ValueError:
        return ""


def _utf8(page: Fetched) -> bytes:
    """Return a page's data in UTF-8, where the server says in what else it is; what is UTF-8 stays what it is."""
    try:
        page.data.decode()
    except UnicodeDecodeError:
        if _CHARSET.fullmatch(page.charset):
            with contextlib.suppress(LookupError, UnicodeDecodeError):
                return page.data.decode(page.charset).encode()
    return page.data

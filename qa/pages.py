"""Pages of the web, as they are or saved whole (MHTML) → drafts."""

from __future__ import annotations

import re

from qa.cleaning import clean
from qa.drafts import Draft, one_line
from qa.errors import ArticleError

MAX_PAGE = 10_000_000  # bytes of one page: ten times the longest that newspapers send
_MAX_TAGS = 100_000  # of one page: the parsers of tags need seconds for so many
_MAX_ATTRIBUTES = 5000  # of one tag: the time to read them grows with their square
_VALUE = re.compile(rb"""(?<=[^\s"'=<>/])\s*+=\s*+(?:"[^"]*+"|'[^']*+')""")
_TABLE = re.compile(rb"<table", re.IGNORECASE)
_SAVED_FROM = re.compile(rb"saved from url=\(\d+\)(https?://[^\s<>]{1,2000})|\burl:\s+(https?://[^\s<>]{1,2000})")


def page(data: bytes, url: str = "", charset: str = "") -> Draft:
    """Read the reporting and the metadata of an HTML page; `url` and `charset` are what the one who sent it says."""
    import trafilatura

    _check(data)
    decoded = _decoded(data, charset)
    # Read strictly, nothing is left of a page whose columns are cells of a table; such a page is read once more.
    for strict in (True, False) if _TABLE.search(data) else (True,):
        try:
            found = trafilatura.bare_extraction(
                decoded,
                url=url or None,
                include_comments=False,
                include_tables=False,
                favor_precision=strict,
                with_metadata=True,
            )
        except Exception as error:  # noqa: BLE001 - lxml and its callers raise many kinds on hostile pages
            raise ArticleError(f"the page cannot be parsed: {one_line(error)}") from None
        if found is not None and (found.text or "").strip():
            break
    else:
        raise ArticleError("no reporting found in the page")
    text = clean(found.text)
    meta = {
        "title": found.title or text.title,
        "outlet": found.sitename,
        "published": found.date or text.published,
        "url": found.url or url or _saved_from(data),
        "author": found.author,
    }
    return Draft({key: value for key, value in meta.items() if value}, text.text)


def saved(data: bytes) -> Draft:
    """Read a page that a browser saved with everything on it, as one MIME message."""
    import email
    import email.policy

    try:
        message = email.message_from_bytes(data, policy=email.policy.compat32)
        part = next((part for part in message.walk() if part.get_content_type() == "text/html"), None)
        html = part.get_payload(decode=True) if part else None
    except Exception as error:  # noqa: BLE001 - the parser raises many kinds on hostile messages
        raise ArticleError(f"the saved page cannot be parsed: {one_line(error)}") from None
    if part is None or not isinstance(html, bytes) or len(html) > MAX_PAGE:
        raise ArticleError("no page found in it; save it again as HTML")
    url = str(message.get("Snapshot-Content-Location") or part.get("Content-Location") or "")
    return page(html, url if re.match(r"https?://\S+$", url) else "", str(part.get_content_charset() or ""))


def _check(data: bytes) -> None:
    """Refuse what the parsers would read for minutes: they have no limits of their own."""
    if data.count(b"<") > _MAX_TAGS:
        raise ArticleError(f"the page has more than {_MAX_TAGS:,} tags")
    for piece in _VALUE.sub(b"=", data).split(b">"):
        # A tag that is not closed ends nowhere, so whatever stands before the next ">" may be read as attributes.
        if len(piece) > 2 * _MAX_ATTRIBUTES and len(piece.partition(b"<")[2].split()) > _MAX_ATTRIBUTES:
            raise ArticleError(f"a tag of the page has more than {_MAX_ATTRIBUTES:,} attributes")


def _decoded(data: bytes, charset: str) -> bytes | str:
    """The page as text where its sender named an encoding that holds; else trafilatura finds it out."""
    try:
        return data.decode(charset) if charset else data
    except (LookupError, UnicodeError):
        return data


def _saved_from(data: bytes) -> str:
    """The address that browsers and their add-ons write into the comment at the top of a page they save."""
    match = _SAVED_FROM.search(data[:2000])
    return (match[1] or match[2]).decode("utf-8", "replace") if match else ""

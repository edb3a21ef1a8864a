"""PDF → a draft: pages → lines → paragraphs, without running heads and with words that lines broke made whole.

A PDF holds lines at places, and no paragraphs; what is said here of them is inferred from how text is set.
"""

from __future__ import annotations

import io
import logging
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from qa.drafts import MAX_TEXT, Draft, cleaned, one_line
from qa.errors import ArticleError

if TYPE_CHECKING:
    from pypdf import DocumentInformation, PdfReader

PATIENCE = 60.0  # seconds for one file
_MAX_PAGES = 2000
_EDGE = 3  # lines at the top and the bottom of a page among which running heads are looked for
_MANY = 10  # lines of a page that tell how wide it is set
_HEADING = 200  # characters a heading may have
_ROOM = 0.9  # of the width of a full line: what leaves more than the rest of it free was ended on purpose
_ENDED = re.compile(r"[.!?…]['\"”’»)\]]*$")
_PAGE_NUMBER = re.compile(r"\W*(?:page\s*)?\d{1,4}(?:\s*(?:of|/)\s*\d{1,4})?\W*", re.IGNORECASE)
_LIGATURES = re.compile("[\ufb00-\ufb06]")
# A title that a program made up: it names a program, a file, or nothing.
_NO_TITLE = re.compile(r"(?:microsoft|untitled|layout|slide|print|page)\b.*|\S*|.*\.\w{2,4}|\W*", re.IGNORECASE)
# A browser dates the day a page was printed, not the day it appeared.
_PRINTED = re.compile(r"skia|chrom|mozilla|firefox|safari|quartz|webkit|wkhtml|print to pdf", re.IGNORECASE)


def read(data: bytes) -> Draft:
    """Read the text of a PDF; headline and date of its metadata count where they are sane.

    Raises ArticleError for a file that is damaged, locked, endless or holds no text.
    """
    logging.getLogger("pypdf").addHandler(logging.NullHandler())  # else it writes to standard error
    try:
        pages, meta = _extracted(data)
    except ArticleError:
        raise
    except Exception as error:  # noqa: BLE001 - pypdf raises many kinds on damaged files
        raise ArticleError(f"the PDF cannot be parsed: {one_line(error)}") from None
    text = paragraphs(pages)
    if not re.search(r"\w", text):
        raise ArticleError("the PDF holds pictures of text but no text; put it through text recognition (OCR) first")
    draft = cleaned(text, meta)
    return draft if draft.meta["published"] else Draft({**draft.meta, "published": meta.get("created")}, draft.text)


def paragraphs(pages: Sequence[Sequence[str]]) -> str:
    """Return the text of pages, each given as its lines: one paragraph a line, a blank line between.

    Running heads and page numbers are left out. A line ends its paragraph where it ends a sentence and is not
    full, or where it ends a heading and the next word would still have fitted into it.
    """
    bare = _without_running_heads(pages)
    hyphenated = set(re.findall(r"\w+-\w+", "\n".join(line for page in bare for line in page)))
    found: list[str] = []
    current = ""
    for page in bare:
        width = _ROOM * _full(page if len(page) >= _MANY else [line for each in bare for line in each])
        for line, following in zip_longest(page, page[1:], fillvalue=""):
            current = _joined(current, line, hyphenated)
            if not following:
                continue  # the last line of a page: the next page goes on, or begins anew, by its own looks
            fitting = len(line) + 1 + len(following.split(" ", 1)[0]) <= width
            if (_ENDED.search(line) and len(line) <= width) or (fitting and _is_heading(current, following)):
                found.append(current)
                current = ""
        if _ENDED.search(current):
            found.append(current)
            current = ""
    return "\n\n".join([*found, current]).strip()


def _extracted(data: bytes) -> tuple[list[list[str]], dict[str, Any]]:
    from pypdf import PdfReader

    until = time.monotonic() + PATIENCE

    def hurry(*_: object) -> None:
        """Called for every piece of text and every command of a page."""
        if time.monotonic() > until:
            raise ArticleError(f"the PDF takes longer than {PATIENCE:.0f} seconds to read")

    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise ArticleError("the PDF needs a password; save it without one")
    if len(reader.pages) > _MAX_PAGES:
        raise ArticleError(f"the PDF has more than {_MAX_PAGES} pages; split it")
    pages: list[list[str]] = []
    size = 0
    for page in reader.pages:
        text = page.extract_text(visitor_operand_before=hurry, visitor_text=hurry)
        text = _LIGATURES.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
        pages.append([" ".join(line.split()) for line in text.split("\n") if line.strip()])
        size += len(text)
        hurry()
        if size > MAX_TEXT:
            raise ArticleError(f"more than {MAX_TEXT // 1_000_000} MB of text")
    return pages, _metadata(reader)


def _metadata(reader: PdfReader) -> dict[str, Any]:
    told = reader.metadata
    if told is None:
        return {}
    title = str(told.title or "").strip()
    program = f"{told.creator or ''} {told.producer or ''}"
    return {
        "title": "" if _NO_TITLE.fullmatch(title) else title,
        "author": str(told.author or "") if " " in str(told.author or "").strip() else "",
        "created": None if _PRINTED.search(program) else _made(told),
    }


def _made(told: DocumentInformation) -> date | None:
    """The day of making, unless it is to come or from before there were PDFs: a clock that was never set."""
    try:
        day = told.creation_date.date() if told.creation_date else None
    except ValueError:
        return None
    return day if day and date(1993, 1, 1) <= day <= datetime.now(UTC).date() else None


def _without_running_heads(pages: Sequence[Sequence[str]]) -> list[list[str]]:
    """Leave out page numbers, and lines that stand at the edge of most pages but for their numbers."""

    def key(line: str) -> str:
        return re.sub(r"\d+", "#", line.lower())

    seen = Counter(k for page in pages for k in {key(line) for line in [*page[:_EDGE], *page[-_EDGE:]]})
    often = {k for k, times in seen.items() if times >= max(2, 0.5 * len(pages))}

    def running(line: str) -> bool:
        return key(line) in often or bool(_PAGE_NUMBER.fullmatch(line))

    bare: list[list[str]] = []
    for page in pages:
        middle = list(page[_EDGE : max(_EDGE, len(page) - _EDGE)])
        top = [line for line in page[:_EDGE] if not running(line)]
        bottom = [line for line in page[max(_EDGE, len(page) - _EDGE) :] if not running(line)]
        bare.append([*top, *middle, *bottom])
    return bare


def _full(page: Sequence[str]) -> int:
    """The width of a full line: nine lines in ten are no longer."""
    lengths = sorted(map(len, page)) or [0]
    return lengths[int(0.9 * (len(lengths) - 1))]


def _is_heading(text: str, following: str) -> bool:
    """Whether what was read so far is a heading or a byline, and not the beginning of a sentence."""
    if len(text) > _HEADING or text[-1] in ",;-–" or not (following[:1].isupper() or following[:1].isdigit()):
        return False
    return not re.search(r"[.!?]\s", re.sub(r"^[\d.]+\s", "", text))


def _joined(text: str, line: str, hyphenated: set[str]) -> str:
    """Put a line to its paragraph; a hyphen at the end goes, unless the word has one elsewhere or before a capital."""
    if not text:
        return line
    if not (match := re.search(r"(\w+)([-\u00ad])$", text)) or not line[:1].isalnum():
        return f"{text} {line}"
    rest = re.match(r"\w+", line)
    whole = f"{match[1]}-{rest[0] if rest else ''}"
    keep = match[2] == "-" and (not line[:1].islower() or whole in hyphenated)
    return text + line if keep else text[:-1] + line

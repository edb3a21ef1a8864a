"""Text as Telegram HTML, escaped and split; pure functions that know nothing of answers.

Telegram counts a message's length in UTF-16 units of the visible text; the limit here leaves room for
what it counts differently.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape, unescape

LIMIT = 4000  # UTF-16 units of visible text in one message, of Telegram's 4096
RAW_LIMIT = 12_000  # characters of one message with its tags
MAX_MESSAGES = 5  # of one reply; what is left over is named and not sent
_NAME = 300  # characters of a title, an outlet or a short answer
_ADDRESS = 1000  # characters of a link's address
_CUT = "…"


@dataclass(frozen=True)
class Block:
    """A piece of visible text, and the tags round it."""

    text: str
    opening: str = ""
    closing: str = ""

    def html(self) -> str:
        """Return the escaped text between its tags."""
        return f"{self.opening}{escape(self.text, quote=False)}{self.closing}"


Group = Sequence[Block]  # what is kept in one message where it fits into one


def bold(text: str) -> Block:
    """Return text in bold."""
    return Block(text, "<b>", "</b>")


def italic(text: str) -> Block:
    """Return text in italics."""
    return Block(text, "<i>", "</i>")


def link(text: str, url: str) -> Block:
    """Return text that leads to an address, or, where that is none a browser opens, plain text."""
    return Block(text, f'<a href="{escape(url)}">', "</a>") if is_link(url) else Block(text)


def is_link(url: str) -> bool:
    """Whether an address may stand in a message."""
    return len(url) <= _ADDRESS and url.isprintable() and bool(re.fullmatch(r"https?://[^\s\"<>]+", url))


def plain(html: str) -> str:
    """Return a message's text without its tags: what is sent when Telegram rejects the HTML."""
    return unescape(re.sub(r"<[^>]+>", "", html))


def units(text: str) -> int:
    """Return the length of a text as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def clean(text: str) -> str:
    """Return text without characters that Telegram rejects or that could disguise what follows."""
    spaced = "".join(" " if c.isspace() and c != "\n" else c for c in text)
    kept = (c for c in spaced if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs"))
    return "".join(c for c in kept if not 0x202A <= ord(c) <= 0x202E and not 0x2066 <= ord(c) <= 0x2069)


def one_line(text: str, limit: int = _NAME) -> str:
    """Return a title, a name or a short answer on one line, shortened when it is endless."""
    joined = " ".join(clean(text).split())
    return joined if len(joined) <= limit else f"{joined[: limit - 1]}…"


def pack(groups: Iterable[Group], more: str = _CUT) -> list[str]:
    """Join groups into messages within Telegram's limits, cutting inside one only where it is too long."""
    messages: list[str] = []
    open_: list[Block] = []
    for group in groups:
        for part in _parts(group):
            if open_ and not _fits([*open_, *part]):
                messages.append(_html(open_))
                open_ = []
            open_ += part
    messages.append(_html(open_))
    messages = [m for m in messages if plain(m).strip()]
    return messages if len(messages) <= MAX_MESSAGES else [*messages[: MAX_MESSAGES - 1], more]


def _html(blocks: Group) -> str:
    return "".join(block.html() for block in blocks).strip()


def _fits(blocks: Group) -> bool:
    return sum(units(b.text) for b in blocks) <= LIMIT and sum(len(b.html()) for b in blocks) <= RAW_LIMIT


def _parts(group: Group) -> Iterator[Group]:
    """Give the group as it is, or, when it is too long, its first block in pieces and then the rest."""
    if _fits(group):
        yield group
        return
    first, *rest = group
    for piece in _cut(first):
        yield [piece]
    if rest:
        yield from _parts(rest)


def _cut(block: Block) -> Iterator[Block]:
    """Cut a block between words, or, in an endless word, between characters."""
    rest = block.text
    while rest:
        whole = Block(rest, block.opening, block.closing)
        if _fits([whole]):
            yield whole
            return
        low, high = 1, len(rest)
        while low < high:  # the longest beginning that fits; a character is never halved
            middle = (low + high + 1) // 2
            fits = _fits([Block(rest[:middle], block.opening, block.closing)])
            low, high = (middle, high) if fits else (low, middle - 1)
        space = max(rest.rfind(" ", 0, low + 1), rest.rfind("\n", 0, low + 1))
        end = space if space > 0 else low
        yield Block(rest[:end], block.opening, block.closing)
        rest = rest[end:].lstrip()

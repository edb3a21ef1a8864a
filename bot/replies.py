"""Answers and lists as Telegram HTML, escaped and split; pure functions.

Telegram counts a message's length in UTF-16 units of the visible text; the limit here leaves room for
what it counts differently.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape, unescape

from qa.citing import explained
from qa.records import Answer, Article, Citation, header

LIMIT = 4000  # UTF-16 units of visible text in one message, of Telegram's 4096
RAW_LIMIT = 12_000  # characters of one message with its tags
EXPAND_FROM = 320  # characters: a longer quote is folded
MAX_MESSAGES = 5  # of one reply; what is left over is named and not sent
CLOSEST = 3  # quotes under a refusal
_NAME = 300  # characters of a title, an outlet or a short answer
_ADDRESS = 1000  # characters of a link's address

WELCOME = (
    "Ask me about the Pakistan–US talks. I answer with the words of the newspaper articles I know, with outlet and "
    "date – and I say so when they do not tell.\n\nTry: <i>What did Kayani refuse to give Mullen?</i>"
    "\n\n/help shows more."
)
HELP = (
    "Send a question, or in a group: /ask your question.\n\n"
    "/ask – ask a question\n/sources – the articles I know\n/reset – forget our conversation\n/help – this message\n\n"
    "Follow-up questions work: <i>When was he appointed?</i>"
)
ONLY_TEXT = "I read text only. Please write your question."
NO_QUESTION = "Write the question behind the command: /ask What did Kayani refuse to give Mullen?"
UNKNOWN = "I do not know this command. /help shows those I know."
FORGOTTEN = "Our conversation is forgotten."
FAILED = "Something went wrong on my side, and it has been noted. Please try again in a moment."
NO_ARTICLES = "The library has no articles yet, so there is nothing to answer from."
MORE = "… and more than fits here."


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


def answer(found: Answer) -> list[str]:
    """Return the messages of an answer: short answer, then each quote with its source."""
    groups: list[Group] = []
    citations = found.citations
    if not found.answered:
        citations = citations[:CLOSEST]
        groups.append([Block(f"{clean(found.text)}\n\n")])
        if citations:
            groups.append([Block("Closest in the library, but not an answer:", "<i>", "</i>"), Block("\n")])
    elif found.short:
        groups.append([Block(one_line(found.short), "<b>", "</b>"), Block("\n\n")])
    return pack([*groups, *map(_quoted, citations)])


def sources(articles: Sequence[Article]) -> list[str]:
    """Return the messages that list a library's articles."""
    if not articles:
        return [NO_ARTICLES]
    count = f"{len(articles)} article{'s' if len(articles) != 1 else ''}"
    lines = [[Block(f"• {one_line(a.title) or one_line(a.id)} – {_origin(a)}\n")] for a in articles]
    return pack([[Block(count, "<b>", "</b>"), Block("\n\n")], *lines])


def line(text: str) -> list[str]:
    """Return the messages of a remark that is not HTML."""
    return pack([[Block(clean(text))]])


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


def one_line(text: str) -> str:
    """Return a title, a name or a short answer on one line, shortened when it is endless."""
    joined = " ".join(clean(text).split())
    return joined if len(joined) <= _NAME else f"{joined[: _NAME - 1]}…"


def pack(groups: Iterable[Group]) -> list[str]:
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
    return messages if len(messages) <= MAX_MESSAGES else [*messages[: MAX_MESSAGES - 1], MORE]


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


def _quoted(citation: Citation) -> Group:
    """A quote, and under it where it stands."""
    quote = clean(citation.quote)
    opening = "<blockquote expandable>" if len(quote) > EXPAND_FROM else "<blockquote>"
    title = one_line(citation.title) or one_line(citation.article_id)
    return [
        Block(quote, opening, "</blockquote>"),
        Block(f"\n[{citation.number}] "),
        Block(title, f'<a href="{escape(citation.url)}">', "</a>") if _is_link(citation.url) else Block(title),
        Block(f" – {_origin(citation)}\n"),
        *dated(citation),
    ]


def dated(citation: Citation) -> Group:
    """What the expressions of time in a quote mean, below it: next week = 30 July – 5 August 2012."""
    return [Block(f"{one_line(line)}\n", "<i>", "</i>") for line in explained(citation)]


def _is_link(url: str) -> bool:
    return len(url) <= _ADDRESS and url.isprintable() and bool(re.fullmatch(r"https?://[^\s\"<>]+", url))


def _origin(item: Citation | Article) -> str:
    day = header("", "", item.published) or "undated"
    return ", ".join(part for part in (one_line(item.outlet), day) if part)

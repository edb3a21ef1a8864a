"""Answers and lists as Telegram HTML, escaped and split; pure functions.

Telegram counts a message's length in UTF-16 units of the visible text; the limit here leaves room for
what it counts differently.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape, unescape

from qa.records import Answer, Article, Citation

LIMIT = 4000  # UTF-16 units of visible text in one message, of Telegram's 4096
EXPAND_FROM = 320  # characters: a longer quote is folded
MAX_MESSAGES = 5  # of one reply; what is left over is cut with a word

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


@dataclass(frozen=True)
class Block:
    """A piece of a message that is best kept whole: visible text, and the tags round it."""

    text: str
    opening: str = ""
    closing: str = ""

    def html(self) -> str:
        """Return the escaped text between its tags."""
        return f"{self.opening}{escape(self.text, quote=False)}{self.closing}"


def answer(found: Answer) -> list[str]:
    """Return the messages of an answer: short answer, then each quote with its source."""
    blocks: list[Block] = []
    if found.answered:
        if found.short:
            blocks.append(Block(clean(found.short) + "\n", "<b>", "</b>"))
    else:
        blocks.append(Block(clean(found.text) + "\n"))
        if found.citations:
            blocks.append(Block("\nThe closest in the library, not an answer:\n", "<i>", "</i>"))
    for citation in found.citations:
        blocks += _quoted(citation)
    return pack(blocks)


def sources(articles: Sequence[Article]) -> list[str]:
    """Return the messages that list a library's articles."""
    if not articles:
        return ["The library is empty."]
    blocks = [Block(f"{len(articles)} articles\n\n", "<b>", "</b>")]
    for article in articles:
        blocks.append(Block(f"• {clean(article.title or article.id)} – {_origin(article)}\n"))
    return pack(blocks)


def plain(html: str) -> str:
    """Return a message's text without its tags: what is sent when Telegram rejects the HTML."""
    return unescape(re.sub(r"<[^>]+>", "", html))


def units(text: str) -> int:
    """Return the length of a text as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def clean(text: str) -> str:
    """Return text without characters that Telegram rejects or that could disguise what follows."""
    kept = (c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs"))
    return "".join(c for c in kept if not 0x202A <= ord(c) <= 0x202E and not 0x2066 <= ord(c) <= 0x2069)


def pack(blocks: Iterable[Block]) -> list[str]:
    """Join blocks into messages within Telegram's limit, cutting inside a block only where one is too long."""
    messages: list[str] = []
    html, size = "", 0
    for block in blocks:
        for piece in _cut(block):
            length = units(piece.text)
            if html and size + length > LIMIT:
                messages.append(html.strip())
                html, size = "", 0
            html += piece.html()
            size += length
    if html.strip():
        messages.append(html.strip())
    messages = [m for m in messages if plain(m).strip()]
    if len(messages) > MAX_MESSAGES:
        return [*messages[: MAX_MESSAGES - 1], f"… and more than fits here ({len(messages)} messages)."]
    return messages


def _quoted(citation: Citation) -> list[Block]:
    quote = clean(citation.quote)
    opening = "<blockquote expandable>" if len(quote) > EXPAND_FROM else "<blockquote>"
    title = clean(citation.title) or clean(citation.article_id)
    source = f"[{citation.number}] "
    link = Block(title)
    if re.fullmatch(r"https?://[^\s\"<>]+", citation.url) and len(citation.url) <= 1000:
        link = Block(title, f'<a href="{escape(citation.url)}">', "</a>")
    return [Block(quote, opening, "</blockquote>"), Block(source), link, Block(f" – {_origin(citation)}\n")]


def _origin(item: Citation | Article) -> str:
    day = f"{item.published.day} {item.published:%B %Y}" if item.published else "undated"
    return ", ".join(part for part in (clean(item.outlet), day) if part)


def _cut(block: Block) -> list[Block]:
    """Cut a block that is longer than a message between words, or, in an endless word, between characters."""
    pieces: list[Block] = []
    rest = block.text
    while units(rest) > LIMIT:
        low, high = 0, len(rest)
        while low < high:  # the longest prefix that fits; a character is never halved
            middle = (low + high + 1) // 2
            low, high = (middle, high) if units(rest[:middle]) <= LIMIT else (low, middle - 1)
        space = max(rest.rfind(" ", 0, low), rest.rfind("\n", 0, low))
        end = space if space > low // 2 else low
        pieces.append(Block(rest[:end], block.opening, block.closing))
        rest = rest[end:].lstrip()
    return [*pieces, Block(rest, block.opening, block.closing)] if rest else pieces

"""Telegram's HTML, checked as strictly as Telegram does, and a little more: every `&` must be escaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from .errors import ApiError

TAGS = frozenset(
    ("b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "span", "tg-spoiler", "a", "code", "pre", "blockquote")
)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.visible: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            raise ApiError(400, f'Bad Request: can\'t parse entities: Unsupported start tag "{tag}"')
        if tag == "blockquote" and tag in self.open:
            raise ApiError(400, "Bad Request: can't parse entities: nested blockquote")
        if tag == "a" and not dict(attributes).get("href"):
            raise ApiError(400, "Bad Request: can't parse entities: a link without address")
        if tag == "span" and dict(attributes).get("class") != "tg-spoiler":
            raise ApiError(400, 'Bad Request: can\'t parse entities: Tag "span" must have class "tg-spoiler"')
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise ApiError(400, f'Bad Request: can\'t parse entities: Unmatched end tag "{tag}"')

    def handle_data(self, data: str) -> None:
        self.visible.append(data)

    def handle_comment(self, data: str) -> None:
        raise ApiError(400, 'Bad Request: can\'t parse entities: Unsupported start tag "!--"')


def visible(text: str, parse_mode: str | None) -> str:
    """Return what a person sees of a text; raises ApiError where Telegram would reject it."""
    if not parse_mode:
        return text
    if parse_mode != "HTML":
        raise ApiError(400, f"Bad Request: this project sends HTML, not {parse_mode}")
    if re.search(r"<(?![/a-zA-Z])", text):
        raise ApiError(400, "Bad Request: can't parse entities: Unsupported start tag")
    if re.search(r"&(?!(?:lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);)", text):
        raise ApiError(400, "Bad Request: can't parse entities: an & that is not escaped")
    reader = _Reader()
    reader.feed(text)
    reader.close()
    if reader.open:
        raise ApiError(400, f"Bad Request: can't parse entities: Can't find end tag of \"{reader.open[-1]}\"")
    return "".join(reader.visible)


def units(text: str) -> int:
    """Return the length of a text in UTF-16 units, as Telegram counts."""
    return len(text.encode("utf-16-le")) // 2

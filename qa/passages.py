"""Articles → passages: whole sentences, small enough for the encoder, at exact offsets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import sentencex

from qa.records import Article, Passage

MAX_TOKENS = 256  # of the encoder, with the header and two special tokens
_LEAST_ROOM = 64  # tokens left for the text under the longest header
_PARAGRAPH = re.compile(r"[^\n]+")

Span = tuple[int, int]
Count = Callable[[str], int]


def sentences(text: str) -> list[Span]:
    """Return the (start, end) of every sentence of `text`, in order, white space left out.

    Sentences end with their paragraph, and where a space after the full stop is missing.
    """
    found: list[Span] = []
    for paragraph in _PARAGRAPH.finditer(text):
        for part in sentencex.get_sentence_boundaries("en", paragraph.group()):
            start, end = paragraph.start() + part["start_index"], paragraph.start() + part["end_index"]
            if bare := text[start:end].strip():
                start += text[start:end].index(bare)
                found.append((start, start + len(bare)))
    return found


def split(article: Article, count: Count, limit: int = MAX_TOKENS) -> list[Passage]:
    """Split an article into passages of whole sentences, each at most `limit` tokens with its header.

    `count` gives the number of the encoder's tokens in a text. A sentence longer than a passage is
    cut between words. `article.text[p.start:p.end] == p.text` for every passage.
    """
    room = max(_LEAST_ROOM, limit - 2 - count(article.header))
    passages: list[Passage] = []
    for number, (start, end) in enumerate(_pack(article.text, count, room)):
        text = article.text[start:end]
        passages.append(Passage(f"{article.id}#{number}", article.id, number, start, end, text))
    return passages


def _pack(text: str, count: Count, room: int) -> Iterator[Span]:
    """Group consecutive sentences into spans of at most `room` tokens."""
    begin = end = -1
    used = 0
    for start, stop in sentences(text):
        for piece_start, piece_end, size in _pieces(text, start, stop, count, room):
            if begin >= 0 and used + size > room:
                yield begin, end
                begin, used = -1, 0
            if begin < 0:
                begin = piece_start
            end = piece_end
            used += size
    if begin >= 0:
        yield begin, end


def _pieces(text: str, start: int, end: int, count: Count, room: int) -> Iterator[tuple[int, int, int]]:
    """Yield a sentence whole when it fits, else in halves between words (or inside one endless word)."""
    # A token is at least one character: most sentences need no look at their tokens twice.
    size = count(text[start:end])
    if size <= room or end - start < 2:
        yield start, end, size
        return
    middle = text.rfind(" ", start + 1, start + (end - start) // 2)
    cut = middle if middle > start else start + (end - start) // 2
    yield from _pieces(text, start, cut, count, room)
    while cut < end and text[cut].isspace():
        cut += 1
    if cut < end:
        yield from _pieces(text, cut, end, count, room)

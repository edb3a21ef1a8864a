"""The buttons under messages, and what they send back: a letter, a number, sometimes a second one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.chats import Kept, Listing
from bot.html import one_line
from bot.tongues import NAMES, Tongue

PASSAGE, OTHERS, UP, DOWN, PAGE, LANGUAGE, REMOVE = "p", "o", "u", "d", "n", "l", "r"
_PRESSED = re.compile(r"([a-z]):(\d{1,15}|[a-z]{2})(?::(\d{1,9}))?")
SHARED = "q_"  # begins the parameter of a link to an answer


def answer(kept: Kept, username: str, say: Tongue, votes: bool = True) -> InlineKeyboardMarkup:
    """Return the buttons under an answer; those for judging it go once it is judged."""
    citations = kept.answer.citations
    names = [say("Full passage")] if len(citations) == 1 else [say("Passage [{n}]", n=c.number) for c in citations]
    rows = [[_button(name, f"{PASSAGE}:{kept.id}:{i}") for i, name in enumerate(names)]]
    url = f"https://t.me/{username}?start={SHARED}{kept.token}"
    words = one_line(kept.answer.reading or kept.answer.question, 200)
    share = f"https://t.me/share/url?url={quote(url, safe='')}&text={quote(words, safe='')}"
    rows.append([_button(say("Other sources"), f"{OTHERS}:{kept.id}")])
    if kept.answer.answered:
        rows[-1].append(InlineKeyboardButton(say("Share"), url=share))
    if votes:
        rows.append([_button("👍", f"{UP}:{kept.id}"), _button("👎", f"{DOWN}:{kept.id}")])
    return InlineKeyboardMarkup([row for row in rows if row])


def pages(listing: Listing, number: int, count: int) -> InlineKeyboardMarkup | None:
    """Return the buttons that turn the pages of a list, where it has more than one."""
    turns = [("◀", number - 1)] * (number > 1) + [("▶", number + 1)] * (number < count)
    return _row([(name, f"{PAGE}:{listing.id}:{page}") for name, page in turns]) if turns else None


def languages() -> InlineKeyboardMarkup:
    """Return a button for each language of the interface."""
    return _row([(name, f"{LANGUAGE}:{code}") for code, name in NAMES.items()])


def removal(listing: Listing, say: Tongue) -> InlineKeyboardMarkup:
    """Return the buttons that ask an admin again before an article goes."""
    return _row([(say("Remove it"), f"{REMOVE}:{listing.id}:1"), (say("Keep it"), f"{REMOVE}:{listing.id}:0")])


def pressed(data: str | None) -> tuple[str, str, int] | None:
    """Return what a button sent, or None: anyone can send anything."""
    match = _PRESSED.fullmatch(data or "")
    return (match[1], match[2], int(match[3] or 0)) if match else None


def _row(buttons: Sequence[tuple[str, str]]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[_button(name, data) for name, data in buttons]])


def _button(name: str, data: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(name, callback_data=data)

"""Conversations, one a chat: the last answers, in memory, for as many chats as there is room."""

from __future__ import annotations

from collections import OrderedDict, deque

from qa.records import Answer

TURNS = 6  # earlier answers a question is read with
CHATS = 10_000  # kept at once; the one longest silent goes first


class Chats:
    """The history of each chat; used from the event loop only."""

    def __init__(self, turns: int = TURNS, chats: int = CHATS) -> None:
        self._turns = turns
        self._chats = chats
        self._histories: OrderedDict[int, deque[Answer]] = OrderedDict()

    def history(self, chat_id: int) -> tuple[Answer, ...]:
        """Return the last answers of a chat, oldest first."""
        return tuple(self._histories.get(chat_id, ()))

    def remember(self, chat_id: int, answer: Answer) -> None:
        """Add an answer to a chat."""
        self._histories.setdefault(chat_id, deque(maxlen=self._turns)).append(answer)
        self._histories.move_to_end(chat_id)
        while len(self._histories) > self._chats:
            self._histories.popitem(last=False)

    def forget(self, chat_id: int) -> None:
        """Drop a chat's history."""
        self._histories.pop(chat_id, None)

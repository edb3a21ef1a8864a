"""How many questions a person, and everyone together, may ask."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bot.chats import Chats
from bot.settings import Settings

_MINUTE, _DAY = 60.0, 86_400.0
_PEOPLE = 10_000  # remembered at once


@dataclass(frozen=True, slots=True)
class Limit:
    """Why a question is not answered now: whose limit, how many questions, and seconds until the next."""

    whose: str  # `minute`, `day` or `everyone`
    questions: int
    seconds: int


class Quotas:
    """Sliding windows in memory, begun from what the conversations hold: /forget gives no new questions."""

    def __init__(self, settings: Settings, chats: Chats, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._chats = chats
        self._clock = clock
        self._people: dict[int, deque[float]] = {}
        self._everyone: deque[float] | None = None

    def spend(self, user_id: int) -> Limit | None:
        """Count one question, or return the limit it would pass; admins have none. Raises ChatsError."""
        if self._settings.is_admin(user_id):
            return None
        now = self._clock()
        if self._everyone is None:
            self._everyone = deque(self._chats.asked(now - _DAY))
        if user_id not in self._people:
            self._make_room(now)
            self._people[user_id] = deque(self._chats.asked(now - _DAY, user_id))
        own = self._people[user_id]
        windows = (
            ("minute", own, _MINUTE, self._settings.questions_per_minute),
            ("day", own, _DAY, self._settings.questions_per_day),
            ("everyone", self._everyone, _DAY, self._settings.questions_per_day_all),
        )
        for whose, times, length, most in windows:
            while times and times[0] <= now - _DAY:
                times.popleft()
            if most and len(times) >= most and times[-most] > now - length:
                return Limit(whose, most, max(1, round(times[-most] + length - now)))
        own.append(now)
        self._everyone.append(now)
        return None

    def _make_room(self, now: float) -> None:
        """Drop the people whose day has passed, should there be very many."""
        if len(self._people) >= _PEOPLE:
            self._people = {user: t for user, t in self._people.items() if t and t[-1] > now - _DAY}
        while len(self._people) >= _PEOPLE:
            self._people.pop(next(iter(self._people)))

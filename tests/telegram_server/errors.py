"""What the server answers instead of a result."""

from __future__ import annotations


class ApiError(Exception):
    """An error as the Bot API reports it: a code, a description and perhaps `retry_after`.

    `planned` errors belong to the scenario; every other one is a fault of the bot.
    """

    def __init__(self, code: int, description: str, planned: bool = False, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.planned = planned
        self.parameters = parameters

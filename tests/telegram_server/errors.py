"""What the server answers instead of a result."""

from __future__ import annotations


class ApiError(Exception):
    """An error as the Bot API reports it: a code, a description and perhaps `retry_after`."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

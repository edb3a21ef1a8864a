"""A strict stand-in for Telegram's Bot API server, on 127.0.0.1, for tests."""

from .server import Fault, TelegramServer

__all__ = ["Fault", "TelegramServer"]

"""A strict stand-in for Telegram's Bot API server, on 127.0.0.1, for tests."""

from .server import TOKEN, Fault, TelegramServer
from .user import USERNAME

__all__ = ["TOKEN", "USERNAME", "Fault", "TelegramServer"]

"""The bot's settings: one frozen record, read once at the start.

A TOML file gives values (`TALKS_BOT_CONFIG`, or `bot.toml` in the user's configuration folder), the
environment overrides them: `admins` in the file is `TALKS_BOT_ADMINS` there. The token is no setting:
only `bot.app` sees it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from qa.config import read
from qa.errors import ConfigError

_ELSEWHERE = ("TALKS_BOT_CONFIG", "TALKS_BOT_TOKEN")
_COUNTS = {
    "questions_per_minute": (0, 1000),
    "questions_per_day": (0, 100_000),
    "questions_per_day_all": (0, 10_000_000),
    "retention_days": (1, 3650),
    "upload_mb": (0, 20),  # Telegram hands no larger file to a bot
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting of the bot, with its default; `bot.example.toml` says more about each."""

    data: Path = dataclasses.field(default_factory=lambda: Path(platformdirs.user_data_path("talks-qa")) / "bot")
    """Folder of the conversations."""
    api: str = ""
    """Address of a self-hosted Bot API server; empty: Telegram's own."""
    admins: tuple[int, ...] = ()
    """Ids of the people who keep the bot."""
    allow: tuple[int, ...] = ()
    """Ids of the people and groups who may ask; empty: everyone."""
    groups: str = "mentions"
    """What the bot answers in groups: `mentions` (with commands and replies), `commands` only, or `off`."""
    inline: bool = True
    """Whether inline queries are answered."""
    questions_per_minute: int = 10
    """Questions of one person in a minute; 0: no limit."""
    questions_per_day: int = 200
    """Questions of one person in 24 hours; 0: no limit."""
    questions_per_day_all: int = 20_000
    """Questions of everyone in 24 hours; 0: no limit."""
    retention_days: int = 90
    """Days after which questions and answers are deleted."""
    upload_mb: int = 20
    """Megabytes of a document or page an admin may send to add articles; 0: none."""
    allow_private: bool = False
    """Whether the links that admins send may lead to addresses of the local network."""
    log_format: str = "text"
    """`text`, or `json`: one object a line."""
    log_questions: bool = False
    """Whether the log shows what people ask."""
    webhook_url: str = ""
    """Public https address Telegram sends updates to; empty: the bot polls."""
    listen: str = ""
    """Address (`host:port`) of the webhook, of /health and of /metrics; empty: none of them."""

    def __post_init__(self) -> None:
        for name, (least, most) in _COUNTS.items():
            if not least <= getattr(self, name) <= most:
                raise ConfigError(f"{name} must be between {least} and {most}, not {getattr(self, name)}")
        for name, choices in (("groups", ("mentions", "commands", "off")), ("log_format", ("text", "json"))):
            if getattr(self, name) not in choices:
                raise ConfigError(f"{name} must be one of {', '.join(choices)}, not {getattr(self, name)!r}")
        if self.api and not re.match(r"https?://", self.api):
            raise ConfigError(f"api must begin with http:// or https://, not {self.api!r}")
        if self.listen and not re.fullmatch(r"[^\s:]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}", self.listen):
            raise ConfigError(f"listen must be host:port, for instance 127.0.0.1:8080, not {self.listen!r}")
        if self.webhook_url and not self.listen:
            raise ConfigError("webhook_url needs listen: the address this machine takes the updates at")
        if self.webhook_url and not re.match(r"https://|http://127\.0\.0\.1", self.webhook_url):
            raise ConfigError(f"webhook_url must begin with https://, not {self.webhook_url!r}")

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings file, if there is one, then the environment; raises ConfigError."""
        return read(cls, environment, "TALKS_BOT_", "bot.toml", _ELSEWHERE)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of `listen`."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    def is_admin(self, user_id: int) -> bool:
        """Whether a person keeps the bot."""
        return user_id in self.admins

    def may_ask(self, user_id: int, chat_id: int) -> bool:
        """Whether a person may ask, here or anywhere."""
        return not self.allow or self.is_admin(user_id) or user_id in self.allow or chat_id in self.allow

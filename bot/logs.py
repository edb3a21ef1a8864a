"""What the bot writes to standard error: lines for people or for machines, never the token."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

HIDDEN = "[token]"
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class HideToken(logging.Filter):
    """Takes the token out of every log record, tracebacks included."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; it is always kept."""
        from telegram.error import TelegramError

        message = record.getMessage()
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, TelegramError):
            # The way through the HTTP client tells nothing; what Telegram or the network said is enough.
            message, record.exc_info = f"{message} {error}", None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = record.exc_text.replace(self._token, HIDDEN)
        if record.stack_info:
            record.stack_info = record.stack_info.replace(self._token, HIDDEN)
        record.msg, record.args = message.replace(self._token, HIDDEN), None
        return True


class AsJson(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and what else a record carries."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _PLAIN}
        if record.exc_text:
            line["traceback"] = record.exc_text
        return json.dumps(line, ensure_ascii=False, default=str)


def begin(token: str, form: str) -> None:
    """Send every log record to standard error, as `text` or `json`, without the token."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(AsJson() if form == "json" else text)
    handler.addFilter(HideToken(token))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "aiohttp.access", "telegram.ext.Application"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # A start that fails and another poller are told by main(), in one line and not in two.
    for told in ("telegram.ext", "telegram.ext.Updater"):
        logging.getLogger(told).setLevel(logging.CRITICAL)

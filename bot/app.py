"""The application and its settings: `talks-bot`. The only file that sees the token."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections import defaultdict
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from telegram.ext import Application

    from bot.handlers import Services

OK, FAILED, USAGE = 0, 1, 2
_RETRIES = 3  # of a request that Telegram asks to send later
_AT_ONCE = 16  # chats answered side by side
_UNSET = (
    "no bot token: talk to @BotFather on Telegram to make a bot, then set TALKS_BOT_TOKEN to the token it gives you"
)


class HideToken(logging.Filter):
    """Takes the token out of every log record, tracebacks included."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; it is always kept."""
        message = record.getMessage()
        if record.name.startswith("telegram") and record.exc_info:
            # The library logs every lost connection with a traceback; what went wrong is enough.
            message, record.exc_info = f"{message} {record.exc_info[1]}", None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = record.exc_text.replace(self._token, "[token]")
        record.msg, record.args = message.replace(self._token, "[token]"), None
        return True


def build_application(token: str, services: Services, api: str = "") -> Application[Any, Any, Any, Any, Any, Any]:
    """Return the application, ready to run; `api` is the address of another Bot API server."""
    os.environ.setdefault("PTB_TIMEDELTA", "true")  # the library's coming default; its rate limiter warns otherwise
    from telegram import BotCommand, Update
    from telegram.ext import AIORateLimiter, ApplicationBuilder, BaseUpdateProcessor

    from bot.handlers import COMMANDS, register

    class InOrder(BaseUpdateProcessor):
        """One chat's updates one after another, chats side by side."""

        def __init__(self) -> None:
            super().__init__(max_concurrent_updates=_AT_ONCE)
            self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
            self._waiting: defaultdict[int, int] = defaultdict(int)

        async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
            chat = update.effective_chat.id if isinstance(update, Update) and update.effective_chat else 0
            self._waiting[chat] += 1
            try:
                async with self._locks[chat]:
                    await coroutine
            finally:
                self._waiting[chat] -= 1
                if not self._waiting[chat]:
                    del self._waiting[chat], self._locks[chat]

        async def initialize(self) -> None:
            """Nothing to prepare."""

        async def shutdown(self) -> None:
            """Nothing to put away."""

    async def announce(application: Application[Any, Any, Any, Any, Any, Any]) -> None:
        await application.bot.set_my_commands([BotCommand(name, text) for name, text in COMMANDS])

    builder = (
        ApplicationBuilder()
        .token(token)
        .rate_limiter(AIORateLimiter(max_retries=_RETRIES))
        .concurrent_updates(InOrder())
        .post_init(announce)
    )
    if api:
        builder = builder.base_url(f"{api.rstrip('/')}/bot").base_file_url(f"{api.rstrip('/')}/file/bot")
    application = builder.build()
    register(application, services)
    return application


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bot until it is told to stop; return 0, 1 for an error, 2 for wrong usage."""
    parser = argparse.ArgumentParser(
        prog="talks-bot", description="The Telegram bot. Settings come from the environment."
    )
    parser.epilog = "TALKS_BOT_TOKEN (needed), TALKS_LIBRARY, TALKS_BOT_API, TALKS_READER, TALKS_THRESHOLD"
    parser.parse_args(argv)
    token = os.environ.get("TALKS_BOT_TOKEN", "").strip()
    if not token:
        return _fail(_UNSET, USAGE)
    from telegram import Update
    from telegram.error import InvalidToken, TelegramError

    from bot.handlers import CONFLICT, Services
    from qa.assistant import Assistant
    from qa.config import Config
    from qa.errors import TalksError
    from qa.library import open_or_seed

    _log_without(token)
    try:
        config = Config.load(os.environ)
        with open_or_seed(config.library, _tell, encoder=config.encoder) as library:
            assistant = Assistant(library, config)
            assistant.warm()
            application = build_application(
                token, Services(assistant, library.articles), os.environ.get("TALKS_BOT_API", "")
            )
            application.run_polling(allowed_updates=[Update.MESSAGE], bootstrap_retries=_RETRIES)
            if application.bot_data.get(CONFLICT):
                return _fail("another process polls with this token; stop it, or use another token", FAILED)
    except InvalidToken:
        return _fail("Telegram does not know this token; check TALKS_BOT_TOKEN", FAILED)
    except TelegramError as error:
        return _fail(f"cannot reach the Bot API: {str(error).replace(token, '[token]')}", FAILED)
    except (TalksError, OSError) as error:
        return _fail(str(error).replace(token, "[token]"), FAILED)
    return OK


def _log_without(token: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(HideToken(token))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "apscheduler", "telegram.ext.Application"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _tell(line: str) -> None:
    print(f"talks-bot: {line}", file=sys.stderr)


def _fail(line: str, status: int) -> int:
    _tell(" ".join(line.split()))
    return status


if __name__ == "__main__":
    sys.exit(main())

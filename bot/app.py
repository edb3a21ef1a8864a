"""The application and its settings: `talks-bot`. The only file that sees the token."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from telegram.ext import Application

    from bot.handlers import Answerer, Shelf

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
_RETRIES = 3  # of a request that Telegram asks to send later, and of the first connection
_UNSET = (
    "no bot token: talk to @BotFather on Telegram to make a bot, then set TALKS_BOT_TOKEN to the token it gives you"
)
_HIDDEN = "[token]"
log = logging.getLogger(__name__)


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
            record.exc_text = record.exc_text.replace(self._token, _HIDDEN)
        if record.stack_info:
            record.stack_info = record.stack_info.replace(self._token, _HIDDEN)
        record.msg, record.args = message.replace(self._token, _HIDDEN), None
        return True


def build_application(
    token: str, assistant: Answerer, library: Shelf, api: str | None = None
) -> Application[Any, Any, Any, Any, Any, Any]:
    """Return the application, ready to run; `api` is the address of another Bot API server."""
    os.environ.setdefault("PTB_TIMEDELTA", "true")  # the library's coming default; its rate limiter warns otherwise
    from telegram.ext import AIORateLimiter, ApplicationBuilder

    from bot.handlers import Services, register
    from bot.order import ChatOrder

    builder = (
        ApplicationBuilder()
        .token(token)
        .rate_limiter(AIORateLimiter(max_retries=_RETRIES))
        .concurrent_updates(ChatOrder())
        .post_init(_started)
    )
    if api:
        builder = builder.base_url(f"{api.rstrip('/')}/bot").base_file_url(f"{api.rstrip('/')}/file/bot")
    application = builder.build()
    register(application, Services(assistant, library))
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
    try:
        return _serve(token)
    except KeyboardInterrupt:  # while it starts; once it polls, the application stops by itself
        return INTERRUPTED


def _serve(token: str) -> int:
    """Open the library, load the models, then poll until the end; return the exit status."""
    from telegram.error import InvalidToken, TelegramError

    from bot.handlers import CONFLICT
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
            application = build_application(token, assistant, library, os.environ.get("TALKS_BOT_API"))
            _run(application)
            if application.bot_data.get(CONFLICT):
                return _fail("another process polls with this token; stop it, or use another token", FAILED)
    except InvalidToken:
        return _fail("Telegram does not know this token; check TALKS_BOT_TOKEN", FAILED)
    except TelegramError as error:
        return _fail(f"cannot reach the Bot API, try again later: {str(error).replace(token, _HIDDEN)}", FAILED)
    except (TalksError, OSError) as error:
        return _fail(str(error).replace(token, _HIDDEN), FAILED)
    return OK


def _run(application: Application[Any, Any, Any, Any, Any, Any]) -> None:
    """Poll until a signal or another poller stops it; answers in flight are finished and sent."""
    from telegram import Update

    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        try:
            application.run_polling(allowed_updates=[Update.MESSAGE], bootstrap_retries=_RETRIES, close_loop=False)
        finally:  # after a start that failed, the library leaves its connections open
            loop.run_until_complete(application.bot.shutdown())


async def _started(application: Application[Any, Any, Any, Any, Any, Any]) -> None:
    """Once Telegram has accepted the token: announce the commands."""
    from telegram import BotCommand
    from telegram.error import TelegramError

    from bot.handlers import COMMANDS

    logging.getLogger("telegram.ext").setLevel(logging.WARNING)
    try:
        await application.bot.set_my_commands([BotCommand(name, text) for name, text in COMMANDS])
    except TelegramError as error:  # the bot answers without its menu, too
        log.warning("the commands could not be announced: %s", error)
    log.info("answering as @%s", application.bot.username)


def _log_without(token: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(HideToken(token))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "telegram.ext.Application"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # A start that fails and another poller are told by main(), in one line and not in two.
    for told in ("telegram.ext", "telegram.ext.Updater"):
        logging.getLogger(told).setLevel(logging.CRITICAL)


def _tell(line: str) -> None:
    print(f"talks-bot: {line}", file=sys.stderr)


def _fail(line: str, status: int) -> int:
    _tell(" ".join(line.split()))
    return status


if __name__ == "__main__":
    sys.exit(main())

"""The application: `talks-bot`. The only file that sees the token."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import hmac
import logging
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.handlers import App
    from bot.services import Services
    from bot.settings import Settings
    from qa.config import Config
    from qa.library import Library

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
_RETRIES = 3  # of a request that Telegram asks to send later
_UNSET = (
    "no bot token: talk to @BotFather on Telegram to make a bot, then set TALKS_BOT_TOKEN to the token it gives you"
)
_TAKEN = "another process polls with this token; stop it, or use another token"
log = logging.getLogger(__name__)


def build_application(token: str, services: Services) -> App:
    """Return the application, to be run by `bot.running`."""
    os.environ.setdefault("PTB_TIMEDELTA", "true")  # the library's coming default; its rate limiter warns otherwise
    from telegram import Update
    from telegram.ext import AIORateLimiter, ApplicationBuilder

    from bot.handlers import register
    from bot.order import ChatOrder

    def begin(update: Update) -> bool:
        if services.stopping.is_set():
            services.inbox.hold(update.update_id)
        return not services.stopping.is_set()

    builder = (
        ApplicationBuilder()
        .token(token)
        .rate_limiter(AIORateLimiter(max_retries=_RETRIES))
        .concurrent_updates(ChatOrder(begin=begin, end=lambda update: services.inbox.done(update.update_id)))
        .update_queue(services.inbox)
        .connection_pool_size(64)
        .pool_timeout(30)
    )
    if services.settings.api:
        api = services.settings.api.rstrip("/")
        builder = builder.base_url(f"{api}/bot").base_file_url(f"{api}/file/bot")
    application = builder.build()
    register(application, services)
    return application


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bot until it is told to stop; return 0, 1 for an error, 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="talks-bot", description="The Telegram bot.")
    parser.add_argument("--check", action="store_true", help="read the settings, say whether they are sound, and end")
    parser.epilog = (
        "TALKS_BOT_TOKEN (or TALKS_BOT_TOKEN_FILE, a file that holds it) is needed. Other settings: TALKS_BOT_CONFIG "
        "names a file, TALKS_BOT_ADMINS and so on override it; TALKS_LIBRARY and the rest are those of talks-qa."
    )
    arguments = parser.parse_args(argv)
    from bot.settings import Settings
    from qa.config import Config
    from qa.errors import ConfigError

    try:
        token = _token(os.environ)
        settings, config = Settings.load(os.environ), Config.load(os.environ)
    except (ConfigError, OSError) as error:
        return _fail(str(error), FAILED)
    if not token:
        return _fail(_UNSET, USAGE)
    if arguments.check:
        _tell("the settings are sound")
        return OK
    try:
        return _serve(token, settings, config.library)
    except KeyboardInterrupt:  # while it starts; once it runs, a signal stops it in order
        return INTERRUPTED


def _token(environment: Mapping[str, str]) -> str:
    """Return the token, from the environment or from a file named there."""
    file = environment.get("TALKS_BOT_TOKEN_FILE")
    return (Path(file).read_text(encoding="utf-8") if file else environment.get("TALKS_BOT_TOKEN", "")).strip()


def _serve(token: str, settings: Settings, folder: Path) -> int:
    """Open library and conversations, load the models, then run until the end; return the exit status."""
    from filelock import FileLock, Timeout
    from telegram.error import InvalidToken, TelegramError

    from bot import logs
    from bot.handlers import CONFLICT
    from qa.config import Config
    from qa.errors import TalksError
    from qa.library import open_or_seed

    logs.begin(token, settings.log_format)

    def hidden(error: Exception) -> str:
        return str(error).replace(token, logs.HIDDEN)

    try:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        config = Config.load(os.environ)
        with (
            FileLock(settings.data / "bot.lock", timeout=0),
            open_or_seed(folder, _tell, encoder=config.encoder, versions=config.versions) as library,
            _services(settings, library, config) as services,
        ):
            application = build_application(token, services)
            with asyncio.Runner() as runner:
                runner.run(_until_told(application, services))
            if application.bot_data.get(CONFLICT):
                return _fail(_TAKEN, FAILED)
    except Timeout:
        return _fail(f"another bot uses {settings.data}; stop it, or set TALKS_BOT_DATA to another folder", FAILED)
    except InvalidToken:
        return _fail("Telegram does not know this token; check TALKS_BOT_TOKEN", FAILED)
    except TelegramError as error:
        return _fail(f"cannot reach the Bot API, try again later: {hidden(error)}", FAILED)
    except (TalksError, OSError) as error:
        return _fail(hidden(error), FAILED)
    return OK


@contextlib.contextmanager
def _services(settings: Settings, library: Library, config: Config) -> Iterator[Services]:
    """Put together what handlers work with."""
    from bot.chats import Chats
    from bot.database import Database
    from bot.inbox import Inbox
    from bot.services import Services
    from qa.assistant import Assistant
    from qa.library import Library
    from qa.retriever import Retriever
    from qa.timeline import timeline

    assistant = Assistant(library, config)
    assistant.warm()
    retriever = Retriever(library, config)
    db = Database(settings.data / "chats.db")
    with contextlib.closing(db):
        services = Services(
            assistant,
            library,
            search=retriever.search,
            timeline=lambda topic: timeline(retriever, topic),
            # A writer of its own: the bot goes on answering from the old generation meanwhile.
            writer=lambda: Library.open(library.path, versions=config.versions),
            settings=settings,
            chats=Chats(db),
            inbox=Inbox(db, lambda error: services.trouble("conversations", str(error))),
        )
        if db.moved:
            services.trouble(
                "conversations", f"chats.db was damaged; it was moved to {db.moved.name}, and a new one has begun"
            )
        yield services


async def _until_told(application: App, services: Services) -> None:
    """Run until a signal, or until another poller takes the token."""
    from bot.running import running

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, services.stopping.set)
    async with running(application, services, _secret(application.bot.token)):
        services.notices.tell("start", f"✅ @{application.bot.username} has started.")
        log.info("answering as @%s", application.bot.username)
        await services.stopping.wait()
        log.info("stopping: answers in flight are finished first")
        services.notices.tell("stop", f"⏹ @{application.bot.username} is stopping.")


def _secret(token: str) -> str:
    """Return what Telegram shows the webhook with each update: made from the token, and as secret."""
    return hmac.new(token.encode(), b"webhook", hashlib.sha256).hexdigest()


def _tell(line: str) -> None:
    print(f"talks-bot: {line}", file=sys.stderr)


def _fail(line: str, status: int) -> int:
    _tell(" ".join(line.split()))
    return status


if __name__ == "__main__":
    sys.exit(main())

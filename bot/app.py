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
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.handlers import App
    from bot.services import Services
    from bot.settings import Settings

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
_RETRIES = 3  # of a request that Telegram asks to send later, and of the first connection
_HOUR = 3600.0
_UNSET = (
    "no bot token: talk to @BotFather on Telegram to make a bot, then set TALKS_BOT_TOKEN to the token it gives you"
)
_TAKEN = "another process polls with this token; stop it, or use another token"
log = logging.getLogger(__name__)


def build_application(token: str, services: Services) -> App:
    """Return the application, to be run by `running`."""
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


@asynccontextmanager
async def running(application: App, services: Services, polling: int = 10) -> AsyncIterator[None]:
    """Receive and answer updates for as long as the block runs; then finish the answers in flight.

    `polling` is the seconds Telegram may hold a request for updates. Raises TelegramError where the
    Bot API cannot be reached or does not know the token.
    """
    from telegram import Update

    from bot.handlers import interrupted

    async with _initialised(application):
        await _announced(application, services)
        none: list[Update] = []
        broken_off = services.tried(lambda: services.inbox.recover(application.bot), none)
        background = [
            asyncio.create_task(services.notices.send(application.bot)),
            asyncio.create_task(_tidied(services)),
            asyncio.create_task(_described(services)),
        ]
        for update in broken_off:
            await interrupted(update, application.context_types.context.from_update(update, application))
        await application.start()
        try:
            async with _served(application, services):
                await _receive(application, services, polling)
                yield
        finally:
            services.stopping.set()
            try:
                if application.updater and application.updater.running:
                    await application.updater.stop()
            finally:
                await application.stop()
                for task in background:
                    task.cancel()
                await asyncio.gather(*background, return_exceptions=True)
                await services.notices.flush(application.bot)


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
            open_or_seed(folder, _tell, encoder=config.encoder) as library,
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
def _services(settings: Settings, library: Any, config: Any) -> Any:
    """Put together what handlers work with."""
    from bot.chats import Chats
    from bot.database import Database
    from bot.inbox import Inbox
    from bot.services import Services
    from qa.assistant import Assistant
    from qa.library import Library
    from qa.retriever import Retriever

    assistant = Assistant(library, config)
    assistant.warm()
    retriever = Retriever(library, config)
    db = Database(settings.data / "chats.db")
    with contextlib.closing(db):
        services = Services(
            assistant,
            library,
            search=retriever.search,
            # A writer of its own: the bot goes on answering from the old generation meanwhile.
            writer=lambda: Library.open(library.path),
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
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, services.stopping.set)
    async with running(application, services):
        services.notices.tell("start", f"✅ @{application.bot.username} has started.")
        log.info("answering as @%s", application.bot.username)
        await services.stopping.wait()
        log.info("stopping: answers in flight are finished first")
        services.notices.tell("stop", f"⏹ @{application.bot.username} is stopping.")


@asynccontextmanager
async def _initialised(application: App) -> AsyncIterator[None]:
    """Make the connections, trying again where the network is slow to come up; close them in any case."""
    from telegram.error import InvalidToken, NetworkError

    try:
        for left in range(_RETRIES, -1, -1):
            try:
                await application.initialize()
                break
            except InvalidToken:
                raise
            except NetworkError:
                if not left:
                    raise
                await asyncio.sleep(1)
        yield
    finally:
        await application.shutdown()
        await application.bot.shutdown()  # after a start that failed, too


async def _announced(application: App, services: Services) -> None:
    """Announce the commands; the bot answers without its menu, too."""
    from telegram.error import TelegramError

    from bot.handlers import announce

    try:
        await announce(application, services)
    except TelegramError as error:
        log.warning("the commands could not be announced: %s", error)


async def _receive(application: App, services: Services, polling: int) -> None:
    """Begin to poll, or tell Telegram where the webhook is."""
    from bot.handlers import UPDATES

    def troubled(error: Exception) -> None:
        application.create_task(application.process_error(None, error))

    if services.settings.webhook_url:
        await application.bot.set_webhook(
            services.settings.webhook_url, allowed_updates=UPDATES, secret_token=_secret(application.bot.token)
        )
        return
    if application.updater:
        await application.updater.start_polling(
            timeout=polling, bootstrap_retries=_RETRIES, allowed_updates=UPDATES, error_callback=troubled
        )


@asynccontextmanager
async def _served(application: App, services: Services) -> AsyncIterator[None]:
    """Run the web server, where one is wanted."""
    if not services.settings.listen:
        yield
        return
    from aiohttp import web

    from bot.server import site

    runner = web.AppRunner(site(services, application.bot, _secret(application.bot.token)), access_log=None)
    await runner.setup()
    host, port = services.settings.address
    try:
        await web.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()


async def _tidied(services: Services) -> None:
    """Delete every hour what is older than it may be."""
    while True:
        services.tried(lambda: services.chats.tidy(services.settings.retention_days), None)
        await asyncio.sleep(_HOUR)


async def _described(services: Services) -> None:
    """Know what the library covers before someone asks."""
    await asyncio.to_thread(services.coverage)


def _secret(token: str) -> str:
    """What Telegram shows the webhook with each update: made from the token, and as secret."""
    return hmac.new(token.encode(), b"webhook", hashlib.sha256).hexdigest()


def _tell(line: str) -> None:
    print(f"talks-bot: {line}", file=sys.stderr)


def _fail(line: str, status: int) -> int:
    _tell(" ".join(line.split()))
    return status


if __name__ == "__main__":
    sys.exit(main())

"""From the first connection to the last answer: what runs while the bot runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from telegram import Update
from telegram.error import InvalidToken, NetworkError, TelegramError

from bot.handlers import UPDATES, App, announce, interrupted
from bot.server import site
from bot.services import Services

log = logging.getLogger(__name__)
RETRIES = 3  # of the first connection
_HOUR = 3600.0


@asynccontextmanager
async def running(application: App, services: Services, secret: str, polling: int = 10) -> AsyncIterator[None]:
    """Receive and answer updates for as long as the block runs; then finish the answers in flight.

    `secret` is what Telegram shows a webhook, `polling` the seconds it may hold a request for updates. Raises
    TelegramError where the Bot API cannot be reached or does not know the token.
    """
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
            async with _served(application, services, secret):
                await _receive(application, services, secret, polling)
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


@asynccontextmanager
async def _initialised(application: App) -> AsyncIterator[None]:
    """Make the connections, trying again where the network is slow to come up; close them in any case."""
    try:
        for left in range(RETRIES, -1, -1):
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
    try:
        await announce(application, services)
    except TelegramError as error:
        log.warning("the commands could not be announced: %s", error)


async def _receive(application: App, services: Services, secret: str, polling: int) -> None:
    """Begin to poll, or tell Telegram where the webhook is."""

    def troubled(error: Exception) -> None:
        application.create_task(application.process_error(None, error))

    if services.settings.webhook_url:
        await application.bot.set_webhook(services.settings.webhook_url, allowed_updates=UPDATES, secret_token=secret)
        return
    if application.updater:
        await application.updater.start_polling(
            timeout=polling, bootstrap_retries=RETRIES, allowed_updates=UPDATES, error_callback=troubled
        )


@asynccontextmanager
async def _served(application: App, services: Services, secret: str) -> AsyncIterator[None]:
    """Run the web server, where one is wanted."""
    if not services.settings.listen:
        yield
        return
    runner = web.AppRunner(site(services, application.bot, secret), access_log=None)
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

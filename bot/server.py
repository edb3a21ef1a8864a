"""The small web server: the webhook, /health and /metrics."""

from __future__ import annotations

import asyncio
import hmac
import json
from urllib.parse import urlsplit

from aiohttp import web
from telegram import Bot, Update

from bot.inbox import Inbox
from bot.services import Services
from qa.errors import TalksError

HEADER = "X-Telegram-Bot-Api-Secret-Token"
_LARGEST = 1_000_000  # bytes of one update


def site(services: Services, bot: Bot, secret: str) -> web.Application:
    """Return the server; it takes updates only with the secret that Telegram was told, where there is a webhook."""
    app = web.Application(client_max_size=_LARGEST)

    async def updates(request: web.Request) -> web.Response:
        return await _update(request, services.inbox, bot, secret)

    async def health(request: web.Request) -> web.Response:
        return await _health(services)

    async def metrics(request: web.Request) -> web.Response:
        services.metrics.waiting.set(services.inbox.qsize())
        return web.Response(body=services.metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4"})

    app.router.add_get("/health", health)
    app.router.add_get("/metrics", metrics)
    if services.settings.webhook_url:
        app.router.add_post(path_of(services.settings.webhook_url), updates)
    return app


def path_of(url: str) -> str:
    """Return where on this machine the webhook is."""
    return urlsplit(url).path or "/"


async def _update(request: web.Request, inbox: Inbox, bot: Bot, secret: str) -> web.Response:
    """Take one update; it is on disk before Telegram is told so."""
    given = request.headers.get(HEADER, "")
    if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), secret.encode()):
        return web.Response(status=403)
    try:
        update = Update.de_json(json.loads(await request.read()), bot)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        update = None
    if update is None or not isinstance(update.update_id, int):
        return web.Response(status=400, text="not an update")
    await inbox.put(update)
    return web.Response()


async def _health(services: Services) -> web.Response:
    """Whether the library and the conversations can be read, and the bot is not about to stop."""
    state = {"status": "ok", "waiting": services.inbox.qsize()}
    try:
        coverage = await asyncio.to_thread(services.coverage)
        services.chats.language(0)
        state |= {"articles": coverage.articles, "generation": await asyncio.to_thread(services.library.generation)}
    except TalksError as error:
        state |= {"status": "failing", "reason": type(error).__name__}
    if services.stopping.is_set():
        state["status"] = "stopping"
    return web.json_response(state, status=200 if state["status"] == "ok" else 503)

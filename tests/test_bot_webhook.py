"""The webhook, /health and /metrics of a bot in this process, against the strict server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

from aiohttp import ClientSession

from qa.errors import LibraryError
from tests.bot_scenes import Scene
from tests.telegram_server import TOKEN, TelegramServer

HEADER = "X-Telegram-Bot-Api-Secret-Token"


def free() -> int:
    """Return a port nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def perform(play: Callable[[TelegramServer, Scene, ClientSession, str], Awaitable[None]], webhook: bool = True) -> None:
    address = f"127.0.0.1:{free()}"
    settings: dict[str, Any] = {"listen": address}
    if webhook:
        settings["webhook_url"] = f"http://{address}/telegram"

    async def run() -> None:
        scene = Scene(**settings)
        async with TelegramServer() as server, ClientSession() as session, scene.bot(server):
            await play(server, scene, session, f"http://{address}")

    asyncio.run(run())


def test_updates_arrive_by_webhook_with_the_secret_only() -> None:
    async def play(server: TelegramServer, scene: Scene, web: ClientSession, url: str) -> None:
        await server.say("who went?")
        assert "who went?" in await server.reply(1)
        assert server.statuses == [200]
        secret = server.webhook["secret_token"]
        assert TOKEN not in secret
        update = {"update_id": 999, "message": server.message("forged")}
        for headers in ({}, {HEADER: ""}, {HEADER: "wrong"}, {HEADER: secret[:-1]}, {HEADER: "\xe9"}):
            async with web.post(f"{url}/telegram", json=update, headers=headers) as response:
                assert response.status == 403
        for body in (b"", b"{", b"[]", b'"x"', b"[" * 100_000, b'{"update_id": "x"}'):
            async with web.post(f"{url}/telegram", data=body, headers={HEADER: secret}) as response:
                assert response.status == 400
        async with web.post(f"{url}/telegram", data=BytesIO(b"x" * 2_000_000), headers={HEADER: secret}) as response:
            assert response.status == 413
        for method, path in (("GET", "/telegram"), ("POST", "/health"), ("GET", "/"), ("GET", "/telegram/x")):
            async with web.request(method, url + path) as response:
                assert response.status in (404, 405)
        await server.say("and then?")
        await server.reply(2)
        assert [q for q, _ in scene.echo.asked] == ["who went?", "and then?"]

    perform(play)


def test_an_update_that_telegram_repeats_is_answered_once() -> None:
    async def play(server: TelegramServer, scene: Scene, web: ClientSession, url: str) -> None:
        made = await server.push(message=server.message("who went?"))
        await server.push_again(made)
        await server.say("and then?")
        await server.reply(2)
        assert server.statuses == [200, 200, 200]
        assert len(scene.echo.asked) == 2

    perform(play)


def test_health_and_metrics_are_served_while_the_bot_polls() -> None:
    async def play(server: TelegramServer, scene: Scene, web: ClientSession, url: str) -> None:
        for number, text in enumerate(("who went?", "refuse", "break"), start=1):
            await server.say(text)
            await server.reply(number)
        async with web.get(f"{url}/health") as response:
            assert response.status == 200
            assert await response.json() == {"status": "ok", "waiting": 0, "articles": 2, "generation": 1}
        async with web.get(f"{url}/metrics") as response:
            metrics = await response.text()
            assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        for line in (
            'talks_questions_total{outcome="answered"} 1.0',
            'talks_questions_total{outcome="refused"} 1.0',
            "talks_answer_seconds_count 2.0",
            'talks_updates_total{kind="message"} 3.0',
            'talks_troubles_total{kind="failure"} 1.0',
            "talks_articles 2.0",
        ):
            assert line in metrics.splitlines()
        assert "who went" not in metrics
        async with web.post(f"{url}/telegram", json={}) as response:
            assert response.status == 404

    perform(play, webhook=False)


def test_a_library_that_cannot_be_read_is_unhealthy() -> None:
    async def play(server: TelegramServer, scene: Scene, web: ClientSession, url: str) -> None:
        def broken() -> int:
            raise LibraryError("/srv/secret is gone")

        scene.shelf.generation = broken  # type: ignore[method-assign]
        async with web.get(f"{url}/health") as response:
            assert response.status == 503
            assert await response.json() == {"status": "failing", "waiting": 0, "reason": "LibraryError"}

    perform(play, webhook=False)

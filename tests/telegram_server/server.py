"""The server: getMe, getUpdates, sendMessage and what else the bot calls; and a person who writes to it."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiogram.types import Update
from aiohttp import web

from .errors import ApiError
from .markup import units, visible
from .schema import check

TOKEN = "123456:TEST-TOKEN_not-a-secret"
USERNAME = "talks_test_bot"
_METHOD_RESULTS = {"sendChatAction": True, "setMyCommands": True, "deleteWebhook": True, "answerCallbackQuery": True}


@dataclass(frozen=True)
class Fault:
    """An error to answer the next call of a method with."""

    method: str
    code: int
    description: str
    retry_after: int = 0


class TelegramServer:
    """Start with `async with`; `errors` holds every request that Telegram would have refused."""

    def __init__(self, token: str = TOKEN) -> None:
        self.token = token
        self.calls: list[dict[str, Any]] = []
        self.errors: list[tuple[str, int, str]] = []
        self.faults: list[Fault] = []
        self._played: list[Fault] = []
        self.conflict = False  # whether another poller holds the token
        self._updates: list[dict[str, Any]] = []
        self._numbers = itertools.count(1)
        self._messages = itertools.count(100)
        self._changed = asyncio.Condition()
        self.url = ""

    async def __aenter__(self) -> TelegramServer:
        app = web.Application()
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *details: object) -> None:
        await self._runner.cleanup()

    # -- the person's side

    async def say(self, text: str | None, chat: int = 7, **fields: Any) -> int:
        """Send a message to the bot, into a private chat (positive id) or a group (negative)."""
        return await self.push(message=self.message(text, chat, **fields))

    def message(self, text: str | None, chat: int = 7, **fields: Any) -> dict[str, Any]:
        """Return a message as Telegram would describe it."""
        place = {"id": chat, "type": "private", "first_name": "Ali"}
        if chat < 0:
            place = {"id": chat, "type": "supergroup", "title": "A group"}
        person = {"id": abs(chat), "is_bot": False, "first_name": "Ali", "language_code": "en"}
        made: dict[str, Any] = {
            "message_id": next(self._messages),
            "date": int(time.time()),
            "chat": place,
            "from": person,
        }
        if text is not None:
            made["text"] = text
            if command := re.match(r"/\w+(?:@\w+)?", text):
                made["entities"] = [{"type": "bot_command", "offset": 0, "length": units(command.group())}]
            elif (at := text.find(f"@{USERNAME}")) >= 0:
                length = len(USERNAME) + 1
                made["entities"] = [{"type": "mention", "offset": units(text[:at]), "length": length}]
        return made | fields

    async def push(self, **update: Any) -> int:
        """Queue an update for the bot; it must be one that Telegram could send."""
        made = {"update_id": next(self._numbers), **update}
        Update.model_validate(made)
        async with self._changed:
            self._updates.append(made)
            self._changed.notify_all()
        return int(made["update_id"])

    async def wait(
        self, method: str, accept: Callable[[dict[str, Any]], bool] = lambda call: True, patience: float = 60
    ) -> dict[str, Any]:
        """Return the first call of a method that `accept` takes, within `patience` seconds."""
        async with asyncio.timeout(patience), self._changed:
            while True:
                for call in self.calls:
                    if call["method"] == method and accept(call):
                        return call
                await self._changed.wait()

    async def reply(self, number: int, chat: int = 7) -> str:
        """Return the message of this number (from 1) that the bot sends into a chat, as a person sees it."""
        await self.wait("sendMessage", lambda call: len(self.sent(chat)) >= number)
        return self.sent(chat)[number - 1]

    def sent(self, chat: int = 7) -> list[str]:
        """Return what the bot has sent into a chat, as a person sees it."""
        found = [c for c in self.calls if c["method"] == "sendMessage" and int(c["chat_id"]) == chat]
        return [visible(c["text"], c.get("parse_mode")) for c in found]

    # -- the bot's side

    async def _serve(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        raw = dict(request.query) | dict(await request.post())
        try:
            if request.match_info["token"] != self.token:
                raise ApiError(401, "Unauthorized")
            self._fail_if_asked(method)
            data = check(method, raw)
            result = await self._result(method, data)
        except ApiError as error:
            planned = any(error.description == f.description for f in self._played) or error.code in (401, 409)
            if not planned:
                self.errors.append((method, error.code, error.description))
            body: dict[str, Any] = {"ok": False, "error_code": error.code, "description": error.description}
            if error.parameters:
                body["parameters"] = error.parameters
            return web.json_response(body, status=error.code)
        if method != "getUpdates":
            async with self._changed:
                self.calls.append({"method": method, **data})
                self._changed.notify_all()
        return web.json_response({"ok": True, "result": result})

    def _fail_if_asked(self, method: str) -> None:
        for fault in self.faults:
            if fault.method == method:
                self.faults.remove(fault)
                self._played.append(fault)
                extra = {"retry_after": fault.retry_after} if fault.retry_after else {}
                raise ApiError(fault.code, fault.description, **extra)

    async def _result(self, method: str, data: dict[str, Any]) -> Any:
        if method == "getMe":
            return {"id": int(self.token.split(":")[0]), "is_bot": True, "first_name": "Talks", "username": USERNAME}
        if method == "getUpdates":
            return await self._poll(int(data.get("offset") or 0), float(data.get("timeout") or 0))
        if method == "sendMessage":
            chat = int(data["chat_id"])
            return self.message(
                visible(data["text"], data.get("parse_mode")), chat, **{"from": await self._result("getMe", {})}
            )
        if method in _METHOD_RESULTS:
            return _METHOD_RESULTS[method]
        raise ApiError(501, f"not played here: {method}")

    async def _poll(self, offset: int, seconds: float) -> list[dict[str, Any]]:
        if self.conflict:
            raise ApiError(409, "Conflict: terminated by other getUpdates request")
        self._updates = [u for u in self._updates if u["update_id"] >= offset]
        end = time.monotonic() + seconds
        async with self._changed:
            while not self._updates and (left := end - time.monotonic()) > 0:
                try:
                    await asyncio.wait_for(self._changed.wait(), left)
                except TimeoutError:
                    break
        return self._updates[:100]

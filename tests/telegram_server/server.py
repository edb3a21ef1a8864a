"""The server: getMe, getUpdates, sendMessage and what else the bot calls; and a person who writes to it."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiogram.types import Update
from aiohttp import web

from . import user
from .errors import ApiError
from .markup import visible
from .schema import check

TOKEN = "123456:TEST-TOKEN_not-a-secret"
_SIMPLE = ("sendChatAction", "setMyCommands", "deleteWebhook")  # methods whose result is True


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
        self.conflict = False  # whether another poller holds the token
        self.url = ""
        number = int(token.partition(":")[0])
        self._me = {"id": number, "is_bot": True, "first_name": "Talks", "username": user.USERNAME}
        self._updates: list[dict[str, Any]] = []
        self._allowed: list[str] = []  # kinds of updates the bot asked for; empty: all
        self._messages: dict[tuple[int, int], dict[str, Any]] = {}
        self._answered: set[str] = set()
        self._update_ids = itertools.count(1)
        self._message_ids = itertools.count(100)
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> TelegramServer:
        app = web.Application()
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *details: object) -> None:
        await self._runner.cleanup()

    # -- the person's side

    async def say(self, text: str | None, chat: int = 7, **fields: Any) -> None:
        """Send a message to the bot, into a private chat (positive id) or a group (negative)."""
        await self.push(message=self.message(text, chat, **fields))

    async def press(self, message_id: int, label: str, chat: int = 7) -> None:
        """Press a button under a message of the bot."""
        await self.push(callback_query=user.press(next(self._update_ids), self._messages[chat, message_id], label))

    async def push(self, **update: Any) -> None:
        """Queue an update for the bot; it must be one that Telegram could send."""
        made = {"update_id": next(self._update_ids), **update}
        Update.model_validate(made)
        async with self._changed:
            self._updates.append(made)
            self._changed.notify_all()

    def message(self, text: str | None, chat: int = 7, **fields: Any) -> dict[str, Any]:
        """Return a new message, known to the server from now on."""
        made = user.message(next(self._message_ids), text, chat, **fields)
        self._messages[chat, made["message_id"]] = made
        return made

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
                raise ApiError(401, "Unauthorized", planned=True)
            self._fail_if_asked(method)
            data = check(method, raw)
            result = await self._result(method, data)
        except ApiError as error:
            if not error.planned:
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
                extra = {"retry_after": fault.retry_after} if fault.retry_after else {}
                raise ApiError(fault.code, fault.description, planned=True, **extra)

    async def _result(self, method: str, data: dict[str, Any]) -> Any:
        if method in _SIMPLE:
            return True
        if method == "getMe":
            return self._me
        if method == "getUpdates":
            return await self._poll(data)
        if method == "sendMessage":
            return self._send(data)
        if method == "editMessageText":
            return self._edit(data)
        if method == "answerCallbackQuery":
            return self._answer_press(data["callback_query_id"])
        raise ApiError(501, f"not played here: {method}")

    async def _poll(self, data: dict[str, Any]) -> list[dict[str, Any]]:
        if self.conflict:
            raise ApiError(409, "Conflict: terminated by other getUpdates request", planned=True)
        offset, end = int(data.get("offset") or 0), time.monotonic() + float(data.get("timeout") or 0)
        self._allowed = data.get("allowed_updates", self._allowed)
        async with self._changed:
            while True:
                self._updates = [u for u in self._updates if u["update_id"] >= offset and self._is_wanted(u)]
                left = end - time.monotonic()
                if self._updates or left <= 0:
                    return self._updates[:100]
                try:
                    await asyncio.wait_for(self._changed.wait(), left)
                except TimeoutError:
                    return []

    def _is_wanted(self, update: dict[str, Any]) -> bool:
        return not self._allowed or any(kind in self._allowed for kind in update)

    def _send(self, data: dict[str, Any]) -> dict[str, Any]:
        chat = int(data["chat_id"])
        reply = data.get("reply_parameters") or {}
        if reply and (chat, reply["message_id"]) not in self._messages and not reply.get("allow_sending_without_reply"):
            raise ApiError(400, "Bad Request: message to be replied not found")
        keyboard = {"reply_markup": data["reply_markup"]} if "reply_markup" in data else {}
        return self.message(visible(data["text"], data.get("parse_mode")), chat, **{"from": self._me}, **keyboard)

    def _edit(self, data: dict[str, Any]) -> dict[str, Any]:
        old = self._messages.get((int(data["chat_id"]), int(data["message_id"])))
        if old is None or old["from"] != self._me:
            raise ApiError(400, "Bad Request: message to edit not found")
        text, keyboard = visible(data["text"], data.get("parse_mode")), data.get("reply_markup")
        if (text, keyboard) == (old["text"], old.get("reply_markup")):
            raise ApiError(400, "Bad Request: message is not modified")
        old |= {"text": text, "edit_date": int(time.time())}
        old.pop("reply_markup", None)
        if keyboard:
            old["reply_markup"] = keyboard
        return old

    def _answer_press(self, query: str) -> bool:
        if query in self._answered:
            raise ApiError(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        self._answered.add(query)
        return True

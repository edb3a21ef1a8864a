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
from aiohttp import ClientSession, web

from . import user
from .errors import ApiError
from .markup import visible
from .schema import check

TOKEN = "123456:TEST-TOKEN_not-a-secret"
_SIMPLE = ("sendChatAction", "setMyCommands")  # methods whose result is True
_LARGEST = 20_000_000  # bytes of a file a bot may fetch
_OFFERED = 50  # results of an inline query at most


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
        self.messages: dict[tuple[int, int], dict[str, Any]] = {}
        self._answered: set[str] = set()
        self._queries: set[str] = set()  # inline queries that wait for results
        self._files: dict[str, bytes] = {}
        self.webhook: dict[str, Any] = {}
        self.statuses: list[int] = []  # what the webhook said to each update
        self._update_ids = itertools.count(1)
        self._message_ids = itertools.count(100)
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> TelegramServer:
        app = web.Application()
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        app.router.add_get("/file/bot{token}/{path}", self._file)
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
        await self.push(callback_query=user.press(next(self._update_ids), self.messages[chat, message_id], label))

    async def forge(self, message_id: int, data: str, chat: int = 7) -> None:
        """Press a button that is not there."""
        await self.push(callback_query=user.forged(next(self._update_ids), self.messages[chat, message_id], data))

    async def change(self, message_id: int, text: str, chat: int = 7) -> None:
        """Edit a message of the person's."""
        old = self.messages[chat, message_id]
        kept = {key: old[key] for key in ("date", "from", "chat")}
        new = user.message(message_id, text, chat) | kept | {"edit_date": int(time.time())}
        self.messages[chat, message_id] = new
        await self.push(edited_message=new)

    async def upload(self, name: str, content: bytes, chat: int = 7, size: int | None = None, **fields: Any) -> None:
        """Send a file to the bot."""
        number = f"F{len(self._files)}"
        self._files[number] = content
        about = {"file_id": number, "file_unique_id": number, "file_name": name, "file_size": size or len(content)}
        await self.push(message=self.message(None, chat, document=about, **fields))

    async def type(self, text: str, who: int = 7) -> str:
        """Type an inline query, wherever; return its id."""
        number = str(next(self._update_ids))
        self._queries.add(number)
        await self.push(inline_query=user.query(int(number), text, who))
        return number

    async def invite(self, chat: int, before: str = "left", after: str = "member") -> None:
        """Change what the bot is in a group."""
        await self.push(my_chat_member=user.joining(chat, self._me, before, after))

    async def push(self, **update: Any) -> dict[str, Any]:
        """Send a new update to the bot, or queue it for the next poll; return it."""
        made = {"update_id": next(self._update_ids), **update}
        await self.push_again(made)
        return made

    async def push_again(self, made: dict[str, Any]) -> None:
        """Send an update, perhaps one that was sent before; it must be one that Telegram could send."""
        Update.model_validate(made)
        if self.webhook:
            await self._post(made)
            return
        async with self._changed:
            self._updates.append(made)
            self._changed.notify_all()

    def message(self, text: str | None, chat: int = 7, **fields: Any) -> dict[str, Any]:
        """Return a new message, known to the server from now on."""
        made = user.message(next(self._message_ids), text, chat, **fields)
        self.messages[chat, made["message_id"]] = made
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

    def last(self, chat: int = 7) -> dict[str, Any]:
        """Return the last message of the bot in a chat, as it is now."""
        numbers = [n for c, n in self.messages if c == chat and self.messages[c, n]["from"] == self._me]
        return self.messages[chat, max(numbers)]

    def last_id(self, chat: int = 7) -> int:
        """Return the number of the last message in a chat, whoever wrote it."""
        return max(n for c, n in self.messages if c == chat)

    def labels(self, chat: int = 7) -> list[str]:
        """Return what the buttons under the bot's last message say."""
        rows = self.last(chat).get("reply_markup", {}).get("inline_keyboard", [])
        return [button["text"] for row in rows for button in row]

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

    async def _file(self, request: web.Request) -> web.Response:
        if request.match_info["token"] != self.token or request.match_info["path"] not in self._files:
            return web.Response(status=404)
        return web.Response(body=self._files[request.match_info["path"]])

    async def _post(self, update: dict[str, Any]) -> None:
        """Bring an update to the webhook, as often as Telegram does until it is taken."""
        async with ClientSession() as session:
            for _ in range(100):
                if not self._is_wanted(update):
                    return
                try:
                    secret = self.webhook.get("secret_token")
                    headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
                    async with session.post(self.webhook["url"], json=update, headers=headers) as response:
                        self.statuses.append(response.status)
                        if response.status == 200:
                            return
                except OSError:
                    pass
                await asyncio.sleep(0.1)

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
        play: dict[str, Callable[[dict[str, Any]], Any]] = {
            "sendMessage": self._send,
            "editMessageText": self._edit,
            "editMessageReplyMarkup": self._edit,
            "answerCallbackQuery": self._answer_press,
            "answerInlineQuery": self._offer,
            "getFile": self._describe_file,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
        }
        if method not in play:
            raise ApiError(501, f"not played here: {method}")
        return play[method](data)

    async def _poll(self, data: dict[str, Any]) -> list[dict[str, Any]]:
        if self.webhook:
            raise ApiError(409, "Conflict: can't use getUpdates method while webhook is active")
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
        if reply and (chat, reply["message_id"]) not in self.messages and not reply.get("allow_sending_without_reply"):
            raise ApiError(400, "Bad Request: message to be replied not found")
        keyboard = {"reply_markup": data["reply_markup"]} if "reply_markup" in data else {}
        return self.message(visible(data["text"], data.get("parse_mode")), chat, **{"from": self._me}, **keyboard)

    def _edit(self, data: dict[str, Any]) -> dict[str, Any]:
        old = self.messages.get((int(data["chat_id"]), int(data["message_id"])))
        if old is None or old["from"] != self._me:
            raise ApiError(400, "Bad Request: message to edit not found")
        text = visible(data["text"], data.get("parse_mode")) if "text" in data else old["text"]
        keyboard = data.get("reply_markup")
        if (text, keyboard) == (old["text"], old.get("reply_markup")):
            raise ApiError(400, "Bad Request: message is not modified")
        old |= {"text": text, "edit_date": int(time.time())}
        old.pop("reply_markup", None)
        if keyboard:
            old["reply_markup"] = keyboard
        return old

    def _answer_press(self, data: dict[str, Any]) -> bool:
        query = data["callback_query_id"]
        if query in self._answered:
            raise ApiError(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        self._answered.add(query)
        return True

    def _offer(self, data: dict[str, Any]) -> bool:
        if data["inline_query_id"] not in self._queries:
            raise ApiError(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        self._queries.remove(data["inline_query_id"])
        ids = [result["id"] for result in data["results"]]
        if len(ids) > _OFFERED or len(set(ids)) < len(ids):
            raise ApiError(400, "Bad Request: RESULT_ID_DUPLICATE or RESULTS_TOO_MUCH")
        return True

    def _describe_file(self, data: dict[str, Any]) -> dict[str, Any]:
        number = data["file_id"]
        if number not in self._files:
            raise ApiError(400, "Bad Request: invalid file_id")
        if len(self._files[number]) > _LARGEST:
            raise ApiError(400, "Bad Request: file is too big")
        return {"file_id": number, "file_unique_id": number, "file_path": number}

    def _set_webhook(self, data: dict[str, Any]) -> bool:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", data.get("secret_token", "-")):
            raise ApiError(400, "Bad Request: secret token contains unallowed characters")
        self.webhook = data if data.get("url") else {}
        self._allowed = data.get("allowed_updates", self._allowed)
        return True

    def _delete_webhook(self, data: dict[str, Any]) -> bool:
        self.webhook = {}
        return True

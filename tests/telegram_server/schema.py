"""Requests checked against aiogram's generated models of the Bot API, and against Telegram's limits."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import aiogram.methods
from pydantic import BaseModel, ValidationError

from .errors import ApiError
from .markup import units, visible

_METHODS: dict[str, type[BaseModel]] = {
    model.__dict__["__api_method__"]: model
    for name in aiogram.methods.__all__
    if isinstance(model := getattr(aiogram.methods, name), type)
    and isinstance(model.__dict__.get("__api_method__"), str)
}
_LIMITS = {"sendMessage": 4096, "editMessageText": 4096, "answerCallbackQuery": 200}  # UTF-16 units of `text`
_START = re.compile(r"[A-Za-z0-9_-]{0,64}")
_BUTTON_LOOKS = {"text", "style", "icon_custom_emoji_id"}


def check(method: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request's parameters, decoded; raises ApiError for whatever Telegram would not accept."""
    model = _METHODS.get(method)
    if model is None:
        raise ApiError(404, f"Not Found: {method}")
    data: dict[str, Any] = {}
    for key, value in raw.items():
        if key not in model.model_fields:
            raise ApiError(400, f"Bad Request: {method} has no parameter {key!r}")
        data[key] = _decoded(key, value)
    try:
        parsed = model.model_validate(data)
    except ValidationError as error:
        raise ApiError(400, f"Bad Request: {method}: {error.errors()[0]['loc']} {error.errors()[0]['msg']}") from None
    _nothing_unknown(parsed, method)
    if "text" in data:
        _check_text(method, visible(data["text"], data.get("parse_mode")))
    if method == "setMyCommands":
        _check_commands(data["commands"])
    for result in data.get("results", []):
        _check_result(result)
    if not _START.fullmatch((data.get("button") or {}).get("start_parameter", "")):
        raise ApiError(400, "Bad Request: START_PARAM_INVALID")
    for row in (data.get("reply_markup") or {}).get("inline_keyboard", []):
        for button in row:
            _check_button(button)
    return data


def _check_text(method: str, seen: str) -> None:
    if method != "answerCallbackQuery" and not seen.strip():
        raise ApiError(400, "Bad Request: message text is empty")
    if units(seen) > _LIMITS.get(method, 4096):
        raise ApiError(400, "Bad Request: message is too long")


def _check_commands(commands: list[dict[str, str]]) -> None:
    for command in commands:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]) or not 1 <= len(command["description"]) <= 256:
            raise ApiError(400, f"Bad Request: BOT_COMMAND_INVALID: {command}")


def _check_result(result: dict[str, Any]) -> None:
    """A result of an inline query: an article whose message Telegram would send."""
    if not 1 <= len(result["id"].encode()) <= 64 or not result.get("title"):
        raise ApiError(400, "Bad Request: RESULT_ID_INVALID or ARTICLE_TITLE_EMPTY")
    content = result["input_message_content"]
    _check_text("sendMessage", visible(content["message_text"], content.get("parse_mode")))


def _check_button(button: dict[str, Any]) -> None:
    """A button does exactly one thing; what it sends back is short, what it opens is an address."""
    kinds = button.keys() - _BUTTON_LOOKS
    if len(kinds) != 1:
        raise ApiError(400, f"Bad Request: can't parse inline keyboard button: one type, not {sorted(kinds)}")
    if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64:
        raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
    if "url" in button and not re.match(r"(?:https?|tg)://", button["url"]):
        raise ApiError(400, f"Bad Request: inline keyboard button URL {button['url']!r} is invalid")


def _decoded(key: str, value: Any) -> Any:
    """Structured parameters travel as JSON text inside a form."""
    if isinstance(value, str) and key != "text" and (value[:1] in ("[", "{") or value in ("true", "false")):
        try:
            return json.loads(value)
        except ValueError:
            raise ApiError(400, f"Bad Request: can't parse {key} as JSON") from None
    return value


def _nothing_unknown(value: Any, where: str) -> None:
    """aiogram lets unknown fields pass; Telegram's own parser is not asked here, so nothing unknown may."""
    if isinstance(value, BaseModel):
        if value.__pydantic_extra__:
            raise ApiError(400, f"Bad Request: unknown field in {where}: {sorted(value.__pydantic_extra__)}")
        for name, inner in value.__dict__.items():
            _nothing_unknown(inner, f"{where}.{name}")
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _nothing_unknown(inner, where)

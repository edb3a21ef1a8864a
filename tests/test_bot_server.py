"""The stand-in server refuses what Telegram refuses: without that, the bot's tests would prove nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest

from tests.telegram_server import TOKEN, TelegramServer


def play(scene: Callable[[TelegramServer, Bot], Awaitable[None]]) -> TelegramServer:
    async def run() -> TelegramServer:
        async with TelegramServer() as server, Bot(TOKEN, base_url=f"{server.url}/bot") as bot:
            await scene(server, bot)
        return server

    return asyncio.run(run())


def keyboard(**button: Any) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton("Open", **button)]])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<b>never closed", "Can't find end tag"),
        ("<b><i>crossed</b></i>", "Unmatched end tag"),
        ("<div>no such tag</div>", "Unsupported start tag"),
        ("1 < 2", "Unsupported start tag"),
        ("<!-- a comment -->", "Unsupported start tag"),
        ("profit & loss", "not escaped"),
        ("<a>nowhere</a>", "without address"),
        ("<span>styled</span>", "tg-spoiler"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>", "nested"),
        ("<b> </b>", "empty"),
        ("\U0001f600" * 2049, "too long"),
    ],
)
def test_a_text_telegram_refuses_is_refused(text: str, reason: str) -> None:
    async def scene(server: TelegramServer, bot: Bot) -> None:
        with pytest.raises(BadRequest, match=f"(?i){reason}"):
            await bot.send_message(7, text, parse_mode="HTML")

    assert [method for method, _, _ in play(scene).errors] == ["sendMessage"]


def test_length_is_counted_after_parsing_in_utf16_units() -> None:
    async def scene(server: TelegramServer, bot: Bot) -> None:
        await bot.send_message(7, "<b>&amp;" + "\U0001f600" * 2047 + "</b>", parse_mode="HTML")

    assert play(scene).errors == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"colour": "red"}, "no parameter 'colour'"),
        ({"link_preview_options": '{"is_disabled": true, "size": 3}'}, "unknown field"),
        ({"reply_parameters": '{"message_id": 1}'}, "message to be replied not found"),
        ({"reply_markup": keyboard(callback_data="ä" * 33)}, "BUTTON_DATA_INVALID"),
        ({"reply_markup": keyboard(callback_data="a", url="https://example.org")}, "one type"),
        ({"reply_markup": keyboard(url="ftp://example.org")}, "is invalid"),
    ],
)
def test_a_parameter_telegram_refuses_is_refused(fields: dict[str, Any], reason: str) -> None:
    async def scene(server: TelegramServer, bot: Bot) -> None:
        with pytest.raises(BadRequest, match=f"(?i){reason}"):
            await bot.send_message(7, "text", api_kwargs=fields)

    assert len(play(scene).errors) == 1


def test_buttons_are_pressed_answered_once_and_messages_edited_only_when_they_change() -> None:
    async def scene(server: TelegramServer, bot: Bot) -> None:
        sent = await bot.send_message(7, "text", reply_markup=keyboard(callback_data="open:1"))
        await server.press(sent.message_id, "Open")
        (update,) = await bot.get_updates()
        assert update.callback_query is not None
        assert update.callback_query.data == "open:1"
        await update.callback_query.answer()
        with pytest.raises(BadRequest, match="too old"):
            await update.callback_query.answer()
        await bot.edit_message_text("opened", 7, sent.message_id)
        with pytest.raises(BadRequest, match="not modified"):
            await bot.edit_message_text("opened", 7, sent.message_id)

    assert [method for method, _, _ in play(scene).errors] == ["answerCallbackQuery", "editMessageText"]


def test_only_updates_that_were_asked_for_arrive() -> None:
    async def scene(server: TelegramServer, bot: Bot) -> None:
        await server.push(edited_message=server.message("edited", edit_date=1))
        await server.say("new")
        (update,) = await bot.get_updates(allowed_updates=["message"])
        assert update.message is not None
        assert update.message.text == "new"

    assert play(scene).errors == []

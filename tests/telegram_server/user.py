"""What a person's app sends: messages and presses of buttons, as Telegram describes them to a bot."""

from __future__ import annotations

import re
import time
from typing import Any

from .markup import units

USERNAME = "talks_test_bot"


def message(number: int, text: str | None, chat: int, **fields: Any) -> dict[str, Any]:
    """Return a message in a private chat (positive id) or a group (negative), from the person of that id."""
    place = {"id": chat, "type": "private", "first_name": "Ali"}
    if chat < 0:
        place = {"id": chat, "type": "supergroup", "title": "A group"}
    made: dict[str, Any] = {
        "message_id": number,
        "date": int(time.time()),
        "chat": place,
        "from": person(abs(chat)),
    }
    if text is not None:
        made["text"] = text
        if command := re.match(r"/\w+(?:@\w+)?", text):
            made["entities"] = [{"type": "bot_command", "offset": 0, "length": units(command.group())}]
        elif (at := text.find(f"@{USERNAME}")) >= 0:
            made["entities"] = [{"type": "mention", "offset": units(text[:at]), "length": len(USERNAME) + 1}]
    return made | fields


def press(number: int, pressed: dict[str, Any], label: str) -> dict[str, Any]:
    """Return the press of the button with this label under a message."""
    rows = pressed["reply_markup"]["inline_keyboard"]
    data = next(button["callback_data"] for row in rows for button in row if button["text"] == label)
    sender = person(abs(pressed["chat"]["id"]))
    return {"id": str(number), "from": sender, "chat_instance": "1", "message": pressed, "data": data}


def person(number: int) -> dict[str, Any]:
    """Return a person."""
    return {"id": number, "is_bot": False, "first_name": "Ali", "language_code": "en"}

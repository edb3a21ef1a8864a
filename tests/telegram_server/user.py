"""What a person's app sends: messages and presses of buttons, as Telegram describes them to a bot."""

from __future__ import annotations

import re
import time
from typing import Any

from .markup import units

USERNAME = "talks_test_bot"


def message(number: int, text: str | None, chat: int, language: str = "en", **fields: Any) -> dict[str, Any]:
    """Return a message in a private chat (positive id) or a group (negative), from the person of that id."""
    place = {"id": chat, "type": "private", "first_name": "Ali"}
    if chat < 0:
        place = {"id": chat, "type": "supergroup", "title": "A group"}
    made: dict[str, Any] = {
        "message_id": number,
        "date": int(time.time()),
        "chat": place,
        "from": person(abs(chat), language),
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


def forged(number: int, pressed: dict[str, Any], data: str) -> dict[str, Any]:
    """Return a press that sends what no button under the message says."""
    sender = person(abs(pressed["chat"]["id"]))
    return {"id": str(number), "from": sender, "chat_instance": "1", "message": pressed, "data": data}


def query(number: int, text: str, who: int) -> dict[str, Any]:
    """Return an inline query."""
    return {"id": str(number), "from": person(who), "query": text, "offset": ""}


def joining(chat: int, bot: dict[str, Any], before: str, after: str) -> dict[str, Any]:
    """Return a change of what the bot is in a group."""
    states = [{"status": s, "user": bot} | ({"until_date": 0} if s == "kicked" else {}) for s in (before, after)]
    return {
        "chat": {"id": chat, "type": "supergroup", "title": "A group"},
        "from": person(7),
        "date": int(time.time()),
        "old_chat_member": states[0],
        "new_chat_member": states[1],
    }


def person(number: int, language: str = "en") -> dict[str, Any]:
    """Return a person."""
    return {"id": number, "is_bot": False, "first_name": "Ali", "language_code": language}

"""Chats that ask at once, on loopback: answer times, order, memory of the bot.

    python -m tests.benchmarks.bot_load --chats 50 --seconds 120

The bot is a process with a library of the shipped articles, polling the strict server. Each chat sends a
question, waits for its answer, and sends the next at once. Fails where a question is not answered exactly
once, or out of order.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.telegram_server import TOKEN, TelegramServer

_FIRST_CHAT = 1000
_START = 300.0  # seconds the bot may take to start
_QUESTIONS = Path(__file__).parents[2] / "seeds" / "questions.jsonl"


@dataclass
class Result:
    """What was measured: seconds of each answer, and the bot's memory in megabytes, at rest and at its highest."""

    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    rest: float = 0.0
    peak: float = 0.0
    lasted: float = 0.0


def questions() -> list[str]:
    """Return the questions that stand alone."""
    rows = [json.loads(line) for line in _QUESTIONS.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [row["question"] for row in rows if not row.get("history")]


def memory(process: int, field_: str) -> float:
    """Return a process's memory in megabytes: `VmRSS` now, `VmHWM` at its highest."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(field_)) / 1024


async def measured(chats: int, seconds: float, folder: Path) -> Result:
    """Run the bot and the chats; return what was measured."""
    result = Result()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("TALKS_")},
        "TALKS_BOT_TOKEN": TOKEN,
        "TALKS_BOT_DATA": str(folder / "bot"),
        "TALKS_LIBRARY": str(folder / "library"),
        "TALKS_BOT_QUESTIONS_PER_MINUTE": "0",
        "TALKS_BOT_QUESTIONS_PER_DAY": "0",
        "TALKS_BOT_QUESTIONS_PER_DAY_ALL": "0",
    }
    async with TelegramServer() as server:
        with (folder / "log").open("wb") as log:
            bot = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot.app", env={**environment, "TALKS_BOT_API": server.url}, stderr=log
            )
        try:
            await server.wait("setMyCommands", patience=_START)
            await asyncio.sleep(2)
            result.rest = memory(bot.pid, "VmRSS")
            began = time.perf_counter()
            numbers = range(_FIRST_CHAT, _FIRST_CHAT + chats)
            await asyncio.gather(*(_chat(server, number, began + seconds, result) for number in numbers))
            result.lasted = time.perf_counter() - began
            result.peak = memory(bot.pid, "VmHWM")
            await asyncio.sleep(2)  # an answer that comes twice comes now
            asked = len(result.seconds)
            sent = sum(len(server.sent(number)) for number in numbers)
            if sent != asked:
                result.wrong.append(f"{asked} questions, {sent} messages")
            result.wrong += map(str, server.errors)
        finally:
            bot.terminate()
            await bot.wait()
    return result


async def _chat(server: TelegramServer, chat: int, end: float, result: Result) -> None:
    """Ask one question after another; the answer must be a reply to the question just asked."""
    asked = questions()
    for number in itertools.count(1):
        if time.perf_counter() > end:
            return
        question = asked[(chat + number) % len(asked)]
        began = time.perf_counter()
        await server.say(question, chat)
        message = server.last_id(chat)
        call = await server.wait("sendMessage", _is_reply(chat, message))
        result.seconds.append(time.perf_counter() - began)
        if len(server.sent(chat)) != number:
            result.wrong.append(f"chat {chat}: message {number} is {call['text'][:40]!r}")


def _is_reply(chat: int, message: int) -> Callable[[dict[str, Any]], bool]:
    def accept(call: dict[str, Any]) -> bool:
        reply = call.get("reply_parameters")
        return int(call["chat_id"]) == chat and isinstance(reply, dict) and reply["message_id"] == message

    return accept


def main() -> int:
    """Run, print a table, return 1 where something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chats", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(measured(options.chats, options.seconds, Path(folder)))
    cuts = statistics.quantiles(result.seconds, n=20) if len(result.seconds) > 1 else [0.0] * 19
    print("| chats | questions | a second | p50 | p95 | longest | memory at rest | at most |")
    print("|---|---|---|---|---|---|---|---|")
    rate = len(result.seconds) / result.lasted
    print(
        f"| {options.chats} | {len(result.seconds)} | {rate:.1f} | {cuts[9]:.2f} s | {cuts[18]:.2f} s"
        f" | {max(result.seconds):.2f} s | {result.rest:.0f} MB | {result.peak:.0f} MB |"
    )
    for line in result.wrong:
        print(line, file=sys.stderr)
    print("every question answered once, in order" if not result.wrong else f"{len(result.wrong)} things went wrong")
    return 1 if result.wrong else 0


if __name__ == "__main__":
    sys.exit(main())

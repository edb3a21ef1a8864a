"""The bot as people run it: a process, with a library of the shipped articles, against the strict server."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.telegram_server import TOKEN, TelegramServer

pytestmark = pytest.mark.slow
COMMAND = (sys.executable, "-m", "bot.app")
START = 180.0  # seconds: the first start prepares the model


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TALKS_")}
    ours = {
        "TALKS_LIBRARY": str(folder / "library"),
        "XDG_CONFIG_HOME": str(folder),
        "TALKS_BOT_TOKEN": TOKEN,
        "PYTHONWARNINGS": "default",  # shown, so that tests see them
    }
    return {**kept, **ours, **more}


def told(output: bytes) -> str:
    """Return the last line the bot wrote; no other may tell of an error, and none the token."""
    text = output.decode()
    *before, last = text.splitlines()
    assert not re.search("error|critical|warning|traceback", "".join(before), re.IGNORECASE), text
    assert TOKEN not in text
    return last


@asynccontextmanager
async def bot(api: str, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        env=environment(folder, TALKS_BOT_API=api),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


def test_a_conversation_from_start_to_sigterm(tmp_path: Path) -> None:
    async def play() -> None:
        async with TelegramServer() as server, bot(server.url, tmp_path) as process:
            await server.wait("setMyCommands", patience=START)
            texts = [
                "/start",
                "What did Kayani refuse to give Mullen?",
                "Where did they meet?",
                "Where was Kayani born?",
                "/sources",
            ]
            for number, text in enumerate(texts, start=1):
                await server.say(text)
                await server.reply(number)
            _, answer, follow_up, refusal, sources = server.sent()
            assert "assurance" in answer
            assert "DNA, 21 April 2011" in answer
            assert "Rawalpindi" in follow_up
            assert "do not say" in refusal
            assert "5 articles" in sources
            process.send_signal(signal.SIGTERM)
            output, _ = await asyncio.wait_for(process.communicate(), 30)
            assert process.returncode == 0
            assert TOKEN not in output.decode()
            assert "Traceback" not in output.decode()
            assert "Warning" not in output.decode()
            assert server.errors == []

    asyncio.run(play())


def test_a_second_poller_is_told_in_one_line(tmp_path: Path) -> None:
    async def play() -> None:
        async with TelegramServer() as server, bot(server.url, tmp_path) as process:
            server.conflict = True
            output, _ = await asyncio.wait_for(process.communicate(), START)
            assert process.returncode == 1
            assert "another process polls with this token" in told(output)

    asyncio.run(play())


def test_a_wrong_token_is_told_in_one_line(tmp_path: Path) -> None:
    async def play() -> None:
        async with TelegramServer(token="654321:another") as server, bot(server.url, tmp_path) as process:
            output, _ = await asyncio.wait_for(process.communicate(), START)
            assert process.returncode == 1
            assert "does not know this token" in told(output)

    asyncio.run(play())


def test_a_bot_api_that_is_down_is_told_in_one_line(tmp_path: Path) -> None:
    async def play() -> None:
        async with TelegramServer() as server:
            gone = server.url
        async with bot(gone, tmp_path) as process:
            output, _ = await asyncio.wait_for(process.communicate(), START)
            assert process.returncode == 1
            assert "cannot reach the Bot API" in told(output)

    asyncio.run(play())


@pytest.mark.parametrize("token", ["", "  "])
def test_a_missing_token_is_wrong_usage(tmp_path: Path, token: str) -> None:
    done = subprocess.run(
        COMMAND, env=environment(tmp_path, TALKS_BOT_TOKEN=token), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "BotFather" in done.stderr
    assert done.stderr.count("\n") == 1

"""The bot as people run it: a process, with a library of the shipped articles, against the strict server."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.bot_scenes import ADMIN
from tests.telegram_server import TOKEN, TelegramServer
from tests.web_site import Site, report

pytestmark = pytest.mark.slow
COMMAND = (sys.executable, "-m", "bot.app")
REPORT = b"""---
title: A bridge is opened
outlet: The Valley Post
published: 2013-05-02
---

The engineer Sardar Wali opened the new bridge at Torkham on Thursday. He thanked the masons.
"""
PAGE = report(
    "A harbour is closed",
    "The officer Mira Baloch closed the harbour of Gwadar on Friday. She gave no reason.",
    "<meta property='article:published_time' content='2014-06-06'>",
)
START = 180.0  # seconds: the first start prepares the model


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TALKS_")}
    ours = {
        "TALKS_LIBRARY": str(folder / "library"),
        "XDG_CONFIG_HOME": str(folder),
        "TALKS_BOT_TOKEN": TOKEN,
        "TALKS_BOT_DATA": str(folder / "bot"),
        "TALKS_BOT_ADMINS": str(ADMIN),
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
async def bot(api: str, folder: Path, **more: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        env=environment(folder, TALKS_BOT_API=api, **more),
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
        with_links = {"TALKS_BOT_ALLOW_PRIVATE": "true"}
        async with TelegramServer() as server, bot(server.url, tmp_path, **with_links) as process:
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
            assert "5 articles, April 2011 – October 2017" in refusal
            assert "I know 5 articles" in sources
            assert "has started" in await server.reply(1, ADMIN)
            await server.upload("bridge.md", REPORT, ADMIN)
            await server.wait("editMessageText", lambda call: "added: 1" in call["text"])
            await server.say("Who opened the new bridge at Torkham?", 8)
            assert "Sardar Wali" in await server.reply(1, 8)  # a new generation needs no restart
            with Site({"/harbour": PAGE}) as site:
                await server.say(f"/add http://127.0.0.1:{site.port}/harbour", ADMIN)
                await server.wait("editMessageText", lambda call: "harbour-" in call["text"])
            await server.say("Who closed the harbour of Gwadar?", 9)
            assert "Mira Baloch" in await server.reply(1, 9)
            process.send_signal(signal.SIGTERM)
            output, _ = await asyncio.wait_for(process.communicate(), 30)
            assert process.returncode == 0
            assert TOKEN not in output.decode()
            assert "Traceback" not in output.decode()
            assert "Warning" not in output.decode()
            assert "Kayani" not in output.decode()  # questions are nobody's business
            assert "is stopping" in await server.reply(4, ADMIN)
            assert server.errors == []

    asyncio.run(play())


def test_a_process_that_is_killed_loses_no_question_and_answers_none_twice(tmp_path: Path) -> None:
    chats = range(10, 13)

    async def play() -> None:
        async with TelegramServer() as server:
            async with bot(server.url, tmp_path) as process:
                await server.wait("setMyCommands", patience=START)
                for chat in chats:
                    await server.say("What did Kayani refuse to give Mullen?", chat)
                    await server.say("Where did they meet?", chat)
                await server.reply(1, chats[0])
                process.kill()
                await process.communicate()
            async with bot(server.url, tmp_path) as process:
                for chat in chats:
                    await server.reply(2, chat)
                await server.say("/help", 9)
                await server.reply(1, 9)
                for chat in chats:
                    answers = [text for text in server.sent(chat) if "interrupted" not in text]
                    told_of = len(server.sent(chat)) - len(answers)
                    assert len(answers) == len(set(answers)) <= 2
                    assert len(answers) + told_of >= 2
                assert server.errors == []

    asyncio.run(play())


def test_a_bot_behind_a_webhook_answers_and_is_healthy(tmp_path: Path) -> None:
    async def play() -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        settings = {"TALKS_BOT_LISTEN": address, "TALKS_BOT_WEBHOOK_URL": f"http://{address}/telegram"}
        async with TelegramServer() as server, bot(server.url, tmp_path, **settings) as process:
            await server.wait("setWebhook", patience=START)
            await server.say("What did Kayani refuse to give Mullen?")
            assert "assurance" in await server.reply(1)
            async with ClientSession() as web, web.get(f"http://{address}/health") as response:
                assert (await response.json())["articles"] == 5
            async with bot(server.url, tmp_path) as second:
                output, _ = await asyncio.wait_for(second.communicate(), START)
                assert second.returncode == 1
                assert "another bot uses" in told(output)
            process.send_signal(signal.SIGTERM)
            output, _ = await asyncio.wait_for(process.communicate(), 30)
            assert process.returncode == 0
            assert server.webhook["secret_token"] not in output.decode()
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

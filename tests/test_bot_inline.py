"""Inline mode, against the strict server."""

from __future__ import annotations

from typing import Any

import pytest

from bot import inline
from qa.records import Answer, Citation
from tests.bot_scenes import CITATION, QUOTE, Scene, perform
from tests.telegram_server import TelegramServer


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inline, "_STILL", 0.05)


async def offered(server: TelegramServer, number: str) -> dict[str, Any]:
    return await server.wait("answerInlineQuery", lambda call: call["inline_query_id"] == number)


def test_an_inline_question_offers_the_cited_answer() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        call = await offered(server, await server.type("who went there?"))
        (result,) = call["results"]
        assert result["title"] == "who went there?"
        text = result["input_message_content"]["message_text"]
        for part in ("Question:", "&lt;no&gt; &amp; left", "The outlet, 1 January 2012"):
            assert part in text
        assert "The outlet, 1 January 2012" in result["description"]

    perform(play)


def test_letters_typed_on_are_answered_once() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        for text in ("who went", "who went th", "who went there?"):
            last = await server.type(text)
        await offered(server, last)
        await server.type("who", 8)
        assert [q for q, _ in scene.echo.asked] == ["who went there?"]

    perform(play)


def test_what_cannot_be_answered_is_told_above_the_results() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        for text, expected in (
            ("", "Write a question"),
            ("who", "Write a question"),
            ("refuse this one", "do not say"),
            ("break this one now", None),
            ("x y " * 60, "x y"),
        ):
            if expected is None:
                continue
            call = await offered(server, await server.type(text))
            button = (call.get("button") or {}).get("text", "")
            assert expected in button or expected in call["results"][0]["title"]
        await offered(server, await server.type("unreadable"))

    perform(play)


def test_inline_questions_count_and_only_those_let_in_may_ask() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        assert "Write" in (await offered(server, await server.type("who went there?", 8)))["button"]["text"]
        await offered(server, await server.type("who went there?", 7))
        assert "later" in (await offered(server, await server.type("who stayed there?", 7)))["button"]["text"]

    perform(play, allow=(7,), questions_per_minute=1)


def test_inline_mode_can_be_off() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        await server.type("who went there?")
        await server.say("who went?")
        await server.reply(1)
        assert [q for q, _ in scene.echo.asked] == ["who went?"]

    perform(play, inline=False)


def test_each_quote_of_an_answer_can_be_sent_alone() -> None:
    from bot.tongues import tongue

    second = Citation(2, "a2", "T", "O", None, "", 0, 1, "Another quote.")
    found = Answer("who?", True, "he", QUOTE, 0.9, (CITATION, second))
    results = inline.results(found, tongue("en"))
    assert [r.title for r in results] == ["he", QUOTE, "Another quote."]
    assert len({r.id for r in results}) == 3

"""Buttons, links and languages, against the strict server."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from qa.records import Article, Event
from tests.bot_scenes import ARTICLE, CITATION, QUOTE, Scene, perform
from tests.telegram_server import USERNAME, TelegramServer


async def asked(server: TelegramServer, text: str = "who went?", chat: int = 7) -> int:
    """Ask, and return the number of the answer's message."""
    before = len(server.sent(chat))
    await server.say(text, chat)
    await server.reply(before + 1, chat)
    return int(server.last(chat)["message_id"])


def shows(text: str, call: dict[str, Any]) -> bool:
    """Whether a call shows a text."""
    return text in call["text"]


async def word(server: TelegramServer, number: int = 1) -> str:
    """Return what the bot says to the press of this number."""
    await server.wait(
        "answerCallbackQuery", lambda c: sum(x["method"] == "answerCallbackQuery" for x in server.calls) >= number
    )
    return str([c for c in server.calls if c["method"] == "answerCallbackQuery"][number - 1].get("text", ""))


def test_the_full_passage_and_other_sources_are_a_press_away() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        answer = await asked(server)
        assert server.labels() == ["Full passage", "Other sources", "Share", "👍", "👎"]
        await server.press(answer, "Full passage")
        assert "The general came on Monday. He said <no> & left the talks. Nobody said why." in await server.reply(2)
        await server.press(answer, "Other sources")
        others = await server.reply(3)
        assert "Another title" in others
        assert "The title" not in others

    perform(play)


def test_a_vote_is_kept_with_question_and_version_and_its_buttons_go() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        answer = await asked(server)
        await server.press(answer, "👍")
        assert "Thank you" in await word(server)
        assert server.labels() == ["Full passage", "Other sources", "Share"]
        (row,) = scene.db.read("SELECT answer, version, up FROM votes JOIN answers ON id = answer_id")
        assert '"who went?"' in row[0]
        assert row[1] == "0.1.0/1"
        assert row[2] == 1

    perform(play)


def test_a_vote_pressed_twice_at_once_does_no_harm() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        answer = await asked(server)
        await server.press(answer, "👍")
        await server.forge(answer, "d:1")
        await word(server, 2)
        assert scene.services.chats.statistics(0).up + scene.services.chats.statistics(0).down == 1

    perform(play)


def test_forged_buttons_are_told_and_do_nothing() -> None:
    forged = ("", "p", "p:1:9", "p:999", "x:1", "u:" + "9" * 30, "l:de", "n:1:2", "r:1:1", "p:1:1:1", "𝟙:𝟙", "\x00")

    async def play(server: TelegramServer, scene: Scene) -> None:
        answer = await asked(server)
        for number, data in enumerate(forged, start=1):
            await server.forge(answer, data)
            assert "out of date" in await word(server, number)
        assert len(server.sent()) == 1

    perform(play)


def test_buttons_show_nothing_of_another_chat() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        await asked(server, "my secret", 7)
        other = await asked(server, "mine", 8)
        await server.forge(other, "p:1:0", 8)
        assert "out of date" in await word(server)

    perform(play)


def test_an_article_that_changed_or_went_is_told() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        answer = await asked(server)
        scene.shelf.held["a1"] = replace(ARTICLE, text="Rewritten. " + ARTICLE.text)
        await server.press(answer, "Full passage")
        assert "has changed" in await server.reply(2)
        del scene.shelf.held["a1"]
        await server.press(answer, "Full passage")
        assert "no longer" in await word(server, 2)

    perform(play)


def test_lists_are_turned_in_place() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        scene.shelf.held = {f"x{i:02}": Article(f"x{i:02}", "Text of it.", f"Title {i:02}") for i in range(23)}
        scene.shelf.changes += 1
        await server.say("/sources")
        assert "Page 1 of 3" in await server.reply(1)
        listing = server.last()["message_id"]
        assert server.labels() == ["▶"]
        for label, page in (("▶", "Page 2 of 3"), ("▶", "Page 3 of 3"), ("◀", "Page 2 of 3")):
            await server.press(listing, label)
            await server.wait("editMessageText", partial(shows, page))
        for data in ("n:1:2", "n:1:999", "n:1:3"):  # pressed twice, it already shows this page
            await server.forge(listing, data)
        await word(server, 6)
        assert "Page 3 of 3" in server.last()["text"]
        assert len(server.sent()) == 1

    perform(play)


def test_the_newest_about_a_topic_and_the_timeline_can_be_paged() -> None:
    events = [Event(date(2012, 1, d), date(2012, 1, d), CITATION) for d in range(1, 9)]
    topics: list[str] = []

    def timeline(topic: str) -> list[Event]:
        topics.append(topic)
        return events

    async def play(server: TelegramServer, scene: Scene) -> None:
        await server.say("/timeline drone   strikes")
        assert "6 January 2012" in await server.reply(1)
        await server.press(server.last()["message_id"], "▶")
        await server.wait("editMessageText", lambda c: "8 January 2012" in c["text"])
        assert topics == ["drone strikes"] * 2
        await server.say("/help")
        assert "/timeline" in await server.reply(2)

    perform(play, timeline=timeline)


async def shared_link(server: TelegramServer) -> str:
    """Return what the Share button under the last answer begins a chat with."""
    rows = server.last()["reply_markup"]["inline_keyboard"]
    url = next(b["url"] for row in rows for b in row if b["text"] == "Share")
    link = parse_qs(urlsplit(url).query)["url"][0]
    assert link.startswith(f"https://t.me/{USERNAME}?start=q_")
    return f"/start {link.partition('=')[2]}"


def test_an_answer_can_be_shared_by_a_link_until_it_is_forgotten() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        await asked(server)
        start = await shared_link(server)
        assert re.fullmatch(r"/start [A-Za-z0-9_-]{1,64}", start)
        await server.say(start, 8)
        reply = await server.reply(1, 8)
        assert "Question: who went?" in reply
        assert QUOTE in reply
        await server.say("and then?", 8)
        await server.reply(2, 8)
        assert len(scene.echo.asked[-1][1]) == 1  # a follow-up on what was shared
        await server.say("/forget")
        await server.reply(2)
        await server.say(start, 9)
        assert "no longer keep" in await server.reply(1, 9)

    perform(play)


def test_what_was_quoted_of_an_article_that_has_changed_is_shown_as_it_was() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        answer = await asked(server)
        start = await shared_link(server)
        scene.shelf.held["a1"] = replace(ARTICLE, text="All different now.")
        scene.shelf.earlier.append(ARTICLE)
        await server.press(answer, "Full passage")
        assert "Nobody said why." in await server.reply(2)
        await server.say(start, 8)
        await server.reply(1, 8)
        assert [q for q, _ in scene.echo.asked] == ["who went?"]

    perform(play)


def test_a_shared_answer_whose_quote_is_gone_is_asked_again() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        await asked(server)
        start = await shared_link(server)
        scene.shelf.held["a1"] = replace(ARTICLE, text="All different now.")
        await server.say(start, 8)
        await server.reply(1, 8)
        assert [q for q, _ in scene.echo.asked] == ["who went?", "who went?"]

    perform(play)


def test_links_that_lead_nowhere_are_answered() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        for number, junk in enumerate(("q_", "q_nothing", "inline", "q_" + "é" * 20, "<b>"), start=1):
            await server.say(f"/start {junk}")
            assert await server.reply(number)

    perform(play)


def test_the_interface_speaks_the_language_of_the_app_or_the_one_chosen() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        await server.say("/start", language="ur")
        assert "پاک امریکا مذاکرات" in await server.reply(1)
        await server.say("/language")
        await server.reply(2)
        await server.press(server.last()["message_id"], "اردو")
        assert "اردو میں بات" in await word(server)
        await server.say("refuse")
        assert "جواب نہیں" in await server.reply(3)
        await server.say("پاکستان نے کیا کہا؟")
        assert "انگریزی میں لکھیے" in await server.reply(4)
        assert [q for q, _ in scene.echo.asked] == ["refuse"]

    perform(play)

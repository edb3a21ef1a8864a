"""The application in this process, against the strict server: questions, commands, order, faults."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime

import httpx
import pytest
from telegram import Chat, Message, Update
from telegram.error import NetworkError, RetryAfter, TimedOut

from bot import talk
from bot.app import build_application
from bot.logs import AsJson, HideToken
from bot.order import ChatOrder
from bot.running import running
from qa.records import Answer
from tests.bot_scenes import ADMIN, QUOTE, Scene, perform
from tests.telegram_server import TOKEN, USERNAME, Fault, TelegramServer

GROUP = -42
SORRY = "Something went wrong on my side, and it has been noted. Please try again in a moment."


def test_commands_answer() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        for number, (text, expected) in enumerate(
            [
                ("/start", "Ask me about"),
                ("/help", "/sources"),
                ("/sources", "The title – The outlet, 1 January 2012"),
                ("/latest", "The newest articles:"),
                ("/latest drones", "The newest about drones:"),
                ("/ask", "Write the question behind"),
                ("/ask Who went?", "Who went?"),
                (f"/ask@{USERNAME}\nAnd who\nstayed?", "And who stayed?"),
                ("/nonsense", "do not know this command"),
                ("/stats", "do not know this command"),
                ("/reset", "stands alone"),
                ("/forget", "2 questions with their answers"),
                ("/forget", "nothing about you"),
            ],
            start=1,
        ):
            await server.say(text)
            assert expected in await server.reply(number)

    perform(play)


def test_the_menu_is_announced_in_both_languages_for_groups_and_for_admins() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        await server.say("/help")
        await server.reply(1)
        calls = [c for c in server.calls if c["method"] == "setMyCommands"]
        menus = {
            (c.get("language_code"), (c.get("scope") or {"type": "default"})["type"]): [
                command["command"] for command in c["commands"]
            ]
            for c in calls
        }
        assert set(menus) == {
            (code, scope) for code in (None, "ur") for scope in ("default", "all_group_chats", "chat")
        }
        assert "stats" in menus[None, "chat"]
        assert "stats" not in menus["ur", "default"]
        assert "forget" not in menus["ur", "all_group_chats"]
        urdu = next(c for c in calls if c.get("language_code") == "ur")
        assert "سوال" in urdu["commands"][0]["description"]

    perform(play)


def test_a_question_is_answered_as_a_reply_with_typing_shown() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        scene.echo.gate.clear()
        await server.say("slow")
        assert (await server.wait("sendChatAction"))["action"] == "typing"
        scene.echo.gate.set()
        call = await server.wait("sendMessage")
        assert call["parse_mode"] == "HTML"
        assert call["reply_parameters"]["message_id"] >= 100
        assert QUOTE in await server.reply(1)

    perform(play)


def test_a_refusal_says_what_the_library_covers() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        await server.say("refuse")
        reply = await server.reply(1)
        for part in ("do not say", "not an answer", "I know 2 articles", "January 2012 – May 2013", "Kayani"):
            assert part in reply
        assert "Share" not in server.labels()

    perform(play)


def test_history_is_kept_for_each_chat_until_reset() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        for chat, text in ((7, "one"), (8, "two"), (7, "three"), (7, "/reset"), (7, "four")):
            before = len(server.sent(chat))
            await server.say(text, chat)
            await server.reply(before + 1, chat)
        histories = {q: [a.question for a in h if isinstance(a, Answer)] for q, h in scene.echo.asked}
        assert histories == {"one": [], "two": [], "three": ["one"], "four": []}

    perform(play)


def test_errors_of_the_core_are_told_and_bugs_apologised_for() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        for number, (text, expected) in enumerate(
            [
                ("unreadable", "I cannot read this question: the question has <too many> characters"),
                ("break", SORRY),
                ("empty", "The library has no articles yet, so there is nothing to answer from."),
                ("locked", SORRY),
            ],
            start=1,
        ):
            await server.say(text)
            assert await server.reply(number) == expected

    perform(play)


def test_what_people_write_is_not_logged_unless_the_keeper_wants_it(caplog: pytest.LogCaptureFixture) -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        await server.say("break and tell my neighbour")
        assert await server.reply(1) == SORRY
        await server.say("who is my neighbour")
        await server.reply(2)

    with caplog.at_level(logging.INFO):
        perform(play)
    assert "RuntimeError" in caplog.text
    assert "in ask" in caplog.text
    assert "question answered" in caplog.text
    assert "neighbour" not in "".join(AsJson().format(record) for record in caplog.records)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        perform(play, log_questions=True)
    lines = [json.loads(AsJson().format(record)) for record in caplog.records]
    assert [line["question"] for line in lines if "question" in line] == ["who is my neighbour"]


def test_in_groups_only_commands_mentions_and_replies_are_answered() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        await server.say("talk among people", GROUP)
        await server.say("/nonsense", GROUP)
        await server.say("to another", GROUP, reply_to_message=server.message("a person", GROUP))
        await server.say(None, GROUP, new_chat_title="A new title")
        await server.say(f"@{USERNAME} who went?", GROUP)
        await server.reply(1, GROUP)
        own = server.message("earlier", GROUP) | {
            "from": {"id": int(TOKEN.split(":")[0]), "is_bot": True, "first_name": "T"}
        }
        await server.say("and then?", GROUP, reply_to_message=own)
        await server.reply(2, GROUP)
        await server.say(f"/ask@{USERNAME} and why?", GROUP)
        await server.reply(3, GROUP)
        assert [q for q, _ in scene.echo.asked] == ["who went?", "and then?", "and why?"]

    perform(play)


@pytest.mark.parametrize(("policy", "answers"), [("commands", 1), ("off", 0)])
def test_the_keeper_decides_what_is_answered_in_groups(policy: str, answers: int) -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        await server.say(f"@{USERNAME} who went?", GROUP)
        await server.say("/ask who stayed?", GROUP)
        await server.say("done", 7)
        await server.reply(1, 7)
        if answers:
            await server.reply(answers, GROUP)
        assert len(server.sent(GROUP)) == answers

    perform(play, groups=policy)


def test_the_bot_says_hello_to_a_group_that_invites_it() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        await server.invite(GROUP)
        assert "/ask" in await server.reply(1, GROUP)
        await server.invite(GROUP, "member", "kicked")
        await server.invite(7, "member", "kicked")
        await server.say("after")
        await server.reply(1)
        assert len(server.sent(GROUP)) == 1

    perform(play)


def test_what_is_not_text_gets_a_friendly_line_and_an_album_one() -> None:
    voice = {"file_id": "f", "file_unique_id": "u", "duration": 1}
    photo = [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]
    sticker = {**photo[0], "type": "regular", "is_animated": False, "is_video": False}

    async def play(server: TelegramServer, scene: Scene) -> None:
        await server.say(None, voice=voice)
        await server.say(None, sticker=sticker)
        await server.say(None, photo=photo, media_group_id="g")
        await server.say(None, photo=photo, media_group_id="g")
        await server.say(None, location={"latitude": 1.0, "longitude": 2.0})
        await server.say(None, photo=photo, caption="who went?")
        await server.say(None, GROUP, voice=voice)
        assert "who went?" in await server.reply(5)
        words = ("listen", "Nice!", "pictures", "text only")
        assert all(word in line for word, line in zip(words, server.sent(), strict=False))
        assert server.sent(GROUP) == []

    perform(play)


def test_a_text_too_long_for_one_message_is_refused_once() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        await server.say("x" * 4096)
        await server.say("y" * 4096)
        await server.say("and the end of it")
        await server.say("who went?", 8)
        await server.reply(1, 8)
        assert "too long" in await server.reply(1)
        assert [q for q, _ in scene.echo.asked] == ["who went?"]

    perform(play)


def test_an_edited_question_is_answered_again_once_in_place() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        await server.say("who wnt?")
        await server.reply(1)
        question = server.last()["message_id"] - 1
        await server.change(question, "who went?")
        await server.wait("editMessageText")
        assert server.last()["text"].startswith("who went?")
        await server.change(question, "who went there?")
        await server.say("next")
        await server.reply(2)
        assert [(q, len(h)) for q, h in scene.echo.asked] == [("who wnt?", 0), ("who went?", 0), ("next", 1)]
        assert isinstance(last := scene.echo.asked[-1][1][0], Answer) and last.question == "who went?"

    perform(play)


def test_an_edit_of_something_else_is_left_alone() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        await server.push(edited_message=server.message("never asked", edit_date=1))
        await server.say("who went?")
        await server.reply(1)
        await server.change(server.last()["message_id"] - 1, "who  went?")
        await server.say("next")
        await server.reply(2)
        assert [q for q, _ in scene.echo.asked] == ["who went?", "next"]

    perform(play)


def test_one_chat_keeps_its_order_while_others_go_on() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        scene.echo.gate.clear()
        await server.say("slow", 7)
        await server.say("after", 7)
        await server.say("beside", 8)
        await server.reply(1, 8)
        assert server.sent(7) == []
        scene.echo.gate.set()
        await server.reply(2)
        assert [q for q, _ in scene.echo.asked if q != "beside"] == ["slow", "after"]

    perform(play)


def test_a_chat_that_floods_does_not_hold_up_others() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        scene.echo.gate.clear()
        for _ in range(20):
            await server.say("slow", 7)
        await server.say("beside", 8)
        await server.reply(1, 8)
        assert server.sent(7) == []

    perform(play)


def test_no_more_chats_than_allowed_are_answered_at_once() -> None:
    async def run() -> None:
        order, inside, most = ChatOrder(at_once=2), 0, 0

        async def work() -> None:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

        def update(chat: int) -> Update:
            day = datetime(2026, 1, 1, tzinfo=UTC)
            return Update(chat, Message(chat, day, Chat(chat, "private")))

        async with order:
            await asyncio.gather(*(order.process_update(update(chat), work()) for chat in range(1, 8)))
        assert (inside, most) == (0, 2)

    asyncio.run(run())


def test_typing_is_shown_until_the_answer_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "_TYPING", 0.01)

    async def play(server: TelegramServer, scene: Scene) -> None:
        scene.echo.gate.clear()
        await server.say("slow")
        await server.wait("sendChatAction", lambda c: [c["method"] for c in server.calls].count("sendChatAction") > 2)
        scene.echo.gate.set()
        await server.reply(1)

    perform(play)


def test_an_answer_in_flight_is_sent_before_the_bot_stops_and_the_rest_at_its_next_start() -> None:
    async def run() -> None:
        scene = Scene()
        async with TelegramServer() as server:
            async with scene.bot(server):
                scene.echo.gate.clear()
                await server.say("slow")
                await server.wait("sendChatAction")
                assert server.sent() == []
            assert "slow" in server.sent()[0]

    asyncio.run(run())


def test_flood_control_is_waited_for() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        server.faults.append(Fault("sendMessage", 429, "Too Many Requests: retry after 1", retry_after=1))
        await server.say("first")
        assert "first" in await server.reply(1)

    perform(play)


def test_html_that_telegram_rejects_is_sent_as_plain_text() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        server.faults.append(Fault("sendMessage", 400, "Bad Request: can't parse entities: planned"))
        await server.say("a < b")
        call = await server.wait("sendMessage")
        assert "parse_mode" not in call
        assert "a < b" in call["text"]

    perform(play)


def test_a_failure_of_telegram_is_tried_again_and_told_when_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "_PAUSES", (0.01, 0.01))

    async def play(server: TelegramServer, scene: Scene) -> None:
        server.faults += [Fault("sendMessage", 502, "Bad Gateway")] * 2
        await server.say("first")
        assert "first" in await server.reply(1)
        server.faults += [Fault("sendMessage", 502, "Bad Gateway")] * 3
        await server.say("second")
        assert await server.reply(2) == SORRY

    perform(play)


def test_a_message_telegram_may_have_taken_is_not_sent_again() -> None:
    def network(cause: Exception) -> NetworkError:
        error = NetworkError("x")
        error.__cause__ = cause
        return error

    timed_out = TimedOut()
    timed_out.__cause__ = httpx.ReadTimeout("x")
    for taken in (timed_out, network(httpx.ReadError("x")), network(httpx.RemoteProtocolError("x"))):
        assert not talk._untaken(taken)
    for untaken in (RetryAfter(1), NetworkError("Bad Gateway"), network(httpx.ConnectError("x"))):
        assert talk._untaken(untaken)


def test_a_person_who_has_blocked_the_bot_is_left_alone() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        server.faults.append(Fault("sendMessage", 403, "Forbidden: bot was blocked by the user"))
        await server.say("first", 7)
        await server.say("second", 7)
        assert "second" in await server.reply(1, 7)

    perform(play)


def test_the_bot_starts_without_its_menu_when_it_cannot_be_announced() -> None:
    async def run() -> None:
        async with TelegramServer() as server:
            server.faults.append(Fault("setMyCommands", 500, "Internal Server Error"))
            async with Scene().bot(server):
                await server.say("who went?")
                await server.reply(1)

    asyncio.run(run())


def test_a_slow_start_of_the_network_is_waited_for() -> None:
    async def run() -> None:
        async with TelegramServer() as server:
            server.faults.append(Fault("getMe", 502, "Bad Gateway"))
            async with Scene().bot(server):
                await server.say("who went?")
                await server.reply(1)

    asyncio.run(run())


def test_admins_are_told_of_failures_once() -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        for text in ("break one", "break two"):
            await server.say(text)
        await server.reply(2)
        notice = await server.reply(1, ADMIN)
        assert "RuntimeError" in notice
        assert "break one" not in notice
        assert len(server.sent(ADMIN)) == 1

    perform(play)


def test_another_poller_stops_the_bot() -> None:
    async def run() -> None:
        async with TelegramServer() as server:
            scene = Scene()
            services = scene.made(server.url)
            application = build_application(TOKEN, services)
            async with running(application, services, "secret", polling=1):
                server.conflict = True
                await asyncio.wait_for(services.stopping.wait(), 30)
            assert application.bot_data["conflict"]
            scene.db.close()

    asyncio.run(run())


def test_the_token_is_taken_out_of_log_records() -> None:
    try:
        raise RuntimeError(f"at https://api/bot{TOKEN}/getMe")
    except RuntimeError as error:
        record = logging.LogRecord(
            "n", logging.ERROR, "f", 1, "said %s", (TOKEN,), (type(error), error, error.__traceback__)
        )
    record.stack_info = f"Stack: {TOKEN}"
    assert HideToken(TOKEN).filter(record)
    assert TOKEN not in logging.Formatter().format(record)
    assert TOKEN not in AsJson().format(record)

"""The application in this process, against the strict server."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime

import pytest
from telegram import Chat, Message, Update

from bot import handlers, replies
from bot.app import HideToken, build_application
from bot.chats import Chats
from bot.order import ChatOrder
from qa.errors import LibraryEmptyError, LibraryError, QuestionError
from qa.records import Answer, Article, Citation
from tests.telegram_server import TOKEN, USERNAME, Fault, TelegramServer

GROUP = -42


class Echo:
    """An answerer that quotes the question: the wiring is under test here, not the answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str | Answer, ...]]] = []
        self.gate = threading.Event()
        self.gate.set()

    def ask(self, question: str, history: Sequence[str | Answer] = ()) -> Answer:
        self.asked.append((question, tuple(history)))
        if question == "too long":
            raise QuestionError("the question has <too many> characters")
        if question == "empty":
            raise LibraryEmptyError("the library /srv/secret is empty")
        if question == "locked":
            raise LibraryError("cannot read /srv/secret")
        if question.startswith("break"):
            raise RuntimeError(f"a bug with {question}")
        if question == "slow":
            self.gate.wait(30)
        quote = f"You said <{question}>."
        return Answer(
            question, True, question, quote, 0.9, (Citation(1, "a", "T", "O", date(2012, 1, 1), "", 0, 1, quote),)
        )


class OneArticle:
    """A library that holds a single article."""

    def articles(self) -> list[Article]:
        return [Article("a", "text", "The title", "The outlet", date(2012, 1, 1))]


@asynccontextmanager
async def running(echo: Echo) -> AsyncIterator[TelegramServer]:
    """A bot that polls the server for as long as the block runs; no request may have been refused."""
    async with TelegramServer() as server:
        application = build_application(TOKEN, echo, OneArticle(), server.url)
        async with application:
            if application.post_init:
                await application.post_init(application)
            assert application.updater is not None
            await application.updater.start_polling(timeout=1)
            await application.start()
            try:
                yield server
            finally:
                echo.gate.set()
                await application.updater.stop()
                await application.stop()
        assert server.errors == []
        assert server.faults == []


def scenario(play: Callable[[TelegramServer, Echo], Awaitable[None]]) -> None:
    async def run() -> None:
        echo = Echo()
        async with running(echo) as server:
            await play(server, echo)

    asyncio.run(run())


def test_commands_answer_and_are_announced() -> None:
    async def play(server: TelegramServer, echo: Echo) -> None:
        assert (await server.wait("setMyCommands"))["commands"][0]["command"] == "ask"
        for number, (text, expected) in enumerate(
            [
                ("/start", "Ask me about"),
                ("/help", "/sources"),
                ("/sources", "The title – The outlet, 1 January 2012"),
                ("/ask", "Write the question behind"),
                ("/ask Who went?", "You said <Who went?>."),
                (f"/ask@{USERNAME}\nAnd who\nstayed?", "You said <And who\nstayed?>."),
                ("/nonsense", "do not know this command"),
            ],
            start=1,
        ):
            await server.say(text)
            assert expected in await server.reply(number)

    scenario(play)


def test_a_question_is_answered_as_a_reply_with_typing_shown() -> None:
    async def play(server: TelegramServer, echo: Echo) -> None:
        echo.gate.clear()
        await server.say("slow")
        assert (await server.wait("sendChatAction"))["action"] == "typing"
        echo.gate.set()
        call = await server.wait("sendMessage")
        assert call["parse_mode"] == "HTML"
        assert call["reply_parameters"]["message_id"] >= 100

    scenario(play)


def test_history_is_kept_for_each_chat_until_reset() -> None:
    async def play(server: TelegramServer, echo: Echo) -> None:
        for chat, text in ((7, "one"), (8, "two"), (7, "three"), (7, "/reset"), (7, "four")):
            before = len(server.sent(chat))
            await server.say(text, chat)
            await server.reply(before + 1, chat)
        histories = {q: [a.question for a in h if isinstance(a, Answer)] for q, h in echo.asked}
        assert histories == {"one": [], "two": [], "three": ["one"], "four": []}

    scenario(play)


def test_errors_of_the_core_are_told_and_bugs_apologised_for() -> None:
    async def play(server: TelegramServer, echo: Echo) -> None:
        for number, (text, expected) in enumerate(
            [
                ("too long", "the question has <too many> characters"),
                ("break", replies.FAILED),
                ("empty", replies.NO_ARTICLES),
                ("locked", replies.FAILED),
            ],
            start=1,
        ):
            await server.say(text)
            assert await server.reply(number) == expected

    scenario(play)


def test_what_people_write_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def play(server: TelegramServer, echo: Echo) -> None:
        await server.say("break and tell my neighbour")
        assert await server.reply(1) == replies.FAILED

    with caplog.at_level(logging.INFO):
        scenario(play)
    assert "RuntimeError" in caplog.text
    assert "in ask" in caplog.text
    assert "neighbour" not in caplog.text


def test_in_groups_only_commands_mentions_and_replies_are_answered() -> None:
    async def play(server: TelegramServer, echo: Echo) -> None:
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
        assert [q.strip() for q, _ in echo.asked] == ["who went?", "and then?", "and why?"]

    scenario(play)


def test_edited_messages_and_messages_without_text_do_no_harm() -> None:
    async def play(server: TelegramServer, echo: Echo) -> None:
        await server.push(edited_message=server.message("edited", edit_date=1))
        sticker = {
            "file_id": "f",
            "file_unique_id": "u",
            "type": "regular",
            "width": 1,
            "height": 1,
            "is_animated": False,
            "is_video": False,
        }
        await server.say(None, sticker=sticker)
        await server.wait("sendMessage")
        assert server.sent() == [replies.ONLY_TEXT]
        assert echo.asked == []

    scenario(play)


def test_one_chat_keeps_its_order_while_others_go_on() -> None:
    async def play(server: TelegramServer, echo: Echo) -> None:
        echo.gate.clear()
        await server.say("slow", 7)
        await server.say("after", 7)
        await server.say("beside", 8)
        await server.reply(1, 8)
        assert server.sent(7) == []
        echo.gate.set()
        await server.reply(2)
        assert [q for q, _ in echo.asked if q != "beside"] == ["slow", "after"]

    scenario(play)


def test_a_chat_that_floods_does_not_hold_up_others() -> None:
    async def play(server: TelegramServer, echo: Echo) -> None:
        echo.gate.clear()
        for _ in range(20):
            await server.say("slow", 7)
        await server.say("beside", 8)
        await server.reply(1, 8)
        assert server.sent(7) == []

    scenario(play)


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
    monkeypatch.setattr(handlers, "_TYPING", 0.01)

    async def play(server: TelegramServer, echo: Echo) -> None:
        echo.gate.clear()
        await server.say("slow")
        await server.wait("sendChatAction", lambda c: [c["method"] for c in server.calls].count("sendChatAction") > 2)
        echo.gate.set()
        await server.reply(1)

    scenario(play)


def test_an_answer_in_flight_is_sent_before_the_bot_stops() -> None:
    async def run() -> list[str]:
        echo = Echo()
        async with running(echo) as server:
            echo.gate.clear()
            await server.say("slow")
            await server.wait("sendChatAction")
            assert server.sent() == []
        return server.sent()

    (sent,) = asyncio.run(run())
    assert "You said <slow>." in sent


def test_flood_control_is_waited_for() -> None:
    async def play(server: TelegramServer, echo: Echo) -> None:
        server.faults.append(Fault("sendMessage", 429, "Too Many Requests: retry after 1", retry_after=1))
        await server.say("first")
        assert "You said <first>." in await server.reply(1)

    scenario(play)


def test_html_that_telegram_rejects_is_sent_as_plain_text() -> None:
    async def play(server: TelegramServer, echo: Echo) -> None:
        server.faults.append(Fault("sendMessage", 400, "Bad Request: can't parse entities: planned"))
        await server.say("a < b")
        call = await server.wait("sendMessage")
        assert "parse_mode" not in call
        assert "You said <a < b>." in call["text"]

    scenario(play)


def test_a_failure_of_telegram_is_tried_again_and_told_when_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "_PAUSES", (0.01, 0.01))

    async def play(server: TelegramServer, echo: Echo) -> None:
        server.faults += [Fault("sendMessage", 502, "Bad Gateway")] * 2
        await server.say("first")
        assert "You said <first>." in await server.reply(1)
        server.faults += [Fault("sendMessage", 502, "Bad Gateway")] * 3
        await server.say("second")
        assert await server.reply(2) == replies.FAILED

    scenario(play)


def test_a_person_who_has_blocked_the_bot_is_left_alone() -> None:
    async def play(server: TelegramServer, echo: Echo) -> None:
        server.faults.append(Fault("sendMessage", 403, "Forbidden: bot was blocked by the user"))
        await server.say("first", 7)
        await server.say("second", 7)
        assert "You said <second>." in await server.reply(1, 7)

    scenario(play)


def test_the_bot_starts_without_its_menu_when_it_cannot_be_announced() -> None:
    async def run() -> None:
        async with TelegramServer() as server:
            application = build_application(TOKEN, Echo(), OneArticle(), server.url)
            async with application:
                server.faults.append(Fault("setMyCommands", 500, "Internal Server Error"))
                assert application.post_init is not None
                await application.post_init(application)
            assert (server.errors, server.faults) == ([], [])

    asyncio.run(run())


def test_a_chat_keeps_its_last_answers_and_silent_chats_go_first() -> None:
    chats = Chats(turns=2, chats=2)
    for chat, question in ((1, "a"), (2, "b"), (1, "c"), (1, "d"), (3, "e")):
        chats.remember(chat, Answer(question, False, None, "", 0.0))
    assert [[a.question for a in chats.history(chat)] for chat in (1, 2, 3)] == [["c", "d"], [], ["e"]]


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

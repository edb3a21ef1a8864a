"""The application in this process, against the strict server."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date

from bot import replies
from bot.app import HideToken, build_application
from bot.handlers import Services
from qa.errors import QuestionError
from qa.records import Answer, Article, Citation
from tests.telegram_server import Fault, TelegramServer
from tests.telegram_server.server import TOKEN, USERNAME

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
        if question == "break":
            raise RuntimeError("a bug")
        if question == "slow":
            self.gate.wait(30)
        quote = f"You said <{question}>."
        return Answer(
            question, True, question, quote, 0.9, (Citation(1, "a", "T", "O", date(2012, 1, 1), "", 0, 1, quote),)
        )


@asynccontextmanager
async def running(echo: Echo) -> AsyncIterator[TelegramServer]:
    """A bot that polls the server for as long as the block runs; no request may have been refused."""
    articles = [Article("a", "text", "The title", "The outlet", date(2012, 1, 1))]
    async with TelegramServer() as server:
        application = build_application(TOKEN, Services(echo, lambda: articles), server.url)
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
        await server.say("too long")
        await server.wait("sendMessage")
        assert server.sent() == ["the question has <too many> characters"]
        await server.say("break")
        assert await server.reply(2) == replies.FAILED

    scenario(play)


def test_in_groups_only_commands_mentions_and_replies_are_answered() -> None:
    async def play(server: TelegramServer, echo: Echo) -> None:
        await server.say("talk among people", GROUP)
        await server.say(f"@{USERNAME} who went?", GROUP)
        await server.reply(1, GROUP)
        own = server.message("earlier", GROUP) | {
            "from": {"id": int(TOKEN.split(":")[0]), "is_bot": True, "first_name": "T"}
        }
        await server.say("and then?", GROUP, reply_to_message=own)
        await server.reply(2, GROUP)
        assert [q.strip() for q, _ in echo.asked] == ["who went?", "and then?"]

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


def test_flood_control_is_waited_for_and_rejected_html_sent_plain() -> None:
    async def play(server: TelegramServer, echo: Echo) -> None:
        server.faults.append(Fault("sendMessage", 429, "Too Many Requests: retry after 1", retry_after=1))
        await server.say("first")
        await server.wait("sendMessage")
        server.faults.append(Fault("sendMessage", 400, "Bad Request: can't parse entities: planned"))
        await server.say("second")
        call = await server.wait("sendMessage", lambda c: "second" in c["text"])
        assert "parse_mode" not in call
        assert "You said <second>." in call["text"]

    scenario(play)


def test_the_token_is_taken_out_of_log_records() -> None:
    try:
        raise RuntimeError(f"at https://api/bot{TOKEN}/getMe")
    except RuntimeError as error:
        record = logging.LogRecord(
            "n", logging.ERROR, "f", 1, "said %s", (TOKEN,), (type(error), error, error.__traceback__)
        )
    assert HideToken(TOKEN).filter(record)
    assert TOKEN not in logging.Formatter().format(record)

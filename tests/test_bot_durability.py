"""Nothing acknowledged is lost and nothing is answered twice: over restarts, repeats, a full disk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from telegram import Update

from bot import talk
from bot.database import Database
from bot.inbox import Inbox
from qa.records import Answer
from tests.bot_scenes import ADMIN, Scene
from tests.telegram_server import Fault, TelegramServer

Play = Callable[[TelegramServer, Scene], Awaitable[None]]


def lives(folder: Path, *plays: Play) -> TelegramServer:
    """Play one life of a bot after another, with the same server and the same folder."""

    async def run() -> TelegramServer:
        async with TelegramServer() as server:
            for play in plays:
                scene = Scene(folder)
                async with scene.bot(server):
                    await play(server, scene)
        return server

    return asyncio.run(run())


def test_follow_ups_and_buttons_work_after_a_restart(tmp_path: Path) -> None:
    async def first(server: TelegramServer, scene: Scene) -> None:
        await server.say("who went?")
        await server.reply(1)

    async def second(server: TelegramServer, scene: Scene) -> None:
        await server.press(server.last()["message_id"], "Full passage")
        assert "Nobody said why." in await server.reply(2)
        await server.say("and when?")
        await server.reply(3)
        (_, history) = scene.echo.asked[-1]
        assert [a.question for a in history if isinstance(a, Answer)] == ["who went?"]

    lives(tmp_path, first, second)


def test_an_update_that_comes_twice_is_answered_once_also_after_a_restart(tmp_path: Path) -> None:
    made = {}

    async def first(server: TelegramServer, scene: Scene) -> None:
        made.update(await server.push(message=server.message("who went?")))
        await server.reply(1)
        await server.push_again(made)
        await server.say("another")
        await server.reply(2)

    async def second(server: TelegramServer, scene: Scene) -> None:
        await server.push_again(made)
        await server.say("a third")
        await server.reply(3)
        assert [q for q, _ in scene.echo.asked] == ["a third"]

    lives(tmp_path, first, second)


def test_what_waits_when_the_bot_stops_is_answered_at_its_next_start_in_order(tmp_path: Path) -> None:
    async def first(server: TelegramServer, scene: Scene) -> None:
        scene.echo.gate.clear()
        for text in ("slow", "second", "third"):
            await server.say(text)
        await server.wait("sendChatAction")
        scene.services.stopping.set()

    async def second(server: TelegramServer, scene: Scene) -> None:
        await server.reply(3)
        assert [line.split("\n")[0] for line in server.sent()] == ["slow", "second", "third"]
        assert [q for q, _ in scene.echo.asked] == ["second", "third"]

    lives(tmp_path, first, second)


def test_a_reply_that_could_not_be_sent_is_left_to_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talk, "_PAUSES", (60.0,))

    async def first(server: TelegramServer, scene: Scene) -> None:
        server.faults.append(Fault("sendMessage", 502, "Bad Gateway"))
        await server.say("who went?")
        while server.faults:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def second(server: TelegramServer, scene: Scene) -> None:
        assert "who went?" in await server.reply(1)

    assert len(lives(tmp_path, first, second).sent()) == 1


def update(number: int, text: str) -> Update:
    message = {"message_id": number, "date": 1, "chat": {"id": 7, "type": "private"}, "text": text}
    made = Update.de_json({"update_id": number, "message": message}, None)
    assert made is not None
    return made


def test_a_crash_leaves_what_waits_and_names_what_was_being_sent(tmp_path: Path) -> None:
    async def run() -> None:
        db = Database(tmp_path / "chats.db")
        inbox = Inbox(db)
        for number in (1, 2, 3, 4):
            await inbox.put(update(number, f"question {number}"))
        inbox.done(1)
        inbox.replying(2)
        inbox.replying(3)
        inbox.unsent(3)
        db.close()
        db = Database(tmp_path / "chats.db")
        again = Inbox(db)
        interrupted = again.recover(None)  # type: ignore[arg-type]
        assert [u.update_id for u in interrupted] == [2]
        assert [again.get_nowait().update_id for _ in range(again.qsize())] == [3, 4]
        for number in (1, 2, 3, 4):
            await again.put(update(number, "repeated"))
        assert again.empty()
        again.done(3)
        again.done(4)
        db.close()
        assert b"question" not in (tmp_path / "chats.db").read_bytes()

    asyncio.run(run())


def test_a_press_under_a_message_that_is_gone_is_written_down(tmp_path: Path) -> None:
    async def run() -> None:
        db = Database(tmp_path / "chats.db")
        gone = {"message_id": 5, "date": 0, "chat": {"id": 7, "type": "private"}}
        person = {"id": 7, "is_bot": False, "first_name": "A"}
        query = {"id": "1", "from": person, "chat_instance": "1", "message": gone, "data": "p:1:0"}
        made = Update.de_json({"update_id": 1, "callback_query": query}, None)
        await Inbox(db).put(made)
        again = Inbox(db)
        assert again.recover(None) == []  # type: ignore[arg-type]
        assert again.get_nowait().callback_query.data == "p:1:0"
        db.close()

    asyncio.run(run())


def test_someone_whose_answer_was_broken_off_is_told_and_not_answered_twice(tmp_path: Path) -> None:
    async def first(server: TelegramServer, scene: Scene) -> None:
        made = await server.push(message=server.message("who went?"))
        await server.reply(1)
        # As a crash between sending and noting it would leave it.
        await asyncio.sleep(0.05)
        scene.db.write("UPDATE updates SET state = 1, body = ? WHERE id = ?", _text(made), made["update_id"])

    async def second(server: TelegramServer, scene: Scene) -> None:
        assert "interrupted" in await server.reply(2)
        assert scene.echo.asked == []

    async def third(server: TelegramServer, scene: Scene) -> None:
        await server.say("next")
        await server.reply(3)

    assert len(lives(tmp_path, first, second, third).sent()) == 3


def _text(made: dict[str, object]) -> str:
    import json

    return json.dumps(made)


def test_an_update_that_cannot_be_read_again_is_dropped(tmp_path: Path) -> None:
    db = Database(tmp_path / "chats.db")
    for number, body in ((1, "{"), (2, None), (3, "[]")):
        db.write("INSERT INTO updates VALUES (?, ?, 0, 0)", number, body)
    inbox = Inbox(db)
    assert inbox.recover(None) == []  # type: ignore[arg-type]
    assert inbox.empty()
    assert db.read("SELECT count(*) FROM updates WHERE state != 2") == [(0,)]
    db.close()


def test_a_disk_that_takes_nothing_more_stops_no_answer_and_the_admins_are_told(tmp_path: Path) -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        await server.say("before")
        await server.reply(1)
        scene.db.read("PRAGMA query_only = ON")
        await server.say("during")
        assert "during" in await server.reply(2)
        assert "conversations" in await server.reply(1, ADMIN)
        assert server.labels(7) == []  # nothing kept, so no button that would not work
        await server.say("/reset")
        assert "Something went wrong" in await server.reply(3)  # what cannot be done is not said to be done
        scene.db.read("PRAGMA query_only = OFF")

    lives(tmp_path, play)


def test_a_damaged_database_is_told_and_the_bot_answers(tmp_path: Path) -> None:
    (tmp_path / "chats.db").write_bytes(b"not a database at all" * 1000)

    async def play(server: TelegramServer, scene: Scene) -> None:
        assert scene.db.moved is not None
        await server.say("who went?")
        assert "who went?" in await server.reply(1)

    lives(tmp_path, play)

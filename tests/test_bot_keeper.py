"""What admins do, and what everyone else may not, against the strict server."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa.errors import LibraryLockedError
from tests.bot_scenes import ADMIN, Scene, perform
from tests.telegram_server import Fault, TelegramServer

GROUP = -42


def shown(server: TelegramServer) -> str:
    return str(server.last(ADMIN)["text"])


async def told(server: TelegramServer, word: str) -> None:
    """Wait until the report, an edited message, says something."""
    await server.wait("editMessageText", lambda call: word in call["text"])


def test_statistics_are_for_admins(tmp_path: Path) -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        for number, text in enumerate(("who went?", "refuse"), start=1):
            await server.say(text)
            await server.reply(number)
        await server.press(server.last()["message_id"], "👎")
        await server.wait("answerCallbackQuery")
        await server.say("/stats", ADMIN)
        reply = await server.reply(1, ADMIN)
        for part in ("2 questions", "refused: 50%", "0 👍 1 👎", "people: 1", "I know 2 articles"):
            assert part in reply
        for number, command in enumerate(("/stats", "/add", "/remove a1"), start=3):
            await server.say(command)
            assert "do not know this command" in await server.reply(number)
        await server.say("/stats", GROUP)

    perform(play, tmp_path)


def test_a_document_from_an_admin_becomes_an_article(tmp_path: Path) -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        await server.upload("../../a report.md", b"A report of some length.", ADMIN)
        await told(server, "added: 1")
        assert scene.shelf.held["new"].text == "A report of some length."
        assert list((tmp_path / "uploads").iterdir()) == []
        await server.say("/sources")
        assert "A new title" in await server.reply(1)

    perform(play, tmp_path)


def test_documents_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        await server.upload("virus.exe", b"x", ADMIN)
        assert "these kinds of files: .md" in await server.reply(1, ADMIN)
        await server.upload("large.md", b"x", ADMIN, size=3_000_000)
        assert "too large: 2 MB" in await server.reply(2, ADMIN)
        await server.upload("binary.md", b"\xff\xfe\xff", ADMIN)
        await told(server, "not UTF-8 text")
        server.faults.append(Fault("getFile", 400, "Bad Request: file is temporarily unavailable"))
        await server.upload("gone.md", b"x" * 100, ADMIN)
        await told(server, "temporarily unavailable")
        await server.upload("mine.md", b"x" * 100, 7)
        assert "text only" in await server.reply(1, 7)
        assert set(scene.shelf.held) == {"a1", "a2"}

    perform(play, tmp_path, upload_mb=2)


def test_an_admin_is_told_what_the_library_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*paths: object) -> None:
        raise LibraryLockedError("another process is changing the library; try again when it is done")

    async def play(server: TelegramServer, scene: Scene) -> None:
        monkeypatch.setattr(scene.shelf, "add", locked)
        monkeypatch.setattr(scene.shelf, "remove", locked)
        await server.upload("a.md", b"x" * 100, ADMIN)
        await told(server, "another process is changing the library")
        await server.say("/remove a1", ADMIN)
        await server.reply(2, ADMIN)
        await server.press(server.last(ADMIN)["message_id"], "Remove it", ADMIN)
        await told(server, "another process is changing the library")

    perform(play, tmp_path)


def test_adding_is_explained_and_links_are_not_fetched(tmp_path: Path) -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        await server.say("/add", ADMIN)
        assert "as a file" in await server.reply(1, ADMIN)
        await server.say("/add https://example.org/a", ADMIN)
        assert "cannot fetch links yet" in await server.reply(2, ADMIN)

    perform(play, tmp_path)


def test_an_article_is_removed_after_a_second_word(tmp_path: Path) -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        for number, (text, expected) in enumerate(
            (("/remove", "article's id"), ("/remove <b>", "No article has the id <b>"), ("/remove a1", "The title")), 1
        ):
            await server.say(text, ADMIN)
            assert expected in await server.reply(number, ADMIN)
        question = server.last(ADMIN)["message_id"]
        await server.press(question, "Keep it", ADMIN)
        await told(server, "stays")
        await server.forge(question, "r:1:1", ADMIN)  # pressed again, from an old screen
        await server.say("/remove a1", ADMIN)
        await server.reply(4, ADMIN)
        assert "a1" in scene.shelf.held
        await server.press(server.last(ADMIN)["message_id"], "Remove it", ADMIN)
        await told(server, "Removed: a1")
        assert set(scene.shelf.held) == {"a2"}

    perform(play, tmp_path)


def test_only_those_who_are_let_in_may_ask(tmp_path: Path) -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        await server.say("who went?", 8)
        assert "your number is 8" in await server.reply(1, 8)
        await server.say("talk among people", GROUP)
        await server.say("/ask who went?", GROUP)
        assert "private" in await server.reply(1, GROUP)
        for chat in (7, ADMIN):
            await server.say("who went?", chat)
            await server.reply(1, chat)
        assert len(scene.echo.asked) == 2

    perform(play, tmp_path, allow=(7,))


def test_a_limit_is_told_with_the_time_to_wait(tmp_path: Path) -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        for number in (1, 2):
            await server.say("who went?")
            await server.reply(number)
        await server.say("and then?")
        reply = await server.reply(3)
        assert reply.startswith("One at a time, please: 2 questions in a minute at most. The next in ")
        await server.say("/sources")
        assert "The title" in await server.reply(4)
        assert len(scene.echo.asked) == 2

    perform(play, tmp_path, questions_per_minute=2)

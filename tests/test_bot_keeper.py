"""What admins do, and what everyone else may not, against the strict server."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from qa.errors import LibraryLockedError
from tests.bot_scenes import ADMIN, Scene, perform
from tests.telegram_server import Fault, TelegramServer
from tests.web_site import Page, Site, report

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
        await server.upload(
            "../../a report.md", b"---\nid: new\ntitle: A new title\n---\nA report of some length.", ADMIN
        )
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


def test_adding_is_explained(tmp_path: Path) -> None:
    async def play(server: TelegramServer, scene: Scene) -> None:
        for number, text in enumerate(("/add", "/add my article", "/add file:///etc/passwd"), start=1):
            await server.say(text, ADMIN)
            reply = await server.reply(number, ADMIN)
            assert "as a file" in reply and "its link behind the command" in reply

    perform(play, tmp_path)


PAGE = report("Talks end", "General Kayani left the talks on Monday and said nothing of the supply routes, aides said.")


def test_a_link_from_an_admin_becomes_an_article(tmp_path: Path) -> None:
    with Site({"/talks-end": PAGE}) as site:
        url = f"http://127.0.0.1:{site.port}"

        async def play(server: TelegramServer, scene: Scene) -> None:
            await server.say(f"/add {url}/talks-end", ADMIN)
            await told(server, "added: 1")
            (added,) = set(scene.shelf.held) - {"a1", "a2"}
            assert (scene.shelf.held[added].title, scene.shelf.held[added].url) == ("Talks end", f"{url}/talks-end")
            await server.say(f"/add {url}/none/", ADMIN)
            await told(server, "• none: the server answers 404 (Not Found)")

        perform(play, tmp_path, allow_private=True)


def test_a_link_to_this_machine_a_large_page_and_any_link_at_all_can_be_refused(tmp_path: Path) -> None:
    with Site({"/large": Page("x" * 1_000_001)}) as site:
        url = f"http://127.0.0.1:{site.port}/large"

        async def private(server: TelegramServer, scene: Scene) -> None:
            for target in (url, "http://127.0.0.1/", "http://169.254.169.254/latest/meta-data"):
                await server.say(f"/add {target}", ADMIN)
            await told(server, "only with allow-private")
            await told(server, "127.0.0.1, which is not a public one")
            await told(server, "169.254.169.254, which is not a public one")
            assert site.asked == []

        async def large(server: TelegramServer, scene: Scene) -> None:
            await server.say(f"/add {url}", ADMIN)
            await told(server, "larger than 1 MB")

        async def closed(server: TelegramServer, scene: Scene) -> None:
            await server.say(f"/add {url}", ADMIN)
            assert "on the machine itself" in await server.reply(1, ADMIN)

        perform(private, tmp_path / "private")
        perform(large, tmp_path / "large", allow_private=True, upload_mb=1)
        perform(closed, tmp_path / "closed", allow_private=True, upload_mb=0)


def test_others_are_answered_while_a_page_is_fetched(tmp_path: Path) -> None:
    answer = threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        answer.wait(30)
        handler.wfile.write(b"HTTP/1.1 503 Down\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n")

    with Site({"/slow": slow}) as site:

        async def play(server: TelegramServer, scene: Scene) -> None:
            await server.say(f"/add http://127.0.0.1:{site.port}/slow", ADMIN)
            assert "Fetching http" in await server.reply(1, ADMIN)
            await server.say("who went?")
            await server.reply(1)
            assert not answer.is_set()
            answer.set()
            await told(server, "503")

        perform(play, tmp_path, allow_private=True)


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

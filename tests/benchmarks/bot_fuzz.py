"""Sends generated updates of every kind to the bot and counts what it does with them.

    python -m tests.benchmarks.bot_fuzz --updates 2000 --seed 1

The bot runs in this process against the strict server, with services that answer at once from a library
whose titles and texts are as hostile as the messages. It fails where an update ends in an unhandled
exception, is not handled at all, or leads to a request that Telegram would refuse.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from qa.records import Answer, Article, Citation, Mention
from tests.bot_scenes import ADMIN, Scene
from tests.telegram_server import USERNAME, TelegramServer
from tests.telegram_server.markup import units

_CHATS = [*range(2, 40), ADMIN, *range(-400, -1)]  # many groups: each may get twenty messages a minute
_PIECES = (
    "<b>", "</b>", "<i", "<!--", "&amp;", "&", "&#0;", "<a href='javascript:x'>", "</blockquote>", "<tg-spoiler>",
    "\u202e", "\u202d", "\u2066", "\u2069", "\u200f", "\u200b", "\ufeff", "\u200d", "\x00", "\x1b[2J", "\x7f",
    "\u0085", "\U0001f600", "👨‍👩‍👧‍👦", "🏳️‍🌈", "e\u0301" * 3, "क्षि", "ﷺ", "\u0300" * 30, "\U000e0001", "\u2028",
    "{0}", "{question}", "%s", "%(x)s", "\\", "'", '"', "`", "*", "_", "/", "//", "/ask", f"@{USERNAME}", "@",
    "@someone_else", "SELECT", "'; DROP TABLE answers; --", "../../etc/passwd", "None", "NaN", "-1", "who", "went",
    "when?", "پاکستان", "refuse", "slow", "\n", "\n\n\n", "\t", "   ",
)  # fmt: skip
_COMMANDS = (
    "start", "help", "ask", "latest", "sources", "timeline", "reset", "forget", "language", "stats", "add", "remove",
    "nonsense", "ASK", "start@another_bot", f"ask@{USERNAME}", "ask1", "a" * 32,
)  # fmt: skip
_FILE = {"file_id": "f", "file_unique_id": "u"}
_PICTURE = {**_FILE, "width": 1, "height": 1}
_MEDIA: tuple[dict[str, Any], ...] = (
    {"voice": {**_FILE, "duration": 1}},
    {"audio": {**_FILE, "duration": 1}},
    {"video": {**_PICTURE, "duration": 1}},
    {"video_note": {**_FILE, "duration": 1, "length": 1}},
    {"animation": {**_PICTURE, "duration": 1}, "document": _FILE},
    {"photo": [_PICTURE]},
    {"photo": [_PICTURE], "media_group_id": "g"},
    {"sticker": {**_PICTURE, "type": "regular", "is_animated": False, "is_video": False}},
    {"location": {"latitude": 1.0, "longitude": 2.0}},
    {"contact": {"phone_number": "1", "first_name": "A"}},
    {"dice": {"emoji": "🎲", "value": 3}},
    {"venue": {"location": {"latitude": 1.0, "longitude": 2.0}, "title": "T", "address": "A"}},
    {"new_chat_title": "T"},
    {"delete_chat_photo": True},
    {"left_chat_member": {"id": 5, "is_bot": False, "first_name": "A"}},
    {"pinned_message": None},
)


class Person:
    """A source of updates; everything it does follows from its seed."""

    def __init__(self, server: TelegramServer, seed: int) -> None:
        self.server = server
        self.pick = random.Random(seed)  # noqa: S311
        self.chats_asked: list[int] = []

    async def act(self) -> str:
        """Send one update; return its kind."""
        acts: tuple[tuple[Callable[[], Any], int], ...] = (
            (self.text, 30), (self.command, 20), (self.press, 15), (self.forge, 8), (self.media, 8), (self.edit, 8),
            (self.inline, 4), (self.upload, 4), (self.join, 1), (self.long, 2),
        )  # fmt: skip
        (act,) = self.pick.choices([a for a, _ in acts], [weight for _, weight in acts])
        await act()
        return str(act.__name__)

    def hostile(self, longest: int = 12) -> str:
        """Text made of pieces that have broken bots before; never empty."""
        pieces = [self.pick.choice(_PIECES) for _ in range(self.pick.randint(1, longest))]
        return self.pick.choice(("", " ")).join(pieces).replace("\x00", "") or "x"

    def chat(self) -> int:
        """A chat, often one that was used before."""
        if self.chats_asked and self.pick.random() < 0.6:
            return self.pick.choice(self.chats_asked[-20:])
        self.chats_asked.append(self.pick.choice(_CHATS))
        return self.chats_asked[-1]

    async def text(self) -> None:
        language = self.pick.choice(("en", "ur", "de", ""))
        await self.server.say(self.hostile(), self.chat(), language=language, **self.around())

    async def long(self) -> None:
        await self.server.say(self.pick.choice(("\U0001f600" * 2048, "x" * 4096, "<b>" * 1365)), self.chat())

    async def command(self) -> None:
        junk = self.pick.choice(("", f" {self.hostile()}", f"\n{self.hostile(3)}", " q_" + self.hostile(2)))
        await self.server.say(f"/{self.pick.choice(_COMMANDS)}{junk}", self.chat(), **self.around())

    def around(self) -> dict[str, Any]:
        """What else a message may carry."""
        other = {"message_id": 1, "date": 0, "chat": {"id": 5, "type": "private"}}
        sender = {"type": "hidden_user", "date": 1, "sender_user_name": self.hostile(3)}
        return self.pick.choice(
            (
                {}, {}, {}, {"reply_to_message": {**other, "text": self.hostile(3)}}, {"forward_origin": sender},
                {"via_bot": {"id": 5, "is_bot": True, "first_name": "B"}},
                {"is_topic_message": True, "message_thread_id": 3},
                {"quote": {"text": self.hostile(2), "position": 0}},
            )
        )  # fmt: skip

    async def media(self) -> None:
        made = dict(self.pick.choice(_MEDIA))
        if "pinned_message" in made:
            made["pinned_message"] = {"message_id": 1, "date": 0, "chat": {"id": 5, "type": "private"}}
        elif self.pick.random() < 0.3:
            made["caption"] = self.hostile()
        await self.server.say(None, self.chat(), **made)

    async def edit(self) -> None:
        theirs = [key for key, m in self.server.messages.items() if "text" in m and not m["from"]["is_bot"]]
        if theirs:
            chat, number = self.pick.choice(theirs[-200:])
            await self.server.change(number, self.hostile(), chat)
        else:
            await self.text()

    async def press(self) -> None:
        found = [
            (key, button["text"])
            for key, m in list(self.server.messages.items())[-300:]
            for row in m.get("reply_markup", {}).get("inline_keyboard", [])
            for button in row
            if "callback_data" in button
        ]
        if found:
            (chat, number), label = self.pick.choice(found)
            await self.server.press(number, label, chat)
        else:
            await self.command()

    async def forge(self) -> None:
        own = [key for key, m in list(self.server.messages.items())[-300:] if m["from"]["is_bot"]]
        if own:
            chat, number = self.pick.choice(own)
            letter, name = (
                self.pick.choice("poudnlrx"),
                self.pick.choice(("1", "7", "99999", "ur", "en", "de", "", "-1")),
            )
            data = self.pick.choice((self.hostile(3), f"{letter}:{name}:{self.pick.randint(0, 9)}", f"{letter}:{name}"))
            await self.server.forge(number, data, chat)
        else:
            await self.text()

    async def inline(self) -> None:
        await self.server.type(
            self.pick.choice(("", self.hostile(), f"who went {self.hostile()}")), self.pick.randint(2, 9)
        )

    async def upload(self) -> None:
        name = self.hostile(3).replace("\n", " ") + self.pick.choice((".md", ".html", ".exe", "", ".JSONL", ".txt"))
        content = self.pick.choice((b"", b"\xff\x00", self.hostile().encode("utf-8", "replace") * 20))
        await self.server.upload(name, content, self.pick.choice((ADMIN, ADMIN, 7)))

    async def join(self) -> None:
        states = ("left", "member", "kicked")
        await self.server.invite(self.pick.choice((-5, -6, 7)), self.pick.choice(states), self.pick.choice(states))


def hostile_services(scene: Scene, seed: int) -> None:
    """Give the bot articles, answers and a timeline that are as hostile as the messages."""
    pick = random.Random(seed)  # noqa: S311

    def text(longest: int) -> str:
        return " ".join(pick.choice(_PIECES) for _ in range(pick.randint(1, longest)))

    articles = [
        Article(
            f"a{i}",
            text(400),
            text(40),
            text(3),
            pick.choice((None, date(2012, 1, 1 + i % 28))),
            f"https://example.org/{i}",
        )
        for i in range(30)
    ]
    scene.shelf.held = {a.id: a for a in articles}
    plain = scene.echo.ask

    def ask(question: str, history: Sequence[str | Answer] = ()) -> Answer:
        found = plain(question, history)
        article = pick.choice(articles)
        end = pick.randint(1, len(article.text))
        quote = article.text[:end]
        mention = Mention(0, min(end, 9), date(2012, 1, 1), date(2012, 1, 7))
        citation = Citation(
            1,
            article.id,
            article.title,
            article.outlet,
            article.published,
            article.url,
            0,
            end,
            quote,
            (mention,),
            (text(2),),
        )
        citations = (citation, *pick.choice(((), (replace(citation, number=2),))))
        return replace(found, citations=citations, reading=pick.choice(("", text(9))), note=pick.choice(("", text(9))))

    scene.echo.ask = ask  # type: ignore[method-assign]


async def run(updates: int, seed: int, folder: Path) -> Counter[str]:
    """Send the updates; return how many of each kind were sent, and how many requests the bot made."""
    tally: Counter[str] = Counter()
    scene = Scene(folder, timeline=lambda topic: [])
    hostile_services(scene, seed)
    async with TelegramServer() as server, scene.bot(server):
        person = Person(server, seed)
        for number in range(updates):
            tally[await person.act()] += 1
            if number % 20 == 0:
                await asyncio.sleep(0.05)  # let it answer, so that there are buttons to press
        async with asyncio.timeout(600):
            while scene.services.inbox.qsize() or scene.db.read("SELECT 1 FROM updates WHERE state != 2 LIMIT 1"):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        for call in server.calls:
            tally[f"→ {call['method']}"] += 1
            assert units(call.get("text", "")) <= 3 * 4096
    failures = failed(scene)
    assert failures == 0, f"{failures} updates ended in an unhandled exception"
    return tally


def failed(scene: Scene) -> int:
    """Return how many updates ended in an exception that no handler expected."""
    samples = [s for metric in scene.services.metrics.troubles.collect() for s in metric.samples]
    return int(sum(s.value for s in samples if s.name.endswith("_total") and s.labels["kind"] == "failure"))


def main() -> int:
    """Run, and print the tally."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # a typing action that is cut off is no fault
    with tempfile.TemporaryDirectory() as folder:
        tally = asyncio.run(run(options.updates, options.seed, Path(folder)))
    for name, count in sorted(tally.items()):
        print(f"{count:6}  {name}")
    print(f"{options.updates} updates, seed {options.seed}: no exception, no request refused")
    return 0


if __name__ == "__main__":
    sys.exit(main())

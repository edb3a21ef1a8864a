"""Renders the bot's replies as Telegram shows them: docs/bot.png.

    python -m tests.benchmarks.bot_picture --out docs/bot.png

The replies are those the bot sends, from the shipped articles; only the frame round them is drawn here.
Needs Chromium, and for Urdu a font such as Noto Naskh Arabic.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from html import escape
from pathlib import Path

from telegram import InlineKeyboardMarkup

from bot import keyboards, replies
from bot.chats import Chats
from bot.coverage import coverage
from bot.tongues import Tongue, tongue
from qa import Assistant, Library
from qa.records import Answer

_SEEDS = Path(__file__).parents[2] / "seeds" / "articles"
_SIZE = (1500, 1570)
_STYLE = """
* { box-sizing: border-box; margin: 0; }
body { width: 1500px; padding: 28px; display: flex; gap: 26px; background: #e9edf1;
       font: 16px/1.38 "Noto Sans", "Noto Naskh Arabic", "Noto Color Emoji", sans-serif; }
.phone { flex: 1; height: 1514px; border-radius: 22px; overflow: hidden; display: flex; flex-direction: column;
         box-shadow: 0 6px 22px #0003; background: #bdd6b4; }
.bar { background: #fff; padding: 11px 18px; display: flex; gap: 12px; align-items: center; }
.face { width: 40px; height: 40px; border-radius: 50%; background: linear-gradient(#6fb5f0, #3a85cd); color: #fff;
        display: flex; align-items: center; justify-content: center; font-weight: 600; font-size: 19px; }
.bar b { display: block; line-height: 1.2; } .bar span { color: #8393a1; font-size: 13.5px; }
.chat { flex: 1; padding: 14px 13px; display: flex; flex-direction: column; gap: 7px; }
.row { display: flex; flex-direction: column; max-width: 94%; } .me { align-self: flex-end; align-items: flex-end; }
.bubble { background: #fff; border-radius: 15px 15px 15px 5px; padding: 8px 13px 7px; box-shadow: 0 1px 1px #0002;
          white-space: pre-wrap; overflow-wrap: anywhere; }
.text { unicode-bidi: plaintext; }
.me .bubble { background: #e6fdd0; border-radius: 15px 15px 5px 15px; }
.bubble time { float: right; color: #9aa6b0; font-size: 12px; margin: 7px -3px 0 10px; }
.me time { color: #62ac55; }
.bubble blockquote { background: #eaf3fb; border-left: 3px solid #3a8fd6; border-radius: 5px; margin: 2px 0;
          padding: 4px 9px; font-size: 15px; }
blockquote.folded { position: relative; display: -webkit-box; -webkit-line-clamp: 3; -webkit-box-orient: vertical;
          overflow: hidden; padding: 4px 24px 0 9px; margin-bottom: 4px; }
blockquote.folded::after { content: "⌄"; position: absolute; right: 8px; bottom: 4px; color: #3a8fd6; }
.bubble a { color: #2a7fc9; text-decoration: none; } .bubble u { text-decoration-color: #3a8fd6; }
.reply { border-left: 3px solid #3a8fd6; border-radius: 4px; background: #eaf3fb; padding: 2px 8px; font-size: 14px;
         margin-bottom: 5px; color: #2b3a46; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.reply b { color: #2f7fc4; display: block; font-size: 13.5px; }
.keys { display: flex; flex-direction: column; gap: 4px; margin-top: 4px; }
.keys div { display: flex; gap: 4px; }
.keys span { flex: 1; background: #5d7f6ba8; color: #fff; border-radius: 8px; padding: 6px 4px; text-align: center;
             font-size: 14.5px; font-weight: 500; }
"""


@dataclass(frozen=True)
class Shown:
    """A message as it is shown: the person's, or the bot's with what it replies to and its buttons."""

    html: str
    mine: bool = False
    replies_to: str = ""
    keyboard: InlineKeyboardMarkup | None = None


def conversations(assistant: Assistant) -> list[tuple[str, list[Shown]]]:
    """Return three chats: an answer with its passage, a follow-up and a refusal, the same in Urdu."""
    english, urdu, chats = tongue("en"), tongue("ur"), Chats()
    first, then, never = "What did Kayani refuse to give Mullen?", "Where did they meet?", "Where was Kayani born?"

    def exchange(question: str, say: Tongue, history: list[Answer] | None = None) -> list[Shown]:
        found = assistant.ask(question, history or [])
        covered = None if found.answered else coverage(assistant.library)
        kept = chats.remember(7, 7, 1, found, "", 0.0)
        (message,) = replies.answer(found, say, covered)
        keyboard = keyboards.answer(kept, "talks_qa_bot", say)
        return [Shown(escape(question), mine=True), Shown(message, False, question, keyboard)]

    found = assistant.ask(first)
    article = assistant.library.article(found.citations[0].article_id)
    passage = Shown(replies.passage(article, found.citations[0], english)[0], False, found.citations[0].quote)
    welcome = Shown(replies.welcome(urdu, coverage(assistant.library))[0], False, "/start")
    return [
        ("Talks", [*exchange(first, english), passage]),
        ("Talks", [*exchange(then, english, [found]), *exchange(never, english)]),
        ("Talks", [Shown("/start", mine=True), welcome, *exchange(first, urdu)]),
    ]


def page(chats: list[tuple[str, list[Shown]]]) -> str:
    """Return the chats side by side as a page."""
    body = "".join(_phone(name, messages, 14 + i) for i, (name, messages) in enumerate(chats))
    return f'<!doctype html><meta charset="utf-8"><style>{_STYLE}</style><body>{body}</body>'


def _phone(name: str, messages: list[Shown], hour: int) -> str:
    rows = "".join(_row(shown, f"{hour}:{2 + i:02}") for i, shown in enumerate(messages))
    bar = f'<div class="bar"><div class="face">{name[0]}</div><div><b>{name}</b><span>bot</span></div></div>'
    return f'<div class="phone">{bar}<div class="chat">{rows}</div></div>'


def _row(shown: Shown, time: str) -> str:
    quoted = f'<div class="reply"><b>Ali</b>{escape(shown.replies_to)}</div>' if shown.replies_to else ""
    rows = shown.keyboard.inline_keyboard if shown.keyboard else ()
    keys = "".join(f"<div>{''.join(f'<span>{escape(b.text)}</span>' for b in row)}</div>" for row in rows)
    keys = f'<div class="keys">{keys}</div>' if keys else ""
    text = shown.html.replace("<blockquote expandable>", '<blockquote class="folded">')
    text = text.replace("</blockquote>\n", "</blockquote>")
    return (
        f'<div class="row{" me" if shown.mine else ""}"><div class="bubble">{quoted}'
        f"<div class=text>{text}</div><time>{time}</time></div>{keys}</div>"
    )


def main() -> int:
    """Ask, render, write the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/bot.png"))
    options = parser.parse_args()
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print("no Chromium found; install it, for instance: apt-get install chromium", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        with Library.open(Path(folder) / "library") as library:
            library.add([_SEEDS])
            source = Path(folder) / "page.html"
            source.write_text(page(conversations(Assistant(library))), encoding="utf-8")
        size, shot = f"--window-size={_SIZE[0]},{_SIZE[1]}", f"--screenshot={options.out.resolve()}"
        drawing = (
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--force-device-scale-factor=1.5",
        )
        subprocess.run([browser, *drawing, size, shot, source.as_uri()], check=True, capture_output=True)
    print(f"wrote {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

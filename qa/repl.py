"""A conversation in the terminal: questions, and commands that begin with a slash.

Without a terminal it reads lines and prints plain answers, so that it can be scripted.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
from rich.text import Text

from qa.assistant import Assistant
from qa.dates import parse_since, parse_until
from qa.errors import DateError, TalksError
from qa.rendering import describe, one_line, render_answer, render_articles, render_events, show, tell
from qa.timeline import timeline

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

    from qa.config import Config
    from qa.library import Library
    from qa.records import Answer

COMMANDS = {
    "/sources": "list the articles in the library",
    "/timeline": "/timeline drone strikes: what happened when, between the filters' dates; /timeline alone: anything",
    "/since": "/since 2012: only articles from then on; /since alone: from any time",
    "/until": "/until March 2012: only articles up to then; /until alone: up to any time",
    "/outlet": "/outlet tribune: only outlets with this in their name; /outlet alone: any",
    "/clear": "drop the three filters",
    "/reset": "forget the conversation",
    "/help": "show this",
    "/quit": "leave (so does Ctrl-D)",
}


class Conversation:
    """What a conversation remembers: the answers given so far and the filters set."""

    def __init__(self, library: Library, config: Config) -> None:
        self._library = library
        self._assistant = Assistant(library, config)
        self._past: list[Answer] = []
        self._since: date | None = None
        self._until: date | None = None
        self._outlet: str | None = None
        self._actions: dict[str, Callable[[str], Text]] = {
            "/sources": self._sources,
            "/timeline": self._timeline,
            "/since": self._set_since,
            "/until": self._set_until,
            "/outlet": self._set_outlet,
            "/clear": self._clear,
            "/reset": self._reset,
            "/help": self._help,
        }

    def reply(self, line: str) -> Text:
        """Answer a question or obey a slash command; raises TalksError."""
        if not line.startswith("/"):
            answer = self._assistant.ask(line, self._past, self._since, self._until, self._outlet)
            self._past.append(answer)
            return render_answer(answer)
        name, _, rest = line.partition(" ")
        if action := self._actions.get(name.lower()):
            return action(rest.strip())
        near = [known for known in COMMANDS if known.startswith(name.lower()) and len(name) > 1]
        near += difflib.get_close_matches(name.lower(), COMMANDS, n=1)
        meant = f"did you mean {near[0]}?" if near else "/help shows the commands"
        raise TalksError(f"there is no command {name[:40]}; {meant}")

    def _sources(self, _: str) -> Text:
        return render_articles(self._library.articles())

    def _timeline(self, topic: str) -> Text:
        return render_events(timeline(self._library, topic, self._since, self._until))

    def _set_since(self, text: str) -> Text:
        return self._set_dates(parse_since(text) if text else None, self._until)

    def _set_until(self, text: str) -> Text:
        return self._set_dates(self._since, parse_until(text) if text else None)

    def _set_dates(self, since: date | None, until: date | None) -> Text:
        if since and until and since > until:
            raise DateError(f"since {since} is after until {until}; /clear drops both")
        self._since, self._until = since, until
        return self._filters()

    def _set_outlet(self, text: str) -> Text:
        outlets = self._library.outlets()
        if text and not any(text.casefold() in outlet.casefold() for outlet in outlets):
            known = ", ".join(filter(None, outlets))
            raise TalksError(f"no outlet has {text[:40]!r} in its name; there are: {known[:300]}")
        self._outlet = text or None
        return self._filters()

    def _clear(self, _: str) -> Text:
        self._since = self._until = self._outlet = None
        return self._filters()

    def _filters(self) -> Text:
        named = {"since": self._since, "until": self._until, "outlet": self._outlet}
        set_ones = ", ".join(f"{name} {value}" for name, value in named.items() if value)
        return Text(f"filters: {one_line(set_ones) or 'none'}", "dim")

    def _reset(self, _: str) -> Text:
        self._past.clear()
        return Text("the conversation is forgotten", "dim")

    def _help(self, _: str) -> Text:
        return Text("\n".join(f"{name:<10}{what}" for name, what in COMMANDS.items()))


def run(library: Library, config: Config) -> int:
    """Hold a conversation until /quit or the end of input; return the exit code."""
    conversation = Conversation(library, config)
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    if interactive:
        show(Text(f"{library.count()[0]} articles. Ask away; /help shows the commands, Ctrl-D leaves.", "dim"))
    for typed in _prompted(_session()) if interactive else sys.stdin:
        line = one_line(typed)
        if line.lower() == "/quit":
            break
        if line:
            _respond(conversation, line, interactive)
    return 0


def _respond(conversation: Conversation, line: str, interactive: bool) -> None:
    try:
        text = conversation.reply(line)
    except (TalksError, OSError) as error:
        tell(f"talks-qa: {describe(error)}")
    except KeyboardInterrupt:
        if not interactive:
            raise
        tell("talks-qa: interrupted")
    else:
        text.append("\n")
        show(text)


def _prompted(session: PromptSession[str]) -> Iterator[str]:
    while True:
        try:
            yield session.prompt("ask> ")
        except KeyboardInterrupt:  # Ctrl-C clears the line
            continue
        except EOFError:
            return


def _session() -> PromptSession[str]:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import FileHistory

    class ForgivingHistory(FileHistory):
        """A history that works on, for this session, when its file cannot be read or written."""

        def load_history_strings(self) -> Iterable[str]:
            with suppress(OSError):
                return list(super().load_history_strings())
            return []

        def store_string(self, string: str) -> None:
            with suppress(OSError):
                super().store_string(string)

    folder = Path(platformdirs.user_state_path("talks-qa"))
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return PromptSession(
        history=ForgivingHistory(folder / "history"),
        completer=WordCompleter(list(COMMANDS), sentence=True, meta_dict=COMMANDS),
    )

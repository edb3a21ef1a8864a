"""The conversation in the terminal: piped, and under a pseudo-terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import platformdirs
import pytest

import qa
from qa.config import Config
from qa.errors import DateError, TalksError
from qa.repl import COMMANDS, Conversation

pytestmark = pytest.mark.slow

MEETING = """---
id: meeting
title: Army chief receives CIA director
outlet: The Express Tribune
published: 2012-03-29
---
General Ashfaq Parvez Kayani met Admiral Mike Mullen in Rawalpindi on Wednesday. General Kayani refused to give
Admiral Mullen the list of drone targets. General Kayani was appointed army chief in November 2007.
"""
VISIT = """---
id: visit
title: Visit to Washington
outlet: Dawn
published: 2015-10-22
---
Prime Minister Nawaz Sharif arrived in Washington on Tuesday. He will meet President Barack Obama at the White House
on Thursday. The two leaders are expected to discuss the sale of eight F-16 aircraft.
"""
REFUSED = "What did Kayani refuse to give Mullen?"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose `library` holds two articles."""
    from qa.library import Library

    folder = tmp_path_factory.mktemp("repl")
    for name, text in (("meeting", MEETING), ("visit", VISIT)):
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    with Library.open(folder / "library") as library:
        assert len(library.add([folder / "meeting.md", folder / "visit.md"]).added) == 2
    return folder


@pytest.fixture
def conversation(made: Path) -> Iterator[Conversation]:
    from qa.library import Library

    with Library.open(made / "library") as library:
        yield Conversation(library, Config(library=library.path))


def environment(made: Path, state: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TALKS_", "XDG_", "PYTHON"))}
    return kept | {
        "HOME": str(state),
        "XDG_CACHE_HOME": str(platformdirs.user_cache_path("talks-qa").parent),
        "XDG_CONFIG_HOME": str(state / "config"),
        "XDG_STATE_HOME": str(state),
        "TALKS_LIBRARY": str(made / "library"),
        "PYTHONPATH": str(Path(qa.__file__).parents[1]),
        "PROMPT_TOOLKIT_NO_CPR": "1",
        "TERM": "xterm-256color",
    }


def piped(made: Path, state: Path, *lines: str | bytes) -> subprocess.CompletedProcess[bytes]:
    given = b"\n".join(line.encode() if isinstance(line, str) else line for line in lines)
    command = [sys.executable, "-m", "qa", "repl"]
    ways: dict[str, Any] = {"capture_output": True, "env": environment(made, state), "timeout": 120}
    return subprocess.run(command, input=given, check=False, **ways)


def terminal(made: Path, state: Path) -> Any:
    return pexpect.spawn(
        sys.executable,
        ["-m", "qa", "repl"],
        env=environment(made, state),
        encoding="utf-8",
        timeout=60,
        dimensions=(40, 120),
    )


# -- what a conversation remembers


def test_follow_ups_are_read_in_the_light_of_earlier_answers(conversation: Conversation) -> None:
    conversation.reply(REFUSED)
    assert "Mike Mullen" in conversation.reply("Whom did he meet?").plain.split("\n\n")[1]
    conversation.reply("When did Nawaz Sharif arrive in Washington?")
    assert "Barack Obama" in conversation.reply("Whom did he meet?").plain.split("\n\n")[1]


def test_reset_forgets_the_conversation(conversation: Conversation) -> None:
    alone = conversation.reply("Whom did he meet?").plain
    conversation.reply(REFUSED)
    assert conversation.reply("Whom did he meet?").plain != alone
    conversation.reply("/reset")
    assert conversation.reply("Whom did he meet?").plain == alone


def test_filters_hold_until_they_are_cleared(conversation: Conversation) -> None:
    refused = "The articles in the library do not say."
    assert conversation.reply("/since 2015").plain == "filters: since 2015-01-01"
    assert conversation.reply("/outlet DAWN").plain == "filters: since 2015-01-01, outlet DAWN"
    assert conversation.reply(REFUSED).plain.startswith(refused)
    assert conversation.reply("/since").plain == "filters: outlet DAWN"
    assert conversation.reply("/until October 2015").plain == "filters: until 2015-10-31, outlet DAWN"
    assert conversation.reply("/clear").plain == "filters: none"
    assert not conversation.reply(REFUSED).plain.startswith(refused)


def test_a_filter_that_fits_nothing_is_not_set(conversation: Conversation) -> None:
    conversation.reply("/until 2012")
    with pytest.raises(DateError, match="since 2013-01-01 is after until 2012-12-31"):
        conversation.reply("/since 2013")
    with pytest.raises(TalksError, match="no outlet has 'bbc' in its name; there are: Dawn, The Express Tribune"):
        conversation.reply("/outlet bbc")
    with pytest.raises(DateError, match="yesteryear"):
        conversation.reply("/until yesteryear")
    assert conversation.reply("/until").plain == "filters: none"


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("/sinse 2012", "/sinse; did you mean /since?"),
        ("/so", "/so; did you mean /sources?"),
        ("/QUTI", "/QUTI; did you mean /quit?"),
        ("/xyzzy", "/xyzzy; /help shows the commands"),
        ("/", "/; /help shows the commands"),
    ],
)
def test_an_unknown_command_is_told_with_what_was_meant(conversation: Conversation, typed: str, hint: str) -> None:
    with pytest.raises(TalksError) as raised:
        conversation.reply(typed)
    assert str(raised.value) == f"there is no command {hint}"


def test_a_timeline_keeps_to_the_filters(conversation: Conversation) -> None:
    everything = conversation.reply("/timeline").plain
    assert everything.startswith("November 2007\n[1] General Kayani was appointed army chief in November 2007.")
    assert "28 March 2012\n[2] " in everything and "22 October 2015" in everything
    conversation.reply("/since 2015")
    assert conversation.reply("/timeline Kayani").plain == "Nothing dated was found."
    assert conversation.reply("/timeline Nawaz Sharif").plain.startswith("20 October 2015\n[1] Prime Minister")


def test_sources_and_help(conversation: Conversation) -> None:
    assert [line.split()[0] for line in conversation.reply("/sources").plain.split("\n")] == ["visit", "meeting"]
    shown = conversation.reply("/HELP").plain.split("\n")
    assert [line.split()[0] for line in shown] == list(COMMANDS)


# -- as a process


def test_piped_lines_get_plain_answers(made: Path, tmp_path: Path) -> None:
    done = piped(made, tmp_path, REFUSED, "/sinse 2012", "", "?!", b"\xff\xfe What?", "/since 2015", REFUSED)
    out, err = done.stdout.decode(), done.stderr.decode().splitlines()
    assert done.returncode == 0
    assert "\x1b" not in out and "ask>" not in out and "/since" not in out
    assert "General Kayani refused to give Admiral Mullen the list of drone targets." in out
    assert out.count("The articles in the library do not say.") >= 1
    assert err[0] == "talks-qa: there is no command /sinse; did you mean /since?"
    assert err[1].startswith("talks-qa: the question is empty")
    assert not (tmp_path / "talks-qa").exists()


def test_quit_ends_piped_input(made: Path, tmp_path: Path) -> None:
    done = piped(made, tmp_path, "/sources", "/quit", "/help")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"visit" in done.stdout and b"/help" not in done.stdout
    assert piped(made, tmp_path).stdout == b""


def test_a_terminal_has_history_completion_and_a_way_out(made: Path, tmp_path: Path) -> None:
    shell = terminal(made, tmp_path)
    shell.expect("2 articles")
    shell.expect("ask>")
    shell.sendline(REFUSED)
    shell.expect("\x1b\\[1mthe list of drone targets\x1b\\[0m")
    shell.expect("ask>")
    shell.send("nonsense")
    shell.expect("nonsense")
    shell.sendcontrol("c")
    shell.expect("ask>")
    shell.send("/so")
    shell.expect("list the articles")  # the menu
    shell.send("\t")
    shell.expect("urces")
    shell.send("\r")
    shell.expect("2015-10-22")
    shell.expect("ask>")
    shell.sendcontrol("d")
    shell.expect(pexpect.EOF)
    shell.close()
    assert shell.exitstatus == 0
    kept = (tmp_path / "talks-qa" / "history").read_text(encoding="utf-8")
    assert f"+{REFUSED}\n" in kept and "+/sources\n" in kept and "nonsense" not in kept


def test_a_history_that_cannot_be_kept_is_no_hindrance(made: Path, tmp_path: Path) -> None:
    (tmp_path / "talks-qa" / "history").mkdir(parents=True)
    shell = terminal(made, tmp_path)
    shell.expect("ask>")
    shell.sendline("/sinse")
    shell.expect("did you mean /since")
    shell.expect("ask>")
    shell.sendline("/quit")
    shell.expect(pexpect.EOF)
    shell.close()
    assert shell.exitstatus == 0

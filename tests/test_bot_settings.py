"""The bot's settings: a file, then the environment; what is not understood is one clear line."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import bot
from bot.settings import Settings
from qa.errors import ConfigError

EXAMPLE = (Path(bot.__file__).parent / "example.toml").read_text(encoding="utf-8")


def written(folder: Path, text: str) -> dict[str, str]:
    file = folder / "bot.toml"
    file.write_text(text, encoding="utf-8")
    return {"TALKS_BOT_CONFIG": str(file)}


def test_the_example_names_every_setting_with_its_default(tmp_path: Path) -> None:
    values = tomllib.loads("\n".join(re.findall(r"^# (\w+ = .+)$", EXAMPLE, re.MULTILINE)))
    assert set(values) == {f.name for f in dataclasses.fields(Settings)}
    del values["data"]  # depends on the user
    assert all(getattr(Settings(), name) == (tuple(v) if isinstance(v, list) else v) for name, v in values.items())
    assert Settings.load(written(tmp_path, EXAMPLE)) == Settings()


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    environment = written(tmp_path, 'admins = [1]\ninline = false\ngroups = "off"\n')
    loaded = Settings.load({**environment, "TALKS_BOT_ADMINS": "2, 3", "TALKS_BOT_TOKEN": "x", "TALKS_LIBRARY": "l"})
    assert (loaded.admins, loaded.inline, loaded.groups) == ((2, 3), False, "off")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour = 1", "unknown setting 'colour'"),
        ('token = "1:a"', "unknown setting 'token'"),
        ('admins = "me"', "a list of whole numbers"),
        ("admins = [1.5]", "a list of whole numbers"),
        ("admins = 1", "a list of whole numbers"),
        ('inline = "perhaps"', "true or false"),
        ("questions_per_day = -1", "between 0 and"),
        ("retention_days = 0", "between 1 and"),
        ("upload_mb = 21", "between 0 and 20"),
        ('groups = "all"', "one of mentions, commands, off"),
        ('log_format = "xml"', "one of text, json"),
        ('api = "localhost"', "http://"),
        ('listen = "8080"', "host:port"),
        ('webhook_url = "https://x.example"', "needs listen"),
        ('webhook_url = "http://x.example"\nlisten = "127.0.0.1:80"', "https://"),
        ("data = 3", "a path"),
        ("= broken", "cannot read settings file"),
    ],
)
def test_what_is_not_understood_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        Settings.load(written(tmp_path, text))
    assert "\n" not in str(caught.value).strip()


def test_who_may_ask() -> None:
    assert Settings().may_ask(7, 7)
    private = Settings(allow=(7, -42), admins=(1,))
    assert [private.may_ask(*ids) for ids in ((7, 7), (7, -1), (8, -42), (1, 1))] == [True] * 4
    assert not private.may_ask(8, 8)


def test_the_address_may_be_of_either_kind() -> None:
    assert Settings(listen="127.0.0.1:8080").address == ("127.0.0.1", 8080)
    assert Settings(listen="[::1]:8080").address == ("::1", 8080)


@pytest.mark.parametrize(("text", "status", "line"), [("", 0, "sound"), ("colour = 1", 1, "unknown setting 'colour'")])
def test_the_settings_can_be_checked_from_the_command_line(tmp_path: Path, text: str, status: int, line: str) -> None:
    environment = written(tmp_path, text) | {"TALKS_BOT_TOKEN": "1:a", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "bot.app", "--check"], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (status, 1)
    assert line in done.stderr


def test_the_token_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    command = [sys.executable, "-m", "bot.app", "--check"]
    for content, status, line in ((None, 1, "No such file"), (" \n", 2, "BotFather"), ("1:a\n", 0, "sound")):
        if content is not None:
            file.write_text(content)
        environment = {"TALKS_BOT_TOKEN_FILE": str(file), "HOME": str(tmp_path)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr.count("\n")) == (status, 1)
        assert line in done.stderr

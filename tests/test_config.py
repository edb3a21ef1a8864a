"""Settings from a file and the environment."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from qa.config import Config
from qa.errors import ConfigError


def written(folder: Path, text: str) -> dict[str, str]:
    """An environment that names a settings file with this text."""
    file = folder / "settings.toml"
    file.write_text(text, encoding="utf-8")
    return {"TALKS_CONFIG": str(file)}


def test_nothing_set_gives_the_defaults() -> None:
    assert Config.load({}) == Config()


def test_the_file_in_the_users_folder_is_found() -> None:
    file = Path(os.environ["XDG_CONFIG_HOME"], "talks-qa", "config.toml")
    file.parent.mkdir(parents=True)
    try:
        file.write_text("passages = 7", encoding="utf-8")
        assert Config.load({}).passages == 7
    finally:
        file.unlink()
        file.parent.rmdir()


def test_the_file_gives_every_setting(tmp_path: Path) -> None:
    text = 'library = "/somewhere"\nencoder = "e"\nreader = "r"\nthreshold = 1\npassages = 3\n'
    assert Config.load(written(tmp_path, text)) == Config(Path("/somewhere"), "e", "r", 1.0, 3)


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    environment = written(tmp_path, "threshold = 0.9\npassages = 3\n") | {"TALKS_THRESHOLD": "0.25"}
    loaded = Config.load(environment)
    assert (loaded.threshold, loaded.passages) == (0.25, 3)


def test_every_setting_has_its_name_in_the_environment() -> None:
    values = {"library": "~/l", "encoder": "e", "reader": "r", "threshold": "0.1", "passages": "4", "versions": "5"}
    assert set(values) == {f.name for f in dataclasses.fields(Config)}
    loaded = Config.load({f"TALKS_{name.upper()}": value for name, value in values.items()})
    assert loaded == Config(Path.home() / "l", "e", "r", 0.1, 4, 5)


def test_names_of_other_programs_are_passed_over() -> None:
    assert Config.load({"TALKS_BOT_TOKEN": "1:a", "TALKS_TEST_X": "1", "HOME": "/h"}) == Config()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "treshold = 0.5",
            "unknown setting 'treshold'; known: encoder, library, passages, reader, threshold, versions",
        ),
        ('[threshold]\nx = "1"', "setting 'threshold' must be a float"),
        ("threshold = true", "setting 'threshold' must be a float, not True"),
        ('threshold = "high"', "setting 'threshold' must be a float, not 'high'"),
        ("threshold = nan", "threshold must be between 0 and 1"),
        ("threshold = 1.5", "threshold must be between 0 and 1, not 1.5"),
        ("passages = 0", "passages must be between 1 and 100, not 0"),
        ("passages = 2.7", "setting 'passages' must be a int"),
        ("versions = -1", "versions must be between 0 and 1000, not -1"),
        ("library = 5", "setting 'library' must be a path, not 5"),
        ("encoder = 5", "setting 'encoder' must be a str, not 5"),
        ("reader = []", "setting 'reader' must be a str"),
        ("threshold", "cannot read settings file"),
        ("threshold = 'é", "cannot read settings file"),
    ],
)
def test_wrong_settings_are_told_in_one_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.load(written(tmp_path, text))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["TALKS_TRESHOLD", "TALKS_", "TALKS_LIBRARY_PATH"])
def test_unknown_names_in_the_environment_are_told(name: str) -> None:
    with pytest.raises(ConfigError, match="unknown setting"):
        Config.load({name: "1"})


def test_a_named_file_must_be_there_and_readable(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no settings file at .*nowhere.toml \(TALKS_CONFIG\)"):
        Config.load({"TALKS_CONFIG": str(tmp_path / "nowhere.toml")})
    with pytest.raises(ConfigError, match="cannot read settings file"):
        Config.load({"TALKS_CONFIG": str(tmp_path)})
    (tmp_path / "latin.toml").write_bytes(b"reader = '\xe9'")
    with pytest.raises(ConfigError, match="cannot read settings file"):
        Config.load({"TALKS_CONFIG": str(tmp_path / "latin.toml")})

"""Settings: file, then environment; what is unknown or wrong is told."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from qa.config import Config
from qa.errors import ConfigError
from qa.records import Answer, Citation, as_json, header


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('library = "/a"\nthreshold = 0.7\npassages = 5\n')
    config = Config.load({"TALKS_CONFIG": str(file), "TALKS_LIBRARY": "/b", "TALKS_BOT_TOKEN": "not ours"})
    assert (config.library, config.threshold, config.passages) == (Path("/b"), 0.7, 5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour = 1", "unknown setting 'colour'"),
        ('threshold = "high"', "must be a float"),
        ("threshold = 2", "between 0 and 1"),
        ("passages = 0", "between 1 and 100"),
        ("passages = true", "must be a int"),
        ("= broken", "cannot read settings file"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        Config.load({"TALKS_CONFIG": str(file)})


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no settings file"):
        Config.load({"TALKS_CONFIG": str(tmp_path / "none.toml")})


def test_records_become_plain_json() -> None:
    citation = Citation(1, "a", "T", "O", date(2012, 3, 29), "", 0, 1, "q")
    found = as_json(Answer("why?", True, "q", "q", 0.5, (citation,)))
    assert found["citations"][0]["published"] == "2012-03-29"
    assert list(found) == ["question", "answered", "short", "text", "confidence", "citations"]


def test_a_header_holds_what_is_known() -> None:
    assert header("Title", "", date(2012, 3, 9)) == "Title | 9 March 2012"
    assert header("", "", None) == ""

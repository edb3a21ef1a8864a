"""Settings: one frozen record, read once in `main()` and passed down.

A TOML file gives values (`TALKS_CONFIG`, or `config.toml` in the user's configuration folder), the
environment overrides them: `library` in the file is `TALKS_LIBRARY` there. Unknown keys are errors.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import platformdirs

from qa.errors import ConfigError

T = TypeVar("T")
_APP = "talks-qa"
# Names that other programs read from the same environment, not settings of this record.
_ELSEWHERE = ("TALKS_CONFIG", "TALKS_BOT_", "TALKS_TEST_")


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting of answering, with its default."""

    library: Path = dataclasses.field(default_factory=lambda: Path(platformdirs.user_data_path(_APP)) / "library")
    """Folder of the library."""
    encoder: str = ""
    """A sentence-transformers model (name or folder); empty: the default, all-MiniLM-L6-v2."""
    reader: str = ""
    """An extractive question-answering model (name or folder); empty: the one shipped."""
    threshold: float = 0.4
    """Confidence (0-1) under which the assistant says that the articles do not say."""
    passages: int = 10
    """Passages read for one question."""
    versions: int = 10
    """Earlier versions of each article that are kept, so that what cited them still resolves; 0: none."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.threshold <= 1.0:
            raise ConfigError(f"threshold must be between 0 and 1, not {self.threshold}")
        if not 1 <= self.passages <= 100:
            raise ConfigError(f"passages must be between 1 and 100, not {self.passages}")
        if not 0 <= self.versions <= 1000:
            raise ConfigError(f"versions must be between 0 and 1000, not {self.versions}")

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> Config:
        """Read the settings file, if there is one, then the environment; raises ConfigError as `read` does."""
        return read(cls, environment, "TALKS_", "config.toml", _ELSEWHERE)


def read(
    kind: Callable[..., T], environment: Mapping[str, str], prefix: str, file: str, elsewhere: tuple[str, ...]
) -> T:
    """Make a record of settings from its file, if there is one, then from the environment.

    The file is named by `{prefix}CONFIG`, or is `file` in the user's configuration folder; names of the
    environment that begin with one of `elsewhere` are no settings. Raises ConfigError for a file that
    cannot be read, an unknown key or a value of the wrong kind.
    """
    named = environment.get(f"{prefix}CONFIG")
    path = Path(named) if named else Path(platformdirs.user_config_path(_APP)) / file
    values: dict[str, Any] = {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if named:
            raise ConfigError(f"no settings file at {path} ({prefix}CONFIG)") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read settings file {path}: {error}") from None
    known = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for name, value in environment.items():
        if name.startswith(prefix) and not name.startswith(elsewhere):
            values[name.removeprefix(prefix).lower()] = value
    for name in values:
        if name not in known:
            raise ConfigError(f"unknown setting {name!r}; known: {', '.join(sorted(known))}")
    return kind(**{name: _convert(name, value, str(known[name].type)) for name, value in values.items()})


def _convert(name: str, value: Any, kind: str) -> Any:
    """Bring a TOML or environment value to its field's type."""
    makers: dict[str, Callable[[Any], Any]] = {
        "Path": lambda v: Path(v).expanduser(),
        "str": str,
        "float": float,
        "int": lambda v: int(str(v)),  # 2.7 is no whole number
        "bool": lambda v: {"true": True, "false": False}[str(v).lower()],
        "tuple[int, ...]": lambda v: tuple(
            int(str(n)) for n in (v.split(",") if isinstance(v, str) else v) if str(n).strip()
        ),
    }
    try:
        if (isinstance(value, bool) and kind != "bool") or (kind in ("Path", "str") and not isinstance(value, str)):
            raise ValueError
        return makers[kind](value)
    except (KeyError, TypeError, ValueError):
        wanted = {"tuple[int, ...]": "a list of whole numbers", "bool": "true or false"}.get(kind, f"a {kind.lower()}")
        raise ConfigError(f"setting {name!r} must be {wanted}, not {value!r}") from None

"""Fixtures for every test: a home of its own, and one library, encoder, reader and assistant a session."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import platformdirs
import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from embeddings.encoder import Encoder
    from qa import Assistant, Library
    from qa.reader import Reader

ROOT = Path(__file__).parents[1]
_PATIENCE = 30  # seconds: far above any honest run, far below a regular expression that runs away

# Speed is measured elsewhere; a slow moment of the machine is no failure. A failing example is printed, so
# that it can be run again.
settings.register_profile(
    "talks", deadline=None, max_examples=60, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("talks")


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep tests away from the user's library and settings; only the cache of exported models is shared."""
    # Started in the background, a shell's jobs ignore Ctrl-C, and so would the processes that tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    cache = platformdirs.user_cache_path("talks-qa").parent
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("TALKS_")]:
            patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_CACHE_HOME", str(cache))
        for name in ("CONFIG", "DATA", "STATE"):
            patch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
        yield


@pytest.fixture
def bounded() -> Iterator[None]:
    """Stop a test that runs away, so that it fails instead of hanging."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"not done in {_PATIENCE} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(_PATIENCE)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def seeds() -> Path:
    """The folder of the articles that come along."""
    folder = ROOT / "seeds" / "articles"
    assert len(list(folder.glob("*.md"))) == 5, f"{folder} does not hold the five seed articles"
    return folder


@pytest.fixture(scope="session")
def questions() -> Path:
    """The file of questions about the seed articles."""
    file = ROOT / "seeds" / "questions.jsonl"
    assert file.is_file(), f"{file} is missing"
    return file


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The default encoder."""
    from embeddings.encoder import Encoder

    return Encoder.load()


@pytest.fixture(scope="session")
def reader() -> Reader:
    """The reader that comes along."""
    from qa.reader import Reader

    return Reader.load()


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory, seeds: Path) -> Iterator[Library]:
    """A library of the seed articles, not to be changed; what changes it works on a copy of its folder."""
    from qa import Library

    with Library.open(tmp_path_factory.mktemp("seeded")) as library:
        report = library.add([seeds])
        assert len(report.added) == 5 and not report.rejected, report
        yield library


@pytest.fixture(scope="session")
def assistant(seeded: Library, reader: Reader) -> Assistant:
    """An assistant over the seed articles."""
    from qa import Assistant

    return Assistant(seeded, reader=reader)

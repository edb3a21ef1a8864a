"""The real library and the real models, made once for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qa import Assistant, Library

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def seeds() -> Path:
    """The folder of the shipped articles."""
    return ROOT / "seeds" / "articles"


@pytest.fixture(scope="session")
def seeded(seeds: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library of the shipped articles; not to be changed."""
    with Library.open(tmp_path_factory.mktemp("seeded")) as library:
        assert not library.add([seeds]).rejected
        yield library


@pytest.fixture(scope="session")
def assistant(seeded: Library) -> Assistant:
    """An assistant over the shipped articles."""
    return Assistant(seeded)

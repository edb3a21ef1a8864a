"""Two hundred generated updates; `tests/benchmarks/bot_fuzz.py` sends as many as one likes."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.benchmarks.bot_fuzz import run


def test_generated_updates_end_in_no_exception_and_no_refused_request(tmp_path: Path) -> None:
    tally = asyncio.run(run(200, seed=7, folder=tmp_path))
    assert tally["→ sendMessage"] > 50

"""The programs that measure: what they make is sound, and what they cannot measure they say."""

from __future__ import annotations

import itertools
import json
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from qa import Library
from tests.benchmarks import bench, measuring, performance
from tests.benchmarks.corpus import Originals, fill
from tests.benchmarks.ingestion import operations
from tests.benchmarks.stopwatch import timing


class Counter:
    """Something to time: it calls itself, and other threads call it."""

    def count(self, down: int) -> int:
        return self.count(down - 1) if down else threading.active_count()


def test_a_page_of_nothing_says_what_was_not_measured(tmp_path: Path) -> None:
    (tmp_path / "cold.json").write_text(json.dumps({"failed": "it ended with 1: no room"}), encoding="utf-8")
    page = performance.page(performance.Found(tmp_path))
    assert "cold: not measured: it ended with 1: no room" in page
    assert "peer-txtai: not measured: it was not run" in page
    assert "| met |" not in page


@pytest.mark.parametrize(("measured", "verdict"), [(0.99, "met"), (1.0, "met"), (1.01, "**not met**")])
def test_a_goal_is_met_at_its_limit(measured: float, verdict: str) -> None:
    assert performance.Goal("wall", 1.0, None, "s", measured).row()[-1] == verdict


def test_a_part_that_fails_leaves_its_last_words(tmp_path: Path) -> None:
    found = bench.run("cold", ["cold", "--runs", "many"], tmp_path)
    assert "--runs" in found["failed"]
    assert not (tmp_path / "cold.json").exists()


def test_plans_name_a_library_before_they_ask_it(tmp_path: Path) -> None:
    for plan in (bench.QUICK, bench.Plan(), bench.FULL):
        names = [name for name, _ in bench.parts(plan, tmp_path, tmp_path, tmp_path)]
        assert len(set(names)) == len(names)
        assert plan.real in plan.ingested
        for size in plan.filled:
            assert names.index(f"corpus-{size}") < names.index(f"latency-{size}")


def test_a_process_tells_its_time_size_and_status() -> None:
    ran = measuring.run([sys.executable, "-c", "import sys; b = bytearray(90_000_000); print('x'); sys.exit(3)"])
    assert (ran.status, ran.output) == (3, "x\n")
    assert ran.peak > 90
    assert ran.seconds > 0


def test_percentiles_are_values_that_were_measured() -> None:
    assert measuring.percentiles([5.0]) == {"p50": 5.0, "p95": 5.0, "p99": 5.0}
    assert measuring.percentiles(range(100)) == {"p50": 50, "p95": 95, "p99": 99}


def test_a_stage_inside_itself_is_counted_once_and_other_threads_too() -> None:
    before = Counter.count
    with timing({"count": (Counter, "count")}) as watch:
        Counter().count(3)
        alone = watch.seconds["count"]
        thread = threading.Thread(target=Counter().count, args=(0,))
        thread.start()
        thread.join()
        assert watch.seconds["count"] > alone > 0
        watch.restart()
        assert watch.seconds == {}
    assert Counter.count is before


def test_operations_of_a_token_are_those_of_the_published_model() -> None:
    assert operations(1) == 2 * 10_616_832 + 9216
    assert operations(256) == 256 * operations(1) + 9216 * 256 * 255


@pytest.mark.slow
def test_copies_are_articles_that_a_library_takes(seeded: Library, tmp_path: Path) -> None:
    passages = seeded.count()[1]
    made = list(itertools.islice(Originals.of(seeded), 15))
    assert len({article.id for article, _, _ in made}) == 15
    for article, parts, vectors in made:
        assert [article.text[p.start : p.end] for p in parts] == [p.text for p in parts]
        assert np.allclose(np.linalg.norm(vectors.astype(np.float32), axis=1), 1, atol=1e-2)
    with Library.open(tmp_path) as library:
        fill(library, Originals.of(seeded).__iter__(), 2 * passages + 1)
        assert library.count()[1] == 2 * passages + 1
        assert library.check() != []  # the indexes were missing
        assert library.check() == []

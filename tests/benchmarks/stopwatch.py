"""How long the stages of a question take, measured from outside: the project's own functions, timed while called."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

Stages = Mapping[str, tuple[type, str]]  # a stage's name → the class and the method that is this stage


class Stopwatch:
    """Seconds spent in each stage since the last `restart`, all threads together."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._lock = threading.Lock()
        self._mine = threading.local()

    def restart(self) -> None:
        """Forget what was measured."""
        with self._lock:
            self._seconds = {}

    @property
    def seconds(self) -> dict[str, float]:
        """Return the seconds of every stage that was entered."""
        with self._lock:
            return dict(self._seconds)

    def around(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, timed; within itself it is not counted twice."""

        @functools.wraps(function)
        def timed(*args: Any, **options: Any) -> Any:
            inside: set[str] = self._mine.__dict__.setdefault("inside", set())
            if stage in inside:
                return function(*args, **options)
            inside.add(stage)
            began = time.perf_counter()
            try:
                return function(*args, **options)
            finally:
                inside.discard(stage)
                with self._lock:
                    self._seconds[stage] = self._seconds.get(stage, 0.0) + time.perf_counter() - began

        return timed


@contextmanager
def timing(stages: Stages) -> Iterator[Stopwatch]:
    """Time these methods, on every object of their classes, while inside."""
    watch = Stopwatch()
    before = {stage: getattr(kind, name) for stage, (kind, name) in stages.items()}
    for stage, (kind, name) in stages.items():
        setattr(kind, name, watch.around(stage, before[stage]))
    try:
        yield watch
    finally:
        for stage, (kind, name) in stages.items():
            setattr(kind, name, before[stage])

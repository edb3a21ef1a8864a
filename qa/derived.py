"""The two indexes derived from a library's database: read, changed, or built again from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from embeddings.errors import IndexDamagedError
from embeddings.index import SAMPLE_PER_LIST, VectorIndex, lists_for
from qa.lexical import LexicalIndex
from qa.store import Store

VECTORS, LEXICAL = "vectors.faiss", "lexical"
_AT_ONCE = 5_000  # passages read together from the database


@dataclass(frozen=True)
class Snapshot:
    """The derived indexes of one generation; searches on it do not see later changes."""

    generation: int
    vectors: VectorIndex
    lexical: LexicalIndex


@dataclass
class Changes:
    """Passage numbers that the derived indexes must lose and gain."""

    removed: list[int] = field(default_factory=list)
    added: list[int] = field(default_factory=list)


class Derived:
    """The files of both indexes, each stamped with the generation of the database it was made from."""

    def __init__(self, path: Path, store: Store, dimension_of_model: Callable[[], int]) -> None:
        self._path = path
        self._store = store
        self._dimension_of_model = dimension_of_model  # asked only while the database does not tell it

    def update(self, before: Snapshot | None, changes: Changes, generation: int) -> Snapshot:
        """Bring the files from an earlier snapshot to a generation; without one they are built anew."""
        if before is None:
            return self.build(generation)
        stamp = self._stamp(generation)
        gone = set(changes.removed)
        fresh = [number for number in changes.added if number not in gone]
        vectors = before.vectors
        before.lexical.update(
            changes.removed, (row for some in _parts(fresh) for row in self._store.rows(some).values()), stamp
        )
        vectors.remove(changes.removed)
        for some in _parts(fresh):
            found = self._store.vectors(some, vectors.dimension)
            vectors.add(found, np.stack(list(found.values())))
        if vectors.outgrown:
            vectors = self._vectors_from_truth()
        self._save(vectors, stamp)
        return Snapshot(generation, vectors, before.lexical)

    def generation(self) -> int:
        """Return the generation that the files were made from, 0 where there are none that tell it."""
        number = VectorIndex.stamp(self._path / VECTORS).partition(":")[0]
        return int(number) if number.isdecimal() else 0

    def _save(self, vectors: VectorIndex, stamp: str) -> None:
        vectors.save(self._path / VECTORS, stamp)
        self._store.describe_index(f"{vectors.lists} lists" if vectors.lists else "exact")

    def _stamp(self, generation: int) -> str:
        return f"{generation}:{self._store.manifest().get('encoder_digest', '')}"

    def _dimension(self) -> int:
        return int(self._store.manifest().get("dimension", "0")) or self._dimension_of_model()

    def load(self, generation: int) -> Snapshot | None:
        """Read the derived files of a generation; None when one is missing, stale or damaged."""
        stamp = self._stamp(generation)
        lexical = LexicalIndex.open(self._path / LEXICAL, stamp)
        if lexical is None:
            return None
        try:
            vectors = VectorIndex.load(self._path / VECTORS, stamp, self._dimension())
        except IndexDamagedError:
            return None
        return Snapshot(generation, vectors, lexical)

    def build(self, generation: int, in_memory: bool = False) -> Snapshot:
        """Make both indexes from the truth; nothing is embedded again. Raises OSError where there is no room."""
        stamp = self._stamp(generation)
        lexical = LexicalIndex.fresh(None if in_memory else self._path / LEXICAL)
        lexical.update([], self._store.all_rows(), stamp)
        vectors = self._vectors_from_truth()
        if not in_memory:
            self._save(vectors, stamp)
        return Snapshot(generation, vectors, lexical)

    def _vectors_from_truth(self) -> VectorIndex:
        """Return an index of every stored vector, of the kind that suits their number."""
        size = self._store.count()[1]
        if lists := lists_for(size):
            vectors = VectorIndex.of_lists(size, self._store.sample(lists * SAMPLE_PER_LIST, self._dimension()))
        else:
            vectors = VectorIndex(self._dimension())
        for numbers, block in self._store.all_vectors(vectors.dimension):
            vectors.add(numbers, block)
        return vectors


def _parts(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """Split numbers so that what belongs to them fits into memory, however many they are."""
    for start in range(0, len(numbers), _AT_ONCE):
        yield numbers[start : start + _AT_ONCE]

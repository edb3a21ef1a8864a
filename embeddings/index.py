"""A FAISS index of passage vectors under stable ids; derived data that can always be built again."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from embeddings.errors import IndexDamagedError

_FORMAT = 1
_MAX_STAMP = 4096  # bytes


class VectorIndex:
    """Exact inner-product search over unit vectors, each under an integer id.

    Scores are cosines in [-1, 1], best first; an id and its score travel together.
    """

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        # FAISS describes its wrapped classes only in part: Any, and tests against the real thing.
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, ids: Iterable[int], vectors: NDArray[np.float32]) -> None:
        """Add vectors, shape (n, dimension), under n new ids."""
        keys = np.fromiter(ids, dtype=np.int64)
        if len(keys):
            self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), keys)

    def remove(self, ids: Iterable[int]) -> None:
        """Remove ids; ids that are not there are passed over."""
        keys = np.fromiter(ids, dtype=np.int64)
        if len(keys):
            self._index.remove_ids(keys)

    def search(
        self, vector: NDArray[np.float32], k: int, only: NDArray[np.int64] | None = None
    ) -> list[tuple[int, float]]:
        """Return at most `k` (id, cosine) pairs, best first, among `only` when given."""
        if k < 1 or not len(self) or (only is not None and not len(only)):
            return []
        wrapped: Any = faiss
        parameters = wrapped.SearchParameters(sel=faiss.IDSelectorBatch(only)) if only is not None else None
        scores, ids = self._index.search(vector[None, :], min(k, len(self)), params=parameters)
        return [(int(i), float(s)) for i, s in zip(ids[0], scores[0], strict=True) if i >= 0]

    def save(self, path: Path, stamp: str) -> None:
        """Write the index with its stamp beside `path`, then rename it into place."""
        data = faiss.serialize_index(self._index).tobytes()
        head = {"format": _FORMAT, "stamp": stamp, "dimension": self.dimension, "crc32": zlib.crc32(data)}
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with temporary.open("wb") as file:
                file.write(json.dumps(head).encode() + b"\n")
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path, stamp: str, dimension: int) -> VectorIndex:
        """Read an index written by `save` with the same stamp; IndexDamagedError otherwise.

        FAISS trusts the bytes it reads, so it is only shown bytes whose checksum we wrote.
        """
        try:
            with path.open("rb") as file:
                head = json.loads(file.readline(_MAX_STAMP))
                data = file.read()
        except (OSError, ValueError, RecursionError) as error:
            raise IndexDamagedError(f"cannot read {path}: {error}") from None
        wanted = {"format": _FORMAT, "stamp": stamp, "dimension": dimension, "crc32": zlib.crc32(data)}
        if head != wanted:
            raise IndexDamagedError(f"{path} is stale or damaged")
        index = cls(dimension)
        index._index = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
        return index

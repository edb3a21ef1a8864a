"""A FAISS index of passage vectors under stable ids; derived data that can always be built again."""

from __future__ import annotations

import json
import math
import os
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from embeddings.errors import IndexDamagedError

EXACT = 50_000  # vectors that are still compared one by one: four milliseconds
SAMPLE_PER_LIST = 40  # vectors that lists are learned from, for each list
_FORMAT = 2
_HEAD = 4096  # bytes before FAISS's own: a page, so that what follows can be mapped
_SHARE = 16  # one list in so many is read for a question ...
_FEWEST = 32  # ... but no fewer than this
_ROUNDS = 10  # of k-means
_OUTGROWN = 4  # times the vectors that lists were made for


class VectorIndex:
    """Inner-product search over unit vectors, each under an integer id.

    Scores are cosines in [-1, 1], best first; an id and its score travel together. A small index is exact. A large
    one keeps its vectors at 8 bits a number in lists round centres and reads the lists nearest to a question
    (Jégou et al. 2011, FAISS's IVF): its scores are approximate, and it misses about one in a hundred of the best ten.
    """

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        # FAISS describes its wrapped classes only in part: Any, and tests against the real thing.
        self._index: Any = faiss.IndexIDMap(faiss.IndexFlatIP(dimension))
        self._mapped: NDArray[np.uint8] | None = None  # what the index lives in, when it only reads

    @classmethod
    def of_lists(cls, size: int, sample: NDArray[np.float32]) -> VectorIndex:
        """Return an empty index for `size` vectors, its lists learned from a sample, shape (n, dimension)."""
        index = cls(sample.shape[1])
        centres: Any = faiss.IndexFlatIP(index.dimension)
        kind = faiss.ScalarQuantizer.QT_8bit
        lists: Any = faiss.IndexIVFScalarQuantizer(
            centres, index.dimension, lists_for(size), kind, faiss.METRIC_INNER_PRODUCT
        )
        lists.cp.niter, lists.cp.seed = _ROUNDS, 1
        lists.cp.min_points_per_centroid = 1  # FAISS would warn on standard error
        lists.cp.max_points_per_centroid = SAMPLE_PER_LIST
        lists.train(np.ascontiguousarray(sample, dtype=np.float32))
        index._index = lists
        return index

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def lists(self) -> int:
        """The number of lists, 0 for an exact index."""
        return int(getattr(self._index, "nlist", 0))

    @property
    def outgrown(self) -> bool:
        """Whether the index holds so many vectors that it should be made anew for their number."""
        return len(self) > (_OUTGROWN * (self.lists / 2) ** 2 if self.lists else EXACT)

    def add(self, ids: Iterable[int], vectors: NDArray[np.float32]) -> None:
        """Add vectors, shape (n, dimension), under n new ids."""
        keys = np.fromiter(ids, dtype=np.int64)
        if len(keys):
            self._own()
            self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), keys)

    def remove(self, ids: Iterable[int]) -> None:
        """Remove ids; ids that are not there are passed over."""
        keys = np.fromiter(ids, dtype=np.int64)
        if len(keys):
            self._own()
            self._index.remove_ids(keys)

    def search(
        self, vector: NDArray[np.float32], k: int, only: NDArray[np.int64] | None = None
    ) -> list[tuple[int, float]]:
        """Return at most `k` (id, cosine) pairs, best first, among `only` when given."""
        if k < 1 or not len(self) or (only is not None and not len(only)):
            return []
        wrapped: Any = faiss
        options: dict[str, Any] = {} if only is None else {"sel": faiss.IDSelectorBatch(only)}
        parameters: Any = wrapped.SearchParameters(**options)
        if self.lists:
            # Where few vectors count, they lie far apart: more lists are read, so that as many are compared.
            rarity = 1.0 if only is None else len(self) / len(only)
            read = min(self.lists, math.ceil(max(self.lists / _SHARE, _FEWEST) * rarity))
            parameters = wrapped.SearchParametersIVF(**options, nprobe=read)
        scores, ids = self._index.search(vector[None, :], min(k, len(self)), params=parameters)
        return [(int(i), float(s)) for i, s in zip(ids[0], scores[0], strict=True) if i >= 0]

    def save(self, path: Path, stamp: str) -> None:
        """Write the index with its stamp beside `path`, then rename it into place.

        The disk is not waited for: what a power cut leaves half written, its checksum tells, and it is built again.
        """
        data = faiss.serialize_index(self._index)
        head = json.dumps(_head(stamp, self.dimension, data)).encode()
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with temporary.open("wb") as file:
                file.write(head.ljust(_HEAD - 1) + b"\n")
                file.write(data.data)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path, stamp: str, dimension: int) -> VectorIndex:
        """Read an index written by `save` with the same stamp; IndexDamagedError otherwise.

        The file is mapped, not copied, until the index is changed. FAISS trusts the bytes it reads, so it is only
        shown bytes whose checksum we wrote.
        """
        try:
            with path.open("rb") as file:
                head = json.loads(file.read(_HEAD))
            data = np.memmap(path, dtype=np.uint8, mode="r", offset=_HEAD)
        except (OSError, ValueError, OverflowError, RecursionError) as error:  # overflow: nothing after the head
            raise IndexDamagedError(f"cannot read {path}: {error}") from None
        if head != _head(stamp, dimension, data):
            raise IndexDamagedError(f"{path} is stale or damaged")
        index = cls(dimension)
        index._index = faiss.read_index(_reader(data), faiss.IO_FLAG_MMAP_IFC)
        index._mapped = data
        return index

    @staticmethod
    def stamp(path: Path) -> str:
        """Return the stamp an index was saved with, empty where there is none that can be read."""
        try:
            with path.open("rb") as file:
                return str(json.loads(file.read(_HEAD))["stamp"])
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return ""

    def _own(self) -> None:
        """Copy a mapped index into memory, where it can be changed."""
        if self._mapped is not None:
            self._index = faiss.deserialize_index(np.array(self._mapped))
            self._mapped = None


def lists_for(size: int) -> int:
    """Return the number of lists for so many vectors; 0: they are few enough to be compared one by one."""
    return 2 * math.isqrt(size) if size > EXACT else 0


def _head(stamp: str, dimension: int, data: NDArray[np.uint8]) -> dict[str, Any]:
    return {"format": _FORMAT, "stamp": stamp, "dimension": dimension, "crc32": zlib.crc32(data.data)}


def _reader(data: NDArray[np.uint8]) -> Any:
    wrapped: Any = faiss
    return wrapped.ZeroCopyIOReader(wrapped.swig_ptr(data), data.size)

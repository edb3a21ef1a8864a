"""The real FAISS, against brute force, and against damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.errors import IndexDamagedError
from embeddings.index import VectorIndex


def unit(count: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    made = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return made


@given(st.integers(1, 40), st.integers(0, 1000), st.integers(1, 50))
def test_search_is_what_brute_force_finds(count: int, seed: int, k: int) -> None:
    vectors, question = unit(count, seed), unit(1, seed + 1)[0]
    index = VectorIndex(8)
    index.add(range(100, 100 + count), vectors)
    index.remove([100, 9999])
    scores = {100 + i: float(v @ question) for i, v in enumerate(vectors) if i}
    best = sorted(scores.values(), reverse=True)[:k]
    found = index.search(question, k)
    assert [s for _, s in found] == pytest.approx(best, abs=1e-5)
    assert all(scores[i] == pytest.approx(s, abs=1e-5) for i, s in found)


def test_only_some_ids_may_be_searched() -> None:
    index = VectorIndex(8)
    index.add(range(10), unit(10, 1))
    assert {i for i, _ in index.search(unit(1, 2)[0], 5, np.array([2, 7]))} == {2, 7}
    assert index.search(unit(1, 2)[0], 5, np.array([], dtype=np.int64)) == []
    assert VectorIndex(8).search(unit(1, 2)[0], 5) == []


def test_an_index_on_disk_opens_only_whole_and_with_its_stamp(tmp_path: Path) -> None:
    path = tmp_path / "v.faiss"
    index = VectorIndex(8)
    index.add(range(10), unit(10, 1))
    index.save(path, "3:abc")
    assert len(VectorIndex.load(path, "3:abc", 8)) == 10
    whole = path.read_bytes()
    with pytest.raises(IndexDamagedError):
        VectorIndex.load(path, "4:abc", 8)
    with pytest.raises(IndexDamagedError):
        VectorIndex.load(tmp_path / "none", "3:abc", 8)
    flipped = bytearray(whole)
    flipped[-9] ^= 1
    for data in (whole[:-5], bytes(flipped), b"", b"\n", whole.replace(b"{", b"[", 1)):
        path.write_bytes(data)
        with pytest.raises(IndexDamagedError):
            VectorIndex.load(path, "3:abc", 8)

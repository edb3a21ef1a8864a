"""The real FAISS, against brute force, and against damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from embeddings.errors import IndexDamagedError
from embeddings.index import EXACT, VectorIndex, lists_for

DIMENSION = 8
Vectors = NDArray[np.float32]


def unit(count: int, seed: int = 0) -> Vectors:
    drawn = np.random.default_rng(seed).normal(size=(count, DIMENSION))
    made: Vectors = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return made


def filled(count: int = 20, seed: int = 0) -> tuple[VectorIndex, Vectors]:
    index, vectors = VectorIndex(DIMENSION), unit(count, seed)
    index.add(range(100, 100 + count), vectors)
    return index, vectors


def test_a_vector_finds_itself_first() -> None:
    index, vectors = filled()
    for place, vector in enumerate(vectors):
        number, cosine = index.search(vector, 1)[0]
        assert number == 100 + place and cosine == pytest.approx(1, abs=1e-5)


def test_an_empty_index_finds_nothing() -> None:
    index = VectorIndex(DIMENSION)
    index.add([], np.zeros((0, DIMENSION), dtype=np.float32))
    index.remove([1])
    assert len(index) == 0 and index.search(unit(1)[0], 5) == []


def test_ids_stay_with_their_vectors_when_others_go() -> None:
    index, vectors = filled()
    index.remove([100, 105, 119, 7])
    assert len(index) == 17
    for place in (1, 6, 18):
        assert index.search(vectors[place], 1)[0][0] == 100 + place
    assert 105 not in {number for number, _ in index.search(vectors[5], 20)}
    index.add([105], vectors[5:6])
    assert index.search(vectors[5], 1)[0][0] == 105


@pytest.mark.parametrize(("k", "expected"), [(-1, 0), (0, 0), (1, 1), (20, 20), (500, 20)])
def test_at_most_k(k: int, expected: int) -> None:
    index, vectors = filled()
    assert len(index.search(vectors[0], k)) == expected


def test_only_what_is_asked_for_is_searched() -> None:
    index, vectors = filled()
    found = index.search(vectors[0], 10, np.array([103, 104, 999], dtype=np.int64))
    assert {number for number, _ in found} == {103, 104}
    assert index.search(vectors[0], 10, np.array([], dtype=np.int64)) == []


@given(st.integers(1, 60), st.integers(0, 1000), st.integers(1, 70), st.data())
def test_search_is_brute_force(count: int, seed: int, k: int, data: st.DataObject) -> None:
    index, vectors = filled(count, seed)
    numbers = range(100, 100 + count)
    gone = data.draw(st.sets(st.sampled_from(numbers)))
    index.remove(gone)
    only = data.draw(st.none() | st.sets(st.sampled_from(numbers)))
    question = unit(1, seed + 1)[0]
    wanted = {n: float(vectors[n - 100] @ question) for n in numbers if n not in gone and (only is None or n in only)}
    chosen = None if only is None else np.array(sorted(only), dtype=np.int64)
    found = index.search(question, k, chosen)
    best = sorted(wanted.values(), reverse=True)[:k]
    assert [cosine for _, cosine in found] == pytest.approx(best, abs=1e-5)
    assert [wanted[number] for number, _ in found] == pytest.approx(best, abs=1e-5)
    assert len({number for number, _ in found}) == len(found)


def test_a_saved_index_comes_back_and_can_be_changed(tmp_path: Path) -> None:
    index, vectors = filled()
    path = tmp_path / "v.faiss"
    index.save(path, "3:abc")
    assert [p.name for p in tmp_path.iterdir()] == ["v.faiss"]
    again = VectorIndex.load(path, "3:abc", DIMENSION)
    assert again.search(vectors[4], 20) == index.search(vectors[4], 20)
    again.remove([104])
    again.add([300], vectors[4:5])
    assert again.search(vectors[4], 1)[0][0] == 300
    again.save(path, "4:abc")
    assert VectorIndex.load(path, "4:abc", DIMENSION).search(vectors[4], 1)[0][0] == 300


@pytest.mark.parametrize(("stamp", "dimension"), [("4:abc", DIMENSION), ("", DIMENSION), ("3:abc", 9)])
def test_another_stamp_or_dimension_is_stale(tmp_path: Path, stamp: str, dimension: int) -> None:
    filled()[0].save(tmp_path / "v.faiss", "3:abc")
    with pytest.raises(IndexDamagedError, match=r"v\.faiss is stale or damaged"):
        VectorIndex.load(tmp_path / "v.faiss", stamp, dimension)


def test_a_missing_index_is_told(tmp_path: Path) -> None:
    with pytest.raises(IndexDamagedError, match="cannot read"):
        VectorIndex.load(tmp_path / "v.faiss", "3:abc", DIMENSION)


def listed(count: int = 4000) -> tuple[VectorIndex, Vectors]:
    vectors = unit(count)
    index = VectorIndex.of_lists(EXACT + 1, vectors)
    index.add(range(count), vectors)
    return index, vectors


def test_lists_find_nearly_all_that_is_near() -> None:
    index, vectors = listed()
    assert index.lists == lists_for(EXACT + 1) and not index.outgrown
    questions = unit(50, 1)
    exact = np.argsort(-(questions @ vectors.T), axis=1)[:, :10]
    found = [{number for number, _ in index.search(question, 20)} for question in questions]
    share = np.mean([len(near.intersection(best)) / 10 for near, best in zip(found, exact.tolist(), strict=True)])
    assert share >= 0.9  # these vectors are spread evenly, which is hardest; those of texts lie in groups


def test_lists_find_each_of_a_few_that_count() -> None:
    index, vectors = listed()
    few = np.array([5, 1234, 3999], dtype=np.int64)
    assert {number for number, _ in index.search(vectors[0], 10, few)} == set(few.tolist())


def test_lists_come_back_mapped_and_can_be_changed(tmp_path: Path) -> None:
    index, vectors = listed()
    index.save(tmp_path / "v.faiss", "1:a")
    again = VectorIndex.load(tmp_path / "v.faiss", "1:a", DIMENSION)
    assert again.lists == index.lists
    assert again.search(vectors[7], 20) == index.search(vectors[7], 20)
    again.remove([7])
    assert 7 not in {number for number, _ in again.search(vectors[7], 20)}
    again.add([9000], vectors[7:8])
    assert again.search(vectors[7], 1)[0][0] == 9000
    assert len(again) == len(index)


def test_an_index_is_outgrown_when_another_kind_would_be_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embeddings.index.EXACT", 30)
    index, _ = filled(30)
    assert not index.outgrown
    index.add([7], unit(1))
    assert index.outgrown
    lists = VectorIndex.of_lists(31, unit(31))
    lists.add(range(100), unit(100))
    assert lists.lists == 10 and not lists.outgrown
    lists.add(range(100, 110), unit(10))
    assert lists.outgrown


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("written") / "v.faiss"
    filled()[0].save(path, "3:abc")
    return path.read_bytes()


def refused(folder: Path, data: bytes) -> None:
    (folder / "v.faiss").write_bytes(data)
    with pytest.raises(IndexDamagedError):
        VectorIndex.load(folder / "v.faiss", "3:abc", DIMENSION)


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_bit_may_flip(tmp_path_factory: pytest.TempPathFactory, written: bytes, place: float, bit: int) -> None:
    data = bytearray(written)
    data[int(place * len(data))] ^= 1 << bit
    refused(tmp_path_factory.getbasetemp(), bytes(data))


@pytest.mark.parametrize("keep", [0, 1, 40, 0.5, -1])
def test_a_shortened_file_is_refused(tmp_path: Path, written: bytes, keep: float) -> None:
    refused(tmp_path, written[: int(keep * len(written)) if 0 < keep < 1 else int(keep)])


@pytest.mark.parametrize("data", [b"[]\n", b"null\n", b"\n", b"\xff\xfe\n", b"{}" * 5000, b"[" * 4000 + b"\n"])
def test_other_files_are_refused(tmp_path: Path, written: bytes, data: bytes) -> None:
    refused(tmp_path, data)
    refused(tmp_path, data + written)

"""What is damaged is named, what can be read is saved, and nothing else is touched."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from qa import Library
from qa.errors import LibraryDamagedError, LibraryLockedError
from qa.library import LOCK, locked
from qa.salvage import repair
from tests.benchmarks import durability

pytestmark = pytest.mark.slow
ARTICLES = 40


def text_of(name: str) -> str:
    return " ".join(
        f"Officials met on {day} May 2011 to discuss route {name}, a spokesman said." for day in range(1, 6)
    )


def write(file: Path, names: list[str]) -> Path:
    rows = [{"id": name, "title": f"Talks {name}", "text": text_of(name)} for name in names]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of many small articles; tests damage a copy of it."""
    folder = tmp_path_factory.mktemp("made")
    articles = write(folder / "a.jsonl", [f"a{i}" for i in range(ARTICLES)])
    with Library.open(folder / "library") as library:
        assert len(library.add([articles]).added) == ARTICLES
    return folder / "library"


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "library")
    return tmp_path / "library"


def change(folder: Path, statement: str) -> None:
    with sqlite3.connect(folder / "library.db") as db:
        db.execute(statement)
    db.close()


def flip(folder: Path, text: bytes) -> None:
    """Flip a bit in the first place where the database holds a text."""
    path = folder / "library.db"
    data = bytearray(path.read_bytes())
    data[data.index(text)] ^= 128
    path.write_bytes(data)


def zero(page: int) -> Callable[[bytearray], None]:
    def change(data: bytearray) -> None:
        data[(page - 1) * 4096 : page * 4096] = bytes(4096)

    return change


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE articles SET text = replace(text, 'route a7,', 'route a8,') WHERE id = 'a7'",
        "UPDATE articles SET published = '2011-13-45' WHERE id = 'a7'",
        "UPDATE articles SET title = 7 WHERE id = 'a7'",
        "UPDATE passages SET end = end - 1 WHERE article_id = 'a7'",
        "UPDATE passages SET start = 'x' WHERE article_id = 'a7'",
        "UPDATE passages SET vector = zeroblob(768) WHERE article_id = 'a7'",
        "UPDATE passages SET vector = x'00' WHERE article_id = 'a7'",
        "UPDATE mentions SET first = first - 1 WHERE passage = (SELECT rowid FROM passages WHERE article_id = 'a7')",
    ],
)
def test_the_one_damaged_article_is_named_and_adding_it_again_or_a_repair_mends_it(copy: Path, statement: str) -> None:
    change(copy, statement)
    with Library.open(copy) as library, pytest.raises(LibraryDamagedError, match=r"damaged articles: a7\);"):
        library.check()
    lost = ("a7",) if "articles" in statement.split(" SET ", 1)[0] else ()
    found = repair(copy)
    assert (found.saved, found.lost) == (ARTICLES - len(lost), lost)
    with Library.open(copy) as library:
        assert library.check() == []
        assert library.add([write(copy.parent / "again.jsonl", ["a7"])]).added == lost
        assert library.article("a7").text == text_of("a7")
        assert library.check() == []


def test_a_flipped_bit_in_a_text_is_never_cited_and_is_mended_by_adding_the_article_again(copy: Path) -> None:
    flip(copy, b"route a11, a spokesman")
    with Library.open(copy) as library:
        with pytest.raises(LibraryDamagedError, match="the article a11 is damaged; add it again"):
            library.article("a11")
        numbers = library.store.matching(None, None, None)
        with pytest.raises(LibraryDamagedError, match="a11"):
            library.rows(numbers.tolist())
        assert library.add([write(copy.parent / "again.jsonl", ["a11"])]).updated == ("a11",)
        assert len(library.rows(library.store.matching(None, None, None).tolist())) == library.count()[1]
        assert library.check() == []


@pytest.mark.parametrize("page", [1, 2, 5, 9])
def test_a_page_that_is_lost_costs_no_more_than_what_stood_in_it(copy: Path, made: Path, page: int) -> None:
    path = copy / "library.db"
    data = bytearray(path.read_bytes())
    zero(page)(data)
    path.write_bytes(data)
    before = data
    try:
        found = repair(copy)
    except LibraryDamagedError as error:  # the first page names all the tables
        assert page <= 2 and "nothing can be read" in str(error)
        assert path.read_bytes() == before
        assert not list(copy.glob("*.damaged-*")) and not (copy / ".repair").exists()
        return
    assert found.saved + len(found.lost) == ARTICLES and found.saved >= ARTICLES - 15
    assert Path(found.kept).stat().st_size == len(before)
    with Library.open(copy) as library, Library.open(made) as whole:
        assert library.check() == []
        for article in library.articles():
            assert article == whole.article(article.id)


def test_a_database_cut_off_is_read_up_to_there_and_a_broken_head_costs_nothing(copy: Path) -> None:
    path = copy / "library.db"
    whole = path.read_bytes()
    path.write_bytes(b"\0" * 24 + whole[24:])
    with pytest.raises(LibraryDamagedError, match="talks-qa check --repair"):
        Library.open(copy)
    assert repair(copy).lost == ()
    path.write_bytes(whole[: int(0.7 * len(whole))])
    assert 0 < repair(copy).saved < ARTICLES
    with Library.open(copy) as library:
        assert library.check() == []


def test_a_log_that_holds_the_last_changes_is_read_too_and_then_gone(copy: Path) -> None:
    with Library.open(copy) as reader, Library.open(copy) as library:
        reader.count()
        with library.store.transaction():
            library.store.delete("a3")
        kept = copy.parent / "crashed"
        shutil.copytree(copy, kept)
    assert (kept / "library.db-wal").stat().st_size > 0
    change_head = bytearray((kept / "library.db").read_bytes())
    change_head[0] ^= 1
    (kept / "library.db").write_bytes(change_head)
    assert repair(kept).saved == ARTICLES - 1
    assert not (kept / "library.db-wal").exists()


def test_earlier_versions_are_saved_too_but_for_damaged_ones(copy: Path, tmp_path: Path) -> None:
    with Library.open(copy) as library:
        before = library.article("a5")
        for number in range(3):
            rows = [{"id": name, "text": f"{text_of(name)} Change {number}."} for name in ("a5", "a6")]
            (tmp_path / "b.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
            assert len(library.add([tmp_path / "b.jsonl"]).updated) == 2
        history = library.versions("a5")
    change(copy, "UPDATE versions SET body = x'00' WHERE article_id = 'a6' AND number = 2")
    with Library.open(copy) as library, pytest.raises(LibraryDamagedError, match="an earlier version of a6"):
        library.check()
    assert repair(copy).lost == ()
    with Library.open(copy) as library:
        assert (library.versions("a5"), len(library.versions("a6"))) == (history, 2)
        assert library.article("a5", before.version) == before
        assert library.check() == []


def test_a_repair_waits_for_no_writer_and_keeps_what_was_kept(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with locked(copy), pytest.raises(LibraryLockedError):
        repair(copy)
    monkeypatch.setattr("time.strftime", lambda form: "19700101-000000")  # the clock stands still, or went back
    kept = {repair(copy).kept, repair(copy).kept}
    assert len(kept) == 2 and all(Path(name).exists() for name in kept)
    assert (copy / LOCK).exists()


def test_a_database_that_is_gone_is_not_begun_anew_beside_its_indexes(copy: Path) -> None:
    (copy / "library.db").unlink()
    with pytest.raises(LibraryDamagedError, match="is empty, but its indexes were made from articles"):
        Library.open(copy)


def test_an_older_copy_put_back_is_told_once(copy: Path) -> None:
    before = (copy / "library.db").read_bytes()
    with Library.open(copy) as library:
        library.remove("a1")
    (copy / "library.db").write_bytes(before)
    told: list[str] = []
    with Library.open(copy, notify=told.append) as library:
        library.snapshot()
    assert len(told) == 1 and "is older than its indexes" in told[0]
    with Library.open(copy) as library:
        assert library.check() == []


@pytest.mark.parametrize("file", ["lexical", "vectors.faiss"])
def test_a_flipped_bit_in_an_index_makes_it_anew(copy: Path, file: str) -> None:
    path = copy / file
    if path.is_dir():
        path = next(path.glob("*.idx"))
    data = bytearray(path.read_bytes())
    data[-20] ^= 4
    path.write_bytes(data)
    with Library.open(copy) as library:
        assert library.check() == [f"{copy}: the search indexes were stale or damaged and were built again"]
        assert library.check() == []


def test_kills_cuts_full_disks_and_damage_lose_nothing_untold() -> None:
    tally = durability.run(10, seed=2)  # raises where anything is lost or wrong
    assert {kind for kind, _ in tally} == {name for name, _ in durability.HARM.values()}

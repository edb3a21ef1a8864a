"""The real SQLite: all or nothing, and nothing damaged is handed out."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from qa import schema
from qa.errors import LibraryDamagedError, LibraryError
from qa.records import Article, Passage
from qa.store import Store, passage_digest

TEXT = "One sentence stands here. Another stands there."


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "library.db")
    yield made
    made.close()


def put(store: Store, article: Article) -> tuple[list[int], list[int]]:
    spans = ((0, 25), (26, len(article.text)))
    passages = [Passage(f"{article.id}#{i}", article.id, i, s, e, article.text[s:e]) for i, (s, e) in enumerate(spans)]
    vectors = np.eye(2, 4, dtype=np.float16)
    with store.transaction():
        return store.put(article, passages, [passage_digest(article, p) for p in passages], vectors)


def test_an_article_is_stored_replaced_and_deleted(store: Store) -> None:
    article = Article("a", TEXT, "T", "O", date(2012, 3, 29))
    assert put(store, article) == ([], [1, 2])
    assert store.article("a") == article
    assert [(p.text, a.id) for _, p, a in store.rows([1, 2]).values()] == [(TEXT[:25], "a"), (TEXT[26:], "a")]
    removed, added = put(store, Article("a", TEXT + " More."))
    assert (removed, added) == ([1, 2], [3, 4])
    with store.transaction():
        assert store.delete("a") == [3, 4]
    assert store.count() == (0, 0)
    assert not store.untouched()


def test_a_failed_transaction_leaves_no_trace(store: Store) -> None:
    before = store.generation()
    with pytest.raises(RuntimeError), store.transaction():
        store.put(Article("a", TEXT), [], [], np.zeros((0, 4), dtype=np.float16))
        raise RuntimeError
    assert (store.generation(), store.count()) == (before, (0, 0))
    assert store.untouched()


def test_vectors_come_back_and_are_found_by_content(store: Store) -> None:
    article = Article("a", TEXT)
    put(store, article)
    assert store.vectors([2], 4)[2].tolist() == [0, 1, 0, 0]
    passage = next(iter(store.rows([1]).values()))[1]
    assert passage_digest(article, passage) in store.known_vectors([passage_digest(article, passage), b"other"])
    assert [numbers for numbers, _ in store.all_vectors(4)] == [[1, 2]]


def test_filters(store: Store) -> None:
    put(store, Article("a", TEXT, outlet="O", published=date(2012, 1, 1)))
    put(store, Article("b", TEXT))
    assert store.matching(date(2011, 1, 1), None, None).tolist() == [1, 2]
    assert store.matching(None, date(2011, 1, 1), None).tolist() == []
    assert store.matching(None, None, ["O"]).tolist() == [1, 2]
    assert store.outlets() == ["O"]


def test_the_days_that_passages_name_are_found(store: Store) -> None:
    dated = Article("a", "They met on Wednesday here. In April 2011 it snowed.", published=date(2011, 4, 21))
    spans = ((0, 27), (28, 52))
    passages = [Passage(f"a#{i}", "a", i, s, e, dated.text[s:e]) for i, (s, e) in enumerate(spans)]
    with store.transaction():
        store.put(dated, passages, [passage_digest(dated, p) for p in passages], np.zeros((2, 4), dtype=np.float16))
    wednesday = (date(2011, 4, 20), date(2011, 4, 20))
    assert store.naming(wednesday) == {1: 1.0, 2: pytest.approx(1 / 30)}
    assert store.naming(wednesday, [2]) == {2: pytest.approx(1 / 30)}
    assert store.naming((date(2011, 5, 1), date(2011, 5, 2))) == {}
    assert [(n, dated.text[m.start : m.end]) for n, m in store.dated(wednesday)] == [(1, "Wednesday")]
    assert store.span() == (date(2011, 4, 21), date(2011, 4, 21))
    with store.transaction():
        store.delete("a")
    assert store.naming(wednesday) == {}
    assert store.span() is None


def test_what_a_change_replaces_is_kept_once_and_found_by_its_version(store: Store) -> None:
    texts = [TEXT, TEXT + " More.", TEXT + " Much more.", TEXT]
    made = [Article("a", text, "T", "O", date(2012, 3, 29)) for text in texts]
    for article in made:
        put(store, article)
    assert [v.article for v in store.versions("a")] == [made[2], made[1]]
    assert [store.article("a", article.version) for article in made] == made
    assert store.article("a", "0" * 16) is None and store.article("b", made[0].version) is None
    assert store.damage() == []


@pytest.mark.parametrize(("most", "kept"), [(0, 0), (2, 2), (10, 4)])
def test_versions_are_bounded(tmp_path: Path, most: int, kept: int) -> None:
    bounded = Store(tmp_path / "library.db", most)
    for number in range(5):
        put(bounded, Article("a", f"{TEXT} And number {number}."))
        put(bounded, Article("b", f"{TEXT} Or number {number}."))
    assert [v.article.text[-2] for v in bounded.versions("a")] == list("3210")[:kept]
    assert len(bounded.versions("b")) == kept
    bounded.close()


@pytest.mark.parametrize(("keep", "left"), [(False, []), (True, [TEXT + " More.", TEXT])])
def test_versions_go_with_their_article_unless_they_are_to_be_kept(store: Store, keep: bool, left: list[str]) -> None:
    put(store, Article("a", TEXT))
    put(store, Article("a", TEXT + " More."))
    with store.transaction():
        assert store.remove("a", keep) == [3, 4]
    assert [v.article.text for v in store.versions("a")] == left
    assert store.article("a") is None
    assert store.article("a", Article("a", TEXT).version) == (Article("a", TEXT) if keep else None)


@pytest.mark.parametrize(
    "change", ["body = x'00'", "body = substr(body, 1, 60)", "digest = x'00'", "replaced = 'soon'"]
)
def test_a_damaged_version_is_never_handed_out_and_is_told(store: Store, change: str) -> None:
    put(store, Article("a", TEXT))
    put(store, Article("a", TEXT + " More."))
    with sqlite3.connect(store.path) as other:
        other.execute(f"UPDATE versions SET {change}")  # noqa: S608
    other.close()
    assert store.versions("a") == [] and store.article("a", Article("a", TEXT).version) is None
    assert store.damage() == ["an earlier version of a is damaged (row 1 of versions)"]


def test_a_damaged_text_is_not_kept_when_it_is_replaced(store: Store) -> None:
    put(store, Article("a", TEXT))
    with sqlite3.connect(store.path) as other:
        other.execute("UPDATE articles SET text = replace(text, 'One', 'Two')")
    other.close()
    put(store, Article("a", TEXT))
    assert store.versions("a") == []


def downgrade(path: Path) -> None:
    """Make a library's database what version 1 wrote."""
    with sqlite3.connect(path) as old:
        for table in ("mentions", "stories", "story_keys", "versions", "synced"):
            old.execute(f"DROP TABLE {table}")
        old.execute("UPDATE manifest SET value = '1' WHERE key = 'schema'")
    old.close()


def test_an_older_library_is_upgraded_when_it_is_opened(store: Store) -> None:
    put(store, Article("a", "They met us on Wednesday. Another stands there.", published=date(2011, 4, 21)))
    found, generation = store.naming((date(2011, 4, 20), date(2011, 4, 20))), store.generation()
    store.close()
    downgrade(store.path)
    upgraded = Store(store.path)
    assert found and upgraded.naming((date(2011, 4, 20), date(2011, 4, 20))) == found
    assert (upgraded.generation(), upgraded.manifest()["schema"]) == (generation, str(schema.VERSION))
    upgraded.close()


def test_an_older_library_that_cannot_be_written_to_is_read_without_its_days(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, Article("a", TEXT, published=date(2011, 4, 21)))
    store.close()
    downgrade(store.path)
    monkeypatch.setattr("os.access", lambda path, mode: False)  # the tests may run as root
    old = Store(store.path)
    day = (date(2011, 4, 20), date(2011, 4, 20))
    assert (old.writable, old.naming(day), old.dated(day), old.count()) == (False, {}, [], (1, 2))
    old.close()


def test_what_is_still_in_the_log_is_read_where_nothing_can_be_written(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, Article("a", TEXT))
    copied = tmp_path / "copied"
    copied.mkdir()
    for part in tmp_path.glob("library.db*"):
        shutil.copy(part, copied)
    assert (copied / "library.db-wal").stat().st_size > 0
    monkeypatch.setattr("os.access", lambda path, mode: False)
    read = Store(copied / "library.db")
    assert (read.writable, read.count(), read.damage()) == (False, (1, 2), [])
    read.close()


def test_a_change_is_in_the_file_itself_once_it_is_settled(store: Store) -> None:
    put(store, Article("a", TEXT))
    store.settle()
    assert store.path.with_name("library.db-wal").stat().st_size == 0
    assert TEXT.encode() in store.path.read_bytes()


def test_a_changed_text_is_never_handed_out(store: Store) -> None:
    put(store, Article("a", TEXT))
    with sqlite3.connect(store.path) as other:
        other.execute("UPDATE articles SET text = replace(text, 'One', 'Two')")
    other.close()
    with pytest.raises(LibraryDamagedError, match="damaged"):
        store.rows([1])


def test_another_schema_and_a_damaged_file_are_told(store: Store, tmp_path: Path) -> None:
    with sqlite3.connect(store.path) as other:
        other.execute("UPDATE manifest SET value = '99' WHERE key = 'schema'")
    other.close()
    with pytest.raises(LibraryError, match="schema version 99"):
        Store(store.path)
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(LibraryDamagedError, match="is damaged"):
        Store(broken)


LONG = (
    "The ferry between Keamari and Manora was stopped for 12 days after a fire in its engine room on Sunday, the "
    "port trust said. Nobody was hurt. Boats of the navy will carry people over until a second ferry comes back from "
    "repair, which cost 30 million rupees."
)


def stories(store: Store) -> dict[str, int]:
    """The story of each article."""
    with sqlite3.connect(store.path) as other:
        found = dict(other.execute("SELECT article_id, story FROM stories"))
    other.close()
    return found


def test_copies_share_a_story_until_its_first_article_is_gone_and_find_each_other_again(store: Store) -> None:
    cut = LONG[: LONG.index(" Boats")]
    for name, outlet, text in (("a", "O", LONG), ("b", "P", LONG), ("c", "Q", cut), ("d", "Q", TEXT)):
        put(store, Article(name, text, outlet=outlet))
    assert store.copies("a") == [("b", "P"), ("c", "Q")]
    assert store.copies("d") == []
    assert {article for _, article in store.told_by([1, 3, 7]).values()} == {"a", "b", "d"}
    for gone, left in (("a", [("c", "Q")]), ("c", [])):
        with store.transaction():
            store.delete(gone)
        assert store.copies("b") == left
    put(store, Article("b", TEXT, outlet="P"))
    put(store, Article("e", LONG, outlet="R"))
    assert len(set(stories(store).values())) == 3


def test_an_older_library_learns_which_articles_are_copies(store: Store) -> None:
    put(store, Article("a", LONG, outlet="O"))
    put(store, Article("b", LONG, outlet="P"))
    store.close()
    downgrade(store.path)
    again = Store(store.path)
    assert again.copies("a") == [("b", "P")]
    again.close()

"""What is exported comes back the same, and what was changed on the way does not come in."""

from __future__ import annotations

import json
import shutil
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa import Article, Library
from qa.articles import read_lines
from qa.errors import LibraryDamagedError
from qa.exchange import _parsed, bring_in, export
from qa.records import Rejection

pytestmark = pytest.mark.slow
WORDS = st.text(st.characters(codec="utf-8"), max_size=60)
STATES = st.lists(
    st.dictionaries(
        st.sampled_from(["a", "b", "ü", "z/1 «2»"]),
        st.builds(
            lambda text, title, outlet, published, kind: Article("", text, title, outlet, published, kind=kind),
            st.text(st.characters(codec="utf-8"), min_size=1, max_size=200),
            WORDS,
            WORDS,
            st.none() | st.dates(date(1, 1, 1)),
            st.sampled_from(["news", "opinion", "transcript"]),
        ),
        min_size=1,
    ),
    min_size=1,
    max_size=4,
)


def fill(library: Library, states: list[dict[str, Article]]) -> None:
    """Bring a library from state to state; what is no longer in it is removed, every second with its versions."""
    for state in states:
        articles = [Article(n, a.text, a.title, a.outlet, a.published, kind=a.kind) for n, a in state.items()]
        library.take((a.id, a) for a in articles)
        for number, article_id in enumerate(sorted(set(library.store.ids()) - set(state))):
            library.remove(article_id, keep_versions=number % 2 == 0)


def content(library: Library) -> Any:
    ids = [*library.store.ids(), *library.store.removed()]
    return [library.article(i) for i in library.store.ids()], {i: library.versions(i) for i in ids}


@settings(max_examples=15)
@given(states=STATES)
def test_what_is_exported_comes_back_the_same(tmp_path_factory: pytest.TempPathFactory, states: Any) -> None:
    folder = tmp_path_factory.mktemp("exchange")
    with Library.open(folder / "one") as one, Library.open(folder / "other") as other:
        fill(one, states)
        wanted = content(one)
        numbers = export(one, folder / "a.jsonl")
        assert numbers == (len(wanted[0]), sum(map(len, wanted[1].values())))
        report = bring_in(other, folder / "a.jsonl")
        assert len(report.added) == len(wanted[0]) and not report.rejected
        assert content(other) == wanted
        assert bring_in(other, folder / "a.jsonl").added == ()
        assert content(other) == wanted
        export(other, folder / "b.jsonl")
        assert (folder / "b.jsonl").read_bytes() == (folder / "a.jsonl").read_bytes()
        assert other.check() == []


@pytest.fixture(scope="module")
def exported(seeded: Library, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    file = tmp_path_factory.mktemp("exported") / "a.jsonl"
    export(seeded, file)
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"text": "Changed."}, "another hash"),
        ({"published": "2020-01-01"}, "another hash"),
        ({"published": "soon"}, "not a line of an export"),
        ({"title": 5}, "not a line of an export"),
        ({"extra": "x"}, "not a line of an export"),
        ({"version": None}, "another hash"),
        ({"replaced": "yesterday"}, "not a line of an export"),
        ({"id": ""}, "no id"),
        ({"id": "x" * 201}, "too long"),
        ({"text": "\ud800"}, "not a line of an export"),
    ],
)
def test_a_line_that_is_not_what_was_exported_is_rejected_and_the_rest_comes_in(
    tmp_path: Path, exported: list[dict[str, Any]], change: dict[str, Any], reason: str
) -> None:
    file = tmp_path / "a.jsonl"
    rows = [exported[0] | change, exported[1]]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with Library.open(tmp_path / "l") as library:
        report = bring_in(library, file)
        assert report.added == (exported[1]["id"],)
        assert [r.source for r in report.rejected] == [f"{file}:1"] and reason in report.rejected[0].reason


@given(
    line=st.binary(max_size=200) | st.recursive(st.none() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_any_line_is_an_article_or_a_rejection(tmp_path_factory: pytest.TempPathFactory, line: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.jsonl"
    file.write_bytes(line)
    assert all(isinstance(item, Rejection) for _, item in read_lines(file, _parsed))


def test_a_damaged_article_is_named_and_leaves_the_last_export(seeded: Library, tmp_path: Path) -> None:
    shutil.copytree(seeded.path, tmp_path / "l")
    with sqlite3.connect(tmp_path / "l" / "library.db") as db:
        (name,) = db.execute("UPDATE articles SET text = text || '.' RETURNING id").fetchone()
    db.close()
    (tmp_path / "a.jsonl").write_text("the last one", encoding="utf-8")
    with Library.open(tmp_path / "l") as library, pytest.raises(LibraryDamagedError, match=f"{name} is damaged"):
        export(library, tmp_path / "a.jsonl")
    assert (tmp_path / "a.jsonl").read_text(encoding="utf-8") == "the last one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "l"]

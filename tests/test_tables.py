"""Tables of articles: each row stands for itself, and what cannot be told apart is not guessed."""

from __future__ import annotations

import csv
import io
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa import drafts, tables
from qa.articles import count, read
from qa.records import Article
from tests import files
from tests.files import BODY, all_of, file, reason

WRITTEN = "Army chiefs met in Murree; they talked, at length.\nOne said: “It is done.”"


def table(*rows: list[str], separator: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(rows)
    return out.getvalue()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_each_row_is_an_article(separator: str, encoding: str, tmp_path: Path) -> None:
    rows = table(
        ["Id", "Title", "published", "text", "colour"],
        ["a", "Generals meet", "2012-03-29", WRITTEN, "blue"],
        ["", "", "", BODY, ""],
        separator=separator,
    )
    found = list(all_of(file(tmp_path, rows.encode(encoding), "news.csv")).values())
    assert found[0] == Article("a", WRITTEN, "Generals meet", published=date(2012, 3, 29))
    assert isinstance(found[1], Article)
    assert found[1].id.startswith("news-") and found[1].text == BODY


def test_columns_are_named(tmp_path: Path) -> None:
    rows = table(["headline", "body", "date", "text"], ["Generals meet", BODY, "29 March 2012", "a teaser"])
    columns = {"title": "headline", "text": "body", "published": "date"}
    (found,) = all_of(file(tmp_path, rows, "news.csv"), columns).values()
    assert isinstance(found, Article)
    assert (found.title, found.text, found.published) == ("Generals meet", BODY, date(2012, 3, 29))


def test_the_keys_of_json_are_named_in_the_same_way(tmp_path: Path) -> None:
    path = file(tmp_path, f'{{"body": "{BODY}", "headline": "Generals meet"}}\n{{"text": "{BODY}"}}', "news.jsonl")
    first, second = all_of(path, {"title": "headline", "text": "body"}).values()
    assert isinstance(first, Article) and (first.title, first.text) == ("Generals meet", BODY)
    assert second == "not an object with a `body` of type string"


def test_a_row_that_is_bad_does_not_take_the_next_with_it(tmp_path: Path) -> None:
    rows = table(["title", "text"], ["alone"], [], ["short", "x"], ["good", BODY]).encode()
    rows += b"latin,caf\xe9 " + BODY.encode() + b"\n" + table(["also good", BODY + " Again."]).encode()
    found = all_of(file(tmp_path, rows, "news.csv"))
    assert [":" + str(n) for n in range(2, 7)] == list(found)
    reasons = [item for item in found.values() if isinstance(item, str)]
    assert reasons == [
        "the row ends before its text",
        "no reporting left after cleaning",
        "not UTF-8 text; save the table as UTF-8",
    ]
    assert [item.title for item in found.values() if isinstance(item, Article)] == ["good", "also good"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf\n", "the file is empty"),
        ("id,text\n".encode("utf-16"), "not UTF-8 text; save the table as UTF-8"),
        (b"id,body\n1,x\n", "no column is called text; say which is, with --columns text=…; there are: id, body"),
        (b"id,text\n", "there is no article in it"),
    ],
)
def test_tables_without_articles_are_told(data: bytes, message: str, tmp_path: Path) -> None:
    assert reason(file(tmp_path, data, "news.csv")) == message


def test_a_column_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = file(tmp_path, table(["a", "b"], ["1", BODY]), "news.csv")
    assert all_of(path, {"text": "body"}) == {"": "there is no column 'body'; there are: a, b"}


def test_a_quote_without_its_end_ends_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_LINE", 10_000)
    rows = table(["title", "text"], ["good", BODY]) + 'bad,"begun\n' + f"x,{BODY}\n" * 1000
    first, told = all_of(file(tmp_path, rows, "news.csv")).values()
    assert isinstance(first, Article)
    assert isinstance(told, str) and told.startswith("the table cannot be read after row 2: ")


@pytest.mark.usefixtures("bounded")
def test_a_line_without_end_ends_the_table(tmp_path: Path) -> None:
    rows = table(["title", "text"], ["good", BODY]) + "x" * (2 * drafts.MAX_LINE)
    first, told = all_of(file(tmp_path, rows, "news.csv")).values()
    assert isinstance(first, Article)
    assert told == "the table cannot be read after row 2: the line is longer than 20 MB"


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: f"title,text\n{text}".encode()))
def test_any_bytes_in_a_table_end_well(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    assert all_of(file(tmp_path_factory.getbasetemp(), data, "any.csv"))


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)


@given(st.lists(CELL, min_size=1, max_size=5))
def test_what_a_spreadsheet_writes_is_read_back(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    rows = table(["title", "text"], *([str(n), f"{BODY} {text}"] for n, text in enumerate(texts)))
    found = [item for _, item in read([file(tmp_path_factory.getbasetemp(), rows, "any.csv")])]
    assert [item.title for item in found if isinstance(item, Article)] == [str(n) for n in range(len(texts))]


# -- Parquet


def parquet(folder: Path, **columns: list[object]) -> Path:
    import pyarrow
    import pyarrow.parquet

    path = folder / "news.parquet"
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return path


def test_parquet_is_read(tmp_path: Path) -> None:
    days: list[object] = [date(2012, 3, 29), None, None]
    path = parquet(tmp_path, headline=["Generals meet", None, "x"], text=[WRITTEN, BODY, None], published=days)
    first, second, third = all_of(path, {"title": "headline"}).values()
    assert isinstance(first, Article) and isinstance(second, Article)
    assert (first.title, first.text, first.published) == ("Generals meet", WRITTEN, date(2012, 3, 29))
    assert (second.title, second.published) == ("", None)
    assert third == "not an object with a `text` of type string"
    assert count([path]) == 1


def test_parquet_without_pyarrow_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = parquet(tmp_path, text=[BODY])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert reason(path) == "Parquet needs another package: pip install 'talks-qa[parquet]'"


def test_damaged_parquet_is_told(tmp_path: Path) -> None:
    whole = parquet(tmp_path, text=[BODY] * 100).read_bytes()
    for data in (b"PAR1", b"PAR1" * 100, whole[:-20], whole[:20] + b"\xff" * 40 + whole[60:]):
        assert all_of(files.file(tmp_path, data, "bad.parquet"))
    assert reason(file(tmp_path, b"PAR1" * 10, "a.parquet")).startswith("the Parquet file cannot be read")

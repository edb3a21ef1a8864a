"""Files and folders, good and bad."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import pytest

from qa.articles import count, read
from qa.records import Article, Rejection

BODY = "Officials met in the capital on Monday to discuss supply routes, a spokesman said."
PAGE = f"""<html><head><title>Talks in the capital</title><meta property="og:site_name" content="The Example">
<meta property="article:published_time" content="2012-03-29T10:00:00Z"></head><body><nav>Home Sport</nav><article>
<h1>Talks in the capital</h1><p>{BODY} They will go on.</p><p>Two generals were there, the spokesman added, and both of
them spoke for an hour about the closed border and the trucks that wait there.</p></article>
<div class="comments"><p>Bob: nonsense!</p></div></body></html>"""


def one(path: Path) -> Article | Rejection:
    ((_, item),) = list(read([path]))
    return item


def article(path: Path) -> Article:
    item = one(path)
    assert isinstance(item, Article), item
    return item


def reason(path: Path) -> str:
    item = one(path)
    assert isinstance(item, Rejection), item
    return item.reason


def test_front_matter_is_taken_at_its_word(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text(f"---\nid: x1\ntitle: T\noutlet: O\npublished: 2012-03-29\n---\n\n{BODY}\nIt went\non.\n\nShare\n")
    found = article(file)
    assert (found.id, found.title, found.outlet, found.published) == ("x1", "T", "O", date(2012, 3, 29))
    assert found.text == f"{BODY} It went on.\n\nShare"


def test_a_markdown_heading_is_the_title(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text(f"---\noutlet: O\n---\n# The heading\n\n{BODY}\n")
    assert (article(file).title, article(file).text) == ("The heading", BODY)


def test_plain_text_is_cleaned_and_keeps_its_id_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "My Page.txt"
    file.write_text(f"Share\n{BODY}\n")
    before = article(file)
    file.write_text(f"Share\n{BODY} More.\n")
    assert before.text == BODY
    assert before.id == article(file).id
    assert before.id.startswith("my-page-")


def test_a_page_gives_text_title_outlet_and_date(tmp_path: Path) -> None:
    file = tmp_path / "p.html"
    file.write_text(PAGE)
    found = article(file)
    assert (found.title, found.outlet, found.published) == ("Talks in the capital", "The Example", date(2012, 3, 29))
    assert BODY in found.text
    assert "nonsense" not in found.text
    assert "Sport" not in found.text


def test_json_lines_are_read_one_by_one(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    good = json.dumps({"id": "j1", "text": BODY, "published": "2012-05-01", "other": 1})
    file.write_text(f"{good}\n{{bad\n\n[1]\n" + json.dumps({"text": BODY, "published": "someday"}) + "\n")
    found = list(read([file]))
    assert [source.rsplit(":", 1)[1] for source, _ in found] == ["1", "2", "4", "5"]
    assert isinstance(found[0][1], Article)
    assert all(isinstance(item, Rejection) for _, item in found[1:])
    assert count([file]) == 5


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b"\x00\x01\x02 binary", "binary"),
        ("a.txt", b"caf\xe9 is what he said to the press in the capital", "not UTF-8"),
        ("a.txt", b"Share\nTweet\n", "no "),
        ("a.md", b"---\ntitle: [a\n---\n" + BODY.encode(), "not valid YAML"),
        ("a.md", b"---\na: &x [1]\nb: *x\n---\n" + BODY.encode(), "aliases"),
        ("a.md", b"---\n- a\n- b\n---\n" + BODY.encode(), "key: value"),
        ("a.md", b"---\npublished: someday\n---\n" + BODY.encode(), "cannot understand its date"),
        ("a.html", b"<html><body></body></html>", "no reporting"),
        ("a.txt", b"word " * 1_100_000, "of text"),
    ],
)
def test_what_cannot_be_read_is_rejected_with_its_reason(tmp_path: Path, name: str, data: bytes, expected: str) -> None:
    (tmp_path / name).write_bytes(data)
    assert expected in reason(tmp_path / name)


def test_folders_are_read_in_order_without_hidden_files_and_links_out(tmp_path: Path) -> None:
    outside = tmp_path / "secret.txt"
    outside.write_text(BODY)
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    for name in ("b.txt", "sub/a.txt", ".hidden.txt", "README.md", "c.pdf"):
        (folder / name).write_text(BODY)
    (folder / "link.txt").symlink_to(outside)
    assert [Path(source).name for source, _ in read([folder])] == ["b.txt", "a.txt"]


def test_missing_empty_and_special_files_are_rejected(tmp_path: Path) -> None:
    assert "no such file" in reason(tmp_path / "none.txt")
    (tmp_path / "empty").mkdir()
    assert "no article files" in reason(tmp_path / "empty")
    os.mkfifo(tmp_path / "pipe.txt")
    assert "not a regular file" in reason(tmp_path / "pipe.txt")

"""Files and folders, good and bad, become articles or rejections with a reason."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa import drafts
from qa.articles import count, read
from qa.cleaning import normalise
from qa.records import Article, Rejection

BODY = "Army chiefs of two countries met in Murree on Wednesday, an official said."
FRONT = f"""---
id: murree
title: "Generals meet: a first step"
outlet: The Hill Gazette
published: 2012-03-29
url: https://example.org/murree
author: [A. Reporter, B. Stringer]
kind: brief
colour: blue
---

{BODY}
"""


def one(path: Path) -> Article | Rejection:
    ((_, item),) = read([path])
    return item


def article(path: Path) -> Article:
    item = one(path)
    assert isinstance(item, Article), item
    return item


def reason(path: Path) -> str:
    item = one(path)
    assert isinstance(item, Rejection), item
    assert "\n" not in item.reason
    return item.reason


def file(folder: Path, text: str | bytes, name: str = "a.md") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


# -- text and Markdown


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.markdown", "a.news"])
def test_front_matter_is_taken_at_its_word(name: str, ending: str, tmp_path: Path) -> None:
    assert article(file(tmp_path, FRONT.replace("\n", ending), name)) == Article(
        "murree",
        BODY,
        "Generals meet: a first step",
        "The Hill Gazette",
        date(2012, 3, 29),
        "https://example.org/murree",
        "A. Reporter, B. Stringer",
        "brief",
    )


def test_a_file_with_front_matter_is_not_cleaned(tmp_path: Path) -> None:
    found = article(file(tmp_path, f"---\nid: a\n---\nShare\n\n{BODY}\n\nComments\n\nNo."))
    assert found.text == f"Share\n\n{BODY}\n\nComments\n\nNo."


def test_a_heading_is_the_title_where_none_is_named(tmp_path: Path) -> None:
    found = article(file(tmp_path, f"---\noutlet: Dawn\n---\n# Generals meet\n\n{BODY}"))
    assert (found.title, found.text) == ("Generals meet", BODY)


def test_lines_of_one_paragraph_are_joined(tmp_path: Path) -> None:
    found = article(file(tmp_path, "---\nid: a\n---\nThe generals met\nin Murree.\n\nThey talked."))
    assert found.text == "The generals met in Murree.\n\nThey talked."


def test_a_file_without_front_matter_is_cleaned(tmp_path: Path) -> None:
    page = f"Share\nGenerals discuss the border at a hill station\nPublished: 29 March 2012\n{BODY}\nAdvertisement\n"
    found = article(file(tmp_path, page, "page.txt"))
    assert (found.title, found.published, found.text) == (
        "Generals discuss the border at a hill station",
        date(2012, 3, 29),
        BODY,
    )


def test_the_opening_stands_for_a_missing_headline(tmp_path: Path) -> None:
    found = article(file(tmp_path, BODY * 3, "page.txt"))
    assert found.title.endswith("…") and len(found.title) <= 90
    assert BODY.startswith(found.title[:40])


def test_a_file_without_an_id_keeps_one_when_it_changes(tmp_path: Path) -> None:
    before = article(file(tmp_path, BODY, "Ärger in Murree!.txt")).id
    assert before.startswith("ärger-in-murree-")
    assert article(file(tmp_path, BODY + " They talked.", "Ärger in Murree!.txt")).id == before
    (tmp_path / "other").mkdir()
    assert article(file(tmp_path / "other", BODY, "Ärger in Murree!.txt")).id != before


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ("id: [1, 2", "the front matter is not valid YAML"),
        ("id: *a", "the front matter is not valid YAML: aliases are not allowed"),
        ("a: &a [x]\nb: [*a, *a]", "the front matter is not valid YAML: aliases are not allowed"),
        ("when: !!python/object/apply:os.system ['true']", "the front matter is not valid YAML"),
        ("published: 2012-13-45", "the front matter is not valid YAML"),
        ("- a\n- b", "the front matter is not a list of `key: value` lines"),
        ("a word", "the front matter is not a list of `key: value` lines"),
        ("[" * 5000, "the front matter is not valid YAML"),
        ("published: soon", "cannot understand its date 'soon'; write it as 2012-03-29"),
        ("published: 1066-10-14", "cannot understand its date '1066-10-14'"),
        (f"id: {'x' * 201}", "its id is longer than 200 characters"),
    ],
)
def test_bad_front_matter_is_told_in_one_line(front: str, message: str, tmp_path: Path) -> None:
    assert reason(file(tmp_path, f"---\n{front}\n---\n{BODY}")).startswith(message)


def test_front_matter_may_be_empty_or_null(tmp_path: Path) -> None:
    found = article(file(tmp_path, f"---\ntitle: Murree\nid:\npublished: ''\noutlet: null\n---\n{BODY}"))
    assert found.id.startswith("a-")
    assert (found.title, found.outlet, found.published, found.kind) == ("Murree", "", None, "news")


def test_long_metadata_is_cut(tmp_path: Path) -> None:
    found = article(file(tmp_path, f"---\ntitle: {'word ' * 200}\noutlet: {'x' * 500}\n---\n{BODY}"))
    assert len(found.title) <= 300 and len(found.outlet) == 120


def test_oversized_front_matter_is_none(tmp_path: Path) -> None:
    found = one(file(tmp_path, f"---\ntitle: {'word ' * 20_000}\n---\n{BODY}"))
    assert isinstance(found, Rejection) or len(found.title) <= 300


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_name_themselves_are_read(encoding: str, tmp_path: Path) -> None:
    text = "---\nid: a\n---\n“Kayani” said: ہم بات کریں گے – and left."
    assert article(file(tmp_path, text.encode(encoding))).text == "“Kayani” said: ہم بات کریں گے – and left."


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b" \n\t\n", "the file is empty"),
        (b"caf\xe9 " + BODY.encode(), "not UTF-8 text (byte 3); save it as UTF-8"),
        (b"\x7fELF\0\0" + BODY.encode(), "a binary file, not text"),
        (b"\xff\xfe\x00\xd8\x00\x00", "not UTF-8 text"),
        (b"Short.", "no reporting left after cleaning"),
        (b"---\nid: a\n---\n", "no text in it"),
        (b"---\nid: a\n---\n" + b"? " * 20, "no reporting left after cleaning"),
        (b"Share\nAdvertisement\nLogin\nHome\n", "no text in it"),
    ],
)
def test_files_without_reporting_are_rejected(data: bytes, message: str, tmp_path: Path) -> None:
    assert reason(file(tmp_path, data)).startswith(message)


def test_huge_files_and_texts_are_rejected(tmp_path: Path) -> None:
    path = file(tmp_path, "x")
    os.truncate(path, drafts.MAX_FILE + 1)
    assert reason(path) == "larger than 50 MB"
    for front in ("", "---\nid: a\n---\n"):
        assert reason(file(tmp_path, front + "word " * 1_000_001)) == "more than 5 MB of text"


# -- JSON Lines


def test_json_lines_each_stand_for_themselves(tmp_path: Path) -> None:
    lines: list[str] = [
        json.dumps({"id": "a", "text": BODY, "title": "Murree", "published": "29 March 2012", "tags": [1]}),
        "",
        "{nonsense",
        "[1]",
        '{"title": "no text"}',
        '{"text": 5}',
        '{"text": "short"}',
        json.dumps({"text": BODY, "published": "someday"}),
        "[" * 100_000,
        json.dumps({"text": f"\ud800 {BODY}", "url": "https://example.org/b"}),
    ]
    path = file(tmp_path, "\n".join(lines), "news.jsonl")
    found = list(read([path]))
    assert [source for source, _ in found] == [f"{path}:{n}" for n in (1, 3, 4, 5, 6, 7, 8, 9, 10)]
    good = [item for _, item in found if isinstance(item, Article)]
    assert good[0] == Article("a", BODY, "Murree", published=date(2012, 3, 29))
    assert good[1].id.startswith("news-") and good[1].text.endswith(BODY)
    assert len(good) == 2
    reasons = [item.reason for _, item in found if isinstance(item, Rejection)]
    for told, expected in zip(
        reasons,
        [
            "not a line of JSON",
            "not an object with a `text`",
            "not an object with a `text`",
            "not an object with a `text`",
            "no reporting left",
            "cannot understand its date 'someday'",
            "not a line of JSON",
        ],
        strict=True,
    ):
        assert told.startswith(expected) and "\n" not in told


def test_a_line_that_is_too_long_does_not_take_the_next_with_it(tmp_path: Path) -> None:
    path = tmp_path / "news.jsonl"
    with path.open("wb") as out:
        out.write(b'{"text": "' + b"x" * (2 * drafts.MAX_LINE) + b'"}\n')
        out.write(json.dumps({"id": "b", "text": BODY}).encode())
    first, second = (item for _, item in read([path]))
    assert isinstance(first, Rejection) and first.reason == "the line is longer than 20 MB"
    assert second == Article("b", BODY)


def test_a_text_that_is_too_long_is_rejected(tmp_path: Path) -> None:
    path = file(tmp_path, json.dumps({"text": "word " * 1_000_001}), "news.jsonl")
    assert reason(path) == "more than 5 MB of text"


def test_lines_without_an_id_are_known_by_their_address(tmp_path: Path) -> None:
    lines = [{"text": BODY, "url": "https://example.org/a"}, {"text": BODY + " Again.", "url": "https://example.org/a"}]
    path = file(tmp_path, "\n".join(map(json.dumps, lines)), "news.jsonl")
    first, second = (item for _, item in read([path]))
    assert isinstance(first, Article) and isinstance(second, Article)
    assert first.id == second.id and first.text != second.text


# -- pages


def test_a_page_gives_its_reporting_and_its_metadata(tmp_path: Path) -> None:
    told = "".join(f"<p>{BODY} This was said by the official in paragraph {n}.</p>" for n in ("one", "two", "three"))
    page = f"""<!doctype html><html lang="en"><head><title>Generals meet in Murree | The Hill Gazette</title>
    <meta property="og:title" content="Generals meet in Murree">
    <meta property="og:site_name" content="The Hill Gazette">
    <meta property="article:published_time" content="2012-03-29T08:00:00Z"><meta name="author" content="A. Reporter">
    <link rel="canonical" href="https://example.org/murree"></head><body><nav><a href="/">Home</a></nav>
    <article><h1>Generals meet in Murree</h1>{told}</article>
    <section class="comments"><p>A hotline will never help anybody, I think.</p></section>
    <footer>Copyright</footer><script>alert("x")</script></body></html>"""
    found = article(file(tmp_path, page, "page.html"))
    assert (found.title, found.outlet, found.published) == (
        "Generals meet in Murree",
        "The Hill Gazette",
        date(2012, 3, 29),
    )
    assert found.url == "https://example.org/murree"
    assert found.text.count(BODY) == 3
    for furniture in ("hotline", "Copyright", "alert", "<p>", "Home"):
        assert furniture not in found.text


@pytest.mark.parametrize(
    "data", [b"", b"\0\1\2\xff" * 50, b"<html></html>", b"<html><body><p>Hi</p></body></html>", b"<" * 10_000]
)
def test_pages_without_reporting_are_rejected(data: bytes, tmp_path: Path) -> None:
    assert reason(file(tmp_path, data, "page.html"))


# -- folders and other things


def test_folders_are_read_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b.md", "a.txt", "deep/c.md", "README.md", "readme.txt", ".hidden.md", ".git/d.md", "photo.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        file(tmp_path, BODY, name)
    found = [Path(source).relative_to(tmp_path).as_posix() for source, _ in read([tmp_path])]
    assert found == ["a.txt", "b.md", "deep/c.md"]
    assert count([tmp_path]) == 3


def test_a_hidden_folder_named_by_itself_is_read(tmp_path: Path) -> None:
    (tmp_path / ".news").mkdir()
    file(tmp_path / ".news", BODY)
    assert isinstance(one(tmp_path / ".news"), Article)
    assert isinstance(one(file(tmp_path, BODY, "README.md")), Article)


def test_links_that_lead_out_of_a_folder_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    inside = file(tmp_path / "in", BODY)
    outside = file(tmp_path, BODY, "secret.md")
    (tmp_path / "in" / "b.md").symlink_to(outside)
    assert [source for source, _ in read([tmp_path / "in"])] == [str(inside)]


def test_a_link_that_leads_round_in_circles_ends(tmp_path: Path) -> None:
    file(tmp_path, BODY)
    (tmp_path / "again").symlink_to(tmp_path)
    assert len(list(read([tmp_path]))) == 1


def test_a_folder_without_articles_is_told(tmp_path: Path) -> None:
    file(tmp_path, BODY, "photo.jpg")
    assert reason(tmp_path).startswith("the folder holds no article files (.md, ")


@pytest.mark.usefixtures("bounded")
def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    assert reason(tmp_path / "nowhere.md") == "no such file or folder"
    os.mkfifo(tmp_path / "pipe.md")
    assert reason(tmp_path / "pipe.md") == "not a regular file"
    assert reason(tmp_path).startswith("the folder holds no article files")
    assert reason(Path("/dev/zero")) == "not a regular file"
    assert reason(tmp_path / ("x" * 300 + ".md")) == "cannot be read: File name too long"
    assert reason(Path("~nobody-of-this-name/a.md")).startswith("cannot be read: ")
    assert count([tmp_path / ("x" * 300 + ".jsonl"), "~nobody-of-this-name/a.md"]) == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    path = file(tmp_path, BODY)
    path.chmod(0)
    assert reason(path) == "cannot be read: Permission denied"


def test_one_bad_file_does_not_stop_the_rest(tmp_path: Path) -> None:
    paths = [tmp_path / "nowhere", file(tmp_path, b"\0", "b.md"), file(tmp_path, BODY, "c.md")]
    assert [type(item) for _, item in read(paths)] == [Rejection, Rejection, Article]


def test_json_lines_are_counted(tmp_path: Path) -> None:
    file(tmp_path, "{}\n{}\n{}\n", "a.jsonl")
    file(tmp_path, BODY, "b.md")
    assert count([tmp_path]) == 4
    assert count([str(tmp_path / "nowhere.jsonl")]) == 1


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: f"---\n{text}\n---\n{BODY}".encode()))
def test_any_bytes_become_an_article_or_a_rejection(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = file(tmp_path_factory.getbasetemp(), data, "any.md")
    item = one(path)
    if isinstance(item, Article):
        assert normalise(item.text) == item.text
        assert item.id and len(item.id) <= 200 and "\n" not in item.id + item.title + item.outlet
    else:
        assert item.reason and "\n" not in item.reason

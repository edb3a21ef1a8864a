"""A library in step with a folder or a feed: what comes, what changes, what goes, and what must not go."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa import Library
from qa.errors import FetchError, LibraryError
from qa.records import Synced, SyncReport
from qa.sync import sync
from tests.web_site import NAME, Page, Pages, Site, fetcher, report

pytestmark = pytest.mark.slow
TEXT = "Officials met in the capital on Monday to discuss the {} supply route, a spokesman said."


def write(path: Path, article_id: str, text: str = TEXT) -> Path:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(f"---\nid: {article_id}\n---\n{text.format(article_id)}")
    return path


def held(library: Library) -> set[str]:
    return {article.id for article in library.articles()}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library") as library:
        yield library


@pytest.fixture
def folder(tmp_path: Path, library: Library) -> Path:
    """A folder of two articles that has been synced, beside an article of other origin."""
    folder = tmp_path / "folder"
    write(folder / "a.md", "a")
    write(folder / "b.md", "b")
    library.add(write(tmp_path / "own.md", "own"))
    assert sync(library, folder) == SyncReport(added=("a", "b"))
    return folder


def test_a_folder_is_matched(library: Library, folder: Path) -> None:
    assert sync(library, folder) == SyncReport(unchanged=("a", "b"))
    write(folder / "a.md", "a", "Nothing is left of the old words in this article about {}.")
    (folder / "b.md").unlink()
    write(folder / "deeper" / "c.md", "c")
    assert sync(library, folder) == SyncReport(added=("c",), updated=("a",), removed=("b",))
    assert held(library) == {"a", "c", "own"}
    assert "Nothing is left" in library.article("a").text
    assert library.check() == []


def test_a_plan_changes_nothing(library: Library, folder: Path) -> None:
    write(folder / "a.md", "a", "Nothing is left of the old words in this article about {}.")
    (folder / "b.md").unlink()
    write(folder / "c.md", "c")
    generation = library.generation()
    plan = sync(library, folder, dry_run=True)
    assert plan == SyncReport(added=("c",), updated=("a",), removed=("b",))
    assert (library.generation(), held(library)) == (generation, {"a", "b", "own"})
    assert sync(library, folder) == plan


def test_only_what_a_sync_of_the_same_folder_brought_is_removed(library: Library, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write(other / "d.md", "d")
    write(other / "own.md", "own")  # was there before
    assert sync(library, other) == SyncReport(added=("d",), unchanged=("own",))
    write(other / "e.md", "e")
    (other / "d.md").unlink()
    (other / "own.md").unlink()
    assert sync(library, other) == SyncReport(added=("e",), removed=("d",))
    assert held(library) == {"a", "b", "e", "own"}


def test_what_was_removed_by_hand_and_added_by_hand_is_not_a_syncs_any_more(library: Library, folder: Path) -> None:
    library.remove("b")
    (folder / "b.md").unlink()
    library.add(write(folder.parent / "b.md", "b"))
    assert sync(library, folder) == SyncReport(unchanged=("a",))
    assert "b" in held(library)


def test_a_file_that_moves_keeps_its_article_until_it_goes(library: Library, folder: Path) -> None:
    shutil.move(folder / "b.md", folder / "moved.md")
    assert sync(library, folder) == SyncReport(unchanged=("a", "b"))
    (folder / "moved.md").unlink()
    assert sync(library, folder).removed == ("b",)


def test_a_file_that_cannot_be_read_keeps_its_articles(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "dumps"
    folder.mkdir()
    dump = folder / "dump.jsonl"
    rows = [json.dumps({"id": i, "text": TEXT.format(i)}) for i in ("x", "y", "z")]
    dump.write_text("\n".join(rows))
    write(folder / "a.md", "a")
    assert sync(library, folder).added == ("a", "x", "y", "z")
    dump.write_text("\n".join([rows[0], "{cut off"]))
    damaged = sync(library, folder)
    assert (len(damaged.rejected), damaged.removed) == (1, ())
    (folder / "a.md").write_bytes(b"\xff\xfe\xff")
    assert sync(library, folder).removed == ()
    dump.write_text(rows[0])
    assert sync(library, folder).removed == ("y", "z")
    assert held(library) == {"a", "x"}


@pytest.mark.parametrize("fate", ["gone", "empty", "a file", "hidden"])
def test_a_folder_that_is_suddenly_empty_removes_nothing_unless_forced(
    library: Library, folder: Path, fate: str
) -> None:
    shutil.rmtree(folder)
    if fate == "empty":
        folder.mkdir()
    elif fate == "a file":
        folder.write_bytes(b"\0")
    elif fate == "hidden":
        write(folder / ".a.md", "a")
    for dry_run in (True, False):
        with pytest.raises(LibraryError, match=r"but 2 came from it before; --force removes them"):
            sync(library, folder, dry_run=dry_run)
    assert held(library) == {"a", "b", "own"}
    assert set(sync(library, folder, force=True).removed) == {"a", "b"}
    assert held(library) == {"own"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_within_that_cannot_be_entered_keeps_its_articles(library: Library, folder: Path) -> None:
    write(folder / "deeper" / "c.md", "c")
    sync(library, folder)
    (folder / "deeper").chmod(0)
    try:
        assert sync(library, folder).removed == ()
    finally:
        (folder / "deeper").chmod(0o755)


def test_a_folder_that_never_was_is_rejected(library: Library, tmp_path: Path) -> None:
    (rejected,) = sync(library, tmp_path / "nowhere").rejected
    assert rejected.reason == "no such file or folder"


def test_a_sync_that_was_cut_off_still_knows_what_it_brought(library: Library, folder: Path) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    write(folder / "c.md", "c")
    with pytest.raises(KeyboardInterrupt):
        sync(library, folder, stop)  # after the article is in
    assert "c" in held(library)
    (folder / "c.md").unlink()
    assert sync(library, folder).removed == ("c",)


# -- feeds


def feed(*names: str) -> Page:
    items = "".join(f"<item><title>Of {n}</title><link>/{n}</link></item>" for n in names)
    etag = f'"{"".join(names)}"'
    return Page(f"<rss version='2.0'><channel>{items}</channel></rss>", headers={"ETag": etag}, kind="text/xml")


def story(name: str, text: str = TEXT) -> Page:
    return dataclasses.replace(report(f"Of {name}", text.format(name)), headers={"ETag": f'"{len(text)}"'})


def test_a_feed_is_followed_and_what_drops_out_of_it_stays(library: Library) -> None:
    url = f"http://{NAME}/feed"
    pages: Pages = {"/feed": feed("a", "b"), "/a": story("a"), "/b": story("b")}
    with Site(pages, conditional=True) as site, fetcher(site) as client:
        first = sync(library, url, fetcher=client)
        assert len(first.added) == 2 and not first.rejected
        site.asked.clear()
        assert sync(library, url, fetcher=client) == SyncReport()
        assert site.asked == ["/feed"]
        site.pages |= {"/feed": feed("b", "c"), "/b": story("b", TEXT + " They left."), "/c": story("c")}
        second = sync(library, url, fetcher=client)
        assert [len(ids) for ids in dataclasses.astuple(second)] == [1, 1, 0, 0, 0]
        site.pages["/feed"] = feed("b", "c", "none")
        third = sync(library, url, fetcher=client)
        assert set(third.unchanged) == {*second.added, *second.updated}
        assert [r.source for r in third.rejected] == [f"http://{NAME}/none"]
        site.pages["/none"] = story("none")  # a page that failed is asked for again
        assert len(sync(library, url, fetcher=client).added) == 1
    assert len(held(library)) == 4


def test_the_plan_of_a_feed_changes_nothing_and_a_feed_that_fails_is_told(library: Library) -> None:
    url = f"http://{NAME}/feed"
    with Site({"/feed": feed("a"), "/a": story("a")}, conditional=True) as site, fetcher(site) as client:
        plan = sync(library, url, fetcher=client, dry_run=True)
        assert (len(plan.added), held(library), library.store.synced(url)) == (1, set(), [])
        assert sync(library, url, fetcher=client) == plan
        assert Synced("", "", '"a"') in library.store.synced(url)
        site.pages["/feed"] = Page("gone", 404)
        with pytest.raises(FetchError, match=f"^{url}: the server answers 404"):
            sync(library, url, fetcher=client)
    assert held(library) == set(plan.added)


def test_a_page_of_a_feed_that_was_removed_comes_again(library: Library) -> None:
    url = f"http://{NAME}/feed"
    with Site({"/feed": feed("a"), "/a": story("a")}, conditional=True) as site, fetcher(site) as client:
        (article_id,) = sync(library, url, fetcher=client).added
        library.remove(article_id)
        site.pages["/feed"] = feed("a", "a")
        assert sync(library, url, fetcher=client).added == (article_id,)

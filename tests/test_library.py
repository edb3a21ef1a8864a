"""A library on disk: what goes in stays, what is damaged is mended, one writes while many read."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from qa import Library, Retriever
from qa.errors import LibraryError, LibraryLockedError, UnknownArticleError
from qa.library import open_or_seed

pytestmark = pytest.mark.slow
BODY = "Officials met in the capital on Monday to discuss the {} supply route, a spokesman said. They will meet again."


def line(number: int, text: str = BODY) -> str:
    row = {"id": f"a{number}", "title": f"Talks {number}", "outlet": "O", "published": "2012-01-01"}
    return json.dumps(row | {"text": text.format(number)})


@pytest.fixture
def copy(seeded: Library, tmp_path: Path) -> Path:
    """A copy of the shipped library, to be changed."""
    shutil.copytree(seeded.path, tmp_path / "library")
    return tmp_path / "library"


def test_adding_again_changes_nothing_and_a_changed_article_replaces_its_passages(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(line(1) + "\n" + line(2) + "\n")
    with Library.open(tmp_path / "l") as library:
        assert library.add([file]).added == ("a1", "a2")
        generation = library.store.generation()
        assert library.add(file).unchanged == ("a1", "a2")
        assert library.store.generation() == generation
        file.write_text(line(1) + "\n" + line(2, "Nothing is left of the {} old words in this article.") + "\n")
        report = library.add([file])
        assert (report.updated, report.unchanged) == (("a2",), ("a1",))
        assert library.count() == (2, 2)
        assert [h.article.id for h in Retriever(library).search("old words", k=1)] == ["a2"]
        library.remove("a2")
        assert [a.id for a in library.articles()] == ["a1"]
        assert library.check() == []
        with pytest.raises(UnknownArticleError, match="no article has the id 'a2'"):
            library.remove("a2")


def test_an_id_twice_and_bad_lines_are_rejected_and_the_rest_goes_in(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text("\n".join([line(1), line(1, "Another text under the same id, number {}."), "{bad", line(3)]))
    with Library.open(tmp_path / "l") as library:
        report = library.add([file, tmp_path / "none.txt"])
        assert report.added == ("a1", "a3")
        assert ["also that of" in r.reason for r in report.rejected] == [True, False, False]


@pytest.mark.parametrize("damage", ["vectors gone", "vectors cut", "lexical gone", "stamp changed"])
def test_derived_files_are_made_again_from_the_truth(copy: Path, damage: str) -> None:
    vectors, lexical = copy / "vectors.faiss", copy / "lexical"
    if damage == "vectors gone":
        vectors.unlink()
    elif damage == "vectors cut":
        vectors.write_bytes(vectors.read_bytes()[:-100])
    elif damage == "lexical gone":
        shutil.rmtree(lexical)
    else:
        (lexical / "stamp").write_text("0:other")
    with Library.open(copy) as library:
        assert Retriever(library).search("What did Kayani refuse?", k=1)[0].article.outlet == "DNA"
        assert library.check() == []


def test_a_library_that_cannot_be_written_to_still_answers(copy: Path) -> None:
    if os.geteuid() == 0:
        # Root may write anywhere: a file where the folder should be is all that can be shown.
        with pytest.raises(LibraryError, match="is a file"):
            Library.open(copy / "library.db")
        return
    copy.chmod(0o555)
    try:
        with Library.open(copy) as library:
            assert Retriever(library).search("Kayani", k=1)
            with pytest.raises(LibraryError, match="cannot be written to"):
                library.add([])
    finally:
        copy.chmod(0o755)


def test_a_second_writer_is_told_and_readers_go_on(copy: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(line(1))
    with Library.open(copy) as library, FileLock(copy / "write.lock"):
        with pytest.raises(LibraryLockedError, match="another process is changing"):
            Library.open(copy).add([file])
        assert Retriever(library).search("Kayani", k=1)


def test_a_reader_sees_what_another_process_adds(copy: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(line(7, "The zeppelin {} landed in Quetta, a spokesman said on Monday."))
    with Library.open(copy) as library:
        retriever = Retriever(library)
        assert retriever.search("zeppelin", k=1)[0].article.id != "a7"
        code = "import sys; from qa import Library; Library.open(sys.argv[1]).add([sys.argv[2]])"
        subprocess.run([sys.executable, "-c", code, str(copy), str(file)], check=True)
        assert retriever.search("zeppelin", k=1)[0].article.id == "a7"


def test_a_killed_add_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text("\n".join(line(i) for i in range(1000)))
    code = (
        "import sys, os, signal; from qa import Library\n"
        "def progress(stage, done, total):\n"
        "    if done >= 400: os.kill(os.getpid(), signal.SIGKILL)\n"
        "Library.open(sys.argv[1]).add([sys.argv[2]], progress)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "l"), str(file)], check=False)
    assert done.returncode == -signal.SIGKILL
    with Library.open(tmp_path / "l") as library:
        assert library.count()[0] == 400
        assert Retriever(library).search("supply route 399", k=1)
        report = library.add([file])
        assert (len(report.unchanged), len(report.added)) == (400, 600)
        assert library.check() == []


def test_the_shipped_articles_make_the_first_library_and_only_that(tmp_path: Path) -> None:
    told: list[str] = []
    with open_or_seed(tmp_path / "l", told.append) as library:
        assert library.count()[0] == 5
        for article in library.articles():
            library.remove(article.id)
    assert any("shipped articles" in text for text in told)
    with open_or_seed(tmp_path / "l") as library:
        assert library.count() == (0, 0)


def test_a_library_that_outgrows_the_exact_index_finds_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text("\n".join(line(number) for number in range(1, 13)))
    with Library.open(tmp_path / "l") as library:
        library.add([file])
        vector = library.encoder.encode_query("Which supply route was discussed?")
        exact = library.nearest(vector, 5)
        assert library.store.manifest()["index"] == "exact"
        monkeypatch.setattr("embeddings.index.EXACT", 12)
        extra = tmp_path / "b.jsonl"
        extra.write_text(line(99, "Snow fell on {} villages in the north, and all roads were closed until the spring."))
        library.add([extra])
        assert library.store.manifest()["index"] == "6 lists"
        assert dict(library.nearest(vector, 5)) == pytest.approx(dict(exact))
        library.remove("a3")
        assert library.check() == []
        found = {h.article.id for h in Retriever(library).search("supply route", k=20)}
        assert "a3" not in found and "a4" in found
    with Library.open(tmp_path / "l") as again:
        assert len(again.snapshot().vectors) == 12 and again.snapshot().vectors.lists == 6


def test_other_weights_than_those_of_the_vectors_are_told(copy: Path) -> None:
    with Library.open(copy) as library:
        manifest = library.store.manifest()
        library.store.describe_encoder(manifest["encoder"], "0" * 64, int(manifest["dimension"]))
    with Library.open(copy) as library, pytest.raises(LibraryError, match=r"the weights of .* have changed"):
        Retriever(library).search("Kayani")

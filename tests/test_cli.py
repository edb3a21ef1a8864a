"""The command line: what it refuses to understand, and each command as a process."""

from __future__ import annotations

import dataclasses
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs
import pytest

import qa
from qa.cli import main
from qa.records import AddReport, Answer, Article, Citation, Event, Hit, Passage, SyncReport
from tests.web_site import Page, Site, report

HANGAR = """---
id: hangar
title: Talks in [bold]Rawalpindi[/bold]
outlet: The Express Tribune
published: 2012-03-29
---
General Ashfaq Parvez Kayani met Admiral Mike Mullen in Rawalpindi on Wednesday. General Kayani refused to give
Admiral Mullen the list of drone targets. The supply routes through Chaman had been closed since November 2011.
"""
VISIT = """---
id: visit
title: Visit to Washington
outlet: Dawn
published: 2015-10-22
---
Prime Minister Nawaz Sharif arrived in Washington on Tuesday. He will meet President Barack Obama at the White House
on Thursday. The two leaders are expected to discuss the sale of eight F-16 aircraft.
"""
REFUSED = "What did Kayani refuse to give Mullen?"
UNKNOWN = "Who won the cricket world cup in 1992?"


def environment(folder: Path) -> dict[str, str]:
    """An environment that knows nothing of this user but the cache of exported models, which takes long to make."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TALKS_", "XDG_", "PYTHON"))}
    return kept | {
        "HOME": str(folder / "home"),
        "XDG_CACHE_HOME": str(platformdirs.user_cache_path("talks-qa").parent),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_STATE_HOME": str(folder / "state"),
        "TALKS_LIBRARY": str(folder / "library"),
        "PYTHONPATH": str(Path(qa.__file__).parents[1]),
    }


def talks(
    folder: Path, *words: str, stdin: str = "", extra: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one command in `folder`, over the library there."""
    return subprocess.run(
        [sys.executable, "-m", "qa", *words],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        cwd=folder,
        env=environment(folder) | dict(extra or {}),
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two articles and a library of them; tests that change it take a copy."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "articles").mkdir()
    (folder / "articles" / "hangar.md").write_text(HANGAR, encoding="utf-8")
    (folder / "articles" / "visit.md").write_text(VISIT, encoding="utf-8")
    done = talks(folder, "add", "articles")
    assert (done.returncode, done.stdout) == (0, "added 2, updated 0, unchanged 0, rejected 0\n"), done.stderr
    return folder


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "copy")
    return tmp_path / "copy"


def fields(kind: Any) -> list[str]:
    return [field.name for field in dataclasses.fields(kind)]


# -- arguments


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["fly"], "invalid choice: 'fly'"),
        (["add"], "the following arguments are required: PATH"),
        (["add", "--columns", "headline", "a.csv"], "argument --columns: must be like title=headline,text=body"),
        (["sync"], "the following arguments are required: FOLDER|FEED"),
        (["add", "--limit", "0", "a.md"], "argument --limit: must be a number between 1 and 10000, not '0'"),
        (["remove"], "the following arguments are required: ID"),
        (["ask", "--since", "yesteryear", "Who?"], "argument --since: cannot understand the date 'yesteryear'"),
        (["ask", "--since", "2013", "--until", "2012", "Who?"], "--since 2013-01-01 is after --until 2012-12-31"),
        (["ask", "--threshold", "nan", "Who?"], "argument --threshold: must be a number between 0 and 1, not 'nan'"),
        (["ask", "--threshold", "1.1", "Who?"], "argument --threshold: must be a number between 0 and 1, not '1.1'"),
        (["search", "-k", "0", "Who?"], "argument -k: must be a number between 1 and 1000, not '0'"),
        (["search", "-k", "many", "Who?"], "argument -k: must be a number between 1 and 1000, not 'many'"),
        (["list", "--library", ""], "argument --library: the path is empty"),
        (["list", "two\nlines"], "unrecognized arguments: two lines"),
        (["eval"], "the following arguments are required: FILE"),
    ],
)
def test_wrong_usage_is_told_in_one_line(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(words)
    out, err = capsys.readouterr()
    assert stopped.value.code == 2
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("talks-qa") and message in line and line.endswith("--help")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"talks-qa {qa.__version__}\n"


@pytest.mark.parametrize(
    "name", ["ask", "search", "timeline", "repl", "add", "sync", "remove", "list", "eval", "check", "export", "import"]
)
def test_every_option_of_every_command_is_explained(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([name, "--help"])
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    options = [line for line in shown.splitlines() if line.startswith("  -")]
    assert any("--library" in line for line in options)
    for position, line in enumerate(shown.splitlines()):
        if line.startswith("  -") and len(line.split("  ")) < 3:  # a long option: its words stand on the next line
            assert shown.splitlines()[position + 1].startswith("   "), line


def test_a_wrong_setting_is_an_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TALKS_THRESHOLD", "high")
    assert main(["list"]) == 1
    assert capsys.readouterr() == ("", "talks-qa: setting 'threshold' must be a float, not 'high'\n")


@pytest.mark.parametrize("name", ["remove x", "check", "export x"])
def test_a_mistyped_library_is_not_made(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "missing"
    assert main(["--library", str(missing), *name.split()]) == 1
    assert capsys.readouterr().err == f"talks-qa: there is no library at {missing}; talks-qa add PATH makes one\n"
    assert not missing.exists()


@pytest.mark.slow
def test_help_loads_the_standard_library_alone() -> None:
    code = (
        "import sys; from qa.arguments import parser; parser().format_help();"
        "print(*sorted({name.split('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)))"
    )
    bare = [sys.executable, "-S", "-c", code]
    done = subprocess.run(bare, capture_output=True, text=True, check=True, cwd=Path(qa.__file__).parents[1])
    assert done.stdout.split() == ["__main__", "embeddings", "qa"] or done.stdout.split() == ["embeddings", "qa"]


# -- as a process


@pytest.mark.slow
def test_the_first_question_makes_the_library_of_the_shipped_articles(tmp_path: Path) -> None:
    done = talks(tmp_path, "ask", "--json", REFUSED)
    assert done.returncode == 0, done.stderr
    assert f"making a library of the shipped articles in {tmp_path / 'library'}\n" in done.stderr
    assert json.loads(done.stdout)["answered"] is True
    again = talks(tmp_path, "ask", REFUSED)
    assert (again.returncode, again.stderr) == (0, "")


@pytest.mark.slow
def test_an_answer_is_plain_text_in_a_pipe(made: Path) -> None:
    done = talks(made, "ask", *REFUSED.split(), extra={"FORCE_COLOR": "1"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert "General Kayani refused to give Admiral Mullen the list of drone targets.\n" in done.stdout
    assert "Talks in [bold]Rawalpindi[/bold] | The Express Tribune | 29 March 2012" in done.stdout


@pytest.mark.slow
def test_an_answer_as_json_is_the_record(made: Path) -> None:
    done = talks(made, "ask", "--json", "--history", "Who met Kayani?", REFUSED)
    answer = json.loads(done.stdout)
    assert list(answer) == fields(Answer)
    assert (answer["question"], answer["answered"]) == (REFUSED, True)
    assert all(list(citation) == fields(Citation) for citation in answer["citations"])
    assert answer["citations"][0]["published"] == "2012-03-29"
    assert done.stdout.count("\n") == 1


@pytest.mark.slow
def test_a_refusal_exits_with_3(made: Path) -> None:
    done = talks(made, "ask", UNKNOWN)
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.startswith("The articles in the library do not say.\n\nClosest in the library:\n\n[1] ")
    refused = talks(made, "ask", "--json", "--since", "2015", REFUSED)
    assert (refused.returncode, json.loads(refused.stdout)["answered"]) == (3, False)


@pytest.mark.slow
def test_the_threshold_decides_between_answer_and_refusal(made: Path) -> None:
    assert talks(made, "ask", "--threshold", "1", REFUSED).returncode == 3
    assert talks(made, "ask", "--threshold", "0", UNKNOWN).returncode == 0


@pytest.mark.slow
def test_a_question_comes_from_standard_input(made: Path) -> None:
    done = talks(made, "ask", stdin=f"{REFUSED}\n")
    assert done.returncode == 0 and "drone targets" in done.stdout
    empty = talks(made, "ask")
    assert (empty.returncode, empty.stdout) == (1, "")
    assert empty.stderr.startswith("talks-qa: the question is empty") and empty.stderr.count("\n") == 1


@pytest.mark.slow
def test_without_a_question_in_a_terminal_the_usage_is_wrong(made: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "qa", "ask"]
    ways: dict[str, Any] = {"capture_output": True, "text": True, "env": environment(made), "timeout": 60}
    try:
        done = subprocess.run(command, stdin=theirs, check=False, **ways)
    finally:
        os.close(ours)
        os.close(theirs)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("talks-qa ask: a question is needed")


@pytest.mark.slow
@pytest.mark.parametrize("rerank", [[], ["--rerank"]])
def test_search_finds_passages_within_its_filters(made: Path, rerank: list[str]) -> None:
    found = json.loads(talks(made, "search", "--json", "-k", "1", *rerank, "supply routes").stdout)
    (hit,) = found["hits"]
    assert found["question"] == "supply routes"
    assert [list(hit), list(hit["passage"]), list(hit["article"])] == [fields(Hit), fields(Passage), fields(Article)]
    assert hit["article"]["id"] == "hangar"
    filtered = json.loads(talks(made, "search", "--json", *rerank, "--outlet", "dawn", "supply routes").stdout)
    assert {hit["article"]["id"] for hit in filtered["hits"]} == {"visit"}
    nothing = talks(made, "search", *rerank, "--until", "2010", "supply routes")
    assert (nothing.returncode, nothing.stdout) == (3, "Nothing found.\n")


@pytest.mark.slow
def test_a_timeline_is_printed_in_order_and_within_its_bounds(made: Path) -> None:
    found = json.loads(talks(made, "timeline", "--json").stdout)
    days = [event["first"] for event in found["events"]]
    assert days and days == sorted(days) and found["topic"] == ""
    assert list(found["events"][0]) == fields(Event)
    nothing = talks(made, "timeline", "--until", "1999", "supply", "routes")
    assert (nothing.returncode, nothing.stdout) == (3, "Nothing dated was found.\n")
    assert talks(made, "timeline", "--since", "2013", "--until", "2012").returncode == 2


@pytest.mark.slow
def test_add_list_and_remove(copy: Path) -> None:
    assert talks(copy, "list").stdout == (
        "visit   2015-10-22  Dawn                 Visit to Washington\n"
        "hangar  2012-03-29  The Express Tribune  Talks in [bold]Rawalpindi[/bold]\n"
    )
    again = talks(copy, "add", "articles")
    assert (again.returncode, again.stdout) == (0, "added 0, updated 0, unchanged 2, rejected 0\n")
    new = copy / "new.md"
    new.write_text(VISIT.replace("id: visit", "id: later").replace("Tuesday", "Monday"), encoding="utf-8")
    report = json.loads(talks(copy, "add", "--json", "new.md", "nowhere.md").stdout)
    assert list(report) == fields(AddReport)
    assert report["added"] == ["later"]
    assert report["rejected"] == [{"source": "nowhere.md", "reason": "no such file or folder"}]
    unknown = talks(copy, "remove", "later", "nobody")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "no article has the id 'nobody'" in unknown.stderr
    assert talks(copy, "remove", "later", "visit").stdout == "removed 2\n"
    listed = json.loads(talks(copy, "list", "--json").stdout)["articles"]
    assert [(article["id"], article["published"]) for article in listed] == [("hangar", "2012-03-29")]
    assert list(listed[0]) == fields(Article)


@pytest.mark.slow
def test_the_columns_of_a_table_are_named(copy: Path) -> None:
    body = "Army chiefs of two countries met in Murree on Wednesday, an official said."
    (copy / "dump.csv").write_text(f'no,headline,body,day\nx,Generals meet,"{body}",2012-03-29\n', encoding="utf-8")
    told = talks(copy, "add", "dump.csv")
    assert told.returncode == 1 and "no column is called text" in told.stdout + told.stderr
    columns = "id=no,title=headline,text=body,published=day"
    assert talks(copy, "add", "dump.csv", "--columns", columns).stdout.startswith("added 1,")
    assert "x       2012-03-29  -                    Generals meet\n" in talks(copy, "list").stdout


@pytest.mark.slow
def test_adding_nothing_but_rejected_sources_is_an_error(copy: Path) -> None:
    (copy / "picture.md").write_bytes(b"\x89PNG\0\0")
    done = talks(copy, "add", "picture.md")
    assert done.returncode == 1
    assert done.stdout == (
        "added 0, updated 0, unchanged 0, rejected 1\nrejected picture.md: a binary file, not text\n"
    )
    assert done.stderr == f"talks-qa: nothing was added to {copy / 'library'}: every source was rejected\n"


@pytest.mark.slow
def test_pages_feeds_and_sitemaps_are_added_and_one_that_fails_stops_nothing(copy: Path) -> None:
    text = "General Kayani went to Brussels on Monday for talks about the supply route {}, a spokesman said."
    with Site({f"/{name}": report(f"Route {name}", text.format(name)) for name in "abc"}) as site:
        home = f"http://127.0.0.1:{site.port}"
        entries = "".join(f"<item><link>{home}/{name}</link></item>" for name in ("a", "b", "none"))
        site.pages["/feed"] = Page(f"<rss version='2.0'><channel>{entries}</channel></rss>", kind="text/xml")
        site.pages["/map"] = Page(f"<urlset><url><loc>{home}/c</loc></url></urlset>", kind="text/xml")
        words = ["--feed", f"{home}/feed", "--sitemap", f"{home}/map", "--feed", f"{home}/a"]
        done = talks(copy, "add", "--allow-private", "--json", f"{home}/a", *words)
        report_of = json.loads(done.stdout)
        assert (done.returncode, done.stderr) == (0, "")
        assert [len(report_of[name]) for name in ("added", "unchanged")] == [3, 1]
        reasons = {rejected["source"]: rejected["reason"] for rejected in report_of["rejected"]}
        assert reasons == {
            f"{home}/a": "is no feed; add the page itself without --feed",
            f"{home}/none": "the server answers 404 (Not Found)",
        }
        asked = len(site.asked)
        refused = talks(copy, "add", f"{home}/b")
        assert (refused.returncode, len(site.asked)) == (1, asked)
        assert "only with allow-private" in refused.stdout
        short = talks(copy, "add", "--allow-private", "--limit", "1", "--feed", f"{home}/feed")
        assert short.stdout == "added 0, updated 0, unchanged 1, rejected 0\n"
        assert short.stderr == f"{home}/feed lists more than 1 pages; --limit takes more of them\n"


@pytest.mark.slow
def test_sync_shows_its_plan_and_does_it(copy: Path) -> None:
    folder = copy / "kept"
    folder.mkdir()
    (folder / "later.md").write_text(VISIT.replace("id: visit", "id: later").replace("Tuesday", "Monday"))
    plan = talks(copy, "sync", "--dry-run", "kept")
    counts = "added 1, updated 0, unchanged 0, removed 0, rejected 0\n"
    assert (plan.returncode, plan.stdout) == (0, f"would add later\n{counts}")
    assert talks(copy, "sync", "kept").stdout == counts
    (folder / "later.md").unlink()
    refused = talks(copy, "sync", "kept")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"talks-qa: {folder}: the folder holds no article files")
    assert refused.stderr.endswith("but 1 came from it before; --force removes them\n")
    done = talks(copy, "sync", "--force", "--json", "kept")
    assert (done.returncode, list(json.loads(done.stdout))) == (0, fields(SyncReport))
    assert json.loads(done.stdout)["removed"] == ["later"]
    nowhere = talks(copy, "sync", "nowhere")
    assert (nowhere.returncode, nowhere.stderr) == (1, "talks-qa: nothing came from nowhere: everything was rejected\n")


@pytest.mark.slow
def test_check_mends_a_damaged_index(copy: Path) -> None:
    assert talks(copy, "check").stdout == "2 articles, 2 passages: all is well\n"
    (copy / "library" / "vectors.faiss").write_bytes(b"no index")
    done = talks(copy, "check", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, len(found["problems"]), found["articles"]) == (0, 1, 2)
    assert talks(copy, "check").stdout == "2 articles, 2 passages: all is well\n"


@pytest.mark.slow
def test_check_repairs_a_damaged_database_only_when_it_is_told_to(copy: Path) -> None:
    database = copy / "library" / "library.db"
    before = database.read_bytes().replace(b"closed since November 2011", b"closed since November 2012")
    database.write_bytes(before)
    told = talks(copy, "check")
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (1, "", 1)
    assert "damaged articles: hangar" in told.stderr and "talks-qa check --repair" in told.stderr
    assert database.read_bytes() == before
    found = json.loads(talks(copy, "check", "--repair", "--json").stdout)
    assert (found["articles"], found["lost"], Path(found["kept"]).read_bytes()[100:]) == (1, ["hangar"], before[100:])
    assert talks(copy, "add", "articles").stdout == "added 1, updated 0, unchanged 1, rejected 0\n"
    assert talks(copy, "check", "--repair").stdout == "2 articles, 2 passages: all is well\n"


@pytest.mark.slow
def test_what_is_exported_comes_back(copy: Path) -> None:
    assert talks(copy, "export", "all.jsonl").stdout == "exported 2 articles, 0 earlier versions\n"
    done = talks(copy, "import", "--library", "other", "all.jsonl")
    assert (done.returncode, done.stdout) == (0, "added 2, updated 0, unchanged 0, rejected 0\n")
    assert talks(copy, "list", "--library", "other", "--json").stdout == talks(copy, "list", "--json").stdout
    missing = talks(copy, "import", "nowhere.jsonl")
    assert (missing.returncode, missing.stderr) == (1, "talks-qa: nowhere.jsonl: No such file or directory\n")


@pytest.mark.slow
def test_errors_are_one_line_without_a_traceback(made: Path) -> None:
    (made / "file").touch()
    for words in (["--library", "file"], ["--library", "file/below"], ["--encoder", "./no-model"]):
        done = talks(made, "ask", *words, REFUSED)
        assert (done.returncode, done.stdout) == (1, ""), words
        assert done.stderr.startswith("talks-qa: ") and done.stderr.count("\n") == 1, done.stderr


@pytest.mark.slow
def test_a_reader_that_stops_reading_is_no_error(made: Path) -> None:
    command = f"{sys.executable} -m qa list | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, env=environment(made), timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("141\n", "")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_in_one_line(made: Path) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        command = [sys.executable, "-m", "qa", "list"]
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, env=environment(made), timeout=60, check=False
        )
    assert (done.returncode, done.stderr) == (1, "talks-qa: No space left on device\n")


@pytest.mark.slow
def test_an_output_that_lacks_a_character_shows_something_else(copy: Path) -> None:
    (copy / "accents.md").write_text(
        VISIT.replace("id: visit", "id: é’").replace("Tuesday", "Friday"), encoding="utf-8"
    )
    assert talks(copy, "add", "accents.md").returncode == 0
    done = talks(copy, "list", extra={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "??" in done.stdout


@pytest.mark.slow
def test_an_interrupt_ends_with_130_and_one_line(made: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "qa", "repl"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(made),
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write("/help\n")
        process.stdin.flush()
        assert process.stdout.readline().startswith("/sources")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert process.stderr.read() == "talks-qa: interrupted\n"

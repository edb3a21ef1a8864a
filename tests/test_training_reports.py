"""The reports the reader is trained on: their format, and the rows made from them."""

from __future__ import annotations

import random
import re
from datetime import date
from pathlib import Path

import pytest

from qa.training.near import ReportRows
from qa.training.reports import HELD_BACK, REPORTS, ReportError, main, read

FILES = sorted(REPORTS.glob("*.txt"))
GOOD = """\
=== Ferry strike ends | Harbour Post | 2013-09-18
The crews went back on Monday. They had asked for 5 percent and got 3 percent.
A spokesman, Olof Brink, said the talks had been hard.
--- questions
Q when did work resume
A Monday
F what had they wanted
A They had asked for [[5 percent]]
Q Why did Brink resign?
N
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "reports.txt"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    return path


def test_a_report_and_its_questions(tmp_path: Path) -> None:
    (report,) = read(written(tmp_path, GOOD))
    assert (report.title, report.outlet) == ("Ferry strike ends", "Harbour Post")
    assert report.published == date(2013, 9, 18)
    first, second, third = report.questions
    assert first.answer and report.text[slice(*first.answer)] == "Monday"
    assert second.answer and report.text[slice(*second.answer)] == "5 percent"
    assert second.before == (first,)
    assert (third.answer, third.before) == (None, ())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2013-09-18", "yesterday", "reports.txt:1"),
        ("=== Ferry", "Ferry", "reports.txt:1: a file of reports begins with"),
        (GOOD, "", "reports.txt:1: a file of reports begins with"),
        ("Monday.", "Monday.\udce9", "reports.txt: not UTF-8"),
        ("--- questions", "questions", "reports.txt:1"),
        ("A Monday", "A Tuesday", "reports.txt:6: the answer does not stand in the report"),
        ("A Monday", "A percent", "reports.txt:6: the answer stands more than once"),
        ("A Monday", "Q again", "reports.txt:6: expected A or N"),
        ("Q when", "F when", "reports.txt:5: a follow-up has a question before it"),
        ("resign?\nN\n", "resign?\n", "no A or N after 'Why did Brink resign?'"),
    ],
)
def test_what_is_wrong_is_named(
    old: str, new: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(ReportError, match=re.escape(said)):
        list(read(path))
    assert main([str(path)]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_shipped_reports_are_in_the_format_and_about_something_else(path: Path) -> None:
    reports = list(read(path))
    assert reports
    # A reader trained on the library's own subject would be measured on what it was told.
    assert not [r.title for r in reports if "Pakistan" in r.title or "Haqqani" in r.text or "Islamabad" in r.text]
    assert all(any(q.answer for q in r.questions) and any(not q.answer for q in r.questions) for r in reports)


def test_some_reports_are_kept_out_of_training() -> None:
    assert {path.name.startswith(HELD_BACK) for path in FILES} == {True, False}


def test_rows_hold_their_answers_and_follow_ups_what_they_follow(tmp_path: Path) -> None:
    reports = [*read(written(tmp_path, GOOD)), *read(REPORTS / "military.txt")]
    rows = list(ReportRows(reports, random.Random(3)))  # noqa: S311
    wanted = {r.text[slice(*q.answer)] for r in reports for q in r.questions if q.answer}
    found = {row.context[start:end] for row in rows for start, end in row.answers}
    assert wanted == found
    follow_ups = [row for row in rows if "what had they wanted" in row.question]
    assert follow_ups
    assert all(row.question.startswith("when did work resume ") for row in follow_ups)
    assert any(not row.answers for row in rows)

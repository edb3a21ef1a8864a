"""Scores against hand-worked examples, files of questions, verdicts, and `talks-qa eval` as a process."""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa import metrics
from qa.config import Config
from qa.errors import EvaluationError
from qa.evaluation import (
    Outcome,
    Question,
    add_arguments,
    check_quotes,
    error_list,
    judge,
    parse_questions,
    parse_squad,
    run,
    summarise,
    table,
)
from qa.records import Answer, Citation

UNIT = st.floats(0, 1, width=32)
SPANS = st.builds(
    metrics.SpanResult,
    prediction=st.sampled_from(["x", "y", "x y"]),
    answers=st.sampled_from([(), ("x",), ("y", "x y")]),
    score=st.sampled_from([-1.0, 0.0, 0.5, 2.0]),
)
JUDGED = st.lists(st.tuples(UNIT, st.booleans()), min_size=1, max_size=60)


def answer(quote: str | None, short: str | None = None, *, answered: bool = True, confidence: float = 0.9) -> Answer:
    cited = () if quote is None else (Citation(1, "a", "T", "Dawn", None, "", 0, len(quote), quote),)
    return Answer("?", answered, short, quote or "", confidence, cited)


def outcome(number: int, given: Answer, wanted: tuple[str, ...] = (), kind: str = "", after: str = "") -> Outcome:
    asked = Question(f"q{number}", "Who?", wanted, kind=kind, history=(after,) if after else ())
    verdict, short_right, sentence_right = judge(asked, given)
    return Outcome(asked, given, verdict, short_right, sentence_right, verdict == "right", 10.0 * number)


# --- words ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The U.S. Army", "us army"),
        ("  An apple,  a day! ", "apple day"),
        ("$1.1 billion", "11 billion"),
        ("Theatre", "theatre"),
        ("the", ""),
    ],
)
def test_normalise_is_squads(text: str, expected: str) -> None:
    assert metrics.normalise(text) == expected


def test_exact_match_and_f1_by_hand() -> None:
    assert metrics.exact_match("the army.", ["Navy", "Army"]) == 1.0
    assert metrics.exact_match("army chief", ["Army"]) == 0.0
    # 2 shared words of 3 predicted and 4 wanted: 2·2 / 7.
    assert metrics.f1("general ashfaq kayani", ["General Kayani of Pakistan"]) == pytest.approx(4 / 7)
    # A repeated word counts as often as both sides have it.
    assert metrics.f1("no no no", ["no no"]) == pytest.approx(4 / 5)
    assert metrics.f1("", ["word"]) == 0.0
    assert metrics.f1("", []) == metrics.exact_match("", []) == 1.0
    assert metrics.f1("word", []) == metrics.exact_match("word", []) == 0.0


@given(st.text(max_size=40), st.text(max_size=40))
def test_f1_is_symmetric_and_never_below_exact_match(one: str, other: str) -> None:
    assert metrics.f1(one, [other]) == metrics.f1(other, [one])
    assert metrics.exact_match(one, [other]) <= metrics.f1(one, [other]) <= 1.0


@pytest.mark.parametrize(
    ("text", "phrase", "expected"),
    [
        ("He refused, on the spot.", "refused on a spot", True),
        ("Kayani’s “red lines”", "Kayani's red lines", True),
        ("the talks—held in Doha—failed", "held in Doha", True),
        ("in 2010", "10", False),
        ("cooperation", "operation", False),
        ("anything", "the", False),
    ],
)
def test_contains_compares_whole_words(text: str, phrase: str, *, expected: bool) -> None:
    assert metrics.contains(text, phrase) is expected


# --- confidence ---


def test_auroc_by_hand() -> None:
    assert metrics.auroc([0.9, 0.8], [0.1, 0.2]) == 1.0
    assert metrics.auroc([0.1], [0.9]) == 0.0
    # Pairs: .8>.5, .8>.3, .5=.5, .5>.3 → 3.5 of 4.
    assert metrics.auroc([0.8, 0.5], [0.5, 0.3]) == pytest.approx(3.5 / 4)
    assert metrics.auroc([], [0.5]) is metrics.auroc([0.5], []) is None


@given(st.lists(UNIT, min_size=1, max_size=30), st.lists(UNIT, min_size=1, max_size=30))
def test_auroc_counts_pairs(positives: list[float], negatives: list[float]) -> None:
    wins = sum((p > n) + (p == n) / 2 for p in positives for n in negatives)
    assert metrics.auroc(positives, negatives) == pytest.approx(wins / len(positives) / len(negatives))


def test_calibration_error_by_hand() -> None:
    # Band 0.2: two answers, mean .25, none right; band 0.9: two (1.0 is in it), mean .95, one right.
    scores, right = [0.22, 0.28, 0.9, 1.0], [False, False, True, False]
    assert [b.count for b in metrics.reliability(scores, right)] == [2, 2]
    assert metrics.ece(scores, right) == pytest.approx((2 * 0.25 + 2 * 0.45) / 4)
    assert metrics.ece([], []) is None


def test_risk_coverage_by_hand() -> None:
    scores, right = [0.9, 0.2, 0.7, 0.4, 0.6], [True, False, False, True, True]
    coverage, risk = metrics.risk_coverage(scores, right)
    assert coverage.tolist() == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert risk.tolist() == pytest.approx([0, 1 / 2, 1 / 3, 1 / 4, 2 / 5])
    assert metrics.aurc(scores, right) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 4 + 2 / 5) / 5)
    assert metrics.accuracy_at_coverage(scores, right, 0.8) == pytest.approx(3 / 4)
    assert metrics.accuracy_at_coverage([], [], 0.8) is None
    # Answers of equal confidence share their errors.
    assert metrics.risk_coverage([0.5, 0.5], [True, False])[1].tolist() == pytest.approx([0.5, 0.5])


@given(JUDGED, st.randoms(use_true_random=False))
def test_scores_do_not_depend_on_the_order(judged: list[tuple[float, bool]], chance: random.Random) -> None:
    shuffled = chance.sample(judged, len(judged))
    for score in (metrics.ece, metrics.aurc):
        one, other = (score([c for c, _ in order], [right for _, right in order]) for order in (judged, shuffled))
        assert one == pytest.approx(other)


@given(JUDGED)
def test_full_coverage_is_plain_accuracy(judged: list[tuple[float, bool]]) -> None:
    confidences, correct = [c for c, _ in judged], [right for _, right in judged]
    accuracy = sum(correct) / len(correct)
    assert metrics.accuracy_at_coverage(confidences, correct, 1.0) == pytest.approx(accuracy)
    assert 0 <= (metrics.ece(confidences, correct) or 0) <= 1 + 1e-9


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 confidences for 1"):
        metrics.ece([0.1, 0.2], [True])


def test_bootstrap_interval_is_fixed_by_its_seed_and_holds_the_mean() -> None:
    values = [1.0] * 30 + [0.0] * 10
    low, high = metrics.bootstrap_interval(values) or (2.0, -1.0)
    assert metrics.bootstrap_interval(values) == (low, high)
    assert metrics.bootstrap_interval(values, seed=1) != (low, high)
    # The normal approximation: 0.75 ± 1.96·sqrt(.75·.25/40) = 0.616 to 0.884.
    assert low == pytest.approx(0.616, abs=0.03)
    assert high == pytest.approx(0.884, abs=0.03)
    assert metrics.bootstrap_interval([1.0, 1.0]) == (1.0, 1.0)
    assert metrics.bootstrap_interval([]) is None
    assert metrics.bootstrap_interval(values, samples=0) is None


# --- SQuAD ---


def test_squad_scores_by_hand() -> None:
    results = [
        metrics.SpanResult("army", ("the army",), 3.0),
        metrics.SpanResult("army chief", ("army",), 1.0),
        metrics.SpanResult("navy", (), 2.0),
        metrics.SpanResult("ships", (), -1.0),
    ]
    report = metrics.squad_scores(results, 0.0)
    # At 0 only the last is refused: 1 + 2/3 + 0 + 1 of 4.
    assert report["f1"] == pytest.approx((1 + 2 / 3 + 0 + 1) / 4)
    assert report["em"] == pytest.approx((1 + 0 + 0 + 1) / 4)
    assert report["no_answer_accuracy"] == pytest.approx(1 / 2)
    assert report["answerable_f1"] == report["spans_f1"] == pytest.approx((1 + 2 / 3) / 2)
    # Best: answer the first alone: 1 + 0 + 1 + 1.
    assert report["f1_at_best"] == report["em_at_best"] == pytest.approx(3 / 4)
    assert report["threshold_best_f1"] == 3.0
    assert report["auroc"] == pytest.approx(3 / 4)


def test_squad_scores_when_refusing_everything_is_best() -> None:
    results = [metrics.SpanResult("a b", ("c",), 5.0), metrics.SpanResult("d", (), 6.0)]
    report = metrics.squad_scores(results, 0.0)
    assert report["f1_at_best"] == 0.5
    assert report["threshold_best_f1"] > 6.0


@given(st.lists(SPANS, min_size=1, max_size=12))
def test_best_threshold_is_the_best_of_all(results: list[metrics.SpanResult]) -> None:
    best = metrics.squad_scores(results, 0.0)
    tried = [metrics.squad_scores(results, threshold)["f1"] for threshold in (-1.0, 0.0, 0.5, 2.0, 3.0)]
    assert best["f1_at_best"] == pytest.approx(max(tried))
    assert metrics.squad_scores(results, best["threshold_best_f1"])["f1"] == pytest.approx(max(tried))


def squad(**row: object) -> dict[str, object]:
    full = {"id": "1", "question": "Who?", "answers": [{"text": "Kayani", "answer_start": 0}], **row}
    return {"version": "1.1", "data": [{"title": "T", "paragraphs": [{"context": "Kayani did.", "qas": [full]}]}]}


def test_squad_files_of_both_versions() -> None:
    (first,) = parse_squad(squad(), "dev.json")
    assert (first.context, first.answers) == ("Kayani did.", ("Kayani",))
    (second,) = parse_squad(squad(is_impossible=True, answers=[]), "dev.json")
    assert second.answers == ()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"data": 3}, "dev.json: 'data' must be a list"),
        ({"data": []}, "no questions"),
        ({"data": ["x"]}, r"data\[0\]: 'paragraphs'"),
        (squad(answers=["Kayani"]), r"data\[0\]\.paragraphs\[0\]\.qas\[0\]: 'text'"),
        (squad(question=""), r"qas\[0\]: 'question'"),
    ],
)
def test_a_fault_in_a_squad_file_is_placed(data: object, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        parse_squad(data, "dev.json")


# --- our files ---


def line(**row: object) -> str:
    return json.dumps({"id": "q1", "question": "Who?", "article": None, "answers": [], **row})


def test_our_lines() -> None:
    text = line() + "\n\n" + line(id="q2", answers=["a\u2028b"], article="x", kind="who", history=["Before?"], more=1)
    first, second = parse_questions(text.replace("\\u2028", "\u2028") + "\n", "q.jsonl")
    assert first == Question("q1", "Who?", ())
    assert second == Question("q2", "Who?", ("a\u2028b",), article="x", kind="who", history=("Before?",))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("{", "line 2: not JSON"),
        ("[1]", "line 2: must be a JSON object, not list"),
        (line(id=7), "line 2: 'id' must be a string"),
        (line(id="q2", question=" "), "line 2: 'question'"),
        (line(id="q2", answers="Kayani"), "line 2: 'answers' must be a list"),
        (line(id="q2", answers=["the"]), "line 2: an answer has no word"),
        (line(id="q2", history=[""]), "line 2: 'history'"),
        (line(id="q2", article=5), "line 2: 'article'"),
        (line(), "line 2: id 'q1' was used before"),
        ('{"id": "q2", "question": "Who?"}', "line 2: 'answers'"),
    ],
)
def test_a_fault_in_our_file_has_its_line_number(bad: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        parse_questions(f"{line()}\n{bad}\n", "q.jsonl")


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    file, parser = tmp_path / "q.jsonl", argparse.ArgumentParser()
    add_arguments(parser)
    for content, words, message in (
        (None, (), r"cannot read .*q\.jsonl"),
        (b"\xff\xfe\x00", (), "cannot read"),
        (b"\n\n", (), "no questions"),
        (line().encode(), ("--originals", str(tmp_path / "none")), "no folder"),
        (line().encode(), ("--originals", str(tmp_path)), "no question names a file"),
        (line().encode(), ("--limit", "0"), "--limit"),
        (json.dumps(squad()).encode(), ("--originals", str(tmp_path)), "SQuAD"),
    ):
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(EvaluationError, match=message):
            run(parser.parse_args([str(file), *words]), Config(library=tmp_path / "library"))


# --- verdicts ---


@pytest.mark.parametrize(
    ("wanted", "given", "expected"),
    [
        (("Kayani",), answer("General Kayani refused.", "General Kayani"), ("right", True, True)),
        (("Kayani",), answer("General Kayani refused Mullen.", "Mullen"), ("right", False, True)),
        (("General Ashfaq Kayani",), answer("Kayani refused.", "Kayani"), ("right", False, False)),
        (("Kayani",), answer("Mullen asked.", "Mullen"), ("wrong", False, False)),
        (("Kayani",), answer("Mullen asked.", None), ("wrong", False, False)),
        (("Pasha", "Kayani"), answer("It was Kayani.", None), ("right", False, True)),
        (("Kayani",), answer("General Kayani refused.", answered=False), ("wrongly refused", False, False)),
        ((), answer(None, answered=False), ("rightly refused", False, False)),
        ((), answer("General Kayani refused.", "Kayani"), ("wrongly answered", False, False)),
    ],
)
def test_verdicts(wanted: tuple[str, ...], given: Answer, expected: tuple[str, bool, bool]) -> None:
    assert judge(Question("q", "Who?", wanted), given) == expected


def test_only_the_first_citation_counts() -> None:
    quotes = ("Mullen asked.", "Kayani refused.")
    cited = tuple(Citation(n, "a", "", "", None, "", 0, len(q), q) for n, q in enumerate(quotes, start=1))
    assert judge(Question("q", "Who?", ("Kayani",)), Answer("?", True, None, "", 0.9, cited))[0] == "wrong"


OUTCOMES = [
    outcome(1, answer("It was Kayani.", "Kayani", confidence=0.9), ("Kayani",), kind="who"),
    outcome(2, answer("It was Mullen.", "Mullen", confidence=0.6), ("Kayani",), kind="who"),
    outcome(3, answer("In May.", answered=False, confidence=0.3), ("May",), kind="when", after="Who?"),
    outcome(4, answer(None, answered=False, confidence=0.1)),
    outcome(5, answer("In June.", "June", confidence=0.95)),
]


def test_summary_counts_by_group() -> None:
    report = summarise(OUTCOMES, bootstrap=50)
    groups = report["groups"]
    assert list(groups) == ["all", "stand-alone", "follow-ups", "kind: when", "kind: who"]
    counts = {name: groups["all"][name]["count"] for name in ("right", "wrong", "wrongly refused", "rightly refused")}
    assert counts == {"right": 1, "wrong": 1, "wrongly refused": 1, "rightly refused": 1}
    assert groups["all"]["wrongly answered"] == {"count": 1, "share": 0.5}
    assert groups["kind: who"]["right"] == {"count": 1, "share": 0.5}
    assert groups["kind: who"]["rightly refused"] == {"count": 0, "share": None}
    assert groups["follow-ups"]["questions"] == 1
    headline = report["headline"]
    assert headline["answerable_right"]["share"] == pytest.approx(1 / 3)
    assert headline["unanswerable_refused"]["share"] == pytest.approx(1 / 2)
    assert headline["all_handled_well"]["share"] == pytest.approx(2 / 5)
    # One right answer at .9 against unanswerable at .1 and .95.
    assert report["confidence"]["auroc"] == pytest.approx(1 / 2)
    assert report["latency_ms"] == {"p50": 30.0, "p95": pytest.approx(48.0)}
    json.dumps(report, allow_nan=False)


def test_a_file_without_unanswerable_questions_still_reports() -> None:
    report = summarise(OUTCOMES[:1], bootstrap=0)
    assert report["confidence"]["auroc"] is None
    assert "unanswerable refused: 0 of 0\n" in table(report)


def test_table_and_error_list_are_what_a_person_needs() -> None:
    shown = table(summarise(OUTCOMES, bootstrap=50))
    assert "answerable right: 1 of 3 33.3%, 95% interval 0.0% to" in shown
    assert "p50 30 ms, p95 48 ms" in shown
    errors = "\n".join(error_list(OUTCOMES))
    assert "q2: wrong, confidence 0.60: Who?\n  wanted: Kayani\n  said: [Mullen] It was Mullen. (a)" in errors
    assert "q5: wrongly answered" in errors
    assert "q1" not in errors and "q4" not in errors


# --- the real thing ---


@pytest.mark.slow
def test_a_quote_that_is_not_in_its_article_is_an_error(tmp_path: Path) -> None:
    from qa.library import Library

    (tmp_path / "a.md").write_text("Kayani refused to hand over the report to Mullen on Monday.\n", encoding="utf-8")
    library = Library.open(tmp_path / "library")
    (identity,) = library.add([tmp_path / "a.md"]).added
    quote = Citation(1, identity, "", "", None, "", 0, 6, "Kayani")
    check_quotes(Answer("?", True, None, "", 1.0, (quote,)), library, "q1")
    for article, start, said in ((identity, 0, "Mullen"), (identity, 1, "Kayani"), ("unknown", 0, "Kayani")):
        wrong = Citation(1, article, "", "", None, "", start, start + 6, said)
        with pytest.raises(EvaluationError, match="question q1: citation 1 is not what article"):
            check_quotes(Answer("?", True, None, "", 1.0, (quote, wrong)), library, "q1")


@pytest.mark.slow
def test_eval_as_a_process(tmp_path: Path) -> None:
    questions = Path(__file__).parent.parent / "seeds" / "questions.jsonl"
    command = [sys.executable, "-m", "qa", "--library", str(tmp_path / "library"), "eval", str(questions)]
    ways: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 300, "cwd": tmp_path}
    done = subprocess.run([*command, "--limit", "5", "--json"], check=False, **ways)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["questions"] == len(report["outcomes"]) == 5
    counts = report["groups"]["all"]
    assert sum(counts[v]["count"] for v in ("right", "wrong", "wrongly refused")) == report["answerable"]
    assert all(0 <= o["answer"]["confidence"] <= 1 for o in report["outcomes"])
    bad = tmp_path / "bad.jsonl"
    bad.write_text("{}\n", encoding="utf-8")
    done = subprocess.run([*command[:-1], str(bad)], check=False, **ways)
    assert done.returncode == 1
    (message,) = done.stderr.strip().splitlines()
    assert message.endswith("bad.jsonl, line 1: 'id' must be a string that is not empty")

"""`talks-qa eval`: a file of questions → scores.

Two kinds of file, told apart by their content: our own lines of JSON, asked of the assistant over a library,
and SQuAD's JSON (version 1 or 2), where the reader alone reads each question's own paragraph.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from qa import metrics
from qa.config import Config
from qa.errors import EvaluationError, UnknownArticleError
from qa.records import Answer, as_json

if TYPE_CHECKING:
    from qa.library import Library
    from qa.reader import Reader

VERDICTS = ("right", "wrong", "wrongly refused", "rightly refused", "wrongly answered")
_FAULTS = ("wrong", "wrongly refused", "wrongly answered")
_READ_AT_ONCE = 256
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a file; without `answers` the articles do not answer it."""

    id: str
    question: str
    answers: tuple[str, ...]
    article: str | None = None
    original: str | None = None
    kind: str = ""
    history: tuple[str, ...] = ()
    standalone: str | None = None
    context: str = ""
    """The paragraph to read, in SQuAD files; in ours the whole library is asked."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question; `correct` is whether the answer would be right were nothing refused."""

    question: Question
    answer: Answer
    verdict: str
    short_right: bool
    sentence_right: bool
    correct: bool
    milliseconds: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `talks-qa eval`."""
    parser.add_argument("file", type=Path, metavar="FILE", help="questions: our JSON lines, or SQuAD's JSON")
    originals = "ask over a fresh library of the raw reports in FOLDER; questions about other articles are left out"
    parser.add_argument("--originals", type=Path, metavar="FOLDER", help=originals)
    parser.add_argument("--bootstrap", type=int, default=1000, metavar="N", help="resamples for the 95%% intervals")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N questions")
    parser.add_argument("--errors", action="store_true", help="list every question that was not right")
    parser.add_argument("--json", action="store_true", help="print one JSON object, with every question's outcome")


def run(args: argparse.Namespace, config: Config) -> int:
    """Evaluate a file and print its scores; return the exit code.

    Raises EvaluationError for a file that cannot be used and for a quote that is not in its article.
    """
    if args.bootstrap < 0 or (args.limit is not None and args.limit < 1):
        raise EvaluationError("--bootstrap must be 0 or more and --limit 1 or more")
    try:
        text = args.file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise EvaluationError(f"cannot read {args.file}: {reason}") from None
    if (data := _squad_data(text)) is not None:
        if args.originals:
            raise EvaluationError(f"--originals is for files of our own questions; {args.file} is a SQuAD file")
        from qa.reader import Reader

        results = read_squad(parse_squad(data, str(args.file))[: args.limit], Reader.load(config.reader))
        report: dict[str, Any] = metrics.squad_scores(results, 0.0)
        print(json.dumps(report) if args.json else metrics.squad_table(report))
        return 0
    questions = parse_questions(text, str(args.file))
    with ExitStack() as stack:
        library, questions = _library(args.originals, questions, config, stack)
        outcomes = evaluate(questions[: args.limit], library, config)
    report = summarise(outcomes, args.bootstrap)
    if args.json:
        print(json.dumps({**report, "outcomes": [as_json(o) for o in outcomes]}))
        return 0
    print(table(report))
    if args.errors:
        print(*error_list(outcomes), sep="\n")
    return 0


def parse_questions(text: str, name: str) -> list[Question]:
    """Read our lines of JSON; unknown fields are ignored.

    Raises EvaluationError, with name and line number, for a line that is not a question.
    """
    questions: list[Question] = []
    seen: set[str] = set()
    # Not splitlines(): U+2028 and its kin are allowed inside JSON strings.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        try:
            row = json.loads(line)
        except ValueError:
            raise EvaluationError(f"{where}: not JSON; each line must be one object") from None
        if not isinstance(row, dict):
            raise EvaluationError(f"{where}: must be a JSON object, not {type(row).__name__}")
        question = Question(
            id=_string(row, "id", where),
            question=_string(row, "question", where),
            answers=_strings(row, "answers", where),
            article=_optional(row, "article", where),
            original=_optional(row, "original", where),
            kind=_optional(row, "kind", where) or "",
            standalone=_optional(row, "standalone", where),
            history=_strings({"history": [], **row}, "history", where),
        )
        if question.id in seen:
            raise EvaluationError(f"{where}: id {question.id!r} was used before")
        if not all(metrics.normalise(answer) for answer in question.answers):
            raise EvaluationError(f"{where}: an answer has no word in it")
        seen.add(question.id)
        questions.append(question)
    if not questions:
        raise EvaluationError(f"{name}: no questions in it")
    return questions


def parse_squad(data: Any, name: str) -> list[Question]:
    """Read the parsed JSON of a SQuAD file, version 1 or 2; raises EvaluationError with the place of a fault."""
    questions: list[Question] = []
    for i, article in enumerate(_list(data, "data", name)):
        for j, paragraph in enumerate(_list(article, "paragraphs", f"{name}: data[{i}]")):
            place = f"{name}: data[{i}].paragraphs[{j}]"
            for k, row in enumerate(_list(paragraph, "qas", place)):
                where = f"{place}.qas[{k}]"
                asked = _string(row, "question", where)
                answers = [] if row.get("is_impossible") else _list(row, "answers", where)
                questions.append(
                    Question(
                        id=_string(row, "id", where),
                        question=asked,
                        context=_string(paragraph, "context", place),
                        answers=tuple(_string(answer, "text", where) for answer in answers),
                    )
                )
    if not questions:
        raise EvaluationError(f"{name}: no questions in it")
    return questions


def judge(question: Question, answer: Answer) -> tuple[str, bool, bool]:
    """Return the verdict, whether the short answer is right, and whether the first quote is.

    An answer is right when its first quote holds an acceptable phrase, or its short answer is part of one.
    """
    if not question.answers:
        return ("wrongly answered" if answer.answered else "rightly refused"), False, False
    if not answer.answered:
        return "wrongly refused", False, False
    short = answer.short or ""
    quote = answer.citations[0].quote if answer.citations else ""
    short_right = any(metrics.contains(short, phrase) for phrase in question.answers)
    sentence_right = any(metrics.contains(quote, phrase) for phrase in question.answers)
    overlaps = short_right or any(metrics.contains(phrase, short) for phrase in question.answers)
    return ("right" if sentence_right or overlaps else "wrong"), short_right, sentence_right


def evaluate(questions: Sequence[Question], library: Library, config: Config) -> list[Outcome]:
    """Ask every question, its history first, and judge the answers; quotes are checked against the articles.

    A refused question is asked once more with refusing switched off: calibration and risk over coverage need
    what would have been said. Only the first asking of a question itself is timed.
    """
    from qa.assistant import Assistant
    from qa.reader import Reader

    reader = Reader.load(config.reader)
    assistant = Assistant(library, config, reader)
    bold = Assistant(library, dataclasses.replace(config, threshold=0.0), reader)
    assistant.warm()
    outcomes: list[Outcome] = []
    for question in _progress(questions, "asking"):
        history: list[Answer] = []
        for earlier in question.history:
            history.append(assistant.ask(earlier, history))
        began = time.perf_counter()
        answer = assistant.ask(question.question, history)
        milliseconds = (time.perf_counter() - began) * 1000
        unrefused = answer if answer.answered else bold.ask(question.question, history)
        for given in (*history, answer, unrefused):
            check_quotes(given, library, question.id)
        verdict, short_right, sentence_right = judge(question, answer)
        correct = judge(question, unrefused)[0] == "right"
        outcomes.append(Outcome(question, answer, verdict, short_right, sentence_right, correct, milliseconds))
    return outcomes


def check_quotes(answer: Answer, library: Library, question_id: str) -> None:
    """Raise EvaluationError unless every quote stands at its place in its article, character for character."""
    for citation in answer.citations:
        try:
            text = library.article(citation.article_id).text
        except UnknownArticleError:
            text = ""
        if not citation.quote or text[citation.start : citation.end] != citation.quote:
            raise EvaluationError(
                f"question {question_id}: citation {citation.number} is not what article {citation.article_id} "
                f"says at {citation.start}-{citation.end}: {citation.quote!r}"
            )


def summarise(outcomes: Sequence[Outcome], bootstrap: int = 1000) -> dict[str, Any]:
    """Return the report of outcomes as JSON values: counts and shares by group, calibration, latency."""
    import numpy as np

    answerable = [o for o in outcomes if o.question.answers]
    unanswerable = [o for o in outcomes if not o.question.answers]
    confidences = [o.answer.confidence for o in outcomes]
    correct = [o.correct for o in outcomes]
    groups = {
        "all": list(outcomes),
        "stand-alone": [o for o in outcomes if not o.question.history],
        "follow-ups": [o for o in outcomes if o.question.history],
    }
    for kind in sorted({o.question.kind for o in outcomes if o.question.kind}):
        groups[f"kind: {kind}"] = [o for o in outcomes if o.question.kind == kind]
    p50, p95 = np.percentile([o.milliseconds for o in outcomes], [50, 95])
    return {
        "questions": len(outcomes),
        "answerable": len(answerable),
        "headline": {
            "answerable_right": metrics.share([o.verdict == "right" for o in answerable], bootstrap),
            "unanswerable_refused": metrics.share([o.verdict == "rightly refused" for o in unanswerable], bootstrap),
            "all_handled_well": metrics.share([o.verdict not in _FAULTS for o in outcomes], bootstrap),
        },
        "groups": {name: _counts(members) for name, members in groups.items() if members},
        "confidence": {
            "auroc": metrics.auroc(
                [o.answer.confidence for o in answerable if o.correct], [o.answer.confidence for o in unanswerable]
            ),
            "ece": metrics.ece(confidences, correct),
            "aurc": metrics.aurc(confidences, correct),
            "accuracy_at_80": metrics.accuracy_at_coverage(confidences, correct, 0.8),
        },
        "latency_ms": {"p50": float(p50), "p95": float(p95)},
    }


def table(report: dict[str, Any]) -> str:
    """Return the report of `summarise` as plain text."""
    columns = ("right", "short right", "sentence right", *VERDICTS[1:])
    rows = [["", "questions", *columns]]
    for name, counts in report["groups"].items():
        cells = [f"{counts[c]['count']} {metrics.percent(counts[c]['share'])}".rstrip() for c in columns]
        rows.append([name, str(counts["questions"]), *cells])
    lines = [*metrics.align(rows), ""]
    lines += [f"{name.replace('_', ' ')}: {metrics.share_text(share)}" for name, share in report["headline"].items()]
    scores, latency = report["confidence"], report["latency_ms"]
    lines += [
        "",
        f"confidence: AUROC {metrics.number(scores['auroc'])} (right answers against unanswerable questions), "
        f"calibration error {metrics.number(scores['ece'])}",
        f"risk over coverage: area {metrics.number(scores['aurc'])}, "
        f"accuracy at 80% coverage {metrics.percent(scores['accuracy_at_80'])}",
        f"time a question: p50 {latency['p50']:.0f} ms, p95 {latency['p95']:.0f} ms",
    ]
    return "\n".join(lines)


def error_list(outcomes: Sequence[Outcome]) -> list[str]:
    """Return two or three lines for each question that was not right: what was asked, wanted and answered."""
    lines: list[str] = []
    for outcome in (o for o in outcomes if o.verdict in _FAULTS):
        asked, answer = outcome.question, outcome.answer
        quote = answer.citations[0] if answer.citations else None
        lines += [
            "",
            f"{asked.id}: {outcome.verdict}, confidence {answer.confidence:.2f}: {asked.question}",
            f"  wanted: {' | '.join(asked.answers) or 'no answer'}",
            f"  {'said' if answer.answered else 'closest'}: "
            + (f"[{answer.short}] {quote.quote} ({quote.article_id})" if quote else "nothing"),
        ]
    return lines


def read_squad(questions: Sequence[Question], reader: Reader) -> list[metrics.SpanResult]:
    """Return the reader's best span for each question, in order; texts of like length are read together."""
    order = sorted(range(len(questions)), key=lambda i: len(questions[i].context))
    batches = [order[i : i + _READ_AT_ONCE] for i in range(0, len(order), _READ_AT_ONCE)]
    results: dict[int, metrics.SpanResult] = {}
    for batch in _progress(batches, "reading"):
        members = [questions[i] for i in batch]
        spans = reader.score([(q.question, "", q.context) for q in members])
        for i, asked, span in zip(batch, members, spans, strict=True):
            results[i] = metrics.SpanResult(asked.context[span.start : span.end], asked.answers, span.score)
    return [results[i] for i in range(len(questions))]


def _squad_data(text: str) -> Any:
    """Return the parsed file when it is one JSON object with SQuAD's `data`, else None."""
    try:
        data = json.loads(text)
    except ValueError:
        return None
    return data if isinstance(data, dict) and "data" in data else None


def _library(
    originals: Path | None, questions: list[Question], config: Config, stack: ExitStack
) -> tuple[Library, list[Question]]:
    """Return the library to ask and the questions it can be asked."""
    from qa.library import Library, open_or_seed

    if originals is None:
        return stack.enter_context(open_or_seed(config.library, _notify, encoder=config.encoder)), questions
    if not originals.is_dir():
        raise EvaluationError(f"no folder {originals} (--originals)")
    present = {path.name for path in originals.iterdir()}
    kept = [q for q in questions if q.original in present or not q.answers]
    if not any(q.answers for q in kept):
        raise EvaluationError(f"no question names a file in {originals} as its original")
    if left_out := len(questions) - len(kept):
        _notify(f"questions about other articles, left out: {left_out}")
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    library = stack.enter_context(Library.open(folder / "library", config.encoder, _notify))
    for rejection in library.add([originals]).rejected:
        _notify(f"{rejection.source}: {rejection.reason}")
    return library, kept


def _notify(message: str) -> None:
    print(message, file=sys.stderr)


def _progress(items: Sequence[T], what: str) -> Iterable[T]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(items, what, console=console, transient=True, disable=not console.is_terminal)


def _counts(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return each verdict's count and its share of the questions that can have it."""
    answerable = sum(bool(o.question.answers) for o in outcomes)
    tallies = {verdict: sum(o.verdict == verdict for o in outcomes) for verdict in VERDICTS}
    tallies["short right"] = sum(o.short_right for o in outcomes)
    tallies["sentence right"] = sum(o.sentence_right for o in outcomes)
    counts: dict[str, Any] = {"questions": len(outcomes), "answerable": answerable}
    for name, count in tallies.items():
        of = len(outcomes) - answerable if name in ("rightly refused", "wrongly answered") else answerable
        counts[name] = {"count": count, "share": count / of if of else None}
    return counts


def _string(row: Any, field: str, where: str) -> str:
    value = row.get(field) if isinstance(row, dict) else None
    if not isinstance(value, str) or not value.strip():
        raise EvaluationError(f"{where}: {field!r} must be a string that is not empty")
    return value


def _optional(row: dict[str, Any], field: str, where: str) -> str | None:
    return _string(row, field, where) if row.get(field) else None


def _strings(row: dict[str, Any], field: str, where: str) -> tuple[str, ...]:
    value = row.get(field)
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        raise EvaluationError(f"{where}: {field!r} must be a list of strings that are not empty")
    return tuple(value)


def _list(row: Any, field: str, where: str) -> list[Any]:
    value = row.get(field) if isinstance(row, dict) else None
    if not isinstance(value, list):
        raise EvaluationError(f"{where}: {field!r} must be a list")
    return value

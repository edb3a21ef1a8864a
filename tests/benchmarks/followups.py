"""Follow-up questions: `python tests/benchmarks/followups.py [--canard FILE]`.

44 dialogues of our own (`dialogues.jsonl`): 126 follow-ups, each with its stand-alone form, and 44 questions about
something else, asked over the shipped articles or over the reports that are kept out of training. Every turn is asked
three times: after the turns before it, as if it were the first, and in its stand-alone form. Half of the dialogues
(every second one) were used to choose the rules. `--strings` gives the history as questions alone.

`--canard FILE` measures instead how well the words that a follow-up is searched with cover the words of a rewrite
that a person made (CANARD, dev.json.xz, Elgohary et al. 2019): token recall, precision and F1 over stems without
stop words, means over the second half of the dialogues.
"""

from __future__ import annotations

import argparse
import json
import lzma
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from rich.console import Console
from rich.progress import track

from qa import Answer, Assistant, Config, Library
from qa.conversation import following, leans
from qa.evaluation import Question, judge
from qa.lexical import LexicalIndex
from qa.library import seed_folder
from qa.reader import Reader
from qa.training.calibrate import articles

DIALOGUES = Path(__file__).with_name("dialogues.jsonl")
CONSOLE = Console(stderr=True)


@dataclass(frozen=True)
class Outcome:
    """One turn of a dialogue: whether its answer was right in each way of asking, and how often was read."""

    turn: dict[str, Any]
    number: int
    answer: Answer
    right: bool
    plain: bool
    alone: bool
    first: bool  # whether the dialogue's first answer was right
    reads: int


class Counting(Reader):
    """The shipped reader, counting how often it is asked to read."""

    reads = 0

    def read(self, triples: Sequence[tuple[str, str, str]], best: int = 1) -> Any:
        """Read as any reader."""
        self.reads += 1
        return super().read(triples, best)


@contextmanager
def assistants(reader: Reader) -> Iterator[dict[str, Assistant]]:
    """Yield an assistant over each library that dialogues are about."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "reports.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in articles(Path(), "reports")), encoding="utf-8")
        seeds = seed_folder()
        assert seeds is not None
        with Library.open(Path(folder) / "seeds") as one, Library.open(Path(folder) / "reports") as other:
            one.add([seeds])
            other.add([file])
            yield {
                name: Assistant(lib, Config(library=lib.path), reader)
                for name, lib in (("seeds", one), ("reports", other))
            }


def outcomes(dialogues: Sequence[dict[str, Any]], strings: bool) -> list[Outcome]:
    """Ask every turn in every way."""
    found: list[Outcome] = []
    reader = cast("Counting", Counting.load())
    with assistants(reader) as by_name:
        for dialogue in track(dialogues, "asking", console=CONSOLE, transient=True):
            assistant = by_name[dialogue["library"]]
            history: list[Answer] = []
            first = False
            for number, turn in enumerate(dialogue["turns"]):
                before = reader.reads
                given = [answer.question for answer in history] if strings else history
                answer = assistant.ask(turn["question"], given)
                reads = reader.reads - before
                right = is_right(turn, answer)
                first = first or (number == 0 and right)
                plain = is_right(turn, assistant.ask(turn["question"])) if number else right
                alone = is_right(turn, assistant.ask(turn["alone"])) if turn["kind"] == "follow-up" else plain
                found.append(Outcome(turn, number, answer, right, plain, alone, first, reads))
                history.append(answer)
    return found


def is_right(turn: dict[str, Any], answer: Answer) -> bool:
    """Whether an answer is right, as `talks-qa eval` judges it."""
    return judge(Question("", turn["question"], tuple(turn["answers"])), answer)[0] == "right"


def lines(found: Sequence[Outcome]) -> list[str]:
    """Return the scores as lines of a table."""
    follow = [o for o in found if o.turn["kind"] == "follow-up"]
    able = [o for o in follow if o.alone]
    second = [o for o in able if o.number == 1 and o.first]
    topics = [o for o in found if o.turn["kind"] == "new topic"]
    known = [o for o in topics if o.plain]
    return [
        row("follow-ups right, as if they were the first question", [o.plain for o in follow]),
        row("follow-ups right after the turns before them", [o.right for o in follow]),
        row("follow-ups right in their stand-alone form", [o.alone for o in follow]),
        row("right where the stand-alone form is: as if first", [o.plain for o in able]),
        row("... after the turns before", [o.right for o in able]),
        row("... second turns, the first being right too", [o.right for o in second]),
        row("... later turns", [o.right for o in able if o.number > 1]),
        row("new topics right without a history", [o.plain for o in topics]),
        row("... of these harmed by the history", [not o.right for o in known]),
        f"| reads a follow-up | {mean([o.reads for o in follow]):.2f} |",
        f"| reads a new topic | {mean([o.reads for o in topics]):.2f} |",
    ]


def row(name: str, values: Sequence[bool]) -> str:
    """Return a share as a line of a table."""
    return f"| {name} | {sum(values)} of {len(values)} ({sum(values) / max(1, len(values)):.1%}) |"


def mean(values: Sequence[float]) -> float:
    """Return the mean, 0 of nothing."""
    return sum(values) / max(1, len(values))


def canard(path: Path) -> list[str]:
    """Return how ways of searching cover a person's rewrites, as lines of a table."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        rows = [r for r in json.load(file) if r["Question_no"] > 1]
    held = set(sorted({r["QuAC_dialog_id"] for r in rows})[1::2])
    rows = [r for r in rows if r["QuAC_dialog_id"] in held]
    ways: dict[str, Callable[[dict[str, Any]], str]] = {
        "the question alone": lambda r: str(r["Question"]),
        "the last question and this one": lambda r: f"{r['History'][-2]} {r['Question']}",
        "... and the last answer": lambda r: f"{r['History'][-2]} {r['History'][-1]} {r['Question']}",
        "as searched": lambda r: following(r["Question"], told(r["History"])).search,
    }
    index = LexicalIndex.fresh(None)
    table = [f"| {len(rows)} follow-ups | recall | precision | F1 |", "|---|---|---|---|"]
    for name, way in ways.items():
        scores = [overlap(set(index.terms(way(r))), set(index.terms(r["Rewrite"]))) for r in rows]
        table.append(f"| {name} | " + " | ".join(f"{mean(column):.3f}" for column in zip(*scores, strict=True)) + " |")
    return table


def told(history: Sequence[str]) -> list[Answer]:
    """Return CANARD's history (a title, a heading, then questions and answers in turn) as answers given."""
    turns = [(history[0], ""), *zip(history[2::2], history[3::2], strict=False)]
    return [
        Answer(asked, bool(said), said or None, said, 1.0, reading=asked if leans(asked) == 1 else "")
        for asked, said in turns
    ]


def overlap(found: set[str], wanted: set[str]) -> tuple[float, float, float]:
    """Return recall, precision and F1 of a set of words."""
    both = len(found & wanted)
    recall, precision = both / max(1, len(wanted)), both / max(1, len(found))
    return recall, precision, 2 * both / max(1, len(found) + len(wanted))


def main() -> int:
    """Measure, and print a table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--canard", type=Path, metavar="FILE", help="dev.json.xz: measure search words instead")
    parser.add_argument("--strings", action="store_true", help="the history as questions without their answers")
    parser.add_argument("--half", choices=("both", "chosen", "held"), default="both", help="which of the dialogues")
    parser.add_argument("--errors", action="store_true", help="list the follow-ups that history did not make right")
    args = parser.parse_args()
    if args.canard:
        try:
            print(*canard(args.canard), sep="\n")
        except (OSError, ValueError, KeyError, lzma.LZMAError) as error:
            print(f"followups: {args.canard}: {error}", file=sys.stderr)
            return 1
        return 0
    dialogues = [json.loads(text) for text in DIALOGUES.read_text(encoding="utf-8").splitlines()]
    part = {"both": slice(None), "chosen": slice(0, None, 2), "held": slice(1, None, 2)}[args.half]
    found = outcomes(dialogues[part], args.strings)
    print("| | |", "|---|---|", *lines(found), sep="\n")
    for o in found if args.errors else []:
        if (o.alone and not o.right) or (o.turn["kind"] == "new topic" and o.plain and not o.right):
            print(f"\n{o.turn['question']} ({o.answer.reading})\n  {o.answer.short}, not {o.turn['answers']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Training rows: public question/passage/span files → examples as the reader sees them at run time."""

from __future__ import annotations

import hashlib
import json
import lzma
import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from qa.records import header
from qa.training.negatives import Negatives

# How often a file's rows are drawn, relative to once each. Questions written to look answerable
# and not be are worth the most; reviews, tales and machine-mined negatives the least.
WEIGHTS = {
    "squad1_sample5k": 2.0,
    "squad1_train_du_test": 2.0,
    "squad2_train_11articles": 2.0,
    "squad2_human_pairs": 3.0,
    "squad2_human_unanswerable": 4.0,
    "clapnq_dev_unanswerable": 3.0,
    "squadshifts_newwiki": 1.5,
    "quoref_partial": 1.0,
    "timeqa_human_train": 1.0,
    "qed_nq": 0.8,
    "afriqa_en_pivot": 0.7,
    "fairytaleqa_explicit": 0.7,
    "squadshifts_reddit": 0.6,
    "squadshifts_amazon": 0.5,
    "covidqa": 0.3,
    "qamr_passages": 0.25,
    "mined_unanswerable": 0.25,
    "qamr_passages_mined_unanswerable": 0.2,
}
MADE_NEGATIVES = 0.25  # share of answerable rows turned into near-miss unanswerable ones
HEADERS = 0.7  # share of rows that get a title/outlet/date header
CONDITIONED = 0.12  # share of rows with a header whose question names its outlet or its date
OWN_NEGATIVES = 0.08  # ... of rows about our own reports, which have near misses of their own
REPORTS = 0.35  # share of rows about our own reports
NEWS = 0.45  # ... and of rows of our own questions about real news
HELD_OUT = 20  # one context in so many is kept for validation and calibration

OUTLETS = (
    "The Morning Chronicle", "Reuters", "AFP", "The Hindu", "The Nation", "Daily Courier", "The Times",
    "Associated Press", "The Guardian", "The Herald", "BBC News", "The Express", "Gulf News", "The Globe",
    "Business Standard", "The Sentinel", "City Press", "The Star", "Al Jazeera", "The Independent",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A question, a passage and the spans that answer it (none: the passage does not)."""

    question: str
    context: str
    answers: tuple[tuple[int, int], ...]  # half-open character spans of `context`
    title: str = ""
    outlet: str = ""
    published: date | None = None
    header: str = ""


def held_out(context: str) -> bool:
    """Whether a context belongs to the validation part: by content, so that every file agrees."""
    key = re.sub(r"\W+", "", context.lower())
    return int(hashlib.sha256(key.encode()).hexdigest(), 16) % HELD_OUT == 0


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of one `.jsonl.xz` file; spans that do not match their text are left out."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            raw = json.loads(line)
            context = raw["context"]
            spans = tuple(
                (a["start"], a["start"] + len(a["text"]))
                for a in raw["answers"]
                if a["text"] and context[a["start"] : a["start"] + len(a["text"])] == a["text"]
            )
            if raw["answers"] and not spans:
                continue
            title = str(raw.get("title", "")).replace("_", " ")
            yield Row(raw["question"].strip(), context, spans, title)


class Mixture:
    """The training mixture: an endless, seeded stream of public rows drawn by `WEIGHTS` and rows of our own."""

    def __init__(self, folder: Path, own: Callable[[random.Random], Sequence[Iterable[Row]]], seed: int) -> None:
        self.random = random.Random(seed)
        self.reports, self.news = own(self.random)
        self.pools: dict[str, list[Row]] = {}
        for name in WEIGHTS:
            rows = [r for r in read_rows(folder / f"{name}.jsonl.xz") if not held_out(r.context)]
            self.pools[name] = rows
        self.negatives = Negatives([r.context for rows in self.pools.values() for r in rows if r.answers], self.random)

    def __iter__(self) -> Iterator[Row]:
        sources = self._public(), self._own(self.reports), self._own(self.news)
        shares = 1 - REPORTS - NEWS, REPORTS, NEWS
        while True:
            yield next(self.random.choices(sources, shares)[0])

    def _public(self) -> Iterator[Row]:
        while True:  # one pass over the weighted mixture, shuffled, then another
            epoch: list[Row] = []
            for name, rows in self.pools.items():
                whole, part = divmod(WEIGHTS[name], 1.0)
                epoch += rows * int(whole)
                epoch += self.random.sample(rows, int(len(rows) * part))
            self.random.shuffle(epoch)
            for row in epoch:
                changed = self._missed(row, MADE_NEGATIVES)
                yield self._with_header(changed) if self.random.random() < HEADERS else changed

    def _own(self, rows: Iterable[Row]) -> Iterator[Row]:
        while True:
            epoch = list(rows)
            self.random.shuffle(epoch)
            for row in epoch:
                yield self._with_header(self._missed(row, OWN_NEGATIVES))

    def _missed(self, row: Row, share: float) -> Row:
        """Turn a share of the answerable rows into near misses."""
        if row.answers and self.random.random() < share:
            changed = self.negatives.make(row.question, row.context, row.answers)
            if changed:
                return replace(row, question=changed[0], context=changed[1], answers=())
        return row

    def _with_header(self, row: Row) -> Row:
        """Give a row a header as articles have one, sometimes with a question that depends on it."""
        rng = self.random
        title = row.title or _headline(row.context, rng)
        outlet = row.outlet or rng.choice(OUTLETS)
        published = row.published or date(rng.randint(1998, 2024), rng.randint(1, 12), rng.randint(1, 28))
        year = published.year
        kept = (title if rng.random() < 0.85 else "", outlet if rng.random() < 0.85 else "")
        row = replace(row, header=header(*kept, published))
        if rng.random() >= CONDITIONED:
            return row
        right = rng.random() < 0.5
        if kept[1] and rng.random() < 0.5:
            named = outlet if right else rng.choice([o for o in OUTLETS if o != outlet])
            question = rng.choice(
                (f"According to {named}, {row.question}", f"{row.question.rstrip('?')} according to {named}?")
            )
        else:
            when = f"{published:%B} {year}" if rng.random() < 0.5 else str(year)
            if not right:
                wrong = year + rng.choice((-9, -6, -4, -3, -2, -1, 1, 2, 3, 4, 6, 9))
                when = when.replace(str(year), str(wrong))
            question = rng.choice((f"In {when}, {row.question}", f"{row.question.rstrip('?')} in {when}?"))
        # A year or outlet the question asks for and the report is not of: not answered by this report.
        return replace(row, question=question, answers=row.answers if right else ())


def _headline(context: str, rng: random.Random) -> str:
    """Return a headline-like fragment of the context, for rows whose source has no title."""
    sentence = rng.choice(re.split(r"(?<=[.!?])\s+", context))
    words = sentence.split()[: rng.randint(4, 10)]
    return " ".join(words).strip(" .,;:\"'") if len(words) >= 3 else ""

"""Train the reader: `python -m qa.training.train --data FOLDER --start MODEL --out FOLDER`.

A run writes a checkpoint (weights, their average, optimizer) every few hundred steps and goes on from
it when called again with the same `--out`. Method: Devlin et al. 2018 for spans, with the null answer
at [CLS]; no dropout, because it keeps PyTorch on the CPU from its fused attention; what is saved is the
exponential moving average of the weights.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from embeddings.encoder import Encoder
from qa.metrics import auroc
from qa.reader import MAX_QUESTION_TOKENS
from qa.records import header
from qa.training.near import ReportRows
from qa.training.news import NewsRows
from qa.training.reports import HELD_BACK, REPORTS, read
from qa.training.rows import Mixture, Row, held_out, read_rows

MAX_TOKENS = 264
BLOCK = 40  # batches sorted by length together
SPAN_TOKENS = 48
AVERAGE = 0.998  # decay of the average, a step


@dataclass
class Batch:
    inputs: dict[str, Tensor]
    starts: Tensor
    ends: Tensor
    allowed: Tensor  # positions a span may use: [CLS] and the passage, not question or header


class Encoding:
    """Rows → token ids, cut to `MAX_TOKENS` with a window drawn at random round the answer."""

    def __init__(self, model: Path, seed: int) -> None:
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.random = random.Random(seed + 1)

    def encode(self, row: Row) -> tuple[list[int], int, int, int]:
        """Return (ids, first token of the passage, start, end); start = end = 0 for no answer."""
        question = self.tokenizer.encode(row.question, add_special_tokens=False).ids[-MAX_QUESTION_TOKENS:]
        header = self.tokenizer.encode(row.header, add_special_tokens=False).ids[:48] if row.header else []
        context = self.tokenizer.encode(row.context, add_special_tokens=False)
        room = MAX_TOKENS - len(question) - len(header) - 3
        first = last = -1
        if row.answers:
            begin, end = self.random.choice(row.answers)
            inside = [i for i, (s, e) in enumerate(context.offsets) if e > begin and s < end]
            if inside:
                first, last = inside[0], min(inside[-1], inside[0] + room - 1)
        length = len(context.ids)
        low = 0
        if length > room:
            if first >= 0:
                low = self.random.randint(max(0, last - room + 1), max(0, min(first, length - room)))
            else:
                low = self.random.randint(0, length - room)
        window = context.ids[low : low + room]
        offset = len(question) + len(header) + 2
        ids = [101, *question, 102, *header, *window, 102]
        if first < 0 or last - low >= room:
            return ids, offset, 0, 0
        return ids, offset, offset + first - low, offset + last - low

    def batch(self, encoded: list[tuple[list[int], int, int, int]], questions: list[int]) -> Batch:
        width = max(len(e[0]) for e in encoded)
        ids = torch.zeros(len(encoded), width, dtype=torch.long)
        mask = torch.zeros_like(ids)
        types = torch.zeros_like(ids)
        allowed = torch.zeros(len(encoded), width, dtype=torch.bool)
        for i, (row, offset, _, _) in enumerate(encoded):
            n = len(row)
            ids[i, :n] = torch.tensor(row)
            mask[i, :n] = 1
            types[i, questions[i] : n] = 1
            allowed[i, offset : n - 1] = True
            allowed[i, 0] = True
        return Batch(
            {"input_ids": ids, "attention_mask": mask, "token_type_ids": types},
            torch.tensor([e[2] for e in encoded]),
            torch.tensor([e[3] for e in encoded]),
            allowed,
        )

    def batches(self, rows: Iterator[Row], size: int) -> Iterator[Batch]:
        """Yield batches of rows of like length, in random order within each block."""
        while block := list(itertools.islice(rows, size * BLOCK)):
            encoded = sorted((self.encode(r) for r in block), key=lambda e: len(e[0]))
            groups = [encoded[i : i + size] for i in range(0, len(encoded), size)]
            self.random.shuffle(groups)
            for group in groups:
                yield self.batch(group, [e[0].index(102) + 1 for e in group])


def loss_of(model: Any, batch: Batch) -> Tensor:
    out = model(**batch.inputs)
    blocked = ~batch.allowed
    start = out.start_logits.float().masked_fill(blocked, -1e4)
    end = out.end_logits.float().masked_fill(blocked, -1e4)
    cross = torch.nn.functional.cross_entropy
    return (cross(start, batch.starts) + cross(end, batch.ends)) / 2


def spans(start: Tensor, end: Tensor, allowed: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Best span of each row: its score less the null score, and its first and last token."""
    null = start[:, 0] + end[:, 0]
    blocked = ~allowed.clone()
    blocked[:, 0] = True
    s, e = start.masked_fill(blocked, -1e4), end.masked_fill(blocked, -1e4)
    pair = s[:, :, None] + e[:, None, :]
    legal = torch.ones(pair.shape[1:], dtype=torch.bool).triu() & ~torch.ones(pair.shape[1:], dtype=torch.bool).triu(
        SPAN_TOKENS
    )
    flat = pair.masked_fill(~legal, -2e4).flatten(1)
    best, where = flat.max(1)
    return best - null, where // pair.shape[2], where % pair.shape[2]


def validate(model: Any, encoding: Encoding, rows: list[Row], autocast: Any) -> dict[str, float]:
    """Token F1 of spans on answerable rows, and AUROC of answerable against unanswerable."""
    model.eval()
    encoded = sorted((encoding.encode(r) for r in rows), key=lambda e: len(e[0]))
    yes: list[float] = []
    no: list[float] = []
    f1: list[float] = []
    with torch.inference_mode():
        for i in range(0, len(encoded), 32):
            group = encoded[i : i + 32]
            batch = encoding.batch(group, [e[0].index(102) + 1 for e in group])
            with autocast():
                out = model(**batch.inputs)
            score, first, last = spans(out.start_logits.float(), out.end_logits.float(), batch.allowed)
            for j, (_, _, start, end) in enumerate(group):
                (yes if start else no).append(score[j].item())
                if start:
                    common = max(0, min(end, int(last[j])) - max(start, int(first[j])) + 1)
                    total = (end - start + 1) + (int(last[j]) - int(first[j]) + 1)
                    f1.append(2 * common / total)
    model.train()
    return {"f1": sum(f1) / max(1, len(f1)), "auroc": auroc(yes, no) or 0.0}


def own_rows(reports: Path, data: Path, rng: random.Random) -> tuple[ReportRows, NewsRows]:
    """Rows about our own reports, those kept for calibration left out, and rows about real news."""
    files = [f for f in sorted(reports.glob("*.txt")) if not f.name.startswith(HELD_BACK)]
    if not files:
        raise SystemExit(f"no reports to train on in {reports} (--reports)")
    return ReportRows([report for file in files for report in read(file)], rng), NewsRows(
        data, Encoder.load().count, rng
    )


def own_validation(rng: random.Random) -> list[Row]:
    """The reports kept for calibration, each question with the whole report or one that search ranks high."""
    files = sorted(REPORTS.glob(f"{HELD_BACK}*.txt"))
    rows = ReportRows([report for file in files for report in read(file)], rng)
    return [replace(r, header=header(r.title, r.outlet, r.published)) for r in rows]


def validation_rows(folder: Path) -> list[Row]:
    """Held-out rows: human-written unanswerable questions, and answerable ones of the same kind."""
    no: list[Row] = []
    yes: list[Row] = []
    for name in ("squad2_human_pairs", "squad2_human_unanswerable", "squad2_train_11articles", "squad1_train_du_test"):
        for row in read_rows(folder / f"{name}.jsonl.xz"):
            if held_out(row.context):
                (yes if row.answers else no).append(row)
    return no[:300] + yes[: max(300, len(no[:300]))]


def main() -> None:  # noqa: PLR0915 - one loop, told in order
    """Run the training; see the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of all public data")
    parser.add_argument("--reports", type=Path, default=REPORTS, help="folder of our own reports")
    parser.add_argument("--start", type=Path, required=True, help="model folder to begin from")
    parser.add_argument("--out", type=Path, required=True, help="where checkpoints go")
    parser.add_argument("--rows", type=int, default=105_000, help="rows to train on (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=None, help="end on time, schedule finished")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1e-4, help="peak learning rate")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--every", type=int, default=250, help="steps between checkpoints")
    parser.add_argument("--validate", type=int, default=500, help="steps between validations")
    args = parser.parse_args()

    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
    from transformers import BertForQuestionAnswering

    torch.manual_seed(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    args.out.mkdir(parents=True, exist_ok=True)
    public = args.data / "reader_training"
    checkpoint = args.out / "checkpoint.pt"
    options: Any = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "dtype": torch.float32}
    model: Any = BertForQuestionAnswering.from_pretrained(str(args.start), **options).to(device)
    decay = [p for n, p in model.named_parameters() if p.dim() > 1]
    plain = [p for n, p in model.named_parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}],
        lr=args.rate,
        fused=True,
    )

    def autocast() -> Any:
        return torch.autocast(device, dtype=torch.bfloat16)

    encoding = Encoding(args.start, args.seed)
    valid = {"public": validation_rows(public), "own": own_validation(random.Random(args.seed))}
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(AVERAGE))
    total = args.rows // args.batch
    step, spent = 0, 0.0
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        average.load_state_dict(saved["average"])
        step, spent = saved["step"], saved["spent"]
        print(f"continuing at step {step}", flush=True)
    # A run that goes on draws new rows: the mixture is far larger than what one run sees of it.
    mixture = Mixture(public, partial(own_rows, args.reports, args.data), args.seed + step)
    stream = encoding.batches(iter(mixture), args.batch)
    model.train()
    begun, mean = time.monotonic(), None
    log = (args.out / "log.jsonl").open("a")
    for batch in stream:
        elapsed = spent + time.monotonic() - begun
        done = step / total
        if args.minutes:
            done = max(done, elapsed / 60 / args.minutes)
        if done >= 1:
            break
        rate = args.rate * min(1.0, (step + 1) / 100) * (1 - done)
        for group in optimizer.param_groups:
            group["lr"] = rate
        for key, value in batch.inputs.items():
            batch.inputs[key] = value.to(device)
        batch.starts, batch.ends = batch.starts.to(device), batch.ends.to(device)
        batch.allowed = batch.allowed.to(device)
        with autocast():
            loss = loss_of(model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        average.update_parameters(model)
        step += 1
        mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
        if step % 25 == 0:
            print(f"step {step}/{total} loss {mean:.3f} rate {rate:.1e} {elapsed / 60:.1f} min", flush=True)
        if step % args.every == 0:
            _save(model, average, optimizer, step, spent + time.monotonic() - begun, checkpoint)
        if step % args.validate == 0:
            scores = {name: validate(average.module, encoding, rows, autocast) for name, rows in valid.items()}
            print(f"step {step} validation {scores}", flush=True)
            log.write(json.dumps({"step": step, "loss": mean, "minutes": elapsed / 60} | scores) + "\n")
            log.flush()
    _save(model, average, optimizer, step, spent + time.monotonic() - begun, checkpoint)
    average.module.save_pretrained(args.out / "model")
    encoding.tokenizer.save(str(args.out / "model" / "tokenizer.json"))
    scores = {name: validate(average.module, encoding, rows, autocast) for name, rows in valid.items()}
    print(f"done at step {step}: {scores}", flush=True)


def _save(model: Any, average: Any, optimizer: Any, step: int, spent: float, path: Path) -> None:
    """Write beside and rename: a run killed while saving keeps its last checkpoint."""
    temporary = path.with_suffix(".tmp")
    state = {"model": model.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save({**state, "step": step, "spent": spent}, temporary)
    temporary.replace(path)


if __name__ == "__main__":
    main()

"""Retrieval on MultiHop-RAG: `python tests/benchmarks/multihop_rag.py --data FOLDER [--library PATH]`.

609 dated news articles and 2,255 questions whose evidence is quoted sentences; a chunk is relevant when a gold
sentence stands in it, spaces and line breaks aside. Hits@k: a relevant chunk among the first k; MRR@10: one over
the rank of the first. `--chunks ours` searches the library's own passages; `--chunks paper` the overlapping chunks
of the paper's script, on which its published scores were made, with the two indexes alone. `--refusal` asks
instead the 301 questions without an answer and as many inference questions, and reports how well the confidence
of an answer tells them apart.
"""

from __future__ import annotations

import argparse
import json
import lzma
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress, track

from embeddings.encoder import Encoder
from embeddings.index import VectorIndex
from qa import Article, Assistant, Config, Library, Passage, Retriever, TalksError, metrics
from qa.dates import parse_date
from qa.lexical import LexicalIndex

DEPTH = 10
SYSTEMS = ("lexical", "dense", "hybrid", "rerank")
CONSOLE = Console(stderr=True)

Search = Callable[[str], list[int]]


@dataclass(frozen=True)
class Bench:
    """What is searched: chunk texts by number, squeezed, and the systems that return numbers, best first."""

    chunks: Mapping[int, str]
    systems: Mapping[str, Search]


def squeeze(text: str) -> str:
    """Return text as the release compares it, without spaces and line breaks."""
    return text.replace(" ", "").replace("\n", "")


def load(path: Path) -> Any:
    """Return the parsed JSON of an .xz file."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return json.load(file)


def articles(data: Path) -> list[dict[str, str]]:
    """Return the corpus as rows that `Library.add` takes."""
    rows = []
    for number, row in enumerate(load(data / "corpus.json.xz")):
        kept = {"id": f"mh-{number:03}", "title": row["title"], "outlet": row["source"], "url": row["url"]}
        rows.append({**kept, "published": row["published_at"][:10], "text": row["body"]})
    return rows


@contextmanager
def our_chunks(data: Path, path: Path) -> Iterator[Bench]:
    """Yield the library at `path`, made when it is new, and its retriever's ways of searching."""
    with Library.open(path, notify=CONSOLE.print) as library:
        if library.count() == (0, 0):
            fill(library, data)
        retriever = Retriever(library, Config(library=path))
        texts = {number: squeeze(passage.text) for number, passage, _ in library.store.all_rows()}
        numbers = {passage.id: number for number, passage, _ in library.store.all_rows()}

        def hybrid(question: str) -> list[int]:
            return [numbers[hit.passage.id] for hit in retriever.search(question, k=DEPTH)]

        def rerank(question: str) -> list[int]:
            return [numbers[hit.passage.id] for hit in retriever.search(question, k=DEPTH, rerank=True)]

        systems: dict[str, Search] = {
            "lexical": lambda question: [n for n, _ in retriever.lexical(question, DEPTH)],
            "dense": lambda question: [n for n, _ in retriever.dense(library.encoder.encode_query(question), DEPTH)],
            "hybrid": hybrid,
            "rerank": rerank,
        }
        yield Bench(texts, systems)


def fill(library: Library, data: Path) -> None:
    """Add the corpus to an empty library."""
    with tempfile.TemporaryDirectory() as folder, Progress(console=CONSOLE) as bar:
        file = Path(folder) / "corpus.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in articles(data)), encoding="utf-8")
        task = bar.add_task("adding articles", total=None)
        report = library.add([file], lambda _, done, total: bar.update(task, completed=done, total=total))
    for rejection in report.rejected:
        CONSOLE.print(f"rejected: {rejection.source}: {rejection.reason}")


@contextmanager
def paper_chunks(data: Path, path: Path, wanted: Sequence[str]) -> Iterator[Bench]:
    """Yield indexes over the paper's chunks; vectors, when wanted, are made once and kept in `path`."""
    corpus = articles(data)
    rows = []
    with lzma.open(data / "nodes_256_overlap200.jsonl.xz", "rt", encoding="utf-8") as file:
        for number, line in enumerate(file):
            node = json.loads(line)
            source = corpus[node["doc"]]
            day = parse_date(source["published"])
            article = Article(source["id"], "", source["title"], source["outlet"], day)
            rows.append((number, Passage(str(number), source["id"], number, 0, 0, node["text"]), article))
    systems: dict[str, Search] = {}
    if "lexical" in wanted:
        lexical = LexicalIndex.fresh(None)
        lexical.update([], rows, "benchmark")
        systems["lexical"] = lambda question: [n for n, _ in lexical.search(question, DEPTH)]
    if "dense" in wanted:
        encoder = Encoder.load()
        kept = path / "paper_chunks.npy"
        if not kept.exists():
            path.mkdir(parents=True, exist_ok=True)
            texts = [f"{article.header}\n{passage.text}" for _, passage, article in rows]
            with Progress(console=CONSOLE) as bar:
                task = bar.add_task("embedding", total=len(texts))
                np.save(kept, encoder.encode_documents(texts, lambda done: bar.update(task, completed=done)))
        vectors = VectorIndex(encoder.dimension)
        vectors.add(range(len(rows)), np.load(kept))
        systems["dense"] = lambda question: [n for n, _ in vectors.search(encoder.encode_query(question), DEPTH)]
    yield Bench({number: squeeze(passage.text) for number, passage, _ in rows}, systems)


def measure(bench: Bench, name: str, questions: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return one system's scores, fractions of 1, and its median time in ms."""
    ranks: list[float] = []
    times: list[float] = []
    for row in track(questions, name, console=CONSOLE, transient=True):
        began = time.perf_counter()
        found = bench.systems[name](row["query"])
        times.append((time.perf_counter() - began) * 1000)
        facts = [squeeze(evidence["fact"]) for evidence in row["evidence_list"]]
        relevant = [rank for rank, n in enumerate(found, 1) if any(fact in bench.chunks[n] for fact in facts)]
        ranks.append(relevant[0] if relevant else np.inf)
    first = np.array(ranks)
    scores = {"MRR@10": (1 / first).mean(), "Hits@10": (first <= 10).mean(), "Hits@4": (first <= 4).mean()}
    return {**{k: float(v) for k, v in scores.items()}, "ms": float(np.median(times))}


def refusal(data: Path, path: Path) -> str:
    """Return how well confidence tells questions without an answer from others, as a line."""
    rows = load(data / "MultiHopRAG.json.xz")
    nothing = [row for row in rows if row["question_type"] == "null_query"]
    inference = [row for row in rows if row["question_type"] == "inference_query"]
    inference = random.Random(0).sample(inference, len(nothing))  # noqa: S311
    with Library.open(path, notify=CONSOLE.print) as library:
        if library.count() == (0, 0):
            fill(library, data)
        assistant = Assistant(library, Config(library=path))
        sure = [
            assistant.ask(row["query"]).confidence
            for row in track([*inference, *nothing], "asking", console=CONSOLE, transient=True)
        ]
    auroc = metrics.auroc(sure[: len(inference)], sure[len(inference) :])
    refused = sum(c < Config().threshold for c in sure[len(inference) :]) / len(nothing)
    asked = f"{len(inference)} inference against {len(nothing)} null questions"
    return f"{asked}: AUROC {auroc:.3f}, refused {refused:.1%}\n"


def reachable(bench: Bench, questions: Sequence[Mapping[str, Any]]) -> float:
    """Return the share of questions with a gold sentence whole in some chunk: the most that Hits can reach."""
    everything = "\n".join(bench.chunks.values())
    whole = [any(squeeze(e["fact"]) in everything for e in row["evidence_list"]) for row in questions]
    return sum(whole) / len(whole)


def markdown(scores: Mapping[str, Mapping[str, float]], heading: str) -> str:
    """Return the scores as a markdown table under its heading."""
    lines = [heading, "", "| system | MRR@10 | Hits@10 | Hits@4 | ms, p50 |", "|---|---|---|---|---|"]
    for name, s in scores.items():
        lines.append(f"| {name} | {s['MRR@10']:.3f} | {s['Hits@10']:.3f} | {s['Hits@4']:.3f} | {s['ms']:.1f} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run the systems and print their scores; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="the release's files, .xz")
    parser.add_argument("--library", type=Path, default=Path("build/multihop_rag"), metavar="PATH", help="kept here")
    parser.add_argument("--chunks", choices=("ours", "paper"), default="ours")
    parser.add_argument("--questions", type=int, metavar="N", help="random sample with a fixed seed (default: all)")
    parser.add_argument("--rerank", action="store_true", help="also hybrid, put in order by the reader: slow")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, help="only these (paper chunks: lexical, dense)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table here too")
    parser.add_argument("--refusal", action="store_true", help="measure refusing instead of searching")
    args = parser.parse_args()
    possible = SYSTEMS if args.chunks == "ours" else SYSTEMS[:2]
    wanted = args.systems or [name for name in possible if name != "rerank" or args.rerank]
    if set(wanted) - set(possible):
        parser.error("the paper's chunks are searched by lexical and dense only")
    try:
        if args.refusal:
            print(refusal(args.data, args.library), end="")
            return 0
        rows = [row for row in load(args.data / "MultiHopRAG.json.xz") if row["question_type"] != "null_query"]
        questions = rows if args.questions is None else random.Random(0).sample(rows, min(args.questions, len(rows)))  # noqa: S311
        ours = our_chunks(args.data, args.library)
        with ours if args.chunks == "ours" else paper_chunks(args.data, args.library, wanted) as bench:
            share = reachable(bench, questions)
            scores = {name: measure(bench, name, questions) for name in wanted}
            heading = (
                f"MultiHop-RAG, {len(questions):,} questions, {len(bench.chunks):,} chunks ({args.chunks}); "
                f"a gold sentence is whole in some chunk for {share:.1%}"
            )
    except (OSError, lzma.LZMAError, ValueError, TalksError) as error:
        print(f"multihop_rag: {error}", file=sys.stderr)
        return 1
    text = markdown(scores, heading)
    print(text, end="")
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Ours and a peer on MultiHop-RAG: `python -m tests.benchmarks.peers SYSTEM --corpus FOLDER --work FOLDER --out FILE`.

The same articles in the same chunks of at most 256 tokens (headed by title, outlet and date), the same all-MiniLM-L6-v2
weights, one process to build and one to ask. Chunks a second, time of a question, peak memory, seconds from starting a
process until its first answer, and the retrieval scores of `multihop_rag.py`. `--python` names the interpreter of the
peers' environment, which `make bench-peers` sets up; ours runs in this one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.encoder import Encoder
from qa import Article
from qa import articles as sources
from qa.passages import split
from tests.benchmarks import measuring, multihop_rag, peer_systems

ARTICLES, QUESTIONS = 150, 300  # of 609 and 2,255: what two cores do with six systems in a quarter of an hour
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "ANONYMIZED_TELEMETRY": "False",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "TOKENIZERS_PARALLELISM": "true",
}


@dataclass(frozen=True)
class Task:
    """What every system is given, and what is right: rows of articles, chunks with their squeezed text, questions."""

    rows: list[dict[str, str]]
    chunks: list[peer_systems.Chunk]
    squeezed: dict[str, str]
    questions: list[Mapping[str, Any]]


def task(data: Path, work: Path, articles: int, most: int) -> Task:
    """Choose articles by the questions that are asked of them, and questions whose evidence is all in these."""
    rows = {row["url"]: row for row in multihop_rag.articles(data)}
    asked = [q for q in multihop_rag.load(data / "MultiHopRAG.json.xz") if q["question_type"] != "null_query"]
    random.Random(0).shuffle(asked)  # noqa: S311
    chosen: dict[str, None] = {}
    for question in asked:
        chosen.update(dict.fromkeys(evidence["url"] for evidence in question["evidence_list"]))
        if len(chosen) >= articles:
            break
    chosen = chosen if articles < len(rows) else dict.fromkeys(rows)
    questions = [q for q in asked if all(evidence["url"] in chosen for evidence in q["evidence_list"])][:most]
    kept = [row for url, row in rows.items() if url in chosen]
    file = work / "articles.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
    encoder = Encoder.load()
    found = [item for _, item in sources.read([file]) if isinstance(item, Article)]
    passages = [(article, passage) for article in found for passage in split(article, encoder.count)]
    chunks = [{"id": p.id, "text": f"{article.header}\n{p.text}"} for article, p in passages]
    return Task(kept, chunks, {p.id: multihop_rag.squeeze(p.text) for _, p in passages}, questions)


def prepare(given: Task, folder: Path) -> None:
    """Write what a system reads into a folder of its own."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "articles.jsonl").write_text("".join(json.dumps(row) + "\n" for row in given.rows), encoding="utf-8")
    (folder / "chunks.jsonl").write_text("".join(json.dumps(c) + "\n" for c in given.chunks), encoding="utf-8")
    (folder / "questions.json").write_text(json.dumps([q["query"] for q in given.questions]), encoding="utf-8")


def step(python: str, name: str, system: str, folder: Path) -> measuring.Results:
    """Run one step of a system in a process of its own and return what it measured."""
    command = [python, "-m", "tests.benchmarks.peer_systems", name, system, str(folder)]
    began = time.time()
    ran = measuring.run([*command, "--began", str(began)], {**os.environ, **OFFLINE})
    if ran.status:
        raise RuntimeError(f"{system}: {name} ended with {ran.status}")
    found: measuring.Results = json.loads(ran.output.splitlines()[-1])
    return found


def scores(given: Task, found: Sequence[Sequence[str]]) -> dict[str, float]:
    """Return MRR@10, Hits@10 and Hits@4 as `multihop_rag.measure` works them out."""
    ranks: list[float] = []
    for question, ids in zip(given.questions, found, strict=True):
        facts = [multihop_rag.squeeze(evidence["fact"]) for evidence in question["evidence_list"]]
        right = [rank for rank, i in enumerate(ids, 1) if any(fact in given.squeezed[i] for fact in facts)]
        ranks.append(right[0] if right else np.inf)
    first = np.array(ranks)
    return {
        "mrr": float((1 / first).mean()),
        "hits_10": float((first <= 10).mean()),
        "hits_4": float((first <= 4).mean()),
    }


def main() -> int:
    """Measure one system and write the results; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("system", choices=peer_systems.SYSTEMS)
    parser.add_argument("--corpus", type=Path, required=True, metavar="FOLDER", help="holds multihop_rag/")
    parser.add_argument("--work", type=Path, required=True, metavar="FOLDER", help="indexes are made here")
    parser.add_argument("--python", default=sys.executable, metavar="FILE", help="the peers' interpreter")
    parser.add_argument("--articles", type=int, default=ARTICLES, metavar="N", help=f"about (default {ARTICLES})")
    parser.add_argument("--questions", type=int, default=QUESTIONS, metavar="N", help=f"at most (default {QUESTIONS})")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the results, JSON")
    args = parser.parse_args()
    folder = args.work / f"peer-{args.system}"
    args.work.mkdir(parents=True, exist_ok=True)
    given = task(args.corpus / "multihop_rag", args.work, args.articles, args.questions)
    prepare(given, folder)
    python = sys.executable if args.system == "ours" else args.python
    built, asked = step(python, "build", args.system, folder), step(python, "ask", args.system, folder)
    shutil.rmtree(folder)
    results = {
        "articles": len(given.rows),
        "chunks": len(given.chunks),
        "questions": len(given.questions),
        "versions": built["versions"],
        "build_seconds": built["seconds"],
        "chunks_a_second": len(given.chunks) / built["seconds"],
        "build_peak_mb": built["peak_mb"],
        "ask_peak_mb": asked["peak_mb"],
        "cold_seconds": asked["cold_seconds"],
        "ms": measuring.percentiles(asked["ms"]),
        **scores(given, asked["found"]),
    }
    measuring.write(args.out, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())

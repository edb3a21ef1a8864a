"""One library's speed: `python -m tests.benchmarks.latency --corpus FOLDER --work FOLDER --passages N --out FILE`.

Time of a search and of an answer split by stage; what the open library holds in memory and on disk; how many of the
ten nearest passages the vector index finds, against all of them compared; with `--askers`, questions a second; with
`--add`, how long an added article takes to be found. `--passages 0` is the library of the shipped articles, other
sizes are those that `tests.benchmarks.corpus` made in the same folder (real ones are made here when they are missing).
"""

from __future__ import annotations

import argparse
import itertools
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.encoder import Encoder
from qa import Assistant, Config, Library, Retriever
from qa.reader import Reader
from tests.benchmarks import corpus, measuring
from tests.benchmarks.stopwatch import Stages, timing

SEARCH: Stages = {
    "encode": (Encoder, "encode_query"),
    "lexical": (Retriever, "lexical"),
    "dense": (Retriever, "dense"),
    "rows": (Library, "rows"),
}
ASK: Stages = {**SEARCH, "read": (Reader, "read")}
K = 10
_WARM = 10  # questions before the clock starts
_ADDED = 3  # articles added one by one


def library_folder(data: Path, work: Path, passages: int, real: int) -> Path:
    """Return the folder of the library of this size."""
    if passages == 0:
        folder = work / "library-shipped"
        # Made by another process: what embedding leaves in memory is not to be counted here.
        measuring.run([sys.executable, "-m", "qa", "--library", str(folder), "list"])
        return folder
    if passages <= real:
        return corpus.real_library(data, work, passages)
    folder = work / f"library-{passages}"
    if not (folder / "made").exists():
        raise FileNotFoundError(f"no library of {passages:,} passages: run tests.benchmarks.corpus first")
    return folder


def opening(folder: Path, question: str) -> tuple[Library, measuring.Results]:
    """Open a library and search it once; return it with the seconds and the MB that this took."""
    empty, began = measuring.memory(), time.perf_counter()
    library = Library.open(folder)
    Retriever(library, Config(library=folder)).search(question, k=K)
    seconds, opened = time.perf_counter() - began, measuring.memory()
    return library, {
        "first_search_seconds": seconds,
        "resident_mb": opened["resident"],
        "private_mb": opened["private"],
        "before_mb": empty["resident"],
    }


def stages(run: Callable[[str], object], asked: Sequence[str], of: Stages, rest: str) -> list[dict[str, float]]:
    """Return for each question the ms of each stage, of the rest under this name, and of the whole."""
    found = []
    with timing(of) as watch:
        for question in asked:
            watch.restart()
            began = time.perf_counter()
            run(question)
            whole = time.perf_counter() - began
            spent = {stage: watch.seconds.get(stage, 0.0) for stage in of}
            spent |= {rest: max(0.0, whole - sum(spent.values())), "whole": whole}
            found.append({stage: seconds * 1000 for stage, seconds in spent.items()})
    return found


def summary(rows: Sequence[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Return the percentiles of each stage."""
    return {stage: measuring.percentiles([row[stage] for row in rows]) for stage in rows[0]}


def recall(library: Library, retriever: Retriever, asked: Sequence[str]) -> float:
    """Return which share of the true ten nearest passages the index returns, over these questions."""
    vectors = np.stack([library.encoder.encode_query(question) for question in asked])
    best = np.full((len(asked), K), -np.inf, dtype=np.float32)
    ids = np.zeros((len(asked), K), dtype=np.int64)
    for numbers, block in library.store.all_vectors(library.encoder.dimension):
        scores = np.hstack([best, vectors @ block.T])
        known = np.hstack([ids, np.broadcast_to(numbers, (len(asked), len(numbers)))])
        top = np.argpartition(-scores, K - 1, axis=1)[:, :K]
        best, ids = np.take_along_axis(scores, top, axis=1), np.take_along_axis(known, top, axis=1)
    found = [{number for number, _ in retriever.dense(vector, K)} for vector in vectors]
    return float(np.mean([len(near & set(true.tolist())) / K for near, true in zip(found, ids, strict=True)]))


def throughput(run: Callable[[str], object], asked: Sequence[str], askers: int, seconds: float) -> dict[str, float]:
    """Return questions a second and their latency in ms, with so many threads that ask without a pause."""
    waiting: Iterator[str] = itertools.cycle(asked)
    lock, times = threading.Lock(), list[float]()
    end = time.perf_counter() + seconds

    def ask() -> None:
        while (began := time.perf_counter()) < end:
            with lock:
                question = next(waiting)
            run(question)
            times.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    threads = [threading.Thread(target=ask) for _ in range(askers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"a_second": len(times) / (time.perf_counter() - began), **measuring.percentiles(times)}


def adding(library: Library, folder: Path) -> dict[str, float]:
    """Return the median seconds from adding one article until another open reader, and the command line, find it."""
    reader = Library.open(folder)
    found = Retriever(reader, Config(library=folder))
    found.search("warm", k=1)
    times: dict[str, list[float]] = {"added": [], "found": [], "command": []}
    names = []
    with tempfile.TemporaryDirectory() as temporary, reader:
        for number in range(2 * _ADDED):
            word = "".join(random.Random(number).choices("bdfgklmnprstvz", k=12))  # noqa: S311
            names.append(f"bench-{word}")
            file = Path(temporary) / f"{word}.md"
            text = f"The minister said on Monday that the village of {word} had agreed to the talks. " * 5
            file.write_text(f"---\nid: bench-{word}\npublished: 2015-03-02\n---\n{text}\n", encoding="utf-8")
            began = time.perf_counter()
            if number < _ADDED:
                library.add([file])
                times["added"].append(time.perf_counter() - began)
            else:
                command = ["-m", "qa", "--library", str(folder), "add", str(file)]
                if measuring.run([sys.executable, *command]).status:
                    raise RuntimeError("talks-qa add failed")
                times["command"].append(time.perf_counter() - began)
            hits = found.search(f"the village of {word}", k=1)
            if hits[0].article.id != names[-1]:
                raise RuntimeError("an added article was not found")
            if number < _ADDED:
                times["found"].append(time.perf_counter() - began)
        for name in names:
            library.remove(name)
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def measure(args: argparse.Namespace) -> measuring.Results:
    """Return everything that was asked for, of one library."""
    folder = library_folder(args.corpus, args.work, args.passages, args.real)
    kinds = corpus.questions(args.corpus, args.questions)
    library, opened = opening(folder, kinds["short"][0])
    config = Config(library=folder)
    retriever, assistant = Retriever(library, config), Assistant(library, config)

    def search(question: str) -> object:
        return retriever.search(question, k=K)

    mixed = [question for pair in zip(*kinds.values(), strict=False) for question in pair]
    for question in mixed[:_WARM]:
        search(question)
    rows = {kind: stages(search, asked, SEARCH, "fuse") for kind, asked in kinds.items()}
    searched = {kind: summary(found) for kind, found in rows.items()}
    searched["both"] = summary([row for found in rows.values() for row in found])
    assistant.ask(mixed[0])
    answered = summary(stages(assistant.ask, mixed[: args.answers], ASK, "rest"))
    articles, passages = library.count()
    found: dict[str, Any] = {
        "articles": articles,
        "passages": passages,
        "questions": len(mixed),
        "answers": min(args.answers, len(mixed)),
        "opened": opened,
        "disk_mb": corpus.sizes(folder),
        "index": library.store.manifest().get("index", "exact"),
        "search": searched,
        "ask": answered,
    }
    if passages >= K:
        found["recall"] = recall(library, retriever, mixed)
    if args.askers:
        found["throughput"] = {
            name: {str(askers): throughput(run, mixed, askers, args.seconds) for askers in args.askers}
            for name, run in (("search", search), ("ask", assistant.ask))
        }
    if args.add:
        found["add"] = adding(library, folder)
    library.close()
    return found


def main() -> int:
    """Measure and write the results; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, metavar="FOLDER", help="multihop_rag/ and others")
    parser.add_argument("--work", type=Path, required=True, metavar="FOLDER", help="libraries are kept here")
    parser.add_argument("--passages", type=int, required=True, metavar="N", help="0: the shipped articles")
    parser.add_argument("--real", type=int, default=corpus.REAL, metavar="N", help="real articles up to this size")
    parser.add_argument("--questions", type=int, default=100, metavar="N", help="of each kind (default 100)")
    parser.add_argument("--answers", type=int, default=40, metavar="N", help="of them answered (default 40)")
    parser.add_argument("--askers", type=int, nargs="*", default=[], metavar="N", help="threads that ask at once")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each number of askers (default 10)")
    parser.add_argument("--add", action="store_true", help="add articles one by one, and remove them again")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the results, JSON")
    args = parser.parse_args()
    measuring.write(args.out, measure(args))
    return 0


if __name__ == "__main__":
    sys.exit(main())

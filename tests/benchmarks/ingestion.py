"""Articles going in: `python -m tests.benchmarks.ingestion --corpus FOLDER --work FOLDER --passages N --out FILE`.

Real articles through `Library.add`, model loaded beforehand. The floating-point operations of the tokens embedded are
set against what the machine's cores reach in fp32 matrix products, measured just before and just after: the best of
numpy, onnxruntime and torch at several sizes, also with a product for each core. Per token the encoder needs two
operations for each of its 10.6 million matrix weights (6 layers of 4·384² + 2·384·1536; the embedding table is looked
up, not multiplied) and, for attention, 6·4·384 for each token of its passage. Padding is not counted: it is not work
that was wanted.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embeddings.encoder import Encoder
from qa import Library
from qa.passages import MAX_TOKENS
from tests.benchmarks import corpus, measuring
from tests.benchmarks.stopwatch import timing

_LAYERS, _WIDTH, _INNER = 6, 384, 1536  # of all-MiniLM-L6-v2
_SHAPES = ((1024, 384, 384), (1024, 384, 1536), (1024, 1536, 384), (1024, 1024, 1024), (2048, 2048, 2048))
_SECONDS = 0.4  # of multiplying, each shape


def operations(tokens: int) -> float:
    """Return the floating-point operations that embedding a passage of so many tokens needs."""
    weights = _LAYERS * (4 * _WIDTH**2 + 2 * _WIDTH * _INNER)
    return 2.0 * weights * tokens + _LAYERS * 4.0 * _WIDTH * tokens**2


def rate(multiply: Callable[[], object], operations: float) -> float:
    """Return the GFLOP/s of the fastest of several runs of something with so many operations."""
    multiply()
    best, end = np.inf, time.perf_counter() + _SECONDS
    while (began := time.perf_counter()) < end:
        multiply()
        best = min(best, time.perf_counter() - began)
    return float(operations / best / 1e9)


def product(threads: int) -> Callable[[NDArray[np.float32], NDArray[np.float32]], object]:
    """Return onnxruntime's matrix product, on so many threads."""
    import onnxruntime
    from onnx import TensorProto, helper

    node = helper.make_node("MatMul", ["a", "b"], ["c"])
    sides = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "abc"]
    graph = helper.make_graph([node], "product", sides[:2], sides[2:])
    model = helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 17)])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda a, b: session.run(None, {"a": a, "b": b})


def limit() -> dict[str, float]:
    """Return the best GFLOP/s of fp32 matrix products, all cores at one product and each core at one of its own."""
    import torch

    cores = len(os.sched_getaffinity(0))
    torch.set_num_threads(cores)
    together, alone = product(cores), product(1)
    ways: dict[str, Callable[[NDArray[np.float32], NDArray[np.float32]], object]] = {
        "numpy": np.matmul,
        "torch": lambda a, b: torch.from_numpy(a) @ torch.from_numpy(b),
        "onnxruntime": together,
    }
    found: dict[str, float] = {}
    chance = np.random.default_rng(0)
    with ThreadPoolExecutor(cores) as pool:
        ways["onnxruntime, a product a core"] = lambda a, b: list(pool.map(lambda _: alone(a, b), range(cores)))
        for (name, way), (m, k, n) in itertools.product(ways.items(), _SHAPES):
            a = chance.standard_normal((m, k), dtype=np.float32)
            b = chance.standard_normal((k, n), dtype=np.float32)
            products = cores if "a product a core" in name else 1
            reached = rate(functools.partial(way, a, b), 2.0 * m * k * n * products)
            found[name] = max(found.get(name, 0.0), reached)
    return found


def limit_now() -> dict[str, float]:
    """Return `limit`, measured by a process of its own: no threads of it stay behind."""
    ran = measuring.run([sys.executable, "-m", "tests.benchmarks.ingestion", "--limit"])
    if ran.status:
        raise RuntimeError("the matrix limit could not be measured")
    found: dict[str, float] = json.loads(ran.output)
    return found


def ingest(data: Path, work: Path, passages: int) -> measuring.Results:
    """Add real articles of so many passages to a new library in `work`; return counts, seconds and memory."""
    folder, file = work / f"library-{passages}", work / f"articles-{passages}.jsonl"
    shutil.rmtree(folder, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    corpus.write_articles(data, passages, file)
    curve: list[tuple[float, int]] = []
    with Library.open(folder) as library, timing({"embed": (Encoder, "encode_documents")}) as watch:
        encoder = library.encoder
        began = time.perf_counter()

        def progress(stage: str, done: int, total: int) -> None:
            curve.append((time.perf_counter() - began, library.count()[1]))

        report = library.add([file], progress)
        seconds = time.perf_counter() - began
        peak = measuring.memory()["peak"]
        limit = min(MAX_TOKENS, encoder.max_tokens)
        texts = (f"{article.header}\n{passage.text}" for _, passage, article in library.store.all_rows())
        tokens = [min(limit, encoder.count(text) + 2) for text in texts]
    (folder / "made").touch()
    return {
        "articles": len(report.added),
        "passages": len(tokens),
        "tokens": sum(tokens),
        "seconds": seconds,
        "embedding_seconds": watch.seconds.get("embed"),
        "gflop": sum(map(operations, tokens)) / 1e9,
        "peak_mb": peak,
        "curve": curve,
    }


def main() -> int:
    """Measure and write the results; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, metavar="FOLDER", help="multihop_rag/ and others")
    parser.add_argument("--work", type=Path, metavar="FOLDER", help="libraries are kept here")
    parser.add_argument("--passages", type=int, default=1000, metavar="N", help="about so many (default 1000)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the results, JSON")
    parser.add_argument("--limit", action="store_true", help="only print the matrix limit, as JSON")
    args = parser.parse_args()
    if args.limit:
        print(json.dumps(limit()))
        return 0
    if not (args.corpus and args.work and args.out):
        parser.error("--corpus, --work and --out are needed")
    before = limit_now()
    found = ingest(args.corpus, args.work, args.passages)
    found["limits"] = [before, limit_now()]
    measuring.write(args.out, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Every measurement of speed, then docs/performance.md: `python -m tests.benchmarks.bench --corpus FOLDER`.

Each part is a process of its own and leaves a JSON file under `--out`; a part that has one is not run again unless
`--fresh`. One that fails leaves its reason, and the rest goes on. `--quick` runs everything at small sizes and writes
the page beside the JSON files instead of into docs/. `make bench CORPUS=FOLDER` does this, `make bench-peers` installs
what the comparison with peers needs. Three quarters of an hour on two cores, 6 GB of disk under `--out`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks import measuring

PEERS = ("ours", "txtai", "llamaindex", "langchain", "haystack", "chroma")
_PATIENCE = 3600  # seconds for one part


@dataclass(frozen=True)
class Plan:
    """The sizes of a run."""

    runs: int = 9  # of each command
    ingested: tuple[int, ...] = (1_000, 10_000)  # passages
    real: int = 10_000  # passages: the largest library that is asked and holds no copies; one of those ingested
    filled: tuple[int, ...] = (100_000, 1_000_000)  # passages, with copies; the first is added to and asked at once
    questions: int = 100
    answers: int = 40
    askers: tuple[int, ...] = (1, 8, 32)
    seconds: float = 10.0
    peer_articles: int = 150
    peer_questions: int = 300


QUICK = Plan(2, (60, 120), 120, (1_000, 3_000), 10, 2, (1, 8), 1.0, 10, 30)
FULL = Plan(ingested=(1_000, 10_000, 30_000), peer_articles=609, peer_questions=2255)


def parts(plan: Plan, corpus: Path, work: Path, peers: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each part's name and command; its `--out` is added when it runs."""
    here = ["--corpus", str(corpus), "--work", str(work)]
    real = ["--real", str(plan.real)]
    yield "cold", ["cold", "--runs", str(plan.runs)]
    for size in plan.ingested:
        yield f"ingestion-{size}", ["ingestion", *here, "--passages", str(size)]
    for size in plan.filled:
        yield f"corpus-{size}", ["corpus", *here, *real, "--passages", str(size)]
    for size in (0, plan.real, *plan.filled):
        asked = ["--questions", str(plan.questions), "--answers", str(plan.answers)]
        if size == plan.filled[0]:
            asked += ["--add", "--seconds", str(plan.seconds), "--askers", *map(str, plan.askers)]
        yield f"latency-{size}", ["latency", *here, *real, "--passages", str(size), *asked]
    for system in PEERS:
        given = ["--articles", str(plan.peer_articles), "--questions", str(plan.peer_questions)]
        yield f"peer-{system}", ["peers", system, *here, *given, "--python", str(peers)]


def busy() -> float:
    """Return the seconds of processor time that this machine has spent, all processes together."""
    user, nice, system = map(int, Path("/proc/stat").read_text(encoding="ascii").split()[1:4])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


def used() -> float:
    """Return the seconds of processor time of our processes that have ended, and of this one."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def run(name: str, command: Sequence[str], out: Path) -> dict[str, Any]:
    """Run one part; return its results, or the reason why there are none."""
    result, log = out / f"{name}.json", out / f"{name}.log"
    result.unlink(missing_ok=True)
    began, all_before, ours_before = time.perf_counter(), busy(), used()
    whole = [sys.executable, "-m", f"tests.benchmarks.{command[0]}", *command[1:], "--out", str(result)]
    with log.open("w", encoding="utf-8") as file:
        try:
            done = subprocess.run(
                whole, stdout=file, stderr=subprocess.STDOUT, cwd=measuring.ROOT, timeout=_PATIENCE, check=False
            )
            reason = "" if done.returncode == 0 else f"it ended with {done.returncode}"
        except subprocess.TimeoutExpired:
            reason = f"not done in {_PATIENCE // 60} minutes"
    if reason:
        said = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
        return {"failed": f"{reason}: {said[-1][:200]}" if said else reason}
    seconds = time.perf_counter() - began
    others = (busy() - all_before - (used() - ours_before)) / (seconds * len(os.sched_getaffinity(0)))
    found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return {**found, "seconds": seconds, "others": max(0.0, others)}


def main() -> int:
    """Run the parts that have no results yet and write the page; return 0, or 1 when a part failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, metavar="FOLDER", help="multihop_rag/ and others")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), metavar="FOLDER", help="results and libraries")
    parser.add_argument("--peers", type=Path, default=Path(".venv-peers/bin/python"), metavar="FILE")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="small sizes, a few minutes; the page is not for docs/")
    size.add_argument("--full", action="store_true", help="30,000 passages in, peers on all articles: two hours more")
    parser.add_argument("--fresh", action="store_true", help="also what has results already")
    parser.add_argument("--only", nargs="+", metavar="PART", help="parts whose names begin so; then the page")
    args = parser.parse_args()
    plan = QUICK if args.quick else FULL if args.full else Plan()
    # Not resolved: a virtual environment's interpreter is a link that must stay one.
    peers = args.peers if args.peers.is_absolute() else Path.cwd() / args.peers
    out = (args.out / "quick" if args.quick else args.out).resolve()
    out.mkdir(parents=True, exist_ok=True)
    failed = False
    for name, command in parts(plan, args.corpus.resolve(), out / "work", peers):
        path = out / f"{name}.json"
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"failed": "never run"}
        chosen = not args.only or name.startswith(tuple(args.only))
        if not chosen or ("failed" not in known and not args.fresh):
            continue
        print(f"{name} …", end=" ", file=sys.stderr, flush=True)
        if name.startswith("peer-") and name != "peer-ours" and not peers.exists():
            found: dict[str, Any] = {"failed": "its environment is not there; make bench-peers sets it up"}
        else:
            found = run(name, command, out)
        print(found.get("failed") or f"{found['seconds']:.0f} s", file=sys.stderr)
        failed |= "failed" in found
        path.write_text(json.dumps(found, indent=1), encoding="utf-8")
    page = [sys.executable, "-m", "tests.benchmarks.performance", str(out)]
    done = subprocess.run([*page, "--docs", str(out if args.quick else measuring.ROOT / "docs")], check=False)
    return 1 if failed else done.returncode


if __name__ == "__main__":
    sys.exit(main())

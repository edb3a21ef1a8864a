"""The page about speed: `python -m tests.benchmarks.performance RESULTS [--docs FOLDER]`.

Reads the JSON files that `tests.benchmarks.bench` left in a folder and writes `performance.md` and its plots; nothing
is measured here. What has no result is said not to be measured, with the reason.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from tests.benchmarks import measuring
from tests.benchmarks.bench import PEERS, Plan
from tests.benchmarks.plots import BLUE, GREY, STYLE

_STAGES = ("encode", "lexical", "dense", "fuse", "rows")
_SHADES = ("#1f5fa8", "#5b9bd5", "#f2a541", "#b9b9b9", "#6c8f4e")
_NAMES = {
    "ours": "talks-qa",
    "txtai": "txtai, hybrid",
    "llamaindex": "LlamaIndex, FAISS",
    "langchain": "LangChain, FAISS",
    "haystack": "Haystack, in memory",
    "chroma": "Chroma",
}
_SEARCH_GOALS = {100_000: 12, 1_000_000: 25}  # passages → ms, encoding included
_NOISY = 0.05  # share of the processor that others may use before a figure is doubtful
_FLAT = 1.10  # cost of a passage at the larger size, against the smaller

_ABOUT = """\
Written from the results of `tests.benchmarks.bench`, each beside the command that made it; nothing is typed by hand.
`make bench CORPUS=FOLDER` runs every part at its full size, which this page may not show yet. FOLDER holds MultiHop-RAG
(`multihop_rag/`: 609 dated news articles, 2,255 questions) and White House briefings (`whitehouse_briefings/`)."""
_STARTING = """\
Whole processes on the shipped library, files in the page cache. Peak memory is what the kernel reports; it cannot be
less than that of the program that measures, which is the figure of the empty interpreter."""
_QUESTION = """\
Ten hits from a library that one process holds open, one question after another; half of the questions are short ones of
ours, half MultiHop-RAG's, which are long and have several clauses, each searched alone too. p50 / p95 / p99. *Fuse* is
what is left: mixing the scores, with the vectors of what only BM25 found. An *answer* is a search, reading ten passages
and judging. Libraries larger than those under *Adding* are made of these and of copies, with three words of ten drawn
from the whole corpus and vectors moved by half the difference of two others."""
_LIBRARY = """\
*Written*, *indexed*: making the database from texts and vectors that are there, then both indexes from the database.
*Opened*: from opening the folder to the first ten hits, the model loaded on the way. *Recall@10*: which share of the
true ten nearest vectors the index returns, over the questions above. All but the first two by the commands above."""
_ADDING = """\
Real articles through `Library.add`, model loaded. The limit is the fastest fp32 matrix product that numpy, onnxruntime
or torch reached just before or after, at several sizes. A token costs 2 × 10.6 million operations in the encoder's
matrices and 9,216 for each token of its passage in attention; padding does not count. *While embedding* leaves out
reading, cleaning, splitting, writing and indexing."""
_PEERS = """\
The same chunks of at most 256 tokens, headed by title, outlet and date, and the same all-MiniLM-L6-v2 weights for every
system; beyond that its defaults, as its documentation shows them (`tests/benchmarks/peer_systems.py`). *Chunks/s in*:
from loaded model to saved index; ours reads, cleans and splits the articles meanwhile, the others are handed the
chunks. *Cold start*: from starting a process to its first answer from the saved index. Fewer articles than all 609 make
the questions easier: compare within this table only."""


class Found:
    """The results of a run, by part."""

    def __init__(self, folder: Path) -> None:
        files = sorted(path for path in folder.glob("*.json"))
        self.parts: dict[str, dict[str, Any]] = {path.stem: json.loads(path.read_text("utf-8")) for path in files}

    def get(self, part: str, *keys: str) -> Any:
        """Return a value of a part's results, None where there is none."""
        value: Any = self.parts.get(part, {}).get("results")
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def sizes(self, kind: str) -> list[int]:
        """Return the sizes at which a kind of part was tried, the smallest first."""
        return sorted(int(name.split("-")[1]) for name in self.parts if name.startswith(f"{kind}-"))

    def missing(self, names: Iterable[str]) -> list[str]:
        """Return a line for each of these parts that has no results."""
        tried = [(name, self.parts.get(name, {"failed": "it was not run"})) for name in names]
        return [f"{name}: not measured: {part['failed']}" for name, part in tried if "failed" in part]

    def command(self, part: str) -> str:
        """Return the command that made a part."""
        return str(self.parts.get(part, {}).get("command", f"(part {part})"))


# -- figures worked out of others


def share(found: Found, size: int) -> float | None:
    """Return ingestion as a share of the machine's fp32 limit."""
    one = found.get(f"ingestion-{size}")
    return float(one["gflop"] / one["seconds"] / ceiling(one)[1]) if one else None


def ceiling(one: Mapping[str, Any]) -> tuple[str, float]:
    """Return the library that multiplied fastest, before or after, and its GFLOP/s."""
    best = max((rate, name) for limits in one["limits"] for name, rate in limits.items())
    return best[1], best[0]


def growth(found: Found) -> float | None:
    """Return what an operation costs at the largest ingestion, as a multiple of the smallest."""
    done = [one for size in found.sizes("ingestion") if (one := found.get(f"ingestion-{size}"))]
    costs = [one["seconds"] / one["gflop"] for one in done]
    return costs[-1] / costs[0] if len(costs) > 1 else None


def lead(found: Found) -> float | None:
    """Return our rate of ingestion as a multiple of the fastest peer's."""
    rates = {name: found.get(f"peer-{name}", "chunks_a_second") for name in PEERS}
    ours = rates.pop("ours")
    peers = [rate for rate in rates.values() if rate]
    return ours / max(peers) if ours and peers else None


# -- the page


@dataclass(frozen=True)
class Goal:
    """A promise: what, at most or at least how much, and what was measured."""

    what: str
    most: float | None
    least: float | None
    unit: str
    measured: float | None

    def row(self) -> list[str]:
        """Return the goal as a row: what, target, measured, verdict."""
        target = f"≤ {self.most:g}" if self.most is not None else f"≥ {self.least:g}"
        if self.measured is None:
            return [self.what, f"{target} {self.unit}".strip(), "–", "not measured"]
        met = self.measured <= self.most if self.most is not None else self.measured >= (self.least or 0)
        return [
            self.what,
            f"{target} {self.unit}".strip(),
            f"{number(self.measured)} {self.unit}".strip(),
            "met" if met else "**not met**",
        ]


def goals(found: Found) -> list[Goal]:
    """Return every promise of speed with what was measured."""
    (small, fast), (large, slow) = _SEARCH_GOALS.items()
    whole = ("search", "both", "whole", "p50")
    commands = ("cold", "commands")
    biggest = max(found.sizes("ingestion"), default=0)
    percent = share(found, biggest)
    return [
        Goal("`talks-qa ask`, warm cache", 1.0, None, "s", found.get(*commands, "talks-qa ask", "seconds")),
        Goal("`talks-qa ask`, peak memory", 350, None, "MB", found.get(*commands, "talks-qa ask", "peak_mb")),
        Goal("`talks-qa --help`", 0.15, None, "s", found.get(*commands, "talks-qa --help", "seconds")),
        Goal("the bot at rest", 350, None, "MB", found.get("cold", "bot", "resident_mb")),
        Goal(f"search, {small:,} passages, p50", fast, None, "ms", found.get(f"latency-{small}", *whole)),
        Goal(f"search, {large:,} passages, p50", slow, None, "ms", found.get(f"latency-{large}", *whole)),
        Goal(f"recall@10 of vectors, {large:,} passages", None, 0.98, "", found.get(f"latency-{large}", "recall")),
        Goal("ingestion, share of the fp32 limit", None, 85, "%", percent and 100 * percent),
        Goal("ingestion, against the fastest peer", None, 1, "×", lead(found)),
        Goal("cost of a passage, largest against smallest ingestion", _FLAT, None, "×", growth(found)),
        Goal(
            f"one article added to {small:,} passages, until found", 1.0, None, "s",
            found.get(f"latency-{small}", "add", "found"),
        ),
    ]  # fmt: skip


def number(value: float) -> str:
    """Return a figure with three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table's lines."""
    return ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]


def spread(of: Mapping[str, float]) -> str:
    """Return p50, p95 and p99 in one cell."""
    return " / ".join(number(of[name]) for name in ("p50", "p95", "p99"))


def section(found: Found, title: str, parts: Sequence[str], body: Callable[[], list[str]], says: str) -> list[str]:
    """Return a part of the page: heading, commands, what it says, tables, and what was not measured."""
    done = [name for name in parts if found.parts.get(name, {}).get("results")]
    commands = [found.command(name) for name in done]
    lines = [f"## {title}", "", says, ""]
    lines += ["```console", *(f"$ {command}" for command in commands), "```", "", *body(), ""] if done else []
    missing = [f"- {line}" for line in found.missing(parts)]
    others = [(name, found.parts[name].get("others", 0.0)) for name in done]
    noisy = [
        f"- {name}: other programs used {used:.0%} of the processor meanwhile" for name, used in others if used > _NOISY
    ]
    return [*lines, *missing, *noisy, *([""] if missing or noisy else [])]


def cold(found: Found) -> list[str]:
    """Return the tables of processes started anew."""
    rows = [
        ["the first `talks-qa ask`, makes the library" if name.startswith("first") else f"`{name}`",
         number(one["seconds"]), number(one["peak_mb"]), str(one["runs"])]
        for name, one in found.get("cold", "commands").items()
    ]  # fmt: skip
    bot = found.get("cold", "bot")
    return [
        *table(["process", "s, median", "peak MB", "runs"], rows),
        "",
        f"The bot listens after {number(bot['ready_seconds'])} s and, two seconds after an answer, holds "
        f"{number(bot['resident_mb'])} MB (peak {number(bot['peak_mb'])} MB).",
    ]


def latency(found: Found) -> list[str]:
    """Return the tables of a question's stages."""
    done = [one for size in found.sizes("latency") if (one := found.get(f"latency-{size}"))]
    stages = [
        [f"{one['passages']:,}", *(spread(one["search"]["both"][s]) for s in (*_STAGES, "whole"))] for one in done
    ]
    kinds = [
        [f"{one['passages']:,}", *(spread(one["search"][kind]["whole"]) for kind in ("short", "long")),
         *(spread(one["ask"][stage]) for stage in ("read", "whole"))]
        for one in done
    ]  # fmt: skip
    return [
        *table(["passages", *(f"{stage}, ms" for stage in _STAGES), "**search**, ms"], stages),
        "",
        *table(["passages", "search, short", "search, long", "reading", "**answer**, ms"], kinds),
        "",
        "![Time of a search by stage](latency.png)",
    ]


def libraries(found: Found) -> list[str]:
    """Return the tables of libraries on disk and in memory, of many askers and of one article added."""
    rows, more = [], list[str]()
    for size in found.sizes("latency"):
        one, made = found.get(f"latency-{size}"), found.get(f"corpus-{size}")
        if not one:
            continue
        built = [number(made[name]) for name in ("write_seconds", "index_seconds", "peak_mb")] if made else ["–"] * 3
        disk = one["disk_mb"]
        derived = sum(mb for name, mb in disk.items() if not name.startswith(("library.db", "lexical")))
        opened = one["opened"]
        rows.append([
            f"{one['passages']:,}", f"{one['articles']:,}", one["index"], number(disk["library.db"]), number(derived),
            number(disk.get("lexical", 0.0)), *built, number(opened["first_search_seconds"]),
            f"{number(opened['resident_mb'])} ({number(opened['private_mb'])})",
            f"{one['recall']:.3f}" if "recall" in one else "–",
        ])  # fmt: skip
        more += crowd(one) if "throughput" in one else []
    head = [
        "passages", "articles", "vector index", "database, MB", "vectors, MB", "BM25, MB", "written, s", "indexed, s",
        "peak MB", "opened, s", "open, MB (private)", "recall@10",
    ]  # fmt: skip
    return [*table(head, rows), *more]


def crowd(one: Mapping[str, Any]) -> list[str]:
    """Return the tables of one library that many ask at once and that is added to."""
    rows = [
        [name, askers, number(of["a_second"]), spread(of)]
        for name, by in one["throughput"].items()
        for askers, of in by.items()
    ]
    lines = ["", f"Many at once, {one['passages']:,} passages:", ""]
    lines += table(["", "askers", "a second", "ms, p50 / p95 / p99"], rows)
    if add := one.get("add"):
        lines += [
            "",
            f"One article added to {one['passages']:,} passages, median of three: {number(add['added'])} s in a "
            f"program that holds the library open, found by another open reader after {number(add['found'])} s; "
            f"{number(add['command'])} s as `talks-qa add`, from start to end.",
        ]
    return lines


def ingestion(found: Found) -> list[str]:
    """Return the table of articles going in."""
    rows = []
    for size in found.sizes("ingestion"):
        if not (one := found.get(f"ingestion-{size}")):
            continue
        name, best = ceiling(one)
        reached, embedding = one["gflop"] / one["seconds"], one["embedding_seconds"]
        rows.append([
            f"{one['passages']:,}", f"{one['tokens'] / one['passages']:.0f}", number(one["seconds"]),
            number(one["passages"] / one["seconds"]), number(one["tokens"] / one["seconds"]), number(reached),
            f"{number(best)} ({name})", f"{reached / best:.0%}",
            f"{one['gflop'] / embedding / best:.0%}" if embedding else "–",
            number(1000 * one["seconds"] / one["passages"]), number(one["peak_mb"]),
        ])  # fmt: skip
    head = [
        "passages", "tokens each", "s", "passages/s", "tokens/s", "GFLOP/s", "limit, GFLOP/s", "**share**",
        "while embedding", "ms a passage", "peak MB",
    ]  # fmt: skip
    return [*table(head, rows), "", "![Passages a second](ingestion.png)"]


def peers(found: Found) -> list[str]:
    """Return the table of peers."""
    rows = []
    for name in PEERS:
        if not (one := found.get(f"peer-{name}")):
            continue
        version = ", ".join(f"{package} {version}" for package, version in list(one["versions"].items())[:1])
        rows.append([
            _NAMES[name], "this version" if name == "ours" else version, number(one["chunks_a_second"]),
            number(one["build_peak_mb"]), number(one["cold_seconds"]), number(one["ask_peak_mb"]),
            f"{number(one['ms']['p50'])} / {number(one['ms']['p95'])}", f"{one['mrr']:.3f}",
            f"{one['hits_10']:.3f}", f"{one['hits_4']:.3f}",
        ])  # fmt: skip
    head = [
        "system", "version", "chunks/s in", "peak MB, building", "cold start, s", "peak MB, asking",
        "question, ms, p50 / p95", "MRR@10", "Hits@10", "Hits@4",
    ]  # fmt: skip
    return [*table(head, rows), "", "![Peers](peers.png)"]


def page(found: Found) -> str:
    """Return the whole page."""
    machine: dict[str, Any] = next((part["machine"] for part in found.parts.values() if "machine" in part), {})
    packages = measuring.versions(
        "onnxruntime", "faiss-cpu", "tantivy", "tokenizers", "numpy", "torch", "sentence-transformers"
    )
    given = next((one for name in PEERS if (one := found.get(f"peer-{name}"))), None)
    size = "{articles} articles, {chunks:,} chunks, {questions:,} questions.".format(**given) if given else ""

    def names(kind: str, default: int) -> list[str]:
        return [f"{kind}-{size}" for size in found.sizes(kind) or [default]]

    small, large = Plan().filled
    lines = [
        "# Speed and size",
        "",
        _ABOUT,
        "",
        f"Machine: {machine.get('cores')} cores of {machine.get('processor')} "
        f"({', '.join(machine.get('flags', []))}), {machine.get('memory_gb')} GB, {machine.get('system')}, "
        f"Python {machine.get('python')}; {', '.join(f'{name} {version}' for name, version in packages.items())}. "
        "MB are 10⁶ bytes.",
        "",
        *table(["", "goal", "measured", ""], [goal.row() for goal in goals(found)]),
        "",
        *section(found, "Starting", ["cold"], lambda: cold(found), _STARTING),
        *section(found, "A question", names("latency", small), lambda: latency(found), _QUESTION),
        *section(found, "A library", names("corpus", large), lambda: libraries(found), _LIBRARY),
        *section(found, "Adding", names("ingestion", small), lambda: ingestion(found), _ADDING),
        *section(found, "Peers", [f"peer-{name}" for name in PEERS], lambda: peers(found), size + "\n" + _PEERS),
    ]
    return "\n".join(lines).rstrip() + "\n"


# -- the plots


def draw_latency(found: Found, path: Path) -> None:
    """Draw the median time of each stage of a search, stacked, over the size of the library."""
    done = [one for size in found.sizes("latency") if (one := found.get(f"latency-{size}"))]
    if not done:
        return
    with plt.rc_context({**STYLE, "figure.figsize": (7.5, 1.4 + 0.7 * len(done)), "axes.grid.axis": "x"}):
        figure, axes = plt.subplots()
        names = [f"{one['passages']:,}" for one in done]
        left = [0.0] * len(done)
        for stage, shade in zip(_STAGES, _SHADES, strict=True):
            width = [one["search"]["both"][stage]["p50"] for one in done]
            axes.barh(names, width, left=left, color=shade, label=stage, height=0.6)
            left = [a + b for a, b in zip(left, width, strict=True)]
        for place, (one, total) in enumerate(zip(done, left, strict=True)):
            if goal := _SEARCH_GOALS.get(one["passages"]):
                axes.vlines(goal, place - 0.4, place + 0.4, color="black", label=f"goal, {goal} ms")
            axes.annotate(f"{number(total)} ms", (total, place), (5, 0), textcoords="offset points", va="center")
        axes.set(xlabel="ms, sum of the stages' medians", ylabel="passages", xlim=(0, 1.18 * max(left)))
        axes.invert_yaxis()
        axes.set_axisbelow(True)
        axes.set_title("A search by stage", loc="left")
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
        figure.savefig(path)
        plt.close(figure)


def draw_ingestion(found: Found, path: Path) -> None:
    """Draw passages a second while articles went in, with the machine's limit for the same passages."""
    done = [one for size in found.sizes("ingestion") if (one := found.get(f"ingestion-{size}"))]
    if not done:
        return
    with plt.rc_context({**STYLE, "figure.figsize": (8.5, 4.0)}):
        figure, axes = plt.subplots()
        for one, shade in zip(done, ("#5b9bd5", BLUE, "#f2a541"), strict=False):
            points = [(count, count / seconds) for seconds, count in one["curve"] if seconds > 0 and count]
            label = f"{one['passages']:,} passages"
            axes.plot(*zip(*points, strict=True), color=shade, marker="o", markersize=3, linewidth=1.6, label=label)
        last = done[-1]
        most = ceiling(last)[1] * last["passages"] / last["gflop"]
        axes.axhline(most, color=GREY, linestyle="--", linewidth=1, label="fp32 limit of the machine")
        axes.set(xlabel="passages in the library", ylabel="passages a second since the start")
        axes.set_xlim(0, 1.05 * last["passages"])
        axes.set_ylim(0, 1.1 * max(most, *(line.get_ydata().max() for line in axes.get_lines()[:-1])))
        axes.set_title("Articles going in", loc="left")
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
        figure.savefig(path)
        plt.close(figure)


def draw_peers(found: Found, path: Path) -> None:
    """Draw bars of every system: chunks a second, time of a question, cold start, peak memory, MRR."""
    done = {name: one for name in PEERS if (one := found.get(f"peer-{name}"))}
    if not done:
        return
    panels: dict[str, Callable[[dict[str, Any]], float]] = {
        "chunks a second in\n(more is better)": lambda one: one["chunks_a_second"],
        "ms a question, median\n(less)": lambda one: one["ms"]["p50"],
        "s to a cold answer\n(less)": lambda one: one["cold_seconds"],
        "peak MB, asking\n(less)": lambda one: one["ask_peak_mb"],
        "MRR@10\n(more)": lambda one: one["mrr"],
    }
    with plt.rc_context({**STYLE, "figure.figsize": (13.0, 1.4 + 0.42 * len(done)), "axes.grid": False}):
        figure, row = plt.subplots(1, len(panels), sharey=True)
        for axes, (title, value) in zip(row, panels.items(), strict=True):
            bars(axes, [_NAMES[name] for name in done], [value(one) for one in done.values()], title)
        figure.savefig(path)
        plt.close(figure)


def bars(axes: Axes, names: Sequence[str], values: Sequence[float], title: str) -> None:
    """Draw one panel: a bar for each name, ours in blue, its figure beside it."""
    axes.barh(names, values, color=[BLUE if name == _NAMES["ours"] else GREY for name in names], height=0.65)
    for place, value in enumerate(values):
        axes.annotate(number(value), (value, place), (4, 0), textcoords="offset points", va="center", fontsize=9)
    axes.set_xlim(0, 1.3 * max(values))
    axes.set_xticks([])
    axes.tick_params(left=False)
    axes.invert_yaxis()
    axes.set_title(title, loc="left", fontsize=10)


def main() -> int:
    """Write the page and its plots; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, metavar="RESULTS", help="folder of JSON files")
    parser.add_argument("--docs", type=Path, default=Path("docs"), metavar="FOLDER", help="the page goes here")
    args = parser.parse_args()
    try:
        found = Found(args.results)
        args.docs.mkdir(parents=True, exist_ok=True)
        (args.docs / "performance.md").write_text(page(found), encoding="utf-8")
        draw_latency(found, args.docs / "latency.png")
        draw_ingestion(found, args.docs / "ingestion.png")
        draw_peers(found, args.docs / "peers.png")
    except (OSError, ValueError) as error:
        print(f"{args.results}: {error}", file=sys.stderr)
        return 1
    print(f"wrote {args.docs / 'performance.md'}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

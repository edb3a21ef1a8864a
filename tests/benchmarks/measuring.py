"""What the benchmarks measure with: the machine, memory, processes, percentiles, and files of results.

Only the standard library is loaded here: a program that measures others must not be larger than they are, and the
peers run it in an environment of their own. Linux only: memory is read from /proc.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_FLAGS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8", "amx_bf16")
_MEGABYTE = 1e6
Results = dict[str, Any]


@dataclass(frozen=True)
class Ran:
    """A process that has ended: seconds from start to end, peak resident MB, exit status, what it printed."""

    seconds: float
    peak: float
    status: int
    output: str


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Ran:
    """Run a command to its end; standard error goes where ours goes.

    The kernel counts the parent's size at the fork into the child's peak: call this from a small process only.
    """
    began = time.perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    return Ran(seconds, usage.ru_maxrss * 1024 / _MEGABYTE, process.returncode, output)


def memory(process: int | str = "self") -> dict[str, float]:
    """Return a living process's memory in MB: resident, of that private (not of mapped files), and its peak."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace").splitlines()
    sizes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines) if "kB" in rest}
    names = {"resident": "VmRSS", "private": "RssAnon", "peak": "VmHWM"}
    return {ours: sizes[theirs] * 1024 / _MEGABYTE for ours, theirs in names.items()}


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Return median, 95th and 99th percentile (nearest rank); at least one value."""
    ordered = sorted(values)
    ranks = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
    return {name: ordered[min(len(ordered) - 1, int(len(ordered) * share))] for name, share in ranks.items()}


def machine() -> dict[str, Any]:
    """Return processor, usable cores, memory in GB, the vector instructions that matter, system and Python."""
    cpu = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    pairs = (line.partition(":") for line in cpu.splitlines())
    fields = {name.strip(): value.strip() for name, _, value in pairs}
    flags = fields.get("flags", "").split()
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": fields.get("model name", platform.machine()),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(pages / 1e9, 1),
        "flags": [flag for flag in _FLAGS if flag in flags],
        "system": platform.system(),
        "python": platform.python_version(),
    }


def versions(*names: str) -> dict[str, str]:
    """Return the versions of the distributions that are installed."""
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def write(path: Path, results: Results) -> None:
    """Write a part's results with the command and the machine that made them; complete or not at all."""
    given = ["PATH" if os.sep in argument else argument for argument in sys.argv[1:]]  # no path of this machine
    command = " ".join(["python -m", f"tests.benchmarks.{Path(sys.argv[0]).stem}", *given])
    whole = {"command": command, "machine": machine(), "results": results}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(whole, indent=1), encoding="utf-8")
    temporary.replace(path)

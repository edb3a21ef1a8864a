"""Cold start: `python -m tests.benchmarks.cold --out FILE [--runs N]`.

Wall time (median) and peak memory (largest) of whole processes on the shipped library, files already in the page
cache: an empty interpreter, `talks-qa --help`, `search` and `ask`, each started anew; and the bot at rest, against the
tests' stand-in for Telegram, after it has answered one question.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks import measuring

QUESTION = "What did Kayani refuse to give Mullen?"
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "talks-qa --help": ["-m", "qa", "--help"],
    "talks-qa search": ["-m", "qa", "search", QUESTION],
    "talks-qa ask": ["-m", "qa", "ask", QUESTION],
}
START = 180.0  # seconds a first start may take
REST = 2.0  # seconds after the answer, before the bot's memory is read


def environment(home: Path) -> dict[str, str]:
    """Return an environment with a library of its own; the cache of exported models stays the user's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TALKS_")}
    ours = {f"XDG_{kind}_HOME": str(home) for kind in ("CONFIG", "DATA", "STATE")}
    return {**kept, **ours, "TALKS_LIBRARY": str(home / "library")}


def commands(home: Path, runs: int) -> measuring.Results:
    """Return seconds and peak MB of each command; the first `ask` makes the library and stands alone."""
    found: measuring.Results = {}
    ours = environment(home)
    for again in (False, True):  # the first may export the model, the second is what a new library costs
        library = home / ("library" if again else "before")
        first = measuring.run([sys.executable, *COMMANDS["talks-qa ask"], "--library", str(library)], ours)
        if first.status:
            raise RuntimeError(f"talks-qa ask ended with {first.status}")
    found["first talks-qa ask, makes the library"] = {"seconds": first.seconds, "peak_mb": first.peak, "runs": 1}
    for name, arguments in COMMANDS.items():
        ran = [measuring.run([sys.executable, *arguments], ours) for _ in range(runs)]
        if any(r.status for r in ran):
            raise RuntimeError(f"{name} ended with {ran[0].status}")
        seconds = statistics.median(r.seconds for r in ran)
        found[name] = {"seconds": seconds, "peak_mb": max(r.peak for r in ran), "runs": runs}
    return found


async def bot(home: Path) -> measuring.Results:
    """Return the bot's seconds until it listens, and its memory in MB at rest after one answer."""
    from tests.telegram_server import TOKEN, TelegramServer

    async with TelegramServer() as server:
        ours = {**environment(home), "TALKS_BOT_TOKEN": TOKEN, "TALKS_BOT_API": server.url}
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.app", env=ours, stdout=asyncio.subprocess.DEVNULL, cwd=measuring.ROOT
        )
        try:
            await server.wait("setMyCommands", patience=START)
            ready = time.perf_counter() - began
            await server.say(QUESTION)
            await server.reply(1)
            await asyncio.sleep(REST)
            memory = measuring.memory(process.pid)
        finally:
            process.terminate()
            await process.wait()
    return {"ready_seconds": ready, "resident_mb": memory["resident"], "peak_mb": memory["peak"]}


def main() -> int:
    """Measure and write the results; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the results, JSON")
    parser.add_argument("--runs", type=int, default=9, metavar="N", help="of each command (default 9)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = {"commands": commands(Path(folder), args.runs), "bot": asyncio.run(bot(Path(folder)))}
    measuring.write(args.out, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What a library survives: `python -m tests.benchmarks.durability --trials 300 --seed 1`.

Each trial takes a small library, does it harm, and looks at what is left: every article that was acknowledged must be
there as it was, or be named as lost with the file that lost it; no passage may differ from what was put in. A trial's
harm follows from the seed, the moment of a kill from the machine. Linux only: a process is stopped to copy its files.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from qa import Library
from qa.errors import LibraryDamagedError, LibraryError, LibraryLockedError, TalksError
from qa.salvage import repair
from tests.benchmarks import measuring

Texts = dict[str, str]  # an article's text by its id
Change = Mapping[str, str | None]  # the articles that one call changes; None: removed
_ARTICLES, _CHANGES = 30, 8
_WORDS = (
    "convoy border visit drone supply aid hearing envoy airbase ceasefire summit court inquiry tariff flood".split()
)
_AT_MOST = 1.5  # seconds of changes until a kill
_FILES = ("library.db", "library.db", "vectors.faiss", "lexical")  # what is damaged, the truth twice as often


@dataclass
class Trial:
    """One library in a folder of its own: what it held after each change, and how many changes were acknowledged."""

    folder: Path
    chance: random.Random
    states: list[Texts]
    acknowledged: int = 0

    @property
    def library(self) -> Path:
        """The folder of the library."""
        return self.folder / "library"


class WrongError(AssertionError):
    """A library is not what it must be."""


# -- what goes in


def text(chance: random.Random) -> str:
    """Return a few sentences."""
    return " ".join(
        f"The {chance.choice(_WORDS)} was discussed on {chance.randint(1, 28)} May {chance.randint(2011, 2017)} "
        f"with the {chance.choice(_WORDS)}, said official {chance.randint(1, 9999)}."
        for _ in range(chance.randint(1, 12))
    )


def changes(trial: Trial, number: int, prefix: str = "n") -> list[Change]:
    """Draw changes to what the library holds; its states after each of them are noted."""
    drawn: list[Change] = []
    for i in range(number):
        now, names = dict(trial.states[-1]), sorted(trial.states[-1])
        change: dict[str, str | None] = {
            f"{prefix}{i}-{n}": text(trial.chance) for n in range(trial.chance.randint(1, 3))
        }
        if trial.chance.random() < 0.5:
            change[trial.chance.choice(names)] = text(trial.chance)
        elif trial.chance.random() < 0.3:
            change = {trial.chance.choice(names): None}
        for name, words in change.items():
            now[name] = words or ""
            if words is None:
                del now[name]
        trial.states.append(now)
        drawn.append(change)
    return drawn


def apply(library: Library, change: Change, file: Path) -> None:
    """Make one change through the library's own methods."""
    rows = [{"id": name, "title": name, "text": words} for name, words in change.items() if words is not None]
    for name, words in change.items():
        if words is None:
            library.remove(name)
    if rows:
        file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        report = library.add([file])
        if report.rejected:
            raise WrongError(str(report.rejected))


# -- the process that is harmed


def child(folder: Path, plan: Path, limit: int) -> int:
    """Make the changes of a plan, saying after each that it is done."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit or resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with Library.open(folder) as library:
        library.encoder.count("ready")
        print("ready", flush=True)
        for change in json.loads(plan.read_text(encoding="utf-8")):
            while True:
                try:
                    apply(library, change, plan.with_suffix(".jsonl"))
                    break
                except LibraryLockedError:
                    time.sleep(0.005)
            print(f"done {(folder / 'library.db').stat().st_mtime_ns}", flush=True)
    return 0


class Process:
    """A child at work on a trial's library."""

    def __init__(self, trial: Trial, plan: Sequence[Change], name: str = "plan", limit: int = 0) -> None:
        file = trial.folder / f"{name}.json"
        file.write_text(json.dumps(plan), encoding="utf-8")
        command = [sys.executable, "-m", "tests.benchmarks.durability", "--child", str(trial.library), str(file)]
        self._output = (trial.folder / f"{name}.out").open("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [*command, str(limit)], stdout=self._output, stderr=self._output, cwd=measuring.ROOT
        )

    def lines(self) -> list[str]:
        """Return the whole lines it has printed."""
        self._output.seek(0)
        return [line.rstrip() for line in self._output if line.endswith("\n")]

    def until(self, count: int) -> None:
        """Wait until it has said it is ready and made so many changes, or has ended."""
        while len(self.lines()) <= count and self._process.poll() is None:
            time.sleep(0.002)

    def signal(self, number: int) -> None:
        """Send it a signal, and wait until it has stopped where it is to stop."""
        self._process.send_signal(number)
        if number == signal.SIGSTOP:
            with suppress(ChildProcessError):  # it had come to its end
                os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def wait(self) -> int:
        """Wait for its end; return how many changes it acknowledged."""
        self._process.wait()
        done = sum(line.startswith("done") for line in self.lines())
        self._output.close()
        return done


# -- harm


def kill(trial: Trial) -> str:
    """Kill the process at any moment."""
    process = Process(trial, changes(trial, _CHANGES))
    process.until(0)
    time.sleep(trial.chance.random() * trial.chance.random() * _AT_MOST)
    process.signal(signal.SIGKILL)
    trial.acknowledged = process.wait()
    return judge(trial)


def power(trial: Trial) -> str:
    """Take the files as they are at any moment, with any part of what no one waited for not on the disk."""
    process = Process(trial, changes(trial, _CHANGES))
    process.until(0)
    time.sleep(trial.chance.random() * trial.chance.random() * _AT_MOST)
    process.signal(signal.SIGSTOP)
    said = [line for line in process.lines() if line.startswith("done")]
    trial.acknowledged = len(said)
    untouched = bool(said) and int(said[-1].split()[1]) == (trial.library / "library.db").stat().st_mtime_ns
    shutil.copytree(trial.library, trial.folder / "cut")
    process.signal(signal.SIGKILL)
    process.wait()
    shutil.rmtree(trial.library)
    (trial.folder / "cut").rename(trial.library)
    log = trial.library / "library.db-wal"
    if untouched and log.exists():  # nothing of the log is in the database yet: any part of it may be missing
        shorten(log, trial.chance)
    for file in (trial.library / "vectors.faiss", trial.library / "lexical" / "stamp"):
        if file.exists() and trial.chance.random() < 0.5:
            shorten(file, trial.chance)
    return judge(trial)


def full(trial: Trial) -> str:
    """Let no file grow beyond a size that is reached on the way."""
    size = max(file.stat().st_size for file in trial.library.rglob("*") if file.is_file())
    process = Process(trial, changes(trial, _CHANGES), limit=int(size * (0.3 + trial.chance.random())))
    trial.acknowledged = process.wait()
    return judge(trial)


def writers(trial: Trial) -> str:
    """Let two processes change the library at once."""
    plans = [[c for c in changes(trial, 4, name) if None not in c.values()] for name in ("x", "y")]
    both = [Process(trial, plan, name) for name, plan in zip("xy", plans, strict=True)]
    acknowledged = [process.wait() for process in both]
    if acknowledged != [len(plan) for plan in plans]:
        raise WrongError(f"a writer did not come to its end: {acknowledged}")
    with Library.open(trial.library) as library:
        held = texts(library)
    if missing := {name for plan in plans for change in plan for name in change} - set(held):
        raise WrongError(f"what one writer added is missing: {missing}")
    trial.states.append(held)
    trial.acknowledged = len(trial.states) - 1
    return judge(trial)


def log(trial: Trial) -> str:
    """Damage the log while it holds what was acknowledged: a reader kept it from being emptied."""
    with closing(sqlite3.connect(trial.library / "library.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM manifest").fetchall()
        with Library.open(trial.library) as library:
            apply(library, changes(trial, 1)[0], trial.folder / "a.jsonl")
            shutil.copytree(trial.library, trial.folder / "crashed")
    shutil.rmtree(trial.library)
    (trial.folder / "crashed").rename(trial.library)
    trial.acknowledged = 1
    flip(trial.library / "library.db-wal", trial.chance)
    return judge(trial)


def damage(trial: Trial) -> str:
    """Flip bits of a file, zero a page of it, or cut it off."""
    name = trial.chance.choice(_FILES)
    files = sorted((trial.library / name).glob("*")) if name == "lexical" else [trial.library / name]
    file = trial.chance.choice([file for file in files if file.stat().st_size])
    trial.chance.choice([flip, flip, shorten, blank])(file, trial.chance)
    return judge(trial)


def mending(trial: Trial) -> str:
    """Kill a repair."""
    for _ in range(20):
        flip(trial.library / "library.db", trial.chance)
    program = "import sys; from pathlib import Path; from qa.salvage import repair; repair(Path(sys.argv[1]))"
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(trial.library)], stderr=subprocess.DEVNULL, cwd=measuring.ROOT
    )
    with suppress(subprocess.TimeoutExpired):
        process.wait(0.3 + trial.chance.random())
    process.kill()
    process.wait()
    if list(trial.library.glob("library.db.damaged-*")):
        with suppress(LibraryDamagedError), Library.open(trial.library) as library:
            library.check()
            if texts(library).items() <= trial.states[0].items():
                return "repaired before the kill, the damaged file kept"
    return judge(trial)


def flip(file: Path, chance: random.Random) -> None:
    """Flip one bit."""
    data = bytearray(file.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    file.write_bytes(data)


def shorten(file: Path, chance: random.Random) -> None:
    """Cut a file off anywhere."""
    if size := file.stat().st_size:
        os.truncate(file, chance.randrange(size))


def blank(file: Path, chance: random.Random) -> None:
    """Make zeros of a page."""
    data = bytearray(file.read_bytes())
    place = chance.randrange(0, len(data), 4096)
    data[place : place + 4096] = bytes(len(data[place : place + 4096]))
    file.write_bytes(data)


HARM: dict[str, tuple[str, Callable[[Trial], str]]] = {
    "kill": ("process killed", kill),
    "power": ("power cut", power),
    "damage": ("file damaged", damage),
    "full": ("disk full", full),
    "writers": ("two writers", writers),
    "log": ("log damaged", log),
    "mending": ("repair killed", mending),
}
_ORDER = ("kill", "power", "damage", "full", "kill", "power", "damage", "writers", "log", "mending")


# -- judging


def judge(trial: Trial) -> str:
    """Return what became of the library; raises WrongError where that is not allowed.

    Where a change was under way, either it is there wholly or not at all.
    """
    possible = trial.states[trial.acknowledged : trial.acknowledged + 2]
    try:
        with Library.open(trial.library) as library:
            held = texts(library)
            mended = library.check()
            look(library, trial.states)
        if held in possible:
            return "as committed, indexes made anew" if mended else "as committed"
        if held in trial.states and any("is older than its indexes" in line for line in mended):
            return "an earlier state, told"
        raise WrongError(f"{sorted(set(possible[0]) ^ set(held))} with {mended}")
    except LibraryDamagedError as error:
        return mend(trial, possible[0], str(error))


def mend(trial: Trial, wanted: Texts, reason: str) -> str:
    """Repair a library that says it is damaged, and see what is left."""
    try:
        found = repair(trial.library)
    except LibraryDamagedError as error:
        if "put a copy of it back" not in str(error):
            raise WrongError(str(error)) from None
        return "damaged, told: nothing can be read"
    with Library.open(trial.library) as library:
        held = texts(library)
        look(library, [wanted])
        if left := library.check():
            raise WrongError(f"not sound after its repair: {left}")
    gone = {name for name in wanted if held.get(name) != wanted[name]}
    if extra := set(held) - set(wanted):
        raise WrongError(f"{extra} were never put in; {reason}")
    if unnamed := gone - set(found.lost):
        return f"damaged, told: some lost, {'all' if not unnamed else 'not all'} of them named"
    return "damaged, told: some lost and named" if gone else "damaged, told: saved whole"


def texts(library: Library) -> Texts:
    """Return what a library holds, each article checked against its hash."""
    return {name: library.article(name).text for name in library.store.ids()}


def look(library: Library, states: Sequence[Texts]) -> None:
    """Look for passages through both indexes: each must be what was put in."""
    snapshot = library.snapshot()
    numbers = [number for number, _ in snapshot.lexical.search(" ".join(_WORDS), 50)]
    numbers += [
        n for vector in library.store.vectors(numbers[:3], 384).values() for n, _ in snapshot.vectors.search(vector, 50)
    ]
    for _, passage, article in library.rows(numbers).values():
        known = [state[article.id] for state in states if article.id in state]
        if article.text not in known or article.text[passage.start : passage.end] != passage.text:
            raise WrongError(f"{passage} is not what was put in")


# -- all of them


def prepare(folder: Path, seed: int) -> Texts:
    """Make the library that every trial starts from; return what it holds."""
    chance = random.Random(seed)  # noqa: S311
    held = {f"a{i}": text(chance) for i in range(_ARTICLES)}
    with Library.open(folder) as library:
        apply(library, held, folder.with_suffix(".jsonl"))
    return held


def run(trials: int, seed: int, say: Callable[[str], None] = lambda line: None) -> collections.Counter[tuple[str, str]]:
    """Run trials; return how often each harm ended how. Raises WrongError with the number of the trial."""
    tally: collections.Counter[tuple[str, str]] = collections.Counter()
    with tempfile.TemporaryDirectory() as name:
        base = Path(name) / "base"
        held = prepare(base, seed)
        for number in range(trials):
            kind = _ORDER[number % len(_ORDER)]
            trial = Trial(Path(name) / str(number), random.Random(f"{seed}-{number}"), [held])  # noqa: S311
            shutil.copytree(base, trial.library)
            try:
                outcome = HARM[kind][1](trial)
            except (WrongError, TalksError) as error:
                raise WrongError(f"trial {number} ({HARM[kind][0]}): {type(error).__name__}: {error}") from error
            if kind in ("kill", "power", "full"):
                outcome += ", after the last change" if trial.acknowledged == _CHANGES else ", amid changes"
            tally[HARM[kind][0], outcome] += 1
            say(f"{number} {HARM[kind][0]}: {outcome}")
            shutil.rmtree(trial.folder, ignore_errors=True)
    return tally


def main() -> int:
    """Run trials and print their tally as a table; return the exit code."""
    if sys.argv[1:2] == ["--child"]:
        try:
            return child(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
        except LibraryError as error:
            print(error, flush=True)
            return 1
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=300, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    args = parser.parse_args()
    tally = run(args.trials, args.seed, lambda line: print(line, file=sys.stderr, flush=True))
    print("| harm | what became of the library | trials |\n|---|---|---|")
    for (kind, outcome), count in sorted(tally.items()):
        print(f"| {kind} | {outcome} | {count} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())

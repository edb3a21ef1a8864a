"""Libraries of any size: `python -m tests.benchmarks.corpus --corpus FOLDER --work FOLDER --passages N --out FILE`.

Up to some ten thousand passages the articles are real and go in through `Library.add`: MultiHop-RAG's, then White
House press briefings. A larger library starts with those and goes on with copies of them in which three words of ten
are drawn from the whole corpus, so that words stay as frequent as they are; a copy's vector is its original's, moved
by half the difference of two others, so that vectors stay spread as they are. Nothing of a copy is embedded.
"""

from __future__ import annotations

import argparse
import itertools
import json
import lzma
import random
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embeddings.encoder import Encoder
from qa import Article, Library, Passage
from qa import articles as sources
from qa.passages import split
from qa.store import passage_digest
from tests.benchmarks import measuring, multihop_rag

REAL = 10_000  # passages of a library that are real, at most
_CHANGED = 0.3  # share of a copy's words
_MOVED = 0.5  # of the difference of two vectors
_BATCH = 250  # articles a transaction

Filled = tuple[Article, list[Passage], NDArray[np.float16]]


def real_rows(data: Path) -> Iterator[dict[str, str]]:
    """Yield the corpus as rows that `Library.add` takes."""
    yield from multihop_rag.articles(data / "multihop_rag")
    with lzma.open(data / "whitehouse_briefings" / "briefings.jsonl.xz", "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def write_articles(data: Path, passages: int, path: Path) -> None:
    """Write the first articles that together have so many passages to a file that `Library.add` takes."""
    encoder, found = Encoder.load(), 0
    with path.open("w", encoding="utf-8") as file:
        for row in real_rows(data):
            line = json.dumps(row) + "\n"
            one = path.with_suffix(".one.jsonl")
            one.write_text(line, encoding="utf-8")
            for _, item in sources.read([one]):
                if isinstance(item, Article):
                    found += len(split(item, encoder.count))
                    file.write(line)
            if found >= passages:
                break
    one.unlink()


def real_library(data: Path, work: Path, passages: int) -> Path:
    """Return the folder of a library of real articles, made when it is not there."""
    folder = work / f"library-{passages}"
    if not (folder / "made").exists():
        work.mkdir(parents=True, exist_ok=True)
        file = work / f"articles-{passages}.jsonl"
        write_articles(data, passages, file)
        with Library.open(folder) as library:
            library.add([file])
        (folder / "made").touch()
    return folder


def questions(data: Path, number: int) -> dict[str, list[str]]:
    """Return so many questions of each kind: short ones of ours and MultiHop-RAG's, which are long."""
    lines = (measuring.ROOT / "seeds" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    short = [row["question"] for row in map(json.loads, lines) if not row.get("history")]
    rows = multihop_rag.load(data / "multihop_rag" / "MultiHopRAG.json.xz")
    long = [row["query"] for row in rows if row["question_type"] != "null_query"]
    chance = random.Random(0)  # noqa: S311
    return {"short": chance.sample(short, min(number, len(short))), "long": chance.sample(long, number)}


@dataclass(frozen=True)
class Originals:
    """The articles of a library as copies are made of them: all words in one row, passages as slices of it."""

    articles: list[tuple[Article, list[int]]]  # an article and the positions of its passages
    passages: list[Passage]
    words: NDArray[np.object_]
    bounds: NDArray[np.int64]
    vectors: NDArray[np.float32]

    @classmethod
    def of(cls, library: Library) -> Originals:
        """Read a library."""
        rows = list(library.store.all_rows())
        stored = library.vectors([number for number, _, _ in rows])
        groups = itertools.groupby(range(len(rows)), lambda i: rows[i][2].id)
        articles = [(rows[(places := list(group))[0]][2], places) for _, group in groups]
        split_up = [passage.text.split() for _, passage, _ in rows]
        words = np.array([word for part in split_up for word in part], dtype=object)
        bounds = np.cumsum([0, *map(len, split_up)])
        vectors = np.stack([stored[number] for number, _, _ in rows])
        return cls(articles, [passage for _, passage, _ in rows], words, bounds, vectors)

    def __iter__(self) -> Iterator[Filled]:
        """Yield the originals, then copies without end."""
        for article, places in self.articles:
            yield article, [self.passages[i] for i in places], self.vectors[places].astype(np.float16)
        chance = np.random.default_rng(0)
        for copy in itertools.count(1):
            for article, places in self.articles:
                yield self._copy(article, places, copy, chance)

    def _copy(self, article: Article, places: list[int], copy: int, chance: np.random.Generator) -> Filled:
        parts = [self._changed(self.bounds[i], self.bounds[i + 1], chance) for i in places]
        ends = np.cumsum([len(part) + 1 for part in parts]) - 1
        name = f"{article.id}-{copy}"
        passages = [
            Passage(f"{name}#{number}", name, number, int(end) - len(part), int(end), part)
            for number, (part, end) in enumerate(zip(parts, ends, strict=True))
        ]
        title = parts[0][: len(article.title)].rsplit(" ", 1)[0]
        day = article.published and article.published + timedelta(days=int(chance.integers(-400, 400)))
        moved = chance.integers(len(self.vectors), size=(2, len(places)))
        vectors = self.vectors[places] + _MOVED * (self.vectors[moved[0]] - self.vectors[moved[1]])
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        made = replace(article, id=name, text="\n".join(parts), title=title, published=day)
        return made, passages, vectors.astype(np.float16)

    def _changed(self, start: int, end: int, chance: np.random.Generator) -> str:
        words = self.words[start:end].copy()
        places = np.flatnonzero(chance.random(len(words)) < _CHANGED)
        words[places] = self.words[chance.integers(len(self.words), size=len(places))]
        return " ".join(words)


def fill(library: Library, articles: Iterator[Filled], passages: int) -> None:
    """Write articles with their passages and vectors into a new library's database until it has so many."""
    store, written = library.store, 0
    store.describe_encoder(library.encoder.name, library.encoder.digest, library.encoder.dimension)
    while written < passages:
        with store.transaction():
            for article, parts, vectors in itertools.islice(articles, _BATCH):
                kept = parts[: passages - written]
                digests = [passage_digest(article, passage) for passage in kept]
                store.put(article, kept, digests, vectors[: len(kept)])
                written += len(kept)
                if written == passages:
                    return


def grow(data: Path, work: Path, passages: int, real: int) -> measuring.Results:
    """Make a library of so many passages in `work`; return seconds, sizes in MB and peak memory."""
    folder = work / f"library-{passages}"
    shutil.rmtree(folder, ignore_errors=True)  # what a killed run left behind
    with Library.open(real_library(data, work, real)) as base:
        articles = iter(Originals.of(base))
    began = time.perf_counter()
    with Library.open(folder) as library:
        fill(library, articles, passages)
    written = time.perf_counter()
    with Library.open(folder) as library:
        library.snapshot()  # the indexes are missing: they are built from the database
    indexed = time.perf_counter()
    (folder / "made").touch()
    return {
        "write_seconds": written - began,
        "index_seconds": indexed - written,
        "peak_mb": measuring.memory()["peak"],
    }


def sizes(folder: Path) -> dict[str, float]:
    """Return the MB on disk of each file or folder of a library."""
    found: dict[str, float] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            name = path.relative_to(folder).parts[0]
            found[name] = found.get(name, 0.0) + path.stat().st_size / 1e6
    return {name: size for name, size in sorted(found.items()) if size}


def main() -> int:
    """Make a library and write what it took; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, metavar="FOLDER", help="multihop_rag/ and others")
    parser.add_argument("--work", type=Path, required=True, metavar="FOLDER", help="libraries are kept here")
    parser.add_argument("--passages", type=int, required=True, metavar="N")
    parser.add_argument("--real", type=int, default=REAL, metavar="N", help=f"of them real (default {REAL:,})")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the results, JSON")
    args = parser.parse_args()
    measuring.write(args.out, grow(args.corpus, args.work, args.passages, args.real))
    return 0


if __name__ == "__main__":
    sys.exit(main())

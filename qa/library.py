"""The corpus on disk: articles in, articles out, one writer, many readers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock, Timeout

from embeddings.encoder import DEFAULT_MODEL, Encoder
from qa import sources
from qa.config import Config
from qa.derived import Changes, Derived, Snapshot
from qa.errors import LibraryError, LibraryLockedError, UnknownArticleError
from qa.passages import split
from qa.records import AddReport, Article, Rejection
from qa.store import Row, Store, article_digest, passage_digest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qa.fetching import Fetcher
    from qa.records import Passage
    from qa.sources import Source

_DATABASE, _LOCK = "library.db", "write.lock"
_BATCH_PASSAGES = 256  # embedded and committed together: what a killed `add` loses at most
_BATCH_ARTICLES = 200
_WIDER = 4  # times as many candidates are taken from an approximate index as are wanted
_READER_WAIT = 60.0  # seconds a reader waits for a writer to finish the derived files

Notify = Callable[[str], None]
Progress = Callable[[str, int, int], None]


class Library:
    """A folder of articles that can be searched; one writer at a time, many readers, any thread."""

    def __init__(self, path: Path, store: Store, encoder: str, notify: Notify) -> None:
        self.path = path
        self._store = store
        self._encoder_name = encoder
        self._notify = notify
        self._encoder: Encoder | None = None
        self._snapshot: Snapshot | None = None
        self._outlets: tuple[int, list[str]] = (-1, [])  # of one generation: every question asks for them
        self._mutex = threading.RLock()
        self._derived = Derived(path, store, lambda: self.encoder.dimension)

    @classmethod
    def open(cls, path: str | Path | None = None, encoder: str = "", notify: Notify = lambda line: None) -> Library:
        """Open the library at `path`, made when new (default: the user's data folder).

        `encoder` names the sentence-transformers model of a new library; an old one keeps its own.
        Raises LibraryError (not a folder, no permission, another schema) or LibraryDamagedError.
        """
        where = Path(path) if path is not None else Config().library
        try:
            folder = where.expanduser()
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise LibraryError(f"{folder} is a file, not a library folder") from None
        except (OSError, RuntimeError, ValueError) as error:  # no permission, no such user's home, no name for a file
            reason = getattr(error, "strerror", None) or error
            raise LibraryError(f"cannot make the library folder {where}: {reason}") from None
        store = Store(folder / _DATABASE)
        made_with = store.manifest().get("encoder", "")
        if encoder and made_with and encoder != made_with:
            store.close()
            raise LibraryError(f"{folder} was made with the encoder {made_with}; open it without naming {encoder}")
        return cls(folder, store, encoder or made_with, notify)

    def close(self) -> None:
        """Close the database; further calls fail."""
        self._store.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- reading

    @property
    def encoder(self) -> Encoder:
        """The model of this library's vectors, loaded when first needed."""
        with self._mutex:
            if self._encoder is None:
                name = "" if self._encoder_name == DEFAULT_MODEL else self._encoder_name
                encoder = Encoder.load(name, self._notify)
                made_with = self._store.manifest().get("encoder_digest", encoder.digest)
                if made_with != encoder.digest:
                    raise LibraryError(
                        f"the weights of {encoder.name} have changed since {self.path} was made; put the old ones "
                        "back or make the library anew"
                    )
                self._encoder = encoder
            return self._encoder

    def articles(self, offset: int = 0, limit: int = -1) -> list[Article]:
        """Return articles, newest first: every one, or `limit` of them after `offset`."""
        return self._store.articles(offset, limit)

    def span(self) -> tuple[date, date] | None:
        """Return the days of the oldest and the newest dated article, None where none is dated."""
        return self._store.span()

    def article(self, article_id: str) -> Article:
        """Return one article; raises UnknownArticleError."""
        article = self._store.article(article_id)
        if article is None:
            raise _unknown(article_id)
        return article

    def count(self) -> tuple[int, int]:
        """Return the number of articles and of passages."""
        return self._store.count()

    def empty(self) -> bool:
        """Whether there is no article."""
        return self._store.empty()

    def generation(self) -> int:
        """Return the number of the last committed change."""
        return self._store.generation()

    def outlets(self) -> list[str]:
        """Return the outlets there are."""
        generation = self._store.generation()
        if self._outlets[0] != generation:
            self._outlets = generation, self._store.outlets()
        return self._outlets[1]

    def rows(self, numbers: Iterable[int]) -> dict[int, Row]:
        """Return passages and their articles by passage number, checked against their hashes."""
        return self._store.rows(numbers)

    def origins(self, numbers: Iterable[int]) -> dict[int, tuple[str, date | None]]:
        """Return outlet and day of publication by passage number."""
        return self._store.origins(numbers)

    def vectors(self, numbers: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """Return stored vectors by passage number."""
        return self._store.vectors(numbers, self.encoder.dimension)

    def nearest(
        self, vector: NDArray[np.float32], k: int, only: NDArray[np.int64] | None = None
    ) -> list[tuple[int, float]]:
        """Return at most `k` (passage number, cosine) pairs, best first, among `only` when given.

        What an approximate index finds is scored again by the stored vectors.
        """
        index = self.snapshot().vectors
        if not index.lists:
            return index.search(vector, k, only)
        found = self.vectors([number for number, _ in index.search(vector, k * _WIDER, only)])
        scored = [(number, float(stored @ vector)) for number, stored in found.items()]
        return sorted(scored, key=lambda item: (-item[1], item[0]))[:k]

    def told_by(self, numbers: Iterable[int]) -> dict[int, tuple[int, str]]:
        """Return story and article by passage number; articles of one story are copies of one report."""
        return self._store.told_by(numbers)

    def copies(self, article_id: str) -> list[tuple[str, str]]:
        """Return (id, outlet) of the other articles that print an article's report."""
        return self._store.copies(article_id)

    @property
    def store(self) -> Store:
        """The database, for filters."""
        return self._store

    def snapshot(self) -> Snapshot:
        """Return the indexes of the newest generation, built again from the truth where damaged."""
        generation = self._store.generation()
        with self._mutex:
            if self._snapshot and self._snapshot.generation == generation:
                return self._snapshot
            found = self._derived.load(generation)
            if found is None:
                found = self._recover(generation)
            self._snapshot = found
            return found

    # -- writing

    def add(
        self,
        paths: Source | Iterable[Source],
        progress: Progress = lambda stage, done, total: None,
        fetcher: Fetcher | None = None,
    ) -> AddReport:
        """Add files, folders and links; what cannot be read is rejected with its reason and the rest goes in.

        Unchanged articles are recognised by their content; a changed one replaces its old passages in
        one transaction. Work is committed in batches: after a crash, adding the same paths again goes
        on. `progress` gets ("adding", articles done, articles in all), and ("fetching", …) for links, which
        are fetched by `fetcher`, or by one that keeps to public addresses. Raises LibraryLockedError.
        """
        wanted = [paths] if isinstance(paths, (str, Path, sources.Link)) else list(paths)
        total = sources.count(wanted)
        return self.take(sources.read(wanted, fetcher, progress), lambda done: progress("adding", done, total))

    def take(
        self, found: Iterable[tuple[str, Article | Rejection]], progress: Callable[[int], None] = lambda done: None
    ) -> AddReport:
        """Put (source, article or rejection) pairs in as `add` does."""
        added: list[str] = []
        updated: list[str] = []
        unchanged: list[str] = []
        rejected: list[Rejection] = []
        changes = Changes()
        batch: list[tuple[Article, list[Passage]]] = []
        waiting: dict[bytes, str] = {}  # content of the batch, not yet in the store
        seen: dict[str, str] = {}
        done = 0
        with self._writing(changes):
            self._describe_encoder()

            def flush() -> None:
                self._commit(batch, changes)
                batch.clear()
                waiting.clear()
                progress(done)

            for source, item in found:
                done += 1
                if isinstance(item, Rejection):
                    rejected.append(item)
                    continue
                digest = article_digest(item)
                if item.id in seen and seen[item.id] != source:
                    rejected.append(Rejection(source, f"its id {item.id!r} is also that of {seen[item.id]}"))
                    continue
                seen[item.id] = source
                if holder := waiting.get(digest) or self._store.holder_of(digest):
                    unchanged.append(holder)
                    continue
                passages = split(item, self.encoder.count, min(256, self.encoder.max_tokens))
                (updated if self._store.has(item.id) else added).append(item.id)
                batch.append((item, passages))
                waiting[digest] = item.id
                if sum(len(p) for _, p in batch) >= _BATCH_PASSAGES or len(batch) >= _BATCH_ARTICLES:
                    flush()
            flush()
        return AddReport(tuple(added), tuple(updated), tuple(unchanged), tuple(rejected))

    def remove(self, *article_ids: str) -> None:
        """Remove articles and their passages, all or none; raises UnknownArticleError or LibraryLockedError."""
        for article_id in article_ids:
            if not self._store.has(article_id):
                raise _unknown(article_id)
        changes = Changes()
        with self._writing(changes), self._store.transaction():
            for article_id in article_ids:
                changes.removed += self._store.delete(article_id)
                self._store.forget_synced(article_id)

    def check(self) -> list[str]:
        """Verify database, passages and derived indexes; return a line for each thing found and mended."""
        found = self._store.damage()
        count = 0
        for number, _, _ in self._store.all_rows():  # verifies every passage against its hash
            count += bool(number)
        generation = self._store.generation()
        with self._mutex:
            snapshot = self._derived.load(generation)
            if snapshot is None or len(snapshot.vectors) != count or snapshot.lexical.size != count:
                with self._locked():
                    self._snapshot = self._derived.build(generation)
                found.append(f"{self.path}: the search indexes were stale or damaged and were built again")
        return found

    # -- inside

    def _describe_encoder(self) -> None:
        if "encoder" not in self._store.manifest():
            self._store.describe_encoder(self.encoder.name, self.encoder.digest, self.encoder.dimension)

    def _commit(self, batch: Sequence[tuple[Article, list[Passage]]], changes: Changes) -> None:
        """Embed what is new in a batch of articles and write it in one transaction."""
        if not batch:
            return
        digests = [[passage_digest(article, p) for p in passages] for article, passages in batch]
        known = self._store.known_vectors([d for group in digests for d in group])
        fresh = {
            digest: f"{article.header}\n{passage.text}"
            for (article, passages), group in zip(batch, digests, strict=True)
            for passage, digest in zip(passages, group, strict=True)
            if digest not in known
        }
        vectors = self.encoder.encode_documents(list(fresh.values())).astype(np.float16)
        known.update(zip(fresh, (v.tobytes() for v in vectors), strict=True))
        with self._store.transaction():
            for (article, passages), group in zip(batch, digests, strict=True):
                block = np.frombuffer(b"".join(known[d] for d in group), dtype=np.float16)
                removed, added = self._store.put(article, passages, group, block.reshape(len(group), -1))
                changes.removed += removed
                changes.added += added

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if not self._store.writable:
            raise LibraryError(f"{self.path} cannot be written to")
        try:
            with FileLock(self.path / _LOCK, timeout=0):
                yield
        except Timeout:
            raise LibraryLockedError(f"another process is changing {self.path}; try again when it is done") from None

    @contextmanager
    def _writing(self, changes: Changes) -> Iterator[None]:
        """Hold the write lock; afterwards, also after an error, bring the derived files up to date."""
        with self._mutex, self._locked():
            before = self._derived.load(self._store.generation())
            try:
                yield
            finally:
                generation = self._store.generation()
                if before is None or before.generation != generation:
                    self._snapshot = self._derived.update(before, changes, generation)

    def _recover(self, generation: int) -> Snapshot:
        """Derived files are not those of the newest generation: wait for their writer, or mend them."""
        if not self._store.writable:
            return self._derived.build(generation, in_memory=True)
        if self._snapshot is not None:
            try:
                with FileLock(self.path / _LOCK, timeout=0):
                    return self._derived.load(generation) or self._derived.build(generation)
            except Timeout:  # a writer is at work: the old generation serves until it is done
                return self._snapshot
        try:
            with FileLock(self.path / _LOCK, timeout=_READER_WAIT):
                generation = self._store.generation()
                return self._derived.load(generation) or self._derived.build(generation)
        except Timeout:
            return self._derived.build(generation, in_memory=True)


def _unknown(article_id: str) -> UnknownArticleError:
    return UnknownArticleError(f"no article has the id {article_id!r}; `talks-qa list` shows them")


def seed_folder() -> Path | None:
    """Return the folder of the articles that come along: in the wheel, or beside the packages."""
    here = Path(__file__).parent
    for folder in (here / "seeds", here.parent / "seeds" / "articles"):
        if folder.is_dir():
            return folder
    return None


def open_or_seed(
    path: str | Path | None,
    notify: Notify = lambda line: None,
    progress: Progress = lambda stage, done, total: None,
    encoder: str = "",
) -> Library:
    """Open a library; where none exists yet, make it from the articles that come along and say so."""
    folder = Path(path).expanduser() if path is not None else Config().library
    library = Library.open(folder, encoder, notify)
    if library.store.untouched():
        seeds = seed_folder()
        if seeds is None:
            notify(f"the library {folder} is empty; add articles with: talks-qa add PATH")
        else:
            notify(f"making a library of the shipped articles in {folder}")
            try:
                library.add([seeds], progress)
            except BaseException:
                library.close()
                raise
    return library

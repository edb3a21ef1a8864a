"""The corpus on disk: articles in, articles out, one writer, many readers."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from qa.errors import LibraryDamagedError, LibraryError, LibraryLockedError, UnknownArticleError
from qa.passages import split
from qa.records import AddReport, Article, Rejection, Version, article_digest
from qa.store import MOST_VERSIONS, Row, Store, passage_digest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qa.fetching import Fetcher
    from qa.records import Passage
    from qa.sources import Source

DATABASE, LOCK = "library.db", "write.lock"
_BATCH_PASSAGES = 256  # embedded and committed together: what a killed `add` loses at most
_BATCH_ARTICLES = 200
_WIDER = 4  # times as many candidates are taken from an approximate index as are wanted
_MOST_NAMED = 20  # damaged articles in a message
_READER_WAIT = 60.0  # seconds a reader waits for a writer to finish the derived files

Notify = Callable[[str], None]
Progress = Callable[[str, int, int], None]
Vectors = Callable[[Sequence[bytes]], dict[bytes, bytes]]  # by a passage's digest, as they are stored


class Library:
    """A folder of articles that can be searched; one writer at a time, many readers, any thread."""

    def __init__(self, path: Path, store: Store, encoder: str, notify: Notify) -> None:
        self.path = path
        self._store = store
        self._encoder_name = encoder
        self._notify = notify
        self._encoder: Encoder | None = None
        self._snapshot: Snapshot | None = None
        # Outlets and days of one generation: every question asks for them.
        self._known: tuple[int, list[str], tuple[date, date] | None] = (-1, [], None)
        self._mutex = threading.RLock()
        self._derived = Derived(path, store, lambda: self.encoder.dimension)

    @classmethod
    def open(
        cls,
        path: str | Path | None = None,
        encoder: str = "",
        notify: Notify = lambda line: None,
        versions: int = MOST_VERSIONS,
    ) -> Library:
        """Open the library at `path`, made when new (default: the user's data folder).

        `encoder` names the sentence-transformers model of a new library; an old one keeps its own. Of an article that
        is changed, at most `versions` earlier ones are kept.
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
        store = Store(folder / DATABASE, versions)
        made_with = store.manifest().get("encoder", "")
        if encoder and made_with and encoder != made_with:
            store.close()
            raise LibraryError(f"{folder} was made with the encoder {made_with}; open it without naming {encoder}")
        library = cls(folder, store, encoder or made_with, notify)
        if store.untouched() and library._derived.generation() > store.generation():
            library.close()
            raise LibraryDamagedError(
                f"{store.path} is empty, but its indexes were made from articles: put a copy of it back, or delete "
                f"{folder} to begin anew"
            )
        return library

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
        return self._of_this_generation()[2]

    def article(self, article_id: str, version: str = "") -> Article:
        """Return one article, as it is or as it was when it was cited; raises UnknownArticleError."""
        article = self._store.article(article_id, version)
        if article is None:
            raise _unknown(article_id, version)
        return article

    def versions(self, article_id: str) -> list[Version]:
        """Return the earlier versions of an article that are kept, the latest first."""
        return self._store.versions(article_id)

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
        return self._of_this_generation()[1]

    def _of_this_generation(self) -> tuple[int, list[str], tuple[date, date] | None]:
        generation = self._store.generation()
        if self._known[0] != generation:
            self._known = generation, self._store.outlets(), self._store.span()
        return self._known

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
        columns: Mapping[str, str] | None = None,
    ) -> AddReport:
        """Add files, folders and links; what cannot be read is rejected with its reason and the rest goes in.

        Unchanged articles are recognised by their content; a changed one replaces its old passages in
        one transaction. Work is committed in batches: after a crash, adding the same paths again goes
        on. `progress` gets ("adding", articles done, articles in all), and ("fetching", …) for links, which
        are fetched by `fetcher`, or by one that keeps to public addresses. `columns` says for a field of an
        article which column of a table, or key of a JSON object, holds it. Raises LibraryLockedError.
        """
        wanted = [paths] if isinstance(paths, (str, Path, sources.Link)) else list(paths)
        total = sources.count(wanted)
        found = sources.read(wanted, fetcher, progress, columns)
        # How many an archive or a table holds is known in the end.
        return self.take(found, lambda done: progress("adding", done, max(done, total)))

    def take(
        self,
        found: Iterable[tuple[str, Article | Rejection]],
        progress: Callable[[int], None] = lambda done: None,
        known: Vectors = lambda digests: {},
    ) -> AddReport:
        """Put (source, article or rejection) pairs in as `add` does; `known` may hold vectors of passages by digest."""
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
                self._commit(batch, changes, known)
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

    def keep_versions(self, found: Iterable[Version]) -> None:
        """Keep earlier versions of articles, the oldest first; raises LibraryLockedError."""
        waiting = iter(found)
        if first := next(waiting, None):
            with self._writing(Changes()), self._store.transaction():
                self._store.keep_versions(itertools.chain([first], waiting))

    def remove(self, *article_ids: str, keep_versions: bool = False) -> None:
        """Remove articles, their passages and, unless they are to be kept for what cites them, their versions.

        All are removed or none. Raises UnknownArticleError or LibraryLockedError.
        """
        for article_id in article_ids:
            if not self._store.has(article_id):
                raise _unknown(article_id)
        changes = Changes()
        with self._writing(changes), self._store.transaction():
            for article_id in article_ids:
                changes.removed += self._store.remove(article_id, keep_versions)
                self._store.forget_synced(article_id)

    def check(self) -> list[str]:
        """Verify database, articles, passages and indexes; return a line for each thing found and mended.

        Raises LibraryDamagedError for what only `qa.salvage.repair` can mend, with the articles that are damaged.
        """
        damage, flawed = self._store.damage(), list(self._store.flawed())
        if damage or flawed:
            raise LibraryDamagedError(_told(self._store.path, damage, flawed))
        generation, count = self._store.generation(), self._store.count()[1]
        found = self._gone_back(generation)
        with self._mutex:
            snapshot = self._derived.load(generation)
            if snapshot is None or len(snapshot.vectors) != count or snapshot.lexical.size != count:
                with locked(self.path, self._store.writable):
                    self._snapshot = self._derived.build(generation)
                found.append(f"{self.path}: the search indexes were stale or damaged and were built again")
        return found

    # -- inside

    def _describe_encoder(self) -> None:
        if "encoder" not in self._store.manifest():
            self._store.describe_encoder(self.encoder.name, self.encoder.digest, self.encoder.dimension)

    def _commit(
        self,
        batch: Sequence[tuple[Article, list[Passage]]],
        changes: Changes,
        also_known: Vectors,
    ) -> None:
        """Embed what is new in a batch of articles and write it in one transaction."""
        if not batch:
            return
        digests = [[passage_digest(article, p) for p in passages] for article, passages in batch]
        wanted = [digest for group in digests for digest in group]
        known = also_known(wanted) | self._store.known_vectors(wanted)
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
                vectors = block.reshape(len(group), self.encoder.dimension)
                removed, added = self._store.put(article, passages, group, vectors)
                changes.removed += removed
                changes.added += added

    @contextmanager
    def _writing(self, changes: Changes) -> Iterator[None]:
        """Hold the write lock; afterwards, also after an error, bring the derived files up to date."""
        with self._mutex, locked(self.path, self._store.writable):
            before = self._derived.load(self._store.generation())
            try:
                if self._store.misread():
                    self._notify(f"reading the days that {self.count()[1]} passages name anew")
                    self._store.read_anew()
                yield
            finally:
                generation = self._store.generation()
                if before is None or before.generation != generation:
                    self._store.settle()
                    self._snapshot = self._updated(before, changes, generation)

    def _updated(self, before: Snapshot | None, changes: Changes, generation: int) -> Snapshot | None:
        """Bring the derived files to a generation; None where there is no room, for the articles are in."""
        try:
            return self._derived.update(before, changes, generation)
        except OSError as error:
            self._notify(f"the articles are in, but the search indexes cannot be written ({error}); free some space")
            return None

    def _recover(self, generation: int) -> Snapshot:
        """Derived files are not those of the newest generation: wait for their writer, or mend them."""
        if not self._store.writable:
            return self._derived.build(generation, in_memory=True)
        if self._snapshot is not None:
            try:
                with FileLock(self.path / LOCK, timeout=0):
                    return self._mended(generation)
            except Timeout:  # a writer is at work: the old generation serves until it is done
                return self._snapshot
        try:
            with FileLock(self.path / LOCK, timeout=_READER_WAIT):
                return self._mended(self._store.generation())
        except Timeout:
            return self._derived.build(generation, in_memory=True)

    def _mended(self, generation: int) -> Snapshot:
        """Load the derived files, or build them: in memory where there is no room for files."""
        if found := self._derived.load(generation):
            return found
        for line in self._gone_back(generation):
            self._notify(line)
        try:
            return self._derived.build(generation)
        except OSError as error:
            self._notify(f"the search indexes cannot be written ({error}); free some space")
            return self._derived.build(generation, in_memory=True)

    def _gone_back(self, generation: int) -> list[str]:
        """Say whether the database is older than its indexes: something was lost, or put back."""
        if self._derived.generation() <= generation:
            return []
        return [
            f"{self._store.path} is older than its indexes: its last changes were lost with its -wal file, or an older "
            "copy was put back; add again what is missing"
        ]


@contextmanager
def locked(path: Path, writable: bool = True) -> Iterator[None]:
    """Hold the lock of a library's one writer; raises LibraryLockedError where another process has it."""
    if not writable:
        raise LibraryError(f"{path} cannot be written to: it is not yours to change, or the disk is full")
    try:
        with FileLock(path / LOCK, timeout=0):
            yield
    except Timeout:
        raise LibraryLockedError(f"another process is changing {path}; try again when it is done") from None


def _told(path: Path, damage: Sequence[str], flawed: Sequence[str]) -> str:
    """Say what is damaged, and what helps, in one line."""
    named = ", ".join(flawed[:_MOST_NAMED]) + (f" and {len(flawed) - _MOST_NAMED} more" if flawed[_MOST_NAMED:] else "")
    parts = [f"damaged articles: {named}"] if flawed else []
    if damage:
        parts.append(f"{damage[0]}" + (f" and {len(damage) - 1} more such lines" if damage[1:] else ""))
    remedy = "talks-qa check --repair saves what can be read"
    return f"{path} is damaged ({'; '.join(parts)}); {'add them again, or ' if flawed and not damage else ''}{remedy}"


def _unknown(article_id: str, version: str = "") -> UnknownArticleError:
    if version:
        return UnknownArticleError(f"the version {version} of the article {article_id!r} is not kept")
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
    versions: int = MOST_VERSIONS,
) -> Library:
    """Open a library; where none exists yet, make it from the articles that come along and say so."""
    folder = Path(path).expanduser() if path is not None else Config().library
    library = Library.open(folder, encoder, notify, versions)
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

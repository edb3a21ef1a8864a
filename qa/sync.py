"""Keep a library in step with a folder or a feed: add what is new, update what has changed, remove what has gone."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from qa import articles
from qa.errors import FetchError, LibraryError
from qa.fetching import Fetcher
from qa.library import Library, Progress
from qa.records import AddReport, Article, Rejection, Synced, SyncReport, article_digest
from qa.sources import Item, is_link, items


def sync(
    library: Library,
    source: str | Path,
    progress: Progress = lambda stage, done, total: None,
    fetcher: Fetcher | None = None,
    most: int | None = None,
    dry_run: bool = False,
    force: bool = False,
) -> SyncReport:
    """Bring a library in step with a folder, a file or a feed; return what was done or, with `dry_run`, would be.

    Only what an earlier sync of the same folder brought is removed, and only when its file has gone or no longer
    holds it; a file that cannot be read keeps its articles. A folder that is suddenly empty or cannot be read removes
    nothing unless `force`. A feed is a window: of its entries, `most` at a time, nothing is ever removed, and pages
    that have not changed are not sent again. Raises LibraryError, FetchError.
    """
    if not is_link(source):
        return _folder(library, Path(source).expanduser().resolve(), progress, dry_run, force)
    with contextlib.nullcontext(fetcher) if fetcher else Fetcher() as client:
        return _feed(library, str(source).strip(), progress, client, most, dry_run)


def _folder(library: Library, path: Path, progress: Progress, dry_run: bool, force: bool) -> SyncReport:
    source, total = str(path), articles.count([path])
    before = {row.article_id: row.item for row in library.store.synced(source)}
    places: dict[str, str] = {}  # of the articles there are now

    def watched() -> Iterator[Item]:
        for place, item in articles.read([path]):
            if isinstance(item, Article):
                places.setdefault(item.id, place)
                if not dry_run and item.id not in before and not library.store.has(item.id):
                    # Before it goes in: after a crash it must still be known where it came from.
                    library.store.note_synced(source, [Synced(place, item.id)])
            yield place, item

    report = _taken(library, watched(), dry_run, lambda done: progress("adding", done, total))
    there = {*report.added, *report.updated, *report.unchanged}
    whole = [r.reason for r in report.rejected if r.source == source]  # the source itself cannot be read, or is empty
    gone = [article_id for article_id in before if article_id not in there and library.store.has(article_id)]
    if not whole:
        failed = tuple(_file(rejection.source) for rejection in report.rejected)
        read = set(map(_file, places.values()))
        gone = [id_ for id_ in gone if not before[id_].startswith(failed) and _has_gone(_file(before[id_]), read)]
    if gone and not there and not force:
        reason = whole[0] if whole else "there is no article in it"
        raise LibraryError(f"{path}: {reason}, but {len(gone)} came from it before; --force removes them")
    if not dry_run:
        if gone:
            library.remove(*gone)
        brought = filter(library.store.has, {**before, **dict.fromkeys(report.added)})
        rows = [Synced(places.get(article_id) or before[article_id], article_id) for article_id in brought]
        library.store.note_synced(source, rows, anew=True)
    return _report(report, removed=gone)


def _feed(
    library: Library, url: str, progress: Progress, fetcher: Fetcher, most: int | None, dry_run: bool
) -> SyncReport:
    from qa import feeds

    before = {row.item: row for row in library.store.synced(url)}
    head = before.get("", Synced("", ""))
    try:
        listing = feeds.feed(fetcher, url, most or feeds.MOST, head.etag, head.last_modified)
    except FetchError as error:
        raise FetchError(f"{url}: {error}", error.status) from None
    rows: list[Synced] = []
    same: list[str] = []

    def fetched() -> Iterator[Item]:
        for done, link in enumerate(listing.links):
            progress("fetching", done, len(listing.links))
            known = before.get(link.url, Synced(link.url, ""))
            try:
                page = fetcher.fetch(link.url, etag=known.etag, last_modified=known.last_modified)
            except FetchError as error:
                yield link.url, Rejection(link.url, str(error))
                continue
            if page.unchanged:
                same.append(known.article_id)
                continue
            for place, item in items(link, page):
                if isinstance(item, Article):
                    rows.append(Synced(link.url, item.id, page.etag, page.last_modified))
                yield place, item

    if listing.unchanged:
        return SyncReport()
    report = _taken(library, fetched(), dry_run)
    if not dry_run:
        complete = not report.rejected and not listing.more
        stamps = [Synced("", "", listing.etag, listing.last_modified)] if complete else []
        library.store.note_synced(url, [row for row in rows if library.store.has(row.article_id)] + stamps)
    return _report(report, unchanged=same)


def _taken(
    library: Library, found: Iterable[Item], dry_run: bool, progress: Callable[[int], None] = lambda done: None
) -> AddReport:
    """Put articles in, or say what would become of them."""
    if not dry_run:
        return library.take(found, progress)
    ids: dict[str, list[str]] = {"added": [], "updated": [], "unchanged": []}
    rejected: list[Rejection] = []
    for _, item in found:
        if isinstance(item, Rejection):
            rejected.append(item)
        elif holder := library.store.holder_of(article_digest(item)):
            ids["unchanged"].append(holder)
        else:
            ids["updated" if library.store.has(item.id) else "added"].append(item.id)
    return AddReport(rejected=tuple(rejected), **{name: tuple(dict.fromkeys(found)) for name, found in ids.items()})


def _report(report: AddReport, unchanged: Iterable[str] = (), removed: Iterable[str] = ()) -> SyncReport:
    return SyncReport(report.added, report.updated, (*report.unchanged, *unchanged), tuple(removed), report.rejected)


def _file(place: str) -> str:
    """The file of a place in it: a line of JSON is `file:7`."""
    return re.sub(r":\d+$", "", place)


def _has_gone(file: str, read: set[str]) -> bool:
    """Whether a file has gone, or was read and so no longer holds what it held; one out of reach has not."""
    if file in read:
        return True
    try:
        Path(file).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False

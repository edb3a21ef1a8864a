"""The command line, `talks-qa`: arguments in, exit code out.

Only the standard library is loaded here; each command imports what it needs, so that `--help` is instant.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from qa.arguments import parser
from qa.errors import FetchError, LibraryDamagedError, LibraryError, TalksError
from qa.records import Rejection, as_json

if TYPE_CHECKING:
    from rich.text import Text

    from qa.config import Config
    from qa.fetching import Fetcher
    from qa.library import Library, Progress
    from qa.records import AddReport
    from qa.sources import Link

DONE, FAILED, REFUSED, INTERRUPTED, BROKEN_PIPE = 0, 1, 3, 130, 141
_MAX_STDIN = 65536  # characters: far above the longest question, far below trouble
_SETTINGS = ("library", "encoder", "reader", "threshold")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0 done or answered, 1 error, 2 wrong usage, 3 refused or nothing found."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a character shows a question mark
            stream.reconfigure(errors="replace")
    try:
        args = parser().parse_args(argv)
        code: int = _COMMANDS[args.command](args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        _drop_output()
        return BROKEN_PIPE
    except (TalksError, OSError) as error:
        from qa.rendering import describe

        _drop_output()
        return _fail(describe(error), FAILED)
    return code


def _ask(args: argparse.Namespace) -> int:
    question, filters = _question(args), _filters(args)
    config = _config(args)
    with _open_or_seed(config) as library:
        from qa.assistant import Assistant
        from qa.rendering import render_answer

        answer = Assistant(library, config).ask(question, args.history, **filters)
        _put(args, as_json(answer), lambda: render_answer(answer))
    return DONE if answer.answered else REFUSED


def _search(args: argparse.Namespace) -> int:
    question, filters = _question(args), _filters(args)
    config = _config(args)
    with _open_or_seed(config) as library:
        from qa.rendering import render_hits
        from qa.retriever import Retriever

        hits = Retriever(library, config).search(question, args.k, rerank=args.rerank, **filters)
        _put(args, {"question": question, "hits": as_json(hits)}, lambda: render_hits(hits))
    return DONE if hits else REFUSED


def _timeline(args: argparse.Namespace) -> int:
    if args.since and args.until and args.since > args.until:
        args.parser.error(f"--since {args.since} is after --until {args.until}")
    with _open_or_seed(_config(args)) as library:
        from qa.rendering import render_events
        from qa.timeline import timeline

        topic = " ".join(args.topic)
        events = timeline(library, topic, args.since, args.until, args.n)
        _put(args, {"topic": topic, "events": as_json(events)}, lambda: render_events(events))
    return DONE if events else REFUSED


def _repl(args: argparse.Namespace) -> int:
    config = _config(args)
    with _open_or_seed(config) as library:
        from qa import repl

        return repl.run(library, config)


def _add(args: argparse.Namespace) -> int:
    from qa.library import Library
    from qa.rendering import tell

    if not (args.paths or args.feed or args.sitemap):
        args.parser.error("the following arguments are required: PATH, --feed or --sitemap")
    config = _config(args)
    with _web(args) as fetcher, _progress() as progress:
        links, failed = _listed(args, fetcher) if fetcher else ([], [])
        with Library.open(config.library, config.encoder, tell, config.versions) as library:
            report = library.add([*args.paths, *links], progress, fetcher, args.columns)
    return _reported(args, dataclasses.replace(report, rejected=(*failed, *report.rejected)), config)


def _reported(args: argparse.Namespace, report: AddReport, config: Config) -> int:
    from qa.rendering import render_report

    _put(args, as_json(report), lambda: render_report(report))
    if report.rejected and not (report.added or report.updated or report.unchanged):
        return _fail(f"nothing was added to {config.library}: every source was rejected", FAILED)
    return DONE


def _export(args: argparse.Namespace) -> int:
    from rich.text import Text

    from qa.exchange import export

    with _existing(_config(args)) as library:
        articles, versions = export(library, args.file)
    found = {"articles": articles, "versions": versions}
    _put(args, found, lambda: Text(f"exported {articles} articles, {versions} earlier versions"))
    return DONE


def _import(args: argparse.Namespace) -> int:
    from qa.articles import count
    from qa.exchange import bring_in
    from qa.library import Library
    from qa.rendering import tell

    config, total = _config(args), count([args.file])
    with Library.open(config.library, config.encoder, tell, config.versions) as library, _progress() as progress:
        report = bring_in(library, args.file, lambda done: progress("importing", done, total))
    return _reported(args, report, config)


def _sync(args: argparse.Namespace) -> int:
    from qa.library import Library
    from qa.rendering import render_plan, render_report, tell
    from qa.sync import sync

    config = _config(args)
    opened = _existing(config) if args.dry_run else Library.open(config.library, config.encoder, tell, config.versions)
    with _web(args) as fetcher, opened as library, _progress() as progress:
        report = sync(library, args.source, progress, fetcher, args.limit, args.dry_run, args.force)
    _put(args, as_json(report), lambda: (render_plan if args.dry_run else render_report)(report))
    if report.rejected and not (report.added or report.updated or report.unchanged or report.removed):
        return _fail(f"nothing came from {args.source}: everything was rejected", FAILED)
    return DONE


def _remove(args: argparse.Namespace) -> int:
    from rich.text import Text

    ids = list(dict.fromkeys(args.ids))
    with _existing(_config(args)) as library:
        library.remove(*ids, keep_versions=args.keep_versions)
    _put(args, {"removed": ids}, lambda: Text(f"removed {len(ids)}"))
    return DONE


def _list(args: argparse.Namespace) -> int:
    from qa.rendering import render_articles

    with _open_or_seed(_config(args)) as library:
        articles = library.articles()
    _put(args, {"articles": as_json(articles)}, lambda: render_articles(articles))
    return DONE


def _check(args: argparse.Namespace) -> int:
    from rich.text import Text

    from qa.rendering import clean, render_repair, tell

    config, repaired = _config(args), None
    try:
        found = _checked(config)
    except LibraryDamagedError:
        if not args.repair:
            raise
        from qa.salvage import repair

        repaired = repair(config.library, tell)
        found = _checked(config)
    found |= {"lost": list(repaired.lost) if repaired else [], "kept": repaired.kept if repaired else None}
    state = f"{found['articles']} articles, {found['passages']} passages: "
    state += "mended" if found["problems"] or repaired else "all is well"
    lines = [*found["problems"], *(render_repair(repaired) if repaired else ()), state]
    _put(args, found, lambda: Text(clean("\n".join(lines))))
    return DONE


def _checked(config: Config) -> dict[str, Any]:
    with _existing(config) as library:
        problems = library.check()
        articles, passages = library.count()
    return {"problems": problems, "articles": articles, "passages": passages}


def _eval(args: argparse.Namespace) -> int:
    from qa import evaluation

    return evaluation.run(args, _config(args))


# -- what commands share


def _config(args: argparse.Namespace) -> Config:
    """Return the settings of file and environment, with those of the command line on top."""
    from qa.config import Config

    given = {name: getattr(args, name, None) for name in _SETTINGS}
    return dataclasses.replace(Config.load(os.environ), **{k: v for k, v in given.items() if v is not None})


def _question(args: argparse.Namespace) -> str:
    if args.question:
        return " ".join(args.question)
    if sys.stdin is None or sys.stdin.isatty():
        args.parser.error("a question is needed, as an argument or on standard input")
    return sys.stdin.read(_MAX_STDIN)


def _filters(args: argparse.Namespace) -> dict[str, Any]:
    if args.since and args.until and args.since > args.until:
        args.parser.error(f"--since {args.since} is after --until {args.until}")
    return {"since": args.since, "until": args.until, "outlet": args.outlet}


@contextlib.contextmanager
def _web(args: argparse.Namespace) -> Iterator[Fetcher | None]:
    """Yield what fetches links, where the arguments ask for more than pages at public addresses."""
    if not (args.allow_private or getattr(args, "feed", None) or getattr(args, "sitemap", None)):
        yield None
        return
    from qa.fetching import Fetcher

    with Fetcher(args.allow_private) as fetcher:
        yield fetcher


def _listed(args: argparse.Namespace, fetcher: Fetcher) -> tuple[list[Link], list[Rejection]]:
    """Return the links of every feed and sitemap; one that cannot be read does not stop the rest."""
    from qa import feeds
    from qa.rendering import tell

    links: list[Link] = []
    failed: list[Rejection] = []
    for read, urls in ((feeds.feed, args.feed), (feeds.sitemap, args.sitemap)):
        for url in urls:
            try:
                listing = read(fetcher, url, args.limit or feeds.MOST)
            except FetchError as error:
                failed.append(Rejection(url, str(error)))
                continue
            links += listing.links
            failed += listing.failed
            if listing.more:
                tell(f"{url} lists more than {len(listing.links)} pages; --limit takes more of them")
    return links, failed


@contextlib.contextmanager
def _open_or_seed(config: Config) -> Iterator[Library]:
    from qa.library import open_or_seed
    from qa.rendering import tell

    with _progress() as progress:
        opened = open_or_seed(config.library, tell, progress, config.encoder, config.versions)
    with opened as library:
        yield library


def _existing(config: Config) -> Library:
    """Open a library that must be there: a mistyped path should not make an empty one."""
    from qa.library import Library
    from qa.rendering import tell

    if not config.library.exists():
        raise LibraryError(f"there is no library at {config.library}; talks-qa add PATH makes one")
    return Library.open(config.library, config.encoder, tell, config.versions)


@contextlib.contextmanager
def _progress() -> Iterator[Progress]:
    """Yield a callback that draws a bar on standard error, from its first call on and only in a terminal."""
    if not sys.stderr.isatty():
        yield lambda stage, done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress, TaskID

    bar = Progress(console=Console(stderr=True), transient=True)
    tasks: dict[str, TaskID] = {}

    def update(stage: str, done: int, total: int) -> None:
        bar.start()
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage)
        bar.update(tasks[stage], completed=done, total=total)

    try:
        yield update
    finally:
        bar.stop()


def _put(args: argparse.Namespace, value: Any, text: Callable[[], Text]) -> None:
    """Print a result: as JSON, every character outside ASCII escaped, or as text."""
    if args.json:
        print(json.dumps(value))
    else:
        from qa.rendering import show

        show(text())


def _fail(message: str, code: int) -> int:
    from qa.rendering import tell

    with contextlib.suppress(OSError):
        tell(f"talks-qa: {message}")
    return code


def _drop_output() -> None:
    """Send unwritable output nowhere: the interpreter would trip over it again on its way out."""
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "ask": _ask,
    "search": _search,
    "timeline": _timeline,
    "repl": _repl,
    "add": _add,
    "sync": _sync,
    "remove": _remove,
    "list": _list,
    "export": _export,
    "import": _import,
    "check": _check,
    "eval": _eval,
}

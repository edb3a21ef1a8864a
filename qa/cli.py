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
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from qa import __version__
from qa.errors import DateError, FetchError, LibraryError, TalksError
from qa.records import Rejection, as_json

if TYPE_CHECKING:
    from rich.text import Text

    from qa.config import Config
    from qa.fetching import Fetcher
    from qa.library import Library, Progress
    from qa.sources import Link

DONE, FAILED, USAGE, REFUSED, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 3, 130, 141
_MAX_STDIN = 65536  # characters: far above the longest question, far below trouble
_MAX_HITS = 1000
_MAX_LINKS = 10_000
_SETTINGS = ("library", "encoder", "reader", "threshold")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0 done or answered, 1 error, 2 wrong usage, 3 refused or nothing found."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a character shows a question mark
            stream.reconfigure(errors="replace")
    try:
        args = build_parser().parse_args(argv)
        code: int = args.command(args)
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


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    common = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--library", type=_path, metavar="PATH", help="folder of the library")
    parser = _Parser(
        prog="talks-qa",
        description="Cited answers about the Pakistan–US talks from a library of news articles.",
        epilog="exit status: 0 answered or done, 1 error, 2 wrong usage, 3 refused or nothing found",
        parents=[common],
    )
    parser.add_argument("--version", action="version", version=f"talks-qa {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], int], summary: str) -> _Parser:
        added: _Parser = commands.add_parser(name, help=summary, description=summary, parents=[common])
        added.add_argument(
            "--encoder", metavar="NAME", help="sentence-transformers model, name or folder, of a library"
        )
        added.set_defaults(command=run, parser=added)
        return added

    ask = command("ask", _ask, "answer a question, or say that the articles do not")
    _add_question(ask)
    _add_reader(ask)
    ask.add_argument("--threshold", type=_share, metavar="P", help="confidence (0 to 1) under which to refuse")
    ask.add_argument(
        "--history", action="append", default=[], metavar="QUESTION", help="an earlier question; repeatable"
    )

    search = command("search", _search, "show the passages that a question is about")
    _add_question(search)
    _add_reader(search)
    search.add_argument("--rerank", action="store_true", help="let the reader reorder what was found; takes longer")
    search.add_argument("-k", type=_hits, default=5, metavar="N", help="passages at most (default: 5)")

    timeline = command("timeline", _timeline, "show what happened when, in order of date")
    timeline.add_argument("topic", nargs="*", metavar="TOPIC", help="what it must be about; anything when left out")
    timeline.add_argument("--since", type=_since, metavar="DATE", help="only what happened from then on: 2012, …")
    timeline.add_argument("--until", type=_until, metavar="DATE", help="only what happened up to then")
    timeline.add_argument("-n", type=_hits, default=50, metavar="N", help="events at most (default: 50)")
    _add_json(timeline)

    repl = command("repl", _repl, "ask in a conversation")
    _add_reader(repl)
    repl.add_argument("--threshold", type=_share, metavar="P", help="confidence (0 to 1) under which to refuse")

    add = command("add", _add, "add articles from files, folders and the web")
    add.add_argument(
        "paths", nargs="*", metavar="PATH", help="text, Markdown, HTML, JSON Lines, a folder of them, or a page's URL"
    )
    add.add_argument("--feed", action="append", default=[], metavar="URL", help="the pages of an RSS or Atom feed")
    add.add_argument("--sitemap", action="append", default=[], metavar="URL", help="the pages a sitemap lists")
    add.add_argument("--limit", type=_links, metavar="N", help="pages of a feed or sitemap at most (default: 200)")
    _add_private(add)
    sync = command("sync", _sync, "add, update and remove articles to match a folder, or follow a feed")
    sync.add_argument("source", metavar="FOLDER|FEED", help="a folder, a file of many articles, or a feed's URL")
    sync.add_argument("--dry-run", action="store_true", help="only show what would be done")
    sync.add_argument("--force", action="store_true", help="remove articles even where the folder is suddenly empty")
    sync.add_argument("--limit", type=_links, metavar="N", help="pages of a feed at most (default: 200)")
    _add_private(sync)
    remove = command("remove", _remove, "remove articles")
    remove.add_argument("ids", nargs="+", metavar="ID", help="id of an article, as `list` shows it")
    for parts in (add, sync, remove, command("list", _list, "list the articles: id, date, outlet, title")):
        _add_json(parts)
    _add_json(command("check", _check, "verify the library and mend its indexes"))

    evaluate = command("eval", _eval, "score the answers to a file of questions")
    _add_reader(evaluate)
    evaluate.late_arguments = _add_eval_arguments
    return parser


class _Parser(argparse.ArgumentParser):
    """Reports wrong usage in one line, and lets a command declare its arguments when it is chosen."""

    late_arguments: Callable[[argparse.ArgumentParser], None] | None = None

    def error(self, message: str) -> NoReturn:
        from qa.rendering import one_line

        self.exit(USAGE, f"{self.prog}: {one_line(message)}; see {self.prog} --help\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self.late_arguments:
            self.late_arguments(self)
            self.late_arguments = None
        return super().parse_known_args(args, namespace)


# -- arguments


def _add_question(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("question", nargs="*", metavar="QUESTION", help="read from standard input when left out")
    parser.add_argument("--since", type=_since, metavar="DATE", help="only articles from then on: 2012, March 2012, …")
    parser.add_argument("--until", type=_until, metavar="DATE", help="only articles up to then")
    parser.add_argument("--outlet", metavar="NAME", help="only articles of outlets with this in their name")
    _add_json(parser)


def _add_reader(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reader", metavar="NAME", help="extractive question-answering model, name or folder")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _add_private(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--allow-private", action="store_true", help="fetch from addresses of the local network, too")


def _add_eval_arguments(parser: argparse.ArgumentParser) -> None:
    from qa import evaluation

    evaluation.add_arguments(parser)


def _path(text: str) -> Path:
    if not text.strip():
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text).expanduser()


def _share(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0.0 <= (value := float(text)) <= 1.0:
            return value
    raise argparse.ArgumentTypeError(f"must be a number between 0 and 1, not {text!r}")


def _hits(text: str) -> int:
    return _number(text, _MAX_HITS)


def _links(text: str) -> int:
    return _number(text, _MAX_LINKS)


def _number(text: str, most: int) -> int:
    with contextlib.suppress(ValueError):
        if 1 <= (value := int(text)) <= most:
            return value
    raise argparse.ArgumentTypeError(f"must be a number between 1 and {most}, not {text!r}")


def _since(text: str) -> date:
    from qa.dates import parse_since

    return _parse_date(parse_since, text)


def _until(text: str) -> date:
    from qa.dates import parse_until

    return _parse_date(parse_until, text)


def _parse_date(parse: Callable[[str], date], text: str) -> date:
    try:
        return parse(text)
    except DateError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


# -- commands


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
    from qa.rendering import render_report, tell

    if not (args.paths or args.feed or args.sitemap):
        args.parser.error("the following arguments are required: PATH, --feed or --sitemap")
    config = _config(args)
    with _web(args) as fetcher, _progress() as progress:
        links, failed = _listed(args, fetcher) if fetcher else ([], [])
        with Library.open(config.library, config.encoder, tell) as library:
            report = library.add([*args.paths, *links], progress, fetcher)
    report = dataclasses.replace(report, rejected=(*failed, *report.rejected))
    _put(args, as_json(report), lambda: render_report(report))
    if report.rejected and not (report.added or report.updated or report.unchanged):
        return _fail(f"nothing was added to {config.library}: every source was rejected", FAILED)
    return DONE


def _sync(args: argparse.Namespace) -> int:
    from qa.library import Library
    from qa.rendering import render_plan, render_report, tell
    from qa.sync import sync

    config = _config(args)
    opened = _existing(config) if args.dry_run else Library.open(config.library, config.encoder, tell)
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
        library.remove(*ids)
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

    from qa.rendering import clean

    with _existing(_config(args)) as library:
        problems = library.check()
        articles, passages = library.count()
    state = f"{articles} articles, {passages} passages: {'mended' if problems else 'all is well'}"
    found = {"problems": problems, "articles": articles, "passages": passages}
    _put(args, found, lambda: Text(clean("\n".join([*problems, state]))))
    return DONE


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
        opened = open_or_seed(config.library, tell, progress, config.encoder)
    with opened as library:
        yield library


def _existing(config: Config) -> Library:
    """Open a library that must be there: a mistyped path should not make an empty one."""
    from qa.library import Library
    from qa.rendering import tell

    if not config.library.exists():
        raise LibraryError(f"there is no library at {config.library}; talks-qa add PATH makes one")
    return Library.open(config.library, config.encoder, tell)


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

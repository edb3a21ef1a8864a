"""The arguments of the command line; only the standard library is loaded for them."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

from qa import __version__
from qa.errors import DateError

USAGE = 2  # exit status
_MAX_HITS = 1000
_MAX_LINKS = 10_000


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line; what it returns names its `command`, and the `parser` of that."""
    common = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--library", type=_path, metavar="PATH", help="folder of the library")
    whole = _Parser(
        prog="talks-qa",
        description="Cited answers about the Pakistan–US talks from a library of news articles.",
        epilog="exit status: 0 answered or done, 1 error, 2 wrong usage, 3 refused or nothing found",
        parents=[common],
    )
    whole.add_argument("--version", action="version", version=f"talks-qa {__version__}")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, summary: str) -> _Parser:
        added: _Parser = commands.add_parser(name, help=summary, description=summary, parents=[common])
        added.add_argument(
            "--encoder", metavar="NAME", help="sentence-transformers model, name or folder, of a library"
        )
        added.set_defaults(command=name, parser=added)
        return added

    _asking(command)
    _articles(command)
    evaluate = command("eval", "score the answers to a file of questions")
    _add_reader(evaluate)
    evaluate.late_arguments = _add_eval_arguments
    return whole


def _asking(command: Callable[[str, str], _Parser]) -> None:
    ask = command("ask", "answer a question, or say that the articles do not")
    _add_question(ask)
    _add_reader(ask)
    ask.add_argument("--threshold", type=_share, metavar="P", help="confidence (0 to 1) under which to refuse")
    ask.add_argument(
        "--history", action="append", default=[], metavar="QUESTION", help="an earlier question; repeatable"
    )

    search = command("search", "show the passages that a question is about")
    _add_question(search)
    _add_reader(search)
    search.add_argument("--rerank", action="store_true", help="let the reader reorder what was found; takes longer")
    search.add_argument("-k", type=_hits, default=5, metavar="N", help="passages at most (default: 5)")

    timeline = command("timeline", "show what happened when, in order of date")
    timeline.add_argument("topic", nargs="*", metavar="TOPIC", help="what it must be about; anything when left out")
    timeline.add_argument("--since", type=_since, metavar="DATE", help="only what happened from then on: 2012, …")
    timeline.add_argument("--until", type=_until, metavar="DATE", help="only what happened up to then")
    timeline.add_argument("-n", type=_hits, default=50, metavar="N", help="events at most (default: 50)")
    _add_json(timeline)

    repl = command("repl", "ask in a conversation")
    _add_reader(repl)
    repl.add_argument("--threshold", type=_share, metavar="P", help="confidence (0 to 1) under which to refuse")


def _articles(command: Callable[[str, str], _Parser]) -> None:
    add = command("add", "add articles from files, folders and the web")
    add.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="text, Markdown, HTML, MHTML, PDF, DOCX, EPUB, JSON Lines, CSV, Parquet, or a zip, tar, WARC or folder, "
        "or a page's URL",
    )
    add.add_argument(
        "--columns",
        type=_columns,
        metavar="FIELD=NAME,…",
        help="which column of a table, or key of JSON, holds a field: title=headline,text=body",
    )
    add.add_argument("--feed", action="append", default=[], metavar="URL", help="the pages of an RSS or Atom feed")
    add.add_argument("--sitemap", action="append", default=[], metavar="URL", help="the pages a sitemap lists")
    add.add_argument("--limit", type=_links, metavar="N", help="pages of a feed or sitemap at most (default: 200)")
    _add_private(add)
    sync = command("sync", "add, update and remove articles to match a folder, or follow a feed")
    sync.add_argument("source", metavar="FOLDER|FEED", help="a folder, a file of many articles, or a feed's URL")
    sync.add_argument("--dry-run", action="store_true", help="only show what would be done")
    sync.add_argument("--force", action="store_true", help="remove articles even where the folder is suddenly empty")
    sync.add_argument("--limit", type=_links, metavar="N", help="pages of a feed at most (default: 200)")
    _add_private(sync)
    remove = command("remove", "remove articles")
    remove.add_argument("ids", nargs="+", metavar="ID", help="id of an article, as `list` shows it")
    remove.add_argument(
        "--keep-versions", action="store_true", help="keep them as earlier versions, for what was cited of them"
    )
    for parts in (add, sync, remove, command("list", "list the articles: id, date, outlet, title")):
        _add_json(parts)
    export = command("export", "write articles and their earlier versions to a file")
    export.add_argument("file", type=_path, metavar="FILE.jsonl", help="JSON Lines, replaced when it is there")
    bring_in = command("import", "put the articles of an exported file into a library")
    bring_in.add_argument(
        "file", type=_path, metavar="FILE.jsonl", help="what `export` wrote; for others there is `add`"
    )
    for parts in (export, bring_in):
        _add_json(parts)
    check = command("check", "verify the library and mend its indexes")
    check.add_argument("--repair", action="store_true", help="make a damaged database anew from what can be read of it")
    _add_json(check)


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


def _columns(text: str) -> dict[str, str]:
    from qa.articles import FIELDS

    found: dict[str, str] = {}
    for pair in text.split(","):
        field, _, column = (part.strip() for part in pair.partition("="))
        if field not in FIELDS or not column:
            raise argparse.ArgumentTypeError(f"must be like title=headline,text=body, with {', '.join(FIELDS)}")
        found[field] = column
    return found


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

"""Files, folders, archives and bytes → articles, one at a time; what cannot be read is a rejection with a reason.

Which kind of file is read by what is told here; how, in the module of each kind.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path, PurePath, PurePosixPath
from typing import BinaryIO, TypeVar

from qa import pages, texts
from qa.drafts import FIELDS, Found, Origin, each_line, finish, whole
from qa.errors import ArticleError
from qa.records import Article, Rejection

_TEXTS = (".md", ".markdown", ".txt")
_PAGES = (".html", ".htm")
_SAVED = (".mhtml", ".mht")
_DELIMITED = (".csv", ".tsv")
_TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2")
_ARCHIVES = (".zip", *_TARS, ".warc", ".warc.gz")
SUFFIXES = (*_TEXTS, *_PAGES, *_SAVED, ".pdf", ".docx", ".epub", ".jsonl", *_DELIMITED, ".parquet", *_ARCHIVES)
_TYPES = {
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "multipart/related": ".mhtml",
    "message/rfc822": ".mhtml",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/epub+zip": ".epub",
    "application/jsonl": ".jsonl",
    "application/x-ndjson": ".jsonl",
}

__all__ = ["FIELDS", "SUFFIXES", "Item", "count", "kind_of", "parse", "read", "read_lines"]

T = TypeVar("T")
Item = tuple[str, Article | Rejection]


def read(paths: Iterable[str | Path], columns: Mapping[str, str] | None = None) -> Iterator[Item]:
    """Yield (source, article or rejection) for files and folders, in a stable order.

    Folders are walked in name order: files of a known kind are read, hidden ones, `README`s and links that
    lead outside are left out. A file named by itself is always tried. `columns` says for a field of an
    article which column of a table, or key of a JSON object, holds it.
    """
    for path in paths:
        try:
            yield from _read_path(Path(path).expanduser(), columns or {})
        except (OSError, RuntimeError) as error:  # a name too long for a file, an unknown user's home
            reason = getattr(error, "strerror", None) or error
            yield str(path), Rejection(str(path), f"cannot be read: {reason}")


def parse(data: bytes, kind: str, url: str) -> Iterator[Item]:
    """Yield (source, article or rejection) for what was fetched from `url`, which also makes the articles' ids.

    `kind` is its content type ("text/html; charset=utf-8") or the suffix of a file (".pdf").
    """
    media, _, parameters = kind.partition(";")
    suffix = kind if kind.startswith(".") else _TYPES.get(media.strip().lower()) or kind_of(url)
    charset = next((p.split("=", 1)[1].strip(" \"'") for p in parameters.split(";") if "charset=" in p.lower()), "")
    if not suffix:
        yield url, Rejection(url, f"{media.strip()[:80] or 'this kind of file'} cannot be read as an article")
        return
    yield from _items(io.BytesIO(data), suffix, Origin.of_url(url), {}, url, charset)


def read_lines(path: Path, parse: Callable[[bytes], T]) -> Iterator[tuple[str, T | Rejection]]:
    """Yield (source, what `parse` makes of it or why it makes nothing) for each line of a file, none held but one."""
    with path.open("rb") as file:
        for where, item in each_line(file, parse):
            source = f"{path}{where}"
            yield source, Rejection(source, str(item)) if isinstance(item, ArticleError) else item


def kind_of(name: str) -> str:
    """Return which of SUFFIXES a file's name ends with, "" for none."""
    return max((suffix for suffix in SUFFIXES if name.lower().endswith(suffix)), key=len, default="")


def count(paths: Iterable[str | Path]) -> int:
    """Return how many items `read` will yield, roughly: blank lines of JSON are counted too, an archive as one."""
    total = 0
    for path in paths:
        try:
            root = Path(path).expanduser()
            for file in [p for p in root.rglob("*") if _wanted(p, root)] if root.is_dir() else [root]:
                if file.suffix.lower() == ".jsonl" and file.is_file():
                    with file.open("rb") as lines:
                        total += sum(block.count(b"\n") for block in iter(lambda: lines.read(1 << 20), b""))
                else:
                    total += 1
        except (OSError, RuntimeError):  # `read` says why
            total += 1
    return total


def _read_path(path: Path, columns: Mapping[str, str]) -> Iterator[Item]:
    if path.is_dir():
        found = [p for p in sorted(path.rglob("*")) if _wanted(p, path)]
        if not found:
            yield str(path), Rejection(str(path), f"the folder holds no article files ({', '.join(SUFFIXES)})")
        for file in found:
            yield from _read_file(file, columns)
    else:
        yield from _read_file(path, columns)


def _wanted(path: Path, root: Path) -> bool:
    inside = not path.is_symlink() or path.resolve().is_relative_to(root.resolve())
    return inside and _promising(path.relative_to(root)) and path.is_file()


def _promising(path: PurePath) -> bool:
    """Whether a name inside a folder or an archive is that of an article: of a known kind, not hidden, no README."""
    visible = not any(part.startswith(".") and part != ".." for part in path.parts)
    return visible and bool(kind_of(path.name)) and path.stem.upper() != "README"


def _read_file(path: Path, columns: Mapping[str, str]) -> Iterator[Item]:
    source = str(path)
    try:
        if not path.exists():
            raise ArticleError("no such file or folder")
        if not path.is_file():
            raise ArticleError("not a regular file")
        with path.open("rb") as file:
            yield from _items(file, kind_of(path.name), Origin.of_file(path), columns)
    except ArticleError as error:
        yield source, Rejection(source, str(error))
    except OSError as error:
        yield source, Rejection(source, f"cannot be read: {error.strerror or error}")


def _items(
    file: BinaryIO, kind: str, origin: Origin, columns: Mapping[str, str], url: str = "", charset: str = ""
) -> Iterator[Item]:
    """Yield what stands in one file; an error in the middle of it ends the file, not the run."""
    try:
        if kind in _ARCHIVES:
            yield from _unpacked(file, kind, origin, columns)
            return
        empty = True
        for where, found in _found(file, kind, columns, url, charset):
            empty = False
            part = origin.inside(where)
            try:
                if isinstance(found, ArticleError):
                    raise found
                yield part.name, finish(found, part)
            except ArticleError as error:
                yield part.name, Rejection(part.name, str(error))
        if empty:
            raise ArticleError("there is no article in it")
    except ArticleError as error:
        yield origin.name, Rejection(origin.name, str(error))


def _found(file: BinaryIO, kind: str, columns: Mapping[str, str], url: str, charset: str) -> Iterator[Found]:
    """Yield the drafts in one file that is no archive; what reads a kind is loaded when it is needed."""
    if kind in _PAGES:
        yield "", pages.page(whole(file, pages.MAX_PAGE), url, charset)
    elif kind in _SAVED:
        yield "", pages.saved(whole(file))
    elif kind == ".pdf":
        from qa import pdf

        yield "", pdf.read(whole(file))
    elif kind in (".docx", ".epub"):
        from qa import documents

        packed = io.BytesIO(whole(file))
        yield from documents.epub(packed) if kind == ".epub" else [("", documents.docx(packed))]
    elif kind in (*_DELIMITED, ".parquet"):
        from qa import tables

        yield from (tables.parquet if kind == ".parquet" else tables.delimited)(file, columns)
    elif kind == ".jsonl":
        yield from texts.json_lines(file, columns)
    else:
        yield "", texts.text(whole(file))


def _unpacked(file: BinaryIO, kind: str, origin: Origin, columns: Mapping[str, str]) -> Iterator[Item]:
    """Yield what stands in the members of an archive, as if they lay in a folder."""
    from qa import archives

    empty = True
    if kind.startswith(".warc"):
        for url, charset, content in archives.warc_pages(file):
            empty = False
            yield from _member(content, ".html", Origin(origin.inside(f"/{url}").name, url), columns, url, charset)
    else:
        members = archives.zip_members if kind == ".zip" else partial(archives.tar_members, kind=kind)
        for name, content in members(file, wanted=lambda name: _promising(PurePosixPath(name))):
            empty = False
            yield from _member(content, kind_of(name), origin.inside(f"/{name}"), columns)
    if empty:
        raise ArticleError(f"the archive holds no article files ({', '.join(SUFFIXES)})")


def _member(
    content: bytes | ArticleError,
    kind: str,
    origin: Origin,
    columns: Mapping[str, str],
    url: str = "",
    charset: str = "",
) -> Iterator[Item]:
    if kind in _ARCHIVES:
        content = ArticleError("an archive inside an archive; unpack the outer one first")
    if isinstance(content, ArticleError):
        yield origin.name, Rejection(origin.name, str(content))
    else:
        yield from _items(io.BytesIO(content), kind, origin, columns, url, charset)

"""Files and folders → articles, one at a time; what cannot be read becomes a rejection with a reason."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from qa.cleaning import clean, normalise, unwrap
from qa.dates import parse_date
from qa.errors import ArticleError
from qa.records import Article, Rejection

MAX_TEXT = 5_000_000  # characters of one article
MAX_FILE = 50_000_000  # bytes of one file that holds one article
MAX_LINE = 4 * MAX_TEXT  # bytes of one line of JSON
_MIN_TEXT = 20  # characters: less is no reporting
_LIMITS = {"id": 200, "title": 300, "outlet": 120, "url": 2000, "author": 300, "kind": 40}
SUFFIXES = (".md", ".markdown", ".txt", ".html", ".htm", ".jsonl")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.{0,65536}?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)


def read(paths: Iterable[str | Path]) -> Iterator[tuple[str, Article | Rejection]]:
    """Yield (source, article or rejection) for files and folders, in a stable order.

    Folders are walked in name order: files of a known kind are read, hidden ones, `README`s and links that
    lead outside are left out. A file named by itself is always tried.
    """
    for path in paths:
        try:
            yield from _read_path(Path(path).expanduser())
        except (OSError, RuntimeError) as error:  # a name too long for a file, an unknown user's home
            reason = getattr(error, "strerror", None) or error
            yield str(path), Rejection(str(path), f"cannot be read: {reason}")


def parse(data: bytes, kind: str, url: str) -> Iterator[tuple[str, Article | Rejection]]:
    """Yield (source, article or rejection) for what was fetched from `url` with this content type.

    Its id is made of the address, never of what the page says: no page may take another article's place.
    """
    path = Path(urlsplit(url).path)
    media = kind.partition(";")[0]
    html = media.endswith(("/html", "+xml")) or (not media and data.lstrip().startswith(b"<"))
    try:
        found = _from_html(data, path) if html else _from_text(_decode(data), path)
        yield url, dataclasses.replace(found, id=f"{_slug(path.stem)}-{_short_hash(url)}")
    except ArticleError as error:
        yield url, Rejection(url, str(error))


def count(paths: Iterable[str | Path]) -> int:
    """Return how many items `read` will yield, roughly: blank lines of JSON are counted too."""
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


def _read_path(path: Path) -> Iterator[tuple[str, Article | Rejection]]:
    if path.is_dir():
        found = [p for p in sorted(path.rglob("*")) if _wanted(p, path)]
        if not found:
            yield str(path), Rejection(str(path), f"the folder holds no article files ({', '.join(SUFFIXES)})")
        for file in found:
            yield from _read_file(file)
    else:
        yield from _read_file(path)


def _wanted(path: Path, root: Path) -> bool:
    visible = not any(part.startswith(".") for part in path.relative_to(root).parts)
    inside = not path.is_symlink() or path.resolve().is_relative_to(root.resolve())
    return visible and inside and path.suffix.lower() in SUFFIXES and path.stem.upper() != "README" and path.is_file()


def _read_file(path: Path) -> Iterator[tuple[str, Article | Rejection]]:
    source = str(path)
    try:
        if not path.exists():
            raise ArticleError("no such file or folder")
        if not path.is_file():
            raise ArticleError("not a regular file")
        if path.suffix.lower() == ".jsonl":
            yield from _read_lines(path)
            return
        if path.stat().st_size > MAX_FILE:
            raise ArticleError(f"larger than {MAX_FILE // 1_000_000} MB")
        data = path.read_bytes()
        if path.suffix.lower() in (".html", ".htm"):
            yield source, _from_html(data, path)
        else:
            yield source, _from_text(_decode(data), path)
    except ArticleError as error:
        yield source, Rejection(source, str(error))
    except OSError as error:
        yield source, Rejection(source, f"cannot be read: {error.strerror or error}")


def _read_lines(path: Path) -> Iterator[tuple[str, Article | Rejection]]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            source = f"{path}:{number}"
            try:
                if len(line) > MAX_LINE:
                    while line and not line.endswith(b"\n"):  # the rest of the line, in bounded pieces
                        line = file.readline(MAX_LINE)
                    raise ArticleError(f"the line is longer than {MAX_LINE // 1_000_000} MB")
                if line.strip():
                    yield source, _from_json(line, path)
            except ArticleError as error:
                yield source, Rejection(source, str(error))


def _decode(data: bytes) -> str:
    if not data.strip():
        raise ArticleError("the file is empty")
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    if encoding == "utf-8-sig" and b"\0" in data[:8192]:
        raise ArticleError("a binary file, not text")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ArticleError(f"not UTF-8 text (byte {error.start}); save it as UTF-8") from None


def _from_text(text: str, path: Path) -> Article:
    """A text or Markdown file: taken at its word when it has front matter, cleaned when it has none."""
    text = text.replace("\r\n", "\n").lstrip()
    if match := _FRONT_MATTER.match(text):
        meta = _front_matter(match[1])
        body = normalise(text[match.end() :])
        if heading := re.match(r"# +(\S.*)\n", body):
            meta.setdefault("title", heading[1])
            body = body[heading.end() :]
        return _article(meta, unwrap(body.strip()), fallback_id=_id_of(path))
    if len(text) > MAX_TEXT:
        raise ArticleError(f"more than {MAX_TEXT // 1_000_000} MB of text")
    cleaned = clean(text)
    meta = {"title": cleaned.title or _opening(cleaned.text), "published": cleaned.published}
    return _article(meta, cleaned.text, fallback_id=_id_of(path))


def _front_matter(text: str) -> dict[str, Any]:
    import yaml

    class PlainLoader(yaml.SafeLoader):  # type: ignore[misc]
        """YAML without aliases: nothing an article says needs them, and they can blow up."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.events.AliasEvent):
                raise yaml.YAMLError("aliases are not allowed")
            return super().compose_node(parent, index)

    try:
        meta = yaml.load(text, Loader=PlainLoader)  # noqa: S506 - a SafeLoader with less
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ArticleError(f"the front matter is not valid YAML: {' '.join(str(error).split())[:150]}") from None
    if not isinstance(meta, dict):
        raise ArticleError("the front matter is not a list of `key: value` lines")
    return {str(key): value for key, value in meta.items()}


def _from_html(data: bytes, path: Path) -> Article:
    import trafilatura

    if not data.strip():
        raise ArticleError("the file is empty")
    try:
        page = trafilatura.bare_extraction(
            data, include_comments=False, include_tables=False, favor_precision=True, with_metadata=True
        )
    except Exception as error:  # noqa: BLE001 - lxml and its callers raise many kinds on hostile pages
        raise ArticleError(f"the page cannot be parsed: {' '.join(str(error).split())[:150]}") from None
    if page is None or not (page.text or "").strip():
        raise ArticleError("no reporting found in the page")
    text = clean(page.text)
    meta = {
        "title": page.title or text.title,
        "outlet": page.sitename,
        "published": page.date or text.published,
        "url": page.url,
        "author": page.author,
    }
    return _article({k: v for k, v in meta.items() if v}, text.text, fallback_id=_id_of(path))


def _from_json(line: bytes, path: Path) -> Article:
    try:
        meta = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ArticleError(f"not a line of JSON: {str(error)[:100]}") from None
    if not isinstance(meta, dict) or not isinstance(meta.get("text"), str):
        raise ArticleError("not an object with a `text` of type string")
    text = meta.pop("text")
    if len(text) > MAX_TEXT:
        raise ArticleError(f"more than {MAX_TEXT // 1_000_000} MB of text")
    text = normalise(text)
    key = str(meta.get("url") or "") or text
    return _article(meta, text, fallback_id=f"{_slug(path.stem)}-{_short_hash(key)}")


def _article(meta: Mapping[str, Any], text: str, fallback_id: str) -> Article:
    """Make an article of loose metadata; unknown keys are left out, lengths bounded."""
    if len(text) > MAX_TEXT:
        raise ArticleError(f"more than {MAX_TEXT // 1_000_000} MB of text")
    if len(text) < _MIN_TEXT or not re.search(r"\w", text):
        raise ArticleError("no reporting left after cleaning" if text else "no text in it")
    values = {name: _field(name, meta.get(name), limit) for name, limit in _LIMITS.items()}
    published = meta.get("published")
    day = parse_date(published)
    if published and day is None:
        raise ArticleError(f"cannot understand its date {str(published)[:40]!r}; write it as 2012-03-29")
    return Article(
        id=values["id"] or fallback_id,
        text=text,
        title=values["title"],
        outlet=values["outlet"],
        published=day,
        url=values["url"],
        author=values["author"],
        kind=values["kind"] or "news",
    )


def _field(name: str, value: Any, limit: int) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        value = ", ".join(str(v) for v in value)
    text = " ".join(normalise(str(value)[: 10 * limit]).split())
    if name == "id" and len(text) > limit:
        raise ArticleError(f"its id is longer than {limit} characters")
    return text[:limit].rstrip()


def _id_of(path: Path) -> str:
    """An id that a changed file keeps: from its name and where it lies."""
    return f"{_slug(path.stem)}-{_short_hash(str(path.resolve()))}"


def _opening(text: str) -> str:
    """The first words of the reporting, where no headline was found."""
    return textwrap.shorten(text.split("\n", 1)[0], 90, placeholder="…")


def _slug(name: str) -> str:
    return re.sub(r"[^\w]+", "-", normalise(name).lower()).strip("-")[:60] or "article"


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]

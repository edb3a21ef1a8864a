"""Text, Markdown and JSON Lines → drafts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from qa.cleaning import normalise, unwrap
from qa.drafts import MAX_TEXT, Draft, Found, cleaned, each_line
from qa.errors import ArticleError

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.{0,65536}?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)


def text(data: bytes) -> Draft:
    """Read a text or Markdown file: taken at its word when it has front matter, cleaned when it has none."""
    raw = _decode(data).replace("\r\n", "\n").lstrip()
    match = _FRONT_MATTER.match(raw)
    if match is None:
        return cleaned(raw)
    meta = _front_matter(match[1])
    body = normalise(raw[match.end() :])
    if heading := re.match(r"# +(\S.*)\n", body):
        meta.setdefault("title", heading[1])
        body = body[heading.end() :]
    return Draft(meta, unwrap(body.strip()))


def json_lines(file: BinaryIO, columns: Mapping[str, str]) -> Iterator[Found]:
    """Read one article a line, its fields taken from the keys that `columns` names."""
    yield from each_line(file, lambda line: _object(line, columns))


def row(meta: Mapping[str, Any], columns: Mapping[str, str]) -> Draft:
    """Return one row of a table as a draft: `columns` says for a field which key holds it; `text` must be there."""
    fields = dict(meta) | {field: meta.get(column) for field, column in columns.items()}
    body = fields.pop("text", None)
    if not isinstance(body, str):
        raise ArticleError(f"not an object with a `{columns.get('text', 'text')}` of type string")
    if len(body) > MAX_TEXT:
        raise ArticleError(f"more than {MAX_TEXT // 1_000_000} MB of text")
    body = normalise(body)
    return Draft(fields, body, key=str(fields.get("url") or "") or body)


def _decode(data: bytes) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    if encoding == "utf-8-sig" and b"\0" in data[:8192]:
        raise ArticleError("a binary file, not text")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ArticleError(f"not UTF-8 text (byte {error.start}); save it as UTF-8") from None


def _front_matter(told: str) -> dict[str, Any]:
    import yaml

    class PlainLoader(yaml.SafeLoader):  # type: ignore[misc]
        """YAML without aliases: nothing an article says needs them, and they can blow up."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.events.AliasEvent):
                raise yaml.YAMLError("aliases are not allowed")
            return super().compose_node(parent, index)

    try:
        meta = yaml.load(told, Loader=PlainLoader)  # noqa: S506 - a SafeLoader with less
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ArticleError(f"the front matter is not valid YAML: {' '.join(str(error).split())[:150]}") from None
    if not isinstance(meta, dict):
        raise ArticleError("the front matter is not a list of `key: value` lines")
    return {str(key): value for key, value in meta.items()}


def _object(line: bytes, columns: Mapping[str, str]) -> Draft:
    try:
        meta = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ArticleError(f"not a line of JSON: {str(error)[:100]}") from None
    if not isinstance(meta, dict):
        raise ArticleError(f"not an object with a `{columns.get('text', 'text')}` of type string")
    return row(meta, columns)

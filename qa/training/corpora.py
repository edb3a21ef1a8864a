"""Public articles that questions of ours are about, from the folder of data, in the form `Library.add` takes."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_ID = 180  # characters of a URL that make an id


def identity(url: str) -> str:
    """Return the id of an article by its address."""
    return url[-_ID:]


def multihop(data: Path) -> Iterator[dict[str, Any]]:
    """Yield the 609 dated news articles of MultiHop-RAG."""
    with lzma.open(data / "multihop_rag" / "corpus.json.xz", "rt", encoding="utf-8") as file:
        for row in json.load(file):
            yield {
                "id": identity(row["url"]), "title": row["title"], "outlet": row["source"],
                "published": row["published_at"][:10], "url": row["url"], "text": row["body"],
            }  # fmt: skip


def whitehouse(data: Path) -> Iterator[dict[str, Any]]:
    """Yield the White House briefings."""
    with lzma.open(data / "whitehouse_briefings" / "briefings.jsonl.xz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)

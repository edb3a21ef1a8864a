"""Cited answers over a library of news articles.

    from qa import Library, Retriever, Assistant

The public names are loaded when first used: importing `qa` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qa.assistant import Assistant
    from qa.config import Config
    from qa.errors import TalksError
    from qa.library import Library
    from qa.records import AddReport, Answer, Article, Citation, Event, Hit, Mention, Passage, Rejection
    from qa.retriever import Retriever

_HOMES = {
    "AddReport": "records",
    "Answer": "records",
    "Article": "records",
    "Assistant": "assistant",
    "Citation": "records",
    "Config": "config",
    "Event": "records",
    "Hit": "records",
    "Library": "library",
    "Mention": "records",
    "Passage": "records",
    "Rejection": "records",
    "Retriever": "retriever",
    "TalksError": "errors",
}

__all__ = [
    "AddReport",
    "Answer",
    "Article",
    "Assistant",
    "Citation",
    "Config",
    "Event",
    "Hit",
    "Library",
    "Mention",
    "Passage",
    "Rejection",
    "Retriever",
    "TalksError",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'qa' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"qa.{_HOMES[name]}"), name)
    globals()[name] = value
    return value

"""A sentence of an article → a citation, with the days that its expressions of time mean."""

from __future__ import annotations

import re

from qa.dates import in_words
from qa.records import Article, Citation, Mention
from qa.when import mentions

_MOST = 8  # lines below one quote


def cite(number: int, article: Article, start: int, end: int, also: tuple[str, ...] = ()) -> Citation:
    """Cite a span; `also` names other outlets of the same report.

    The store has checked the article against its hash, so a slice of it is verbatim.
    """
    return Citation(
        number,
        article.id,
        article.title,
        article.outlet,
        article.published,
        article.url,
        start,
        end,
        article.text[start:end],
        dated(article, start, end),
        also,
        article.version,
    )


def dated(article: Article, start: int, end: int) -> tuple[Mention, ...]:
    """Return the expressions of time in a span of an article, at offsets into the article."""
    found = mentions(article.text[start:end], article.published)
    return tuple(Mention(start + m.start, start + m.end, m.first, m.last) for m in found)


def unclear(citation: Citation) -> list[tuple[str, Mention]]:
    """Return the expressions of time in a quote that do not say their year, each once, with their wording."""
    found: dict[str, Mention] = {}
    for mention in citation.mentions:
        said = " ".join(citation.quote[mention.start - citation.start : mention.end - citation.start].split())
        if not re.search(r"\d{4}", said):
            found.setdefault(said, mention)
    return list(found.items())


def explained(citation: Citation) -> list[str]:
    """Return "next week = 30 July – 5 August 2012" for each expression of time that is unclear in a quote."""
    return [f"{said} = {in_words(mention.first, mention.last)}" for said, mention in unclear(citation)]

"""Noisy pages of which every paragraph is labelled, built of the invented pieces in `pages.yaml`.

Two halves that share no report, no furniture and no way of writing markup: what cleaning is mended by, and what it is
measured by. Each report of a half is written in each of its five ways: twenty-five pages a half.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

HALVES = ("first", "second")


@dataclass(frozen=True)
class Page:
    """A page as it is saved: `keep` are the paragraphs of its reporting, everything else in it is to go."""

    name: str
    data: bytes
    keep: tuple[str, ...]


@dataclass(frozen=True)
class _Story:
    title: str
    author: str
    day: date
    text: tuple[str, ...]

    @property
    def keep(self) -> tuple[str, ...]:
        return tuple(p.removeprefix("* ") for p in self.text if not p.startswith("# "))


Furniture = dict[str, Any]
Way = Callable[[_Story, Furniture], bytes]


def pages(half: str) -> list[Page]:
    """Return the pages of "first" or "second"."""
    told = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))[half]
    stories = [_Story(**{**story, "text": tuple(story["text"])}) for story in told["stories"]]
    found = []
    for way in WAYS[half]:
        suffix = ".txt" if way in (_scraped, _glued) else ".html"
        for number, story in enumerate(stories, start=1):
            name = f"{way.__name__.strip('_')}-{number}{suffix}"
            keep = story.keep[:3] if way is _members_only else story.keep
            found.append(Page(name, way(story, told["furniture"]), keep))
    return found


def _paragraphs(story: _Story, tag: str = "p", heading: str = "h2") -> list[str]:
    parts = []
    for text in story.text:
        if text.startswith("# "):
            parts.append(f"<{heading}>{html.escape(text[2:])}</{heading}>")
        elif text.startswith("* "):
            parts.append(f"<ul><li>{html.escape(text[2:], quote=False)}</li></ul>")
        else:
            parts.append(f"<{tag}>{html.escape(text, quote=False)}</{tag}>")
    return parts


def _links(texts: list[str], tag: str = "li") -> str:
    return "".join(
        f'<{tag}><a href="/{n}">{html.escape(text, quote=False)}</a></{tag}>' for n, text in enumerate(texts)
    )


def _rows(table: list[list[str]]) -> str:
    return "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in table)


# -- the first half


def _semantic(story: _Story, f: Furniture) -> bytes:
    """HTML5 as it is meant."""
    body = _paragraphs(story)
    body.insert(2, f"<figure><img src=a.jpg><figcaption>{f['caption']}</figcaption></figure>")
    body.insert(4, f'<p><a href="/x">{f["inline"][0]}</a></p>')
    comments = "".join(
        f"<article><h4>{who}</h4><time>{when}</time><p>{said}</p></article>" for who, when, said in f["comments"]
    )
    return f"""<!doctype html><html lang=en><head><meta charset=utf-8><title>{story.title} | {f["outlet"]}</title>
<meta property=article:published_time content={story.day}></head><body>
<div role=dialog class=consent><p>{f["consent"]}</p><button>Accept</button></div>
<header><nav><ul>{_links(f["nav"])}</ul></nav></header><main><article><header><h1>{story.title}</h1>
<p class=byline>By {story.author}, {story.day:%d %B %Y}</p><ul class=share>{_links(f["share"])}</ul></header>
{"".join(body)}<p><em>{f["correction"]}</em></p></article>
<aside><h3>Related</h3><ul>{_links(f["related"])}</ul></aside>
<section id=comments><h3>3 comments</h3>{comments}</section></main>
<footer>{_links(f["footer"], "span")}</footer></body></html>""".encode()


def _tables(story: _Story, f: Furniture) -> bytes:
    """As pages were written before style sheets: tables for columns, line breaks for paragraphs, Windows-1252."""
    text = "<br><br>".join(html.escape(p.lstrip("#* "), quote=False) for p in story.text)
    teasers = "".join(f"<b>{head}</b><br>{text}<br><br>" for head, text in f["teasers"])
    return f"""<html><head><meta http-equiv=Content-Type content="text/html; charset=windows-1252">
<title>{f["outlet"]}: {story.title}</title></head><body bgcolor=white><table width=100%><tr>
<td colspan=3>{_links(f["nav"], "font")}</td></tr><tr><td width=120>{_links(f["related"], "p")}</td><td>
<font size=5><b>{story.title}</b></font><br><font size=1>By {story.author}<br>
Posted {story.day:%B %d, %Y}</font><br><br><font face=Times>{text}</font><br><br>
<table border=1>{_rows(f["table"])}</table>
{_links(f["share"], "font")}</td><td width=200>{teasers}{f["newsletter"]}</td></tr>
<tr><td colspan=3><font size=1>{"<br>".join(f["footer"])}</font></td></tr></table></body></html>""".encode("cp1252")


def _weblog(story: _Story, f: Furniture) -> bytes:
    """As the most used program for weblogs and its plug-ins write it."""
    body = _paragraphs(story, heading="h3")
    body.insert(3, f'<div class="subscribe-box"><p>{f["newsletter"]}</p></div>')
    body.append(f'<div class="sharedaddy"><h3>Share this:</h3><ul>{_links(f["share"])}</ul></div>')
    body.append(f'<div id="jp-relatedposts"><h3>Related</h3>{_links(f["related"], "p")}</div>')
    comments = "".join(
        f'<li class="comment"><cite class="fn">{who}</cite> says:<div class="comment-meta">{when}</div>'
        f'<div class="comment-content"><p>{said}</p></div></li>'
        for who, when, said in f["comments"]
    )
    return f"""<!DOCTYPE html><html><head><meta charset="UTF-8"><title>{story.title} – {f["outlet"]}</title></head>
<body class="single-post"><div id="page"><div id="cookie-notice"><p>{f["consent"]}</p></div>
<div class="menu"><ul>{_links(f["nav"])}</ul></div><div id="content"><div class="post type-post hentry">
<h1 class="entry-title">{story.title}</h1>
<div class="entry-meta">Posted on {story.day:%B %d, %Y} by {story.author}</div>
<div class="entry-content">{"".join(body)}</div>
<div class="post-navigation">{_links(f["related"][:2], "div")}</div></div>
<ol class="comment-list">{comments}</ol><div id="respond"><h3>Leave a Reply</h3></div></div>
<div class="widget-area">{"".join(f"<div class=widget><h4>{a}</h4><p>{b}</p></div>" for a, b in f["teasers"])}</div>
<div class="site-info">{" ".join(f["footer"])}</div></div></body></html>""".encode()


def _live(story: _Story, f: Furniture) -> bytes:
    """A live page: each paragraph with its hour and its own share bar."""
    posts = "".join(
        f'<div class="live-post" id="p{n}"><time>{9 + n}:4{n % 10}</time>{paragraph}'
        f'<div class="post-share">{_links(f["share"], "span")}</div></div>'
        for n, paragraph in enumerate(_paragraphs(story))
    )
    return f"""<!doctype html><html><head><meta charset=utf-8><title>{story.title} - live | {f["outlet"]}</title></head>
<body><nav>{_links(f["nav"], "span")}</nav><main><h1>{story.title}</h1>
<div class=standfirst>Updated {story.day:%d %B %Y}</div><div class="live-feed">{posts}</div></main>
<aside class=most-read><h2>Most read</h2><ol>{_links(f["related"])}</ol>
</aside><footer>{_links(f["footer"], "span")}</footer></body></html>""".encode()


def _scraped(story: _Story, f: Furniture) -> bytes:
    """The text of a page as a scraper leaves it: a line for each element, in order."""
    lines = [
        *f["nav"],
        f["consent"],
        story.title,
        f"By {story.author}",
        f"Published {story.day:%B %d, %Y}",
        *f["share"],
    ]
    body = [p.removeprefix("* ").removeprefix("# ") for p in story.text]
    body.insert(2, f["caption"])
    body.insert(4, f["inline"][1])
    lines += [*body, *f["share"], "Related", *f["related"], "Comments"]
    lines += [part for comment in f["comments"] for part in comment]
    return "\n".join([*lines, *f["footer"]]).encode()


# -- the second half


def _hashed(story: _Story, f: Furniture) -> bytes:
    """As programs write it that build pages of parts: names that mean nothing, everything a `div`."""
    body = [f'<div class="css-8{n}x">{p}</div>' for n, p in enumerate(_paragraphs(story))]
    body.insert(2, f'<div class="css-q1"><div class="css-z"><img src="a.webp"/></div><span>{f["caption"]}</span></div>')
    body.insert(3, f'<div class="css-n7"><div>{f["newsletter"]}</div><button>Sign up</button></div>')
    cards = "".join(
        f'<div class="css-k2"><a href="/t"><h3>{head}</h3><p>{text}</p></a></div>' for head, text in f["teasers"]
    )
    said = "".join(
        f'<div class="css-c4"><div>{who} · {when}</div><div><p>{text}</p></div><button>Reply</button></div>'
        for who, when, text in f["comments"]
    )
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8"/><title>{story.title}</title>
<meta property="og:site_name" content="{html.escape(f["outlet"])}"/></head><body><div id="root"><div class="css-0">
{_links(f["nav"], "div")}</div><div class="css-1"><h1 class="css-2">{story.title}</h1>
<div class="css-3">{story.author}</div>
<time datetime="{story.day}">{story.day:%b %d, %Y}</time><div class="css-4">{_links(f["share"], "div")}</div>
{"".join(body)}</div><div class="css-5"><h2>More from {html.escape(f["outlet"])}</h2>{cards}</div>
<div class="css-6"><h2>Conversation</h2>{said}</div><div class="css-9">{_links(f["footer"], "div")}</div></div>
<div class="css-modal"><p>{f["consent"]}</p></div></body></html>""".encode()


def _mobile(story: _Story, f: Furniture) -> bytes:
    """As it is written for telephones: parts that only their library knows."""
    body = _paragraphs(story, heading="h4")
    body.insert(1, f"<amp-img src=a.jpg width=4 height=3></amp-img><p class=caption>{f['caption']}</p>")
    body.insert(3, f"<p class=see-also><a href=/1>{f['inline'][0]}</a></p>")
    return f"""<!doctype html><html amp><head><meta charset=utf-8><title>{story.title} - {f["outlet"]}</title>
<script type=application/ld+json>
{{"@type":"NewsArticle","headline":"{story.title}","datePublished":"{story.day}"}}</script>
</head><body><amp-sidebar><ul>{_links(f["nav"])}</ul></amp-sidebar><amp-user-notification><p>{f["consent"]}</p>
</amp-user-notification><section class=headline><h1>{story.title}</h1><p class=author>{story.author}</p></section>
<amp-social-share type=x></amp-social-share><section class=story>{"".join(body)}</section><section class=recommended>
<h5>You may also like</h5>{_links(f["related"], "p")}</section>
<section>{_links(f["footer"], "p")}</section></body></html>""".encode()


def _divided(story: _Story, f: Furniture) -> bytes:
    """Paragraphs that are no `p`, with links to other stories and a table between them."""
    body = _paragraphs(story, tag="div", heading="strong")
    body.insert(2, f'<div class="link"><a href="/1">{f["inline"][0]}</a></div>')
    body.insert(4, f"<table>{_rows(f['table'])}</table>")
    body.insert(5, f'<div class="link"><a href="/2">{f["inline"][1]}</a></div>')
    return f"""<html><head><meta charset="utf-8"><title>{story.title}</title></head><body><div class="top">
{_links(f["nav"], "span")}</div><div class="detail"><div class="head"><h2>{story.title}</h2></div>
<div class="info">{story.author} / {story.day:%d.%m.%Y}</div><div class="txt">{"".join(body)}</div>
<div class="note">{f["correction"]}</div><div class="tools">{_links(f["share"], "span")}</div></div>
<div class="boxes">{"".join(f"<div class=box><b>{a}</b><div>{b}</div></div>" for a, b in f["teasers"])}</div>
<div class="bottom">{" | ".join(f["footer"])}</div></body></html>""".encode()


def _members_only(story: _Story, f: Furniture) -> bytes:
    """The beginning of a report, and a wall."""
    free = _Story(story.title, story.author, story.day, tuple(p for p in story.text if not p.startswith("# "))[:3])
    return f"""<!doctype html><html><head><meta charset=utf-8><title>{story.title} | {f["outlet"]}</title></head><body>
<nav>{_links(f["nav"], "a")}</nav><article><h1>{story.title}</h1><p>{story.author}, {story.day:%d %B %Y}</p>
{"".join(_paragraphs(free))}<div class=wall><h3>Go on reading</h3><p>{f["paywall"]}</p><a href=/join>Join now</a>
<p>{f["newsletter"]}</p></div></article><section class=next>{_links(f["related"], "h4")}</section>
<footer>{_links(f["footer"], "a")}</footer></body></html>""".encode()


def _glued(story: _Story, f: Furniture) -> bytes:
    """A scraped text without spaces between sentences, its furniture in lines of its own."""
    body = [p.removeprefix("* ").removeprefix("# ").replace(". ", ".") for p in story.text]
    body.insert(1, f["caption"])
    body.insert(3, f["inline"][1])
    lines = [*f["nav"], story.title, f"{story.author} - {story.day:%d %B %Y}", *f["share"], *body, f["correction"]]
    lines += [f["newsletter"], "You may also like", *(part for teaser in f["teasers"] for part in teaser)]
    lines += ["Comments (3)", *(part for comment in f["comments"] for part in comment), *f["footer"]]
    return "\r\n".join(lines).encode("utf-8-sig")


WAYS: dict[str, tuple[Way, ...]] = {
    "first": (_semantic, _tables, _weblog, _live, _scraped),
    "second": (_hashed, _mobile, _divided, _members_only, _glued),
}

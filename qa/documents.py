"""Documents that are zipped XML – Word (DOCX) and books (EPUB) – → drafts."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO
from urllib.parse import unquote

from qa import archives, pages
from qa.drafts import MAX_TEXT, Draft, Found, cleaned, one_line
from qa.errors import ArticleError

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_CORE = "{http://purl.org/dc/elements/1.1/}"
_OPF = "{http://www.idpf.org/2007/opf}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_MAX_XML = 4 * MAX_TEXT  # bytes of one part: markup takes more room than text
_MAX_CHAPTERS = 2000


def docx(file: BinaryIO) -> Draft:
    """Read the paragraphs of a Word document: what was inserted, not what was deleted, and no comments.

    Its own headline and date count; the day it was made does not, for who saves an old article makes a
    new document.
    """
    with archives.zip_file(file) as opened:
        body = _xml(opened, "word/document.xml")
        core = _xml(opened, "docProps/core.xml") if "docProps/core.xml" in opened.namelist() else None
    text = "\n".join(filter(None, map(_paragraph, body.iter(f"{_WORD}p"))))
    told = {"author": _first(core, "creator")} if core is not None else {}
    draft = cleaned(text, told)
    title = _first(core, "title") if core is not None else ""
    return Draft({**draft.meta, "title": title}, draft.text) if title and title in text else draft


def epub(file: BinaryIO) -> Iterator[Found]:
    """Read the chapters of a book, each an article of its own, with author, publisher and date of the book."""
    with archives.zip_file(file) as opened:
        container = _xml(opened, "META-INF/container.xml")
        name = next((e.get("full-path", "") for e in container.iter("{*}rootfile")), "")
        package = _xml(opened, name)
        told = {
            "author": _first(package, "creator"),
            "outlet": _first(package, "publisher"),
            "published": _date(package),
        }
        items = {item.get("id"): item for item in package.iter(f"{_OPF}item")}
        spine = [items[e.get("idref")] for e in package.iter(f"{_OPF}itemref") if e.get("idref") in items]
        if len(spine) > _MAX_CHAPTERS:
            raise ArticleError(f"the book has more than {_MAX_CHAPTERS} chapters; split it")
        for item in spine:
            href = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(item.get("href", ""))))
            if "nav" not in item.get("properties", "").split():
                yield f"/{href}", _chapter(opened, href, told)


def _chapter(opened: zipfile.ZipFile, name: str, told: dict[str, str]) -> Draft | ArticleError:
    try:
        page = pages.page(_part(opened, name))
    except ArticleError as error:
        return error
    return Draft({**page.meta, **{key: value for key, value in told.items() if value}}, page.text)


def _paragraph(paragraph: Any) -> str:
    """The text of a paragraph; those inside it, of text boxes, stand for themselves."""
    parts = []
    for element in paragraph.iter(f"{_WORD}t", f"{_WORD}tab", f"{_WORD}br", f"{_WORD}cr"):
        above = next(a for a in element.iterancestors(f"{_WORD}p", _FALLBACK))
        if above is paragraph:
            parts.append((element.text or "") if element.tag == f"{_WORD}t" else " ")
    return " ".join("".join(parts).split())


def _date(package: Any) -> str:
    """The day a book appeared, where it names one; a year alone is no day."""
    return next(
        (d for e in package.iter(f"{_CORE}date") if re.match(r"\d{4}-\d\d-\d\d", d := (e.text or "").strip())), ""
    )


def _first(tree: Any, name: str) -> str:
    return next((" ".join(e.text.split()) for e in tree.iter(_CORE + name) if e.text), "")


def _part(opened: zipfile.ZipFile, name: str) -> bytes:
    try:
        info = opened.getinfo(name)
    except KeyError:
        raise ArticleError(f"the file is damaged: {name[:80] or 'a part of it'} is missing") from None
    if info.file_size > _MAX_XML:
        raise ArticleError(f"{name[:80]} in it is larger than {_MAX_XML // 1_000_000} MB")
    return archives.zipped(opened, info)


def _xml(opened: zipfile.ZipFile, name: str) -> Any:
    """One part as a tree, read without entities, without the network and without anything else that leads out."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(_part(opened, name), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ArticleError(f"the file is damaged: {one_line(error)}") from None

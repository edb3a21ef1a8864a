"""Files of every kind that articles come in, made here byte by byte, and what reading them gave."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from qa.articles import read
from qa.records import Article, Rejection

BODY = "Army chiefs of two countries met in Murree on Wednesday, an official said."
STORY = (
    "Army chiefs of two countries met in the hill station of Murree on Wednesday to discuss the border, an official"
    " said after the talks had ended.",
    "The meeting lasted two hours. Both sides agreed to set up a hotline between their brigades, and to meet again"
    " within a month in the same place.",
    "The two armies had not spoken since the spring, when the only crossing was closed after a night of shelling that"
    " killed nine people, the official recalled.",
)
PAGE = f"""<html><head><title>Generals meet in Murree</title><meta property="og:site_name" content="The Hill Gazette">
<meta property="article:published_time" content="2012-03-29"></head><body><article><h1>Generals meet in Murree</h1>
{"".join(f"<p>{paragraph}</p>" for paragraph in STORY)}</article></body></html>"""


def file(folder: Path, data: bytes | str, name: str) -> Path:
    """Write a file."""
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
    return path


def all_of(path: Path, columns: Mapping[str, str] | None = None) -> dict[str, Article | str]:
    """Return what reading a file gave: an article, or the reason there is none, by source without the path."""
    items: Iterator[tuple[str, Article | Rejection]] = read([path], columns)
    found = {}
    for source, item in items:
        assert source.startswith(str(path)), source
        assert "\n" not in source
        if isinstance(item, Rejection):
            assert item.source == source and item.reason and "\n" not in item.reason
        found[source[len(str(path)) :]] = item.reason if isinstance(item, Rejection) else item
    return found


def article(path: Path) -> Article:
    """Return the one article in a file."""
    (item,) = all_of(path).values()
    assert isinstance(item, Article), item
    return item


def reason(path: Path) -> str:
    """Return why nothing is read from a file."""
    (item,) = all_of(path).values()
    assert isinstance(item, str), item
    return item


def pdf(pages: Sequence[Sequence[str]], info: Mapping[str, str] | None = None) -> bytes:
    """A PDF with these lines on its pages, in a font that knows Latin-1 and, as "\\1", the ligature "fi"."""
    told = "".join(f"/{key} ({value})" for key, value in (info or {}).items())
    kids = " ".join(f"{5 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode(),
        f"<<{told}>>".encode("latin-1"),
        b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman"
        b"/Encoding<</BaseEncoding/WinAnsiEncoding/Differences[1/fi]>>>>",
    ]
    for number, lines in enumerate(pages):
        shown = "".join(f"({line.translate(str.maketrans(dict.fromkeys('()', None)))}) Tj T*\n" for line in lines)
        stream = f"BT /F1 11 Tf 14 TL 72 760 Td\n{shown}ET".encode("cp1252")
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {6 + 2 * number} 0 R"
            "/Resources<</Font<</F1 4 0 R>>>>>>".encode()
        )
        objects.append(b"<</Length %d>>stream\n%b\nendstream" % (len(stream), stream))
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, io.SEEK_END)
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(b"%d 0 obj%bendobj\n" % (number, content))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer<</Size %d/Root 1 0 R/Info 3 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))
    return out.getvalue()


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    """A zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return out.getvalue()


def tarred(members: Mapping[str, str | bytes | tarfile.TarInfo], mode: str = "w") -> bytes:
    """A tar archive; a TarInfo stands for something that is no file."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as made:  # type: ignore[call-overload]
        for name, data in members.items():
            info = data if isinstance(data, tarfile.TarInfo) else tarfile.TarInfo(name)
            content = b"" if isinstance(data, tarfile.TarInfo) else data.encode() if isinstance(data, str) else data
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return out.getvalue()


def docx(paragraphs: Sequence[str], core: str = "") -> bytes:
    """A Word document: each paragraph is text, or markup where it begins with "<"."""
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    shown = "".join(
        f"<w:p>{text if text.startswith('<') else f'<w:r><w:t>{escape(text)}</w:t></w:r>'}</w:p>" for text in paragraphs
    )
    markup = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    members = {"word/document.xml": f"<w:document {space} {markup}><w:body>{shown}</w:body></w:document>"}
    if core:
        members["docProps/core.xml"] = f'<c xmlns:dc="http://purl.org/dc/elements/1.1/">{core}</c>'
    return zipped(members)


def epub(chapters: Mapping[str, str], about: str = "") -> bytes:
    """A book: chapters in order, and Dublin Core about it."""
    items = "".join(f'<item id="i{n}" href="{name}"/>' for n, name in enumerate(chapters))
    spine = "".join(f'<itemref idref="i{n}"/>' for n in range(len(chapters)))
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<metadata>{about}</metadata><manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    space = "urn:oasis:names:tc:opendocument:xmlns:container"
    container = f'<container xmlns="{space}"><rootfiles><rootfile full-path="in/a.opf"/></rootfiles></container>'
    inside = {f"in/{name}": text for name, text in chapters.items()}
    return zipped({"META-INF/container.xml": container, "in/a.opf": package, **inside})


def warc(url: str, content: bytes, headers: str = "Content-Type: text/html", status: str = "200 OK") -> bytes:
    """One response of a web archive."""
    block = f"HTTP/1.1 {status}\r\n{headers}\r\n\r\n".encode() + content
    return (
        (
            f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2012-03-29T00:00:00Z\r\n"
            "WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000001>\r\n"
            f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
        ).encode()
        + block
        + b"\r\n\r\n"
    )

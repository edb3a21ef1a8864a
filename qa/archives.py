"""Archives → what they hold: the members of zip and tar, the pages of WARC. Nothing is written to disk.

What a header says of sizes is never believed: no read is larger, and no archive yields more, than is allowed here.
"""

from __future__ import annotations

import bz2
import gzip
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from qa.drafts import MAX_FILE, one_line, whole
from qa.errors import ArticleError

MAX_MEMBERS = 20_000
_MAX_READ = 4_000_000  # bytes of one read: the table of contents of a zip with all its members takes two
_RATIO = 100  # how many times its size an archive may unpack to: text is packed to a tenth
_FREE = 10_000_000  # bytes that may come out whatever the ratio
_LINK = "a link, which is not followed"

Member = tuple[str, bytes | ArticleError]


class _Bounded:
    """A file whose headers make nobody read very much at once, or far behind where it can end."""

    def __init__(self, file: Any, most: int) -> None:
        self._file, self._most = file, most
        self.tell, self.seekable = file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """Read as a file does, or refuse."""
        if size > _MAX_READ:
            raise ArticleError("the archive is damaged, or made to do harm: its table of contents has no end")
        return bytes(self._file.read(size))

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Seek as a file does, or refuse."""
        if offset > self._most:
            raise _too_much()
        return int(self._file.seek(offset, whence))


def zip_file(file: BinaryIO) -> zipfile.ZipFile:
    """Open a zip archive, or a file that is one inside; raises ArticleError for a damaged or an endless one."""
    try:
        opened = zipfile.ZipFile(_Bounded(file, _size(file)))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ArticleError(f"the archive is damaged: {one_line(error)}") from None
    if len(opened.infolist()) > MAX_MEMBERS:
        raise _too_many()
    return opened


def zipped(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Return one member of a zip archive."""
    if info.file_size > _RATIO * info.compress_size + _FREE:
        raise _too_much()
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ArticleError("packed in an unusual way; pack it again with an ordinary zip program")
    try:
        with opened.open(info) as member:
            return whole(member)  # type: ignore[arg-type]  # IO[bytes] is what is needed of it
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise ArticleError(f"it is damaged: {one_line(error)}") from None
    except RuntimeError:
        raise ArticleError("it needs a password; pack it without one") from None


def zip_members(file: BinaryIO, wanted: Callable[[str], bool]) -> Iterator[Member]:
    """Yield name and content of the wanted members of a zip archive, an error where one cannot be had."""
    left = _allowance(file)
    with zip_file(file) as opened:
        for info in opened.infolist():
            if info.is_dir() or not wanted(info.filename):
                continue
            try:
                _check_name(info.filename)
                if stat.S_ISLNK(info.external_attr >> 16):
                    raise ArticleError(_LINK)
                if (left := left - info.file_size) < 0:
                    raise _too_much()
                yield info.filename, zipped(opened, info)
            except ArticleError as error:
                yield info.filename, error


def tar_members(file: BinaryIO, kind: str, wanted: Callable[[str], bool]) -> Iterator[Member]:
    """Yield name and content of the wanted members of a tar archive, packed as its `kind` says; see zip_members."""
    raw: Any = file
    if kind in (".tgz", ".tar.gz"):
        raw = gzip.GzipFile(fileobj=file)
    elif kind == ".tar.bz2":
        raw = bz2.BZ2File(file)
    try:
        with tarfile.open(fileobj=_Bounded(raw, _allowance(file)), mode="r:") as opened:  # type: ignore[call-overload]
            for number, info in enumerate(opened):
                if number == MAX_MEMBERS:
                    raise _too_many()
                if not info.isdir() and wanted(info.name):
                    yield info.name, _tarred(opened, info)
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError, OverflowError) as error:
        raise ArticleError(f"the archive is damaged: {one_line(error)}") from None


def warc_pages(file: BinaryIO) -> Iterator[tuple[str, str, bytes | ArticleError]]:
    """Yield address, character set and content of the HTML pages in a web archive."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    left = _allowance(file)
    try:
        for record in ArchiveIterator(file, parse_http=False):
            if (left := left - record.content_length) < 0:
                raise _too_much()
            if record.record_type != WarcRecordType.response:
                continue
            large = record.content_length > MAX_FILE
            if not large:
                record.freeze()  # so that a page left half unpacked does not lead astray what comes after it
            record.parse_http(auto_decode="none" if large else "all")
            if not record.is_http_parsed or record.http_headers.status_code != 200:
                continue
            if "html" in (record.http_content_type or ""):
                url = record.headers.get("WARC-Target-URI") or ""
                yield url.strip("<>"), record.http_charset or "", _payload(record.reader)
    except (OSError, ValueError) as error:
        raise ArticleError(f"the web archive is damaged: {one_line(error)}") from None


def _payload(reader: Any) -> bytes | ArticleError:
    try:
        return whole(reader)
    except ArticleError as error:
        return error


def _tarred(opened: tarfile.TarFile, info: tarfile.TarInfo) -> bytes | ArticleError:
    try:
        _check_name(info.name)
        if info.issym() or info.islnk():
            raise ArticleError(_LINK)
        if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
            raise ArticleError("not a regular file")
        if info.size > MAX_FILE:
            raise ArticleError(f"larger than {MAX_FILE // 1_000_000} MB")
        member = opened.extractfile(info)
        return whole(member) if member else ArticleError("the file is empty")  # type: ignore[arg-type]
    except ArticleError as error:
        return error


def _check_name(name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        raise ArticleError("its name leads out of the archive")


def _allowance(file: BinaryIO) -> int:
    return _RATIO * _size(file) + _FREE


def _size(file: BinaryIO) -> int:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def _too_much() -> ArticleError:
    return ArticleError(
        f"it unpacks to more than {_RATIO} times its size, as no text does; unpack it yourself to see why"
    )


def _too_many() -> ArticleError:
    return ArticleError(f"the archive has more than {MAX_MEMBERS:,} members; split it")

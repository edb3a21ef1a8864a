"""Tables of articles, a row each – CSV, TSV and Parquet – → drafts."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from qa.drafts import FIELDS, MAX_LINE, Draft, Found, lines, one_line
from qa.errors import ArticleError
from qa.texts import row

_BATCH = 16  # rows of Parquet in memory at once, each as long as an article may be


def delimited(file: BinaryIO, columns: Mapping[str, str]) -> Iterator[Found]:
    """Read a table with a header, its columns apart by commas, semicolons or tabs: whichever its header has most of.

    `columns` says for a field which column holds it; the others are found by their own names.
    """
    csv.field_size_limit(MAX_LINE)  # of the process: nothing else in it reads CSV
    source = _Source(file)
    header = source.header()
    reader = csv.reader(source, delimiter=max(",;\t", key=header.count))
    names = next(reader, [])
    places = {field: names.index(column) for field, column in matched(names, columns).items()}
    number = 1
    try:
        while values := source.row(reader):
            number += 1
            try:
                yield f":{number}", _row(values, places)
            except ArticleError as error:
                yield f":{number}", error
    except (csv.Error, ArticleError) as error:
        # Where a row has no end, it is anyone's guess where the next one begins.
        raise ArticleError(f"the table cannot be read after row {number}: {one_line(error)}") from None


def parquet(file: BinaryIO, columns: Mapping[str, str]) -> Iterator[Found]:
    """Read a Parquet file, a few rows at a time; needs pyarrow, an optional extra."""
    try:
        import pyarrow
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise ArticleError("Parquet needs another package: pip install 'talks-qa[parquet]'") from None
    number = 0
    try:
        table = ParquetFile(file)
        places = matched(table.schema_arrow.names, columns)
        for batch in table.iter_batches(batch_size=_BATCH, columns=list(dict.fromkeys(places.values()))):
            for values in batch.to_pylist():
                number += 1
                try:
                    yield f":{number}", row({field: values[column] for field, column in places.items()}, {})
                except ArticleError as error:
                    yield f":{number}", error
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise ArticleError(f"the Parquet file cannot be read after row {number}: {one_line(error)}") from None


def matched(names: Sequence[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Return field → column; raises ArticleError where a column is missing that was named, or that of the text."""
    there = " ".join(", ".join(names[:20]).split())[:300]
    for column in columns.values():
        if column not in names:
            raise ArticleError(f"there is no column {column[:60]!r}; there are: {there}")
    own = {field: name for field in FIELDS for name in names if name.strip().lower() == field}
    found = own | dict(columns)
    if "text" not in found:
        raise ArticleError(f"no column is called text; say which is, with --columns text=…; there are: {there}")
    return found


class _Source:
    """The lines of a table, of which a row may take several, but no more than a row may be long."""

    def __init__(self, file: BinaryIO) -> None:
        self._lines = lines(file)
        self._first: str | None = None
        self._taken = 0  # bytes of the row that is being read

    def header(self) -> str:
        """Return the first line, without taking it."""
        self._first = next(self, "").removeprefix("\ufeff")
        if not self._first.strip():
            raise ArticleError("the file is empty")
        if "\0" in self._first:
            raise ArticleError("not UTF-8 text; save the table as UTF-8")
        return self._first

    def row(self, reader: Iterator[list[str]]) -> list[str]:
        """Return the next row that is not blank, an empty one at the end."""
        self._taken = 0
        return next(filter(None, reader), [])

    def __iter__(self) -> _Source:
        return self

    def __next__(self) -> str:
        if self._first is not None:
            line, self._first = self._first, None
            return line
        found = next(self._lines)
        if isinstance(found, ArticleError):
            raise found
        self._taken += len(found)
        if self._taken > MAX_LINE:
            raise ArticleError(f"the next is longer than {MAX_LINE // 1_000_000} MB; is there a quote without its end?")
        return found.decode("utf-8", "surrogateescape").rstrip("\r\n").replace("\r", " ") + "\n"


def _row(values: Sequence[str], places: Mapping[str, int]) -> Draft:
    fields = {field: values[place] for field, place in places.items() if place < len(values)}
    if "text" not in fields:
        raise ArticleError("the row ends before its text")
    try:
        "".join(fields.values()).encode("utf-8")
    except UnicodeEncodeError:
        raise ArticleError("not UTF-8 text; save the table as UTF-8") from None
    return row(fields, {})

"""BM25 over the passages with tantivy; derived data that can always be built again."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import tantivy

from qa.records import Article, Passage

_TOKENIZER = "news"
_HEAP = 64_000_000  # bytes; tantivy flushes a segment when it is full
_STAMP = "stamp"
_NOT_SEALED = (_STAMP, ".managed.json")  # tantivy notes there what to delete, whenever it comes to it
_BLOCK = 1 << 20  # bytes checked at a time
_MAX_TERMS = 64  # of one question
_FUZZY_FROM = 5  # letters: shorter words have too many neighbours


class LexicalIndex:
    """An index folder stamped with the generation it was made from; without `path`, one in memory."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._analyzer = (
            tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
            .filter(tantivy.Filter.remove_long(40))
            .filter(tantivy.Filter.lowercase())
            .filter(tantivy.Filter.ascii_fold())
            .filter(tantivy.Filter.stopword("english"))
            .filter(tantivy.Filter.stemmer("english"))
            .build()
        )
        builder = tantivy.SchemaBuilder()
        builder.add_integer_field("passage", indexed=True, fast=True)
        builder.add_text_field("text", tokenizer_name=_TOKENIZER, index_option="freq")
        builder.add_text_field("outlet", tokenizer_name="raw", index_option="basic")
        builder.add_integer_field("published", indexed=True, fast=True)
        self._schema = builder.build()
        if path:
            path.mkdir(parents=True, exist_ok=True)
            self._index = tantivy.Index(self._schema, str(path))
        else:
            self._index = tantivy.Index(self._schema)
        self._index.register_tokenizer(_TOKENIZER, self._analyzer)
        self._searcher = self._index.searcher()

    @classmethod
    def open(cls, path: Path, stamp: str) -> LexicalIndex | None:
        """Open the index at `path` when it is whole and made from `stamp`; None otherwise.

        tantivy trusts the bytes it maps, so it is only shown bytes whose checksum we wrote.
        """
        try:
            if (path / _STAMP).read_text(encoding="utf-8") != _sealed(path, stamp):
                return None
            return cls(path)
        except (OSError, ValueError):
            return None

    @classmethod
    def fresh(cls, path: Path | None) -> LexicalIndex:
        """Return an empty index, whatever was at `path` before; raises OSError where there is no room for it."""
        if path:
            shutil.rmtree(path, ignore_errors=True)
        try:
            return cls(path)
        except ValueError as error:
            raise OSError(f"{path}: {error}") from None

    def update(self, removed: Iterable[int], added: Iterable[tuple[int, Passage, Article]], stamp: str) -> None:
        """Take passages out and in, in one commit; a crash on the way leaves an index without a stamp.

        Raises OSError where there is no room for it.
        """
        if self._path:
            (self._path / _STAMP).unlink(missing_ok=True)
        try:
            self._commit(removed, added)
        except ValueError as error:  # how tantivy tells what the disk says
            raise OSError(f"{self._path}: {error}") from None
        if self._path:
            (self._path / _STAMP).write_text(_sealed(self._path, stamp), encoding="utf-8")

    def _commit(self, removed: Iterable[int], added: Iterable[tuple[int, Passage, Article]]) -> None:
        writer = self._index.writer(_HEAP, 1)
        for number in removed:
            writer.delete_documents_by_term("passage", number)
        for number, passage, article in added:
            document = tantivy.Document()
            document.add_integer("passage", number)
            document.add_text("text", f"{article.header}\n{passage.text}")
            document.add_text("outlet", article.outlet)
            document.add_integer("published", article.published.toordinal() if article.published else 0)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self._searcher = self._index.searcher()

    def terms(self, text: str) -> list[str]:
        """Return the distinct index terms of a text, stop words left out, in order."""
        return list(dict.fromkeys(self._analyzer.analyze(text)))

    def search(
        self,
        question: str,
        k: int,
        since: date | None = None,
        until: date | None = None,
        outlets: Sequence[str] | None = None,
    ) -> list[tuple[int, float]]:
        """Return at most `k` (passage number, BM25 score) pairs for the OR of the question's terms.

        A term no passage holds is matched against words one letter away: people mistype names.
        """
        terms = self.terms(question)[:_MAX_TERMS]
        if not terms or k < 1:
            return []
        should = tantivy.Query.boolean_query([(tantivy.Occur.Should, self._term(term)) for term in terms])
        clauses = [(tantivy.Occur.Must, should)]
        if since or until:
            clauses.append((tantivy.Occur.Must, self._dates(since, until)))
        if outlets is not None:
            only = tantivy.Query.term_set_query(self._schema, "outlet", list(outlets))
            clauses.append((tantivy.Occur.Must, tantivy.Query.const_score_query(only, 0.0)))
        hits = self._searcher.search(tantivy.Query.boolean_query(clauses), limit=k, count=False).hits
        numbers = self._searcher.fast_field_values("passage", [address for _, address in hits])
        return [(int(number or 0), float(score)) for number, (score, _) in zip(numbers, hits, strict=True)]

    def frequency(self, term: str) -> int:
        """Return how many passages hold an index term."""
        return self._searcher.doc_freq("text", term)

    @property
    def size(self) -> int:
        """The number of passages in the index."""
        return self._searcher.num_docs

    def _term(self, term: str) -> tantivy.Query:
        if len(term) >= _FUZZY_FROM and term.isalpha() and not self.frequency(term):
            return tantivy.Query.fuzzy_term_query(self._schema, "text", term, distance=1)
        return tantivy.Query.term_query(self._schema, "text", term, index_option="freq")

    def _dates(self, since: date | None, until: date | None) -> tantivy.Query:
        low = since.toordinal() if since else 1  # 0 is an unknown date, which fits no filter
        high = until.toordinal() if until else date.max.toordinal()
        dates = tantivy.Query.range_query(self._schema, "published", tantivy.FieldType.Integer, low, high)
        return tantivy.Query.const_score_query(dates, 0.0)


def _sealed(path: Path, stamp: str) -> str:
    """Return a stamp with the checksum of the index's files, names and contents."""
    crc = 0
    for file in sorted(path.iterdir()):
        if file.name not in _NOT_SEALED and file.suffix != ".lock":
            crc = zlib.crc32(file.name.encode(), crc)
            with file.open("rb") as opened:
                while block := opened.read(_BLOCK):
                    crc = zlib.crc32(block, crc)
    return f"{stamp}:{crc:08x}"

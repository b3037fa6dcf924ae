"""The committed part of a lexical index: tantivy on disk, read through an unchanging picture of it."""

import errno
import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hikari.errors import BadIndex, StoreFull
from hikari.memory.lexical_text import analyzer
from hikari.memory.vectors import Seqs, Vectors

WRITER_HEAP_BYTES = 32 << 20
_TEXT, _SEQ, _TOKENIZER = "text", "seq", "hikari"


def _tantivy() -> Any:
    import tantivy

    return tantivy


class Segments:
    """An open tantivy index; `Picture` reads it, `commit` changes it. A writer exists only while committing."""

    def __init__(self, folder: Path, *, create: bool) -> None:
        try:
            if create:
                builder = _tantivy().SchemaBuilder()
                builder.add_unsigned_field(_SEQ, indexed=True, fast=True)
                builder.add_text_field(_TEXT, stored=True, tokenizer_name=_TOKENIZER, index_option="freq")
                self._index: Any = _tantivy().Index(builder.build(), path=str(folder))
            else:
                self._index = _tantivy().Index.open(str(folder))
            self._index.config_reader("manual")
            self._index.register_tokenizer(_TOKENIZER, analyzer())
        except (ValueError, OSError) as error:
            raise BadIndex(f"tantivy cannot open the lexical index at {folder}; it is rebuilt from the store") from error

    def commit(self, gone: Iterable[int], added: Iterable[tuple[int, str]]) -> None:
        """Delete, add and make durable, in this order; a document replaces the one of its number. Raises `StoreFull`, `OSError`."""
        with _writing_errors():
            writer = self._index.writer(WRITER_HEAP_BYTES, 1)
            try:
                deleted = list(gone)
                if deleted:
                    # Not delete_documents_by_term: with an unsigned field it deletes nothing, and says nothing.
                    writer.delete_documents_by_query(_tantivy().Query.term_set_query(self._index.schema, _SEQ, deleted))
                for seq, text in added:
                    document = _tantivy().Document()
                    document.add_unsigned(_SEQ, seq)
                    document.add_text(_TEXT, text)
                    writer.add_document(document)
                writer.commit()
            finally:
                writer.wait_merging_threads()  # lets go of the writer's lock, and of the merges' files

    def picture(self) -> "Picture":
        """What is committed now."""
        self._index.reload()
        return Picture(self._index.searcher(), self._index.schema)


class Picture:
    """The committed documents at one moment, which later commits do not change."""

    def __init__(self, searcher: Any, schema: Any) -> None:
        self._searcher = searcher
        self._schema = schema

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    @cached_property
    def highest(self) -> int:
        """The highest row number, -1 when there is none."""
        found = self._searcher.aggregate(_tantivy().Query.all_query(), {"highest": {"max": {"field": _SEQ}}})
        value = found["highest"]["value"]
        return -1 if value is None else int(value)

    @cached_property
    def totals(self) -> tuple[int, float]:
        """How many documents there are and how many terms they have on average, as tantivy's scores use them: with those that are
        deleted but still in the files. Read from the explanation of a score, which alone tells; 0, 0.0 when there is no term.
        """
        for term, _ in self._searcher.terms_with_prefix(_TEXT, "", limit=1):
            query = self._term(term)
            for _, address in self._searcher.search(query, 1, count=False).hits:
                explained = json.loads(query.explain(self._searcher, address).to_json())
                return int(_described(explained, "N, total")), _described(explained, "avgdl")
        return 0, 0.0

    def frequency(self, term: str) -> int:
        """How many documents have the term."""
        return int(self._searcher.doc_freq(_TEXT, term))

    def having(self, prefix: str) -> list[tuple[str, int]]:
        """The terms in the files that begin so, and how many documents have each; those deleted but still in the files count."""
        return list(self._searcher.terms_with_prefix(_TEXT, prefix))

    def holds(self, seqs: Iterable[int]) -> set[int]:
        """Those of `seqs` that are there."""
        wanted = [seq for seq in seqs if 0 <= seq <= self.highest]
        if not wanted:
            return set()
        return set(self._read(_tantivy().Query.term_set_query(self._schema, _SEQ, wanted), len(wanted))[0])

    def search(self, weights: Mapping[str, float | None], k: int, listed: Seqs | None = None) -> tuple[Seqs, Vectors]:
        """The `k` best documents with any of the terms, each weighted by its BM25 or, where a factor is given, that times as much.

        `listed`: row numbers that the answer is restricted to, few. Row numbers and scores, best first.
        """
        query = _tantivy().Query
        should = _tantivy().Occur.Should
        parts = [
            (should, self._term(term) if factor is None else query.boost_query(self._term(term), factor))
            for term, factor in weights.items()
        ]
        asked = query.boolean_query(parts)
        if listed is not None:
            must = _tantivy().Occur.Must
            chosen = query.const_score_query(query.term_set_query(self._schema, _SEQ, listed.tolist()), 0.0)
            asked = query.boolean_query([(must, chosen), (must, asked)])
        seqs, scores = self._read(asked, k)
        return np.array(seqs, np.int64), np.array(scores, np.float32)

    def documents(self, block: int = 5_000) -> Iterator[list[tuple[int, str]]]:
        """All documents by ascending row number, in blocks: number and prepared text."""
        query, kind = _tantivy().Query, _tantivy().FieldType.Unsigned
        at = 0
        while at <= self.highest:
            asked = query.range_query(self._schema, _SEQ, kind, at, at + block - 1)
            hits = self._searcher.search(asked, block, count=False).hits
            addresses = [address for _, address in hits]
            numbers = self._searcher.fast_field_values(_SEQ, addresses)
            texts = [str(self._searcher.doc(address).get_first(_TEXT) or "") for address in addresses]
            if numbers:
                yield sorted(zip(numbers, texts, strict=True))
            at += block

    def _term(self, term: str) -> Any:
        return _tantivy().Query.term_query(self._schema, _TEXT, term, "freq")

    def _read(self, query: Any, limit: int) -> tuple[list[int], list[float]]:
        hits = self._searcher.search(query, limit, count=False).hits
        numbers = self._searcher.fast_field_values(_SEQ, [address for _, address in hits])
        return [int(number) for number in numbers], [float(score) for score, _ in hits]


def _described(node: Any, name: str) -> float:
    """The value in an explanation whose description begins with `name`."""
    if str(node.get("description", "")).startswith(name):
        return float(node["value"])
    parts: list[Any] = node.get("details") or []
    return max((_described(part, name) for part in parts), default=0.0)


@contextmanager
def _writing_errors() -> Generator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        # tantivy reports what the system says in words
        if getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error) or "StorageFull" in str(error):
            raise StoreFull("the disk is full: the lexical index keeps what it had, the store has everything") from error
        if isinstance(error, ValueError):
            raise OSError("the lexical index could not be written") from error
        raise

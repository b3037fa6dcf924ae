"""The lexical index of one channel: BM25 over stemmed words, with tantivy on disk and a short tail in memory.

    add      into the tail, found by the next search; committed `TAIL_LIMIT` at a time in the background, or by `flush`
    remove   hidden from the next search on, deleted with the next commit, gone from the files after `purge`
    search   the distinct terms of the text, any of them; the text is never parsed as a query language

The index holds no truth: `change`, set by the owner after a call and saved with the commit, says what it has seen.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from hikari import atomic
from hikari.errors import BadInput, HikariError
from hikari.memory.lexical_files import COMMITTING, META, Entries, verify, write_manifest
from hikari.memory.lexical_segments import Picture, Segments
from hikari.memory.lexical_tail import Document, Tail, idf
from hikari.memory.lexical_text import VERSION, analyzer, prepare, terms
from hikari.memory.vectors import MAX_K, Seqs, Vectors, best, check_seqs, contained

TAIL_LIMIT = 512
"""Documents in the tail that start a commit in the background."""
TAIL_MAXIMUM = 8 * TAIL_LIMIT
"""Documents in the tail from which `add` commits itself before it returns."""
BULK = 512
"""A call with so many documents commits them at once instead of through the tail."""
MAX_TERMS = 48
"""Terms of a query that are looked up, the rarest."""
COMMON_SHARE = 0.1
"""Terms that more documents have than this share are left out where rarer ones remain."""
COMMON_COUNT = 20_000
"""Below so many documents even a common term costs nothing."""
REWEIGHTED = 20_000
"""Up to so many committed documents, their scores count the tail's as well; with more it hardly matters, and would cost the pruning."""
LISTED = 1_000
"""Up to so many allowed rows are part of the query; with more, answers are filtered."""

_log = logging.getLogger(__name__)


@dataclass
class _Flight:
    """A commit under way: what it writes, and what was removed or replaced again since it began."""

    added: dict[int, Document]
    gone: frozenset[int]
    touched: set[int]


class LexicalIndex:
    """BM25 search over the texts of row numbers; searched by many threads while one changes it.

    Opens the index at `folder` or makes one. Raises `BadIndex` when it is damaged or of another analysis.
    """

    def __init__(self, folder: Path) -> None:
        self.change = 0
        self._folder = folder
        self._books = threading.Lock()  # everything that a search reads; held for microseconds to a millisecond
        self._committing = threading.RLock()  # one commit at a time
        self._tail = Tail()
        self._hidden: frozenset[int] = frozenset()
        """Committed rows that are gone or replaced."""
        self._flight: _Flight | None = None
        self._worker: threading.Thread | None = None
        self._entries: Entries = {}
        self._saved_change = 0
        atomic.recover(folder)
        if folder.exists() and any(folder.iterdir()):
            manifest = verify(folder, VERSION)
            self.change = self._saved_change = int(manifest["change"])
            self._entries = manifest["files"]
            self._segments = Segments(folder, create=False)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            self._segments = _fresh(folder)
            self._entries = write_manifest(folder, self._about(0), {})
        self._picture = self._segments.picture()
        if (folder / COMMITTING).exists():
            self._entries = write_manifest(folder, self._about(self.change), {})
            (folder / COMMITTING).unlink()

    def __len__(self) -> int:
        with self._books:
            return len(self._picture) - len(self._hidden) + len(self._tail)

    def add(self, seqs: Seqs, texts: Sequence[str]) -> None:
        """Take in texts; a known row number is replaced. Found by the next search. Raises `BadInput`."""
        seqs = check_seqs(seqs, "seqs")
        if len(seqs) != len(texts):
            raise BadInput(f"{len(seqs)} row numbers came with {len(texts)} texts", field="texts")
        if len(seqs) and seqs.min() < 0:
            raise BadInput("row numbers must not be negative", field="seqs")
        numbered = dict(zip(seqs.tolist(), map(prepare, texts), strict=True))
        if len(numbered) >= BULK:
            with self._committing:
                with self._books:
                    self._drop(list(numbered))
                self._commit({seq: Document.of(text, ()) for seq, text in numbered.items()})
            return
        documents = {seq: Document.of(text, analyzer().analyze(text)) for seq, text in numbered.items()}
        with self._books:
            self._drop(list(documents))
            for seq, document in documents.items():
                self._tail.add(seq, document)
            waiting = len(self._tail)
        if waiting >= TAIL_MAXIMUM:
            self.flush()
        elif waiting >= TAIL_LIMIT:
            self._commit_beside()

    def remove(self, seqs: Seqs) -> int:
        """Drop texts; returns how many were there. Not found by the next search."""
        gone = check_seqs(seqs, "seqs").tolist()
        with self._books:
            return self._drop(gone)

    def search(self, text: str, k: int, allowed: Seqs | None = None) -> tuple[Seqs, Vectors]:
        """The at most `k` documents with the highest BM25 for any term of `text`, best first: row numbers and scores over 0.

        `allowed`, ascending row numbers, restricts the answer to them. Raises `BadInput` when k is out of range.
        """
        if not 1 <= k <= MAX_K:
            raise BadInput(f"k must be from 1 to {MAX_K}, got {k}", field="k")
        asked = list(dict.fromkeys(terms(text)))
        with self._books:
            picture, hidden = self._picture, self._hidden
            frequencies = {term: picture.frequency(term) + self._tail.frequency(term) for term in asked}
            committed, their_mean = picture.totals
            fresh = len(self._tail)
            weights = _weights(frequencies, committed + fresh)
            mean = (their_mean * committed + self._tail.length) / max(1, committed + fresh)
            scores = self._tail.scores(weights, mean)
        found = np.fromiter(scores.keys(), np.int64, len(scores))
        values = np.fromiter(scores.values(), np.float32, len(scores))
        if allowed is not None:
            kept = contained(found, allowed)
            found, values = found[kept], values[kept]
        if weights and len(picture):
            factors = dict.fromkeys(weights, None) if not fresh or committed > REWEIGHTED else _factors(picture, weights)
            older, their_values = _filtered(picture, factors, k, hidden, allowed)
            found, values = np.concatenate((found, older)), np.concatenate((values, their_values))
        return best(found, values, k)

    def flush(self) -> None:
        """Commit everything that was added and removed, and wait for it. Raises `StoreFull`, `OSError`; nothing is lost then."""
        with self._committing:
            if len(self._tail) or self._hidden or self.change != self._saved_change:
                self._commit({})

    def purge(self) -> None:
        """Rewrite the files, so that nothing of what was removed can be read from them any more."""
        with self._committing:
            self.flush()
            change, picture = self.change, self._picture
            with atomic.new_folder(self._folder) as staging:
                segments = _fresh(staging)
                segments.commit((), chain.from_iterable(picture.documents()))
                entries = write_manifest(staging, self._about(change), {})
            segments = Segments(self._folder, create=False)
            with self._books:
                self._segments, self._entries = segments, entries
                self._picture = _warm(segments.picture())

    def close(self) -> None:
        """Commit and let go."""
        self.flush()
        worker = self._worker
        if worker is not None:
            worker.join()

    def files_have(self, prefix: str) -> bool:
        """Whether any term in the files begins with `prefix`, also of a removed text that was not purged: for proving that it is gone."""
        return bool(self._picture.having(prefix))

    def _drop(self, seqs: Sequence[int]) -> int:
        """Hide rows from searches, with `_books` held; returns how many could be found until now."""
        fresh = {seq for seq in seqs if self._tail.remove(seq)}
        committed = self._picture.holds(seq for seq in set(seqs) if seq not in self._hidden)
        if self._flight is not None:
            self._flight.touched.update(seq for seq in seqs if seq in self._flight.added)
        self._hidden |= committed
        return len(fresh | committed)

    def _commit(self, bulk: dict[int, Document]) -> None:
        """Write the tail, `bulk` and the deletions; searches go on with the old picture until it is done."""
        change = self.change  # first: what it names is in the tail already
        with self._books:
            flight = _Flight({**self._tail.documents, **bulk}, self._hidden, set())
            self._flight = flight
        try:
            atomic.write_file(self._folder / COMMITTING, b"")
            if flight.added or flight.gone:
                self._segments.commit(flight.gone, ((seq, document.text) for seq, document in flight.added.items()))
            self._entries = write_manifest(self._folder, self._about(change), self._entries)
            (self._folder / COMMITTING).unlink()
            self._saved_change = change
        except BaseException:
            self._failed(flight)
            raise
        picture = _warm(self._segments.picture())
        with self._books:
            for seq, document in flight.added.items():
                if self._tail.documents.get(seq) is document:
                    self._tail.remove(seq)
            self._hidden = (self._hidden - flight.gone) | (flight.touched & flight.added.keys())
            self._picture, self._flight = picture, None

    def _failed(self, flight: _Flight) -> None:
        """After a commit that failed somewhere on the way: look at what is on disk; what the tail still has is hidden there."""
        picture = _warm(self._segments.picture())
        with self._books:
            self._hidden = frozenset(picture.holds({*self._hidden, *flight.added}))
            self._picture, self._flight = picture, None

    def _commit_beside(self) -> None:
        worker = self._worker
        if worker is None or not worker.is_alive():
            self._worker = threading.Thread(target=self._commit_quietly, name="hikari-lexical", daemon=True)
            self._worker.start()

    def _commit_quietly(self) -> None:
        try:
            self.flush()
        except (HikariError, OSError) as error:
            # The tail is kept; once it is full the next `add` commits itself and raises.
            _log.warning("a commit of the lexical index failed and is tried again later: %s", type(error).__name__)

    def _about(self, change: int) -> dict[str, int]:
        return {"analysis": VERSION, "change": change}


def _fresh(folder: Path) -> Segments:
    segments = Segments(folder, create=True)
    if not (folder / META).exists():
        raise OSError(f"tantivy made no index at {folder}")
    return segments


def _warm(picture: Picture) -> Picture:
    """The picture with its totals read already, so that no search pays for it."""
    _ = picture.highest, picture.totals
    return picture


def _weights(frequencies: dict[str, int], total: int) -> dict[str, float]:
    """The idf of each term worth looking up: those that occur, without the very common where others remain, the rarest first."""
    present = sorted((frequency, term) for term, frequency in frequencies.items() if frequency)
    rare = [pair for pair in present if pair[0] <= max(COMMON_COUNT, COMMON_SHARE * total)]
    return {term: idf(total, frequency) for frequency, term in (rare or present)[:MAX_TERMS]}


def _factors(picture: Picture, weights: dict[str, float]) -> dict[str, float | None]:
    """What turns the picture's own idf into the one of all documents."""
    total = picture.totals[0]
    # A term that only the tail has finds nothing here, whatever its factor.
    return {term: weight / idf(total, picture.frequency(term)) for term, weight in weights.items()}


def _filtered(
    picture: Picture, factors: dict[str, float | None], k: int, hidden: frozenset[int], allowed: Seqs | None
) -> tuple[Seqs, Vectors]:
    """The `k` best committed rows that are not hidden and, if a list is given, on it."""
    listed = None
    if allowed is not None and len(allowed) <= LISTED:
        listed = np.array([seq for seq in allowed.tolist() if seq not in hidden], np.int64)
        if not len(listed):
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
    asked = k if allowed is None else min(max(k, int(1.5 * k * len(picture) / len(allowed))), max(k, len(picture)))
    while True:
        seqs, scores = picture.search(factors, asked, listed)
        kept = np.array([seq not in hidden for seq in seqs.tolist()], np.bool_)
        if allowed is not None:
            kept &= contained(seqs, allowed)
        if kept.sum() >= k or len(seqs) < asked:
            return seqs[kept], scores[kept]
        asked = 4 * asked + len(hidden)

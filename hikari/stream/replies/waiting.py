"""The messages of one channel that wait for an answer: a bounded table, its numbers in columns so that all are scored at once.

When it is full, the message that is worth least goes. A viewer holds a few places at most; saying the same again holds none.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from hikari.analytics.sketches import name_key
from hikari.stream.replies.candidates import Candidate
from hikari.stream.replies.words import CODES, MAX_TERMS, Terms

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
FIRST_SIZE = 64
EMPTY = CODES
"""The code that pads a row of terms; nothing is ever marked there."""
PRUNED = 32
"""A full table loses one in so many at once, so that looking for what is worth least costs little."""
COLUMNS = ("question", "recommended", "paid", "role", "safety", "arrived", "timestamp", "answered")


class Waiting:
    """At most `size` messages, at most `each` of one viewer. `worth` says what each row of the table is worth now."""

    def __init__(self, size: int, each: int, worth: Callable[["Waiting", Rows], Floats]) -> None:
        self._size, self._each, self._worth = size, each, worth
        self._rows: list[Candidate | None] = []
        self._free: list[int] = []
        self._numbers: NDArray[np.int64] = np.zeros(0, np.int64)
        """The place of each row in the order of arrival, -1 for a free row."""
        self._next = 0
        self._by_id: dict[str | int, int] = {}
        self._by_viewer: dict[int, list[int]] = {}
        self._by_meaning: dict[tuple[int, int], int] = {}
        self.columns: dict[str, Floats] = {name: np.zeros(0) for name in COLUMNS}
        self.viewers: NDArray[np.uint64] = np.zeros(0, np.uint64)
        self.meanings: NDArray[np.int64] = np.zeros(0, np.int64)
        self.terms: NDArray[np.int32] = np.zeros((0, MAX_TERMS), np.int32)
        self.counts: NDArray[np.int64] = np.zeros((0, 2), np.int64)
        """How many terms a row has, and how many of them, the first, say what it is about."""
        self._marks = np.zeros(CODES + 1, np.float32)

    def __len__(self) -> int:
        return len(self._rows) - len(self._free)

    def __getitem__(self, row: int) -> Candidate:
        found = self._rows[row]
        if found is None:
            raise KeyError(row)
        return found

    def rows(self) -> Rows:
        """The rows that hold a message, oldest first."""
        taken = np.flatnonzero(self._numbers >= 0)
        return taken[np.argsort(self._numbers[taken])]

    def row_of(self, identifier: str | int) -> int | None:
        """Where the message with this id waits."""
        return self._by_id.get(identifier)

    def add(self, message: Candidate, answered: float) -> bool:
        """Take a message in; False when it only repeats one of the same viewer, or is worth less than all that wait.

        `answered` is how like it is to what was answered before, 0 to 1.
        """
        viewer = name_key(message.username.casefold())
        meaning = (viewer, message.terms.key)
        if (message.id is not None and message.id in self._by_id) or (message.terms.key and meaning in self._by_meaning):
            return False
        own = self._by_viewer.get(viewer, [])
        if len(own) >= self._each:
            self.remove(min(own, key=lambda row: (self[row].paid, int(self._numbers[row]))))
        row = self._place()
        self._rows[row] = message
        self._numbers[row] = self._next
        self._next += 1
        if message.id is not None:
            self._by_id[message.id] = row
        self._by_viewer.setdefault(viewer, []).append(row)
        self._by_meaning[meaning] = row
        self._fill(row, message, viewer, answered)
        if len(self) > self._size:
            self.prune(len(self) - self._size + self._size // PRUNED)
        return self._rows[row] is message

    def prune(self, count: int) -> None:
        """Drop the `count` messages that are worth least, of equals the oldest."""
        rows = self.rows()
        for row in rows[np.argsort(self._worth(self, rows), kind="stable")[:count]].tolist():
            self.remove(row)

    def remove(self, row: int) -> None:
        """The message at this row waits no longer."""
        message = self[row]
        viewer = name_key(message.username.casefold())
        own = self._by_viewer[viewer]
        own.remove(row)
        if not own:
            del self._by_viewer[viewer]
        if message.id is not None:
            del self._by_id[message.id]
        if self._by_meaning.get((viewer, message.terms.key)) == row:
            del self._by_meaning[viewer, message.terms.key]
        self._rows[row] = None
        self._numbers[row] = -1
        self._free.append(row)

    def forget(self, username: str) -> int:
        """Drop all messages of a viewer; returns how many."""
        rows = list(self._by_viewer.get(name_key(username.casefold()), ()))
        for row in rows:
            self.remove(row)
        return len(rows)

    def likeness(self, rows: Rows, other: Terms) -> Floats:
        """The similarity (`words.similarity`) of each of the rows to other terms."""
        if not other.codes:
            return np.zeros(len(rows))
        common = self._hits(rows, other.codes).sum(axis=1)
        own, size = np.maximum(self.counts[rows, 0], 1), len(other.codes)
        least = np.minimum(own, size)
        return common / np.sqrt(own * size) * (1.0 - (least - common) / least)

    def coverage(self, rows: Rows, codes: Iterable[int]) -> Floats:
        """How much of what each row is about is among `codes`, 0 to 1; a single word in common is no topic in common yet."""
        hits = self._hits(rows, tuple(codes))
        topical = np.arange(MAX_TERMS) < self.counts[rows, 1][:, None]
        common = (hits * topical).sum(axis=1)
        return common / np.maximum(self.counts[rows, 1], 1) * (1.0 - 0.5**common)

    def resemble(self, rows: Rows, other: Terms) -> None:
        """Something like `other` was answered: the rows that are like it are no news any more."""
        column = self.columns["answered"]
        column[rows] = np.maximum(column[rows], self.likeness(rows, other))

    def _hits(self, rows: Rows, codes: Sequence[int]) -> Floats:
        marked = list(codes)
        self._marks[marked] = 1.0
        hits = self._marks[self.terms[rows]].astype(np.float64)
        self._marks[marked] = 0.0
        return hits

    def _place(self) -> int:
        if self._free:
            return self._free.pop()
        self._rows.append(None)
        if len(self._rows) > len(self.viewers):
            self._grow()
        return len(self._rows) - 1

    def _grow(self) -> None:
        size = max(FIRST_SIZE, 2 * len(self.viewers))
        added = size - len(self.viewers)
        self.columns = {name: np.concatenate([column, np.zeros(added)]) for name, column in self.columns.items()}
        self._numbers = np.concatenate([self._numbers, np.full(added, -1, np.int64)])
        self.viewers = np.concatenate([self.viewers, np.zeros(added, np.uint64)])
        self.meanings = np.concatenate([self.meanings, np.zeros(added, np.int64)])
        self.terms = np.concatenate([self.terms, np.full((added, MAX_TERMS), EMPTY, np.int32)])
        self.counts = np.concatenate([self.counts, np.zeros((added, 2), np.int64)])

    def _fill(self, row: int, message: Candidate, viewer: int, answered: float) -> None:
        values = (
            message.question, message.recommended, float(message.paid), message.role, message.safety, message.arrived,
            message.timestamp, answered,
        )  # fmt: skip
        for name, value in zip(COLUMNS, values, strict=True):
            self.columns[name][row] = value
        codes = message.terms.codes
        self.viewers[row] = viewer
        self.meanings[row] = message.terms.key
        self.terms[row] = EMPTY
        self.terms[row, : len(codes)] = codes
        self.counts[row] = (len(codes), message.terms.topical)

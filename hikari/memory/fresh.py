"""Vectors that were just added and wait to be filed into cells: searched one by one, exactly."""

from typing import Any

import numpy as np

from hikari.memory.vectors import Seqs, Vectors


class Fresh:
    """A growing table of vectors; a row is never written twice, so that a view taken earlier stays true."""

    def __init__(self, dimension: int) -> None:
        self._vectors = np.empty((64, dimension), np.float32)
        self._seqs = np.empty(64, np.int64)
        self._alive = np.zeros(64, np.bool_)
        self._used = 0
        self._rows: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, seq: int) -> bool:
        return seq in self._rows

    def add(self, seqs: Seqs, vectors: Vectors) -> None:
        """Put vectors in; none of the row numbers may be in."""
        needed = self._used + len(seqs)
        if needed > len(self._seqs):
            capacity = max(needed, 2 * len(self._seqs))
            self._vectors = _grown(self._vectors, self._used, capacity)
            self._seqs = _grown(self._seqs, self._used, capacity)
            self._alive = _grown(self._alive, self._used, capacity)
        self._vectors[self._used : needed] = vectors
        self._seqs[self._used : needed] = seqs
        self._alive[self._used : needed] = True
        self._rows.update(zip(seqs.tolist(), range(self._used, needed), strict=True))
        self._used = needed

    def remove(self, seqs: Seqs) -> Seqs:
        """Take vectors out; returns the row numbers that were in."""
        gone = [seq for seq in seqs.tolist() if seq in self._rows]
        for seq in gone:
            self._alive[self._rows.pop(seq)] = False
        return np.array(gone, np.int64)

    def view(self) -> tuple[Seqs, Vectors]:
        """What is in, in the order of adding; the vectors are not copied unless some were taken out."""
        alive = self._alive[: self._used]
        if len(self._rows) == self._used:
            return self._seqs[: self._used], self._vectors[: self._used]
        return self._seqs[: self._used][alive], self._vectors[: self._used][alive]

    def some(self, seqs: Seqs) -> tuple[Seqs, Vectors]:
        """Those of `seqs` that are in, with their vectors."""
        known = np.array([seq for seq in seqs.tolist() if seq in self._rows], np.int64)
        return known, self._vectors[[self._rows[seq] for seq in known.tolist()]]

    def memory_bytes(self) -> int:
        """Bytes held."""
        return self._vectors.nbytes + self._seqs.nbytes + self._alive.nbytes


def _grown(array: Any, used: int, capacity: int) -> Any:
    grown = np.zeros((capacity, *array.shape[1:]), array.dtype)
    grown[:used] = array[:used]
    return grown

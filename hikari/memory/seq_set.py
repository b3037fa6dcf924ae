"""A set of row numbers in nine bytes each: sorted array, amortised appends, removals by mark."""

import numpy as np

from hikari.memory.vectors import Seqs, contained


class SeqSet:
    """Row numbers in ascending order; numbers that ascend are appended, others are merged in O(n)."""

    def __init__(self, seqs: Seqs | None = None) -> None:
        ordered = np.zeros(0, np.int64) if seqs is None else np.unique(seqs)
        self._seqs = ordered
        self._alive = np.ones(len(ordered), np.bool_)
        self._used = len(ordered)
        self._count = len(ordered)

    def __len__(self) -> int:
        return self._count

    def __contains__(self, seq: int) -> bool:
        return bool(self.holds(np.array([seq], np.int64))[0])

    def holds(self, seqs: Seqs) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """For each of `seqs`, whether it is in the set."""
        if not self._used:
            return np.zeros(len(seqs), np.bool_)
        known = self._seqs[: self._used]
        at = np.searchsorted(known, seqs).clip(max=self._used - 1)
        return (known[at] == seqs) & self._alive[at]

    def array(self) -> Seqs:
        """All row numbers, ascending; a copy."""
        return self._seqs[: self._used][self._alive[: self._used]]

    def add(self, seqs: Seqs) -> None:
        """Put row numbers in."""
        fresh = np.unique(seqs[~self.holds(seqs)])
        if not len(fresh):
            return
        if not self._used or fresh[0] > self._seqs[self._used - 1]:
            self._append(fresh)
        else:
            merged = np.union1d(self.array(), fresh)
            self._seqs, self._alive = merged, np.ones(len(merged), np.bool_)
            self._used = len(merged)
        self._count += len(fresh)

    def remove(self, seqs: Seqs) -> int:
        """Take row numbers out; returns how many were in."""
        gone = np.unique(seqs[self.holds(seqs)])
        if not len(gone):
            return 0
        self._alive[np.searchsorted(self._seqs[: self._used], gone)] = False
        self._count -= len(gone)
        if self._used > 64 and self._count < self._used // 2:
            self._seqs = self.array()
            self._used = len(self._seqs)
            self._alive = np.ones(self._used, np.bool_)
        return len(gone)

    def memory_bytes(self) -> int:
        """Bytes held."""
        return self._seqs.nbytes + self._alive.nbytes

    def _append(self, fresh: Seqs) -> None:
        needed = self._used + len(fresh)
        if needed > len(self._seqs):
            capacity = max(needed, len(self._seqs) + len(self._seqs) // 8 + 64)
            self._seqs = np.concatenate((self._seqs[: self._used], np.empty(capacity - self._used, np.int64)))
            self._alive = np.concatenate((self._alive[: self._used], np.zeros(capacity - self._used, np.bool_)))
        self._seqs[self._used : needed] = fresh
        self._alive[self._used : needed] = True
        self._used = needed


def without(seqs: Seqs, gone: Seqs) -> Seqs:
    """`seqs` (ascending) less `gone` (ascending)."""
    return seqs[~contained(seqs, gone)]

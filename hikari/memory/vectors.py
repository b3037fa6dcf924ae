"""What a vector index must do, whatever engine is behind it, and the checks that all of them share.

An index maps row numbers (`seq`, unique, never reused) to unit vectors and finds the nearest by inner product, which is the cosine.
It holds no truth: it can be rebuilt from the store at any time, and `change` says up to which change of the store it has followed.
`tests/contracts/test_vector_indices.py` is the contract in executable form.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hikari.errors import BadInput

Seqs = NDArray[np.int64]
Vectors = NDArray[np.float32]
Stored = Callable[[], Iterable[tuple[Seqs, Vectors]]]
"""Reads all stored vectors, in blocks: row numbers of shape (n,) and vectors of shape (n, dimension). Called more than once."""

MAX_K = 10_000


class VectorIndex(Protocol):
    """Nearest neighbours among stored vectors; searched by many threads while one thread changes it.

    `dimension` and `fingerprint` (of the encoder) are fixed; `change` is the last change of the store that was taken in, set by the owner
    after the call that took it in.
    """

    change: int

    @property
    def dimension(self) -> int: ...

    @property
    def fingerprint(self) -> str: ...

    def __len__(self) -> int: ...

    def __contains__(self, seq: int) -> bool: ...

    def seqs(self) -> Seqs:
        """All row numbers, ascending."""
        ...

    def add(self, seqs: Seqs, vectors: Vectors) -> None:
        """Take in vectors (n, dimension); one whose row number is known replaces it, of equal numbers in one call the last counts.

        Found by the next search. Raises `BadInput` and takes in nothing when a number or a vector is malformed.
        """
        ...

    def remove(self, seqs: Seqs) -> int:
        """Drop vectors, unknown numbers are ignored; returns how many were there. Not found by the next search."""
        ...

    def search(self, vector: Vectors, k: int, allowed: Seqs | None = None) -> tuple[Seqs, Vectors]:
        """The at most `k` nearest to `vector` (dimension,), best first: row numbers and inner products, both (<= k,).

        `allowed`, ascending row numbers, restricts the answer to them.
        """
        ...

    @property
    def needs_retraining(self) -> bool:
        """Whether the index has outgrown what it was trained for; it stays correct, only slower or less exact."""
        ...

    def retrain(self, stored: Stored | None = None) -> None:
        """Build the next index beside this one and exchange them; searches and changes go on meanwhile.

        `stored`: the vectors as the store has them, in any order; by default they are read back from the index.
        """
        ...

    def save(self, folder: Path, facts: Mapping[str, Any] | None = None) -> None:
        """Write `folder` so that it is the old one or the whole new one; searches go on meanwhile."""
        ...

    def memory_bytes(self) -> int:
        """Bytes that the index holds in memory."""
        ...


def check_added(seqs: Seqs, vectors: Vectors, dimension: int) -> tuple[Seqs, Vectors]:
    """Row numbers (n,) and vectors (n, dimension) for adding, each number once, the last of equal ones kept.

    Raises `BadInput` when shapes disagree, a number is negative, or a vector is not finite or not of unit length (within 1%).
    """
    seqs = check_seqs(seqs, "seqs")
    vectors = np.ascontiguousarray(vectors, np.float32)
    if vectors.shape != (len(seqs), dimension):
        raise BadInput(f"vectors must have shape ({len(seqs)}, {dimension}), got {vectors.shape}", field="vectors")
    if len(seqs) and seqs.min() < 0:
        raise BadInput("row numbers must not be negative", field="seqs")
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    # NaN and infinity fail the comparison as well.
    if not (np.abs(lengths - 1.0) < 0.01).all():
        raise BadInput("vectors must be finite and of unit length", field="vectors")
    kept = len(seqs) - 1 - np.unique(seqs[::-1], return_index=True)[1]
    if len(kept) < len(seqs):
        kept.sort()
        return seqs[kept], vectors[kept]
    return seqs, vectors


def check_seqs(seqs: Any, field: str) -> Seqs:
    """Row numbers as int64 of shape (n,). Raises `BadInput`."""
    found = np.asarray(seqs)
    if found.size == 0:
        return np.zeros(0, np.int64)
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise BadInput(f"{field} must be whole numbers in one dimension", field=field)
    return np.ascontiguousarray(found, np.int64)


def check_search(vector: Any, k: int, allowed: Any, dimension: int) -> tuple[Vectors, Seqs | None]:
    """The query as float32 (dimension,) and `allowed` as ascending int64. Raises `BadInput`."""
    query = np.ascontiguousarray(vector, np.float32)
    if query.shape != (dimension,):
        raise BadInput(f"the query must have shape ({dimension},), got {query.shape}", field="vector")
    if not np.isfinite(query).all():
        raise BadInput("the query must be finite", field="vector")
    if not 1 <= k <= MAX_K:
        raise BadInput(f"k must be from 1 to {MAX_K}, got {k}", field="k")
    if allowed is None:
        return query, None
    permitted = check_seqs(allowed, "allowed")
    if len(permitted) > 1 and not (permitted[1:] > permitted[:-1]).all():
        raise BadInput("allowed must be ascending, each row number once", field="allowed")
    return query, permitted


def best(seqs: Seqs, similarities: Vectors, k: int) -> tuple[Seqs, Vectors]:
    """The `k` best, by similarity and, where that is equal, the older row first; so the order never depends on chance."""
    if len(seqs) > 4 * k + 64:
        bound = np.partition(similarities, len(similarities) - k)[len(similarities) - k]
        close = similarities >= bound
        seqs, similarities = seqs[close], similarities[close]
    order = np.lexsort((seqs, -similarities))[:k]
    return seqs[order], similarities[order]


def contained(seqs: Seqs, ascending: Seqs) -> NDArray[np.bool_]:
    """For each of `seqs`, whether it is one of `ascending` (sorted); O(n log m)."""
    if not len(ascending):
        return np.zeros(len(seqs), np.bool_)
    at = np.searchsorted(ascending, seqs).clip(max=len(ascending) - 1)
    return ascending[at] == seqs

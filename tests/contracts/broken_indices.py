"""Twins of `ExactIndex` that each break one promise, so that every check is proven to notice."""

from pathlib import Path
from typing import Any

import numpy as np

from hikari.errors import BadIndex
from hikari.memory import vectors
from hikari.memory.vectors import Seqs, Vectors
from tests.contracts.exact_index import ExactIndex
from tests.contracts.index_checks import DIMENSION


class _Twin(ExactIndex):
    """A broken twin may add rows that `ExactIndex` does not know."""


class Forgetful(_Twin):
    def add(self, seqs: Seqs, vectors: Vectors) -> None:
        super().add(seqs[:-1], vectors[:-1])


class Rough(_Twin):
    def search(self, vector: Vectors, k: int, allowed: Seqs | None = None) -> tuple[Seqs, Vectors]:
        coarse = np.round(np.asarray(vector) * 3) / 3
        return super().search(coarse, k, allowed)


class Unsorted(_Twin):
    def search(self, vector: Vectors, k: int, allowed: Seqs | None = None) -> tuple[Seqs, Vectors]:
        seqs, similarities = super().search(vector, k, allowed)
        return seqs[::-1], similarities[::-1]


class Padded(_Twin):
    def search(self, vector: Vectors, k: int, allowed: Seqs | None = None) -> tuple[Seqs, Vectors]:
        seqs, similarities = super().search(vector, k, allowed)
        gap = k - len(seqs)
        return np.append(seqs, [-1] * gap).astype(np.int64), np.append(similarities, [-1.0] * gap).astype(np.float32)


class Undead(_Twin):
    def remove(self, seqs: Seqs) -> int:
        return len(set(seqs.tolist()) & set(self.rows))


class Doubling(_Twin):
    """Keeps the old vector beside the new one, as FAISS' IndexIDMap2 does."""

    old: dict[int, Vectors]

    def add(self, seqs: Seqs, vectors: Vectors) -> None:
        self.old = {seq: self.rows[seq] for seq in seqs.tolist() if seq in self.rows}
        super().add(seqs, vectors)

    def search(self, vector: Vectors, k: int, allowed: Seqs | None = None) -> tuple[Seqs, Vectors]:
        seqs, similarities = super().search(vector, k, allowed)
        more = np.array(list(self.old), np.int64)
        theirs = np.array([row @ vector for row in self.old.values()], np.float32)
        return vectors.best(np.append(seqs, more), np.append(similarities, theirs), k)


class FirstWins(_Twin):
    def add(self, seqs: Seqs, vectors: Vectors) -> None:
        super().add(seqs[::-1], vectors[::-1])


class Unrestricted(_Twin):
    def search(self, vector: Vectors, k: int, allowed: Seqs | None = None) -> tuple[Seqs, Vectors]:
        return super().search(vector, k, None)


class Trusting(_Twin):
    def search(self, vector: Vectors, k: int, allowed: Seqs | None = None) -> tuple[Seqs, Vectors]:
        return super().search(np.nan_to_num(vector), k, None if allowed is None else np.unique(allowed))


class Sharing(_Twin):
    def add(self, seqs: Seqs, vectors: Vectors) -> None:
        super().add(seqs, vectors)
        self.rows.update(zip(seqs.tolist(), vectors, strict=True))


class Loser(_Twin):
    def retrain(self, stored: Any = None) -> None:
        self.rows.pop(max(self.rows))


class Amnesiac(_Twin):
    def save(self, folder: Path, facts: Any = None) -> None:
        change, self.change = self.change, 0
        super().save(folder, facts)
        self.change = change


class Random(_Twin):
    def save(self, folder: Path, facts: Any = None) -> None:
        super().save(folder, {**(facts or {}), "address": id(self)})


class Careless(_Twin):
    @classmethod
    def open(cls, folder: Path, fingerprint: str) -> ExactIndex:
        try:
            return super().open(folder, fingerprint)
        except BadIndex as error:
            if "another encoder" in error.message or "newer" in error.message:
                raise
            return cls(DIMENSION, fingerprint)


class Flickering(_Twin):
    """Loses a row that nobody touches while it retrains."""

    def retrain(self, stored: Any = None) -> None:
        self.rows.pop(min(self.rows))

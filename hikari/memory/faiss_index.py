"""The vector index of one channel: FAISS cells, and beside them a short table of what was just added.

    add      into the table (microseconds; never waits for a search), filed into cells `FRESH_LIMIT` at a time
    search   cells (as many as measured recall asks for) and table together, exact over `allowed` when that is small
    remove   from the cells at once; while they are being saved it is hidden from searches instead, and removed after
    retrain  new cells are laid out beside the old ones, catch up with what changed meanwhile, and take their place

Vectors are rounded to float16 on the way in, as the store has them, so that a vector means the same before and after a rebuild.
FAISS' training uses a GPU when the installed faiss has one; that path has not been run on one.
"""

import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from hikari.errors import BadIndex
from hikari.memory import cells as kinds
from hikari.memory.cell_search import scope_of, search_cells
from hikari.memory.cell_training import Half, Measured, lay_out, replay
from hikari.memory.cells import Cells, one_thread, plan
from hikari.memory.fresh import Fresh
from hikari.memory.index_folder import open_folder, save_folder
from hikari.memory.locks import ReadWriteLock
from hikari.memory.seq_set import SeqSet
from hikari.memory.vectors import Seqs, Stored, Vectors, best, check_added, check_search, check_seqs, contained

FRESH_LIMIT = 256
"""Vectors scored one by one before they are filed into cells: they cost a search 0.02 ms."""
BULK = 4096
RECALL_TARGET = 0.975
"""On mixtures of stored vectors (`cell_training.py`); real questions find 0.96 with the cells that this takes."""
MEMORY_BUDGET_BYTES = 600 << 20
"""Over this, vectors are kept in one byte a dimension instead of two."""
GROWTH = 3
"""Cells are laid out anew when there are so many times more vectors than they were laid out for."""


class FaissIndex:
    """A `VectorIndex` on FAISS; see the module's text. Safe for searches from many threads beside changes from another."""

    def __init__(
        self,
        dimension: int,
        fingerprint: str,
        *,
        recall_target: float = RECALL_TARGET,
        memory_budget_bytes: int = MEMORY_BUDGET_BYTES,
    ) -> None:
        self.change = 0
        self.facts: dict[str, Any] = {}
        """What the owner saved with the index."""
        self._dimension = dimension
        self._fingerprint = fingerprint
        self._target = recall_target
        self._budget = memory_budget_bytes
        self._cells = Cells.flat(dimension)
        self._filed = SeqSet()
        self._fresh = Fresh(dimension)
        self._hidden = np.zeros(0, np.int64)
        """Row numbers still in the cells that are gone or replaced, ascending; only while the cells are frozen."""
        self._frozen = 0
        self._measured = Measured()
        self._journal: dict[int, Half | None] | None = None
        """While new cells are laid out: what was added (its vector) or removed (None) since they were begun."""
        self._writing = threading.RLock()  # one change at a time
        self._books = threading.Lock()  # _fresh, _filed and _hidden, held for microseconds
        self._gate = ReadWriteLock()  # the cells: searches share it, filing and deleting take it alone
        self._saving = threading.Lock()
        self._training = threading.Lock()

    @property
    def dimension(self) -> int:
        return self._dimension

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    @property
    def kind(self) -> str:
        """`flat`, `ivf_fp16` or `ivf_sq8`."""
        return self._cells.kind

    def __len__(self) -> int:
        with self._books:
            return len(self._filed) + len(self._fresh)

    def __contains__(self, seq: int) -> bool:
        with self._books:
            return seq in self._fresh or seq in self._filed

    def seqs(self) -> Seqs:
        """All row numbers, ascending."""
        with self._books:
            return np.union1d(self._filed.array(), self._fresh.view()[0])

    def memory_bytes(self) -> int:
        """Bytes that the index holds in memory."""
        with self._books:
            return self._cells.memory_bytes() + self._filed.memory_bytes() + self._fresh.memory_bytes()

    def describe(self) -> dict[str, Any]:
        """Kind, size, cells and measured recall, for statistics and the manifest."""
        return {**self._layout(), "memory_bytes": self.memory_bytes(), "needs_retraining": self.needs_retraining}

    def add(self, seqs: Seqs, vectors: Vectors) -> None:
        """Take in vectors (n, dimension) of unit length; a known row number is replaced. Raises `BadInput`."""
        seqs, vectors = check_added(seqs, vectors, self._dimension)
        vectors = vectors.astype(np.float16).astype(np.float32)
        for start in range(0, len(seqs), BULK):
            with self._writing:
                self._add(seqs[start : start + BULK], vectors[start : start + BULK])

    def remove(self, seqs: Seqs) -> int:
        """Drop vectors; returns how many were there."""
        seqs = check_seqs(seqs, "seqs")
        with self._writing:
            with self._books:
                gone = self._drop(seqs)
            if self._journal is not None:
                self._journal.update(dict.fromkeys(seqs.tolist()))
            self._clear()
        return gone

    def search(self, vector: Vectors, k: int, allowed: Seqs | None = None) -> tuple[Seqs, Vectors]:
        """The at most `k` nearest, best first: row numbers and inner products. Raises `BadInput`."""
        query, allowed = check_search(vector, k, allowed, self._dimension)
        with self._gate.reading():
            with self._books:
                fresh_seqs, fresh_vectors = self._fresh.view()
                scope = scope_of(self._filed, self._hidden, allowed)
            found, similarities = search_cells(self._cells, query, k, scope)
        if allowed is not None and len(fresh_seqs):
            kept = contained(fresh_seqs, allowed)
            fresh_seqs, fresh_vectors = fresh_seqs[kept], fresh_vectors[kept]
        if len(fresh_seqs):
            found = np.concatenate((found, fresh_seqs))
            similarities = np.concatenate((similarities, fresh_vectors @ query))
        return best(found, similarities, k)

    @property
    def needs_retraining(self) -> bool:
        """Whether there are `GROWTH` times more vectors than the cells were laid out for, or more bytes than the budget."""
        cells, count = self._cells, len(self)
        if cells.kind == kinds.FLAT:
            return count >= kinds.FLAT_LIMIT
        too_large = cells.kind == kinds.FP16 and cells.memory_bytes() > self._budget
        return too_large or count >= GROWTH * cells.trained_on or count * GROWTH < cells.trained_on

    def retrain(self, stored: Stored | None = None) -> None:
        """Lay out new cells beside the present ones and put them in their place; a second call waits for the first."""
        with self._training:
            with self._writing:
                self._journal = {}
                live = self.seqs()
            try:
                built, filed, measured = lay_out(
                    plan(len(live), self._dimension, self._budget), live, self._read, stored, self._target
                )
                while not self._catch_up(built, filed, measured):
                    pass
            finally:
                self._journal = None

    def save(self, folder: Path, facts: Mapping[str, Any] | None = None) -> None:
        """Write `folder`, the old one or the whole new one; searches and changes go on. Raises `StoreFull`."""
        with self._saving:
            with self._writing:
                if not self._frozen:
                    self._file()
                cells = self._cells
                if facts is not None:
                    self.facts = dict(facts)
                about = {
                    "encoder": self._fingerprint,
                    "dimension": self._dimension,
                    "change": self.change,
                    **self._layout(),
                    "facts": self.facts,
                }
                self._frozen += 1
            try:
                save_folder(folder, about, lambda staging: cells.write(staging / "cells.faiss"))
            finally:
                with self._writing:
                    self._frozen -= 1
                    self._clear()
                    if len(self._fresh) >= FRESH_LIMIT:
                        self._file()

    @classmethod
    def open(
        cls,
        folder: Path,
        fingerprint: str,
        *,
        recall_target: float = RECALL_TARGET,
        memory_budget_bytes: int = MEMORY_BUDGET_BYTES,
    ) -> "FaissIndex":
        """Open a saved index. Raises `NotReady` when there is none, `BadIndex` when it is damaged or of another encoder."""
        manifest = open_folder(folder, fingerprint)
        try:
            index = cls(
                int(manifest["dimension"]), fingerprint, recall_target=recall_target, memory_budget_bytes=memory_budget_bytes
            )
            index.change = int(manifest["change"])
            index.facts = dict(manifest["facts"])
            index._measured = Measured(**manifest["measured"])
            cells = Cells.read(folder / "cells.faiss", manifest["kind"], int(manifest["nprobe"]), int(manifest["trained_on"]))
        except (KeyError, TypeError, ValueError) as error:
            raise BadIndex(f"the manifest of {folder} lacks what an index needs; it is rebuilt from the store") from error
        index._cells = cells
        index._filed = SeqSet(cells.seqs())
        if len(index._filed) != len(cells) or len(cells) != manifest["count"] or cells.dimension != index._dimension:
            raise BadIndex(f"the index at {folder} does not hold what its manifest says; it is rebuilt from the store")
        return index

    def _layout(self) -> dict[str, Any]:
        cells = self._cells
        return {
            "kind": cells.kind,
            "count": len(self),
            "nlist": cells.nlist,
            "nprobe": cells.nprobe,
            "trained_on": cells.trained_on,
            "measured": asdict(self._measured),
        }

    def _add(self, seqs: Seqs, vectors: Vectors) -> None:
        with self._books:
            self._drop(seqs)
            self._fresh.add(seqs, vectors)
        if self._journal is not None:
            self._journal.update(zip(seqs.tolist(), vectors.astype(np.float16), strict=True))
        self._clear()
        if not self._frozen and len(self._fresh) >= FRESH_LIMIT:
            self._file()

    def _drop(self, seqs: Seqs) -> int:
        """Take rows out of what searches see, with `_books` held; those in the cells are deleted by `_clear`."""
        gone = len(self._fresh.remove(seqs))
        filed = seqs[self._filed.holds(seqs)]
        if len(filed):
            self._hidden = np.union1d(self._hidden, filed)
            gone += self._filed.remove(filed)
        return gone

    def _clear(self) -> None:
        """Delete hidden rows from the cells, unless these are frozen."""
        if self._frozen or not len(self._hidden):
            return
        with self._gate.writing():
            self._cells.remove(self._hidden)
            with self._books:
                self._hidden = np.zeros(0, np.int64)

    def _file(self) -> None:
        """Move what is fresh into the cells. The costly part, choosing the cell, does not hold up searches."""
        self._clear()
        seqs, vectors = self._fresh.view()
        if not len(seqs):
            return
        with one_thread():
            places = self._cells.assign(vectors)
        with self._gate.writing():
            self._cells.add(vectors, seqs, places)
            with self._books:
                self._filed.add(seqs)
                self._fresh = Fresh(self._dimension)

    def _read(self, seqs: Seqs) -> tuple[Seqs, Vectors]:
        """Those of `seqs` that are still there, with their vectors as this index has them."""
        with self._gate.reading():
            with self._books:
                fresh_seqs, fresh_vectors = self._fresh.some(seqs)
                filed = seqs[self._filed.holds(seqs)]
            vectors = self._cells.reconstruct(filed)
        return np.concatenate((filed, fresh_seqs)), np.concatenate((vectors, fresh_vectors))

    def _catch_up(self, built: Cells, filed: SeqSet, measured: Measured) -> bool:
        """Apply to new cells what changed since; when that was little, exchange them in the same step and return True."""
        with self._writing:
            journal, self._journal = self._journal or {}, {}
            if len(journal) <= FRESH_LIMIT:
                replay(journal, built, filed)
                with self._gate.writing(), self._books:
                    self._cells, self._filed, self._measured = built, filed, measured
                    self._fresh, self._hidden = Fresh(self._dimension), np.zeros(0, np.int64)
                return True
        replay(journal, built, filed)
        return False

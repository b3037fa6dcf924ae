"""The reference that vector indices are compared with: a dictionary and a matrix product."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hikari.memory.index_folder import open_folder, save_folder
from hikari.memory.vectors import Seqs, Stored, Vectors, best, check_added, check_search, check_seqs


class ExactIndex:
    """A `VectorIndex` that scores every vector, rounded to float16 as the store rounds."""

    def __init__(self, dimension: int, fingerprint: str) -> None:
        self.change = 0
        self.rows: dict[int, Vectors] = {}
        self._dimension, self._fingerprint = dimension, fingerprint

    @property
    def dimension(self) -> int:
        return self._dimension

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    @property
    def needs_retraining(self) -> bool:
        return False

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, seq: int) -> bool:
        return seq in self.rows

    def seqs(self) -> Seqs:
        return np.array(sorted(self.rows), np.int64)

    def add(self, seqs: Seqs, vectors: Vectors) -> None:
        seqs, vectors = check_added(seqs, vectors, self._dimension)
        self.rows.update(zip(seqs.tolist(), vectors.astype(np.float16).astype(np.float32), strict=True))

    def remove(self, seqs: Seqs) -> int:
        return sum(self.rows.pop(seq, None) is not None for seq in check_seqs(seqs, "seqs").tolist())

    def search(self, vector: Vectors, k: int, allowed: Seqs | None = None) -> tuple[Seqs, Vectors]:
        query, permitted = check_search(vector, k, allowed, self._dimension)
        rows = dict(self.rows)
        known = sorted(rows) if permitted is None else [seq for seq in permitted.tolist() if seq in rows]
        if not known:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        return best(np.array(known, np.int64), np.stack([rows[seq] for seq in known]) @ query, k)

    def retrain(self, stored: Stored | None = None) -> None:
        pass

    def memory_bytes(self) -> int:
        return sum(vector.nbytes for vector in self.rows.values())

    def save(self, folder: Path, facts: Mapping[str, Any] | None = None) -> None:
        about = {
            "encoder": self._fingerprint,
            "dimension": self._dimension,
            "change": self.change,
            "count": len(self),
            "kind": "exact",
        }
        rows = {str(seq): vector.tolist() for seq, vector in self.rows.items()}
        save_folder(folder, {**about, "facts": dict(facts or {})}, lambda staging: _write(staging / "rows.json", rows))

    @classmethod
    def open(cls, folder: Path, fingerprint: str) -> "ExactIndex":
        manifest = open_folder(folder, fingerprint)
        index = cls(int(manifest["dimension"]), fingerprint)
        index.change = int(manifest["change"])
        rows = json.loads((folder / "rows.json").read_text())
        index.rows = {int(seq): np.array(vector, np.float32) for seq, vector in rows.items()}
        return index


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content))

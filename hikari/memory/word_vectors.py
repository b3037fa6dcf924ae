# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUntypedBaseClass=false, reportUnknownVariableType=false
# spaCy's vectors are written in Cython and carry no types.
"""Word vectors for spaCy from the pieces of words, so that a name nobody ever wrote before still has one.

A table holds one int8 row per word piece. A word's vector is the mean of its pieces, found greedily from the left (longest piece
first, as WordPiece does: Schuster and Nakajima 2012). Importing this module tells spaCy how to open pipelines that use it.
"""

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import LOWER
from spacy.util import registry
from spacy.vectors import BaseVectors
from spacy.vocab import Vocab

REGISTERED = "hikari.PieceVectors.v1"
STEP = 1 / 32
"""What one unit of an int8 value stands for; values of standard deviation 1 fit up to 4 deviations."""
MAX_WORD = 40
"""Longer tokens are links and keyboard noise: no vector."""
CACHED_WORDS = 20_000


class PieceVectors(BaseVectors):
    """spaCy vectors, keyed by a token's lower case; a word without any known piece has the zero vector."""

    attr = LOWER
    name = "pieces"
    mode = "pieces"

    def __init__(self, strings: Any, pieces: Sequence[str] = (), table: NDArray[np.int8] | None = None) -> None:
        """`pieces` name the rows of `table` (int8, n x d); pieces inside of a word start with `##`."""
        self.strings = strings
        self._cache: dict[int, NDArray[np.float32]] = {}
        self._fill(pieces, np.zeros((0, 0), np.int8) if table is None else table)

    def _fill(self, pieces: Sequence[str], table: NDArray[np.int8]) -> None:
        if table.ndim != 2 or len(pieces) != len(table) or table.dtype != np.int8:
            raise ValueError(f"{len(pieces)} pieces need as many rows of int8, got {table.dtype} of shape {table.shape}")
        self._pieces = {piece: row for row, piece in enumerate(pieces)}
        self._table = table
        self._cache.clear()

    def vector(self, word: str) -> NDArray[np.float32]:
        """The vector of one word in lower case, float32 of length d."""
        rows = self._rows(word)
        if not rows:
            return np.zeros(self._table.shape[1], np.float32)
        return (self._table[rows].astype(np.float32).mean(axis=0) * STEP).astype(np.float32)

    def whole_words(self) -> set[str]:
        """The words that are one piece: the common ones of the language."""
        return {piece for piece in self._pieces if not piece.startswith("##")}

    def _rows(self, word: str) -> list[int]:
        if len(word) > MAX_WORD:
            return []
        if not word.isascii():
            word = "".join(letter for letter in unicodedata.normalize("NFD", word) if unicodedata.category(letter) != "Mn")
        word = word.lstrip("#@")
        rows: list[int] = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            for end in range(len(word), start, -1):
                row = self._pieces.get(prefix + word[start:end])
                if row is not None:
                    rows.append(row)
                    start = end
                    break
            else:
                return []
        return rows

    def get_batch(self, keys: Any) -> NDArray[np.float32]:
        """The vectors of many words, given the hashes of their strings: float32, n x d."""
        found: list[NDArray[np.float32]] = []
        for key in keys.tolist() if isinstance(keys, np.ndarray) else keys:
            vector = self._cache.get(key)
            if vector is None:
                vector = self.vector(self.strings[key])
                if len(self._cache) >= CACHED_WORDS:
                    self._cache.clear()
                self._cache[key] = vector
            found.append(vector)
        return np.stack(found) if found else np.zeros((0, self._table.shape[1]), np.float32)

    def __getitem__(self, key: int | str) -> NDArray[np.float32]:
        return self.vector(key if isinstance(key, str) else self.strings[key])

    def __contains__(self, key: int | str) -> bool:
        return bool(self._rows(key if isinstance(key, str) else self.strings[key]))

    def __len__(self) -> int:
        return len(self._table)

    @property
    def shape(self) -> tuple[int, int]:
        return self._table.shape[0], self._table.shape[1]

    @property
    def vectors_length(self) -> int:
        return self._table.shape[1]

    @property
    def size(self) -> int:
        return int(self._table.size)

    @property
    def n_keys(self) -> int:
        return len(self._table)

    def is_full(self) -> bool:
        return True

    def to_disk(self, path: str | Path, **_: Any) -> None:
        """Write `pieces.txt`, a piece a line, and `pieces.npy`."""
        (Path(path) / "pieces.txt").write_text("".join(f"{piece}\n" for piece in self._pieces), encoding="utf-8")
        with (Path(path) / "pieces.npy").open("wb") as file:
            np.save(file, self._table, allow_pickle=False)

    def from_disk(self, path: str | Path, **_: Any) -> "PieceVectors":
        """Read what `to_disk` wrote."""
        pieces = (Path(path) / "pieces.txt").read_text(encoding="utf-8").split("\n")[:-1]
        self._fill(pieces, np.load(Path(path) / "pieces.npy", allow_pickle=False))
        return self


def _of_vocabulary(vocab: Vocab) -> PieceVectors:
    return PieceVectors(vocab.strings)


@registry.vectors(REGISTERED)
def create_piece_vectors() -> Any:
    """What spaCy calls for `[nlp.vectors] @vectors = "hikari.PieceVectors.v1"`: makes the vectors of a vocabulary."""
    return _of_vocabulary

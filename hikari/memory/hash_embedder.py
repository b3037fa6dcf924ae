"""An embedder without a model: hashed words and letter groups. For tests, and where no bundle can be had.

It sees shared words and spellings, not meaning: "cat" and "kitten" are as far apart as any two words.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b

import numpy as np

from hikari import fingerprint
from hikari.errors import BadInput
from hikari.memory.embedder import Vectors, checked, prepare

_WORD = re.compile(r"\w+|[^\w\s]")
_ENDING = re.compile(r"(?<=\w{3})(?:ing|ed|es|s)$")
_LETTERS = 3
_LETTERS_WEIGHT = 0.3
"""Of one letter group beside its word: a word of six letters weighs about as much as all its groups."""
_VERSION = 1


class HashEmbedder:
    """Signed feature hashing (Weinberger et al. 2009) of stemmed words and letter trigrams; safe to call from several threads.

    Deterministic over processes and machines: equal `dimension` and `seed` give equal vectors and an equal fingerprint.
    """

    def __init__(self, dimension: int = 384, seed: int = 0) -> None:
        if dimension < 1:
            raise BadInput(f"dimension must be at least 1, got {dimension}", field="dimension")
        self._dimension = dimension
        self._key = seed.to_bytes(8, "big", signed=True)
        self._fingerprint = fingerprint.of_value({"hash": _VERSION, "dimension": dimension, "seed": seed})
        self._slot = lru_cache(maxsize=50_000)(self._hashed)

    @property
    def fingerprint(self) -> str:
        """One hash over kind, version, dimension and seed."""
        return self._fingerprint

    @property
    def dimension(self) -> int:
        return self._dimension

    def embed(self, texts: Sequence[str], /) -> Vectors:
        """See `Embedder.embed`. Raises `BadInput`."""
        rows = checked(texts)
        vectors = np.zeros((len(rows), self._dimension), dtype=np.float32)
        for row, text in enumerate(rows):
            for feature, weight in _features(text):
                slot, sign = self._slot(feature)
                vectors[row, slot] += sign * weight
            length = np.linalg.norm(vectors[row])
            if length > 0:
                vectors[row] /= length
            else:
                # No word at all, or words that cancel each other: still a unit vector, the same for all such texts.
                vectors[row, 0] = 1.0
        return vectors

    def _hashed(self, feature: str) -> tuple[int, float]:
        number = int.from_bytes(blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=8, key=self._key).digest(), "big")
        return (number >> 1) % self._dimension, 1.0 if number & 1 else -1.0


def _features(text: str) -> Iterator[tuple[str, float]]:
    for word in _WORD.findall(prepare(text).casefold()):
        yield "=" + _ENDING.sub("", word), 1.0
        padded = f"^{word}$"
        for start in range(len(padded) - _LETTERS + 1):
            yield padded[start : start + _LETTERS], _LETTERS_WEIGHT

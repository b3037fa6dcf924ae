"""What the tests of the embedding cache share: a small embedder that counts, and a look into Redis."""

import hashlib
from collections.abc import Sequence

import numpy as np
import redis

from hikari.memory.embedder import Vectors
from hikari.memory.embedding_cache import CachedEmbedder
from hikari.memory.hash_embedder import HashEmbedder

DIMENSION = 16
TEXTS = ["one", "two", "three", "four"]


class Counting(HashEmbedder):
    """Notes every text that it is asked for."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(DIMENSION, seed)
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str], /) -> Vectors:
        self.asked += texts
        return super().embed(texts)


def redis_key(embedder: CachedEmbedder, text: str) -> bytes:
    """Where the vector of a text lies in Redis."""
    return f"hikari:embedding:{embedder.fingerprint}:".encode() + hashlib.sha256(text.encode()).digest()


def keys(url: str) -> set[bytes]:
    """All keys of a Redis."""
    with redis.Redis.from_url(url) as client:
        return set(client.keys())  # type: ignore[arg-type]


def same(left: Vectors, right: Vectors) -> None:
    """Equal up to half precision."""
    np.testing.assert_allclose(left, right, atol=1e-3)

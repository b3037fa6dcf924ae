"""Embeddings kept by content: the newest in this process, all of them in Redis where several processes share one.

A key is the text's SHA-256 under the encoder's fingerprint, so a new encoder never meets an old one's vectors. Vectors are kept in half
precision, and a vector that was just computed is rounded as well: a text has one embedding, whether it was met before or not.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from hashlib import sha256
from threading import Lock

import numpy as np

from hikari.errors import BadInput
from hikari.memory.embedder import Embedder, Vectors, checked
from hikari.memory.shared_cache import SharedCache

CAPACITY_BYTES = 64 * 2**20
"""About 60,000 texts of 384 dimensions."""
_OVERHEAD_BYTES = 210
"""Of one entry beside its vector: the key, two object headers and the dictionary's link, as tracemalloc counts them."""


class CachedEmbedder:
    """An `Embedder` that asks `inner` only for texts that it has not met; safe to call from several threads.

    `capacity` bounds the memory of this process in bytes, the least recently used go first. With `redis_url` misses are looked up in
    Redis as well; a Redis that is down or slow is left alone for a while and never makes a call fail.
    """

    def __init__(self, inner: Embedder, capacity: int = CAPACITY_BYTES, redis_url: str | None = None) -> None:
        if capacity < 0:
            raise BadInput(f"capacity must be at least 0 bytes, got {capacity}", field="capacity")
        self._inner = inner
        self._capacity = capacity
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock = Lock()
        self._forgotten = 0
        self._hits = self._shared_hits = self._misses = self._rejected = 0
        self._entry_bytes = 2 * inner.dimension + _OVERHEAD_BYTES
        self._shared = None if redis_url is None else SharedCache(redis_url, f"hikari:embedding:{inner.fingerprint}:")

    @property
    def fingerprint(self) -> str:
        """The inner embedder's."""
        return self._inner.fingerprint

    @property
    def dimension(self) -> int:
        return self._inner.dimension

    def embed(self, texts: Sequence[str], /) -> Vectors:
        """See `Embedder.embed`; the vectors are those of the inner embedder rounded to half precision."""
        rows = checked(texts)
        keys = [_key(text) for text in rows]
        with self._lock:
            forgotten = self._forgotten
            found = self._look_up(keys)
        missing = {key: text for key, text in zip(keys, rows, strict=True) if key not in found}
        shared = self._from_shared(missing)
        unknown = [key for key in missing if key not in shared]
        computed: dict[bytes, bytes] = {}
        if unknown:
            vectors = self._inner.embed([missing[key] for key in unknown]).astype("<f2")
            computed = {key: vector.tobytes() for key, vector in zip(unknown, vectors, strict=True)}
        with self._lock:
            self._hits += sum(key in found for key in keys)
            self._shared_hits += len(shared)
            self._misses += len(unknown)
            # What was forgotten meanwhile must not come back through a call that began before.
            keep = forgotten == self._forgotten
            if keep:
                self._keep({**shared, **computed})
        if self._shared is not None and computed and keep:
            self._shared.put(computed)
            if forgotten != self._forgotten:
                self._shared.remove(list(computed))
        content = {**found, **shared, **computed}
        halves = np.frombuffer(b"".join(content[key] for key in keys), dtype="<f2").reshape(len(keys), self.dimension)
        full = halves.astype(np.float32)
        return full / np.linalg.norm(full, axis=1, keepdims=True)

    def forget(self, texts: Iterable[str]) -> bool:
        """Drop these texts here and in Redis; False when Redis could not be reached: it is told as soon as it answers again."""
        keys = [_key(text) for text in texts]
        with self._lock:
            self._forgotten += 1
            for key in keys:
                self._kept.pop(key, None)
        return self._shared is None or self._shared.remove(keys)

    def clear(self) -> bool:
        """Drop everything of this encoder, here and in Redis; False as in `forget`."""
        with self._lock:
            self._forgotten += 1
            self._kept.clear()
        return self._shared is None or self._shared.remove_all()

    def statistics(self) -> dict[str, int]:
        """Texts found here (`hits`), in Redis (`shared_hits`) and nowhere (`misses`); values of Redis that were no vector
        (`rejected`), failed calls of Redis (`errors`); what is kept here."""
        with self._lock:
            return {
                "hits": self._hits,
                "shared_hits": self._shared_hits,
                "misses": self._misses,
                "rejected": self._rejected,
                "errors": 0 if self._shared is None else self._shared.errors,
                "entries": len(self._kept),
                "bytes": len(self._kept) * self._entry_bytes,
            }

    def close(self) -> None:
        """Close the connection to Redis and the inner embedder's threads."""
        if self._shared is not None:
            self._shared.close()
        close = getattr(self._inner, "close", None)
        if close is not None:
            close()

    def _look_up(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        for key in keys:
            content = self._kept.get(key)
            if content is not None:
                self._kept.move_to_end(key)
                found[key] = content
        return found

    def _keep(self, entries: dict[bytes, bytes]) -> None:
        for key, content in entries.items():
            self._kept[key] = content
            self._kept.move_to_end(key)
        while len(self._kept) * self._entry_bytes > self._capacity:
            self._kept.popitem(last=False)

    def _from_shared(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        if self._shared is None:
            return {}
        found = self._shared.get(list(keys))
        good = {key: content for key, content in found.items() if self._is_vector(content)}
        with self._lock:
            self._rejected += len(found) - len(good)
        return good

    def _is_vector(self, content: bytes) -> bool:
        if len(content) != 2 * self.dimension:
            return False
        values = np.frombuffer(content, dtype="<f2").astype(np.float32)
        # NaN fails the comparison as well.
        return bool(abs(float(values @ values) - 1.0) < 0.02)


def _key(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()

"""Scores kept by content: the newest in this process, all of them in Redis where several processes share one.

Chat repeats itself: of a lively stream a third of all messages were said before, word by word. A key is a hash over the model, the
channel's symbols and the text as it is read, so a new model never meets an old one's scores; values are msgpack. An entry holds what the
model said of the text and nothing of who said it.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from importlib import resources
from threading import Lock

import msgspec

from hikari import __version__
from hikari.errors import BadInput
from hikari.memory.shared_cache import SharedCache
from hikari.sentiment.scores import MessageScores

CAPACITY_BYTES = 32 * 2**20
"""About 30,000 texts."""
PREFIX = f"hikari:scores:{__version__}:"
"""Another version may read texts and weigh words in another way."""
_OVERHEAD_BYTES = 250
"""Of one entry beside its value: key, object headers and the dictionary's link."""
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(MessageScores)


class ContentCache:
    """A `ScoreCache` of bounded memory, the least recently used go first; safe to call from several threads.

    With `redis_url` misses are looked up in Redis as well. A Redis that is down or slow is left alone for a while and costs hits only.
    """

    def __init__(self, capacity: int = CAPACITY_BYTES, redis_url: str | None = None) -> None:
        if capacity < 0:
            raise BadInput(f"capacity must be at least 0 bytes, got {capacity}", field="capacity")
        self._capacity = capacity
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()
        self._hits = self._shared_hits = self._merged = self._misses = self._rejected = 0
        self._shared = None if redis_url is None else SharedCache(redis_url, PREFIX)

    def get(self, keys: Sequence[bytes], /) -> dict[bytes, MessageScores]:
        """What is known under some of the keys; a key that comes several times counts as often."""
        found: dict[bytes, bytes] = {}
        with self._lock:
            for key in keys:
                content = self._kept.get(key)
                if content is not None:
                    self._kept.move_to_end(key)
                    found[key] = content
            self._hits += sum(key in found for key in keys)
        missing = list(dict.fromkeys(key for key in keys if key not in found))
        known = {key: _DECODER.decode(content) for key, content in found.items()}
        shared = self._from_shared(missing)
        with self._lock:
            self._shared_hits += sum(key in shared for key in keys)
            unknown = [key for key in keys if key not in found and key not in shared]
            self._misses += len(set(unknown))
            self._merged += len(unknown) - len(set(unknown))
        return {**known, **shared}

    def put(self, entries: Mapping[bytes, MessageScores], /) -> None:
        """Keep what was just computed, here and in Redis."""
        packed = {key: _ENCODER.encode(scores) for key, scores in entries.items()}
        with self._lock:
            self._keep(packed)
        if self._shared is not None and packed:
            self._shared.put(packed)

    def stats(self) -> dict[str, int | float | None]:
        """Messages whose text was known here (`hits`) or in Redis (`shared_hits`), that shared a pass with an equal one of their batch
        (`merged`), and passes (`misses`); `rate` is the share that needed none. What is kept, and what went wrong with Redis."""
        with self._lock:
            spared = self._hits + self._shared_hits + self._merged
            asked = spared + self._misses
            return {
                "hits": self._hits,
                "shared_hits": self._shared_hits,
                "merged": self._merged,
                "misses": self._misses,
                "rate": round(spared / asked, 4) if asked else None,
                "entries": len(self._kept),
                "bytes": self._bytes,
                "rejected": self._rejected,
                "errors": 0 if self._shared is None else self._shared.errors,
            }

    def clear_counts(self) -> None:
        """Begin to count anew, as after the common phrases are computed."""
        with self._lock:
            self._hits = self._shared_hits = self._merged = self._misses = 0

    def close(self) -> None:
        """Close the connections to Redis."""
        if self._shared is not None:
            self._shared.close()

    def _keep(self, packed: Mapping[bytes, bytes]) -> None:
        for key, content in packed.items():
            before = self._kept.pop(key, None)
            if before is not None:
                self._bytes -= len(before) + _OVERHEAD_BYTES
            self._kept[key] = content
            self._bytes += len(content) + _OVERHEAD_BYTES
        while self._bytes > self._capacity:
            _, content = self._kept.popitem(last=False)
            self._bytes -= len(content) + _OVERHEAD_BYTES

    def _from_shared(self, keys: list[bytes]) -> dict[bytes, MessageScores]:
        if self._shared is None or not keys:
            return {}
        good: dict[bytes, MessageScores] = {}
        found = self._shared.get(keys)
        for key, content in found.items():
            try:
                scores = _DECODER.decode(content)
            except msgspec.MsgspecError:
                continue
            if scores.emotion in scores.emotions and scores.toxicity and abs(scores.aggregate) <= 1:
                good[key] = scores
        with self._lock:
            self._rejected += len(found) - len(good)
            self._keep({key: found[key] for key in good})
        return good


def common_phrases() -> list[str]:
    """What every chat says, computed before the first message comes."""
    content = (resources.files("hikari.stream") / "phrases.txt").read_text(encoding="utf-8")
    return [line for line in content.splitlines() if line]

"""Counting distinct things in little memory: bottom-k samples of hashed keys, and a filter of the chatters already seen.

A bottom-k sample keeps the keys with the k smallest hashes (Bar-Yossef et al., Counting distinct elements in a data stream, 2002;
Cohen and Kaplan, Summarizing data using bottom-k sketches, 2007). Up to k keys it is the exact set; beyond, the hashes of what is left
tell how many there were, with a relative standard error of about 1/sqrt(k-1), and the keys left are a uniform sample, each with its exact
count. Neither depends on the order of arrival, which a HyperLogLog shares, but a HyperLogLog has no counts: concentration needs them.
"""

from collections.abc import Collection, Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np

from hikari.errors import BadStore

KEY_SPACE = 1 << 64
"""Keys of names are uniform in [0, KEY_SPACE)."""
EXACT = 2_048
"""Chatters that are kept one by one before a filter takes over."""
LAYER_BITS = (1 << 17, 1 << 20, 1 << 23)
"""Bits of the filter's layers (16 KiB, 128 KiB, 1 MiB): a small channel never pays for a large one."""
BITS_PER_KEY = 16
"""A layer is full at one key per this many bits; 4 probes then err in 0.24% of the lookups."""
_HALF = (1 << 32) - 1


def stable_hash(text: str) -> int:
    """64 bits of BLAKE2b, the same in every process (Python's own `hash` of a string is not)."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


@lru_cache(maxsize=16_384)
def name_key(name: str) -> int:
    """The key of a viewer's name; cached, since the same people talk again and again."""
    return stable_hash(name)


def smallest(keys: Iterable[int], k: int) -> list[int]:
    """The sample of `keys`: the k + 1 smallest in ascending order, or all when there are no more than that.

    The last one is the threshold: fewer than k + 1 keys say that nothing was left out.
    """
    return sorted(keys)[: k + 1]


def distinct(keys: Collection[int], k: int) -> float:
    """How many distinct names `keys` (all, or a sample) stand for: exact up to k, else k over the part of the space below the next key.

    >>> distinct({3, 5, 9}, 4)
    3.0
    """
    return float(len(keys)) if len(keys) <= k else k * KEY_SPACE / smallest(keys, k)[k]


class SeenFilter:
    """Which of up to millions of chatters were seen: an exact set up to `EXACT`, then a Bloom filter (Bloom, 1970) in growing layers.

    Never forgets a chatter it saw. The filter takes a new one for a known one in under 0.3% of the cases up to 70,000 chatters, under 1% up
    to 600,000 and under 3% at 1 million. At most 1.2 MB.
    """

    __slots__ = ("_exact", "_layers", "_room", "size")

    def __init__(self) -> None:
        self.size = 0
        """Chatters added, those taken for known ones left out."""
        self._exact: set[int] | None = set()
        self._layers: list[bytearray] = []
        self._room = 0

    def add(self, key: int) -> bool:
        """Remember `key` (64 bits); whether it was new."""
        exact = self._exact
        if exact is None:
            new = self._add_to_layers(key)
        else:
            new = key not in exact
            exact.add(key)
            if len(exact) > EXACT:
                self._exact = None
                for known in exact:
                    self._add_to_layers(known)
        self.size += new
        return new

    def _add_to_layers(self, key: int) -> bool:
        layers = self._layers
        # Double hashing (Kirsch and Mitzenmacher, 2006); all of it below 2**30, where Python's integers are fastest.
        at, step = key & 0x1FFFFFFF, key >> 36 & 0x7FFFFFF | 1
        second, third, fourth = at + step, at + 2 * step, at + 3 * step
        for layer in layers:
            mask = len(layer) * 8 - 1
            if (
                layer[(at & mask) >> 3] >> (at & 7) & 1
                and layer[(second & mask) >> 3] >> (second & 7) & 1
                and layer[(third & mask) >> 3] >> (third & 7) & 1
                and layer[(fourth & mask) >> 3] >> (fourth & 7) & 1
            ):
                return False
        if self._room == 0 and len(layers) < len(LAYER_BITS):
            bits = LAYER_BITS[len(layers)]
            layers.append(bytearray(bits // 8))
            self._room = bits // BITS_PER_KEY
        layer = layers[-1]
        mask = len(layer) * 8 - 1
        for position in (at, second, third, fourth):
            layer[(position & mask) >> 3] |= 1 << (position & 7)
        self._room = max(self._room - 1, 0)
        return True

    def state(self) -> dict[str, Any]:
        """Everything, for `from_state`: the keys and the layers as bytes."""
        exact = None if self._exact is None else np.array(sorted(self._exact), dtype="<u8").tobytes()
        return {"size": self.size, "room": self._room, "exact": exact, "layers": [bytes(layer) for layer in self._layers]}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "SeenFilter":
        """The filter that gave `state`. Raises `BadStore`."""
        made = cls()
        try:
            made.size, made._room, exact = int(state["size"]), int(state["room"]), state["exact"]
            made._exact = None if exact is None else set(np.frombuffer(exact, dtype="<u8").tolist())
            made._layers = [bytearray(layer) for layer in state["layers"]]
        except (KeyError, TypeError, ValueError) as error:
            raise BadStore("the state of a filter of chatters is damaged") from error
        expected = [bits // 8 for bits in LAYER_BITS[: len(made._layers)]]
        fits = bool(made._layers) if made._exact is None else not made._layers and len(made._exact) == made.size
        if not fits or [len(layer) for layer in made._layers] != expected or made.size < 0 or made._room < 0:
            raise BadStore("the state of a filter of chatters is damaged: its parts do not fit together")
        return made

"""A bounded sample of what was said lately: every message has a chance, newer ones a better one.

Weighted reservoir sampling (Efraimidis and Spirakis, 2006) with forward decay (Cormode et al., 2009): a message of time t gets the
priority t * ln 2 / half_life + Gumbel noise, and the highest priorities stay. So the chance to be kept halves with every half-life, and
order does not matter.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heapify, heappush, heapreplace
from operator import itemgetter
from typing import Any, Self

import numpy as np

from hikari.errors import BadInput, BadStore

HALF_LIFE_S = 1800.0
MAX_TEXT = 300
SHORT = 8
"""Characters under which a single word is no message about anything."""
_BLOCK = 1024
STATE_VERSION = 1


_Row = tuple[float, int, float, str, str]
"""A `Sampled` as it lies in the heap."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """A message of the sample; `seq` is its number, never used again."""

    priority: float
    seq: int
    timestamp: float
    username: str
    message: str


class TopicSample:
    """At most `capacity` messages; bot commands and single short words are passed over. Raises `BadInput`."""

    def __init__(self, capacity: int = 2000, half_life_s: float = HALF_LIFE_S, seed: int = 0) -> None:
        if capacity < 1:
            raise BadInput("the capacity must be at least 1", field="capacity")
        if not (math.isfinite(half_life_s) and half_life_s > 0):
            raise BadInput("the half-life must be a finite number of seconds over 0", field="half_life_s")
        self._capacity = capacity
        self._half_life = half_life_s
        self._rise = math.log(2.0) / half_life_s
        self._seed = seed
        self._seen = 0
        self._heap: list[_Row] = []
        self._noise: list[float] = []

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, timestamp: float, username: str, message: str) -> None:
        """Offer a message."""
        if message[:1] == "!" or (len(message) < SHORT and " " not in message):
            return
        at = self._seen % _BLOCK
        if not at or not self._noise:
            self._noise = np.random.default_rng([self._seed, self._seen // _BLOCK]).gumbel(size=_BLOCK).tolist()
        self._seen += 1
        priority = timestamp * self._rise + self._noise[at]
        if len(self._heap) < self._capacity:
            heappush(self._heap, (priority, self._seen, timestamp, username, message[:MAX_TEXT]))
        elif priority > self._heap[0][0]:
            heapreplace(self._heap, (priority, self._seen, timestamp, username, message[:MAX_TEXT]))

    def messages(self) -> list[Sampled]:
        """The sample in the order in which it came."""
        return [Sampled(*row) for row in self._ordered()]

    def forget(self, username: str) -> int:
        """Remove what the viewer said; how many messages that were."""
        kept = [row for row in self._heap if row[3] != username]
        gone = len(self._heap) - len(kept)
        heapify(kept)
        self._heap = kept
        return gone

    def _ordered(self) -> list[_Row]:
        return sorted(self._heap, key=itemgetter(1))

    def state(self) -> dict[str, Any]:
        """Plain values for msgpack; holds the sampled messages."""
        return {
            "v": STATE_VERSION,
            "capacity": self._capacity,
            "half_life": self._half_life,
            "seed": self._seed,
            "seen": self._seen,
            "messages": [list(row) for row in self._ordered()],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The sample that `state` was made of. Raises `BadStore`."""
        try:
            if state["v"] != STATE_VERSION:
                raise BadStore(f"the sample of messages has version {state['v']!r}, this one reads {STATE_VERSION}")
            made = cls(int(state["capacity"]), float(state["half_life"]), int(state["seed"]))
            made._seen = int(state["seen"])
            made._heap = [(float(p), int(q), float(t), str(u), str(m)) for p, q, t, u, m in state["messages"]]
            heapify(made._heap)
        except (KeyError, TypeError, ValueError, BadInput) as error:
            raise BadStore("the sample of messages is damaged") from error
        return made

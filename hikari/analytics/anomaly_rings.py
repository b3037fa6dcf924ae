"""The memory of a detector: the last values of a series in fixed space, as one contiguous array, and in the order of size.

A state holds float64 little endian as bytes, so that a detector that was restored gives the very same answers.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hikari.errors import BadStore

Floats = NDArray[np.float64]


class Ring:
    """The last `capacity` values. `add` is O(1): the buffer is twice as long and is moved once every `capacity` values."""

    __slots__ = ("_buffer", "_end", "capacity")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._buffer = np.zeros(2 * capacity)
        self._end = 0

    def __len__(self) -> int:
        return min(self._end, self.capacity)

    def add(self, value: float) -> None:
        """Append one value, forgetting the oldest one when full."""
        if self._end == len(self._buffer):
            self._buffer[: self.capacity] = self._buffer[self.capacity :]
            self._end = self.capacity
        self._buffer[self._end] = value
        self._end += 1

    def values(self) -> Floats:
        """What is held, oldest first: a view that the next `add` may change."""
        return self._buffer[self._end - len(self) : self._end]

    def state(self) -> bytes:
        """The values as bytes."""
        return self.values().astype("<f8").tobytes()

    @classmethod
    def from_state(cls, capacity: int, state: Any) -> "Ring":
        """Restore what `state` gave; raises `BadStore`."""
        values = floats_from(state)
        if len(values) > capacity:
            raise BadStore("the anomaly state holds more values than its configuration allows")
        ring = cls(capacity)
        ring._buffer[: len(values)] = values
        ring._end = len(values)
        return ring


class SortedRing:
    """The last `capacity` values in order of size beside their order in time; `add` costs a search and one shift of pointers."""

    __slots__ = ("_ring", "ordered")

    def __init__(self, capacity: int) -> None:
        self._ring = Ring(capacity)
        self.ordered: list[float] = []

    def __len__(self) -> int:
        return len(self.ordered)

    @property
    def capacity(self) -> int:
        """How many values are held at most."""
        return self._ring.capacity

    def add(self, value: float) -> None:
        """Append one value, forgetting the oldest one when full."""
        if len(self._ring) == self._ring.capacity:
            del self.ordered[bisect_left(self.ordered, float(self._ring.values()[0]))]
        self._ring.add(value)
        insort(self.ordered, value)

    def state(self) -> bytes:
        """The values in order of time, as bytes."""
        return self._ring.state()

    @classmethod
    def from_state(cls, capacity: int, state: Any) -> "SortedRing":
        """Restore what `state` gave; raises `BadStore`."""
        found = cls(capacity)
        found._ring = Ring.from_state(capacity, state)
        found.ordered = sorted(found._ring.values().tolist())
        return found


def floats_state(values: Iterable[float]) -> bytes:
    """Values as the bytes that `floats_from` reads."""
    return np.array(list(values), dtype="<f8").tobytes()


def floats_from(state: Any, count: int | None = None) -> Floats:
    """Float64 values (n,) from the bytes of a state: all finite, `count` of them when that is given. Raises `BadStore`."""
    if not isinstance(state, bytes) or len(state) % 8:
        raise BadStore("the anomaly state is damaged: a series of numbers was expected")
    values = np.frombuffer(state, dtype="<f8").astype(np.float64)
    if not np.isfinite(values).all() or (count is not None and len(values) != count):
        raise BadStore("the anomaly state is damaged: its numbers are not finite or not as many as they should be")
    return values


def number_from(state: dict[str, Any], key: str, low: float = -math.inf, high: float = math.inf) -> float:
    """One finite number of a state within its bounds. Raises `BadStore`."""
    value = state.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not (math.isfinite(value) and low <= value <= high):
        raise BadStore(f"the anomaly state is damaged: {key} is missing or out of range")
    return value


def dict_from(state: Any, keys: tuple[str, ...]) -> dict[str, Any]:
    """`state` itself when it is a dict with at least these keys. Raises `BadStore`."""
    if not isinstance(state, dict) or any(key not in state for key in keys):
        raise BadStore("the anomaly state is damaged or of an older version: parts are missing")
    return state  # pyright: ignore[reportUnknownVariableType]

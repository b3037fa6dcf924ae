"""Who or what is most frequent in a stream, in bounded memory: top chatters, top emotes.

Space-Saving counts (Metwally et al., 2005), thinned in batches so that a message costs one dictionary write: when twice `capacity` names
are there, the lower half leaves, and whoever comes after starts from the highest count that left. No count is too low; none is too high
by more than its `error`.
"""

from collections.abc import Mapping
from typing import Any, Self

from hikari.errors import BadInput, BadStore

STATE_VERSION = 1


class Leaders:
    """Counts of the most frequent names; make a new one for every stream. Raises `BadInput`."""

    def __init__(self, capacity: int = 512) -> None:
        if capacity < 1:
            raise BadInput("the capacity must be at least 1", field="capacity")
        self._capacity = capacity
        self._floor = 0
        self._counts: dict[str, int] = {}
        self._errors: dict[str, int] = {}

    def add(self, name: str, count: int = 1) -> None:
        """Count a name."""
        known = self._counts.get(name)
        if known is not None:
            self._counts[name] = known + count
            return
        self._counts[name] = self._floor + count
        if self._floor:
            self._errors[name] = self._floor
        if len(self._counts) >= 2 * self._capacity:
            self._thin()

    def top(self, count: int = 10) -> list[tuple[str, int]]:
        """The most frequent names that certainly were there, highest first; counts less their possible error."""
        sure = ((name, number - self._errors.get(name, 0)) for name, number in self._counts.items())
        return sorted(sure, key=lambda pair: (-pair[1], pair[0]))[: max(count, 0)]

    def forget(self, name: str) -> None:
        """Remove a name."""
        self._counts.pop(name, None)
        self._errors.pop(name, None)

    def _thin(self) -> None:
        ranked = sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0]))
        self._floor = ranked[self._capacity][1]
        self._counts = dict(ranked[: self._capacity])
        self._errors = {name: error for name, error in self._errors.items() if name in self._counts}

    def state(self) -> dict[str, Any]:
        """Plain values for msgpack."""
        rows = [[name, count, self._errors.get(name, 0)] for name, count in self._counts.items()]
        return {"v": STATE_VERSION, "capacity": self._capacity, "floor": self._floor, "rows": rows}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The counts that `state` was made of. Raises `BadStore`."""
        try:
            if state["v"] != STATE_VERSION:
                raise BadStore(f"leaders have version {state['v']!r}, this one reads {STATE_VERSION}")
            made = cls(int(state["capacity"]))
            made._floor = int(state["floor"])
            made._counts = {str(name): int(count) for name, count, _ in state["rows"]}
            made._errors = {str(name): int(error) for name, _, error in state["rows"] if error}
        except (KeyError, TypeError, ValueError, BadInput) as error:
            raise BadStore("the leaders are damaged") from error
        return made

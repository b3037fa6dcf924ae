"""Rows for viewer profiles: typed columns, a bounded number of rows, and who has to leave when they are all taken.

A profile is one row over typed arrays (about 110 bytes) instead of an object with two dozen boxed numbers. When all rows are taken, the
clock algorithm (Corbato, 1968: an approximation of least recently used that costs a message one byte write) picks one that was not used
since the hand last came by.
"""

from array import array
from collections.abc import Callable, Iterator
from typing import Any

from hikari.analytics.profiles import COLUMNS, HISTORY_STEP_S, Point, Profile, state_of
from hikari.errors import BadInput

USED_CHANGED = 3
"""Flags of a row: used since the clock's hand came by (1), changed since it was last handed out (2)."""
_CHANGED = 2
_UNCHANGED = bytes(flags & ~_CHANGED for flags in range(256))
"""The flags after what changed was handed out, as a table for `translate`."""

Evicted = Callable[[str, dict[str, Any]], None]


class ProfileRows:
    """At most `capacity` profiles by name; `on_evict(name, state)` gets what has to leave, if it changed. Raises `BadInput`."""

    def __init__(self, capacity: int, on_evict: Evicted | None = None) -> None:
        if capacity < 1:
            raise BadInput("the capacity must be at least 1", field="capacity")
        self._capacity = capacity
        self._on_evict = on_evict
        self._rows: dict[str, int] = {}
        self._names: list[str | None] = []
        self._free: list[int] = []
        self._flags = bytearray()
        self._hand = 0
        self._columns: dict[str, array[Any]] = {name: array(code) for name, code in COLUMNS}
        for name, column in self._columns.items():
            setattr(self, f"_{name}", column)
        self._history: list[array[float] | None] = []
        self._topics: list[tuple[tuple[int, int], ...]] = []

    # The columns by name, so that the path of a message looks nothing up.
    _messages: "array[int]"
    _characters: "array[int]"
    _emotes: "array[int]"
    _questions: "array[int]"
    _mentions: "array[int]"
    _repeats: "array[int]"
    _first_seen: "array[float]"
    _last_seen: "array[float]"
    _stream: "array[int]"
    _streams: "array[int]"
    _stream_mask: "array[int]"
    _day: "array[int]"
    _days: "array[int]"
    _day_mask: "array[int]"
    _sentiment_sum: "array[float]"
    _sentiments: "array[int]"
    _toxicity_sum: "array[float]"
    _toxicities: "array[int]"
    _toxicity_recent: "array[float]"
    _pace: "array[float]"
    _flood_recent: "array[float]"
    _repeat_recent: "array[float]"
    _last_message: "array[int]"

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, name: str) -> bool:
        return name in self._rows

    def items(self) -> Iterator[tuple[str, Profile]]:
        """All hot viewers with their profiles."""
        for name, row in list(self._rows.items()):
            yield name, self._profile(row)

    def put(self, name: str, profile: Profile) -> None:
        """Replace (or bring in) a viewer's profile, for example a merged one."""
        row = self._rows.get(name)
        if row is None:
            row = self._seat(name)
        self._write(row, profile)
        self._flags[row] = USED_CHANGED

    def forget(self, name: str) -> bool:
        """Drop a viewer from the hot set without handing the state out; whether there was one."""
        row = self._rows.pop(name, None)
        if row is None:
            return False
        self._names[row] = None
        self._history[row] = None
        self._topics[row] = ()
        for column in self._columns.values():
            column[row] = 0
        self._flags[row] = 0
        self._free.append(row)
        return True

    def take_changed(self) -> "TakenProfiles":
        """What changed since the last call, for the owner to write down, as it is now: a copy of the columns, to be read at leisure."""
        taken = TakenProfiles(self._rows.copy(), bytes(self._flags), self._copies_of_columns(), self._history[:], self._topics[:])
        self._flags = self._flags.translate(_UNCHANGED)
        return taken

    def mark_changed(self, name: str) -> bool:
        """Hand the viewer out again next time; False when there is none in the set."""
        row = self._rows.get(name)
        if row is not None:
            self._flags[row] |= _CHANGED
        return row is not None

    def copy(self) -> "TakenProfiles":
        """All that is here, as it is now; nothing counts as handed out."""
        everything = bytes([_CHANGED]) * len(self._flags)
        return TakenProfiles(self._rows.copy(), everything, self._copies_of_columns(), self._history[:], self._topics[:])

    def _seat(self, name: str) -> int:
        """A row of zeros for a newcomer."""
        if len(self._rows) >= self._capacity:
            self._evict()
        if not self._free:
            self._grow()
        row = self._free.pop()
        self._names[row] = name
        self._rows[name] = row
        return row

    def _grow(self) -> None:
        """More empty rows, half as many as there are."""
        size = len(self._names)
        more = min(max(size // 2, 16), self._capacity - size)
        self._names += [None] * more
        self._flags += bytes(more)
        self._history += [None] * more
        self._topics += [()] * more
        for column in self._columns.values():
            column.frombytes(bytes(column.itemsize * more))
        self._free += range(size + more - 1, size - 1, -1)

    def _evict(self) -> None:
        flags, size = self._flags, len(self._names)
        while flags[self._hand] & 1 or self._names[self._hand] is None:
            flags[self._hand] &= ~1
            self._hand = (self._hand + 1) % size
        row = self._hand
        name = self._names[row]
        if name is None:
            return
        if self._on_evict is not None and flags[row] & _CHANGED:
            values = [column[row] for column in self._columns.values()]
            self._on_evict(name, state_of(values, self._history[row] or (), self._topics[row]))
        self._hand = (row + 1) % size
        self.forget(name)

    def _copies_of_columns(self) -> "list[array[Any]]":
        return [column[:] for column in self._columns.values()]

    def _profile(self, row: int) -> Profile:
        values = [column[row] for column in self._columns.values()]
        return Profile(*values, history=tuple(unpacked(self._history[row])), topics=self._topics[row])

    def _write(self, row: int, profile: Profile) -> None:
        for name, column in self._columns.items():
            column[row] = getattr(profile, name)
        self._history[row] = packed(profile.history) if profile.history else None
        self._topics[row] = profile.topics


class TakenProfiles:
    """The profiles that had changed at one moment. Copied in a few milliseconds for 50,000 rows; safe to read in any thread."""

    def __init__(
        self,
        rows: dict[str, int],
        flags: bytes,
        columns: "list[array[Any]]",
        history: "list[array[float] | None]",
        topics: list[tuple[tuple[int, int], ...]],
    ) -> None:
        self._rows, self._flags, self._columns, self._history, self._topics = rows, flags, columns, history, topics

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Names and states."""
        for name, row in self._rows.items():
            if self._flags[row] & _CHANGED:
                yield name, self._state(row)

    def names(self) -> Iterator[str]:
        """Who had changed."""
        return (name for name, row in self._rows.items() if self._flags[row] & _CHANGED)

    def get(self, name: str) -> dict[str, Any] | None:
        """The state of one viewer, None when it had not changed."""
        row = self._rows.get(name)
        return None if row is None or not self._flags[row] & _CHANGED else self._state(row)

    def profiles(self) -> dict[str, Profile]:
        """The same, readable."""
        return {
            name: Profile(
                *(column[row] for column in self._columns), history=tuple(unpacked(self._history[row])), topics=self._topics[row]
            )
            for name, row in self._rows.items()
            if self._flags[row] & _CHANGED
        }

    def _state(self, row: int) -> dict[str, Any]:
        return state_of([column[row] for column in self._columns], self._history[row] or (), self._topics[row])


def packed(points: "tuple[Point, ...] | list[Point]") -> "array[float]":
    return array("f", [part for time, mean, weight in points for part in (time / HISTORY_STEP_S, mean, weight)])


def unpacked(points: "array[float] | None") -> list[Point]:
    if not points:
        return []
    return [(points[at] * HISTORY_STEP_S, points[at + 1], points[at + 2]) for at in range(0, len(points), 3)]

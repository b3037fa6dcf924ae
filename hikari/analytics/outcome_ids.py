"""A compact set of the outcomes that were counted: 16 bytes each at a load of at most two thirds.

Pairs of 64-bit numbers (unit, outcome), the outcome never 0, in open-addressed tables. A Python set of the same pairs takes three
times the memory. One table for each of 256 groups of units: a table that grows is small, so no single outcome waits for long.
"""

from array import array
from collections.abc import Iterator

_TABLES = 256
_FIRST_SLOTS = 8


class OutcomeIds:
    """A set of (unit, outcome) pairs with constant-time `in` and `add`; `unit_ids` and `remove_unit` read one table."""

    __slots__ = ("_counts", "_tables")

    def __init__(self) -> None:
        self._tables: list[array[int]] = [array("Q")] * _TABLES  # one shared empty table until something is added
        self._counts = [0] * _TABLES

    def __len__(self) -> int:
        return sum(self._counts)

    def __contains__(self, pair: tuple[int, int]) -> bool:
        unit, outcome = pair
        table = self._tables[unit % _TABLES]
        return bool(table) and table[_slot(table, unit, outcome) + 1] != 0

    def __iter__(self) -> Iterator[tuple[int, int]]:
        for table in self._tables:
            for at in range(0, len(table), 2):
                if table[at + 1]:
                    yield table[at], table[at + 1]

    def add(self, unit: int, outcome: int) -> None:
        """Take a pair in; one that is there already changes nothing."""
        which = unit % _TABLES
        table = self._tables[which]
        if 3 * (self._counts[which] + 1) > len(table):  # two numbers a slot: more than two thirds of the slots
            table = self._rebuilt(which, max(_FIRST_SLOTS, len(table)), forgotten=None)
        at = _slot(table, unit, outcome)
        if not table[at + 1]:
            table[at], table[at + 1] = unit, outcome
            self._counts[which] += 1

    def discard(self, unit: int, outcome: int) -> None:
        """Drop one pair, if it is there."""
        if (unit, outcome) in self:
            others = [other for other in self.unit_ids(unit) if other != outcome]
            self.remove_unit(unit)
            for other in others:
                self.add(unit, other)

    def unit_ids(self, unit: int) -> list[int]:
        """The outcomes of one unit, in no particular order."""
        table = self._tables[unit % _TABLES]
        return [table[at + 1] for at in range(0, len(table), 2) if table[at] == unit and table[at + 1]]

    def remove_unit(self, unit: int) -> None:
        """Drop all pairs of one unit."""
        which = unit % _TABLES
        if self._tables[which]:
            self._rebuilt(which, len(self._tables[which]) // 2, forgotten=unit)

    def _rebuilt(self, which: int, slots: int, forgotten: int | None) -> "array[int]":
        old = self._tables[which]
        table = array("Q", bytes(16 * slots))
        count = 0
        for at in range(0, len(old), 2):
            if old[at + 1] and old[at] != forgotten:
                free = _slot(table, old[at], old[at + 1])
                table[free], table[free + 1] = old[at], old[at + 1]
                count += 1
        self._tables[which], self._counts[which] = table, count
        return table


def _slot(table: "array[int]", unit: int, outcome: int) -> int:
    """Where the pair stands, or the free place where it belongs; the number of slots is a power of two."""
    last = len(table) - 2
    at = ((unit >> 8) ^ outcome) * 2 & last
    while table[at + 1] and (table[at + 1] != outcome or table[at] != unit):
        at = (at + 2) & last
    return at

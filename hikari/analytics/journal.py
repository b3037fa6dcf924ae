"""What came in since the last snapshots, so that a crash loses a second at most.

Entries are applied and noted in one go, under the owner's lock; a batch of them is one row of the store's journal. Snapshots are taken
of a moment: everything noted until then is in them, so its rows go in the same transaction that writes them.
"""

from collections.abc import Iterator
from typing import Any, cast

import msgpack  # pyright: ignore[reportMissingTypeStubs]

from hikari.analytics.store import AnalyticsStore
from hikari.analytics.store_keys import number_of, of_number
from hikari.errors import BadStore

TABLE = "journal"
Entry = tuple[Any, ...]


class Journal:
    """Entries in the order in which they were applied. `note` and `cut` under the owner's lock, `flush` from one thread."""

    def __init__(self, store: AnalyticsStore) -> None:
        self._store = store
        self._rows = [key for key, _ in store.scan(TABLE)]
        self._next = number_of(self._rows[-1]) + 1 if self._rows else 0
        self._waiting: list[Entry] = []

    def __len__(self) -> int:
        """Entries that are not on disk yet."""
        return len(self._waiting)

    @property
    def rows(self) -> int:
        """Batches on disk."""
        return len(self._rows)

    def note(self, *entry: Any) -> None:
        """Remember an entry until the next flush."""
        self._waiting.append(entry)

    def take(self) -> tuple[list[Entry], bytes]:
        """The waiting entries and the key that they will be written under."""
        taken, self._waiting = self._waiting, []
        key = of_number(self._next)
        self._next += 1
        self._rows.append(key)
        return taken, key

    def write(self, taken: list[Entry], key: bytes) -> None:
        """Write a batch that was taken. Raises `StoreFull`; give it back then."""
        self._store.write([(TABLE, key, cast("bytes", cast("Any", msgpack).packb(taken)))])

    def give_back(self, taken: list[Entry], key: bytes) -> None:
        """A batch that could not be written waits again, before what came since."""
        self._rows.remove(key)
        self._waiting = taken + self._waiting

    def cut(self) -> tuple[list[bytes], list[Entry]]:
        """Everything noted until now, on disk and waiting: what a snapshot of this moment makes superfluous."""
        rows, waiting = self._rows, self._waiting
        self._rows, self._waiting = [], []
        return rows, waiting

    def undo_cut(self, rows: list[bytes], waiting: list[Entry]) -> None:
        """The snapshot could not be written."""
        self._rows, self._waiting = rows + self._rows, waiting + self._waiting

    def entries(self) -> Iterator[list[Any]]:
        """What is on disk, in order. Raises `BadStore`."""
        for _, blob in self._store.scan(TABLE):
            try:
                yield from cast("Any", msgpack).unpackb(blob)
            except (ValueError, msgpack.UnpackException) as error:
                raise BadStore("the journal of the analytics is damaged") from error

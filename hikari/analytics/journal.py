"""What came in since the last snapshots, so that a crash loses a second at most.

Entries are applied and noted in one go, under the owner's lock, and numbered from 0 on for as long as the store lives; a batch of them is
one row, under the number of its first. A snapshot of a channel says how many entries it knows, and a replay passes those over.
"""

from collections.abc import Iterator
from typing import Any, cast

import msgpack  # pyright: ignore[reportMissingTypeStubs]

from hikari.analytics.store import AnalyticsStore
from hikari.analytics.store_keys import number_of, of_number
from hikari.errors import BadStore

TABLE = "journal"
Entry = tuple[Any, ...]
Cut = tuple[list[bytes], list[Entry]]
"""Rows on disk and entries that waited."""


class Journal:
    """Entries in the order in which they were applied. All but `write` under the owner's lock, no two flushes or snapshots at a time."""

    def __init__(self, store: AnalyticsStore) -> None:
        self._store = store
        self._rows: list[bytes] = []
        self._first = 0
        """The number of the first entry that is waiting, or of the next one."""
        self._waiting: list[Entry] = []

    def __len__(self) -> int:
        """Entries that are not on disk yet."""
        return len(self._waiting)

    @property
    def rows(self) -> int:
        """Batches on disk."""
        return len(self._rows)

    @property
    def count(self) -> int:
        """Entries noted until now: the number that the next one gets."""
        return self._first + len(self._waiting)

    def note(self, entry: Entry) -> None:
        """Remember an entry until the next flush."""
        self._waiting.append(entry)

    def take(self) -> tuple[list[Entry], bytes]:
        """The waiting entries and the key that they will be written under."""
        taken, self._waiting = self._waiting, []
        key = of_number(self._first)
        self._first += len(taken)
        self._rows.append(key)
        return taken, key

    def write(self, taken: list[Entry], key: bytes) -> None:
        """Write a batch that was taken. Raises `StoreFull`; give it back then."""
        # Chat may hold lone surrogates, which are no UTF-8.
        self._store.write([(TABLE, key, cast("bytes", cast("Any", msgpack).packb(taken, unicode_errors="surrogatepass")))])

    def give_back(self, taken: list[Entry], key: bytes) -> None:
        """A batch that could not be written waits again, before what came since."""
        self._rows.remove(key)
        self._first -= len(taken)
        self._waiting = taken + self._waiting

    def cut(self) -> Cut:
        """Everything noted until now, on disk and waiting: what snapshots taken from now on make superfluous."""
        rows, waiting = self._rows, self._waiting
        self._rows, self._waiting = [], []
        self._first += len(waiting)
        return rows, waiting

    def undo_cut(self, cut: Cut) -> None:
        """The snapshots could not be written."""
        rows, waiting = cut
        self._first -= len(waiting)
        self._rows, self._waiting = rows + self._rows, waiting + self._waiting

    def replay(self) -> Iterator[tuple[int, list[Any]]]:
        """Numbers and entries on disk, in order; later ones are counted from behind them. Raises `BadStore`."""
        for key, blob in self._store.scan(TABLE):
            try:
                number, entries = number_of(key), cast("Any", msgpack).unpackb(blob, unicode_errors="surrogatepass")
            except (ValueError, KeyError, msgpack.UnpackException) as error:
                raise BadStore("the journal of the analytics is damaged") from error
            if not isinstance(entries, list) or number < self._first:
                raise BadStore("the journal of the analytics is damaged: its rows do not follow each other")
            self._rows.append(key)
            yield from enumerate(cast("list[list[Any]]", entries), number)
            self._first = number + len(cast("list[Any]", entries))

    def skip(self, count: int) -> None:
        """Number what comes now from `count` on at least: snapshots know so many entries already."""
        self._first = max(self._first, count)

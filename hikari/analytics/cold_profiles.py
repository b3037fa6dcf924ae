"""The viewers of one channel who are not being written to: waiting for the next snapshot, being written by one, or on disk.

A snapshot takes what waits, under the owner's lock, and writes it without: whoever comes back meanwhile is found all the same. Forgotten
viewers are deleted in the transaction of the next snapshot, and are strangers from the moment they are forgotten.
"""

from collections.abc import Mapping
from typing import Any, cast

import msgpack  # pyright: ignore[reportMissingTypeStubs]

from hikari.analytics.hot_profiles import HotProfiles
from hikari.analytics.profile_rows import TakenProfiles
from hikari.analytics.sketches import name_key
from hikari.analytics.store import AnalyticsStore, Change
from hikari.analytics.store_keys import of_name

TABLE = "profiles"


class ColdProfiles:
    """All calls but `changes` with the owner's lock held, which comes between `take` and `written` or `failed`."""

    def __init__(self, store: AnalyticsStore, channel: str) -> None:
        self._store, self._prefix = store, of_name(channel)
        self._waiting: dict[str, bytes] = {}
        """Rows as they will be written: about 300 bytes each."""
        self._gone: set[str] = set()
        # What the snapshot that is being written has taken: who had left the hot set, who was in it, and who was forgotten.
        self._left: dict[str, bytes] = {}
        self._hot: TakenProfiles | None = None
        self._going: set[str] = set()

    def __len__(self) -> int:
        """Viewers that wait for a snapshot."""
        return len(self._waiting)

    def rest(self, name: str, state: dict[str, Any]) -> None:
        """A viewer leaves the hot set."""
        self._waiting[name] = _packed([name, state])

    def load(self, name: str) -> Mapping[str, Any] | None:
        """The last state of a viewer who is not hot, None for strangers."""
        blob = self._waiting.get(name)
        if blob is None and name not in self._gone:
            state = None if self._hot is None else self._hot.get(name)
            if state is not None:
                return state
            blob = self._left.get(name)
            if blob is None and name not in self._going:
                blob = self._store.get(TABLE, self._key(name))
        if blob is None:
            return None
        try:
            return cast("Any", msgpack).unpackb(blob)[1]
        except (ValueError, TypeError, IndexError, KeyError, msgpack.UnpackException):
            return {}  # no profile is read from this: it is damaged

    def knows(self, name: str) -> bool:
        """Whether there is anything of a viewer who is not hot."""
        if name in self._waiting or (self._hot is not None and (name in self._left or self._hot.get(name) is not None)):
            return True
        return name not in self._gone and self._store.get(TABLE, self._key(name)) is not None

    def forget(self, name: str) -> None:
        """Let a viewer be a stranger; the next snapshot deletes the row."""
        self._waiting.pop(name, None)
        self._gone.add(name)

    def take(self, hot: HotProfiles) -> None:
        """For a snapshot of this moment: whoever waits, whoever of the hot ones has changed, whoever was forgotten."""
        self._left, self._waiting = self._waiting, {}
        self._going, self._gone = self._gone, set()
        self._hot = hot.take_changed()

    def changes(self) -> list[Change]:
        """What the snapshot writes; takes about ten microseconds a viewer."""
        changed: dict[bytes, bytes | None] = {self._key(name): None for name in self._going}
        changed.update((self._key(name), row) for name, row in self._left.items())
        changed.update((self._key(name), _packed([name, state])) for name, state in self._hot or ())
        return [(TABLE, key, row) for key, row in changed.items()]

    def written(self) -> None:
        """The snapshot is on disk."""
        self._left, self._hot, self._going = {}, None, set()

    def failed(self, hot: HotProfiles) -> None:
        """The snapshot could not be written: what it took waits again, behind what is newer."""
        taken = self._hot
        if taken is not None:
            for name in taken.names():
                if name not in self._gone and not hot.mark_changed(name) and (state := taken.get(name)) is not None:
                    self._waiting.setdefault(name, _packed([name, state]))
        for name, row in self._left.items():
            if name not in self._gone and name not in hot:
                self._waiting.setdefault(name, row)
        self._gone |= self._going
        self.written()

    def _key(self, name: str) -> bytes:
        return self._prefix + name_key(name).to_bytes(8, "little")  # as `of_name`, whose hash the windows have just worked out


def _packed(value: Any) -> bytes:
    return cast("bytes", cast("Any", msgpack).packb(value))

"""Reading and editing the store inside one transaction; every edit keeps all tables in step.

channels    name -> number, name, counts per tier, last change        records   seq -> record
vectors     seq -> float16 vector                                     ids       channel, id -> seq
by_time     channel, time, seq      by_session  channel, session, time, seq      by_user  channel, user, time, seq
by_expiry   time, seq               by_content  channel, content hash, seq       access   seq -> use
changes     change -> what, channel, seq                              facts, graph, state   channel, key -> value
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Any, cast

import lmdb
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from hikari.errors import BadInput, BadStore
from hikari.memory import keys
from hikari.memory.records import Memory, decode, encode

TABLES = (
    "meta", "channels", "records", "vectors", "ids", "by_time", "by_session", "by_user", "by_expiry", "by_content", "access",
    "changes", "facts", "graph", "state",
)  # fmt: skip
ADDED, REMOVED = 1, 2
VIEWER = "viewer/"
"""State that knows the viewers of a channel by their case-folded names."""
_CHANGE = struct.Struct(">BIQ")
_SEQ = keys.NUMBER

Change = tuple[int, int, int]
"""Change number, `ADDED` or `REMOVED`, seq."""


class View:
    """One consistent state of the store. Not thread-safe: one view a thread."""

    def __init__(self, transaction: Any, tables: dict[str, Any]) -> None:
        self._txn = transaction
        self._tables = tables
        self._numbers: dict[str, bytes] = {}

    def meta(self, name: str, default: Any = None) -> Any:
        blob = self.get_raw("meta", name.encode())
        return default if blob is None else keys.unpack(blob)

    def channel(self, name: str) -> dict[str, Any] | None:
        """The channel's row: `no`, `name`, `counts` per tier, `change` (its last); None when nothing was ever written to it."""
        blob = self.get_raw("channels", keys.of_name(name))
        return None if blob is None else cast("dict[str, Any]", keys.unpack(blob))

    def channels(self) -> list[dict[str, Any]]:
        """All channels in the order of their numbers."""
        rows = [cast("dict[str, Any]", keys.unpack(blob)) for _, blob in self.table("channels")]
        return sorted(rows, key=lambda row: row["no"])

    def get(self, seq: int) -> Memory | None:
        blob = self.get_raw("records", _SEQ.pack(seq))
        return None if blob is None else decode(seq, blob)

    def get_many(self, seqs: Iterable[int]) -> dict[int, Memory]:
        """The rows that exist, by number."""
        found: dict[int, Memory] = {}
        get, table = self._txn.get, self._tables["records"]
        for seq in seqs:
            blob = get(_SEQ.pack(seq), db=table)
            if blob is not None:
                found[seq] = decode(seq, blob)
        return found

    def find(self, channel: str, identifier: str) -> Memory | None:
        """The memory with this public id; an id that was merged away finds what it was merged into."""
        number = self._number(channel)
        if number is None:
            return None
        blob = self.get_raw("ids", number + keys.of_name(identifier))
        return None if blob is None else self.get(_SEQ.unpack(blob)[0])

    def vectors(self, seqs: Iterable[int], dimension: int) -> NDArray[np.float32]:
        """The stored vectors as float32 of shape (n, dimension); zeros where a row has none."""
        get, table, nothing = self._txn.get, self._tables["vectors"], bytes(2 * dimension)
        blobs = [get(_SEQ.pack(seq), nothing, db=table) for seq in seqs]
        whole = b"".join(blob if len(blob) == len(nothing) else nothing for blob in blobs)
        return np.frombuffer(whole, np.float16).reshape(len(blobs), dimension).astype(np.float32)

    def access(self, seq: int) -> tuple[int, tuple[float, ...]]:
        """How often a memory was used, and the last times."""
        return keys.unpack_access(self.get_raw("access", _SEQ.pack(seq)))

    def seqs(
        self, channel: str, since: float | None = None, until: float | None = None, *, newest_first: bool = False
    ) -> Iterator[int]:
        """The channel's rows in the order of time, `since` included, `until` excluded."""
        number = self._number(channel)
        return iter(()) if number is None else self._range("by_time", number, since, until, newest_first)

    def seqs_of_user(self, channel: str, user: str, *, newest_first: bool = False) -> Iterator[int]:
        """A viewer's rows in the order of time. Names are hashed: check `Memory.user` where it matters."""
        number = self._number(channel)
        return iter(()) if number is None else self._range("by_user", number + keys.of_name(user, 8), None, None, newest_first)

    def after(self, seq: int, limit: int) -> list[Memory]:
        """The first `limit` rows of all channels whose number is greater than `seq`, in the order of writing."""
        found: list[Memory] = []
        for key, blob in self.table("records", _SEQ.pack(seq + 1)):
            if len(found) >= limit:
                break
            found.append(decode(_SEQ.unpack(key)[0], blob))
        return found

    def viewer(self, channel: str, folded: str) -> str | None:
        """The viewer whose case-folded name this is, as written; None for a stranger."""
        return cast("str | None", self.value("state", channel, f"{VIEWER}{folded}"))

    def seqs_of_session(self, channel: str, session: str) -> Iterator[int]:
        """A session's rows in the order of time; check `Memory.session`, names are hashed."""
        number = self._number(channel)
        return iter(()) if number is None else self._range("by_session", number + keys.of_name(session, 8), None, None, False)

    def neighbours(self, memory: Memory, reach: int = 1) -> tuple[list[int], list[int]]:
        """The rows just before and just after in the same channel and session, nearest first, at most `reach` each."""
        number = self._number(memory.channel)
        if number is None:
            return [], []
        prefix = number + keys.of_name(memory.session or "", 8)
        start = prefix + keys.of_time(memory.timestamp) + _SEQ.pack(memory.seq)
        cursor = self._txn.cursor(db=self._tables["by_session"])
        sides: tuple[list[int], list[int]] = ([], [])
        for side, move in zip(sides, (cursor.prev, cursor.next), strict=True):
            if cursor.set_key(start):
                while len(side) < reach and move() and (key := cursor.key()).startswith(prefix):
                    side.append(_SEQ.unpack(key[-8:])[0])
        return sides

    def same_content(self, channel: str, content_hash: bytes) -> list[int]:
        """Rows whose normalised content has this 16-byte hash."""
        number = self._number(channel)
        return [] if number is None else list(self._range("by_content", number + content_hash, None, None, False))

    def expired(self, now: float, limit: int) -> list[int]:
        """Rows whose deadline is not after `now`, the oldest deadlines first."""
        found: list[int] = []
        for key, _ in self.table("by_expiry"):
            if len(found) >= limit or key[:8] > keys.of_time(now):
                break
            found.append(_SEQ.unpack(key[8:])[0])
        return found

    def changes(self, channel: str, after: int) -> list[Change] | None:
        """What happened to the channel's rows after change `after`, in order; None when the log no longer reaches back so far."""
        row = self.channel(channel)
        if row is None or row["change"] <= after:
            return []
        if self.meta("log_start", 1) > after + 1:
            return None
        cursor, found = self._txn.cursor(db=self._tables["changes"]), list[Change]()
        if cursor.set_range(_SEQ.pack(after + 1)):
            for key, blob in cursor:
                what, number, seq = _CHANGE.unpack(blob)
                if number == row["no"]:
                    found.append((_SEQ.unpack(key)[0], what, seq))
        return found

    def values(self, table: str, channel: str) -> Iterator[tuple[str, Any]]:
        """All values of `facts`, `graph` or `state` of a channel, with their names."""
        number = self._number(channel)
        if number is None:
            return
        for key, blob in self.table(table, number):
            if key[: len(number)] != number:
                break
            name, value = cast("tuple[str, Any]", keys.unpack(blob))
            yield name, value

    def value(self, table: str, channel: str, name: str) -> Any:
        """One value of `facts`, `graph` or `state`; None when there is none."""
        number = self._number(channel)
        blob = None if number is None else self.get_raw(table, number + keys.of_name(name))
        return None if blob is None else keys.unpack(blob)[1]

    def blobs(self) -> Iterator[tuple[str, bytes, bytes]]:
        """Every key and value of every table, as stored: what a scan for forgotten text reads."""
        for table in TABLES:
            for key, blob in self.table(table):
                yield table, key, blob

    def _number(self, channel: str) -> bytes | None:
        # A channel keeps its number for ever; a search asks for it a hundred times.
        known = self._numbers.get(channel)
        if known is None and (row := self.channel(channel)) is not None:
            known = self._numbers[channel] = keys.CHANNEL.pack(row["no"])
        return known

    def get_raw(self, table: str, key: bytes) -> bytes | None:
        return cast("bytes | None", self._txn.get(key, db=self._tables[table]))

    def table(self, table: str, start: bytes | None = None) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values of a table as stored, from `start` on."""
        cursor = self._txn.cursor(db=self._tables[table])
        if start is not None and not cursor.set_range(start):
            return
        for key, blob in cursor:
            yield bytes(key), bytes(blob)

    def _range(self, table: str, prefix: bytes, since: float | None, until: float | None, newest_first: bool) -> Iterator[int]:
        low = prefix + (keys.of_time(since) if since is not None else b"")
        high = prefix + (keys.of_time(until) if until is not None else b"\xff" * 17)
        cursor = self._txn.cursor(db=self._tables[table])
        if newest_first:
            moved = cursor.prev() if cursor.set_range(high) else cursor.last()
            while moved and (key := bytes(cursor.key())) >= low and key[: len(prefix)] == prefix:
                yield _SEQ.unpack(key[-8:])[0]
                moved = cursor.prev()
            return
        moved = cursor.set_range(low)
        while moved and (key := bytes(cursor.key())) < high and key[: len(prefix)] == prefix:
            yield _SEQ.unpack(key[-8:])[0]
            moved = cursor.next()


class Edit(View):
    """A view that also writes. All of it is committed together or not at all; `finish` ends it."""

    def __init__(self, transaction: Any, tables: dict[str, Any]) -> None:
        super().__init__(transaction, tables)
        # Counters and channel rows change with every memory: they are written once, at the end.
        self._meta: dict[str, Any] = {}
        self._rows: dict[str, dict[str, Any]] = {}

    def meta(self, name: str, default: Any = None) -> Any:
        return self._meta[name] if name in self._meta else super().meta(name, default)

    def channel(self, name: str) -> dict[str, Any] | None:
        return self._rows[name] if name in self._rows else super().channel(name)

    def finish(self) -> None:
        """Write what was held back; the last step before the commit."""
        for name, value in self._meta.items():
            self.put("meta", name.encode(), keys.pack(value))
        for name, row in self._rows.items():
            self.put("channels", keys.of_name(name), keys.pack(row))

    def add(self, memory: Memory, vector: NDArray[np.float32], content_hash: bytes) -> Memory:
        """Write a new row; returns it with its `seq`. Raises `BadInput` when the id is taken."""
        row = self.channel(memory.channel) or self._new_channel(memory.channel)
        number = keys.CHANNEL.pack(row["no"])
        seq = int(self.meta("next_seq", 1))
        self.set_meta("next_seq", seq + 1)
        memory = replace(memory, seq=seq)
        id_key = number + keys.of_name(memory.id)
        if not self._txn.put(id_key, _SEQ.pack(seq), db=self._tables["ids"], overwrite=False):
            raise BadInput("a memory with this id exists in the channel", field="id")
        self.put("records", _SEQ.pack(seq), encode(memory))
        self.put("vectors", _SEQ.pack(seq), vector.astype(np.float16).tobytes())
        for table, key in self._index_keys(number, memory, content_hash):
            self.put(table, key, b"")
        row["counts"][memory.tier] = row["counts"].get(memory.tier, 0) + 1
        self._log(row, ADDED, seq)
        if memory.user is not None:
            name = f"{VIEWER}{memory.user.casefold()}"
            if self.get_raw("state", number + keys.of_name(name)) is None:
                self.put("state", number + keys.of_name(name), keys.pack((name, memory.user)))
        return memory

    def replace(self, old: Memory, new: Memory, hashes: tuple[bytes, bytes], vector: NDArray[np.float32] | None = None) -> None:
        """Rewrite a row in place (same seq, id and channel). `hashes` are the content hashes before and after; a `vector` means
        that the content changed and the indices must follow."""
        row = self._existing_channel(old.channel)
        number = keys.CHANNEL.pack(row["no"])
        before, after = set(self._index_keys(number, old, hashes[0])), set(self._index_keys(number, new, hashes[1]))
        for table, key in before - after:
            self._txn.delete(key, db=self._tables[table])
        for table, key in after - before:
            self.put(table, key, b"")
        self.put("records", _SEQ.pack(old.seq), encode(new))
        if old.tier != new.tier:
            row["counts"][old.tier] -= 1
            row["counts"][new.tier] = row["counts"].get(new.tier, 0) + 1
        if vector is not None:
            self.put("vectors", _SEQ.pack(old.seq), vector.astype(np.float16).tobytes())
            self._log(row, ADDED, old.seq)
        else:
            self._put_channel(row)

    def remove(self, memory: Memory, content_hash: bytes, heir: Memory | None = None) -> None:
        """Delete a row from every table; with an `heir`, the ids that found it find the heir from now on."""
        row = self._existing_channel(memory.channel)
        number = keys.CHANNEL.pack(row["no"])
        for table in ("records", "vectors", "access"):
            self._txn.delete(_SEQ.pack(memory.seq), db=self._tables[table])
        for table, key in self._index_keys(number, memory, content_hash):
            self._txn.delete(key, db=self._tables[table])
        for identifier in (memory.id, *memory.merged):
            key = number + keys.of_name(identifier)
            if heir is None:
                self._txn.delete(key, db=self._tables["ids"])
            else:
                self.put("ids", key, _SEQ.pack(heir.seq))
        row["counts"][memory.tier] -= 1
        self._log(row, REMOVED, memory.seq)

    def add_alias(self, memory: Memory, identifier: str) -> None:
        """From now on `identifier`, which must be free, finds this memory as well."""
        row = self._existing_channel(memory.channel)
        self.put("ids", keys.CHANNEL.pack(row["no"]) + keys.of_name(identifier), _SEQ.pack(memory.seq))
        self.put("records", _SEQ.pack(memory.seq), encode(replace(memory, merged=(*memory.merged, identifier))))

    def touch(self, seq: int, time: float, times: int = 1) -> None:
        """Count a use at `time`."""
        count, kept = self.access(seq)
        self.put("access", _SEQ.pack(seq), keys.pack_access(count + times, [*kept, time]))

    def set_access(self, seq: int, count: int, times: Iterable[float]) -> None:
        self.put("access", _SEQ.pack(seq), keys.pack_access(count, list(times)))

    def set_value(self, table: str, channel: str, name: str, value: Any) -> None:
        """Set one value of `facts`, `graph` or `state`; None deletes it."""
        row = self.channel(channel) or self._new_channel(channel)
        self._put_channel(row)
        key = keys.CHANNEL.pack(row["no"]) + keys.of_name(name)
        if value is None:
            self._txn.delete(key, db=self._tables[table])
        else:
            self.put(table, key, keys.pack((name, value)))

    def set_meta(self, name: str, value: Any) -> None:
        self._meta[name] = value

    def trim_changes(self, before: int) -> None:
        """Forget the change log below number `before`; indices older than that are rebuilt."""
        start = int(self.meta("log_start", 1))
        for number in range(start, min(before, int(self.meta("next_change", 1)))):
            self._txn.delete(_SEQ.pack(number), db=self._tables["changes"])
        self.set_meta("log_start", max(start, before))

    def _index_keys(self, number: bytes, memory: Memory, content_hash: bytes) -> Iterator[tuple[str, bytes]]:
        tail = keys.of_time(memory.timestamp) + _SEQ.pack(memory.seq)
        yield "by_time", number + tail
        yield "by_session", number + keys.of_name(memory.session or "", 8) + tail
        yield "by_content", number + content_hash + _SEQ.pack(memory.seq)
        if memory.user is not None:
            yield "by_user", number + keys.of_name(memory.user, 8) + tail
        if memory.expires_at is not None:
            yield "by_expiry", keys.of_time(memory.expires_at) + _SEQ.pack(memory.seq)

    def _log(self, row: dict[str, Any], what: int, seq: int) -> None:
        change = int(self.meta("next_change", 1))
        self.set_meta("next_change", change + 1)
        self.put("changes", _SEQ.pack(change), _CHANGE.pack(what, row["no"], seq))
        row["change"] = change
        self._put_channel(row)

    def _new_channel(self, name: str) -> dict[str, Any]:
        number = int(self.meta("next_channel", 1))
        self.set_meta("next_channel", number + 1)
        return {"no": number, "name": name, "counts": {}, "change": 0}

    def _existing_channel(self, name: str) -> dict[str, Any]:
        row = self.channel(name)
        if row is None:
            raise BadStore("a record of the store belongs to a channel that does not exist")
        return row

    def _put_channel(self, row: dict[str, Any]) -> None:
        self._rows[row["name"]] = row

    def put(self, table: str, key: bytes, blob: bytes) -> None:
        """Write one value of a table as it is; for migrations, everything else has a method of its own."""
        self._txn.put(key, blob, db=self._tables[table])


def open_tables(environment: Any, *, create: bool) -> dict[str, Any]:
    """Handles of all tables. Raises `BadStore` when one is missing and may not be created."""
    try:
        return {name: environment.open_db(name.encode(), create=create) for name in TABLES}
    except lmdb.NotFoundError as error:
        raise BadStore("the memory store lacks a table: it was not made by this program") from error

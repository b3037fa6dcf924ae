"""What analytics keeps on disk: one LMDB file of plain keys and values, written by one process.

    state       channel, name          -> msgpack: snapshots of a channel's parts
    journal     number                 -> msgpack: what came in since the last snapshots, a batch a row
    profiles    channel, viewer        -> the viewer's profile
    series      channel, metric, time  -> float: recorded metrics and what is derived from closed minutes
    outcomes    channel, row key       -> rows of experiments
    channels    channel                -> its name

Keys begin with eight bytes of a hash of the channel's name, so channels share nothing. A write is one transaction, synced to disk
before it returns.
"""

import contextlib
import fcntl
import os
import shutil
import threading
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import lmdb

from hikari.analytics.store_keys import TABLES
from hikari.errors import BadStore, NotReady, StoreBusy, StoreFull
from hikari.rewriting import rewrite

SCHEMA = b"1"
MAP_BYTES = 16 * 2**30
"""Address space, not disk: the file grows with what is written."""
_META, _SCHEMA = b"meta", b"schema"
_COMPACTING = "compacting"

Change = tuple[str, bytes, bytes | None]
"""Table, key, value; None deletes."""


class AnalyticsStore:
    """An open store; reads from any thread, writes one after the other. Raises `StoreBusy`, `BadStore`, `StoreFull`."""

    def __init__(self, folder: Path, map_bytes: int = MAP_BYTES) -> None:
        self.folder = folder
        self._map_bytes = map_bytes
        self._gate = threading.RLock()
        """Held by whoever writes, and while the file is exchanged. Readers wait for neither a write nor each other."""
        self._turn = threading.Condition()
        self._readers = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock: int | None = os.open(folder / "writer.lock", os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise StoreFull(f"{folder} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise StoreBusy(f"another process writes to the analytics in {folder}") from error
        try:
            shutil.rmtree(folder / _COMPACTING, ignore_errors=True)
            self._open()
        except BaseException:
            os.close(self._lock)
            raise

    def _open(self) -> None:
        try:
            self._environment: Any = lmdb.open(
                str(self.folder), map_size=self._map_bytes, max_dbs=len(TABLES) + 1, readahead=False, meminit=True
            )
            with _named(self.folder), self._environment.begin(write=True) as edit:
                self._meta = meta = self._environment.open_db(_META, txn=edit)
                self._tables = {name: self._environment.open_db(name.encode(), txn=edit) for name in TABLES}
                schema = edit.get(_SCHEMA, db=meta)
                if schema is None:
                    edit.put(_SCHEMA, SCHEMA, db=meta)
                elif schema != SCHEMA:
                    raise BadStore(f"the analytics in {self.folder} have schema {schema!r}, this version reads {SCHEMA!r}")
        except lmdb.Error as error:
            raise BadStore(f"the analytics in {self.folder} cannot be opened: {type(error).__name__}") from error

    def get(self, table: str, key: bytes) -> bytes | None:
        # As `_reading`, without its cost: newcomers in chat are looked up here, one by one.
        with self._turn:
            if self._lock is None:
                raise NotReady("the analytics store is closed")
            try:
                with self._environment.begin() as view:
                    return view.get(key, db=self._tables[table])
            except lmdb.Error as error:
                raise BadStore(f"the analytics in {self.folder} are damaged: {type(error).__name__}") from error

    def scan(
        self, table: str, prefix: bytes = b"", start: bytes | None = None, stop: bytes | None = None
    ) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values that begin with `prefix`, ascending, from `start` on and before `stop`; one consistent state, read at once."""
        with self._reading() as view:
            cursor = view.cursor(db=self._tables[table])
            found: list[tuple[bytes, bytes]] = []
            if cursor.set_range(start if start is not None else prefix):
                for key, value in cursor:
                    if not key.startswith(prefix) or (stop is not None and key >= stop):
                        break
                    found.append((key, value))
        return iter(found)

    def write(self, changes: Iterable[Change]) -> None:
        """All changes in one transaction, durable when this returns. Raises `StoreFull`; then none of them is there."""
        with self._gate, _named(self.folder):
            if self._lock is None:
                raise NotReady("the analytics store is closed")
            with self._environment.begin(write=True) as edit:
                for table, key, value in changes:
                    if value is None:
                        edit.delete(key, db=self._tables[table])
                    else:
                        edit.put(key, value, db=self._tables[table])

    def compact(self) -> None:
        """Rewrite the file without what was deleted: LMDB leaves that readable in free pages."""
        with self._gate:
            target = self.folder / _COMPACTING
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir()
            with _named(self.folder):
                rewrite(self._environment, {_META.decode(): self._meta, **self._tables}, target)
            with self._alone():
                self._environment.close()
                (target / "data.mdb").replace(self.folder / "data.mdb")
                self._open()
            shutil.rmtree(target, ignore_errors=True)

    def blobs(self) -> Iterator[tuple[str, bytes, bytes]]:
        """Every key and value, as stored: what a scan for a forgotten name reads."""
        for table in TABLES:
            for key, value in self.scan(table):
                yield table, key, value

    def close(self) -> None:
        with self._gate, self._alone():
            if self._lock is not None:
                self._environment.close()
                os.close(self._lock)
                self._lock = None

    @contextlib.contextmanager
    def _reading(self) -> Generator[Any]:
        with self._turn:
            if self._lock is None:
                raise NotReady("the analytics store is closed")
            self._readers += 1
        try:
            with _named(self.folder), self._environment.begin() as view:
                yield view
        finally:
            with self._turn:
                self._readers -= 1
                self._turn.notify_all()

    @contextlib.contextmanager
    def _alone(self) -> Generator[None]:
        """While this lasts nobody reads."""
        with self._turn:
            self._turn.wait_for(lambda: not self._readers)
            yield


@contextlib.contextmanager
def _named(folder: Path) -> Generator[None]:
    try:
        yield
    except lmdb.MapFullError as error:
        raise StoreFull(f"the analytics in {folder} have reached their limit; nothing was written") from error
    except lmdb.DiskError as error:
        raise StoreFull(f"the disk that holds {folder} is full; nothing was written") from error
    except lmdb.Error as error:
        if "No space left" in str(error):
            raise StoreFull(f"the disk that holds {folder} is full; nothing was written") from error
        raise BadStore(f"the analytics in {folder} are damaged: {type(error).__name__}") from error

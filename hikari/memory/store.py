"""The memory store: one LMDB file, the truth from which everything else can be rebuilt.

One process writes, any number read. A write is committed and synced to disk before it is acknowledged. The map grows by itself up to
a limit; a full disk and a full map are clear errors, after which the store goes on serving what it holds.
"""

import contextlib
import errno
import fcntl
import logging
import os
import shutil
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, Generic, TypeVar

import lmdb

from hikari.errors import BadStore, NotReady, StoreBusy, StoreFull
from hikari.memory import migrations
from hikari.memory.locks import ReadWriteLock
from hikari.memory.rows import TABLES, Edit, View, open_tables
from hikari.rewriting import rewrite

SCHEMA = 2
INITIAL_MAP_BYTES = 64 * 2**20
MAXIMUM_MAP_BYTES = 64 * 2**30
DATA, LOCK, WRITER = "data.mdb", "lock.mdb", "writer.lock"
_COMPACTING = "compacting"

_log = logging.getLogger(__name__)
Result = TypeVar("Result")


class Store:
    """An open store. `read` gives consistent views to many threads, `write` runs edits one after the other."""

    def __init__(
        self,
        folder: Path,
        *,
        read_only: bool = False,
        initial_map_bytes: int = INITIAL_MAP_BYTES,
        maximum_map_bytes: int = MAXIMUM_MAP_BYTES,
    ) -> None:
        """Open or create the store in `folder`.

        Raises `StoreBusy` when another process writes to it, `NotReady` when there is nothing to read, `BadStore` when it is damaged
        or newer than this version, `StoreFull` when the disk is full.
        """
        self.folder = folder
        self.read_only = read_only
        self._maximum = maximum_map_bytes
        self._gate = ReadWriteLock()  # the map is exchanged or resized only while nobody reads
        self._writing = threading.Lock()
        self._lock_file: int | None = None
        if read_only and not (folder / DATA).is_file():
            raise NotReady(f"there is no memory store in {folder}")
        if not read_only:
            _make_folder(folder)
            self._lock_file = _lock(folder)
            shutil.rmtree(folder / _COMPACTING, ignore_errors=True)
        try:
            existing = (folder / DATA).stat().st_size if (folder / DATA).is_file() else 0
            self._open(max(initial_map_bytes, existing))
            self._prepare_schema()
        except BaseException:
            self.close()
            raise

    def _open(self, map_bytes: int) -> None:
        try:
            self._environment: Any = lmdb.open(
                str(self.folder), map_size=min(_pages(map_bytes), _pages(self._maximum)), max_dbs=len(TABLES) + 8, max_readers=512,
                readonly=self.read_only, readahead=False, meminit=True, lock=True,
            )  # fmt: skip
            self._tables = open_tables(self._environment, create=not self.read_only)
        except lmdb.DiskError as error:
            raise StoreFull(f"the disk that holds {self.folder} is full") from error
        except lmdb.MapFullError as error:
            raise StoreFull(f"the memory store's limit of {self._maximum} bytes is too small") from error
        except lmdb.Error as error:
            if "No space left" in str(error) or "File too large" in str(error):
                raise StoreFull(f"the disk that holds {self.folder} is full") from error
            raise BadStore(f"the memory store in {self.folder} cannot be opened: {type(error).__name__}") from error

    def _prepare_schema(self) -> None:
        with self.read() as view:
            version = view.meta("schema")
            fresh = version is None and not view.channels() and view.meta("next_seq") is None
        if version == SCHEMA:
            return
        if isinstance(version, int) and version > SCHEMA:
            raise BadStore(f"the memory store has schema {version}, newer than {SCHEMA}, the newest this version reads")
        if self.read_only:
            raise BadStore(f"the memory store has schema {version}; open it once for writing to bring it to {SCHEMA}")
        if fresh:
            self.write(lambda edit: edit.set_meta("schema", SCHEMA))
        elif not isinstance(version, int) or version not in migrations.STEPS:
            raise BadStore(f"the memory store in {self.folder} names no known schema")
        else:
            _log.info("bringing the memory store from schema %d to %d", version, SCHEMA)
            self.write(lambda edit: migrations.migrate(edit, version, SCHEMA))

    @contextlib.contextmanager
    def read(self) -> Generator[View]:
        """A consistent view, unaffected by later writes."""
        with self._gate.reading(), self._environment.begin(buffers=False) as transaction:
            yield View(transaction, self._tables)

    def write(self, work: Callable[[Edit], Result]) -> Result:
        """Run `work` in one transaction and commit it durably; whatever it raises undoes all of it.

        `work` may be run more than once: it must have no effect but on the edit. Raises `StoreFull`.
        """
        return self.write_all([work])[0].unwrap()

    def write_all(self, works: list[Callable[[Edit], Result]]) -> list["Outcome[Result]"]:
        """Run several independent edits and commit them together, so that they share one sync of the disk.

        One that raises is undone alone; the others stay. Raises `StoreFull` when the commit fails: then none of them happened.
        """
        if self.read_only:
            raise StoreBusy("the memory store is open for reading only")
        with self._writing:
            while True:
                try:
                    with self._gate.reading():
                        return self._attempt(works)
                except lmdb.MapFullError:
                    self._grow()
                except (lmdb.DiskError, OSError) as error:
                    raise StoreFull(f"the disk that holds {self.folder} is full; what was acknowledged is kept") from error
                except lmdb.Error as error:
                    if _is_full(error):
                        raise StoreFull(f"the disk that holds {self.folder} is full; what was acknowledged is kept") from error
                    raise BadStore(f"the memory store in {self.folder} failed: {type(error).__name__}") from error

    def _attempt(self, works: list[Callable[[Edit], Result]]) -> list["Outcome[Result]"]:
        outcomes: list[Outcome[Result]] = []
        with self._environment.begin(write=True) as transaction:
            for work in works:
                if len(works) == 1:
                    # One edit needs no transaction of its own: its error ends the whole, with the same effect.
                    return [Outcome(self._run(work, transaction), None)]
                try:
                    with self._environment.begin(write=True, parent=transaction) as nested:
                        outcomes.append(Outcome(self._run(work, nested), None))
                except (lmdb.Error, OSError):
                    raise
                except Exception as error:  # noqa: BLE001 - handed to whoever asked for this edit
                    outcomes.append(Outcome(None, error))
        return outcomes

    def _run(self, work: Callable[[Edit], Result], transaction: Any) -> Result:
        edit = Edit(transaction, self._tables)
        result = work(edit)
        edit.finish()
        return result

    def _grow(self) -> None:
        size = int(self._environment.info()["map_size"])
        if size >= _pages(self._maximum):
            raise StoreFull(f"the memory store has reached its limit of {self._maximum} bytes; what was acknowledged is kept")
        with self._gate.writing():
            self._environment.set_mapsize(min(2 * size, _pages(self._maximum)))

    def compact(self) -> None:
        """Rewrite the file without deleted rows (LMDB keeps them readable until then) and exchange it atomically."""
        if self.read_only:
            raise StoreBusy("the memory store is open for reading only")
        target = self.folder / _COMPACTING
        with self._writing:
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir()
            try:
                # Whoever reads goes on meanwhile.
                with self._gate.reading():
                    size = int(self._environment.info()["map_size"])
                    rewrite(self._environment, self._tables, target)
            except (lmdb.Error, OSError) as error:
                shutil.rmtree(target, ignore_errors=True)
                raise StoreFull(f"the memory store cannot be compacted: {type(error).__name__}") from error
            with self._gate.writing():
                self._environment.close()
                (target / DATA).replace(self.folder / DATA)
                handle = os.open(self.folder, os.O_RDONLY)
                os.fsync(handle)
                os.close(handle)
                shutil.rmtree(target, ignore_errors=True)
                # Other processes map the old file until they open it anew; its lock table goes with it.
                (self.folder / LOCK).unlink(missing_ok=True)
                self._open(size)

    def copy(self, folder: Path) -> None:
        """Write a copy without deleted rows into an existing folder."""
        with self._gate.reading():
            rewrite(self._environment, self._tables, folder)

    def bytes_used(self) -> int:
        """Bytes of the map in use."""
        with self._gate.reading():
            info, stat = self._environment.info(), self._environment.stat()
            return (int(info["last_pgno"]) + 1) * int(stat["psize"])

    def wasted_bytes(self) -> int:
        """Bytes of free pages inside the file: what deleted rows leave behind until `compact`."""
        with self._gate.reading(), self._environment.begin() as transaction:
            page = int(self._environment.stat()["psize"])
            used = sum(_pages_of(transaction.stat(table)) for table in self._tables.values())
            return max(0, (int(self._environment.info()["last_pgno"]) + 1 - used) * page)

    def close(self) -> None:
        """Close the store and let another process write."""
        if hasattr(self, "_environment"):
            with self._gate.writing():
                self._environment.close()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None


class Outcome(Generic[Result]):
    """What one edit of several gave: its value or the error that undid it."""

    __slots__ = ("_error", "_value")

    def __init__(self, value: Result | None, error: Exception | None) -> None:
        self._value, self._error = value, error

    def unwrap(self) -> Result:
        """The value; raises the error."""
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]


def _pages(size: int) -> int:
    return max(1, -(-size // 2**20)) * 2**20


def _pages_of(stat: dict[str, int]) -> int:
    return stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"]


def _is_full(error: lmdb.Error) -> bool:
    return any(text in str(error) for text in ("No space left", "File too large", os.strerror(errno.EDQUOT)))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotReady(f"the folder {folder} for the memory store cannot be made: {error.strerror}") from error


def _lock(folder: Path) -> int:
    try:
        handle = os.open(folder / WRITER, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise NotReady(f"the memory store in {folder} cannot be opened for writing: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise StoreBusy(
            f"the memory store in {folder} is open for writing elsewhere; close that one, or open it read-only"
        ) from error
    return handle

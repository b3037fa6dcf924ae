"""Rewriting an LMDB file row by row, so that no byte of what was deleted or replaced is in the new one.

LMDB's own compacting copy takes pages as they are. The unused end of a page holds whatever the memory held in which it was built, such
as rows of an earlier transaction that were deleted since; a fresh environment has never seen them.
"""

import contextlib
import itertools
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import lmdb

ROWS_AT_ONCE = 5_000
"""Rows a transaction: its pages are in memory until it ends."""
DATA = "data.mdb"


def rewrite(environment: Any, tables: Mapping[str, Any], target: Path) -> None:
    """Write all rows of the `tables` of an open environment into a new file in the empty folder `target`; on disk when this returns.

    `tables` are all the environment has, name -> handle, without duplicate keys. Raises `lmdb.Error`, `OSError`.
    """
    size = int(environment.info()["map_size"])
    made: Any = lmdb.open(str(target), map_size=size, max_dbs=len(tables), readahead=False, sync=False, lock=False)
    with contextlib.closing(made), environment.begin() as view:
        for name, table in tables.items():
            written = made.open_db(name.encode())
            rows: Iterator[tuple[bytes, bytes]] = iter(view.cursor(db=table))
            while piece := list(itertools.islice(rows, ROWS_AT_ONCE)):
                with made.begin(write=True) as edit:
                    edit.cursor(db=written).putmulti(piece, append=True)
        made.sync(True)
    for path in (target / DATA, target):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

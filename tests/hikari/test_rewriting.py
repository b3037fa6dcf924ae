"""Rewriting an LMDB file: all rows are there, and not one byte of others."""

import random
from pathlib import Path
from typing import Any

import lmdb
import pytest

from hikari.rewriting import DATA, ROWS_AT_ONCE, rewrite

MARKER = b"zqxmarkerqxz"


def opened(folder: Path) -> tuple[Any, dict[str, Any]]:
    environment: Any = lmdb.open(str(folder), map_size=64 << 20, max_dbs=4, sync=False, meminit=True)
    return environment, {name: environment.open_db(name.encode()) for name in ("small", "large", "empty")}


def rows(environment: Any, table: Any) -> list[tuple[bytes, bytes]]:
    with environment.begin() as view:
        return list(view.cursor(db=table))


def filled(environment: Any, tables: dict[str, Any], seed: int) -> None:
    """Rows that come and go as a journal's do, and one that stays as a snapshot does; each fills a part of a page of its own."""
    dice = random.Random(seed)
    for turn in range(30):
        with environment.begin(write=True) as edit:
            for number in range(4):
                edit.put(b"%d-%d" % (turn, number), MARKER * dice.randint(180, 300), db=tables["small"])
        with environment.begin(write=True) as edit:
            for number in range(4):
                edit.delete(b"%d-%d" % (turn, number), db=tables["small"])
            edit.put(b"state", b"s" * dice.randint(2_100, 3_000), db=tables["large"])
            edit.put(b"%d" % turn, b"kept", db=tables["small"])


def test_pages_that_lmdb_copies_hold_what_was_deleted_and_rewritten_ones_do_not(tmp_path: Path) -> None:
    copied = rewritten = 0
    for seed in range(20):
        environment, tables = opened(tmp_path / f"{seed}")
        filled(environment, tables, seed)
        for name in ("copied", "rewritten"):
            (tmp_path / f"{seed}-{name}").mkdir()
        environment.copy(str(tmp_path / f"{seed}-copied"), compact=True)
        rewrite(environment, tables, tmp_path / f"{seed}-rewritten")
        copied += MARKER in (tmp_path / f"{seed}-copied" / DATA).read_bytes()
        rewritten += MARKER in (tmp_path / f"{seed}-rewritten" / DATA).read_bytes()
        environment.close()
    assert copied, "nothing is proven when the marker could not be found"
    assert not rewritten


def test_every_row_is_there_over_many_transactions(tmp_path: Path) -> None:
    environment, tables = opened(tmp_path / "old")
    count = 2 * ROWS_AT_ONCE + 7
    with environment.begin(write=True) as edit:
        for number in range(count):
            edit.put(number.to_bytes(8), b"v%d" % number, db=tables["small"])
        edit.put(b"k", bytes(100_000), db=tables["large"])
    (tmp_path / "new").mkdir()
    rewrite(environment, tables, tmp_path / "new")
    made, theirs = opened(tmp_path / "new")
    for name, table in tables.items():
        assert rows(made, theirs[name]) == rows(environment, table)
    assert len(rows(made, theirs["small"])) == count
    for one in (made, environment):
        one.close()


def test_equal_rows_give_equal_files(tmp_path: Path) -> None:
    contents = []
    for name, order in (("a", 1), ("b", -1)):
        environment, tables = opened(tmp_path / name)
        for number in range(300)[::order]:
            with environment.begin(write=True) as edit:
                edit.put(b"%03d" % number, bytes([number % 251]) * (number % 97), db=tables["small"])
        (tmp_path / f"new-{name}").mkdir()
        rewrite(environment, tables, tmp_path / f"new-{name}")
        environment.close()
        contents.append((tmp_path / f"new-{name}" / DATA).read_bytes())
    assert contents[0] == contents[1]


def test_a_map_that_is_full_is_reported(tmp_path: Path) -> None:
    environment, tables = opened(tmp_path / "old")
    with environment.begin(write=True) as edit:
        edit.put(b"k", bytes(1 << 20), db=tables["large"])
    environment.close()
    (tmp_path / "new").mkdir()
    with pytest.raises(lmdb.Error):
        rewrite(environment, tables, tmp_path / "new")

"""The journal: whatever fails, what was flushed and not cut comes back, in order, under the numbers that it was noted with."""

import tempfile
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.analytics.journal import Journal
from hikari.analytics.store_keys import of_number
from hikari.errors import BadStore, StoreFull
from tests.hikari.analytics.keepers import FussyStore


def flush(journal: Journal) -> None:
    """As the keeper does."""
    taken, key = journal.take()
    try:
        journal.write(taken, key)
    except StoreFull:
        journal.give_back(taken, key)


@settings(max_examples=40)
@given(st.lists(st.one_of(st.integers(0, 4), st.sampled_from(["flush", "full", "cut", "undo", "reopen"])), max_size=25))
def test_what_was_flushed_and_not_cut_comes_back(steps: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = FussyStore(Path(folder))
        journal = Journal(store)
        noted = cut = flushed = 0  # numbers of entries: noted, part of a snapshot, on disk
        for step in steps:
            if isinstance(step, int):
                for _ in range(step):
                    assert journal.count == noted
                    journal.note(("e", noted, "text\ud800"))
                    noted += 1
            elif step in ("flush", "full"):
                store.full = step == "full"
                if len(journal):
                    flush(journal)
                    flushed = flushed if store.full else noted
                store.full = False
            elif step in ("cut", "undo"):
                rows, waiting = journal.cut()
                assert len(journal) == 0
                journal.note(("e", noted, "meanwhile"))
                noted += 1
                if step == "cut":
                    store.write([("journal", key, None) for key in rows])
                    cut = flushed = noted - 1
                else:
                    journal.undo_cut((rows, waiting))
            else:
                store.close()
                store = FussyStore(Path(folder))
                journal = Journal(store)
                found = list(journal.replay())
                assert [(number, entry[1]) for number, entry in found] == [(number, number) for number in range(cut, flushed)]
                journal.skip(noted)  # the numbers of what was lost are not used again
                cut = flushed = noted
                store.write([("journal", key, None) for key in journal.cut()[0]])
        assert journal.count == noted
        store.close()


def test_a_snapshot_may_know_more_than_the_journal(tmp_path: Path) -> None:
    store = FussyStore(tmp_path)
    journal = Journal(store)
    journal.skip(7)
    journal.skip(3)
    journal.note(("e",))
    assert journal.count == 8
    flush(journal)
    assert [number for number, _ in Journal(store).replay()] == [7]
    store.close()


@pytest.mark.parametrize(
    "rows",
    [
        {0: b"\xc1"},
        {0: b""},
        {0: msgpack.packb({"no": "list"})},
        {0: msgpack.packb([["e"], ["e"]]), 1: msgpack.packb([["e"]])},
    ],
)
def test_a_damaged_journal_says_so(tmp_path: Path, rows: dict[int, bytes]) -> None:
    store = FussyStore(tmp_path)
    store.write([("journal", of_number(number), row) for number, row in rows.items()])
    with pytest.raises(BadStore, match="journal"):
        list(Journal(store).replay())
    store.close()

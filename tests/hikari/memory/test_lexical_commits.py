"""Commits of the lexical index: in the background, failing, on a full disk, beside searches and beside other indices."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hikari.errors import StoreFull
from hikari.memory import lexical
from hikari.memory.lexical import LexicalIndex
from hikari.memory.lexical_segments import Segments
from tests.hikari.memory.lexical_helpers import found, ints, raising


def test_a_full_tail_is_committed_in_the_background(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "TAIL_LIMIT", 10)
    index = LexicalIndex(tmp_path / "lexical")
    for seq in range(10):
        index.add(ints(seq), [f"cat number{seq}"])
    assert index._worker is not None
    index._worker.join()
    assert len(index._tail) == 0
    assert len(index._picture) == len(index) == 10
    index.add(ints(10), ["cat"])
    index.change = 11
    index.close()
    assert (LexicalIndex(tmp_path / "lexical").change, len(index._tail)) == (11, 0)


def test_adding_waits_when_commits_do_not_keep_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "TAIL_MAXIMUM", 10)
    index = LexicalIndex(tmp_path / "lexical")
    index.add(np.arange(9), ["cat"] * 9)
    monkeypatch.setattr(Segments, "commit", raising(StoreFull("the disk is full")))
    with pytest.raises(StoreFull):
        index.add(ints(9), ["cat"])
    assert len(found(index, "cat")) == 10
    monkeypatch.undo()
    index.close()
    assert len(LexicalIndex(tmp_path / "lexical")) == 10


def test_a_failed_commit_in_the_background_says_so_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lexical, "TAIL_LIMIT", 3)
    index = LexicalIndex(tmp_path / "lexical")
    with monkeypatch.context() as patch:
        patch.setattr(Segments, "commit", raising(OSError("secretword")))
        index.add(ints(1, 2, 3), ["cat", "cat", "cat"])
        assert index._worker is not None
        index._worker.join()
    assert "tried again" in caplog.text
    assert "secretword" not in caplog.text
    assert found(index, "cat") == [1, 2, 3]
    index.close()


def test_a_disk_that_is_full_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = LexicalIndex(tmp_path / "lexical")

    class Writer:
        def __getattr__(self, name: str) -> Any:
            return raising(ValueError("IoError: No space left on device")) if name == "commit" else lambda *_: 1

    class Full:
        schema = index._segments._index.schema

        def writer(self, *_: int) -> Writer:
            return Writer()

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

    real = index._segments._index
    monkeypatch.setattr(index._segments, "_index", Full())
    index.add(ints(1), ["cat"])
    with pytest.raises(StoreFull, match="disk is full"):
        index.flush()
    assert found(index, "cat") == [1]


def test_searches_beside_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "TAIL_LIMIT", 40)
    index = LexicalIndex(tmp_path / "lexical")
    index.add(np.arange(100), [f"steady word{seq}" for seq in range(100)])
    done, problems = threading.Event(), []

    def search() -> None:
        while not done.is_set():
            answers = found(index, "steady gone", 500)
            if sorted(answers) != list(range(100)):
                problems.append(len(answers))

    searcher = threading.Thread(target=search, daemon=True)
    searcher.start()
    try:
        for turn in range(40):
            new = np.arange(1_000 + turn * 10, 1_010 + turn * 10)
            index.add(new, ["fleeting"] * 10)
            index.add(ints(turn), [f"steady word{turn}"])
            index.remove(new[::2])
            if turn % 15 == 7:
                index.purge()
    finally:
        done.set()
        searcher.join()
    assert problems == []
    assert len(index) == 300
    assert len(found(index, "fleeting", 1_000)) == 200
    index.close()


def test_many_indices_at_once_hold_no_writer(tmp_path: Path) -> None:
    before = threading.active_count()
    indices = [LexicalIndex(tmp_path / str(number)) for number in range(12)]
    for number, index in enumerate(indices):
        index.add(ints(number), ["cat"])
        index.flush()
    assert threading.active_count() == before
    # The writer's lock is free: a second opening of the same folder can commit.
    second = LexicalIndex(tmp_path / "3")
    second.add(ints(99), ["dog"])
    second.close()
    assert sorted(found(LexicalIndex(tmp_path / "3"), "cat dog")) == [3, 99]

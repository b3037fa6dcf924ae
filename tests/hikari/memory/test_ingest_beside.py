"""Embedding and extraction at the same time: both done, either's error raised, no thread left and nobody waited for."""

import threading
from collections.abc import Generator, Sequence
from typing import Any, cast

import numpy as np
import pytest

from hikari.errors import NotReady
from hikari.memory.config import MemoryConfig
from hikari.memory.extraction import Extraction
from hikari.memory.ingest import Ingest, Prepared
from hikari.memory.records import Memory
from tests.hikari.memory.systems import Clock

WAIT_S = 20.0


class AllIn:
    """Gates that are open."""

    def check(self, new: object) -> None:
        """Nothing is kept out."""


class Meeting:
    """Embedder and extractor that can be made to wait for each other, or to fail."""

    fingerprint, dimension = "meeting", 2

    def __init__(self, *, together: bool = False) -> None:
        self.barrier = threading.Barrier(2) if together else None
        self.embedding: Exception | None = None
        self.extracting: Exception | None = None
        self.threads: list[str] = []

    def embed(self, texts: Sequence[str], /) -> Any:
        if self.barrier is not None:
            self.barrier.wait(WAIT_S)
        if self.embedding is not None:
            raise self.embedding
        return np.array([[len(text), 1] for text in texts], np.float32)

    def __call__(self, rows: Sequence[Memory]) -> list[Extraction]:
        self.threads.append(threading.current_thread().name)
        if self.barrier is not None:
            self.barrier.wait(WAIT_S)
        if self.extracting is not None:
            raise self.extracting
        return [Extraction((), ()) for _ in rows]


def ingest(parts: Any, extractor: Any = None) -> Ingest:
    return Ingest(parts, extractor or parts, cast("Any", AllIn()), MemoryConfig(), Clock())


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Generator[None]:
    before = set(threading.enumerate())
    yield
    assert not [thread.name for thread in set(threading.enumerate()) - before if thread.name.startswith("hikari-")]


def rows(count: int) -> list[dict[str, Any]]:
    return [{"content": "a" * (number + 1)} for number in range(count)]


@pytest.mark.parametrize("count", [1, 40])
def test_both_are_at_work_at_once(count: int) -> None:
    parts = Meeting(together=True)
    made = ingest(parts)
    for _ in range(3):
        prepared = made.prepare(rows(count))
        assert all(isinstance(row, Prepared) and row.extraction is not None for row in prepared)
        assert [cast("Prepared", row).vector[0] for row in prepared] == list(range(1, count + 1))
    assert len(set(parts.threads)) == 1
    assert threading.current_thread().name not in parts.threads
    made.close()


def test_what_the_engine_makes_is_read_the_same_way() -> None:
    parts = Meeting(together=True)
    made = ingest(parts)
    memory = Memory(0, "a", "default", "one two", "episode", "episodic")
    own = made.prepare_own(memory)
    assert (own.vector[0], own.extraction) == (7, Extraction((), ()))
    made.close()


@pytest.mark.parametrize("count", [1, 40])
@pytest.mark.parametrize("which", ["embedding", "extracting"])
def test_the_error_of_either_is_raised(which: str, count: int) -> None:
    parts = Meeting()
    made = ingest(parts)
    setattr(parts, which, NotReady("no model"))
    with pytest.raises(NotReady, match="no model"):
        made.prepare(rows(count))
    setattr(parts, which, None)
    assert all(isinstance(row, Prepared) for row in made.prepare(rows(count)))
    made.close()


def test_of_two_errors_the_embedders_is_raised() -> None:
    parts = Meeting()
    made = ingest(parts)
    parts.embedding, parts.extracting = NotReady("embedding"), NotReady("extracting")
    with pytest.raises(NotReady, match="embedding"):
        made.prepare(rows(1))
    made.close()


def test_nobody_waits_for_the_batch_of_another() -> None:
    begun, free = threading.Event(), threading.Event()
    parts = Meeting()

    def extract(memories: Sequence[Memory]) -> list[Extraction]:
        if len(memories) > 1:
            begun.set()
            assert free.wait(WAIT_S)
        return parts(memories)

    made = ingest(parts, extract)
    long = threading.Thread(target=made.prepare, args=(rows(40),))
    long.start()
    assert begun.wait(WAIT_S)
    (row,) = made.prepare(rows(1))
    assert isinstance(row, Prepared)
    assert parts.threads == [threading.current_thread().name]
    free.set()
    long.join(WAIT_S)
    made.close()
    assert len(parts.threads) == 2


def test_closed_it_works_one_after_the_other() -> None:
    parts = Meeting()
    made = ingest(parts)
    made.prepare(rows(1))
    made.close()
    made.close()
    (row,) = made.prepare(rows(1))
    assert isinstance(row, Prepared)
    assert row.extraction == Extraction((), ())
    assert parts.threads[-1] == threading.current_thread().name


def test_nothing_is_started_for_nothing() -> None:
    parts = Meeting()
    made = ingest(parts)
    assert made.prepare([]) == []
    assert made.prepare([{"content": ""}])[0].__class__.__name__ == "BadInput"
    assert parts.threads == []
    alone = Ingest(cast("Any", parts), None, cast("Any", AllIn()), MemoryConfig(), Clock())
    (row,) = alone.prepare(rows(1))
    assert isinstance(row, Prepared)
    assert row.extraction is None
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("hikari-memory-extract")]

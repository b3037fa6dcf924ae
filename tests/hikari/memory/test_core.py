"""The synchronous inside: encoders that change, closing in every state, what is pending."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hikari.errors import BadStore, NotFound, StoreBusy, StoreFull
from hikari.memory.core import Core
from hikari.memory.hash_embedder import HashEmbedder
from hikari.memory.store import Store
from tests.hikari.memory.systems import DIMENSION, START, Clock, config, core

pytestmark = pytest.mark.usefixtures("rules_only")


def made(folder: Path, embedder: HashEmbedder, **options: Any) -> Core:
    return Core(folder, embedder, None, config(extract=False), Clock(), **options)


def agrees(memory: Core) -> bool:
    """Whether all vectors, in the store and in the index, are of the present encoder."""
    with memory.store.read() as view, memory.spaces.use("default") as space:
        seqs = list(view.seqs("default"))
        contents = [view.get(seq).content for seq in seqs]  # type: ignore[union-attr]
        expected = memory.embedder.embed(contents)
        found = [space.vectors.search(vector, 1)[0].tolist() for vector in expected]
        return np.allclose(view.vectors(seqs, memory.embedder.dimension), expected, atol=1e-2) and found == [
            [seq] for seq in seqs
        ]


ROWS = [{"content": f"row{n} speaks of thing{n * 7}", "id": f"m{n}"} for n in range(300)]


@pytest.mark.parametrize("other", [HashEmbedder(DIMENSION, 5), HashEmbedder(48)])
def test_another_encoder_embeds_everything_anew(tmp_path: Path, other: HashEmbedder) -> None:
    memory = made(tmp_path, HashEmbedder(DIMENSION))
    memory.store_rows(ROWS)
    memory.close()
    memory = made(tmp_path, other)
    assert agrees(memory)
    memory.close()
    memory = made(tmp_path, HashEmbedder(DIMENSION))
    assert agrees(memory)
    memory.close()


def test_a_change_of_encoder_that_was_cut_short_is_noticed_by_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = made(tmp_path, HashEmbedder(DIMENSION))
    memory.store_rows(ROWS)
    memory.close()

    class Dying(HashEmbedder):
        def embed(self, texts: Any, /) -> Any:
            if len(texts) < 256:
                raise KeyboardInterrupt
            return super().embed(texts)

    with pytest.raises(KeyboardInterrupt):
        made(tmp_path, Dying(DIMENSION, 5))
    with pytest.raises(BadStore, match="another encoder"):
        made(tmp_path, HashEmbedder(DIMENSION), read_only=True)
    memory = made(tmp_path, HashEmbedder(DIMENSION))
    assert agrees(memory)
    memory.close()


def test_closing_lets_go_of_everything_whatever_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = made(tmp_path, HashEmbedder(DIMENSION))
    memory.store_rows(ROWS[:3])
    memory.uses.note([1], START)
    real = Store.write_all

    def full(self: Store, works: Any) -> Any:
        raise StoreFull("the disk is full")

    monkeypatch.setattr(Store, "write_all", full)
    with pytest.raises(StoreFull):
        memory.close()
    monkeypatch.setattr(Store, "write_all", real)
    memory = made(tmp_path, HashEmbedder(DIMENSION))
    assert agrees(memory)
    memory.close()


def test_uses_are_written_once_and_not_for_deleted_rows(tmp_path: Path) -> None:
    with core(tmp_path, Clock()) as memory:
        memory.store_rows(ROWS[:3])
        memory.uses.note([1, 1, 2, 99], START + 5)
        memory.delete([memory.get("default", "m1")])
        assert memory.flush_uses() == {1, 2, 99}
        assert memory.flush_uses() == set()
        with memory.store.read() as view:
            assert view.access(1) == (2, (START + 5, START + 5))
            assert view.access(2) == view.access(99) == (0, ())


def test_a_reader_writes_nothing(tmp_path: Path) -> None:
    with core(tmp_path, Clock()) as memory:
        memory.store_rows(ROWS[:3])
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != "lock.mdb"}
    memory = made(tmp_path, HashEmbedder(DIMENSION), read_only=True)
    assert agrees(memory)
    with pytest.raises(StoreBusy):
        memory.store_rows(ROWS[3:4])
    memory.uses.note([1], START)
    assert memory.flush_uses() == set()
    scratch = memory._scratch
    assert scratch is not None
    assert scratch.is_dir()
    memory.close()
    assert not scratch.exists()
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != "lock.mdb"} == files


def test_what_is_missing_is_not_found(tmp_path: Path) -> None:
    with core(tmp_path, Clock()) as memory:
        for channel in ("default", "nowhere"):
            with pytest.raises(NotFound):
                memory.get(channel, "x")
            with pytest.raises(NotFound):
                memory.update(channel, "x", {"importance": 1})
        assert memory.delete([]) == 0


def test_no_thread_of_the_writing_side_outlives_the_store(tmp_path: Path) -> None:
    with core(tmp_path) as memory:
        memory.store_rows(ROWS[:1])
        assert any(thread.name.startswith("hikari-memory") for thread in threading.enumerate())
    assert not any(thread.name.startswith("hikari-memory") for thread in threading.enumerate())

"""A memory that cannot write: a full disk, a full map, an index that fails. It says so, loses nothing and goes on answering."""

import random
from pathlib import Path
from typing import Any

import pytest

from hikari.errors import StoreFull
from hikari.memory.store import Store
from tests.hikari.memory.systems import ids, opened, parts, run

pytestmark = pytest.mark.usefixtures("rules_only")


def test_a_full_store_is_told_and_later_writes_work_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            await memory.store_memory("before it was full", id="a")
            real = Store.write_all

            def full(self: Store, works: Any) -> Any:
                raise StoreFull("the disk is full")

            monkeypatch.setattr(Store, "write_all", full)
            with pytest.raises(StoreFull):
                await memory.store_memory("while it is full", id="b")
            assert ids(await memory.retrieve_memories("before it was full")) == ["a"]
            monkeypatch.setattr(Store, "write_all", real)
            await memory.store_memory("after it was full", id="c")
            assert set(ids(await memory.retrieve_memories("it is full"))) == {"a", "c"}

    run(work())


def test_a_full_map_refuses_writes_and_goes_on_answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"read_only": False, "initial_map_bytes": 2**20, "maximum_map_bytes": 2**20}

    async def work() -> None:
        stored: list[str] = []
        monkeypatch.setattr(Store.__init__, "__kwdefaults__", small)
        async with opened(tmp_path, extract=False) as memory:
            with pytest.raises(StoreFull):
                for number in range(2_000):
                    filler = {"random": random.Random(number).randbytes(7_000).hex()}
                    stored.append(await memory.store_memory(f"number{number} of many", metadata=filler))
            assert (await memory.stats())["memories"] == len(stored) > 20
            assert ids(await memory.retrieve_memories("number3 of many", k=1)) == [stored[3]]
        monkeypatch.setattr(Store.__init__, "__kwdefaults__", {**small, "maximum_map_bytes": 2**22})
        async with opened(tmp_path, extract=False) as memory:
            assert await memory.store_memory("there is room again")
            assert (await memory.stats())["memories"] == len(stored) + 1

    run(work())


def test_searching_never_fails_because_uses_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            await memory.store_memory("a lonely cloud", id="a")
            monkeypatch.setattr("hikari.memory.uses.FLUSH_OVER", 0)
            real = Store.write_all

            def full(self: Store, works: Any) -> Any:
                raise StoreFull("the disk is full")

            monkeypatch.setattr(Store, "write_all", full)
            assert ids(await memory.retrieve_memories("lonely cloud")) == ["a"]
            monkeypatch.setattr(Store, "write_all", real)
            await memory.retrieve_memories("lonely cloud")
            with parts(memory).core.store.read() as view:
                assert view.access(1)[0] == 2

    run(work())


def test_a_batch_that_cannot_be_written_whole_says_which_rows_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with opened(tmp_path, extract=False) as memory:
            real, calls = Store.write_all, [0]

            def full_later(self: Store, works: Any) -> Any:
                calls[0] += 1
                if calls[0] > 1:
                    raise StoreFull("the disk is full")
                return real(self, works)

            monkeypatch.setattr(Store, "write_all", full_later)
            answers = await memory.store_memories([{"content": f"row {n}"} for n in range(600)])
            monkeypatch.setattr(Store, "write_all", real)
            stored = [answer for answer in answers if isinstance(answer, str)]
            assert len(stored) == 256 == (await memory.stats())["memories"]
            assert {answer["error"]["code"] for answer in answers[256:] if isinstance(answer, dict)} == {"store_full"}

    run(work())


def test_the_index_of_a_channel_that_cannot_take_a_write_is_opened_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hikari.memory.lexical import LexicalIndex

    async def work() -> None:
        async with opened(tmp_path) as memory:
            await memory.store_memory("an ordinary row", id="a")
            real = LexicalIndex.add

            def broken(self: LexicalIndex, *_: Any) -> None:
                monkeypatch.setattr(LexicalIndex, "add", real)
                raise OSError("disk trouble")

            monkeypatch.setattr(LexicalIndex, "add", broken)
            assert await memory.store_memory("a row that the index cannot take", id="b") == "b"
            found = await memory.retrieve_memories("a row that the index cannot take", k=1, explain=True)
            assert ids(found) == ["b"]
            assert found[0]["explain"]["lexical"] > 0

    run(work())

"""Open namespaces: few at a time, none closed in use, damage noticed and repaired."""

import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from hikari.errors import StoreFull
from hikari.memory import keys
from hikari.memory.core import INDICES
from hikari.memory.faiss_index import FaissIndex
from hikari.memory.spaces import Spaces
from hikari.memory.system import NeuralMemorySystem
from tests.hikari.memory.systems import Clock, core, ids, opened, parts, run

pytestmark = pytest.mark.usefixtures("rules_only")


class Space:
    """Counts how it is let go."""

    def __init__(self, channel: str) -> None:
        self.channel, self.ends = channel, list[str]()

    def close(self) -> None:
        self.ends.append("closed")

    def discard(self) -> None:
        self.ends.append("discarded")


def spaces(limit: int, *, save: bool = True, space: type[Space] = Space) -> tuple[Spaces, list[Any]]:
    made: list[Any] = []

    def make(channel: str) -> Any:
        made.append(space(channel))
        return made[-1]

    return Spaces(make, limit, save=save), made


def test_the_longest_unused_is_saved_and_closed() -> None:
    many, made = spaces(2)
    for channel in ("a", "b", "a", "c"):
        with many.use(channel):
            pass
    assert [(space.channel, space.ends) for space in made] == [("a", []), ("b", ["closed"]), ("c", [])]
    assert many.opened() == ["a", "c"]
    many.close()
    assert [space.ends for space in made] == [["closed"]] * 3


def test_one_in_use_is_never_closed() -> None:
    many, made = spaces(1)
    with many.use("a"), many.use("b"), many.use("c"):
        assert all(space.ends == [] for space in made)
    assert [space.ends for space in made].count([]) == 1


def test_one_channel_is_opened_once_by_many_threads() -> None:
    many, made = spaces(4)
    start = threading.Barrier(8)

    def use() -> None:
        start.wait(30)
        with many.use("a"):
            pass

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(made) == 1


def test_read_only_spaces_are_discarded_and_a_failed_save_troubles_nobody() -> None:
    many, made = spaces(1, save=False)
    with many.use("a"):
        pass
    many.close()
    assert made[0].ends == ["discarded"]

    class Full(Space):
        def close(self) -> None:
            raise StoreFull("the disk is full")

    many, made = spaces(1, space=Full)
    for channel in ("a", "b"):
        with many.use(channel):
            pass
    many.close()
    assert [space.ends for space in made] == [["discarded"], ["discarded"]]


def test_a_failed_opening_can_be_tried_again() -> None:
    calls: list[str] = []

    def make(channel: str) -> Any:
        calls.append(channel)
        if len(calls) == 1:
            raise StoreFull("the disk is full")
        return Space(channel)

    many = Spaces(make, 2, save=True)
    with pytest.raises(StoreFull), many.use("a"):
        pass
    assert many.opened() == []
    with many.use("a") as space:
        assert space.channel == "a"


def test_two_open_channels_serve_five(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path, open_channels=2) as memory:
            for turn in range(3):
                for channel in "abcde":
                    await memory.store_memory(f"marker{turn} in {channel}", channel=channel, id=f"{turn}")
            for channel in "edcba":
                found = await memory.retrieve_memories("marker1 in", k=3, channel=channel, explain=True)
                assert ids(found)[0] == "1"
                assert len(found) == 3
                assert found[0]["explain"]["lexical"] > 0
            assert len((await memory.stats())["open_channels"]) <= 2

    run(work())


async def answers(memory: NeuralMemorySystem) -> list[Any]:
    rows = await memory.retrieve_memories("lantern keeper number7 feeds kai", k=20, decay=False, explain=True, as_of=2e9)
    return [*((row["id"], row["score"], row["explain"]) for row in rows), await memory.related_entities("kai")]


def alike(before: list[Any]) -> list[Any]:
    """The same answers: the lexical scores of the index on disk and of what it has not written yet differ in float32's last digit."""
    *rows, related = before
    near = pytest.approx
    return [*((id, near(score, abs=3e-6), near(parts, abs=3e-6)) for id, score, parts in rows), related]  # noqa: A001


async def fill(memory: NeuralMemorySystem) -> list[Any]:
    await memory.store_memories(
        [{"content": f"lantern keeper number{n} feeds seagulls", "user": "kai", "id": f"m{n}"} for n in range(30)]
    )
    await memory.store_memory("my cat is called Mochi and i play Hades", user="kai", id="cat")
    await memory.delete_memory("m3")
    return await answers(memory)


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


@pytest.mark.parametrize("damage", [flip, cut, Path.unlink])
@pytest.mark.parametrize("part", ["vectors", "lexical"])
def test_damage_is_noticed_and_repaired(tmp_path: Path, part: str, damage: Any) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            before = await fill(memory)
        # Each kind of file in turn would be slow: the largest, and the manifest.
        folder = tmp_path / INDICES / keys.of_name("default").hex() / part
        largest = max((file for file in folder.iterdir() if file.suffix != ".lock"), key=lambda file: file.stat().st_size)
        for file in (largest, folder / "manifest.json"):
            damage(file)
            async with opened(tmp_path) as memory:
                assert await answers(memory) == alike(before)
                with parts(memory).core.spaces.use("default") as space:
                    assert len(space.rebuilt) == 1

    run(work())


def test_lost_and_foreign_indices_are_built_anew(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            before = await fill(memory)
        shutil.rmtree(tmp_path / INDICES)
        async with opened(tmp_path) as memory:
            assert await answers(memory) == alike(before)
            assert await memory.rebuild() == {"channels": 1, "memories": 30}
            assert await answers(memory) == alike(before)
        folder = tmp_path / INDICES / keys.of_name("default").hex() / "vectors"
        shutil.rmtree(folder)
        FaissIndex(96, "of another encoder").save(folder)
        async with opened(tmp_path) as memory:
            assert await answers(memory) == alike(before)

    run(work())


def test_indices_that_are_ahead_of_the_store_are_built_anew(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path / "a") as memory:
            before = await fill(memory)
        shutil.copytree(tmp_path / "a", tmp_path / "b")
        async with opened(tmp_path / "b") as memory:
            await memory.store_memories([{"content": f"lantern keeper late{n}", "id": f"late{n}"} for n in range(50)])
        # A store that was taken back, beside the indices of what came after.
        shutil.copytree(tmp_path / "b" / INDICES, tmp_path / "a" / INDICES, dirs_exist_ok=True)
        shutil.rmtree(tmp_path / "a" / INDICES)
        shutil.copytree(tmp_path / "b" / INDICES, tmp_path / "a" / INDICES)
        async with opened(tmp_path / "a") as memory:
            assert await answers(memory) == alike(before)
            await memory.store_memory("a fresh pomegranate", id="fresh")
        async with opened(tmp_path / "a") as memory:
            found = await memory.retrieve_memories("fresh pomegranate", k=1, explain=True)
            assert (ids(found), found[0]["explain"]["lexical"] > 0) == (["fresh"], True)

    run(work())


def test_a_write_during_a_rebuild_is_in_the_rebuilt_index(tmp_path: Path) -> None:
    with core(tmp_path, Clock()) as memory:
        memory.store_rows([{"content": f"row {n}", "id": f"m{n}"} for n in range(20)])
        futures: list[Any] = []

        def progress(done: int, total: int) -> None:
            assert (done, total) == (20, 20)
            futures.append(threading.Thread(target=lambda: memory.store_rows([{"content": "a late lantern", "id": "late"}])))
            futures[0].start()

        with memory.spaces.use("default") as space:
            assert space.rebuild(progress) in (20, 21)
            futures[0].join(30)
            late = memory.get("default", "late")
            assert late.seq in space.vectors
            assert space.lexical.search("lantern", 3)[0].tolist() == [late.seq]
    with core(tmp_path, Clock()) as memory, memory.spaces.use("default") as space:
        assert len(space.vectors) == len(space.lexical) == 21

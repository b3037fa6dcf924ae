"""Promotion at the exact threshold, and near-duplicates that become one."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hikari.memory import consolidation, truth
from hikari.memory.core import Core
from tests.hikari.memory.systems import START, Clock, core, opened, parts, run

pytestmark = pytest.mark.usefixtures("rules_only")
DOG = "i have a big greyhound called comet who sleeps on the red sofa every single afternoon"


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Core]:
    with core(tmp_path, Clock()) as made:
        yield made


def store(memory: Core, identifier: str, content: str, **more: Any) -> None:
    row = {"id": identifier, "content": content, "user": "kai", "timestamp": START, **more}
    assert memory.store_rows([row]) == [identifier]


@pytest.mark.parametrize(("importance", "uses"), [(0.5, 3), (0.2, 8), (1.0, 0), (0.0, 20)])
def test_the_threshold_is_exact(memory: Core, importance: float, uses: int) -> None:
    store(memory, "a", "a row", importance=importance)
    row = memory.get("default", "a")
    memory.store.write(lambda edit: edit.set_access(row.seq, uses, [START]))
    score = 0.6 * importance + 0.4 * math.tanh(uses / 5)
    assert consolidation.promote(memory, [row], math.nextafter(score, 2)) == 0
    assert memory.get("default", "a").tier == "short_term"
    assert consolidation.promote(memory, [row], score) == 1
    assert memory.get("default", "a").tier == "long_term"
    assert consolidation.promote(memory, [row], score) == 0
    with memory.store.read() as view:
        counted = view.channel("default")
        assert counted is not None
        assert counted["counts"] == {"short_term": 0, "long_term": 1}


def test_a_type_that_names_the_tier_goes_along_and_another_stays(memory: Core) -> None:
    store(memory, "plain", "a plain row", memory_type="short_term", importance=1)
    store(memory, "fact", "a fact of a row", memory_type="fact", importance=1)
    rows = [memory.get("default", name) for name in ("plain", "fact")]
    assert consolidation.promote(memory, rows, 0.5) == 2
    assert [memory.get("default", name).memory_type for name in ("plain", "fact")] == ["long_term", "fact"]


def test_near_duplicates_become_one_and_both_ids_find_it(memory: Core) -> None:
    store(memory, "first", DOG, importance=0.3)
    store(memory, "second", f"{DOG} lol", importance=0.8, pinned=True)
    first, second = (memory.get("default", name) for name in ("first", "second"))
    memory.store.write(lambda edit: (edit.touch(first.seq, START + 5), edit.touch(second.seq, START + 6)))
    assert consolidation.merge_near_duplicate(memory, "default", second.seq) == 1
    heir = memory.get("default", "second")
    assert heir == memory.get("default", "first")
    assert (heir.content, heir.importance, heir.pinned, heir.merged) == (first.content, 0.8, True, ("second",))
    with memory.store.read() as view:
        assert view.access(heir.seq) == (3, (START, START + 5, START + 6))
        assert view.get(second.seq) is None
    with memory.spaces.use("default") as space:
        assert second.seq not in space.vectors
        assert len(space.lexical) == 1
    store(memory, "third", f"ok {DOG}")
    assert consolidation.merge_near_duplicate(memory, "default", memory.get("default", "third").seq) == 1
    assert memory.get("default", "third").merged == ("second", "third")
    memory.delete([memory.get("default", "second")])
    with memory.store.read() as view:
        assert [view.find("default", name) for name in ("first", "second", "third")] == [None] * 3


@pytest.mark.parametrize(
    "other",
    [
        {"user": "mika"},
        {"content": f"{DOG} lol".replace("comet", "vega")},
        {"content": f"{DOG} lol".replace("i have", "i never have")},
        {"metadata": {"message": "m2"}},
        {"memory_type": "preference"},
        {"ttl_s": 100},
        {"channel": "tower"},
        {"metadata": {"source": "vtuber"}},
    ],
)
def test_what_differs_in_anything_that_counts_stays_apart(memory: Core, other: dict[str, Any]) -> None:
    store(memory, "first", DOG)
    store(memory, "second", **{"content": f"{DOG} lol", **other})
    newer = memory.get(other.get("channel", "default"), "second")
    assert consolidation.merge_near_duplicate(memory, newer.channel, newer.seq) == 0


def test_merging_keeps_the_facts(memory: Core) -> None:
    store(memory, "old", "i live in osaka")
    store(memory, "first", "i live in berlin", timestamp=START + 5)
    store(memory, "again", "lol i live in berlin", timestamp=START + 9)
    consolidation.merge_near_duplicate(memory, "default", memory.get("default", "again").seq)
    with memory.store.read() as view:
        facts = [(fact["value"], fact["memories"]) for fact in truth.facts(view, "default", "kai", "lives_in", None)]
    assert facts == [("berlin", ["first"]), ("osaka", ["old"])]
    assert memory.get("default", "old").superseded_by == memory.get("default", "first").seq


def test_consolidate_counts_and_is_idempotent(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path / "own") as memory:
            await memory.store_memory(DOG, user="kai", importance=0.9, id="a")
            await memory.store_memory(f"{DOG} lol", user="kai", id="b")
            await memory.store_memory("the sea is calm", user="kai", id="c")
            done = await memory.consolidate()
            assert (done["promoted"], done["merged"]) == (1, 1)
            done = await memory.consolidate()
            assert (done["promoted"], done["merged"], done["considered"]) == (0, 0, 1)
            assert (await memory.get_memory("b"))["id"] == "a"
            assert (await memory.stats())["tiers"] == {"short_term": 1, "long_term": 1}

    run(work())


def test_every_kind_of_use_makes_the_maintainer_look_again(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path / "own") as memory:
            for name in ("recalled", "repeated", "rated", "flushed"):
                await memory.store_memory(f"the {name} lantern of the {name} tower", user="kai", id=name)
            assert (await memory.maintain())["promoted"] == 0
            for _ in range(3):
                await memory.retrieve_memories("recalled", k=1, filters={}, memory_types="short_term")
                await memory.store_memory("the repeated lantern of the repeated tower", user="kai")
                await memory.retrieve_memories("flushed", k=1)
            parts(memory).core.flush_uses()  # as a busy search or another call does
            await memory.update_memory("rated", importance=0.95)
            assert (await memory.maintain())["promoted"] == 4

    run(work())

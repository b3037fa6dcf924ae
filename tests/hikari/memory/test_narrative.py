"""Episodes from the first turn to the stored summary: once each, across restarts, crashes and changes."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hikari.memory import truth
from hikari.memory.episodes import EpisodeBuffer
from hikari.memory.hash_embedder import HashEmbedder
from hikari.memory.records import Memory
from hikari.memory.summaries import Summary, Turn
from hikari.memory.system import NeuralMemorySystem
from hikari.memory.turns import Turns
from tests.hikari.memory.systems import DAY, START, Clock, core, opened, parts, run, system

pytestmark = pytest.mark.usefixtures("rules_only")
TALK = (
    "we found a lantern in the garden",
    "it was hidden under the old bridge",
    "who put it there",
    "i think a fox did",
    "what a night",
)


async def talk(memory: NeuralMemorySystem, clock: Clock, name: str = "", count: int = 5) -> None:
    for number in range(count):
        await memory.store_memory(
            f"{TALK[number]} {name}", user=("kai", "mika")[number % 2], id=f"{name}{number}", timestamp=clock.now
        )
        clock.now += 10


async def summaries(memory: NeuralMemorySystem) -> list[dict[str, Any]]:
    return await memory.retrieve_memories("lantern bridge fox night", k=50, memory_types=["episodic"])


def test_silence_ends_an_episode_and_the_maintainer_sums_it_up_once(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock()
        async with opened(tmp_path, clock) as memory:
            await talk(memory, clock)
            assert (await memory.maintain())["summed_up"] == 0
            clock.now += DAY
            assert (await memory.maintain())["summed_up"] == 1
            assert (await memory.maintain())["summed_up"] == 0
            (row,) = await summaries(memory)
            about = row["metadata"]
            assert (about["turns"], about["speakers"], about["closed_by"]) == (5, ["kai", "mika"], "silence")
            assert (about["start"], about["end"], row["timestamp"]) == (START, START + 40, START + 40)
            assert (row["tier"], about["source"]) == ("episodic", "system")
            await talk(memory, clock, "short", 3)
            clock.now += DAY
            await memory.maintain()
            assert len(await summaries(memory)) == 1, "three turns need no summary"
        async with opened(tmp_path, clock) as memory:
            assert (await memory.maintain())["summed_up"] == 0
            assert len(await summaries(memory)) == 1

    run(work())


def test_an_open_episode_goes_on_after_a_restart(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock()
        for name in ("a", "b"):
            async with opened(tmp_path, clock) as memory:
                await talk(memory, clock, name)
        async with opened(tmp_path, clock) as memory:
            clock.now += DAY
            assert (await memory.maintain())["summed_up"] == 1
            (row,) = await summaries(memory)
            assert row["metadata"]["turns"] == 10

    run(work())


class Wordy:
    """A summariser that says something else every time."""

    name = "wordy"

    def __init__(self) -> None:
        self.calls = 0

    def summarise(self, turns: Sequence[Turn]) -> Summary:
        self.calls += 1
        return Summary(f"the lantern, told for the {self.calls}. time", ())


def test_a_crash_between_summary_and_bookkeeping_makes_no_second_one(tmp_path: Path) -> None:
    async def work() -> None:
        clock, wordy = Clock(), Wordy()
        abandoned = system(tmp_path, clock, summariser=wordy)
        await talk(abandoned, clock)
        clock.now += DAY
        assert (await abandoned.maintain())["summed_up"] == 1
        await abandoned.delete_memory("3")
        await abandoned.update_memory("4", content="what a wonderful night")
        # As a crash leaves it: the store is there, nothing of what was only in memory.
        inside = parts(abandoned).core
        inside.writer.close()  # type: ignore[union-attr]
        inside.store.close()
        abandoned._parts = None
        await abandoned.close()
        async with opened(tmp_path, clock, summariser=wordy) as memory:
            clock.now += DAY
            await memory.maintain()
            assert len(await summaries(memory)) == 1
            assert (await memory.maintain())["summed_up"] == 0

    run(work())


def test_a_session_is_summed_up_on_request(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock()
        async with opened(tmp_path, clock) as memory:
            for number, text in enumerate(TALK):
                session = "s1" if number < 3 else "s2"
                await memory.store_memory(text, user="kai", metadata={"session": session}, timestamp=START + number)
            first = await memory.summarize_episode(session="s1")
            assert first is not None
            assert first["metadata"]["turns"] == 3
            assert await memory.summarize_episode(session="s1") == first
            assert await memory.summarize_episode(session="unknown") is None
            await memory.store_memory("one more thing", user="kai", metadata={"session": "s1"})
            again = await memory.summarize_episode(session="s1")
            assert again is not None
            assert (again["metadata"]["turns"], again["id"] != first["id"]) == (4, True)

    run(work())


def test_the_open_episode_is_summed_up_on_request(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock()
        async with opened(tmp_path, clock) as memory:
            assert await memory.summarize_episode() is None
            await memory.store_memory("a single word of the lantern", user="kai")
            row = await memory.summarize_episode()
            assert row is not None
            assert row["metadata"]["turns"] == 1
            assert await memory.summarize_episode() is None
            assert await memory.facts("kai") == []

    run(work())


def test_a_summary_states_no_facts(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock()
        async with opened(tmp_path, clock) as memory:
            await memory.store_memory("i live in osaka", user="kai")
            row = await memory.summarize_episode()
            assert row is not None
            with parts(memory).core.store.read() as view:
                (fact,) = truth.facts(view, "default", "kai", "lives_in", None)
            assert len(fact["memories"]) == 1
            assert row["id"] not in fact["memories"]

    run(work())


def test_changing_an_old_memory_does_not_reopen_its_episode(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock()
        async with opened(tmp_path, clock) as memory:
            await talk(memory, clock)
            clock.now += DAY
            await memory.maintain()
            await memory.store_memory("a new day", user="kai", timestamp=clock.now)
            await memory.update_memory("1", content="it lay beside the old bridge")
            row = await memory.summarize_episode()
            assert row is not None
            assert (row["metadata"]["turns"], row["metadata"]["closed_by"]) == (1, "end")

    run(work())


def test_another_encoder_ends_the_open_episode_and_starts_no_old_one(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock()
        async with opened(tmp_path, clock) as memory:
            await talk(memory, clock, "a")
            clock.now += DAY
            await memory.maintain()
            await talk(memory, clock, "b")
        async with opened(tmp_path, clock, embedder=HashEmbedder(48)) as memory:
            await talk(memory, clock, "c")
            clock.now += DAY
            assert (await memory.maintain())["summed_up"] == 2
            rows = await summaries(memory)
            assert sorted(row["metadata"]["turns"] for row in rows) == [5, 5, 5]
            assert len({row["metadata"]["start"] for row in rows}) == 3

    run(work())


def test_damaged_bookkeeping_loses_an_episode_and_nothing_else(tmp_path: Path) -> None:
    with core(tmp_path, Clock()) as memory:
        memory.store_rows([{"content": "before the damage", "id": "a"}])
    for state in (
        {"buffer": {}, "closed": [], "change": 1},
        {"buffer": 5},
        {"closed": [[1]], "buffer": {"format": 1}, "change": 1},
    ):
        with core(tmp_path, Clock()) as memory:
            memory.store.write(lambda edit, state=state: edit.set_value("state", "default", "episodes", state))
            memory.store_rows([{"content": f"after the damage {state}"}])
            with memory.spaces.use("default") as space:
                assert len(space.vectors) == len(space.lexical)


def turn(seq: int, **more: Any) -> Memory:
    return Memory(
        **{"seq": seq, "id": f"m{seq}", "channel": "c", "content": "x", "memory_type": "fact", "tier": "short_term", **more}
    )


def test_no_turn_is_lost_while_the_maintainer_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    turns, vector = Turns(), np.array([1.0, 0.0], np.float32)
    turns.hear(turn(1, timestamp=0.0), vector)
    others: list[threading.Thread] = []
    real = EpisodeBuffer._kept_vectors

    def interrupted(self: EpisodeBuffer) -> int:
        if not others:
            # In the middle of taking in a turn the maintainer comes to end the episode.
            others.append(threading.Thread(target=turns.end))
            others[0].start()
            others[0].join(0.2)
        return real(self)

    monkeypatch.setattr(EpisodeBuffer, "_kept_vectors", interrupted)
    turns.hear(turn(2, timestamp=1.0), vector)
    others[0].join(30)
    turns.end()
    assert [seq for episode in turns.closed() for seq in episode.seqs] == [1, 2]


def test_only_passing_talk_is_heard_and_each_row_once() -> None:
    turns, vector = Turns(), np.array([1.0, 0.0], np.float32)
    for row in (
        turn(1, timestamp=0.0),
        turn(2, tier="long_term"),
        turn(3, members=(1,)),
        turn(4, source="system"),
        turn(5, timestamp=1.0),
        turn(1, timestamp=2.0),
    ):
        turns.hear(row, vector)
    again = Turns()
    again.load(turns.state(), 2)
    again.hear(turn(5, timestamp=3.0), vector)
    again.end()
    (episode,) = again.closed()
    assert episode.seqs == (1, 5)
    again.summed_up(episode)
    assert again.closed() == []

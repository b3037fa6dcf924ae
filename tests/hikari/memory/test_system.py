"""The public class: what is stored is found at once, changed, deleted, listed and counted, each channel by itself."""

import asyncio
from pathlib import Path

import pytest

from hikari.errors import BadInput, NotFound
from tests.hikari.memory.systems import START, Clock, contents, ids, opened, run

pytestmark = pytest.mark.usefixtures("rules_only")


def test_what_is_stored_is_found_by_the_next_call_through_both_legs(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            first = await memory.store_memory("the lighthouse keeper feeds seagulls", "conversation", {"user": "mika"})
            for number in range(30):
                await memory.store_memory(f"message {number} about something else entirely", metadata={"user": "rin"})
                found = await memory.retrieve_memories("lighthouse keeper", k=1, explain=True)
                assert ids(found) == [first]
            assert found[0]["explain"]["lexical"] > 0
            assert found[0]["explain"]["similarity"] > 0
            # By letter groups alone: no word is the same.
            assert ids(await memory.retrieve_memories("lighthousekeepers feedings", k=1)) == [first]
            assert (await memory.get_memory(first))["content"] == "the lighthouse keeper feeds seagulls"

    run(work())


def test_fifty_parallel_writes_and_reads(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:

            async def one(number: int) -> None:
                identifier = await memory.store_memory(f"parallel{number} tells of itself", metadata={"user": f"u{number % 7}"})
                assert ids(await memory.retrieve_memories(f"parallel{number} tells", k=1)) == [identifier]

            await asyncio.gather(*(one(number) for number in range(50)))
            assert (await memory.stats())["memories"] == 50

    run(work())


def test_channels_never_see_each_other(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            for channel in ("lamp", "tower"):
                await memory.store_memory(
                    f"my cat is called {channel}cat and i live in osaka", channel=channel, id="same", metadata={"user": "kai"}
                )
                for number in range(5):
                    await memory.store_memory(f"i love {channel} number {number}", channel=channel, metadata={"user": "kai"})
            for channel, other in (("lamp", "tower"), ("tower", "lamp")):
                rows = await memory.retrieve_memories("cat osaka love number", k=50, channel=channel)
                rows += await memory.recent(50, channel=channel)
                rows += await memory.retrieve_memories("cat", k=50, channel=channel, user="kai", filters={"user": "kai"})
                assert {row["channel"] for row in rows} == {channel}
                assert not any(f"{other}" in row["content"] for row in rows)
                assert f"{other}" not in repr(await memory.facts("kai", channel=channel))
                assert f"{other}" not in repr(await memory.related_entities("kai", channel=channel, hops=2))
                assert f"{other}" not in repr(await memory.stats(channel))
                assert (await memory.get_memory("same", channel=channel))["channel"] == channel
                assert (await memory.audit(channel))["records"] == 6
            page = await memory.retrieve_memories("love number", k=2, channel="lamp")
            with pytest.raises(BadInput, match="another query") as caught:
                await memory.retrieve_memories("love number", k=2, channel="tower", cursor=page.cursor)
            assert caught.value.field == "cursor"
            await memory.forget_user("kai", channel="lamp")
            assert (await memory.stats())["channels"] == {"lamp": 0, "tower": 6}
            await memory.delete_memory("same", channel="tower")
            with pytest.raises(NotFound):
                await memory.get_memory("same", channel="lamp")

    run(work())


def test_updating_and_deleting(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock()
        async with opened(tmp_path, clock) as memory:
            await memory.store_memory("the harbour is quiet", "preference", {"user": "mika", "mood": 1}, id="a")
            changed = await memory.update_memory(
                "a",
                content="the mountain is loud",
                importance=0.9,
                pinned=True,
                metadata={"mood": 2},
                ttl_s=60,
                memory_type="fact",
            )
            assert changed["expires_at"] == clock.now + 60
            assert (changed["content"], changed["memory_type"], changed["tier"]) == ("the mountain is loud", "fact", "short_term")
            assert changed == await memory.get_memory("a")
            found = await memory.retrieve_memories("loud mountain", k=1, filters={"mood": 2}, explain=True)
            assert ids(found) == ["a"]
            assert (await memory.retrieve_memories("quiet harbour", explain=True))[0]["explain"]["lexical"] == 0
            assert (await memory.update_memory("a", expires_at=None))["expires_at"] is None
            assert await memory.delete_memory("a")
            assert await memory.retrieve_memories("loud mountain") == []
            for call in (memory.get_memory("a"), memory.delete_memory("a"), memory.update_memory("a", importance=0.1)):
                with pytest.raises(NotFound):
                    await call
            assert await memory.store_memory("a new row under the old id", id="a") == "a"

    run(work())


def test_recent_is_the_short_term_ring_in_the_order_of_time(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock()
        async with opened(tmp_path, clock, short_term_size=5) as memory:
            for number in (3, 1, 2, 5, 4, 0):
                await memory.store_memory(f"turn {number}", timestamp=START + number, ttl_s=1000 if number == 5 else None)
            assert contents(await memory.recent(3)) == ["turn 3", "turn 4", "turn 5"]
            clock.now = START + 2000
            assert contents(await memory.recent(3)) == ["turn 2", "turn 3", "turn 4"]
            with pytest.raises(BadInput, match="from 1 to 5"):
                await memory.recent(6)

    run(work())


def test_statistics_tell_what_is_there(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            await memory.store_memories(
                [{"content": f"row {n}", "memory_type": "long_term" if n % 2 else "fact"} for n in range(6)]
            )
            facts = await memory.stats()
            assert (facts["memories"], facts["tiers"]) == (6, {"short_term": 3, "long_term": 3})
            assert facts["indices"]["default"]["lexical"] == 6
            assert facts["embedding_cache"]["entries"] == 6
            assert facts["notes"] != []
            assert facts["maintenance"]["running"] is False
            assert facts["encoder"]["dimension"] == 96

    run(work())

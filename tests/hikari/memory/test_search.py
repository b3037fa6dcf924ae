"""Answering: filters lose nothing, pages repeat nothing, the past is the past, and what is superseded comes after."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.memory import gather, history
from hikari.memory.fusion import Ranking
from hikari.memory.records import Memory
from hikari.memory.system import NeuralMemorySystem
from tests.hikari.memory.systems import DAY, START, Clock, contents, ids, opened, parts, run

pytestmark = pytest.mark.usefixtures("rules_only")


async def fill(memory: NeuralMemorySystem, count: int, **special: Any) -> None:
    """So many rows that all speak of the same thing; `special` is what the one in the middle has besides."""
    rows = [
        {"id": f"m{n}", "content": f"lantern message number{n}", "timestamp": START + n, "user": "crowd", "metadata": {"n": n}}
        for n in range(count)
    ]
    middle = rows[count // 2]
    middle["metadata"] = {**middle["metadata"], **special.pop("metadata", {})}
    middle.update(special)
    assert all(isinstance(answer, str) for answer in await memory.store_memories(rows))


def test_no_filter_loses_the_only_match_of_2000(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path, extract=False, episodes=False) as memory:
            special = {"memory_type": "preference", "user": "mika", "metadata": {"tag": "rare", "deep": {"level": 9}}}
            await fill(memory, 2_000, content="nothing about the matter", **special)
            wanted = "m1000"
            for options in (
                {"memory_types": ["preference"]},
                {"user": "mika"},
                {"filters": {"tag": "rare"}},
                {"filters": {"deep.level": {"gte": 9}}},
                {"filters": {"OR": [{"tag": {"startswith": "ra"}}, {"n": -1}]}},
                {"filters": {"tag": {"exists": True}}},
                {"since": START + 1000, "until": START + 1001},
                {"since": START + 1000, "until": START + 1001, "user": "mika", "filters": {"n": {"in": [1000]}}},
            ):
                assert ids(await memory.retrieve_memories("lantern message", k=3, **options)) == [wanted], options
            await memory.update_memory(wanted, memory_type="long_term")
            assert ids(await memory.retrieve_memories("lantern message", memory_types="long_term")) == [wanted]
            assert len(await memory.retrieve_memories("lantern", k=200, since=START + 10, until=START + 60)) == 50
            assert await memory.retrieve_memories("lantern message", filters={"tag": "absent"}) == []

    run(work())


def test_no_filter_loses_a_match_beyond_what_the_legs_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "WIDEST", 200)

    async def work() -> None:
        async with opened(tmp_path, extract=False, episodes=False) as memory:
            await fill(memory, 900, content="nothing about the matter", metadata={"tag": "rare"})
            assert ids(await memory.retrieve_memories("lantern message", filters={"tag": "rare"})) == ["m450"]
            assert ids(await memory.retrieve_memories("lantern message", user="crowd", filters={"tag": "rare"})) == ["m450"]
            assert ids(await memory.retrieve_memories("lantern message", as_of=START, k=9)) == ["m0"]

    run(work())


def test_rows_whose_deadline_has_come_do_not_crowd_out_the_others(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock()
        async with opened(tmp_path, clock, extract=False, episodes=False) as memory:
            rows = [{"content": f"lantern message number{n}", "ttl_s": 10, "timestamp": START} for n in range(400)]
            await memory.store_memories([*rows, {"content": "nothing about the matter", "id": "kept"}])
            clock.now += 20
            assert ids(await memory.retrieve_memories("lantern message")) == ["kept"]

    run(work())


@pytest.mark.parametrize("k", [7, 100])
def test_pages_walk_over_all_rows_once(tmp_path: Path, k: int) -> None:
    async def work() -> None:
        async with opened(tmp_path, extract=False, episodes=False) as memory:
            await fill(memory, 450)
            seen: list[str] = []
            cursor = None
            while True:
                page = await memory.retrieve_memories("lantern message", k=k, cursor=cursor)
                seen += ids(page)
                cursor = page.cursor
                if cursor is None:
                    break
            assert len(seen) == len(set(seen)) == 450

    run(work())


def test_pages_neither_repeat_nor_skip_while_rows_come_and_go(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path, extract=False, episodes=False) as memory:
            await fill(memory, 120)
            seen: list[str] = []
            deleted: set[str] = set()
            cursor, number = None, 0
            while True:
                page = await memory.retrieve_memories("lantern message", k=10, cursor=cursor)
                seen += ids(page)
                cursor = page.cursor
                if cursor is None:
                    break
                await memory.store_memory(f"lantern message fresh{number}", id=f"fresh{number}")
                victim = next(f"m{n}" for n in range(120) if f"m{n}" not in deleted and f"m{n}" not in seen)
                deleted.add(victim)
                await memory.delete_memory(victim)
                number += 1
            assert len(seen) == len(set(seen))
            assert {f"m{n}" for n in range(120)} - deleted <= set(seen)
            assert not deleted & set(seen)

    run(work())


def test_a_later_page_shows_nothing_whose_deadline_came_since(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock()
        async with opened(tmp_path, clock, extract=False, episodes=False) as memory:
            await memory.store_memories([{"content": f"lantern {n}", "ttl_s": 60 if n % 2 else None} for n in range(20)])
            first = await memory.retrieve_memories("lantern", k=4)
            clock.now += 100
            rest = await memory.retrieve_memories("lantern", k=50, cursor=first.cursor)
            assert all(row["expires_at"] is None for row in rest)
            assert len(rest) == 10 - sum(row["expires_at"] is None for row in first)

    run(work())


def test_the_past_is_seen_as_it_was(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock(START)
        async with opened(tmp_path, clock) as memory:
            await memory.store_memory("i live in osaka", id="old", user="kai", timestamp=START)
            await memory.store_memory("i live in berlin", id="new", user="kai", timestamp=START + 10 * DAY)
            await memory.store_memory("the living room is cold", id="short", user="kai", timestamp=START, ttl_s=5 * DAY)
            clock.now = START + 20 * DAY
            now = await memory.retrieve_memories("where does kai live?", k=9)
            assert [(row["id"], row["current"]) for row in now] == [("new", True), ("old", False)]
            past = await memory.retrieve_memories("where does kai live?", k=9, as_of=START + DAY)
            assert {row["id"]: row["current"] for row in past} == {"old": True, "short": True}
            assert ids(past)[0] == "old"
            assert ids(await memory.retrieve_memories("where does kai live?", as_of=START - 1)) == []
            assert ids(await memory.retrieve_memories("where does kai live?", current_only=True)) == ["new"]
            assert ids(await memory.retrieve_memories("where does kai live?", as_of=START + DAY, current_only=True))[0] == "old"

    run(work())


def test_asking_for_the_past_ignores_and_leaves_no_uses(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock(START)
        async with opened(tmp_path, clock) as memory:
            await memory.store_memory("a lantern by the door", id="a")
            before = await memory.retrieve_memories("lantern", as_of=START + 30 * DAY, explain=True)
            clock.now = START + 60 * DAY
            for _ in range(5):
                await memory.retrieve_memories("lantern")
            after = await memory.retrieve_memories("lantern", as_of=START + 30 * DAY, explain=True)
            assert after == before
            core = parts(memory).core
            core.flush_uses()
            with core.store.read() as view:
                assert view.access(1)[0] == 5

    run(work())


def test_a_use_strengthens_and_a_pin_never_fades(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock(START)
        async with opened(tmp_path, clock) as memory:
            for name in ("used", "unused", "pinned"):
                await memory.store_memory(
                    "the red lantern", id=name, metadata={"name": name, "session": name}, pinned=name == "pinned"
                )
            clock.now += 10 * DAY
            for _ in range(4):
                await memory.retrieve_memories("red lantern", filters={"name": "used"})
            clock.now += 60 * DAY
            found = await memory.retrieve_memories("red lantern", k=3, explain=True)
            kept = {row["id"]: row["explain"]["retained"] for row in found}
            assert kept["pinned"] == 1.0
            assert 1.0 > kept["used"] > kept["unused"] > 0.5
            assert ids(found) == ["pinned", "used", "unused"]
            off = await memory.retrieve_memories("red lantern", k=3, decay=False, explain=True)
            assert {row["explain"]["retained"] for row in off} == {1.0}

    run(work())


def test_without_fading_the_order_is_the_same_as_with_decay_off(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path, Clock(START)) as memory:
            for number, text in enumerate(
                (
                    "i live in osaka",
                    "i live in berlin",
                    "kai lives near a lake",
                    "where do you live",
                    "living is easy",
                    "i moved house",
                )
            ):
                await memory.store_memory(text, id=f"m{number}", user="kai", timestamp=START, pinned=True)
            on = await memory.retrieve_memories("where does kai live", k=9)
            off = await memory.retrieve_memories("where does kai live", k=9, decay=False)
            assert [(row["id"], row["score"]) for row in on] == [(row["id"], row["score"]) for row in off]

    run(work())


def test_pages_of_current_rows_never_show_what_is_superseded(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path, Clock(START + DAY)) as memory:
            for number, town in enumerate(("osaka", "berlin", "paris", "oslo")):
                await memory.store_memory(f"i live in {town}", id=town, user="kai", timestamp=START + number)
            await memory.store_memory("i live for ramen", id="ramen", user="kai", timestamp=START)
            seen: list[str] = []
            cursor = None
            while True:
                page = await memory.retrieve_memories("i live in", k=1, current_only=True, cursor=cursor)
                seen += ids(page)
                cursor = page.cursor
                if cursor is None:
                    break
            assert sorted(seen) == ["oslo", "ramen"]

    run(work())


def test_the_query_of_an_unknown_channel_finds_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            assert await memory.retrieve_memories("anything", channel="nowhere") == []
            assert await memory.recent(channel="nowhere") == []
            assert await memory.facts("kai", channel="nowhere") == []
            assert await memory.related_entities("kai", channel="nowhere") == []
            assert await memory.summarize_episode("nowhere") is None

    run(work())


def test_queries_of_any_kind_are_answered(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path) as memory:
            await memory.store_memory("plain words", id="a", user="kai")
            for query in (
                "???",
                "AND OR NOT",
                '"unbalanced',
                "text:plain^2",
                "\U0001f431" * 40,
                "a\ud800b",
                "@kai",
                "x" * 20_000,
                "日本",
            ):
                assert ids(await memory.retrieve_memories(query)) == ["a"]

    run(work())


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.floats(0.01, 2), st.integers(-1, 9), st.integers(0, 9)), min_size=1, max_size=10),
    st.floats(0.1, 1),
)
def test_what_is_superseded_is_never_before_what_replaced_it(rows: list[tuple[float, int, int]], factor: float) -> None:
    # A row is only superseded by a later one, as in a store.
    memories = {}
    for seq, (_, by, _) in enumerate(rows):
        newer = by if seq < by < len(rows) else None
        memories[seq] = Memory(
            seq,
            f"m{seq}",
            "c",
            "x",
            "fact",
            "short_term",
            superseded_by=newer,
            superseded_at=None if newer is None else float(newer),
        )
    seqs = np.arange(len(rows), dtype=np.int64)
    ranking = history.reordered(Ranking(seqs, np.array([score for score, _, _ in rows]), {}))
    ordered = history.in_order(ranking, memories, 100.0, factor).seqs.tolist()
    for seq, memory in memories.items():
        if memory.superseded_by is not None:
            assert ordered.index(memory.superseded_by) < ordered.index(seq)
    untouched = {seq: Memory(seq, f"m{seq}", "c", "x", "fact", "short_term") for seq in memories}
    assert history.in_order(ranking, untouched, 100.0).seqs.tolist() == ranking.seqs.tolist()


def test_expired_rows_are_seen_in_the_past_while_they_are_there(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock(START)
        async with opened(tmp_path, clock) as memory:
            await memory.store_memory("a note for an hour", id="note", ttl_s=3600)
            clock.now += 3599
            assert ids(await memory.retrieve_memories("note")) == ["note"]
            clock.now += 1
            assert await memory.retrieve_memories("note") == []
            assert contents(await memory.retrieve_memories("note", as_of=START + 10)) == ["a note for an hour"]
            assert (await memory.maintain())["expired"] == 1
            assert await memory.retrieve_memories("note", as_of=START + 10) == []

    run(work())

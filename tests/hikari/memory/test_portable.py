"""Out of one store and into another: nothing is lost, nothing comes twice, bad lines are named."""

import json
from pathlib import Path
from typing import Any

import pytest

from hikari.errors import BadInput
from tests.hikari.memory.systems import DAY, START, Clock, ids, opened, parts, run

pytestmark = pytest.mark.usefixtures("rules_only")


async def uses(memory: Any, channel: str) -> dict[str, Any]:
    core = parts(memory).core
    core.flush_uses()
    with core.store.read() as view:
        rows = [row for seq in view.seqs(channel) if (row := view.get(seq)) is not None]
        return {row.id: (row, view.access(row.seq)) for row in rows}


def test_a_round_trip_loses_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock(START + DAY)
        async with opened(tmp_path / "a", clock) as memory:
            for number, content in enumerate(("i live in osaka", "i live in berlin", "my cat is mochi", "i love ramen")):
                await memory.store_memory(
                    content, "fact", {"session": "s1", "n": number}, number / 10, user="kai", timestamp=START + number,
                    pinned=number == 2, id=f"m{number}",
                )  # fmt: skip
            await memory.store_memory("for two days", ttl_s=2 * DAY, id="ttl", channel="tower", timestamp=START)
            await memory.store_memory("日本 \U0001f431 \u2028 line", id="unicode", channel="tower")
            await memory.retrieve_memories("cat mochi", k=1)
            await memory.retrieve_memories("cat mochi", k=1)
            summary = await memory.summarize_episode(session="s1")
            assert summary is not None
            await memory.update_memory("m3", memory_type="long_term")
            await memory.update_memory("m3", memory_type="preference")
            seen: list[int] = []
            assert await memory.export_memories(tmp_path / "all.jsonl", progress=seen.append) == 7
            before = {**await uses(memory, "default"), **await uses(memory, "tower")}
        async with opened(tmp_path / "b", clock) as memory:
            for _ in range(2):
                outcome = await memory.import_memories(tmp_path / "all.jsonl", progress=seen.append)
                assert outcome == {"stored": 7, "failed": 0, "errors": []}
                after = {**await uses(memory, "default"), **await uses(memory, "tower")}
                assert after.keys() == before.keys()
                for name, (row, access) in before.items():
                    other = after[name][0]
                    assert other.public() == row.public()
                    assert (other.user, other.session, other.source) == (row.user, row.session, row.source)
                    assert after[name][1] == access
            assert before["m2"][1][0] == 2
            assert after["m3"][0].tier == "long_term"
            assert [fact["value"] for fact in await memory.facts("kai", attribute="lives_in")] == ["berlin", "osaka"]
            assert seen[-1] == 7
            # What the summary rests on came along: it goes with whom it is about.
            assert (await memory.forget_user("kai"))["summaries"] == 1
            assert (await memory.stats())["channels"] == {"default": 0, "tower": 2}

    run(work())


def test_into_another_channel(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path / "a") as memory:
            await memory.store_memory("in the lamp", metadata={"channel": "lamp"}, id="a")
            await memory.store_memory("in the tower", channel="tower", id="b", memory_type="long_term")
            assert await memory.export_memories(tmp_path / "lamp.jsonl", channel="lamp") == 1
            await memory.export_memories(tmp_path / "all.jsonl")
            await memory.import_memories(tmp_path / "all.jsonl", channel="harbour")
            assert (await memory.stats())["channels"] == {"lamp": 1, "tower": 1, "harbour": 2}
            assert (await memory.get_memory("b", channel="harbour"))["tier"] == "long_term"

    run(work())


def test_bad_lines_are_named_and_harm_no_other(tmp_path: Path) -> None:
    lines: list[bytes] = [
        b'{"content": "good", "id": "a"}',
        b"no json",
        b"",
        b"\xff\xfe",
        b"[1, 2]",
        b'{"content": ""}',
        b'{"content": "newer", "format": 99}',
        b'{"content": "huge", "importance": ' + b"9" * 5_000 + b"}",
        b'{"content": "not finite", "metadata": {"x": NaN}}',
        b'{"content": "another text", "id": "a"}',
        b'{"content": "odd", "uses": {"count": "x", "times": [NaN]}, "tier": "nowhere", "members": [1, "gone"], "id": "odd"}',
        b'{"content": "used", "uses": {"count": 3, "times": [5.0, "x"]}, "id": "used"}',
        b"[" * 100_000,
    ]
    (tmp_path / "rows.jsonl").write_bytes(b"\n".join(lines))

    async def work() -> None:
        async with opened(tmp_path / "store") as memory:
            outcome = await memory.import_memories(tmp_path / "rows.jsonl")
            assert (outcome["stored"], outcome["failed"]) == (3, 9)
            assert [error["line"] for error in outcome["errors"]] == [2, 4, 5, 6, 7, 8, 9, 10, 13]
            assert (await uses(memory, "default"))["used"][1] == (3, (5.0,))
            with pytest.raises(BadInput):
                await memory.import_memories(tmp_path / "missing.jsonl")
            with pytest.raises(BadInput):
                await memory.import_memories(tmp_path)

    run(work())


def test_an_export_is_whole_or_not_there(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path / "store") as memory:
            await memory.store_memories([{"content": f"row {n}"} for n in range(1_100)])
            target = tmp_path / "out" / "rows.jsonl"

            def stop(done: int) -> None:
                raise KeyboardInterrupt if done < 0 else RuntimeError("stopped")

            with pytest.raises(RuntimeError):
                await memory.export_memories(target, progress=stop)
            assert not target.exists()
            assert list(target.parent.iterdir()) == []
            assert await memory.export_memories(target) == 1_100
            rows = [json.loads(line) for line in target.read_bytes().splitlines()]
            assert len({row["id"] for row in rows}) == 1_100
            assert ids(rows) != []

    run(work())

"""The maintainer: what is due is done, pinned memories stay, nothing locks up, and a burst puts it off."""

import threading
from pathlib import Path
from typing import Any

import pytest

from hikari.errors import BadInput, NotFound, StoreFull
from hikari.memory import maintenance
from hikari.memory.config import MemoryConfig
from hikari.memory.core import Core
from hikari.memory.store import Store
from tests.hikari.memory.systems import DAY, START, Clock, ids, opened, parts, run

pytestmark = pytest.mark.usefixtures("rules_only")


def test_deadlines_end_memories_pinned_or_not(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock()
        async with opened(tmp_path, clock) as memory:
            await memory.store_memory("for an hour", id="a", ttl_s=3600)
            await memory.store_memory("pinned for an hour", id="b", ttl_s=3600, pinned=True)
            await memory.store_memory("for ever", id="c")
            await memory.store_memory("prolonged", id="d", ttl_s=3600)
            await memory.update_memory("d", ttl_s=2 * 3600)
            clock.now += 3600
            assert set(ids(await memory.retrieve_memories("for an hour", k=9))) == {"c", "d"}
            with pytest.raises(NotFound):
                await memory.get_memory("a")
            assert (await memory.maintain())["expired"] == 2
            assert (await memory.stats())["memories"] == 2
            assert (await memory.maintain())["expired"] == 0

    run(work())


def test_forget_deletes_what_has_faded_and_nothing_without_being_asked(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock()
        async with opened(tmp_path, clock) as memory:
            await memory.store_memory("weak", id="weak", importance=0.2)
            await memory.store_memory("strong", id="strong", importance=0.9)
            await memory.store_memory("pinned", id="pinned", importance=0.0, pinned=True)
            await memory.store_memory("over", id="over", ttl_s=5)
            clock.now += 100 * DAY
            expected = {"expired": 1, "faded": 1, "kept": 2, "dry_run": True}
            assert await memory.forget(below=0.2, dry_run=True) == expected
            assert (await memory.stats())["memories"] == 4
            assert await memory.forget() == {"expired": 1, "faded": 0, "kept": 3, "dry_run": False}
            assert (await memory.forget("elsewhere", below=1.0))["faded"] == 0
            assert (await memory.forget(below=0.2))["faded"] == 1
            assert set(ids(await memory.recent())) == {"strong", "pinned"}
            # 0.9 * 0.995**1000 = 0.006
            clock.now += 900 * DAY
            assert (await memory.forget(below=1.0))["kept"] == 1
            assert ids(await memory.recent()) == ["pinned"]

    run(work())


def test_a_use_keeps_from_fading(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock()
        async with opened(tmp_path, clock) as memory:
            await memory.store_memory("the used lantern", id="used")
            await memory.store_memory("a forgotten thing", id="unused")
            clock.now += 200 * DAY
            await memory.retrieve_memories("used lantern", k=1)
            parts(memory).core.flush_uses()
            assert (await memory.forget(below=0.3))["faded"] == 1
            assert ids(await memory.recent()) == ["used"]

    run(work())


def test_capacity_takes_the_least_kept_and_never_a_pinned_one(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock()
        async with opened(tmp_path, clock, capacity=4, episodes=False) as memory:
            for number in range(5):
                await memory.store_memory(f"row number {number}", id=f"m{number}", importance=number / 10, timestamp=START)
            for number in range(3):
                await memory.store_memory(f"pinned number {number}", id=f"p{number}", importance=0, pinned=True)
            await memory.store_memory("in another channel", channel="tower")
            assert (await memory.maintain())["purged"] == 4
            assert set(ids(await memory.recent())) == {"m4", "p0", "p1", "p2"}
            for number in range(3, 6):
                await memory.store_memory(f"pinned number {number}", id=f"p{number}", pinned=True)
            assert (await memory.maintain())["purged"] == 1
            assert (await memory.maintain())["purged"] == 0
            assert (await memory.stats())["channels"] == {"default": 6, "tower": 1}

    run(work())


def test_scanning_holds_no_view_while_it_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Growing or compacting the file waits for all readers: a scan that reads and writes in turn must not be one of them."""
    real = Core.delete

    def compacting(self: Core, memories: Any) -> int:
        self.store.compact()
        return real(self, memories)

    monkeypatch.setattr(Core, "delete", compacting)

    async def work() -> None:
        clock = Clock()
        async with opened(tmp_path, clock, capacity=1) as memory:
            for number in range(3):
                await memory.store_memory(f"row number {number}", ttl_s=5 if number == 2 else None)
            clock.now += 10
            assert (await memory.forget(below=0.1))["expired"] == 1
            assert (await memory.maintain())["purged"] == 1

    run(work())


def test_rounds_are_put_off_during_a_burst_and_counted(tmp_path: Path) -> None:
    async def work() -> None:
        async with opened(tmp_path, burst_writes_per_s=1e-6) as memory:
            maintainer = parts(memory).maintainer
            await memory.store_memory("a first row")
            assert "put_off" not in maintainer.round()
            await memory.store_memory("a second row")
            assert maintainer.round() == {"put_off": True}
            assert "put_off" not in maintainer.round(force=True)
            facts = (await memory.stats())["maintenance"]
            assert (facts["rounds"], facts["put_off"], facts["failed"]) == (2, 1, 0)

    run(work())


def test_a_round_without_time_goes_on_where_it_ended(tmp_path: Path) -> None:
    async def work() -> None:
        clock = Clock()
        async with opened(tmp_path, clock, maintenance_budget_s=1e-9) as memory:
            await memory.store_memory("important", id="a", importance=1)
            await memory.store_memory("the same again and again", id="b", user="kai")
            maintainer = parts(memory).maintainer
            done: dict[str, int] = {}
            for _ in range(40):
                for name, count in maintainer.round().items():
                    done[name] = done.get(name, 0) + count
            assert set(done) == {"expired", "promoted", "merged", "summed_up", "purged", "retrained", "saved"}
            await memory.maintain()
            assert (await memory.get_memory("a"))["tier"] == "long_term"

    run(work())


def test_the_background_thread_works_and_survives_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = threading.Event()
    real = maintenance.Maintainer.round
    calls: list[int] = []

    def failing(self: maintenance.Maintainer, **options: Any) -> dict[str, Any]:
        calls.append(1)
        if len(calls) <= 2:
            raise StoreFull("full") if len(calls) == 1 else ValueError("a viewer's words")
        done = real(self, **options)
        ran.set()
        return done

    monkeypatch.setattr(maintenance.Maintainer, "round", failing)

    async def work() -> None:
        async with opened(tmp_path, maintenance=True, maintenance_interval_s=0.01) as memory:
            await memory.store_memory("important", importance=1)
            assert ran.wait(30)
            facts = (await memory.stats())["maintenance"]
            assert (facts["running"], facts["failed"]) == (True, 2)
        assert not [thread for thread in threading.enumerate() if thread.name == "hikari-memory-maintainer"]

    run(work())


def test_a_mostly_deleted_file_is_rewritten_and_the_log_is_trimmed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "COMPACT_BYTES", 1)

    async def work() -> None:
        async with opened(tmp_path, save_every=20, extract=False, episodes=False) as memory:
            rows = [{"content": f"row {n}", "id": f"m{n}", "metadata": {"x": f"{n}" * 100}} for n in range(600)]
            await memory.store_memories(rows)
            store: Store = parts(memory).core.store
            for number in range(590):
                await memory.delete_memory(f"m{number}") if number > 580 else None
            await memory.forget(below=0.0)
            parts(memory).core.delete([parts(memory).core.get("default", f"m{number}") for number in range(580)])
            before = store.bytes_used()
            assert (await memory.maintain())["saved"] == 1
            assert store.bytes_used() < before / 2
            with store.read() as view:
                assert view.meta("log_start", 1) > 500
            assert set(ids(await memory.retrieve_memories("row", k=50))) == {f"m{n}" for n in (580, *range(590, 600))} | set()
        async with opened(tmp_path, extract=False, episodes=False) as memory:
            assert len(await memory.retrieve_memories("row", k=50)) == (await memory.stats())["memories"]

    run(work())


@pytest.mark.parametrize(
    "values",
    [
        {"capacity": 0},
        {"decay_rate": 0},
        {"decay_rate": 1.1},
        {"consolidation_threshold": -1},
        {"short_term_size": 0},
        {"maintenance_interval_s": 0},
        {"open_channels": 0},
        {"save_every": float("nan")},
    ],
)
def test_impossible_settings_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as caught:
        MemoryConfig(**values)
    assert caught.value.field == "config"
    assert next(iter(values)) in caught.value.message

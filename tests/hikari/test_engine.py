"""The engine of one process: real parts on small models, opened and closed together."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from hikari import AdvancedSentimentAnalyzer
from hikari.analytics.config import AnalyticsConfig
from hikari.analytics.engine import StreamAnalyticsEngine
from hikari.engine import Engine
from hikari.errors import NotReady
from hikari.memory.config import MemoryConfig
from hikari.memory.hash_embedder import HashEmbedder
from hikari.memory.system import NeuralMemorySystem
from hikari.settings import Settings
from hikari.stream.cache import ContentCache

NOW = 1_700_000_000.0
Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(asyncio.wait_for(work, 120))


def engine(folder: Path, bundle: Path, out: list[dict[str, Any]] | None = None, **options: Any) -> Engine:
    return Engine(
        analyzer=options.pop("analyzer", None) or AdvancedSentimentAnalyzer(bundle, clock=lambda: NOW),
        memory=NeuralMemorySystem(
            folder / "memory", embedder=HashEmbedder(96), config=MemoryConfig(maintenance=False), clock=lambda: NOW
        ),
        analytics=StreamAnalyticsEngine(folder / "analytics", config=AnalyticsConfig(background=False), clock=lambda: NOW),
        clock=lambda: NOW,
        sinks=[] if out is None else [out.extend],
        **options,
    )  # fmt: skip


def test_a_message_is_analysed_counted_and_remembered(tmp_path: Path, tiny_bundle: Path) -> None:
    out: list[dict[str, Any]] = []

    async def work() -> None:
        one = engine(tmp_path, tiny_bundle, out)
        with pytest.raises(NotReady):
            await one.submit({"username": "ann", "text": "hi"})
        async with one:
            assert one.is_open
            event = await (await one.submit({"id": 1, "username": "ann", "text": "my cat is called Mochi", "paid": True}))
            assert event["insights"]["counted"]
            assert event["memory"]["accepted"]
            (durable,) = await one.process(
                [{"id": 2, "username": "bo", "text": "i live in a small town", "paid": True}], durable=True
            )
            found = await one.memory.retrieve_memories("small town", k=1)
            assert found[0]["id"] == durable["memory"]["id"]
            assert one.stats()["ready"] == {"sentiment": True, "memory": True, "analytics": True}
            assert (await one.analytics.get_viewer_insights("ann"))["username"] == "ann"
            await one.drain()
            gone = await one.forget_user("ann", channel="default")
            assert gone["trend"]
            assert (await one.forget_user("bo"))["trend"]
            assert not [row for row in await one.memory.retrieve_memories("Mochi", k=5) if row["metadata"].get("user") == "ann"]
        assert not one.is_open
        await one.close()

    run(work())
    stored = [event for event in out if event["type"] == "stored"]
    assert len(stored) == 1
    assert len(stored[0]["memories"]) == 1


def test_what_was_accepted_is_on_disk_after_the_close(tmp_path: Path, tiny_bundle: Path) -> None:
    rows = [{"username": f"u{number}", "text": f"my favourite number is {number}", "paid": True} for number in range(40)]

    async def work() -> int:
        async with engine(tmp_path, tiny_bundle) as one:
            for row in rows:
                await one.submit(row)
        async with NeuralMemorySystem(tmp_path / "memory", embedder=HashEmbedder(96), read_only=True) as memory:
            return int((await memory.stats())["memories"])

    assert run(work()) == 40


def test_a_row_that_breaks_the_analytics_harms_no_other(
    tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> list[dict[str, Any]]:
        async with engine(tmp_path, tiny_bundle) as one:
            real = one.analytics.process_chat_message

            async def broken(**row: Any) -> dict[str, Any]:
                if row["username"] == "bo":
                    raise ZeroDivisionError
                return await real(**row)

            monkeypatch.setattr(one.analytics, "process_chat_message", broken)
            return await one.process([{"username": name, "text": "hello there"} for name in ("ann", "bo", "cy")])

    assert [event["insights"] is None for event in run(work())] == [False, True, False]


def test_a_cache_over_redis_spares_another_process_its_passes(tmp_path: Path, tiny_bundle: Path, redis_server: str) -> None:
    def work(name: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        cache = ContentCache(redis_url=redis_server)

        async def one() -> list[dict[str, Any]]:
            analyzer = AdvancedSentimentAnalyzer(tiny_bundle, clock=lambda: NOW, cache=cache)
            async with engine(tmp_path / name, tiny_bundle, analyzer=analyzer) as made:
                rows = [{"username": "ann", "text": text} for text in ("i love this game", "you idiot", "i love this game")]
                return [{**event, "latency_ms": None, "memory": None} for event in await made.process(rows)]

        return run(one()), cache.stats()

    first, cold = work("a")
    second, warm = work("b")
    assert first == second
    assert (cold["misses"], cold["merged"], cold["shared_hits"]) == (2, 1, 0)
    assert (warm["misses"], warm["shared_hits"]) == (0, 3)


def test_parts_that_cannot_be_opened_leave_nothing_open(tmp_path: Path, tiny_bundle: Path) -> None:
    async def work() -> None:
        one = engine(tmp_path, tmp_path / "none")
        with pytest.raises(NotReady):
            await one.open()
        assert not one.memory.is_open
        assert not one.is_open

    run(work())
    assert Engine(settings=Settings.read()).cache is not None

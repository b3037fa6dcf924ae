"""The pipeline on small parts: batches, order, poison, drains, what events say of memories."""

import asyncio
from typing import Any

import pytest

from hikari.errors import BadInput, NotReady, StoreFull
from hikari.stream.config import PipelineConfig
from hikari.stream.pipeline import Pipeline
from tests.hikari.stream.parts import NOW, SmallParts, message, run

Event = dict[str, Any]


def pipeline(parts: SmallParts, out: list[Event] | None = None, **config: Any) -> Pipeline:
    made = Pipeline(parts, PipelineConfig(**config), clock=lambda: NOW, monotonic=lambda: 0.0)
    if out is not None:
        made.sinks.append(out.extend)
    return made


def texts(events: list[Event], kind: str = "analysis") -> list[str]:
    return [event["text"] for event in events if event["type"] == kind]


def test_a_message_becomes_an_event_and_what_it_says_of_the_memory_is_true() -> None:
    parts, out = SmallParts(), list[Event]()

    async def work() -> Event:
        async with pipeline(parts, out) as line:
            future = await line.submit({"id": "m1", "username": "ann", "text": "my cat is called Mochi", "paid": True})
            event = await future
            assert event is out[0]
            return event

    event = run(work())
    assert (event["type"], event["v"], event["id"], event["channel"]) == ("analysis", 1, "m1", "default")
    assert event["insights"]["counted"]
    assert event["memory"] == {"accepted": True, "importance": 0.9}
    assert [row["content"] for row in parts.remembered] == ["my cat is called Mochi"]
    stored = out[1]
    assert stored["type"] == "stored"
    assert stored["memories"] == {parts.remembered[0]["id"]: f"stored-{parts.remembered[0]['id']}"}


def test_batches_grow_only_when_there_is_a_queue_and_stay_bounded() -> None:
    async def work() -> list[list[str]]:
        gate = asyncio.Event()
        parts = SmallParts(gate=gate)
        async with pipeline(parts, max_batch=8) as line:
            first = await line.submit(message("first of all"))
            await parts.begun.wait()
            futures = [await line.submit(message(f"number {number}")) for number in range(20)]
            gate.set()
            await asyncio.gather(first, *futures)
            assert line.stats()["batches"] == {1: 1, 4: 1, 8: 2}
        return parts.analyzed

    sizes = [len(batch) for batch in run(work())]
    assert sizes == [1, 8, 8, 4]


def test_events_keep_the_order_of_the_messages() -> None:
    out: list[Event] = []

    async def work() -> None:
        async with pipeline(SmallParts(), out, max_batch=3) as line:
            for number in range(50):
                await line.submit(message(f"number {number}", user=f"u{number % 4}"))

    run(work())
    assert texts(out) == [f"number {number}" for number in range(50)]


def test_a_poisoned_message_is_set_aside_and_harms_nobody() -> None:
    parts, out = SmallParts(poison=["poison"]), list[Event]()
    rows = [
        {"id": number, "username": "ann", "text": "poison" if number in (3, 11) else f"number {number}"} for number in range(20)
    ]

    async def work() -> tuple[list[Event], dict[str, Any]]:
        async with pipeline(parts, out) as line:
            events = await line.process(rows)
            return events, line.stats()

    events, stats = run(work())
    assert [event["id"] for event in events] == list(range(20))
    assert [event["id"] for event in events if event["type"] == "error"] == [3, 11]
    assert events[3]["error"]["code"] == "quarantined"
    assert stats["quarantined"] == 2
    assert [(one["id"], one["stage"], one["error"]) for one in stats["quarantine"]] == [
        (3, "analyze", "ZeroDivisionError"),
        (11, "analyze", "ZeroDivisionError"),
    ]
    assert "poison" not in repr(stats)
    assert parts.counted == [row["text"] for row in rows if row["text"] != "poison"]
    assert sum(batch == ["poison"] for batch in parts.analyzed) == 2  # alone once each, and never again


def test_the_quarantine_is_bounded() -> None:
    async def work() -> dict[str, Any]:
        async with pipeline(SmallParts(poison=["poison"]), quarantine=3) as line:
            await line.process([{"id": number, "username": "ann", "text": "poison"} for number in range(10)])
            return line.stats()

    stats = run(work())
    assert stats["quarantined"] == 10
    assert [one["id"] for one in stats["quarantine"]] == [7, 8, 9]


def test_a_part_that_is_not_ready_is_asked_once_and_answers_with_its_own_error() -> None:
    parts = SmallParts()
    parts.refuse = NotReady("the model is away")

    async def work() -> list[Event]:
        async with pipeline(parts) as line:
            return await line.process([{"id": number, "username": "ann", "text": "hi"} for number in range(8)])

    events = run(work())
    assert {event["error"]["code"] for event in events} == {"not_ready"}
    assert len(parts.analyzed) == 1


def test_analytics_that_fail_leave_the_analysis() -> None:
    parts = SmallParts()

    def broken(rows: list[dict[str, Any]]) -> None:
        raise ZeroDivisionError

    parts.on_count = broken

    async def work() -> tuple[list[Event], dict[str, Any]]:
        async with pipeline(parts) as line:
            return await line.process([{"username": "ann", "text": "hi"}] * 3), line.stats()

    events, stats = run(work())
    assert [(event["type"], event["insights"]) for event in events] == [("analysis", None)] * 3
    assert stats["errors"] == {"count_internal": 3}


def test_bad_rows_are_errors_in_their_place() -> None:
    async def work() -> list[Event]:
        async with pipeline(SmallParts()) as line:
            with pytest.raises(BadInput):
                await line.submit({"username": "ann"})
            return await line.process(
                [{"id": 1, "username": "ann", "text": "hi"}, {"id": 2}, None, {"id": 3, "username": "bo", "text": "yo"}]
            )

    events = run(work())
    assert [(event["type"], event["id"]) for event in events] == [("analysis", 1), ("error", 2), ("error", None), ("analysis", 3)]
    assert events[1]["error"] == {"code": "bad_input", "message": "username must be a non-empty string", "field": "username"}


def test_draining_loses_nothing() -> None:
    async def work() -> None:
        gate = asyncio.Event()
        parts, out = SmallParts(gate=gate), list[Event]()
        line = pipeline(parts, out, max_batch=4)
        line.start()
        futures = [await line.submit(message(f"this is my number {number}", user=f"u{number}")) for number in range(30)]
        bulk = asyncio.create_task(
            line.process([{"username": f"b{number}", "text": f"this is my bulk {number}"} for number in range(70)])
        )
        await asyncio.sleep(0)
        closing = asyncio.create_task(line.close())
        await asyncio.sleep(0)
        with pytest.raises(NotReady):
            await line.submit(message())
        with pytest.raises(NotReady):
            await line.process([])
        gate.set()
        await closing
        assert all(future.done() for future in futures)
        assert len(await bulk) == 70
        assert len(texts(out)) == len(parts.remembered) == 100
        assert sum(len(event["memories"]) for event in out if event["type"] == "stored") == 100

    run(work())


def test_what_was_dropped_is_told_and_counted() -> None:
    async def work() -> None:
        gate = asyncio.Event()
        parts, out = SmallParts(gate=gate), list[Event]()
        async with pipeline(parts, out, capacity=2, max_batch=2) as line:
            held = [await line.submit(message("held back")) for _ in range(1)]
            await parts.begun.wait()
            first = await line.submit(message("oldest", id=1))
            asked = await line.submit(message("what is this?", id=2))
            newer = await line.submit(message("newer", id=3))
            dropped = await first
            assert (dropped["type"], dropped["id"], dropped["error"]["code"]) == ("error", 1, "overloaded")
            assert line.stats()["dropped"] == {"queue_full": 1}
            gate.set()
            await asyncio.gather(*held, asked, newer)
        assert texts(out) == ["held back", "what is this?", "newer"]

    run(work())


def test_memories_wait_for_a_disk_that_is_full_and_are_written_when_it_is_not() -> None:
    parts, out = SmallParts(), list[Event]()
    parts.failures = [StoreFull("full"), StoreFull("full")]

    async def work() -> dict[str, Any]:
        async with pipeline(parts, out) as line:
            event = await (await line.submit(message("my dog is called Rex")))
            assert event["memory"]["accepted"]
            await line.drain()
            return line.stats()

    stats = run(work())
    assert stats["memory"]["stored"] == 1
    assert stats["memory"]["waiting"] == 0
    assert [event["type"] for event in out] == ["analysis", "stored"]


def test_with_durable_the_event_names_what_is_on_disk() -> None:
    parts = SmallParts()

    async def work() -> list[Event]:
        async with pipeline(parts) as line:
            return await line.process(
                [{"username": "ann", "text": "my cat is called Mochi"}, {"username": "ann", "text": "gg"}], durable=True
            )

    events = run(work())
    assert [event["memory"] for event in events] == [{"id": f"stored-{parts.remembered[0]['id']}"}, {"kept_out": "small_talk"}]


def test_a_backlog_keeps_ordinary_messages_out_and_says_so() -> None:
    parts = SmallParts()

    async def work() -> tuple[list[Event], dict[str, Any]]:
        line = pipeline(parts, backlog=1)
        line.start()
        await line._keeping.writer.close()  # nothing is written any more
        rows = [
            {"username": f"u{number}", "text": text}
            for number, text in enumerate(["the stream looks fine today", "the music is quiet now", "i like this song a lot"])
        ]
        events = [event for row in rows for event in await line.process([row])]
        line._keeping.writer.start()
        await line.close()
        return events, line.stats()

    events, stats = run(work())
    assert [event["memory"].get("kept_out") for event in events] == [None, "busy", None]
    assert stats["memory"]["kept_out"] == {"busy": 1}
    assert stats["memory"]["stored"] == 2


def test_a_listener_that_fails_stops_nobody() -> None:
    out: list[Event] = []

    def broken(events: list[Event]) -> None:
        raise ZeroDivisionError

    async def work() -> dict[str, Any]:
        line = pipeline(SmallParts())
        line.sinks += [broken, out.extend]
        async with line:
            await (await line.submit(message("hello there")))
            return line.stats()

    assert run(work())["sink_failures"] == 1
    assert texts(out) == ["hello there"]


def test_a_message_of_years_to_come_is_of_now() -> None:
    rows = [{"username": "ann", "text": "hello there", "timestamp": NOW + ahead} for ahead in (-1e6, 30.0, 61.0, 9e9)]

    async def work() -> list[Event]:
        async with pipeline(SmallParts()) as line:
            return [*await line.process(rows), await (await line.submit(rows[3]))]

    assert [event["timestamp"] - NOW for event in run(work())] == [-1e6, 30.0, 0.0, 0.0, 0.0]


def test_stats_tell_how_long_what_took() -> None:
    async def work() -> dict[str, Any]:
        async with pipeline(SmallParts()) as line:
            await line.process([{"username": "ann", "text": "my cat is called Mochi"}] * 3)
            await line.drain()
            return line.stats()

    stats = run(work())
    assert {name: stage["count"] for name, stage in stats["stages"].items()} == {
        "queue": 3,
        "analyze": 1,
        "count": 1,
        "remember": 1,
        "total": 3,
    }
    assert sum(stats["scores"]["sentiment"]) == sum(stats["scores"]["toxicity"]) == 3
    assert (stats["received"], stats["processed"], stats["mean_batch"]) == (3, 3, 3.0)


def test_a_worker_survives_what_should_not_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with pipeline(SmallParts()) as line:

            def broken(*_: Any) -> list[Event]:
                raise ZeroDivisionError

            monkeypatch.setattr(line._alerts, "look", broken)
            events = [await (await line.submit(message(f"number {number}", id=number))) for number in range(5)]
            assert [(event["id"], event["error"]["code"]) for event in events] == [(number, "internal") for number in range(5)]
            monkeypatch.undo()
            assert (await (await line.submit(message("fine again"))))["type"] == "analysis"
            assert line.stats()["errors"] == {"internal": 5}

    run(work())

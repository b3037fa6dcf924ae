"""Bulks beside live messages: however many send in bulk, a live message waits for a few pieces only."""

import asyncio

from hikari.stream.config import PipelineConfig
from hikari.stream.pipeline import Pipeline
from tests.hikari.stream.parts import NOW, SmallParts, message, run


def test_many_bulks_keep_no_live_message_waiting() -> None:
    async def work() -> tuple[list[list[str]], int]:
        gate = asyncio.Event()
        parts = SmallParts(gate=gate)
        config = PipelineConfig(max_batch=4, bulk_batch=8)
        async with Pipeline(parts, config, clock=lambda: NOW, monotonic=lambda: 0.0) as line:
            bulks = [
                asyncio.create_task(line.process([message(f"bulk {number} {row}") for row in range(24)])) for number in range(20)
            ]
            await parts.begun.wait()
            lively = [await line.submit(message(f"live number {number}")) for number in range(8)]
            gate.set()
            answers = await asyncio.gather(*bulks)
            await asyncio.gather(*lively)
            return parts.analyzed, sum(len(events) for events in answers)

    batches, answered = run(work())
    assert answered == 480
    last = max(place for place, batch in enumerate(batches) if batch[0].startswith("live"))
    assert last <= 6
    first_live = next(place for place, batch in enumerate(batches) if batch[0].startswith("live"))
    # While live messages are waiting, pieces are no larger than their batches.
    assert min(len(batch) for batch in batches[first_live : last + 1]) == 4
    assert max(len(batch) for batch in batches) == 8


def test_a_bulk_that_is_given_up_gives_its_turns_back() -> None:
    async def work() -> int:
        gate = asyncio.Event()
        parts = SmallParts(gate=gate)
        async with Pipeline(parts, PipelineConfig(bulk_batch=2), clock=lambda: NOW, monotonic=lambda: 0.0) as line:
            bulks = [asyncio.create_task(line.process([message(f"{number} {row}") for row in range(6)])) for number in range(5)]
            await parts.begun.wait()
            for bulk in bulks:
                bulk.cancel()
            await asyncio.gather(*bulks, return_exceptions=True)
            gate.set()
            return len(await line.process([message(f"after {row}") for row in range(9)]))

    assert run(work()) == 9

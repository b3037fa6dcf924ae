"""What picking replies costs: hearing a message, asking for one among two thousand, and with a real memory of ten thousand behind it.

`make bench` prints the figures. Absolute times depend on the machine and are asserted nowhere; what may not be is that asking costs
more than a hundred messages, or hearing one more than its share of a stream of 2,000 messages a second.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest

from hikari.memory.config import MemoryConfig
from hikari.memory.hash_embedder import HashEmbedder
from hikari.memory.system import NeuralMemorySystem
from hikari.stream.replies.config import ReplyConfig
from hikari.stream.replies.desk import ReplyDesk
from hikari.stream.replies.knowledge import EngineKnowledge
from tests.benchmarks import analytics_scale as scale
from tests.hikari.stream.replies.chat import NAMES, START, TOLD, TOPICS, Told, crowd

pytestmark = pytest.mark.slow
HEARING_SHARE = 1 / 2_000
ROUNDS, QUESTIONS, MEMORIES = 3, 100, 10_000


class _Clock:
    now = START

    def __call__(self) -> float:
        return self.now


def _heard(desk: ReplyDesk, clock: _Clock, chat: list[Told]) -> float:
    """Processor seconds a message."""
    started = time.process_time()
    for number, told in enumerate(chat):
        clock.now = told.event["timestamp"]
        desk.notice(told.event)
        if number % 400 == 399:
            desk.said("that is a nice question, thank you", in_reply_to=told.event["id"])
    return (time.process_time() - started) / len(chat)


def _asked(desk: ReplyDesk, timer: Callable[[], float]) -> list[float]:
    """Seconds of each of some questions, by the timer."""

    async def ask() -> list[float]:
        times: list[float] = []
        for _ in range(QUESTIONS):
            started = timer()
            await desk.next_reply(k=1, context="we play undertale today")
            times.append(timer() - started)
        return times

    return asyncio.run(ask())


def test_hearing_and_asking_cost_little() -> None:
    chat = list(crowd(1, 200.0, 60.0))
    rounds: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        clock = _Clock()
        desk = ReplyDesk(config=ReplyConfig(names=NAMES), clock=clock)
        heard = _heard(desk, clock, chat)
        waiting = desk.stats()["default"]["waiting"]
        assert waiting > 1_900
        rounds.append((heard, median(_asked(desk, time.process_time))))
    heard, asked = min(one for one, _ in rounds), min(one for _, one in rounds)
    print(f"\na message: {heard * 1e6:.0f} us; a question among {waiting} messages: {asked * 1e3:.2f} ms of a processor")
    turn = scale.reference_s()
    assert heard / turn * scale.IDLE_REFERENCE_S <= HEARING_SHARE
    assert asked <= 100 * heard


def test_asking_with_a_memory_of_ten_thousand(tmp_path: Path) -> None:
    chat = list(crowd(2, 200.0, 30.0))
    viewers = sorted({told.event["username"] for told in chat})
    rows = [
        {
            "content": TOLD[number % len(TOLD)].format(TOPICS[number % len(TOPICS)], TOPICS[number % 7]) + f" {number}",
            "user": viewers[number % len(viewers)], "timestamp": START - number, "importance": 0.5,
        }
        for number in range(MEMORIES)
    ]  # fmt: skip

    async def measured() -> list[float]:
        clock = _Clock()
        config = MemoryConfig(maintenance=False, extract=False)
        async with NeuralMemorySystem(tmp_path, embedder=HashEmbedder(), config=config, clock=clock) as memory:
            await memory.store_memories(rows)
            desk = ReplyDesk(EngineKnowledge(memory), ReplyConfig(names=NAMES, lookup_s=30), clock=clock)
            _heard(desk, clock, chat)
            times: list[float] = []
            for _ in range(QUESTIONS):
                started = time.perf_counter()
                answer = await desk.next_reply(k=1, context="we play undertale today")
                times.append(time.perf_counter() - started)
            assert any(block["sources"] for block in answer["prompt"]["blocks"])
            return sorted(times)

    times = asyncio.run(measured())
    print(f"\na question over {MEMORIES} memories: p50 {median(times) * 1e3:.1f} ms, p95 {times[95] * 1e3:.1f} ms")

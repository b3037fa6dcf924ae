"""Who sends the stream, and who watches it: a producer on `/ws/chat` and a dashboard on `/ws/dashboard`.

A message's latency counts from the moment it was to be sent, whether the sender was in time or not, so that a stall is felt by every
message that it held up. Arrivals are a Poisson process: evenly spaced ones would hide queues.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec
import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from hikari.stream.messages import Priority, Triage, stream_message
from hikari.stream.queue import DROPPABLE
from serving import collector
from tests.benchmarks.live.texts import as_json

GRACE_S = 20.0
"""How long the last answers may take."""
SETTLING_S = 2.0
"""A queue that overflows is noticed after a second (`PipelineConfig.patience_s`); what comes later is the lasting state."""


class Answer(msgspec.Struct):
    """Of an event what is measured; the rest is read and thrown away."""

    type: str
    id: int | str | None = None
    latency_ms: float | None = None
    error: dict[str, Any] | None = None


class Snapshot(msgspec.Struct):
    """Of a dashboard's frame the same."""

    type: str
    health: dict[str, Any] | None = None
    missed: int = 0


_answers = msgspec.json.Decoder(Answer)
_snapshots = msgspec.json.Decoder(Snapshot)


class Dashboard:
    """A dashboard that takes everything it is sent; `health` is the newest."""

    def __init__(self, url: str, channel: str) -> None:
        self._url = f"{url.replace('http', 'ws')}/ws/dashboard?channel={channel}"
        self.health: dict[str, Any] = {}
        self.frames = self.missed = 0
        self._fresh = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._socket = await connect(self._url, max_size=None, proxy=None)
        self._reading = asyncio.create_task(self._read())
        await self.next()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._socket.close()

    async def next(self) -> dict[str, Any]:
        """The health of the next snapshot."""
        self._fresh.clear()
        await asyncio.wait_for(self._fresh.wait(), 60)
        return self.health

    async def settled(self) -> dict[str, Any]:
        """Wait until nothing is queued and all memories are written."""
        await self.next()
        while (await self.next())["memories_waiting"] or self.health["queue_depth"]:
            pass
        return self.health

    async def _read(self) -> None:
        async for frame in self._socket:
            self.frames += 1
            shown = _snapshots.decode(frame)
            if shown.health is not None:
                self.health = shown.health
                self.missed += shown.missed
                self._fresh.set()


@dataclass(slots=True)
class Sent:
    """What became of every message of one run; seconds from the start, NaN where there was none."""

    due: np.ndarray
    sent: np.ndarray
    got: np.ndarray
    inside_ms: np.ndarray
    """What the service says of its own latency."""
    priorities: list[Priority]
    outcome: list[str] = field(default_factory=list)
    """`analysis`, an error's code, or empty."""

    def figures(self) -> dict[str, Any]:
        """Counts and percentiles."""
        read = np.array([outcome == "analysis" for outcome in self.outcome])
        late = self.due >= SETTLING_S
        from_due, from_sent = (self.got - self.due) * 1e3, (self.got - self.sent) * 1e3
        lost = Counter(self.priorities[n].name.lower() for n, outcome in enumerate(self.outcome) if outcome == "overloaded")
        never = [priority.name.lower() for priority in Priority if priority not in DROPPABLE]
        kinds = Counter(priority.name.lower() for priority in self.priorities)
        return {
            "messages": len(self.outcome),
            "sent_per_s": len(self.outcome) / float(self.sent.max()),
            "answered": int(read.sum()),
            "answered_per_s": float(read.sum() / np.nanmax(self.got)),
            "dropped": sum(lost.values()),
            "dropped_by_priority": dict(lost),
            "dropped_against_the_policy": sum(lost[name] for name in never),
            "sent_by_priority": dict(kinds),
            "other_errors": dict(Counter(o or "unanswered" for o in self.outcome if o not in ("analysis", "overloaded"))),
            **percentiles("", from_due[read]),
            **percentiles("settled_", from_due[read & late]),
            **percentiles("settled_from_send_", from_sent[read & late]),
            **percentiles("inside_", self.inside_ms[read & late]),
            "sender_late_p99_ms": float(np.percentile((self.sent - self.due) * 1e3, 99)),
            "worst_seconds": _worst(self.due[read], from_due[read]),
        }


def _worst(due: np.ndarray, times: np.ndarray) -> dict[str, float]:
    """The slowest answer of each of the five slowest seconds: one stall, or a lasting state?"""
    seconds = np.floor(due).astype(int)
    slowest = {int(second): float(times[seconds == second].max()) for second in np.unique(seconds)}
    worst = sorted(sorted(slowest, key=slowest.__getitem__)[-5:])
    return {f"second_{second}_max_ms": slowest[second] for second in worst}


def percentiles(name: str, times: np.ndarray, percents: Sequence[int] = (50, 99)) -> dict[str, float | None]:
    """`<name>p50_ms` and so on."""
    return {f"{name}p{p}_ms": float(np.percentile(times, p)) if len(times) else None for p in percents} | {
        f"{name}max_ms": float(times.max()) if len(times) else None
    }


async def send_stream(
    url: str, channel: str, messages: Sequence[dict[str, Any]], rate: float, seed: int, each_s: Callable[[float], object] | None = None
) -> Sent:  # fmt: skip
    """Send the messages at `rate` a second over one socket and wait for what becomes of each. `each_s` is called about once a second."""
    triage, count = Triage(), len(messages)
    due = np.cumsum(np.random.default_rng(seed).exponential(1 / rate, count))
    sent, got, inside_ms = (np.full(count, np.nan) for _ in range(3))
    priorities = [triage.priority(stream_message(message, 0.0)) for message in messages]
    record = Sent(due, sent, got, inside_ms, priorities, [""] * count)
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    async with connect(f"{url.replace('http', 'ws')}/ws/chat", max_size=None, proxy=None) as socket:
        await socket.recv()  # hello
        collector.spare()  # a pause of the sender's own would be taken for one of the service
        begun = loop.time() + 0.05
        reading = asyncio.create_task(_receive(socket, record, begun, done))
        next_call = 0.0
        for number, message in enumerate(messages):
            wait = begun + due[number] - loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            record.sent[number] = loop.time() - begun
            await socket.send(as_json({"type": "message", "id": number, "channel": channel, "timestamp": time.time(), **message}))
            if each_s is not None and due[number] >= next_call:
                next_call = due[number] + 1.0
                each_s(due[number])
        with contextlib.suppress(TimeoutError):  # what is missing then counts as unanswered
            await asyncio.wait_for(done.wait(), GRACE_S)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    return record


async def _receive(socket: ClientConnection, record: Sent, begun: float, done: asyncio.Event) -> None:
    loop, left = asyncio.get_running_loop(), len(record.outcome)
    async for frame in socket:
        answer = _answers.decode(frame)
        if not isinstance(answer.id, int) or record.outcome[answer.id]:
            continue
        record.got[answer.id] = loop.time() - begun
        record.outcome[answer.id] = answer.type if answer.error is None else str(answer.error.get("code"))
        if answer.latency_ms is not None:
            record.inside_ms[answer.id] = answer.latency_ms
        left -= 1
        if not left:
            done.set()
            return

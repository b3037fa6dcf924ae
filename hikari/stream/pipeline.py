"""From a message to its event: queue, micro-batch, one encoder pass, analytics, memory, alerts.

A batch is what has come in while the one before was analysed, so it grows only when there is a queue and a lone message waits for
nobody. Batches go through the stages in order, two at a time: one is analysed while the one before is counted. The event of a message goes
out when it is analysed and counted; its memory is decided by then and written behind it (`writing.py`).
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from hikari.errors import HikariError, NotReady
from hikari.stream import events
from hikari.stream.alerts import AlertDesk
from hikari.stream.attempts import in_halves
from hikari.stream.config import PipelineConfig
from hikari.stream.events import Event
from hikari.stream.keeping import Keeping, rows_of, said
from hikari.stream.messages import Priority, StreamMessage, Triage, echoed_id, stream_message, timely
from hikari.stream.meters import Meters
from hikari.stream.parts import Parts, countable
from hikari.stream.queue import BoundedQueue, Waiting

WORKERS = 2
LOST = {
    "queue_full": "too much is waiting and this message is no question and not paid: it was dropped",
    "too_late": "the stream is faster than the models and this message waited too long: it was dropped",
}
INTERNAL = {"code": "internal", "message": "something went wrong with this message"}
Sink = Callable[[list[Event]], None]
Row = dict[str, Any]
_log = logging.getLogger(__name__)


class Pipeline:
    """One per process. `sinks` get every event that goes out, several at once and in order; they must not block.

    `clock` gives epoch seconds for messages without a timestamp, `monotonic` measures how long things take.
    """

    def __init__(
        self,
        parts: Parts,
        config: PipelineConfig | None = None,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.perf_counter,
        sinks: Sequence[Sink] = (),
    ) -> None:
        self._parts, self._clock, self._monotonic = parts, clock, monotonic
        self.config = config or PipelineConfig()
        self.sinks: list[Sink] = list(sinks)
        """May be added to while the pipeline runs."""
        self._triage = Triage(self.config.names)
        self._queue = BoundedQueue(
            self.config.capacity, self._dropped, max_wait_s=self.config.max_wait_s, patience_s=self.config.patience_s
        )
        self._alerts, self._meters = AlertDesk(), Meters()
        self._keeping = Keeping(parts, self.config, self._emit, self._meters.stages["remember"].add)
        self._quarantine: deque[dict[str, Any]] = deque(maxlen=self.config.quarantine)
        self._quarantined = 0
        # Both are fair: who comes first goes first, which keeps the order of the messages.
        self._analysing, self._counting = asyncio.Lock(), asyncio.Lock()
        # Of all bulks together, so that no number of them gets between two batches of live messages.
        self._bulk_turns = asyncio.Semaphore(WORKERS)
        self._under_way = 0
        self._settled = asyncio.Event()
        self._settled.set()
        self._workers: list[asyncio.Task[None]] = []
        self._accepting = False

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def is_running(self) -> bool:
        """Whether messages are accepted."""
        return self._accepting

    def start(self) -> None:
        """Begin; inside an event loop."""
        if not self._workers:
            self._accepting = True
            self._keeping.writer.start()
            self._workers = [asyncio.create_task(self._work(), name=f"hikari-stream-{number}") for number in range(WORKERS)]

    async def submit(self, message: StreamMessage | Mapping[str, Any]) -> "asyncio.Future[Event]":
        """Queue one message; the future gives its `analysis` or `error` event. Waits for a place where the policy says so.

        Raises `BadInput`, `TooLarge`; `NotReady` when the pipeline ends.
        """
        if not self._accepting:
            raise NotReady("the pipeline takes no messages")
        now = self._clock()
        checked = timely(message if isinstance(message, StreamMessage) else stream_message(message, now), now)
        future: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._meters.received += 1
        await self._queue.put(Waiting(checked, self._triage.priority(checked), self._monotonic(), future))
        return future

    async def process(self, rows: Sequence[Any], *, channel: str = "default", durable: bool = False) -> list[Event]:
        """Many messages at once, past the queue: an event for each, in order; a bad row is its `error` event.

        Live messages go in between. With `durable` the events wait for the disk and name the memories.
        """
        if not self._accepting:
            raise NotReady("the pipeline takes no messages")
        answers: list[Event] = [{}] * len(rows)
        entries: list[tuple[int, Waiting]] = []
        now, arrived = self._clock(), self._monotonic()
        for place, row in enumerate(rows):
            try:
                message = timely(row if isinstance(row, StreamMessage) else stream_message(row, now, channel=channel), now)
            except HikariError as error:
                answers[place] = events.error_event(echoed_id(row), error)
                self._meters.errors[error.code] += 1
            else:
                entries.append((place, Waiting(message, Priority.ORDINARY, arrived)))
        self._meters.received += len(entries)
        start = 0
        self._begin()
        try:
            async with asyncio.TaskGroup() as group:
                while start < len(entries):
                    await self._bulk_turns.acquire()
                    # Beside live messages a piece is no larger than their batch: however many send in bulk, half of the time is theirs.
                    size = self.config.max_batch if len(self._queue) else self.config.bulk_batch
                    piece = entries[start : start + size]
                    start += size
                    # Not in the task: one that is cancelled before it begins would keep its turn.
                    group.create_task(self._bulk(piece, answers, durable)).add_done_callback(self._bulk_done)
        finally:
            self._end()
        return answers

    async def drain(self) -> None:
        """Take no more messages; return when all that were accepted have their events and memories are written."""
        self._accepting = False
        while len(self._queue) or self._queue.producers_waiting or self._under_way:
            self._settled.clear()
            await self._settled.wait()
        await self._keeping.writer.drain(self.config.drain_s)

    async def close(self) -> None:
        """Drain and end."""
        if self._workers:
            await self.drain()
            workers, self._workers = self._workers, []
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            await self._keeping.writer.close()

    async def written(self) -> int:
        """Wait until the memories that were accepted are on disk, for a while; how many are not."""
        return await self._keeping.writer.drain(self.config.drain_s)

    def forget_user(self) -> None:
        """A viewer was forgotten: drop hashes of what was said, so that the same words can be remembered again."""
        self._keeping.policy.clear()

    def stats(self) -> dict[str, Any]:
        """Depths, counts, latencies; no texts and no names."""
        meters = self._meters
        total = meters.stages["total"].as_dict()
        return {
            "queue_depth": len(self._queue),
            "overloaded": self._queue.overloaded,
            "producers_waiting": self._queue.producers_waiting,
            "under_way": self._under_way,
            "batch_size": meters.last_batch,
            "mean_batch": meters.mean_batch,
            "batches": dict(sorted(meters.batches.items())),
            "received": meters.received,
            "processed": meters.processed,
            "dropped": dict(self._queue.dropped),
            "errors": dict(meters.errors),
            "quarantined": self._quarantined,
            "quarantine": list(self._quarantine),
            "latency_ms": {"p50": total["p50"], "p99": total["p99"]},
            "stages": {name: recent.as_dict() for name, recent in meters.stages.items()},
            "alerts": dict(meters.alerts),
            "sink_failures": meters.sink_failures,
            "scores": {"sentiment": list(meters.sentiment), "toxicity": list(meters.toxicity)},
            "memory": self._keeping.stats(),
        }

    async def _work(self) -> None:
        while True:
            await self._queue.filled()
            async with self._analysing:
                batch = self._queue.take(self.config.max_batch, self._monotonic())
                if not batch:
                    self._rest()
                    continue
                self._begin()
                try:
                    analyses = await self._analyse(batch)
                    await self._counting.acquire()
                except BaseException:
                    self._end()
                    raise
            try:
                await self._finish(batch, analyses, durable=False)
            except Exception as error:  # noqa: BLE001 - the messages to come must find a worker
                _log.error("a batch of %d messages has no events: %s", len(batch), type(error).__name__)
                self._give_up(batch)
            finally:
                self._counting.release()
                self._end()

    async def _bulk(self, piece: list[tuple[int, Waiting]], answers: list[Event], durable: bool) -> None:
        batch = [entry for _, entry in piece]
        async with self._analysing:
            analyses = await self._analyse(batch)
            await self._counting.acquire()
        try:
            made = await self._finish(batch, analyses, durable=durable)
        finally:
            self._counting.release()
        for (place, _), event in zip(piece, made, strict=True):
            answers[place] = event

    def _bulk_done(self, _: "asyncio.Task[None]") -> None:
        self._bulk_turns.release()

    async def _analyse(self, batch: list[Waiting]) -> list[Row]:
        started = self._monotonic()
        meters = self._meters
        meters.last_batch = len(batch)
        meters.batches[len(batch)] += 1
        queued = meters.stages["queue"]
        for entry in batch:
            queued.add((started - entry.arrived) * 1000)
        analyses = await in_halves(self._parts.analyze, [entry.message.row() for entry in batch], self._poison("analyze"))
        meters.stages["analyze"].add((self._monotonic() - started) * 1000)
        return analyses

    async def _finish(self, batch: list[Waiting], analyses: list[Row], *, durable: bool) -> list[Event]:
        counted = await self._count(batch, analyses)
        overloaded = self._queue.overloaded
        decisions = [
            self._keeping.decide(entry.message, analysis, overloaded=overloaded)
            for entry, analysis in zip(batch, analyses, strict=True)
        ]
        rows = rows_of([entry.message for entry in batch], analyses, decisions)
        memories = [said(decision) for decision in decisions]
        if durable and rows:
            written = iter(await self._keeping.write(rows))
            memories = [
                next(written) if isinstance(each, float) else memory for each, memory in zip(decisions, memories, strict=True)
            ]
        now = self._monotonic()
        made: list[Event] = []
        out: list[Event] = []
        for entry, analysis, insights, memory in zip(batch, analyses, counted, memories, strict=True):
            event, alerts = self._event(entry, analysis, insights, memory, now)
            made.append(event)
            out.append(event)
            out += alerts
        self._emit(out)
        for entry, event in zip(batch, made, strict=True):
            if entry.future is not None and not entry.future.done():
                entry.future.set_result(event)
        if not durable:
            # After the events: a `stored` event never comes before the analysis that it belongs to.
            self._keeping.writer.add(rows)
        return made

    async def _count(self, batch: list[Waiting], analyses: list[Row]) -> list[Row | None]:
        started = self._monotonic()
        good = [place for place, analysis in enumerate(analyses) if "error" not in analysis]
        insights: list[Row | None] = [None] * len(batch)
        rows = [countable(batch[place].message, analyses[place]) for place in good]
        try:
            found = await self._parts.count(rows) if rows else []
            for place, row in zip(good, found, strict=True):
                insights[place] = row
        except Exception as error:  # noqa: BLE001 - not tried again: some may be counted, and nobody is to be counted twice
            code = error.code if isinstance(error, HikariError) else "internal"
            self._meters.errors[f"count_{code}"] += len(rows)
            _log.warning("%d messages were not counted: %s", len(rows), code if code != "internal" else type(error).__name__)
        self._meters.stages["count"].add((self._monotonic() - started) * 1000)
        return insights

    def _event(
        self, entry: Waiting, analysis: Row, insights: Row | None, memory: Mapping[str, Any] | None, now: float
    ) -> tuple[Event, list[Event]]:
        message, meters = entry.message, self._meters
        if "error" in analysis:
            meters.errors[analysis["error"]["code"]] += 1
            return events.error_event(message.id, analysis["error"], message.channel), []
        if insights is not None and "error" in insights:
            meters.errors[f"count_{insights['error']['code']}"] += 1
            insights = None
        latency_ms = (now - entry.arrived) * 1000
        meters.stages["total"].add(latency_ms)
        meters.processed += 1
        meters.scored(analysis["sentiment"]["aggregate"]["score"], analysis["toxicity"]["score"])
        alerts = self._alerts.look(message, analysis, insights)
        for alert in alerts:
            meters.alerts[alert["kind"]] += 1
        return events.analysis_event(message, analysis, insights, memory, round(latency_ms, 3)), alerts

    def _give_up(self, batch: list[Waiting]) -> None:
        """Tell whoever waits for these that something of ours is broken."""
        self._meters.errors["internal"] += len(batch)
        for entry in batch:
            if entry.future is not None and not entry.future.done():
                entry.future.set_result(events.error_event(entry.message.id, INTERNAL, entry.message.channel))

    def _poison(self, stage: str) -> Callable[[Row, Exception], None]:
        def set_aside(row: Row, error: Exception) -> None:
            self._quarantined += 1
            known = {"id": row["id"], "channel": row["channel"], "stage": stage, "error": type(error).__name__}
            self._quarantine.append({**known, "at": self._clock()})

        return set_aside

    def _dropped(self, entry: Waiting, reason: str) -> None:
        if entry.future is not None and not entry.future.done():
            error = {"code": "overloaded", "message": LOST[reason]}
            entry.future.set_result(events.error_event(entry.message.id, error, entry.message.channel))

    def _emit(self, out: list[Event]) -> None:
        for sink in self.sinks:
            try:
                sink(out)
            except Exception as error:  # noqa: BLE001 - whoever listens must not stop the stream
                self._meters.sink_failures += 1
                _log.warning("a listener failed: %s", type(error).__name__)

    def _begin(self) -> None:
        self._under_way += 1

    def _end(self) -> None:
        self._under_way -= 1
        self._rest()

    def _rest(self) -> None:
        if not self._under_way:
            self._settled.set()

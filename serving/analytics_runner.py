"""The analytics of the process: one `StreamAnalyticsEngine`, so one writer of its store.

Calls go in and outcomes come out in bulk and as plain values, errors included, as with the memory's runner.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hikari.analytics.engine import StreamAnalyticsEngine
from hikari.errors import NotReady
from hikari.heap import one_heap
from hikari.threads import one_blas_thread
from serving.calls import Call, Calls, Outcome

COUNTS = frozenset({"process_chat_message", "process_chat_batch", "record_metric"})
"""Calls that take no thread of the engine's."""
READS = frozenset(
    {
        "get_viewer_insights",
        "get_global_insights",
        "predict_engagement",
        "detect_anomalies",
        "experiment_report",
        "list_experiments",
    }
)
WRITES = frozenset(
    {
        "start_stream", "set_schedule", "anomaly_feedback", "record_content", "create_experiment", "start_experiment",
        "stop_experiment", "assign", "record_outcome",
    }
)  # fmt: skip
"""Calls that are on disk when they return: the store takes them one by one, so one thread is enough for them."""
FITS = frozenset({"forecast_metrics"})
"""The first question about a metric fits its models, which takes a while; the others wait no longer than their answer takes."""
LONG = frozenset({"cluster_viewers", "topics", "content_report", "forget_user"})
"""Calls that go through everything known of a channel."""
ONE_AT_A_TIME = (WRITES, FITS, LONG)
"""Each of these holds at most one of the engine's threads; at least one is left to the readers."""


class AnalyticsRunner:
    """Holds the analytics engine: opens it at the start, answers while it is open, drains it at the end."""

    def __init__(self, make: Callable[[], StreamAnalyticsEngine] = StreamAnalyticsEngine) -> None:
        """`make` gives the engine when it is time to open it; the default is the one of `HIKARI_HOME`."""
        self._make = make
        self._engine: StreamAnalyticsEngine | None = None
        lanes: dict[str, asyncio.Semaphore | None] = dict.fromkeys(COUNTS | READS)
        for group in ONE_AT_A_TIME:
            lanes.update(dict.fromkeys(group, asyncio.Semaphore(1)))
        self._calls = Calls("the analytics", self._ask, lanes)

    @property
    def is_ready(self) -> bool:
        """Whether the store is open and calls are answered."""
        return self._engine is not None and self._engine.is_open

    async def open(self) -> None:
        """Open the store and what is known of every channel. Raises `StoreBusy`, `BadStore`, `StoreFull`, `BadBundle`."""
        self._engine = await asyncio.to_thread(self._make)
        one_heap()
        one_blas_thread()
        await self._engine.open()

    async def close(self) -> None:
        """Finish what was accepted, also for callers that gave up waiting; then write everything and close."""
        await self._calls.drain()
        if self._engine is not None:
            await self._engine.close()

    async def run(self, calls: Sequence[Call]) -> list[Outcome]:
        """Run calls side by side; an outcome for each, in order. See `Calls`."""
        return await self._calls.run(calls)

    async def _ask(self, method: str, arguments: Mapping[str, Any]) -> Outcome:
        if self._engine is None or not self._engine.is_open:
            raise NotReady("the analytics are not open")
        return {"answer": await getattr(self._engine, method)(**arguments)}

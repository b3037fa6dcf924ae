"""The live stream of this process: the pipeline over the three parts, who listens to its events, and what is known of its health."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from starlette.types import Scope

from hikari.errors import HikariError, NotReady
from hikari.settings import Settings
from hikari.stream.config import PipelineConfig
from hikari.stream.events import VERSION, Event
from hikari.stream.messages import StreamMessage
from hikari.stream.pipeline import Pipeline
from hikari.stream.replies.config import ReplyConfig
from hikari.stream.replies.desk import ReplyDesk
from serving import stream_metrics
from serving.drift import Drift
from serving.ending import Ending
from serving.hub import Frame, Hub
from serving.links import Part, ask
from serving.outbox import Outbox
from serving.redis_events import RedisEvents
from serving.reply_knowledge import RunnerKnowledge
from serving.stream_parts import StreamParts
from serving.watch import Watch

TICK_S = 1.0
STAY_S = 0.5
FLUSH_S = 5.0
"""How long an ending process waits for clients to take the last events."""
DRIFT = "drift.json"
_log = logging.getLogger("hikari.live")


class Client(Protocol):
    """An open socket."""

    kind: str
    outbox: Outbox


class Viewer(Client, Protocol):
    """A socket that is shown snapshots."""

    channel: str

    def show(self, snapshot: Event) -> None:
        """Send a snapshot."""
        ...


class Live:
    """Made before the event loop runs; `start` and `close` inside it. `ready` tells of each part whether it answers."""

    def __init__(
        self,
        sentiment: Part,
        memory: Part,
        analytics: Part,
        ready: Mapping[str, Callable[[], Any]],
        *,
        settings: Settings | None = None,
        config: PipelineConfig | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings or Settings.read()
        self._sentiment, self._analytics, self._ready, self._clock = sentiment, analytics, ready, clock
        self._parts = (sentiment, memory, analytics)
        self.hub, self.watch = Hub(), Watch()
        names = self._settings.names
        self.pipeline = Pipeline(
            StreamParts(sentiment, memory, analytics), config or PipelineConfig(names=names), clock=clock, sinks=[self.hub]
        )
        self.desk = ReplyDesk(RunnerKnowledge(lambda: memory, lambda: analytics), ReplyConfig(names=names), clock=clock)
        self.redis: RedisEvents | None = None
        self.sockets: set[Client] = set()
        self.ending = Ending(self.drain)
        self._drift = Drift(self._settings.home / DRIFT)
        self._model: str | None = None
        self._started = time.monotonic()
        self._ticker: asyncio.Task[None] | None = None
        self._health: dict[str, Any] = {}
        self._is_ready = dict.fromkeys(ready, False)
        self.hub.taps += [self.watch, self._measure]
        self.pipeline.sinks.append(self.desk.take_events)

    async def start(self) -> None:
        """Begin to take messages."""
        if self._settings.redis_url is not None:
            self.redis = RedisEvents(self._settings.redis_url)
            self.hub.taps.append(self.redis)
            self.redis.start()
        self.pipeline.start()
        await self._tick()
        self._ticker = asyncio.create_task(self._run(), name="hikari-live")
        self.ending.install()

    async def drain(self) -> None:
        """Take no more messages; finish those that were accepted, and give their events time to reach whoever listens."""
        needed = asyncio.create_task(self._need_parts())
        try:
            await self.pipeline.drain()
        finally:
            needed.cancel()
        waiting = [client.outbox.empty() for client in self.sockets]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*waiting), FLUSH_S)

    async def _need_parts(self) -> None:
        """Runners in processes of their own were told to end as well, and stay for as long as they are asked."""
        while True:
            await asyncio.gather(*(part.run([]) for part in self._parts), return_exceptions=True)
            await asyncio.sleep(STAY_S)

    async def close(self) -> None:
        """Finish what was accepted and end. Comes before the parts are closed."""
        await self.pipeline.close()
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.gather(self._ticker, return_exceptions=True)
        if self.redis is not None:
            await self.redis.close()

    @property
    def is_ready(self) -> bool:
        """Whether messages are accepted."""
        return self.pipeline.is_running

    async def submit(self, row: Mapping[str, Any]) -> "asyncio.Future[Event]":
        """One live message; see `Pipeline.submit`."""
        return await self.pipeline.submit(row)

    async def process(self, rows: Sequence[Any], *, channel: str = "default", durable: bool = False) -> list[Event]:
        """Many at once; see `Pipeline.process`. Raises `NotReady` when the process ends."""
        if not self.pipeline.is_running:
            raise NotReady("the engine is shutting down")
        return await self.pipeline.process(rows, channel=channel, durable=durable)

    async def message(self, message: StreamMessage) -> Event:
        """One live message and its event."""
        return await (await self.pipeline.submit(message))

    def opened(self, client: Client) -> None:
        """A socket was opened."""
        self.sockets.add(client)
        stream_metrics.connections().labels(client.kind).inc()

    def closed(self, client: Client) -> None:
        """A socket is gone."""
        self.sockets.discard(client)
        stream_metrics.connections().labels(client.kind).dec()
        if client.outbox.dropped:
            stream_metrics.undelivered().labels(client.kind).inc(client.outbox.dropped)

    def abort(self, scope: Scope) -> None:
        """Cut the connection of a client that takes nothing."""
        stream_metrics.stalled().inc()
        self.ending.abort(scope)

    async def watched(self, channel: str) -> None:
        """Somebody looks at a channel: learn what its events alone do not tell."""
        with contextlib.suppress(HikariError):
            found = await ask(self._analytics, "get_global_insights", channel=channel)
            if (viewers := found.get("viewers")) is not None:
                self.watch.viewers(channel, viewers)

    async def written(self) -> None:
        """Wait until the memories that were accepted are on disk."""
        await self.pipeline.written()

    def forget_user(self, username: str, channel: str | None = None) -> None:
        """Drop what this process holds of a viewer; the parts forget by themselves."""
        self.watch.forget_user(username, channel)
        self.desk.forget_user(username, channel)
        if self.redis is not None:
            self.redis.forget_user(username, channel)
        self.pipeline.forget_user()

    def snapshot(self, channel: str) -> Event:
        """What a dashboard shows of a channel."""
        health = {**self._health, "connections": len(self.sockets), "uptime_s": round(time.monotonic() - self._started, 1)}
        return {
            "type": "snapshot", "v": VERSION, "id": None, "channel": channel, "timestamp": self._clock(),
            **self.watch.minute(channel), "health": health,
        }  # fmt: skip

    def _measure(self, frames: Sequence[Frame]) -> None:
        seconds = stream_metrics.seconds()
        for frame in frames:
            event = frame.event
            if event["type"] == "analysis":
                seconds.observe(event["latency_ms"] / 1000)
                self._model = event["model"]["fingerprint"]
            stream_metrics.events().labels(event["type"]).inc()

    async def _run(self) -> None:
        due = time.monotonic()
        while True:
            due = max(due + TICK_S, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
            try:
                await self._tick()
            except Exception as error:  # noqa: BLE001 - the next second brings another try
                _log.error("a snapshot failed", exc_info=error)

    async def _tick(self) -> None:
        names, asked = list(self._ready), await asyncio.gather(*(ask_ready() for ask_ready in self._ready.values()))
        self._is_ready = dict(zip(names, map(bool, asked), strict=True))
        stats, cache = self.pipeline.stats(), await self._cache()
        drift = {} if self._model is None else self._drift.update(self._model, stats["scores"])
        self._health = {
            "queue_depth": stats["queue_depth"], "batch_size": stats["batch_size"], "processed": stats["processed"],
            "dropped": stats["dropped"], "quarantined": stats["quarantined"], "latency_ms": stats["latency_ms"], "cache": cache,
            "memories_waiting": stats["memory"]["waiting"], "drift": drift, "ready": self._is_ready,
            "redis": "off" if self.redis is None else self.redis.state,
        }  # fmt: skip
        stream_metrics.tell(stats, cache, drift, self.redis)
        shown: dict[str, Event] = {}
        for client in list(self.sockets):
            if client.kind == "dashboard":
                viewer: Any = client
                if viewer.channel not in shown:
                    shown[viewer.channel] = self.snapshot(viewer.channel)
                viewer.show(shown[viewer.channel])

    async def _cache(self) -> dict[str, Any]:
        try:
            found = (await ask(self._sentiment, "stats")).get("cache") or {}
        except HikariError:
            found = {}
        return {"hits": 0, "misses": 0, "rate": None, **found}

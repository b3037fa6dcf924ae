"""The engine of one process: text model, memory and analytics, and the pipeline through which a stream runs.

    async with Engine() as engine:
        await engine.process([{"username": "kai", "text": "my cat is called Mochi"}])

The three parts are the public classes and stay usable by themselves: `engine.analyzer`, `engine.memory`, `engine.analytics`.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from hikari.analytics.engine import StreamAnalyticsEngine
from hikari.errors import HikariError, NotReady
from hikari.memory.system import NeuralMemorySystem
from hikari.sentiment.analyzer import AdvancedSentimentAnalyzer
from hikari.settings import Settings
from hikari.stream.cache import ContentCache, common_phrases
from hikari.stream.config import PipelineConfig
from hikari.stream.events import Event
from hikari.stream.messages import StreamMessage
from hikari.stream.pipeline import Pipeline, Sink

if TYPE_CHECKING:
    import asyncio

Row = dict[str, Any]


class Engine:
    """Everything in one process; implements the pipeline's `Parts`. Parts that are handed in are opened and closed as well."""

    def __init__(
        self,
        *,
        analyzer: AdvancedSentimentAnalyzer | None = None,
        memory: NeuralMemorySystem | None = None,
        analytics: StreamAnalyticsEngine | None = None,
        config: PipelineConfig | None = None,
        clock: Callable[[], float] = time.time,
        sinks: Sequence[Sink] = (),
        settings: Settings | None = None,
    ) -> None:
        """Nothing is opened yet. `memory=None` takes the one of `HIKARI_HOME`; `PipelineConfig(remember=False)` goes without."""
        self.settings = settings or Settings.read()
        self.cache = None if analyzer is not None else ContentCache(redis_url=self.settings.redis_url)
        """Of the analyser that is made here; who hands one in hands in its cache with it."""
        self.analyzer = analyzer or AdvancedSentimentAnalyzer(clock=clock, cache=self.cache)
        self.memory = memory or NeuralMemorySystem(clock=clock)
        self.analytics = analytics or StreamAnalyticsEngine(clock=clock)
        self._config, self._clock, self._sinks = config or PipelineConfig(), clock, sinks
        self._pipeline: Pipeline | None = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def pipeline(self) -> Pipeline:
        """The running pipeline. Raises `NotReady` before `open`."""
        if self._pipeline is None:
            raise NotReady("the engine is not open")
        return self._pipeline

    @property
    def is_open(self) -> bool:
        """Whether messages are accepted."""
        return self._pipeline is not None and self._pipeline.is_running

    async def open(self) -> None:
        """Load the models, open the stores, start the pipeline. Raises `NotReady`, `BadBundle`, `StoreBusy`, `BadStore`."""
        if self._pipeline is not None:
            return
        try:
            await self.analyzer.open()
            if self.cache is not None:
                await self.analyzer.warm(common_phrases())
                self.cache.clear_counts()
            if self._config.remember:
                await self.memory.open()
            await self.analytics.open()
        except BaseException:
            await self._close_parts()
            raise
        self._pipeline = Pipeline(self, self._config, clock=self._clock, sinks=self._sinks)
        self._pipeline.start()

    async def close(self) -> None:
        """Finish what was accepted, write it, close the parts. A second call does nothing."""
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            try:
                await pipeline.close()
            finally:
                await self._close_parts()

    async def submit(self, message: StreamMessage | Mapping[str, Any]) -> "asyncio.Future[Event]":
        """See `Pipeline.submit`."""
        return await self.pipeline.submit(message)

    async def process(self, rows: Sequence[Any], *, channel: str = "default", durable: bool = False) -> list[Event]:
        """See `Pipeline.process`."""
        return await self.pipeline.process(rows, channel=channel, durable=durable)

    async def drain(self) -> None:
        """See `Pipeline.drain`."""
        await self.pipeline.drain()

    async def forget_user(self, username: str, *, channel: str | None = None) -> dict[str, Any]:
        """Remove a viewer from memory, analytics, trends and learned emotes of one channel or of all; what went."""
        memory = await self.memory.forget_user(username, channel=channel)
        analytics = await self.analytics.forget_user(username, channel=channel)
        trend = self.analyzer.forget_user(channel, username)
        self.pipeline.forget_user()
        return {"memory": memory, "analytics": analytics, "trend": trend}

    def stats(self) -> dict[str, Any]:
        """The pipeline's `stats`, with `ready` and the model's `cache`."""
        ready = {"sentiment": self.analyzer.is_open, "memory": self.memory.is_open, "analytics": self.analytics.is_open}
        cache = None if self.cache is None else self.cache.stats()
        return {**self.pipeline.stats(), "cache": cache, "ready": ready}

    async def analyze(self, rows: list[Row], /) -> list[Row]:
        """See `Parts.analyze`."""
        return await self.analyzer.analyze_batch(rows)

    async def count(self, rows: list[Row], /) -> list[Row]:
        """See `Parts.count`; a row that breaks the analytics harms no other."""
        found: list[Row] = []
        for row in rows:
            try:
                found.append(await self.analytics.process_chat_message(**row))
            except HikariError as error:
                found.append({"error": error.as_dict()})
            except Exception as error:  # noqa: BLE001 - one row, whatever it is
                found.append({"error": {"code": "internal", "message": f"this message was not counted: {type(error).__name__}"}})
        return found

    async def remember(self, rows: list[Row], /) -> list[str | Row]:
        """See `Parts.remember`."""
        return await self.memory.store_memories(rows)

    async def _close_parts(self) -> None:
        try:
            await self.memory.close()
        finally:
            try:
                await self.analytics.close()
            finally:
                await self.analyzer.close()
                if self.cache is not None:
                    self.cache.close()

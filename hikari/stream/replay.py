"""A recorded stream through the whole engine on a virtual clock: every output as a file, and twice the same gives the same bytes.

The time is the stream's own: nothing reads the wall clock, nothing runs by itself, and no latency is written down. The stores are the
replay's own and are gone when it ends; what they held is in the files:

    events.jsonl      every event in the order in which it would have gone out
    memories.jsonl    what was remembered, as `hikari memory export` writes it
    insights.json     what the analytics say at the end, per channel
    metrics.csv       minute by minute
    summary.json      counts, and what it was made with
"""

import asyncio
import json
import math
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from hikari import atomic, fingerprint
from hikari.analytics.config import AnalyticsConfig
from hikari.analytics.engine import StreamAnalyticsEngine
from hikari.engine import Engine
from hikari.errors import BadInput, HikariError
from hikari.memory.config import MemoryConfig
from hikari.memory.embedder import Embedder
from hikari.memory.system import NeuralMemorySystem
from hikari.sentiment.analyzer import AdvancedSentimentAnalyzer
from hikari.sentiment.emote_evidence import LearningConfig
from hikari.stream.cache import ContentCache
from hikari.stream.config import PipelineConfig
from hikari.stream.events import Event, error_event
from hikari.stream.minute_table import MinuteTable
from hikari.stream.recordings import Recorded, pieces, read_recording

FORMAT = 1
WINDOW_S = 2.0
"""Messages so near to each other go through together; shorter than the time for which the analytics wait for what comes late."""
TOGETHER = 64
MAINTAIN_S = 600.0
"""The memory's upkeep is due so often, in stream time."""
FORECAST_STEPS = 30
TOP_VIEWERS = 10
FILES = ("events.jsonl", "memories.jsonl", "insights.json", "metrics.csv", "summary.json")


class VirtualClock:
    """Epoch seconds of the stream; never goes back."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def reach(self, at: float) -> None:
        self.now = max(self.now, at)


@dataclass(frozen=True)
class ReplayOptions:
    """What to replay with; None takes what `make pipeline` built."""

    bundle: Path | None = None
    ensemble: str | None = None
    embedder: Embedder | None = None
    engagement: Path | None = None
    learning: LearningConfig | None = LearningConfig(keep=False)  # noqa: RUF009 - it is frozen
    """How channels' emotes are learned, from nothing, in the replay alone; None: not at all."""
    speed: float | None = None
    """Times as fast as it was; None: as fast as it goes. The files are the same."""
    pipeline: PipelineConfig = field(default_factory=PipelineConfig)

    def __post_init__(self) -> None:
        if self.speed is not None and not (math.isfinite(self.speed) and self.speed > 0):
            raise BadInput("--speed must be a number over 0", field="speed")


async def replay(
    source: Path, target: Path, options: ReplayOptions | None = None, progress: Callable[[int], None] = lambda _: None
) -> dict[str, Any]:
    """Replay `source` into the folder `target`, which appears when it is whole; its summary. `progress` gets the rows done.

    Raises `BadInput` when the file cannot be used, `NotReady` without a model.
    """
    chosen = options or ReplayOptions()
    _check_target(target)
    with atomic.new_folder(target) as folder, tempfile.TemporaryDirectory(prefix="hikari-replay-") as scratch:
        with (folder / "events.jsonl").open("wb") as file:
            run = _Run(source, Path(scratch), folder, file, chosen, progress)
            summary = await run.all()
        _write_json(folder / "summary.json", summary)
    return summary


class _Run:
    """One replay."""

    def __init__(
        self, source: Path, scratch: Path, folder: Path, file: IO[bytes], options: ReplayOptions, progress: Callable[[int], None]
    ) -> None:
        self._source, self._folder, self._file, self._progress = source, folder, file, progress
        self._options, self._clock, self._table = options, VirtualClock(), MinuteTable()
        self._counts: Counter[str] = Counter()
        self._channels: dict[str, None] = {}
        self._first: float | None = None
        self._model: dict[str, Any] | None = None
        self.cache = ContentCache()
        self.engine = Engine(
            analyzer=AdvancedSentimentAnalyzer(
                options.bundle, ensemble=options.ensemble, clock=self._clock, cache=self.cache, learning=options.learning
            ),
            memory=NeuralMemorySystem(
                scratch / "memory", embedder=options.embedder, config=MemoryConfig(maintenance=False), clock=self._clock
            ),
            analytics=StreamAnalyticsEngine(
                scratch / "analytics",
                model=options.engagement,
                config=AnalyticsConfig(background=False),
                clock=self._clock,
                live=False,
            ),
            config=options.pipeline,
            clock=self._clock,
            sinks=[self._write],
        )

    async def all(self) -> dict[str, Any]:
        done, due, started = 0, -math.inf, time.monotonic()
        async with self.engine:
            for piece in pieces(read_recording(self._source), TOGETHER, WINDOW_S):
                await self._pace(piece, started)
                await self._piece(piece)
                if self._clock.now >= due:
                    due = self._clock.now + MAINTAIN_S
                    await self._maintain()
                done += len(piece)
                self._progress(done)
            await self._maintain()
            await self.engine.analytics.maintain()
            _write_json(
                self._folder / "insights.json", {channel: await self._insights(channel) for channel in sorted(self._channels)}
            )
            kept = await self._export()
            (self._folder / "metrics.csv").write_text(self._table.csv(), encoding="utf-8")
            return self._summary(done, kept)

    async def _pace(self, piece: list[Recorded], started: float) -> None:
        """Wait until the piece's time has come, where the replay has a speed."""
        at = next((row.message.timestamp for row in piece if row.message is not None), None)
        if self._options.speed is not None and at is not None and self._first is not None:
            await asyncio.sleep(max(0.0, (at - self._first) / self._options.speed - (time.monotonic() - started)))

    async def _piece(self, piece: list[Recorded]) -> None:
        for row in piece:
            if row.error is not None:
                self._write([error_event(None, row.error)])
        good = [row for row in piece if row.message is not None]
        messages = [row.message for row in good if row.message is not None]
        if not messages:
            return
        if self._first is None:
            self._first = messages[0].timestamp
        self._clock.reach(max(message.timestamp for message in messages))
        await self.engine.process(messages, durable=True)
        for row, message in zip(good, messages, strict=True):
            self._channels[message.channel] = None
            if row.viewers is not None:
                await self.engine.analytics.record_metric("viewer_count", row.viewers, message.timestamp, channel=message.channel)
                self._table.viewers(message.channel, message.timestamp, row.viewers)

    async def _maintain(self) -> None:
        if self._options.pipeline.remember:
            await self.engine.memory.maintain()

    def _write(self, events: list[Event]) -> None:
        for event in events:
            if event["type"] == "analysis":
                self._model = {name: event["model"][name] for name in ("name", "version", "fingerprint")}
                event = {name: value for name, value in event.items() if name != "latency_ms"}  # noqa: PLW2901
            self._counts[event["type"]] += 1
            if event["type"] == "alert":
                self._counts[f"alert.{event['kind']}"] += 1
            self._table.add(event)
            self._file.write(_line(event))

    async def _insights(self, channel: str) -> dict[str, Any]:
        analytics, now = self.engine.analytics, self._clock.now
        asked: dict[str, Callable[[], Awaitable[Any]]] = {
            "stream": lambda: analytics.get_global_insights(channel=channel),
            "viewer_count": lambda: analytics.forecast_metrics("viewer_count", FORECAST_STEPS, channel=channel),
            "chat_rate": lambda: analytics.forecast_metrics("chat_rate", FORECAST_STEPS, channel=channel),
            "engagement": lambda: analytics.predict_engagement(channel=channel),
            "anomalies": lambda: analytics.detect_anomalies(channel=channel),
            "segments": lambda: analytics.cluster_viewers(channel=channel, now=now),
            "topics": lambda: analytics.topics(channel=channel),
        }
        found = {name: await _answer(ask) for name, ask in asked.items()}
        names = [name for name, _ in found["stream"].get("top_chatters", [])[:TOP_VIEWERS]]
        found["viewers"] = {
            name: await _answer(lambda name=name: analytics.get_viewer_insights(name, channel=channel, now=now)) for name in names
        }
        return found

    async def _export(self) -> int:
        if not self._options.pipeline.remember:
            (self._folder / "memories.jsonl").write_bytes(b"")
            return 0
        return await self.engine.memory.export_memories(self._folder / "memories.jsonl")

    def _summary(self, rows: int, memories: int) -> dict[str, Any]:
        stats = self.engine.stats()
        cached = self.cache.stats()
        return {
            "format": FORMAT,
            "source": {"sha256": fingerprint.of_file(self._source), "rows": rows},
            "model": self._model,
            "channels": sorted(self._channels),
            "start": self._first,
            "end": self._clock.now if self._channels else None,
            "minutes": len(self._table),
            "events": {name: self._counts[name] for name in ("analysis", "error", "alert")},
            "alerts": {name[6:]: count for name, count in sorted(self._counts.items()) if name.startswith("alert.")},
            "quarantined": stats["quarantined"],
            "memory": {
                "kept": memories,
                "stored": stats["memory"]["stored"],
                "kept_out": dict(sorted(stats["memory"]["kept_out"].items())),
                "refused": dict(sorted(stats["memory"]["refused"].items())),
            },
            "cache": {name: cached[name] for name in ("hits", "merged", "misses", "rate")},
            "scores": stats["scores"],
        }


def _check_target(target: Path) -> None:
    """What is replaced must be a replay's: a folder given by mistake is not swept away."""
    if target.exists() and (not target.is_dir() or any(path.name not in FILES for path in target.iterdir())):
        raise BadInput(f"{target} holds other files than a replay's", field="out")


async def _answer(ask: Callable[[], Awaitable[Any]]) -> Any:
    try:
        return await ask()
    except HikariError as error:
        return {"error": error.as_dict()}


def _line(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":")) + "\n").encode("utf-8", "replace")


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(_plain(value), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    """Values that every reader of JSON takes: a number that is none becomes null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in cast("list[Any]", value)]
    return value

"""Simulated streams through the analytics engine, as a channel would use it over some weeks, and all that it answered.

Everything goes through `StreamAnalyticsEngine`; only what it has no question for (the recorded metrics, the viewers' features) is read
from its store after it is closed.
"""

import asyncio
import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import msgpack  # pyright: ignore[reportMissingTypeStubs]
import numpy as np

from hikari.analytics.audiences import Audiences, scaled, viewer_features
from hikari.analytics.channel import CHAT_RATE, VIEWER_COUNT
from hikari.analytics.cold_profiles import TABLE as PROFILES
from hikari.analytics.config import AnalyticsConfig
from hikari.analytics.engine import StreamAnalyticsEngine
from hikari.analytics.keeper import STATE
from hikari.analytics.metric_series import COARSE_S, MetricSeries
from hikari.analytics.profiles import Profile
from hikari.analytics.simulator import Row, Stream, streams
from hikari.analytics.simulator_events import StreamEvent
from hikari.analytics.store import AnalyticsStore
from hikari.analytics.store_keys import of_name
from hikari.settings import Settings
from training.report_experiment import through_engine
from training.report_schema import MINUTE_S, ReportConfig

Answer = dict[str, Any]
Array = np.ndarray
CHANNEL = "default"
METRICS = (CHAT_RATE, VIEWER_COUNT)


@dataclass(frozen=True, slots=True)
class Watched:
    """One stream in epoch seconds: what truly happened in it, without the contents, and the alerts that it gave."""

    start: float
    end: float
    events: tuple[StreamEvent, ...]
    alerts: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """The streams and what the engine said about them.

    `quiet` are the same weeks without raids. `forecasts` were made within the last stream, each with its `origin`; `audience` stands after
    it, with the agreement with the one before it; `topics` are those before it and after it. `series`: times and values (n,) of each
    metric; `points`: viewers' features as they are clustered (viewers, 9), with the label of each viewer's segment, empty for none.
    """

    streams: tuple[Watched, ...]
    quiet: tuple[Watched, ...]
    messages: int
    moments: list[Answer]
    forecasts: list[Answer]
    audience: Answer
    topics: tuple[Answer, Answer]
    contents: Answer
    experiment: Answer
    series: dict[str, tuple[Array, Array]]
    points: Array
    segments: list[str]


def record(config: ReportConfig) -> Recorded:
    """Simulate, feed, ask."""
    with tempfile.TemporaryDirectory(prefix="hikari-report-") as name:
        answers = asyncio.run(_replay(config, Path(name)))
        return Recorded(**answers, **_stored(Path(name), now=answers["streams"][-1].end), quiet=without_raids(config))


def without_raids(config: ReportConfig) -> tuple[Watched, ...]:
    """The weeks of the report with everything but raids, and the alerts that they gave: what detecting raids costs in false alarms."""
    calm = replace(config, events=replace(config.events, raids=0.0))
    with tempfile.TemporaryDirectory(prefix="hikari-report-") as name:
        return asyncio.run(_watch(calm, Path(name)))


async def _watch(config: ReportConfig, folder: Path) -> tuple[Watched, ...]:
    async with _engine(folder) as engine:
        watched: list[Watched] = []
        for stream in _planned(config):
            await _Feed(engine, stream).until(math.inf)
            watched.append(await _watched(engine, stream, config))
        return tuple(watched)


async def _watched(engine: StreamAnalyticsEngine, stream: Stream, config: ReportConfig) -> Watched:
    alerts = (await engine.detect_anomalies(since=stream.start - MINUTE_S))["alerts"]
    return Watched(stream.start, stream.start + stream.seconds, happened(stream, config), tuple(alerts))


def _engine(folder: Path) -> StreamAnalyticsEngine:
    # No engagement model from the environment: what the stage says must come from its own inputs.
    settings = replace(Settings.read({}), home=folder / "home")
    return StreamAnalyticsEngine(
        folder / "store", config=AnalyticsConfig(background=False), clock=lambda: 0.0, live=False, settings=settings
    )


async def _replay(config: ReportConfig, folder: Path) -> Answer:
    engine = _engine(folder)
    watched: list[Watched] = []
    forecasts: list[Answer] = []
    topics: Answer = {}
    messages = 0
    async with engine:
        for stream in _planned(config):
            last = len(watched) == config.streams - 1
            if last:
                await engine.cluster_viewers(now=watched[-1].end)
                topics = await engine.topics()
            await _record_contents(engine, stream, config)
            feed = _Feed(engine, stream)
            if last:
                schedule = [[one.start, one.end] for one in watched] + [[stream.start, stream.start + stream.seconds]]
                for origin in _origins(config, stream):
                    await feed.until(origin)
                    await engine.set_schedule(schedule)  # what is fitted anew on the next question
                    forecasts += [
                        {**await engine.forecast_metrics(metric, config.forecast.periods), "origin": origin} for metric in METRICS
                    ]
            await feed.until(math.inf)
            messages += feed.messages
            watched.append(await _watched(engine, stream, config))
        return {
            "streams": tuple(watched),
            "messages": messages,
            "moments": (await engine.get_global_insights())["hype_moments"],
            "forecasts": forecasts,
            "audience": await engine.cluster_viewers(now=watched[-1].end),
            "topics": (topics, await engine.topics()),
            "contents": await engine.content_report("segment"),
            "experiment": await through_engine(engine, config),
        }


def _planned(config: ReportConfig) -> Iterator[Stream]:
    """The streams, each with its own programme: one simulation of the channel for each, of which every stream takes one in turn."""
    turns = max(len(config.contents), 1)
    channels = [streams(config.streams, config.seed, config.simulation(turn)) for turn in range(turns)]
    for number, choices in enumerate(zip(*channels, strict=True)):
        yield choices[number % turns]


def happened(stream: Stream, config: ReportConfig) -> tuple[StreamEvent, ...]:
    """The stream's events in epoch seconds; the contents are none of them."""
    shown = {at for at, _ in config.programme(stream.number)}
    return tuple(
        replace(one, at=stream.start + one.at, start=stream.start + one.start, end=stream.start + one.end)
        for one in stream.events
        if not (one.kind == "lull" and one.at in shown)
    )


class _Feed:
    """One stream on its way into the engine: messages, and the number of viewers at each minute."""

    def __init__(self, engine: StreamAnalyticsEngine, stream: Stream) -> None:
        self._engine, self._rows = engine, stream.rows()
        self._viewers = iter([(stream.start + MINUTE_S * minute, int(count)) for minute, count in enumerate(stream.viewers)])
        self._row: Row | None = next(self._rows, None)
        self._reading = next(self._viewers, None)
        self.messages = 0

    async def until(self, end: float) -> None:
        """Everything before `end`, in the order of time."""
        while self._row is not None or self._reading is not None:
            said = math.inf if self._row is None else self._row["timestamp"]
            seen = math.inf if self._reading is None else self._reading[0]
            if min(said, seen) >= end:
                return
            if self._reading is not None and seen <= said:
                await self._engine.record_metric(VIEWER_COUNT, self._reading[1], seen)
                self._reading = next(self._viewers, None)
            elif self._row is not None:
                await self._engine.process_chat_message(self._row["username"], self._row["message"], said)
                self.messages += 1
                self._row = next(self._rows, None)


async def _record_contents(engine: StreamAnalyticsEngine, stream: Stream, config: ReportConfig) -> None:
    for at, one in config.programme(stream.number):
        start = stream.start + at
        await engine.record_content("segment", one.name, start, start + config.slot_minutes * MINUTE_S)


def _origins(config: ReportConfig, stream: Stream) -> Iterator[float]:
    """Times on the grid of the forecasts at which there is still enough to come of the stream."""
    settings = config.forecast
    first = math.ceil((stream.start + settings.first_minute * MINUTE_S) / COARSE_S) * COARSE_S
    ahead = settings.periods * COARSE_S
    while first + ahead <= stream.start + stream.seconds:
        yield first
        first += settings.every_minutes * MINUTE_S


def _stored(folder: Path, now: float) -> Answer:
    """What the closed engine's store holds of series, viewers and their segments."""
    store = AnalyticsStore(folder / "store")
    try:
        reader = MetricSeries(store)
        series = {metric: reader.read(CHANNEL, metric) for metric in METRICS}
        state = _unpacked(store.get(STATE, of_name(CHANNEL)))
        viewers = [_unpacked(blob) for _, blob in store.scan(PROFILES, of_name(CHANNEL))]
    finally:
        store.close()
    audiences = Audiences.from_state(state["audiences"])
    known = [(name, Profile.from_state(profile)) for name, profile in viewers]
    points, _ = scaled(viewer_features([profile for _, profile in known if profile.messages], now))
    found = (audiences.segment_of(name) for name, profile in known if profile.messages)
    return {"series": series, "points": points, "segments": ["" if one is None else one.label for one in found]}


def _unpacked(blob: bytes | None) -> Any:
    return cast("Any", msgpack).unpackb(blob, strict_map_key=False)

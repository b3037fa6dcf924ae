"""`StreamAnalyticsEngine`: what is going on in a stream, who watches, what comes next, and what works."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from hikari.analytics import answers
from hikari.analytics.config import AnalyticsConfig
from hikari.analytics.engagement import EngagementModel
from hikari.analytics.events import ChatEvent
from hikari.analytics.experiments import Outcome
from hikari.analytics.keeper import Keeper
from hikari.analytics.store import AnalyticsStore
from hikari.analytics.topics import Embed
from hikari.errors import BadInput, HikariError, NotReady
from hikari.fields import name_field, seconds
from hikari.settings import Settings

THREADS = 4
MAX_BATCH = 10_000
Result = TypeVar("Result")


class StreamAnalyticsEngine:
    """Analytics of any number of channels; opens on the first call, safe under concurrent ones.

    `path` is the folder of its store (default `HIKARI_HOME/analytics`), `model` the engagement bundle, `embed` gives unit vectors of
    texts for topics (without it they are found by words), `clock` epoch seconds. Live, a message whose time lies ahead of the clock
    waits for a witness; with `live=False`, in replays, every timestamp is believed.
    """

    def __init__(
        self,
        path: Path | str | None = None,
        *,
        model: Path | str | None = None,
        embed: Embed | None = None,
        config: AnalyticsConfig | None = None,
        clock: Callable[[], float] = time.time,
        live: bool = True,
        settings: Settings | None = None,
    ) -> None:
        self._path, self._model, self._embed = path, model, embed
        self._config, self._clock, self._live = config or AnalyticsConfig(), clock, live
        self._settings = settings
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="hikari-analytics-call")
        self._keeper: Keeper | None = None
        self._opening = asyncio.Lock()
        self._closed = False
        self.notes: list[str] = []
        """What is missing, in words."""

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    @property
    def is_open(self) -> bool:
        """Whether the store is open and calls are answered."""
        return self._keeper is not None and not self._closed

    async def open(self) -> None:
        """Open the store now instead of at the first call. Raises `StoreBusy`, `BadStore`, `StoreFull`."""
        await self._opened()

    async def close(self) -> None:
        """Write everything and let go; a second call does nothing."""
        if not self._closed:
            self._closed = True
            if self._keeper is not None:
                await asyncio.get_running_loop().run_in_executor(self._pool, self._keeper.close)
            self._pool.shutdown(wait=False)

    async def process_chat_message(
        self,
        username: str,
        message: str,
        timestamp: Any = None,
        *,
        channel: str = "default",
        sentiment: float | None = None,
        emotion: str | None = None,
        toxicity: float | None = None,
        question: bool | None = None,
    ) -> dict[str, Any]:
        """Count one message; what it changed: `counted`, `messages_in_slot` (five seconds), `stream_chatters`, `hype`, `alerts`.

        The signals come from a text model, where there is one. A message that is too late, or whose clock runs ahead, comes back with
        `counted` false and the `reason`. Raises `BadInput`.
        """
        keeper = self._keeper if not self._closed and self._keeper is not None else await self._opened()
        now = self._clock()
        at = now if timestamp is None else timestamp if type(timestamp) is float else seconds(timestamp)
        event = ChatEvent(at, username, message, sentiment, emotion, toxicity, question)
        return keeper.add(_channel(channel), event, now if self._live else at)

    async def process_chat_batch(self, rows: Sequence[Mapping[str, Any]], *, channel: str = "default") -> list[dict[str, Any]]:
        """`process_chat_message` for rows of its parameters (`id` comes back); a bad row is its error and harms no other."""
        if isinstance(rows, str | bytes) or not isinstance(rows, Sequence) or len(rows) > MAX_BATCH:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise BadInput(f"messages must be a list of at most {MAX_BATCH} objects", field="messages")
        results: list[dict[str, Any]] = []
        for number, row in enumerate(rows):
            try:
                results.append(answers.with_id(row, await self.process_chat_message(**answers.message_row(row, channel))))
            except HikariError as error:
                results.append(answers.with_id(row, {"error": error.as_dict()}))
            if number % 100 == 99:
                await asyncio.sleep(0)  # others are served meanwhile
        return results

    async def record_metric(
        self, metric_name: str, value: float, timestamp: Any = None, *, channel: str = "default"
    ) -> dict[str, Any]:
        """Note a reading of any metric; `viewer_count` also feeds the features of the stream."""
        keeper, now = await self._opened(), self._clock()
        at = now if timestamp is None else seconds(timestamp)
        number = answers.number(value, "value")
        return keeper.record(_channel(channel), name_field(metric_name, "metric_name"), number, at, now if self._live else at)

    async def start_stream(self, timestamp: Any = None, *, channel: str = "default") -> dict[str, Any]:
        """The operator's word that a stream begins: from here on, chatters are new again."""
        at = self._clock() if timestamp is None else seconds(timestamp)

        def start(one: Any) -> None:
            one.windows.start_stream(at)
            one.sessions.start(at)

        await self._change(channel, start)
        return {"started_at": at}

    async def get_viewer_insights(self, username: str, *, channel: str = "default", now: Any = None) -> dict[str, Any]:
        """Engagement score with its parts, favourite topics, sentiment history, visits, segment and flags of one viewer.

        Raises `NotFound` for strangers.
        """
        name, at = name_field(username, "username"), self._clock() if now is None else seconds(now, "now")
        return await self._call(lambda keeper: answers.viewer(keeper, _channel(channel), name, at))

    async def get_global_insights(self, *, channel: str = "default") -> dict[str, Any]:
        """The stream as a whole: rates of the last minutes, hype moments with clips, top chatters and emotes, retention."""
        return await self._call(lambda keeper: answers.stream(keeper, _channel(channel)))

    async def forecast_metrics(
        self, metric_name: str, periods: int, *, step_s: float | None = None, channel: str = "default"
    ) -> dict[str, Any]:
        """The next `periods` steps of a metric with intervals, the chosen model, its backtest error and why it was chosen.

        Raises `NotReady` when nothing is recorded.
        """
        name = name_field(metric_name, "metric_name")
        return await self._call(lambda keeper: answers.forecast(keeper, _channel(channel), name, periods, step_s))

    async def set_schedule(self, streams: Sequence[Sequence[Any]], *, channel: str = "default") -> dict[str, Any]:
        """The planned streams as (start, end), which forecasts take into account; on disk when this returns."""
        spans = answers.spans(streams)
        await self._call(lambda keeper: keeper.schedule(_channel(channel), spans))
        return {"streams": len(spans)}

    async def predict_engagement(self, *, channel: str = "default") -> dict[str, Any]:
        """Messages, chatters and mood of the next 1, 5 and 15 minutes with quantiles, and which minutes mattered. Raises `NotReady`."""
        return await self._call(lambda keeper: answers.engagement(keeper, _channel(channel)))

    async def detect_anomalies(
        self, metric_name: str | None = None, *, since: Any = None, channel: str = "default"
    ) -> dict[str, Any]:
        """The last alerts of one metric or of all, each with severity and why, and every metric's threshold."""
        name = None if metric_name is None else name_field(metric_name, "metric_name")
        least = None if since is None else seconds(since, "since")
        return await self._call(lambda keeper: answers.anomalies(keeper, _channel(channel), name, least))

    async def anomaly_feedback(self, alert_id: str, correct: bool, *, channel: str = "default") -> dict[str, Any]:
        """An operator's verdict on an alert, which moves the metric's threshold; kept at once."""
        name = name_field(alert_id, "alert_id")
        return await self._change(channel, lambda one: one.feedback(name, correct))

    async def cluster_viewers(self, *, channel: str = "default", now: Any = None) -> dict[str, Any]:
        """Segments of the audience (DBSCAN over habits), with what makes each, stable ids, stability and the share of noise."""
        at = self._clock() if now is None else seconds(now, "now")
        return await self._call(lambda keeper: answers.segments(keeper, _channel(channel), at))

    async def topics(self, *, channel: str = "default") -> dict[str, Any]:
        """What is talked about: topics with terms, typical messages and shares."""
        return await self._call(lambda keeper: answers.topics(keeper, _channel(channel), self._embed))

    async def create_experiment(self, definition: Mapping[str, Any], *, channel: str = "default") -> dict[str, Any]:
        """A new experiment (`experiment_definition.py` names the fields) with its plan: how many units it takes."""
        return await self._call(lambda keeper: keeper.experiments.create(_channel(channel), definition))

    async def start_experiment(self, id: str, timestamp: Any = None, *, channel: str = "default") -> dict[str, Any]:  # noqa: A002
        """Open an experiment for units and outcomes."""
        at = self._clock() if timestamp is None else seconds(timestamp)
        return await self._call(lambda keeper: keeper.experiments.start(_channel(channel), name_field(id, "id"), at))

    async def stop_experiment(
        self,
        id: str,  # noqa: A002
        timestamp: Any = None,
        *,
        reason: str = "stopped by hand",
        channel: str = "default",
    ) -> dict[str, Any]:
        """Close an experiment."""
        at = self._clock() if timestamp is None else seconds(timestamp)
        return await self._call(lambda keeper: keeper.experiments.stop(_channel(channel), name_field(id, "id"), at, reason))

    async def assign(
        self, id: str, unit: str | None = None, timestamp: Any = None, *, covariate: float | None = None,  # noqa: A002
        channel: str = "default",
    ) -> dict[str, Any]:  # fmt: skip
        """The arm that a viewer, or this block of time, is shown: always the same."""
        at = self._clock() if timestamp is None else seconds(timestamp)
        return await self._call(
            lambda keeper: keeper.experiments.assign(_channel(channel), name_field(id, "id"), unit, at, covariate)
        )

    async def record_outcome(
        self, id: str, value: float, unit: str | None = None, timestamp: Any = None, *, covariate: float | None = None,  # noqa: A002
        outcome_id: str | None = None, arm: str | None = None, channel: str = "default",
    ) -> dict[str, Any]:  # fmt: skip
        """Count an outcome; it is on disk when this returns."""
        at = self._clock() if timestamp is None else seconds(timestamp)
        outcome = Outcome(unit, value, at, covariate, outcome_id, arm)
        return await self._call(lambda keeper: keeper.experiments.record(_channel(channel), name_field(id, "id"), outcome))

    async def experiment_report(self, id: str, *, now: Any = None, channel: str = "default") -> dict[str, Any]:  # noqa: A002
        """What an experiment says by now, in numbers and sentences; look as often as you like."""
        at = self._clock() if now is None else seconds(now, "now")
        return await self._call(lambda keeper: keeper.experiments.report(_channel(channel), name_field(id, "id"), at))

    async def list_experiments(self, *, channel: str = "default") -> list[dict[str, Any]]:
        """The channel's experiments: id, name, status."""
        return await self._call(lambda keeper: keeper.experiments.list(_channel(channel)))

    async def record_content(
        self, kind: str, name: str, start: Any = None, end: Any = None, *, channel: str = "default"
    ) -> dict[str, Any]:
        """Note what is on: a `title`, `game` or `segment`; without an end it lasts until the next of its kind."""
        at = self._clock() if start is None else seconds(start, "start")
        return answers.content(await self._change(channel, lambda one: one.contents.record(kind, name, at, end)))

    async def content_report(self, kind: str | None = None, *, channel: str = "default") -> dict[str, Any]:
        """Viewers, chat rate, sentiment and engagement per content against the channel's baseline, with intervals."""
        return await self._call(lambda keeper: answers.contents(keeper, _channel(channel), kind))

    async def forget_user(self, username: str, *, channel: str | None = None) -> dict[str, Any]:
        """Remove a viewer from everything, in memory and on disk; anonymous counts stay."""
        name, chosen = name_field(username, "username"), None if channel is None else _channel(channel)
        return await self._call(lambda keeper: keeper.forget_user(name, chosen))

    async def stats(self) -> dict[str, Any]:
        """Per channel what was counted, the size of what is kept, and what is missing."""
        return {**await self._call(answers.stats), "notes": self.notes}

    async def flush(self) -> None:
        """Write what came in until now; otherwise that happens within a second."""
        await self._call(lambda keeper: keeper.flush())

    async def maintain(self) -> None:
        """Do now what is otherwise done in the background: snapshots, forecasts, old metrics."""
        await self._call(lambda keeper: keeper.maintain())

    async def _change(self, channel: str, work: Callable[[Any], Result]) -> Result:
        return await self._call(lambda keeper: keeper.change(_channel(channel), work))

    async def _call(self, work: Callable[[Keeper], Result]) -> Result:
        keeper = await self._opened()
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, keeper)

    async def _opened(self) -> Keeper:
        if self._closed:
            raise NotReady("the analytics engine is closed")
        if self._keeper is not None:
            return self._keeper
        async with self._opening:
            # Another call may have opened it while this one waited.
            found: Keeper | None = self._keeper
            opened = found or await asyncio.get_running_loop().run_in_executor(self._pool, self._open)
            self._keeper = opened
            return opened

    def _open(self) -> Keeper:
        settings = self._settings or Settings.read()
        model: EngagementModel | None = None
        try:
            model = EngagementModel.open(self._model, settings=settings)
        except NotReady as error:
            if self._model is not None:
                raise
            self.notes.append(f"engagement is not predicted: {error.message}")
        store = AnalyticsStore(Path(self._path) if self._path is not None else settings.home / "analytics")
        try:
            return Keeper(store, self._config, self._clock, model)
        except BaseException:
            with contextlib.suppress(HikariError):
                store.close()
            raise


def _channel(value: Any) -> str:
    return value if value == "default" else name_field(value, "channel")

"""What the engine's questions are answered with: plain JSON values, made under the lock where they need a consistent state."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast

import numpy as np

from hikari.analytics.channel import CHAT_RATE, DERIVED, VIEWER_COUNT, Channel, alert_row
from hikari.analytics.content_reports import content_report
from hikari.analytics.contents import Content
from hikari.analytics.engagement_inputs import MINUTES
from hikari.analytics.features import FEATURES, INDEX
from hikari.analytics.insights import global_insights, viewer_insights
from hikari.analytics.keeper import Keeper
from hikari.analytics.topics import Embed
from hikari.errors import BadInput, NotFound, NotReady, TooLarge
from hikari.fields import seconds

_ROW = frozenset({"id", "username", "message", "text", "timestamp", "channel", "sentiment", "emotion", "toxicity", "question"})
MAX_PLANNED = 1_000
LIVE_MINUTES = 15
"""Minutes whose rates the global insights show."""


def message_row(row: Any, channel: str) -> dict[str, Any]:
    """A row of a batch as arguments of `process_chat_message`. Raises `BadInput`."""
    if not isinstance(row, Mapping):
        raise BadInput("every message must be an object", field="messages")
    values = cast("Mapping[str, Any]", row)
    unknown = sorted(str(key) for key in values.keys() - _ROW)
    if unknown:
        raise BadInput(f"{len(unknown)} unknown parameters; allowed are {', '.join(sorted(_ROW))}", field=unknown[0])
    made = {key: value for key, value in values.items() if key not in ("id", "text")}
    if "message" not in made and "text" in values:
        made["message"] = values["text"]
    for needed in ("username", "message"):
        if needed not in made:
            raise BadInput(f"{needed} is missing", field=needed)
    return {"channel": channel, **made}


def with_id(row: Any, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer under the row's own id, where it has one."""
    identifier = cast("Mapping[str, Any]", row).get("id") if isinstance(row, Mapping) else None
    return answer if identifier is None and "error" not in answer else {"id": identifier, **answer}


def number(value: Any, field: str) -> float:
    """A finite number. Raises `BadInput`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= 1e15:
        raise BadInput(f"{field} must be a finite number", field=field)
    return float(value)


def spans(streams: Any) -> list[tuple[float, float]]:
    """Planned streams as pairs of times. Raises `BadInput`."""
    if isinstance(streams, str) or not isinstance(streams, Sequence):
        raise BadInput("streams must be a list of [start, end]", field="streams")
    pairs = cast("Sequence[Any]", streams)
    if len(pairs) > MAX_PLANNED:
        raise TooLarge(f"at most {MAX_PLANNED} streams can be planned", field="streams")
    if any(isinstance(pair, str) or not isinstance(pair, Sequence) or len(cast("Sequence[Any]", pair)) != 2 for pair in pairs):
        raise BadInput("streams must be a list of [start, end]", field="streams")
    made = [(seconds(start, "streams"), seconds(end, "streams")) for start, end in pairs]
    if any(start >= end for start, end in made):
        raise BadInput("a planned stream must end after it starts", field="streams")
    return made


def viewer(keeper: Keeper, channel: str, username: str, now: float) -> dict[str, Any]:
    with keeper.lock:
        one = _known(keeper, channel)
        profile = one.profiles.get(username)
        if profile is None:
            raise NotFound("this viewer has not been seen in the channel", field="username")
        current = one.sessions.current()
        return {
            "username": username,
            **viewer_insights(
                profile, now, current_stream=current[0] if current else None, topic_label=one.topics.label,
                segment=one.audiences.segment_of(username),
            ),
        }  # fmt: skip


def stream(keeper: Keeper, channel: str) -> dict[str, Any]:
    with keeper.lock:
        one = _known(keeper, channel)
        newest, current = one.windows.newest, one.sessions.current()
        if newest is None or current is None:
            raise NotReady("nothing was said in this channel yet")
        table = one.rows(newest, LIVE_MINUTES)
        live = table[:, INDEX["in_stream"]] > 0
        viewers = table[live, INDEX["viewers"]]
        known = viewers[np.isfinite(viewers)]
        lasting = one.moments.current()
        return {
            "stream": current[0],
            "stream_start": one.windows.stream_start,
            "newest": newest,
            "counts": one.windows.counts,
            "minutes": {name: _plain(table[live, INDEX[feature]]) for name, feature in DERIVED.items()},
            "current_moment": None if lasting is None else asdict(lasting),
            **global_insights(
                moments=(), chatters=one.chatters, emotes=one.emotes, cohorts=one.profiles.cohorts, stream=current[0],
                viewers=float(known[-1]) if len(known) else None,
            ),
            "hype_moments": list(one.noticed),
        }  # fmt: skip


def forecast(keeper: Keeper, channel: str, metric: str, periods: Any, step_s: float | None) -> dict[str, Any]:
    with keeper.lock:
        one = _known(keeper, channel)
        waiting = any(reading[0] == metric for reading in one.readings)
    if keeper.series.fitted(channel, metric) is None and waiting:
        keeper.snapshot()  # readings not yet on disk
    return keeper.series.forecast(channel, metric, periods, None if step_s is None else number(step_s, "step_s"))


def engagement(keeper: Keeper, channel: str) -> dict[str, Any]:
    with keeper.lock:
        one, model = _known(keeper, channel), keeper.model
        if model is None or one.norms is None:
            raise NotReady("there is no engagement model; `make pipeline` makes one")
        newest = one.windows.newest
        if newest is None:
            raise NotReady("nothing was said in this channel yet")
        found = model.predict(one.rows(newest, MINUTES), one.norms)
    return {
        "as_of": newest,
        "horizons": {f"{ahead}m": metrics for ahead, metrics in found.horizons.items()},
        "attention": _plain(found.attention),
        "mattered": _plain(found.mattered),
        "model": model.bundle.fingerprint,
    }


def anomalies(keeper: Keeper, channel: str, metric: str | None, since: float | None) -> dict[str, Any]:
    with keeper.lock:
        one = _known(keeper, channel)
        watched = one.anomalies
        if metric is not None and metric not in watched.metrics():
            raise NotFound(f"no such metric; there are {', '.join(sorted(watched.metrics()))}", field="metric_name")
        return {"alerts": [alert_row(alert) for alert in watched.alerts(metric, since)], "thresholds": watched.thresholds()}


def segments(keeper: Keeper, channel: str, now: float) -> dict[str, Any]:
    with keeper.lock:
        one = _known(keeper, channel)
        taken, audiences = one.profiles.copy(), one.audiences
    audience = audiences.refresh(taken.profiles(), now)
    with keeper.lock:
        keeper.touch(channel)
    return asdict(audience)


def topics(keeper: Keeper, channel: str, embed: Embed | None) -> dict[str, Any]:
    with keeper.lock:
        model = _known(keeper, channel).topics
    found = model.refresh(embed)
    with keeper.lock:
        keeper.touch(channel)
    return asdict(found)


def content(row: Content) -> dict[str, Any]:
    """A content as plain values."""
    return asdict(row)


def contents(keeper: Keeper, channel: str, kind: str | None) -> dict[str, Any]:
    keeper.snapshot()
    with keeper.lock:
        spells = _known(keeper, channel).contents
    names = (VIEWER_COUNT, CHAT_RATE, "unique_chatters", "sentiment")
    series = {name: keeper.series.read(channel, name) for name in names}
    times = np.unique(np.concatenate([each[0] for each in series.values()]))
    if not len(times):
        raise NotReady("no minute of this channel is complete yet")
    metrics: dict[str, Any] = {}
    for name, (at, values) in series.items():
        column = np.full(len(times), np.nan)
        column[np.searchsorted(times, at)] = values
        metrics[name] = column
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = metrics[CHAT_RATE] / metrics[VIEWER_COUNT]
    metrics["engagement"] = np.where(np.isfinite(ratio), ratio, np.nan)
    return content_report(spells, times, {name: column for name, column in metrics.items() if np.isfinite(column).any()}, kind)


def stats(keeper: Keeper) -> dict[str, Any]:
    with keeper.lock:
        return {
            "channels": {
                name: {"counts": one.windows.counts, "hot_viewers": len(one.profiles), "metrics": sorted(one.anomalies.metrics())}
                for name, one in sorted(keeper.channels.items())
            },
            "waiting": len(keeper.journal),
            "journal_rows": keeper.journal.rows,
            "features": list(FEATURES),
        }


def _known(keeper: Keeper, channel: str) -> Channel:
    found = keeper.channels.get(channel)
    if found is None:
        raise NotFound("nothing is known of this channel", field="channel")
    return found


def _plain(values: np.ndarray) -> list[float | None]:
    return [round(float(value), 6) if np.isfinite(value) else None for value in values]

"""What the engine said, held against what was planted: figures with flat, stable names; None where there is nothing to measure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hikari.analytics.channel import NEWCOMERS
from hikari.analytics.forecasting.series import change_scale, regularise
from hikari.analytics.metric_series import COARSE_S
from hikari.analytics.simulator_config import KINDS
from training.report_replay import METRICS, Answer, Recorded, Watched
from training.report_schema import MINUTE_S, ReportConfig

Figures = dict[str, Any]
Span = tuple[float, float]
PATIENCE_S = 60.0
"""An alert tells of an event when its minute touches the event or comes this long after it at most."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """The forecasts of one metric, (origins, periods) each; `truth` is NaN where nothing was recorded, `last` the value at the origin."""

    metric: str
    times: np.ndarray
    values: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    truth: np.ndarray
    last: np.ndarray
    scale: float
    """Mean one-step change before the last stream."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Pairs (detected, planted) by index, one to one, and how far each pair overlaps (intersection over union)."""

    pairs: tuple[tuple[int, int], ...]
    overlaps: tuple[float, ...]


def figures(config: ReportConfig, recorded: Recorded, repeated: dict[str, float]) -> Figures:
    """All of them."""
    found: Figures = {"streams": len(recorded.streams), "messages": recorded.messages}
    for metric in METRICS:
        found |= {f"forecast/{metric}/{name}": value for name, value in _forecast(ahead(recorded, metric)).items()}
    for part, values in (
        ("hype", _hype(recorded)), ("anomaly", _anomalies(recorded)), ("audience", _audience(recorded)),
        ("topics", _topics(recorded)), ("experiment", {**_experiment(config, recorded.experiment), **repeated}),
        ("content", _contents(config, recorded.contents)),
    ):  # fmt: skip
        found |= {f"{part}/{name}": value for name, value in values.items()}
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in found.items()}


def ahead(recorded: Recorded, metric: str) -> Ahead:
    """The forecasts of a metric beside what came."""
    chosen = [one for one in recorded.forecasts if one["metric"] == metric]
    times = np.array([one["times"] for one in chosen])
    series = regularise(*recorded.series[metric], COARSE_S)
    places = np.rint((times - series.start) / COARSE_S).astype(np.int64)
    inside = (places >= 0) & (places < len(series.values))
    truth = np.where(inside, series.values[np.clip(places, 0, len(series.values) - 1)], np.nan)
    before = series.values[: int((recorded.streams[-1].start - series.start) // COARSE_S)]
    values, lower, upper = (np.array([one[name] for one in chosen]) for name in ("values", "lower", "upper"))
    return Ahead(metric, times, values, lower, upper, truth, series.values[places[:, 0] - 1], change_scale(before))


def _forecast(one: Ahead) -> Figures:
    known = np.isfinite(one.truth)
    error = float(np.abs(one.values - one.truth)[known].mean())
    naive = float(np.nanmean(np.abs(one.last[:, None] - one.truth)))
    inside = (one.truth >= one.lower) & (one.truth <= one.upper)
    return {
        "mae": error,
        "mase": error / one.scale if one.scale > 0 else None,
        "last_value_mae": naive,
        "relative_to_last_value": error / naive if naive > 0 else None,
        "interval_coverage": float(inside[known].mean()),
        "steps": int(known.sum()),
    }


def match(detected: Sequence[Span], planted: Sequence[Span]) -> Matches:
    """Each planted span with the detected one that overlaps it most, the best pairs first.

    >>> match([(0.0, 10.0), (50.0, 60.0)], [(5.0, 10.0)])
    Matches(pairs=((0, 0),), overlaps=(0.5,))
    """
    shares = [(_overlap(one, other), number, place) for number, one in enumerate(detected) for place, other in enumerate(planted)]
    pairs: list[tuple[int, int]] = []
    overlaps: list[float] = []
    for share, number, place in sorted(shares, key=lambda row: (-row[0], row[1], row[2])):
        if share > 0 and all(number != used for used, _ in pairs) and all(place != used for _, used in pairs):
            pairs.append((number, place))
            overlaps.append(share)
    return Matches(tuple(pairs), tuple(overlaps))


def told(alert: Answer, start: float, end: float) -> bool:
    """Whether an alert tells of what happened from `start` to `end`; its time is the start of its minute."""
    return alert["timestamp"] + MINUTE_S > start and alert["timestamp"] < end + PATIENCE_S


def watched(streams: Sequence[Watched]) -> Sequence[Watched]:
    """The streams in which anomalies are judged: in the first one the detectors learn what is usual."""
    return streams[1:]


def _hype(recorded: Recorded) -> Figures:
    hypes = [one for stream in recorded.streams for one in stream.events if one.kind == "hype"]
    spans = [(one["start"], one["end"]) for one in recorded.moments]
    found = match(spans, [(one.start, one.end) for one in hypes])
    others = [(one.start, one.end) for stream in recorded.streams for one in stream.events if one.kind in ("raid", "copypasta")]
    free = [span for number, span in enumerate(spans) if number not in {pair[0] for pair in found.pairs}]
    precision, recall = _share(len(found.pairs), len(spans)), _share(len(found.pairs), len(hypes))
    clips = [
        recorded.moments[number]["clip_start"] <= hypes[place].at <= recorded.moments[number]["clip_end"]
        for number, place in found.pairs
    ]
    return {
        "planted": len(hypes),
        "detected": len(spans),
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if precision and recall else 0.0,
        "temporal_iou": float(np.mean(found.overlaps)) if found.overlaps else None,
        "clip_holds_event": _share(sum(clips), len(clips)),
        "detected_in_raid_or_copypasta": sum(any(_overlap(span, other) > 0 for other in others) for span in free),
    }


def _anomalies(recorded: Recorded) -> Figures:
    judged = watched(recorded.streams)
    answer = _alarms(judged)
    for kind in KINDS:
        hits = [
            any(told(alert, one.start, one.end) for alert in stream.alerts)
            for stream in judged
            for one in stream.events
            if one.kind == kind
        ]
        answer |= {f"{kind}/planted": len(hits), f"{kind}/recall": _share(sum(hits), len(hits))}
    raids = [one.end - one.start for stream in judged for one in stream.events if one.kind == "raid"]
    length = float(np.median(raids)) if raids else 2 * MINUTE_S
    anywhere = [
        any(told(alert, start, start + length) for alert in stream.alerts)
        for stream in judged
        for start in np.arange(stream.start, stream.end - length, MINUTE_S).tolist()
    ]
    answer["raid/recall_by_chance"] = _share(sum(anywhere), len(anywhere))
    return answer | {f"without_raids/{name}": value for name, value in _alarms(watched(recorded.quiet)).items()}


def _alarms(streams: Sequence[Watched]) -> Figures:
    """How many alerts there were, and how many of them tell of nothing that was planted; of newcomers, where nobody raids, all do."""
    hours = sum(one.end - one.start for one in streams) / 3600.0
    alerts = [(stream, alert) for stream in streams for alert in stream.alerts]
    at_event = sum(any(told(alert, one.start, one.end) for one in stream.events) for stream, alert in alerts)
    return {
        "alerts": len(alerts),
        "alerts_per_hour": len(alerts) / hours,
        "false_alerts_per_hour": (len(alerts) - at_event) / hours,
        "newcomer_alerts": sum(alert["metric"] == NEWCOMERS for _, alert in alerts),
        "alerts_at_any_event": _share(at_event, len(alerts)),
    }


def _audience(recorded: Recorded) -> Figures:
    found = recorded.audience
    names = ("viewers", "noise_share", "stability", "agreement")
    return {"segments": len(found["segments"]), **{name: found[name] for name in names}}


def _topics(recorded: Recorded) -> Figures:
    before, after = recorded.topics
    ids = {one["id"] for one in before["topics"]}
    return {
        "count": len(after["topics"]),
        "stability": after["stability"],
        "noise_share": after["noise_share"],
        "duplicate_share": after["duplicate_share"],
        "ids_kept": sum(one["id"] in ids for one in after["topics"]),
    }


def _experiment(config: ReportConfig, report: Answer) -> Figures:
    (one,) = report["comparisons"]
    low, high = one["interval"] or (None, None)
    return {
        "units": sum(arm["units"] for arm in report["arms"]),
        "decision": report["decision"],
        "winner": report["winner"],
        "planted_effect": config.experiment.effect,
        "difference": one["difference"],
        "low": low,
        "high": high,
    }


def content_effects(config: ReportConfig, report: Answer) -> list[Answer]:
    """One row for each content and metric: the planted and the found effect, as shares of what was expected without it."""
    rows: list[Answer] = []
    for one in report["contents"]:
        factor = next(planted.factor for planted in config.contents if planted.name == one["name"])
        # Contents change how much is written, not how many are there.
        for metric, planted in zip(METRICS, (factor - 1.0, 0.0), strict=True):
            found = one["metrics"][metric]
            low, high = (
                (math.nan, math.nan) if found["relative"] is None else [bound / found["baseline"] for bound in found["interval"]]
            )
            relative = math.nan if found["relative"] is None else found["relative"]
            rows.append(
                {"content": one["name"], "metric": metric, "planted": planted, "found": relative, "low": low, "high": high}
            )
    return rows


def _contents(config: ReportConfig, report: Answer) -> Figures:
    rows = content_effects(config, report)
    answer: Figures = {}
    for row in rows:
        name = f"{row['content']}/{row['metric']}"
        answer |= {f"{name}/{part}": row[part] if math.isfinite(row[part]) else None for part in ("planted", "found")}
    return answer | {
        "interval_coverage": _share(sum(row["low"] <= row["planted"] <= row["high"] for row in rows), len(rows)),
        "mean_absolute_error": float(np.mean([abs(row["found"] - row["planted"]) for row in rows])) if rows else None,
    }


def _overlap(one: Span, other: Span) -> float:
    """Intersection over union of two spans."""
    both = min(one[1], other[1]) - max(one[0], other[0])
    return both / (max(one[1], other[1]) - min(one[0], other[0])) if both > 0 else 0.0


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None

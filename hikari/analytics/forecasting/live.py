"""Metrics that are recorded only while a stream is live: the streams in a series, and forecasts of what a stream brings next.

Between streams there is nothing to forecast and nothing to compare with. What such a forecast says of a step is what the metric will be
if the stream is live then; it is made from the time since the stream's start and from streams before, never from the hour of the day.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hikari.analytics.forecasting.series import Floats, Places, Series, filled

OFFLINE_S = 3600.0
"""A pause of this long parts two streams ..."""
OFFLINE_STEPS = 6
"""... and of so many steps, so that hourly readings with a hole are no streams."""
LIVE_SHARE = 0.5
"""Recorded only while live is what has readings in at most this share of its steps."""
RECENT_S = 1800.0
"""A present level is the mean of this long, at least one step."""
MAX_STREAMS = 28


def pause_steps(series: Series) -> int:
    """The steps without a reading that part two streams."""
    return max(OFFLINE_STEPS, round(OFFLINE_S / series.step_s))


def streams(series: Series, origin: int) -> list[Places]:
    """The places of the readings before `origin`, stream by stream."""
    places = np.flatnonzero(np.isfinite(series.values[:origin]))
    return np.split(places, np.flatnonzero(np.diff(places) > pause_steps(series)) + 1) if len(places) else []


def within_stream(series: Series) -> bool:
    """Whether the metric is recorded only while a stream is live (in no more than `LIVE_SHARE` of the time, with pauses), and one goes
    on at the series' end."""
    end = len(series.values)
    return float(np.isfinite(series.values).mean()) <= LIVE_SHARE and len(streams(series, end)) > 1 and is_live(series, end)


def is_live(series: Series, origin: int) -> bool:
    """Whether a stream goes on at `origin`: there was a reading not a pause ago."""
    return bool(np.isfinite(series.values[max(0, origin - pause_steps(series)) : origin]).any())


@dataclass(frozen=True, slots=True)
class LiveLevel:
    """The median of the last streams; the present level's distance from it fades with `memory_s` (e-fold)."""

    memory_s: float = 1200.0
    name: str = "live_level"
    max_folds: int = 400

    def shortfall(self, series: Series, origin: int) -> str | None:
        return needs_streams(series, origin)

    def paths(self, series: Series, origins: Sequence[int], horizon: int) -> Floats:
        rows: list[Floats] = []
        for origin in origins:
            past = streams(series, origin)[-MAX_STREAMS:]
            level = float(np.median(series.values[np.concatenate(past)]))
            shift = _recent(series, past[-1]) - level if is_live(series, origin) else 0.0
            rows.append(level + shift * _fading(series, horizon, self.memory_s))
        return series.clip(np.array(rows).reshape(len(origins), horizon))


@dataclass(frozen=True, slots=True)
class LiveProfile:
    """The median course of the streams before by the time since their start, shifted to the present level; the shift fades."""

    memory_s: float = 4800.0
    name: str = "live_profile"
    max_folds: int = 400

    def shortfall(self, series: Series, origin: int) -> str | None:
        return needs_streams(series, origin)

    def paths(self, series: Series, origins: Sequence[int], horizon: int) -> Floats:
        rows: list[Floats] = []
        for origin in origins:
            past = streams(series, origin)[-MAX_STREAMS:]
            live = is_live(series, origin)
            before = past[:-1] if live and len(past) > 1 else past
            start = int(past[-1][0]) if live else origin
            # Beyond the longest stream before, its end goes on.
            course = _median_course(series, before)
            ahead = course[np.minimum(np.arange(origin, origin + horizon) - start, len(course) - 1)]
            shift = 0.0
            if live:
                recent = past[-1][-_recent_steps(series) :]
                shift = _recent(series, past[-1]) - float(course[np.minimum(recent - start, len(course) - 1)].mean())
            rows.append(ahead + shift * _fading(series, horizon, self.memory_s))
        return series.clip(np.array(rows).reshape(len(origins), horizon))


def needs_streams(series: Series, origin: int) -> str | None:
    """What is missing to forecast by streams."""
    found = streams(series, origin)
    return None if len(found) > 1 else "needs two streams with a pause between them"


def _median_course(series: Series, past: Sequence[Places]) -> Floats:
    """The median of the streams at each step since their start, over those that lasted so long."""
    length = max(int(one[-1] - one[0]) + 1 for one in past)
    table = np.full((len(past), length), np.nan)
    for row, one in zip(table, past, strict=True):
        row[one - one[0]] = series.values[one]
    known = np.isfinite(table).any(axis=0)
    course = np.full(length, np.nan)
    course[known] = np.nanmedian(table[:, known], axis=0)
    return filled(course)


def _recent(series: Series, stream: Places) -> float:
    return float(series.values[stream[-_recent_steps(series) :]].mean())


def _recent_steps(series: Series) -> int:
    return max(1, round(RECENT_S / series.step_s))


def _fading(series: Series, horizon: int, memory_s: float) -> Floats:
    return np.exp(-np.arange(1, horizon + 1) * series.step_s / memory_s)

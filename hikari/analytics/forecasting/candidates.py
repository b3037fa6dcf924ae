"""The models that may answer, behind one small interface, and the four that need no fitting.

A candidate maps a series and forecast origins to paths: `paths(series, origins, horizon)` has shape (origins, horizon), row i forecasts
the steps `origins[i] .. origins[i] + horizon - 1` from the values before `origins[i]` alone. The same call with `origins=[len(values)]`
is the forecast, with earlier origins the backtest; there is no second code path that could disagree with the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hikari.analytics.forecasting.series import Floats, Series, filled

MAX_DAYS = 28
"""Days that a daily profile looks back on."""
RECENT_S = 1800.0
"""A level is the mean of this long, at least one step."""


class Candidate(Protocol):
    """One way to forecast."""

    @property
    def name(self) -> str:
        """Stable name, as shown in answers."""
        ...

    @property
    def max_folds(self) -> int:
        """Backtest origins that it can afford within a refit."""
        ...

    def shortfall(self, series: Series, origin: int) -> str | None:
        """What is missing to forecast from `origin`, in words, or None."""
        ...

    def paths(self, series: Series, origins: Sequence[int], horizon: int) -> Floats:
        """Forecasts of shape (origins, horizon) in the metric's unit, never below its floor; finite where `shortfall` is None."""
        ...


@dataclass(frozen=True, slots=True)
class LastValue:
    """The newest reading, for ever."""

    name: str = "last_value"
    max_folds: int = 400

    def shortfall(self, series: Series, origin: int) -> str | None:
        return None if np.isfinite(series.values[:origin]).any() else "needs one reading"

    def paths(self, series: Series, origins: Sequence[int], horizon: int) -> Floats:
        rows = [np.full(horizon, filled(series.values[:origin])[-1]) for origin in origins]
        return series.clip(np.array(rows).reshape(len(origins), horizon))


@dataclass(frozen=True, slots=True)
class SeasonalNaive:
    """What was read at the same time of the day before; where that is missing, of the nearest day further back."""

    name: str = "seasonal_naive"
    max_folds: int = 400

    def shortfall(self, series: Series, origin: int) -> str | None:
        return _needs_days(series, origin, 1)

    def paths(self, series: Series, origins: Sequence[int], horizon: int) -> Floats:
        day = series.day or 1
        rows: list[Floats] = []
        for origin in origins:
            cycles = _days_before(series, origin, day)
            known = np.isfinite(cycles)
            newest = cycles[known.argmax(axis=0), np.arange(day)]
            # A time of day that was never read gets what lies between its neighbours.
            rows.append(np.resize(filled(newest), horizon))
        return series.clip(np.array(rows).reshape(len(origins), horizon))


@dataclass(frozen=True, slots=True)
class Average:
    """The mean of the last value and the seasonal naive forecast: hard to beat for how simple it is."""

    name: str = "average"
    max_folds: int = 400

    def shortfall(self, series: Series, origin: int) -> str | None:
        return _needs_days(series, origin, 1)

    def paths(self, series: Series, origins: Sequence[int], horizon: int) -> Floats:
        last, seasonal = (model.paths(series, origins, horizon) for model in (LastValue(), SeasonalNaive()))
        return last / 2 + seasonal / 2


@dataclass(frozen=True, slots=True)
class Profile:
    """The median day, shifted to the present level; the shift fades with `memory_s` (e-fold)."""

    memory_s: float = 6 * 3600.0
    name: str = "daily_profile"
    max_folds: int = 400

    def shortfall(self, series: Series, origin: int) -> str | None:
        return _needs_days(series, origin, 2)

    def paths(self, series: Series, origins: Sequence[int], horizon: int) -> Floats:
        day, ahead = series.day or 1, np.arange(1, horizon + 1)
        recent = max(1, round(RECENT_S / series.step_s))
        rows: list[Floats] = []
        for origin in origins:
            profile = filled(_median_rows(_days_before(series, origin, day)))
            past = series.values[:origin][-recent:]
            known = np.isfinite(past)
            at_hand = np.resize(profile[::-1], len(past))[::-1]  # the profile's own values for the same steps
            shift = float((past - at_hand)[known].mean()) if known.any() else 0.0
            rows.append(np.resize(profile, horizon) + shift * np.exp(-ahead * series.step_s / self.memory_s))
        return series.clip(np.array(rows).reshape(len(origins), horizon))


def median_day(series: Series, origin: int) -> Floats | None:
    """The median of the days before `origin`, (steps of a day,) from the time of day of `origin` on; None with less than two days."""
    if series.day is None or _needs_days(series, origin, 2):
        return None
    return filled(_median_rows(_days_before(series, origin, series.day)))


def _needs_days(series: Series, origin: int, days: int) -> str | None:
    what = f"needs {days} day{'s' if days > 1 else ''} of readings"
    if series.day is None:
        return f"{what} at a step that divides the day"
    if origin < days * series.day:
        return what
    recent = np.isfinite(series.values[origin - days * series.day : origin])
    return None if recent.mean() >= 0.5 else f"{what}, more than half of the steps are missing"


def _days_before(series: Series, origin: int, day: int) -> Floats:
    """The days that end at `origin`, (days, day), newest first; column j is the time of day of step `origin + j`."""
    count = min(origin // day, MAX_DAYS)
    return series.values[origin - count * day : origin].reshape(count, day)[::-1]


def _median_rows(cycles: Floats) -> Floats:
    known = np.isfinite(cycles)
    ranked = np.sort(cycles, axis=0)  # NaN sorts last
    number = known.sum(axis=0)
    places = np.arange(int(cycles.shape[1]))
    low, high = ranked[np.maximum(number - 1, 0) // 2, places], ranked[np.minimum(number // 2, len(cycles) - 1), places]
    return np.where(number > 0, low / 2 + high / 2, np.nan)

"""Exponential smoothing with automatic choice of its form (AutoETS of statsforecast), on the series without its daily pattern.

    R. J. Hyndman and Y. Khandakar, Automatic time series forecasting: the forecast package for R, 2008

A season of 144 steps is beyond ETS; so the median day is taken out first and put back afterwards, which also keeps the fit in milliseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hikari.analytics.forecasting.candidates import median_day
from hikari.analytics.forecasting.series import Floats, Series, filled

MIN_READINGS = 24
MAX_READINGS = 1000


@dataclass(frozen=True, slots=True)
class Smoothing:
    """AutoETS with an additive or damped trend, or none."""

    name: str = "auto_ets"
    max_folds: int = 8

    def shortfall(self, series: Series, origin: int) -> str | None:
        known = int(np.isfinite(series.values[max(0, origin - MAX_READINGS) : origin]).sum())
        return None if known >= MIN_READINGS else f"needs {MIN_READINGS} recent readings"

    def paths(self, series: Series, origins: Sequence[int], horizon: int) -> Floats:
        return series.clip(np.array([_path(series, origin, horizon) for origin in origins]).reshape(len(origins), horizon))


def _path(series: Series, origin: int, horizon: int) -> Floats:
    from statsforecast.models import AutoETS  # pyright: ignore[reportMissingTypeStubs]

    history = filled(series.values[:origin])[-MAX_READINGS:]
    size = float(np.abs(history).max()) or 1.0
    history = history / size
    day = median_day(series, origin)
    season = np.zeros(1) if day is None else (day - day.mean()) / size
    before = np.resize(season[::-1], len(history))[::-1]
    rest = history - before
    if np.ptp(rest) < 1e-12:
        return (np.full(horizon, rest[-1]) + np.resize(season, horizon)) * size
    model = AutoETS(season_length=1, model="ZZN")
    model.fit(rest)
    ahead = np.asarray(model.predict(h=horizon)["mean"], dtype=np.float64)
    # A trend is a thing of the recent past: nothing leaves what has been seen by more than its whole range.
    low, high = float(rest.min()), float(rest.max())
    return (np.clip(ahead, low - (high - low), high + (high - low)) + np.resize(season, horizon)) * size

"""Rolling-origin backtests: every candidate forecasts from past origins, and the errors on what came after decide.

    R. J. Hyndman and G. Athanasopoulos, Forecasting: Principles and Practice, 2021, section 5.10
    R. J. Hyndman and A. B. Koehler, Another look at measures of forecast accuracy, 2006 (MASE)

Candidates that are dear to fit are judged on fewer origins. So each is compared with the last value on its own origins, and the ratio is
drawn towards the one from development events, the more so the fewer forecasts without overlap the backtest holds.

Within a stream, forecasts of a metric that is recorded only while one is live are judged from within streams: from the pauses between
them every forecast starts with a level hours old, and whoever knows the usual one looks good.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hikari.analytics.forecasting.candidates import Candidate, LastValue
from hikari.analytics.forecasting.live import is_live, within_stream
from hikari.analytics.forecasting.series import DAY_S, Flags, Floats, Series, change_scale

MIN_HISTORY = 12
MAX_SPAN = 1500
"""Origins lie within the newest so many steps."""
PRIOR_WEIGHT = 12.0
"""Forecasts without overlap after which a backtest counts as much as the record on development events."""
PRIOR_UNKNOWN = 1.1
PRIOR = {
    "last_value": (1.0, 1.0),
    "seasonal_naive": (1.98, 1.09),
    "average": (1.36, 0.80),
    "daily_profile": (1.10, 0.90),
    "daily_process": (0.645, 0.650),
    "prophet": (2.42, 0.95),
    "auto_ets": (0.91, 0.94),
}
"""Mean absolute error over that of the last value on the development events (odd years), first with less than two days of history, then
with more, at the origins of `training.evaluate_forecast`. `daily_profile` needs two days: its first figure is `PRIOR_UNKNOWN`."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate's backtest. `residuals` (folds, horizon) are forecast minus outcome, NaN where nothing was read."""

    candidate: Candidate
    origins: tuple[int, ...]
    residuals: Floats
    mae: float
    mase: float
    """`mae` in units of the mean one-step change of the series."""
    relative: float
    """`mae` over that of the last value on the same origins."""
    score: float
    """`relative` drawn towards the record on development events; the smallest answers."""

    def figures(self) -> dict[str, Any]:
        """The numbers, for an answer."""
        return {
            "model": self.candidate.name,
            "folds": len(self.origins),
            "mae": _shown(self.mae),
            "mase": _shown(self.mase),
            "relative_to_last_value": _shown(self.relative),
            "score": _shown(self.score),
        }


def trials(series: Series, candidates: Sequence[Candidate], horizon: int) -> tuple[list[Trial], dict[str, str]]:
    """Backtests of all candidates that can forecast from the end of the series, best first, and what the others lack."""
    lacking: dict[str, str] = {}
    done: list[Trial] = []
    for candidate in candidates:
        shortfall = candidate.shortfall(series, len(series.values))
        if shortfall is None:
            done.append(trial(series, candidate, horizon))
        else:
            lacking[candidate.name] = shortfall
    return sorted(done, key=lambda item: item.score), lacking


def trial(series: Series, candidate: Candidate, horizon: int) -> Trial:
    """One candidate's backtest; without a single possible origin its score is its record on development events."""
    origins = fold_origins(series, candidate, horizon)
    prior = _prior(candidate.name, series)
    if not origins:
        return Trial(candidate, (), np.empty((0, horizon)), np.nan, np.nan, np.nan, prior)
    outcomes = np.array([series.values[origin : origin + horizon] for origin in origins])
    residuals = candidate.paths(series, origins, horizon) - outcomes
    mae = float(np.nanmean(np.abs(residuals)))
    naive = float(np.nanmean(np.abs(LastValue().paths(series, origins, horizon) - outcomes)))
    scale = change_scale(series.values)
    relative = mae / naive if naive > 0 else (1.0 if mae == 0 else np.inf)
    weight = effective_folds(origins, np.isfinite(residuals))
    # Bounded, so that a perfect or a hopeless fold on a short history cannot settle the matter alone.
    measured = float(np.clip(relative, 1e-3, 1e3))
    score = float(np.exp((weight * np.log(measured) + PRIOR_WEIGHT * np.log(prior)) / (weight + PRIOR_WEIGHT)))
    return Trial(candidate, origins, residuals, mae, mae / scale if scale > 0 else np.nan, relative, score)


def fold_origins(series: Series, candidate: Candidate, horizon: int) -> tuple[int, ...]:
    """Evenly spread origins with something to compare with, oldest first, at most as many as the candidate affords."""
    last = len(series.values) - horizon
    # Forecasts from a small part of the present history would say little about those to come.
    first = max(MIN_HISTORY, len(series.values) // 8, len(series.values) - MAX_SPAN)
    possible = [origin for origin in range(first, last + 1) if np.isfinite(series.values[origin : origin + horizon]).any()]
    if within_stream(series):
        possible = [origin for origin in possible if is_live(series, origin)]
    possible = [origin for origin in possible if candidate.shortfall(series, origin) is None]
    if len(possible) <= candidate.max_folds:
        return tuple(possible)
    return tuple(
        possible[place]
        for place in sorted(
            {round(number * (len(possible) - 1) / max(candidate.max_folds - 1, 1)) for number in range(candidate.max_folds)}
        )
    )


def effective_folds(origins: Sequence[int], known: Flags) -> float:
    """How many forecasts without overlap the folds amount to; `known` (folds, horizon) says which outcomes were read."""
    if not known.any():
        return 0.0
    places = np.array(origins, dtype=np.intp)[:, None] + np.arange(int(known.shape[1]))
    return len(np.unique(places[known])) / float(known.sum(axis=1).mean())


def _prior(name: str, series: Series) -> float:
    if within_stream(series):  # the development events were recorded without pauses
        return 1.0 if name == LastValue().name else PRIOR_UNKNOWN
    short, long = PRIOR.get(name, (PRIOR_UNKNOWN, PRIOR_UNKNOWN))
    return short if len(series.values) * series.step_s < 2 * DAY_S else long


def _shown(value: float) -> float | None:
    return float(f"{value:.4g}") if np.isfinite(value) else None

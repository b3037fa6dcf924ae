"""A Gaussian process with a daily pattern: a slow level, a day that drifts, and short excursions, all learned from gaps and all.

    k(t) = slow exp(-t/a) + daily exp(-t/b - 2 sin^2(pi t)/c^2) + short exp(-t/d) + smooth Matern(t; e) + noise     t in days
    (C. E. Rasmussen and C. K. I. Williams, Gaussian Processes for Machine Learning, 2006, sections 2.2, 4.2 and 5.4.3)

Gaps need no repair: only what was read enters. The amplitudes are shares, so the forecast follows any change of unit or offset of the
metric. They were chosen once, on development events (odd years), for the smallest backtest error (`training/evaluate_forecast.py`);
nothing is fitted to a single series, which is why a day of history is enough.

All backtest origins come from one Cholesky factor: the factor of the first m readings is the leading block of the factor of all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hikari.analytics.forecasting.series import DAY_S, Floats, Places, Series

BLOCK = 750
"""Between one and two blocks of the newest steps with a reading enter; the cost grows with the third power."""
MIN_READINGS = 12
OUTAGE = 2.5
"""A reading that is this many times over or under the median of the six before it is left out ..."""
AGREEMENT = 0.2
"""... unless it and its two forerunners lie this near to each other, in natural logarithms: then the level has really moved."""
WEEKLY_DAYS = 14
_JITTER = 1e-6


@dataclass(frozen=True, slots=True)
class Kernel:
    """Standard deviations relative to each other, and lengths in days (`daily_shape` in radians)."""

    slow: float = 0.871
    slow_days: float = 11.2
    daily: float = 0.361
    daily_shape: float = 1.14
    daily_days: float = 14.9
    short: float = 0.212
    short_days: float = 0.213
    smooth: float = 0.194
    smooth_days: float = 0.056
    noise: float = 0.026
    weekly: float = 0.3
    weekly_shape: float = 0.7
    weekly_days: float = 90.0

    def __call__(self, days: Floats, weekly: bool) -> Floats:
        """Covariance at the distances `days`, without the noise; same shape."""
        matern = np.sqrt(3.0) * days / self.smooth_days
        total = (
            self.slow**2 * np.exp(-days / self.slow_days)
            + self.daily**2 * np.exp(-days / self.daily_days - 2.0 * np.sin(np.pi * days) ** 2 / self.daily_shape**2)
            + self.short**2 * np.exp(-days / self.short_days)
            + self.smooth**2 * (1.0 + matern) * np.exp(-matern)
        )
        if weekly:
            shape = 2.0 * np.sin(np.pi * days / 7.0) ** 2 / self.weekly_shape**2
            total += self.weekly**2 * np.exp(-days / self.weekly_days - shape)
        return total


@dataclass(frozen=True, slots=True)
class DailyProcess:
    """The process above around a constant mean, which is estimated by generalised least squares."""

    kernel: Kernel = Kernel()
    name: str = "daily_process"
    max_folds: int = 400

    def shortfall(self, series: Series, origin: int) -> str | None:
        known = int(np.isfinite(series.values[:origin]).sum())
        return None if known >= MIN_READINGS else f"needs {MIN_READINGS} readings"

    def paths(self, series: Series, origins: Sequence[int], horizon: int) -> Floats:
        places = usable(series.values[: max(origins)])
        rows = np.empty((len(origins), horizon))
        blocks: dict[tuple[int, bool], list[int]] = {}
        for row, origin in enumerate(origins):
            # Which readings enter depends on the origin alone, never on which others are asked for in the same call.
            block = max(0, int(np.searchsorted(places, origin)) // BLOCK - 1) * BLOCK
            blocks.setdefault((block, origin * series.step_s >= WEEKLY_DAYS * DAY_S), []).append(row)
        for (block, weekly), numbers in blocks.items():
            chosen = [origins[number] for number in numbers]
            rows[numbers] = self._block(series, places[block:], chosen, horizon, weekly)
        return series.clip(rows)

    def _block(self, series: Series, places: Places, origins: Sequence[int], horizon: int, weekly: bool) -> Floats:
        """Paths of origins that share their first reading."""
        from scipy.linalg import (  # pyright: ignore[reportMissingTypeStubs]
            cholesky,  # pyright: ignore[reportUnknownVariableType]
            solve_triangular,  # pyright: ignore[reportUnknownVariableType]
        )

        days = series.step_s / DAY_S
        places = places[: int(np.searchsorted(places, max(origins)))]
        counts = np.searchsorted(places, origins)
        targets = np.unique(np.add.outer(origins, np.arange(horizon)))
        readings = series.values[places]
        centre, spread = readings[0], float(np.abs(readings).max()) or 1.0
        reach = int(max(targets[-1], places[-1]) - places[0])
        table = self.kernel(np.arange(reach + 1.0) * days, weekly)  # by distance in steps
        covariance = table[np.abs(places[:, None] - places[None])]
        covariance[np.diag_indices(len(places))] += self.kernel.noise**2 + _JITTER
        factor = np.asarray(cholesky(covariance, lower=True, overwrite_a=True, check_finite=False), dtype=np.float64)
        # Columns: the readings, a one for the mean, and every step that is asked for.
        columns = np.column_stack(
            [readings / spread - centre / spread, np.ones(len(places)), table[np.abs(places[:, None] - targets[None])]]
        )
        right = np.asarray(solve_triangular(factor, columns, lower=True, overwrite_b=True, check_finite=False), dtype=np.float64)
        known, one, cross = right[:, 0], right[:, 1], right[:, 2:]
        mean = np.cumsum(known * one) / np.cumsum(one * one)
        rows = np.empty((len(origins), horizon))
        for row, (count, origin) in enumerate(zip(counts, origins, strict=True)):
            ahead = cross[:count, (start := int(np.searchsorted(targets, origin))) : start + horizon]
            rows[row] = mean[count - 1] + (known[:count] - mean[count - 1] * one[:count]) @ ahead
        return rows * spread + centre


def usable(values: Floats) -> Places:
    """Places of the readings that enter, (m,): those at hand, without outages; each is judged by the readings before it alone."""
    places = np.flatnonzero(np.isfinite(values))
    readings = values[places]
    if len(readings) <= 6 or readings.min() < 0 or readings.max() <= 0:
        return places  # "times over or under" has no meaning for a metric around zero
    logs = np.log(np.maximum(readings, 1e-9 * readings.max()))
    medians = np.median(np.lib.stride_tricks.sliding_window_view(logs, 6)[:-1], axis=1)  # of the six before reading 6, 7, ...
    far = np.abs(logs[6:] - medians) > np.log(OUTAGE)
    changes = np.abs(np.diff(logs))
    agrees = np.maximum(changes[5:], changes[4:-1]) < AGREEMENT
    return places[np.append(np.ones(6, dtype=bool), ~far | agrees)]

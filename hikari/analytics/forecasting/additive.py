"""Prophet: a piecewise-linear trend plus seasonal curves plus holidays (S. J. Taylor and B. Letham, Forecasting at Scale, 2018).

It gets what streams need: daily and weekly seasonality only where the history supports them, scheduled streams as holidays, the floor
applied to the outcome, and no simulated uncertainty, because the intervals come from the backtest.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hikari.analytics.forecasting.series import DAY_S, Floats, Places, Series

MIN_READINGS = 48
DAILY_AFTER_DAYS = 2.0
"""Two cycles are the least that tells a season from a trend."""
WEEKLY_AFTER_DAYS = 14.0
MAX_READINGS = 3000


@dataclass(frozen=True, slots=True)
class Prophet:
    """Prophet with `scheduled` streams, (start, end) in epoch seconds, known past and future, as holidays."""

    scheduled: tuple[tuple[float, float], ...] = ()
    name: str = "prophet"
    max_folds: int = 3

    def shortfall(self, series: Series, origin: int) -> str | None:
        known = int(np.isfinite(series.values[:origin]).sum())
        return None if known >= MIN_READINGS else f"needs {MIN_READINGS} readings"

    def paths(self, series: Series, origins: Sequence[int], horizon: int) -> Floats:
        return series.clip(np.array([self._path(series, origin, horizon) for origin in origins]).reshape(len(origins), horizon))

    def _path(self, series: Series, origin: int, horizon: int) -> Floats:
        import pandas as pd  # pyright: ignore[reportMissingTypeStubs]

        places = np.flatnonzero(np.isfinite(series.values[:origin]))[-MAX_READINGS:]
        readings = series.values[places]
        size = float(np.abs(readings).max()) or 1.0
        model = _silent_prophet()(
            growth="linear",
            daily_seasonality=_span_days(series, places) >= DAILY_AFTER_DAYS and series.day is not None,
            weekly_seasonality=_span_days(series, places) >= WEEKLY_AFTER_DAYS,
            yearly_seasonality=False,
            uncertainty_samples=0,
        )
        steps = np.append(places, np.arange(origin, origin + horizon))
        moments = ((series.start + steps * series.step_s) * 1e3).round().astype("datetime64[ms]")
        frame = pd.DataFrame({"ds": moments, "y": np.append(readings / size, np.full(horizon, np.nan))})
        live = self._live(series, steps)
        if live is not None and 0 < live[: len(places)].mean() < 1:
            frame["scheduled"] = live
            model.add_regressor("scheduled", standardize=False)
        model.fit(frame[: len(places)])
        return model.predict(frame[len(places) :])["yhat"].to_numpy() * size

    def _live(self, series: Series, steps: Places) -> Floats | None:
        """The share of each step that lies in a scheduled stream; a holiday of Prophet's own would last a whole day."""
        if not self.scheduled:
            return None
        start = series.start + steps * series.step_s
        shares = np.zeros(len(steps))
        for begin, end in self.scheduled:
            shares += np.clip(np.minimum(start + series.step_s, end) - np.maximum(start, begin), 0.0, None) / series.step_s
        return np.minimum(shares, 1.0)


def _span_days(series: Series, places: Places) -> float:
    return float(places[-1] - places[0] + 1) * series.step_s / DAY_S


def _silent_prophet() -> Any:
    # Disabled, because these libraries set the levels of their loggers themselves, the first one as late as at the first fit.
    for name in ("cmdstanpy", "prophet", "prophet.plot"):
        logging.getLogger(name).disabled = True
    from prophet import Prophet as Library  # pyright: ignore[reportMissingTypeStubs]

    return Library

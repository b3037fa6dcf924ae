"""Recorded metrics as series on disk, and their forecasts, fitted in the background."""

import struct
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from hikari.analytics.forecasting.forecaster import Forecaster, default_candidates
from hikari.analytics.store import AnalyticsStore, Change
from hikari.analytics.store_keys import of_name, of_time, time_of
from hikari.errors import BadInput, NotReady, TooLarge

TABLE = "series"
NEAR, HORIZON = 24, 288
"""Steps that can be asked for. What forecasts the next hours best may be poor two days ahead, and a backtest over two days says nothing
about a history of one: so each question is answered from the shortest of these that holds it."""
MAX_FITTED = 20_000
"""Newest readings that a fit looks at; more are first averaged."""
FINE_S, COARSE_S, DAY_S = 60.0, 600.0, 86_400.0
_VALUE = struct.Struct(">d")


def reading_change(channel: str, metric: str, timestamp: float, value: float) -> Change:
    """One reading as a row; a second one at the same moment replaces the first."""
    return TABLE, of_name(channel) + of_name(metric) + of_time(timestamp), _VALUE.pack(value)


Fits = tuple[Forecaster, ...]
"""One metric's forecasters, `NEAR` and `HORIZON` steps far."""


class MetricSeries:
    """All metrics of all channels; safe from many threads."""

    def __init__(self, store: AnalyticsStore) -> None:
        self._store = store
        self._fitted: dict[tuple[str, str], tuple[Fits, float]] = {}
        """With the time of the newest reading that the fit knew."""
        self._scheduled: dict[str, tuple[tuple[float, float], ...]] = {}
        self._fitting = threading.Lock()

    def read(self, channel: str, metric: str, since: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Times and values (n,), ascending."""
        prefix = of_name(channel) + of_name(metric)
        rows = list(self._store.scan(TABLE, prefix, None if since is None else prefix + of_time(since)))
        times = np.array([time_of(key[16:]) for key, _ in rows], np.float64)
        return times, np.array([_VALUE.unpack(value)[0] for _, value in rows], np.float64)

    def expired(self, channel: str, metric: str, before: float) -> list[Change]:
        """The changes that drop what is older than `before`."""
        prefix = of_name(channel) + of_name(metric)
        return [(TABLE, key, None) for key, _ in self._store.scan(TABLE, prefix, stop=prefix + of_time(before))]

    def schedule(self, channel: str, spans: Sequence[tuple[float, float]]) -> None:
        """The channel's planned streams, start and end in epoch seconds; known to the next fit. Raises `BadInput`."""
        default_candidates(spans)
        self._scheduled[channel] = tuple(spans)
        self.forget_channel(channel)

    def scheduled(self, channel: str) -> tuple[tuple[float, float], ...]:
        """The channel's planned streams."""
        return self._scheduled.get(channel, ())

    def fit(self, channel: str, metric: str) -> Fits:
        """Fit anew on all that is known; a request goes on being answered from the old fit. Raises `NotReady` without readings."""
        with self._fitting:
            return self._fit(channel, metric)

    def _fit(self, channel: str, metric: str) -> Fits:
        while True:
            times, values = self.read(channel, metric)
            if not len(times):
                raise NotReady(f"nothing is recorded of {metric} yet")
            scheduled = self.scheduled(channel)
            fits = tuple(
                Forecaster(
                    step_s=_step(times), horizon=horizon, floor=None if metric == "sentiment" else 0.0,
                    candidates=default_candidates(scheduled),
                )
                for horizon in (NEAR, HORIZON)
            )  # fmt: skip
            for forecaster in fits:
                forecaster.fit(times[-MAX_FITTED:], values[-MAX_FITTED:])
            if self.scheduled(channel) is scheduled:  # else there is a new plan already
                self._fitted[channel, metric] = fits, float(times[-1])
                return fits

    def fitted(self, channel: str, metric: str) -> Fits | None:
        """The last fit, if there is one."""
        found = self._fitted.get((channel, metric))
        return None if found is None else found[0]

    def stale(self, newest: dict[tuple[str, str], float], after_s: float) -> list[tuple[str, str]]:
        """Of channels and metrics with the time of their newest reading, those whose fit is missing or older than `after_s`."""
        fitted = dict(self._fitted)
        return [key for key, time in newest.items() if key not in fitted or time - fitted[key][1] >= after_s]

    def forget_channel(self, channel: str) -> None:
        for key in [key for key in list(self._fitted) if key[0] == channel]:
            self._fitted.pop(key, None)

    def forecast(self, channel: str, metric: str, periods: Any, step_s: float | None = None) -> dict[str, Any]:
        """See `Forecaster.predict`; the first question about a metric fits it, every other is answered from a fit."""
        if isinstance(periods, bool) or not isinstance(periods, int) or not 1 <= periods <= HORIZON:
            raise BadInput(f"periods must be a whole number from 1 to {HORIZON}", field="periods")
        fits = self.fitted(channel, metric)
        if fits is None:
            with self._fitting:  # whoever asks at the same time is answered from the same fit
                fits = self.fitted(channel, metric) or self._fit(channel, metric)
        near, far = fits
        try:
            answer = near.predict(periods, step_s)
        except TooLarge:
            answer = far.predict(periods, step_s)
        return {"metric": metric, **answer.as_dict()}


def _step(times: np.ndarray) -> float | None:
    """Seconds of a forecast's step: a minute, ten of them once a day is known, else the readings' own distance."""
    if len(times) < 2 or float(np.median(np.diff(times))) > FINE_S:
        return None
    return COARSE_S if times[-1] - times[0] >= DAY_S else FINE_S

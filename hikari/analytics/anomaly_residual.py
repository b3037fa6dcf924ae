"""Strangeness as the error of a forecast one row ahead: a small autoregression learned on the go.

    forecast = w . (last value, the one before, slow average, 1 [, value one season ago])
    w        by recursive least squares with forgetting            (Haykin, Adaptive Filter Theory, 1996, chapter 13)

It starts as "the same as last time". From the wildest errors (over `LIMIT` times the usual) it does not learn, so that one broken reading
spoils no later forecast; the usual error grows meanwhile, so a series that stays wild is learned after all. Values are in standard
deviations of the warm-up.
"""

from typing import Any

import numpy as np

from hikari.analytics.anomaly_rings import Floats, dict_from, floats_from, number_from
from hikari.analytics.anomaly_types import Reason

FORGETTING = 0.999
"""Weight of an error one row older: the forecast is learned from about the last thousand rows."""
SLOW = 0.02
"""Share of a new value in the slow average."""
PRIOR = 100.0
"""Variance of the weights before anything is known; also where the covariance starts anew when forgetting has blown it up."""
BLOWN_UP = 1e6
LIMIT = 100.0
_SCALE_SHARE = 0.01
_OF_MEAN, _OF_MEDIAN = 1.2533, 1.4826  # standard deviation of a Gaussian, in its mean and median absolute values


class ForecastResidual:
    """Absolute one-step forecast error. `observe` costs a few small matrix products."""

    name = "forecast"

    def __init__(self, season: int = 0) -> None:
        self._season = season
        count = 5 if season else 4
        self._weights = np.zeros(count)
        self._weights[0] = 1.0
        self._covariance = PRIOR * np.eye(count)
        self._slow: float | None = None
        self._scale = 0.0
        self._past: list[float] = []
        self._last = (0.0, 0.0)

    def observe(self, history: Floats, since_gap: int) -> float | None:
        """The error on `history[-1]`, given everything before; None for the rows right behind a gap."""
        value = float(history[-1])
        if self._slow is None:
            self._slow = value
        if since_gap < 3:
            self._past = []
        if len(self._past) < 2:
            self._past.append(value)
            return None
        inputs = np.empty(len(self._weights))
        inputs[:4] = self._past[1], self._past[0], self._slow, 1.0
        if self._season:
            inputs[4] = history[-1 - self._season] if len(history) > self._season else self._slow
        forecast = float(self._weights @ inputs)
        error = value - forecast
        self._last = (forecast, self._scale)
        limit = LIMIT * self._scale
        if not limit or abs(error) <= limit:
            self._learn(inputs, error)
        off = value - self._slow
        self._slow += SLOW * (min(max(off, -limit), limit) if limit else off)
        self._scale += _SCALE_SHARE * (min(abs(error), 10 * self._scale) - self._scale) if self._scale else abs(error)
        self._past = [self._past[1], value]
        return abs(error)

    def _learn(self, inputs: Floats, error: float) -> None:
        spread = self._covariance @ inputs
        gain = spread / (FORGETTING + float(inputs @ spread))
        self._weights += gain * error
        self._covariance = (self._covariance - np.outer(gain, spread)) / FORGETTING
        if not np.trace(self._covariance) < BLOWN_UP * len(inputs):
            self._covariance = PRIOR * np.eye(len(inputs))

    def explain(self, history: Floats, typical: float, evidence: float) -> Reason:
        """How far the last value is from its forecast, in sigmas of the usual error."""
        forecast, scale = self._last
        sigma = max(scale * _OF_MEAN, typical * _OF_MEDIAN, 1e-6)
        value = float(history[-1])
        return Reason(self.name, "value", value, forecast, (value - forecast) / sigma, "sigmas", evidence)

    def state(self) -> dict[str, Any]:
        """Everything that was learned."""
        return {
            "weights": self._weights.astype("<f8").tobytes(),
            "covariance": self._covariance.astype("<f8").tobytes(),
            "slow": self._slow,
            "scale": self._scale,
            "past": np.array(self._past, dtype="<f8").tobytes(),
        }

    def restore(self, state: Any) -> None:
        """Take over what `state` gave; raises `BadStore`."""
        found = dict_from(state, ("weights", "covariance", "slow", "scale", "past"))
        count = len(self._weights)
        self._weights = floats_from(found["weights"], count)
        self._covariance = floats_from(found["covariance"], count * count).reshape(count, count)
        self._slow = None if found["slow"] is None else number_from(found, "slow")
        self._scale = number_from(found, "scale", 0.0)
        self._past = floats_from(found["past"]).tolist()[-2:]

"""Strangeness as the improbability of so many events: a burst test for counts.

    count ~ negative binomial with mean m and variance v (Poisson where v <= m),   strangeness = -ln P(at least this count)

m and v are exponentially weighted over about the last hour of minutes; the test looks at each count before it learns from it.
"""

import math
from typing import Any

from hikari.analytics.anomaly_rings import Floats, dict_from, number_from
from hikari.analytics.anomaly_types import Reason

SHARE = 0.03
"""Of a new count in mean and variance: the last 33 rows weigh as much as all before."""
_PRIOR_RATE = 0.5


class BurstTest:
    """One-sided tail of a count against a running rate; works on the counts themselves, not on standardised values."""

    name = "burst"

    def __init__(self) -> None:
        self._mean: float | None = None
        self._variance = 0.0
        self._last = (0.0, 0.0, 0.0)

    def observe(self, count: float) -> float:
        """-ln P(X >= count) under the rate of the rows before; 0 for the first."""
        if self._mean is None:
            self._mean, self._variance = count, max(count, 1.0)
            return 0.0
        mean = max(self._mean, _PRIOR_RATE)
        variance = max(self._variance, mean)
        self._last = (count, mean, math.sqrt(variance))
        strangeness = minus_log_tail(count, mean, variance)
        step = count - self._mean
        self._mean += SHARE * step
        self._variance = (1.0 - SHARE) * (self._variance + SHARE * step * step)
        return strangeness

    def explain(self, evidence: float) -> Reason:
        """The last count beside the rate, in times."""
        count, mean, _ = self._last
        return Reason(self.name, "count", count, mean, count / mean if mean else 0.0, "times", evidence)

    def state(self) -> dict[str, Any]:
        """The running rate."""
        return {"mean": self._mean, "variance": self._variance}

    def restore(self, state: Any) -> None:
        """Take over what `state` gave; raises `BadStore`."""
        found = dict_from(state, ("mean", "variance"))
        self._mean = None if found["mean"] is None else number_from(found, "mean", 0.0)
        self._variance = number_from(found, "variance", 0.0)


def minus_log_tail(count: float, mean: float, variance: float) -> float:
    """-ln P(X >= count); a negative binomial of this mean and variance, or Poisson when there is no overdispersion."""
    if count <= 0:
        return 0.0
    from scipy.special import betainc, gammainc  # pyright: ignore[reportMissingTypeStubs]

    if variance <= mean * (1 + 1e-9):
        tail = float(gammainc(count, mean))  # P(Poisson(mean) >= count)
    else:
        tail = float(betainc(count, mean * mean / (variance - mean), 1.0 - mean / variance))
    if tail > 1e-300:
        return max(-math.log(tail), 0.0)
    # Beyond double precision: the Gaussian exponent goes on growing where the tail itself has become 0.
    return 690.0 + (count - mean) ** 2 / (2.0 * variance + 2.0 * count)


def is_count(values: Floats) -> bool:
    """Whether all values are whole and not negative."""
    return bool((values >= 0).all() and (values == values.round()).all())

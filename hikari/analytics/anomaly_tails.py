"""How rare a measure of strangeness is in its own series, as evidence that detectors of any kind can be averaged by.

    evidence = -ln p,  p = share of the last values that are at least as strange             (conformal p-value: Vovk et al., 2005)
    p beyond the strangest 2% = k / n * (value / u) ** (-1 / xi),  xi = mean ln(excess / u)  (Hill, 1975: a Pareto tail over u)

Ranks need no assumption about the distribution but end at 1 / n; the tail goes on from there, so that a value ten times as strange as
any before it counts for more than the strangest one so far.
"""

import math
from bisect import bisect_left
from typing import Any

from hikari.analytics.anomaly_rings import SortedRing

TAIL_PART = 0.02
LEAST_TAIL = 4
LEAST_INDEX = 0.05
"""Added to xi: with a tail of equal values a hair more would count as infinitely rare."""
FLOOR = 1e-6
"""Added to both sides of the ratio, in standard deviations of the series: rounding is not strange."""
LIMIT = 30.0
"""Of the evidence: 1 - exp(-30) is still told apart from 1."""


class TailEvidence:
    """Turns non-negative strangeness into evidence against the last `capacity` of them, from `least` values on."""

    __slots__ = ("_least", "_seen")

    def __init__(self, capacity: int, least: int) -> None:
        self._least = least
        self._seen = SortedRing(capacity)

    @property
    def ready(self) -> bool:
        """Whether enough was seen to say what is rare."""
        return len(self._seen) >= self._least

    @property
    def typical(self) -> float:
        """The median of what was seen, 0 when nothing was."""
        ordered = self._seen.ordered
        return ordered[len(ordered) // 2] if ordered else 0.0

    def evidence(self, strangeness: float) -> float:
        """-ln p in [0, `LIMIT`]; 0 until `ready`. Does not remember the value."""
        ordered, count = self._seen.ordered, len(self._seen)
        if count < self._least:
            return 0.0
        tail = min(max(int(TAIL_PART * count), LEAST_TAIL), count - 1)
        above = count - bisect_left(ordered, strangeness)
        border = ordered[count - tail - 1]
        if strangeness <= border or above > tail:
            return -math.log((above + 1) / (count + 1))
        border += FLOOR
        index = sum(math.log((value + FLOOR) / border) for value in ordered[count - tail :]) / tail + LEAST_INDEX
        return min(-math.log((tail + 1) / (count + 1)) + math.log((strangeness + FLOOR) / border) / index, LIMIT)

    def add(self, strangeness: float) -> None:
        """Remember one value."""
        self._seen.add(strangeness)

    def state(self) -> bytes:
        """What was seen, as bytes."""
        return self._seen.state()

    def restore(self, state: Any) -> None:
        """Take over what `state` gave; raises `BadStore`."""
        self._seen = SortedRing.from_state(self._seen.capacity, state)

"""What anomaly detection takes and gives: settings, scores, reasons, alerts."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from hikari.errors import BadInput

Severity = Literal["low", "medium", "high", "critical"]
Status = Literal["scored", "warming_up", "missing", "late"]
Kind = Literal["auto", "value", "count"]

LEAST_WARM_UP = 30


@dataclass(frozen=True, slots=True)
class AnomalyConfig:
    """Settings of one detector. Rows are values of the series. Raises `BadInput`.

    The defaults were chosen on the part of NAB without realTweets and realKnownCause, one set for all of its series.
    """

    history: int = 2000
    """Rows that are remembered: what did not occur among them is rare."""
    warm_up: int = 100
    """Rows before anything is scored, and measures of strangeness before each detector has a say."""
    threshold: float = 4.5
    """Evidence (-ln of the probability) from which there is an alert: about 1 row in 90 by each detector alone."""
    memory: float = 300.0
    """Rows in which the evidence that a new event must exceed falls to 1/e of the last event's."""
    cool_down: int = 30
    """An episode is over after so many rows under the threshold."""
    season: int = 0
    """Rows of one period that the forecast may look back by, at most `history`; 0: none."""
    kind: Kind = "auto"
    """`count` adds the burst test; `auto`: as long as all values are whole and not negative."""
    refit: int = 500
    """Rows between two fits of the Isolation Forest."""
    trees: int = 40
    seed: int = 7

    def __post_init__(self) -> None:
        for name, low, high in (
            ("warm_up", LEAST_WARM_UP, 100_000), ("cool_down", 1, 1_000_000), ("refit", 50, 1_000_000), ("trees", 10, 500),
            ("history", 2 * self.warm_up, 100_000), ("season", 0, self.history), ("seed", 0, 2**32 - 1),
        ):  # fmt: skip
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise BadInput(f"{name} must be a whole number from {low} to {high}", field=name)
        for name, low, high in (("threshold", 1.0, 25.0), ("memory", 1.0, 1e6)):
            value = getattr(self, name)
            if not (isinstance(value, int | float) and math.isfinite(value) and low <= value <= high):
                raise BadInput(f"{name} must be a number from {low:g} to {high:g}", field=name)
        if self.kind not in ("auto", "value", "count"):
            raise BadInput("kind must be auto, value or count", field="kind")


@dataclass(frozen=True, slots=True)
class Reason:
    """Which detector found what, and how far off it was: `distance` in `unit`."""

    detector: str
    feature: str
    observed: float
    expected: float
    distance: float
    unit: Literal["sigmas", "times"]
    evidence: float

    def __str__(self) -> str:
        far = f"{self.distance:+.1f} sigmas" if self.unit == "sigmas" else f"{self.distance:.1f} times"
        return f"{self.detector}: {self.feature} {self.observed:.6g}, expected {self.expected:.6g} ({far})"


@dataclass(frozen=True, slots=True)
class Alert:
    """The one alert of an episode."""

    id: str
    metric: str
    timestamp: float
    value: float
    score: float
    severity: Severity
    why: tuple[Reason, ...]
    """Strongest first."""


@dataclass(frozen=True, slots=True)
class Score:
    """The answer to one value.

    `score` in [0, 1] says how surely a new event begins here: 1 - exp(-evidence), 0 for what an event not long ago exceeded; `level` is
    the same without regard to earlier events. Both are 0 unless `status` is `scored`.
    """

    score: float
    level: float
    status: Status
    alert: Alert | None = None


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One episode of a finished series: `start` to `end` (epoch seconds, last row over the threshold) and the alert that began it."""

    start: float
    end: float
    alert: Alert


def checked_number(value: Any) -> float | None:
    """The value as a float, None when it is missing. Raises `BadInput`."""
    if value is None:
        return None
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise BadInput("value must be a number, or None where it is missing", field="value")
    try:
        number = float(value)  # pyright: ignore[reportUnknownArgumentType] - of numpy's numbers only the width is unknown
    except OverflowError as error:
        raise BadInput("value is beyond the range of floats", field="value") from error
    if math.isinf(number):
        raise BadInput("value must not be infinite", field="value")
    return None if math.isnan(number) else number


def severity(excess: float) -> Severity:
    """By how many times rarer than an alert has to be: 10, 100, 1,000 times."""
    factor = excess / math.log(10)
    return "low" if factor < 1 else "medium" if factor < 2 else "high" if factor < 3 else "critical"

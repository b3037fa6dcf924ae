"""What an engine foresees, and what it takes notice of."""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Lists of equal length: the starts of the steps in epoch seconds, and for each the value and its interval."""

    metric: str
    times: list[float]
    values: list[float]
    lower: list[float]
    upper: list[float]
    model: str
    reason: str
    backtest: dict[str, Any]
    notes: list[str]


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The next 1, 5 and 15 minutes: for each metric its median and quantiles."""

    as_of: float
    horizons: dict[str, dict[str, dict[str, Any]]]
    attention: list[float]
    model: str


@dataclass(frozen=True, kw_only=True)
class Anomalies:
    """The last alerts, and every metric's threshold."""

    alerts: list[dict[str, Any]]
    thresholds: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """Whether a reading was counted, and why not."""

    counted: bool
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Assigned:
    """The arm that a unit is shown."""

    id: str
    unit: str | None
    arm: str


@dataclass(frozen=True, kw_only=True)
class OutcomeCounted:
    """Whether an outcome was counted; one that came before is not."""

    id: str
    counted: bool


@dataclass(frozen=True, kw_only=True)
class ExperimentStatus:
    """An experiment, and whether it runs."""

    id: str
    status: Literal["draft", "running", "stopped"]


@dataclass(frozen=True, kw_only=True)
class Content:
    """What is on, and since when."""

    kind: Literal["title", "game", "segment"]
    name: str
    start: float
    end: float | None

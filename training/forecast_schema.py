"""What the configuration of the forecast benchmark may say."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from training.schema import Name, Positive, TrackingConfig, closed


@closed
@dataclass(frozen=True)
class ForecastDataConfig:
    path: str | None
    """A folder in the format of `training/gdq.py`; null: gdq_stats in the folder that HIKARI_DATA_MIRROR names."""


@closed
@dataclass(frozen=True)
class EvaluateForecastConfig:
    """`python -m training.evaluate_forecast`"""

    output: Name
    data: ForecastDataConfig
    step_s: Annotated[int, Field(ge=60, le=3600)]
    periods: Annotated[int, Field(ge=1, le=288)]
    """Steps ahead."""
    origin_every_h: Positive
    first_origin_h: Annotated[int, Field(ge=24)]
    """History before the first forecast; the seasonal naive forecast needs a day."""
    coverage: Annotated[float, Field(gt=0, lt=1)]
    max_events: Positive | None
    fans: Annotated[int, Field(ge=1, le=12)]
    """Events whose forecasts are drawn."""
    tracking: TrackingConfig

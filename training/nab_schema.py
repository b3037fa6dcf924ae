"""What `conf/evaluate_nab.yaml` may say."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from hikari.analytics.anomaly_types import AnomalyConfig
from hikari.errors import BadInput
from training.schema import Name, Positive, Seed, TrackingConfig, closed


@closed
@dataclass(frozen=True)
class CorpusConfig:
    path: Name | None
    """A folder in NAB's layout (`training/nab_corpus.py`); null: `nab` in HIKARI_DATA_MIRROR."""


@closed
@dataclass(frozen=True)
class DetectorConfig:
    """One setting for every series of the corpus; what each means is said at `AnomalyConfig`."""

    history: Positive
    warm_up: Positive
    threshold: Annotated[float, Field(ge=1, le=25)]
    memory: Annotated[float, Field(ge=1)]
    refit: Positive
    trees: Positive
    seed: Seed

    def __post_init__(self) -> None:
        self.settings()

    def settings(self) -> AnomalyConfig:
        """The engine's own configuration, which checks how the settings fit together. Raises `BadInput`."""
        try:
            return AnomalyConfig(
                history=self.history, warm_up=self.warm_up, threshold=self.threshold, memory=self.memory,
                refit=self.refit, trees=self.trees, seed=self.seed,
            )  # fmt: skip
        except BadInput as error:
            raise ValueError(error.message) from error


@closed
@dataclass(frozen=True)
class EvaluateNabConfig:
    data: CorpusConfig
    output: Name
    plots_per_group: Annotated[int, Field(ge=0)]
    detector: DetectorConfig
    tracking: TrackingConfig

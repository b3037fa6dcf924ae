"""What the configuration of `training.register` may say; a limit that is null is not looked at."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from training.schema import Fraction, Name, Positive, Seed, TrackingConfig, closed

Limit = Annotated[float, Field(gt=0)]


@closed
@dataclass(frozen=True)
class QualityLimits:
    """The least of each task's figure: macro-F1 of sentiment and emotion, F1 of toxicity and question."""

    sentiment: Fraction | None
    emotion: Fraction | None
    toxicity: Fraction | None
    question: Fraction | None


@closed
@dataclass(frozen=True)
class QualityGate:
    least: QualityLimits
    tolerance: Fraction | None
    """On the same split, now and here, no task may be worse than the champion by more; null: the champion is not asked."""
    drift: Fraction | None
    """Figures in the metrics file that differ by more from what is measured here are of another bundle, split or machine."""


@closed
@dataclass(frozen=True)
class CalibrationGate:
    ece: Fraction | None
    """Largest expected calibration error of sentiment and of emotion."""


@closed
@dataclass(frozen=True)
class BiasGate:
    """Limits of the section `bias` of the metrics file."""

    changed_verdicts: Fraction | None
    """Share of toxicity verdicts that change when a name or an identity term is swapped for another, the greater of the two."""
    worst_false_positive_rate: Fraction | None
    """Of the group of names or terms with which harmless messages are called toxic most often."""


@closed
@dataclass(frozen=True)
class LatencyGate:
    """One message at a time, one thread, as it is served; all that is compared is measured in turns in the same run."""

    messages: Positive
    rounds: Positive
    p95_ms: Limit | None
    times_champion: Limit | None
    """Median against the champion's."""
    times_floor: Limit | None
    """Median against that of a bare onnxruntime loop over the same token ids."""


@closed
@dataclass(frozen=True)
class ParityGate:
    """Limits of what `training.export` wrote into the manifest."""

    int8_agreement: Fraction | None
    fp32_difference: Limit | None


@closed
@dataclass(frozen=True)
class RegisterGate:
    quality: QualityGate
    calibration: CalibrationGate
    bias: BiasGate
    latency: LatencyGate
    parity: ParityGate


@closed
@dataclass(frozen=True)
class RegisterConfig:
    action: Literal["register", "show", "promote", "rollback"]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    """Of the registered model; serving finds it as `models:/<name>@champion`."""
    bundle: Name
    metrics: Name
    """What `training.evaluate` wrote about the bundle."""
    processed: Name
    """Folder with the test split, written by `training.prepare`."""
    version: Positive | None
    """action=promote: which one."""
    force: bool
    """action=promote: without asking the gate; `reason` is then kept with the version."""
    reason: Annotated[str, Field(min_length=3, max_length=1000)] | None
    seed: Seed
    gate: RegisterGate
    tracking: TrackingConfig

    def __post_init__(self) -> None:
        if self.tracking.kind == "off":
            raise ValueError("the registry is part of MLflow: tracking must be local or server, got tracking=off")
        if (self.version is not None) != (self.action == "promote"):
            raise ValueError(
                f"version=N belongs to action=promote and to nothing else, got action={self.action} version={self.version}"
            )
        if self.force and (self.action != "promote" or self.reason is None):
            raise ValueError("force=true belongs to action=promote and needs reason='why', got none of them or another action")

"""What `conf/tune.yaml` and `conf/sweep/*.yaml` may say."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from training.schema import STRICT, Name, Positive, Seed, TrackingConfig, closed

Finite = Annotated[float, Field(allow_inf_nan=False)]
Scalar = str | int | float | bool | None


# These three say what `closed` says without its decorator, behind which a type checker no longer sees a class to make a union of.
@dataclass(frozen=True)
class FloatRange:
    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    type: Literal["float"]
    low: Finite
    high: Finite
    log: bool
    """Whether equal ratios, not equal differences, are equally likely."""

    def __post_init__(self) -> None:
        _ordered(self.low, self.high, self.log)


@dataclass(frozen=True)
class IntRange:
    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    type: Literal["int"]
    low: int
    high: int
    log: bool

    def __post_init__(self) -> None:
        _ordered(self.low, self.high, self.log)


@dataclass(frozen=True)
class Choices:
    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    type: Literal["categorical"]
    choices: Annotated[tuple[Scalar, ...], Field(min_length=1)]

    def __post_init__(self) -> None:
        if len({(type(choice), choice) for choice in self.choices}) != len(self.choices):
            raise ValueError(f"choices must differ, got {list(self.choices)}")


Parameter = Annotated[FloatRange | IntRange | Choices, Field(discriminator="type")]


def _ordered(low: float, high: float, log: bool) -> None:
    if low >= high:
        raise ValueError(f"low must be below high, got low={low}, high={high}")
    if log and low <= 0:
        raise ValueError(f"log=true needs low above 0, got low={low}")


@closed
@dataclass(frozen=True)
class SamplerConfig:
    kind: Literal["tpe", "random"]
    seed: Seed
    startup_trials: Annotated[int, Field(ge=1)]
    """tpe: so many trials are random before it learns from them."""


@closed
@dataclass(frozen=True)
class PrunerConfig:
    keep_percent: Annotated[float, Field(gt=0, lt=100)] | None
    """A trial goes on while it is among this share of all trials that got as far; null: all of them end."""
    startup_trials: Annotated[int, Field(ge=1)]
    """So many trials end before any is pruned."""
    warmup_epochs: Annotated[int, Field(ge=0)]
    """No trial is pruned in so many first epochs."""


@closed
@dataclass(frozen=True)
class SweepConfig:
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
    """The study; the same name continues it."""
    base: tuple[Name, ...]
    """Overrides of `conf/train.yaml` that all trials share, as on the command line."""
    metric: Name
    """A figure of `training.train`, taken from the epoch that it keeps."""
    direction: Literal["maximize", "minimize"]
    n_trials: Positive
    """Trials that end or are pruned, all calls together; failed ones are made up for."""
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)]
    defaults_first: bool
    sampler: SamplerConfig
    pruner: PrunerConfig
    space: Annotated[dict[str, Parameter], Field(min_length=1)]
    """Name of a configuration value (`optim.lr`) or group (`model/encoder`) -> what it may be."""

    def __post_init__(self) -> None:
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError(f"seeds must differ, got {list(self.seeds)}")


@closed
@dataclass(frozen=True)
class TuneConfig:
    output: Name
    """Folder of all sweeps: `<name>.db` and `<name>/` come to lie in it."""
    workers: Positive
    mode: Literal["process", "inline"]
    max_failures: Annotated[int, Field(ge=0)]
    """A call that has seen more failed trials than this stops."""
    trial_timeout_s: Positive | None
    sweep: SweepConfig
    tracking: TrackingConfig

    def __post_init__(self) -> None:
        if self.mode == "inline" and self.workers > 1:
            raise ValueError(f"mode=inline needs workers=1, got workers={self.workers}")
        if self.mode == "inline" and self.trial_timeout_s is not None:
            raise ValueError(f"mode=inline cannot stop a trial: trial_timeout_s must be null, got {self.trial_timeout_s}")

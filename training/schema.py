"""What the configuration may say: frozen dataclasses, one per entry point.

YAML under `conf/` holds the values, the classes hold types and bounds and no second default. `to_config` reports every mistake at
once with its path and never prints the configuration itself. Nothing behind an entry point sees a DictConfig.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from omegaconf import DictConfig, OmegaConf
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

Positive = Annotated[int, Field(gt=0)]
Rate = Annotated[float, Field(gt=0, lt=1)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Name = Annotated[str, Field(min_length=1, max_length=200)]

STRICT = ConfigDict(extra="forbid")


class ConfigError(ValueError):
    """The configuration says something that is not allowed; the message lists every place."""


def closed(cls: type) -> type:
    cls.__pydantic_config__ = STRICT  # type: ignore[attr-defined]
    return cls


@closed
@dataclass(frozen=True)
class EncoderConfig:
    """Where the pre-trained encoder comes from: an installed Python package, a model hub, or a folder."""

    name: Name
    source: Literal["package", "hub", "folder"]
    location: Name
    """package: import name; hub: repository; folder: path."""
    revision: str | None
    """hub: a commit, never a branch."""
    sha256: str | None
    """of model.safetensors; anything else is refused."""

    def __post_init__(self) -> None:
        if self.source == "hub" and not (self.revision and len(self.revision) == 40):
            raise ValueError(f"source=hub needs revision=<40 hexadecimal digits>, got revision={self.revision}")
        if self.source == "package" and self.sha256 is None:
            raise ValueError("source=package needs sha256, got sha256=None")


@closed
@dataclass(frozen=True)
class ModelConfig:
    encoder: EncoderConfig
    dropout: Fraction
    freeze_embeddings: bool
    freeze_layers: Annotated[int, Field(ge=0)]
    """How many of the lowest layers stay as they are."""
    start: Name | None
    """Folder of released weights (`training.text_release`) to start from; null: the encoder alone, with fresh heads."""
    keep: Fraction
    """Share of those weights in the result, a weighted mean of before and after (WiSE-FT, Wortsman et al., 2022)."""

    def __post_init__(self) -> None:
        if self.start is None and self.keep > 0:
            raise ValueError(f"keep={self.keep} needs start=FOLDER, got start=None")


@closed
@dataclass(frozen=True)
class DataConfig:
    name: Name
    processed: Name
    """Folder with train, dev and test parquet files, written by `training.prepare`."""
    batch_size: Positive
    max_tokens: Annotated[int, Field(ge=8, le=512)]
    max_rows: Positive | None
    """Use at most so many training rows; null: all."""


@closed
@dataclass(frozen=True)
class HeadSettings:
    """How one head learns."""

    weight: Annotated[float, Field(gt=0)]
    """Share of this head's loss in the sum."""
    label_smoothing: Annotated[float, Field(ge=0, lt=0.5)]
    balance: Fraction
    """0: rows count alike; 1: labels count alike (weights inversely proportional to frequency)."""


@closed
@dataclass(frozen=True)
class HeadConfig:
    task: Literal["sentiment", "emotion", "toxicity", "question"]
    weight: Annotated[float, Field(gt=0)]
    label_smoothing: Annotated[float, Field(ge=0, lt=0.5)]
    balance: Fraction
    """As in `HeadSettings`."""


@closed
@dataclass(frozen=True)
class TaskConfig:
    name: Name
    heads: tuple[HeadConfig, ...]

    def __post_init__(self) -> None:
        names = [head.task for head in self.heads]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"heads must name each task once, got {names}")


@closed
@dataclass(frozen=True)
class OptimConfig:
    lr: Rate
    head_lr: Rate
    weight_decay: Fraction
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)]
    schedule: Literal["linear", "cosine"]
    layer_decay: Annotated[float, Field(gt=0, le=1)]
    """Each layer below the top learns at this multiple of the rate above it."""
    gradient_clip: Annotated[float, Field(gt=0)]


@closed
@dataclass(frozen=True)
class TrainerConfig:
    accelerator: Literal["cpu", "gpu"]
    devices: Positive
    strategy: Literal["auto", "ddp", "ddp_spawn"]
    precision: Literal["auto", "bf16", "fp32"]
    """auto: bf16 where the processor computes it natively (it is many times slower where it is emulated), else fp32."""
    max_epochs: Positive
    max_steps: Positive | None
    patience: Positive
    deterministic: bool
    accumulate: Positive
    overfit_batches: Annotated[int, Field(ge=0)]
    profiler: Literal["simple", "advanced"] | None
    threads: Positive | None
    progress: bool

    def __post_init__(self) -> None:
        if self.devices > 1 and self.strategy == "auto":
            raise ValueError(f"devices={self.devices} needs strategy=ddp or ddp_spawn, got strategy={self.strategy}")


@closed
@dataclass(frozen=True)
class TrackingConfig:
    kind: Literal["local", "server", "off"]
    experiment: Name


@closed
@dataclass(frozen=True)
class TrainConfig:
    seed: Seed
    output: Name
    """Folder for the trained weights."""
    resume: Literal["auto", "never"]
    """auto: continue an interrupted run of exactly this configuration and data."""
    data: DataConfig
    model: ModelConfig
    task: TaskConfig
    optim: OptimConfig
    trainer: TrainerConfig
    tracking: TrackingConfig


@closed
@dataclass(frozen=True)
class PrepareConfig:
    corpus: Name
    processed: Name
    swaps: Annotated[int, Field(ge=0)]
    """Training rows of each template of `training.swaps`."""


@closed
@dataclass(frozen=True)
class ExportConfig:
    seed: Seed
    checkpoint: Name
    processed: Name
    bundle: Name
    name: Name
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    fp32_tolerance: Annotated[float, Field(gt=0)]
    int8_agreement: Fraction
    int8_max_unquantised: Annotated[int, Field(ge=0)]
    """How many of the most sensitive layers may stay in fp32 before int8 is given up."""
    calibration: Literal["dev", "start"]
    """dev: fitted on the corpus dev split; start: as the released weights brought it, fitted on the dev sets of public data."""
    minimum_positives: Positive
    """Thresholds of labels with fewer positive development rows stay at 0.5."""
    severe_toxic: Literal["head", "rule"]
    """head: as it was learned; rule: derived from the other types, for weights whose data did not label it (`severity.py`)."""
    languages: dict[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")], Fraction]
    """ISO codes and the macro-F1 of the sentiment that was measured in each."""
    language_minimum: Fraction
    """What a language needs for `model.language_supported`."""
    tracking: TrackingConfig


@closed
@dataclass(frozen=True)
class EvaluateConfig:
    seed: Seed
    bundle: Name
    processed: Name
    output: Name
    external: str | None
    """A JSONL file with `text` and any of `sentiment`, `emotion`, `toxicity`, `question`: evaluate on that instead."""
    public: Name
    """The figures on public sets that `training.evaluate_public` recorded, for the card; the file may be absent."""
    ensemble: Literal["seed", "tuned"] | None
    functional: Name
    """Folder of the functional suites, see `training.functional`."""
    bias: Name
    """Folder of templates, terms and names, see `training.bias`."""
    functional_only: bool
    """Run the suites and the swaps alone, and print which cases fail; writes nothing."""
    tracking: TrackingConfig


@closed
@dataclass(frozen=True)
class GateConfig:
    sentiment_macro_f1: Fraction
    emotion_macro_f1: Fraction
    toxicity_f1: Fraction
    beats_baseline: bool


@closed
@dataclass(frozen=True)
class PackageConfig:
    bundle: Name
    metrics: Name
    output: Name
    gate: GateConfig


Config = TypeVar("Config")


def to_config(raw: DictConfig | dict[str, Any], kind: type[Config]) -> Config:
    """Convert a composed configuration into `kind`, once, at the entry point. Raises `ConfigError` with every mistake and
    its path."""
    try:
        values = OmegaConf.to_container(raw, resolve=True, throw_on_missing=True) if isinstance(raw, DictConfig) else raw
    except Exception as error:
        raise ConfigError(f"the configuration cannot be resolved: {str(error).splitlines()[0]}") from error
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        lines = [f"  {_path(problem['loc'])}: {_say(problem)}" for problem in error.errors(include_url=False)]
        count = f"{len(lines)} mistake{'s' if len(lines) > 1 else ''} in the configuration"
        raise ConfigError("\n".join([f"{count}:", *lines])) from None


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "(top)"


def _say(problem: Any) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "unexpected_keyword_argument":
        return "no such key"
    if problem["type"] == "missing":
        return "is missing"
    value = problem.get("input")
    shown = f", got {value!r}" if isinstance(value, str | int | float | bool | None) and "got" not in message else ""
    return message[0].lower() + message[1:] + shown

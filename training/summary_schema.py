"""What the configuration of summaries may say: training a summariser (`task=summarizer`) and measuring one."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from training.public_data import PublicSetConfig
from training.schema import STRICT, EncoderConfig, Fraction, Name, Positive, Rate, Seed, TrackingConfig, TrainerConfig


@dataclass(frozen=True)
class SummaryModelConfig:
    """The T5 to start from, and how text goes in and comes out."""

    base: EncoderConfig
    prefix: str
    max_input_tokens: Annotated[int, Field(ge=8, le=4096)]
    max_output_tokens: Annotated[int, Field(ge=2, le=512)]
    beams: Annotated[int, Field(ge=1, le=16)]
    """Of the trained model when it serves; the dev figures of training are of greedy decoding."""
    __pydantic_config__: ClassVar[ConfigDict] = STRICT


@dataclass(frozen=True)
class DialogueDataConfig:
    """Dialogues with summaries; the format is in `training/summary_data.py`."""

    name: Name
    train: str | None
    """JSONL file; null: the public set's part `train`."""
    dev: str | None
    public: PublicSetConfig
    batch_size: Positive
    max_rows: Positive | None
    max_dev_rows: Positive | None
    """At most so many dev dialogues are summed up after each epoch; null: all."""
    __pydantic_config__: ClassVar[ConfigDict] = STRICT


@dataclass(frozen=True)
class SummaryTaskConfig:
    name: Literal["summarizer"]
    __pydantic_config__: ClassVar[ConfigDict] = STRICT


@dataclass(frozen=True)
class SummaryOptimConfig:
    lr: Rate
    weight_decay: Fraction
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)]
    schedule: Literal["linear", "cosine"]
    gradient_clip: Annotated[float, Field(gt=0)]
    __pydantic_config__: ClassVar[ConfigDict] = STRICT


@dataclass(frozen=True)
class SummaryTrainConfig:
    """`python -m training.train task=summarizer`"""

    seed: Seed
    output: Name
    """Folder for the fine-tuned model."""
    resume: Literal["auto", "never"]
    data: DialogueDataConfig
    model: SummaryModelConfig
    task: SummaryTaskConfig
    optim: SummaryOptimConfig
    trainer: TrainerConfig
    tracking: TrackingConfig
    __pydantic_config__: ClassVar[ConfigDict] = STRICT


@dataclass(frozen=True)
class EvaluateSummariesConfig:
    """`python -m training.evaluate_summaries`"""

    seed: Seed
    output: Name
    external: str | None
    """A JSONL file with `dialogue` and `summary`: measure on that instead of the public set."""
    public: PublicSetConfig
    embedder: Name
    """Bundle of the sentence encoder, written by `training.export_embedder`; it is what serves."""
    t5: str | None
    """Folder of a fine-tuned T5 to measure beside the others."""
    resamples: Annotated[int, Field(ge=100, le=100_000)]
    max_rows: Positive | None
    __pydantic_config__: ClassVar[ConfigDict] = STRICT

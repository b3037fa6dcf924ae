"""A trial's job and its outcome, as JSON from process to process."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from hikari import atomic
from training.tune_schema import Finite, PrunerConfig

JOB, OUTCOME = "job.json", "outcome.json"


@dataclass(frozen=True)
class Job:
    """All that a trial needs to know."""

    database: str
    study: str
    number: int
    metric: str
    pruner: PrunerConfig
    overrides: tuple[str, ...]
    seeds: tuple[int, ...]
    folder: str
    """Weights of each seed, checkpoints and the outcome come to lie here."""
    parent_process: int


@dataclass(frozen=True)
class Outcome:
    value: Finite
    """The mean over the seeds; of a pruned trial, over those that ended and the last epoch seen."""
    pruned: bool
    figures: dict[str, dict[str, float]]
    """Seed -> dev figures of the epoch that was kept."""


def write_job(job: Job) -> Path:
    """The job as a file in its folder; an outcome that an earlier try left there goes away."""
    folder = Path(job.folder)
    (folder / OUTCOME).unlink(missing_ok=True)
    file = folder / JOB
    atomic.write_file(file, TypeAdapter(Job).dump_json(job, indent=2))
    return file


def read_outcome(folder: Path) -> Outcome | None:
    """What a trial left in its folder; None where it did not get to its end or its figure is no number."""
    file = folder / OUTCOME
    try:
        return TypeAdapter(Outcome).validate_json(file.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def read_job(file: Path) -> Job:
    """What `write_job` wrote."""
    return TypeAdapter(Job).validate_json(file.read_bytes())


def write_outcome(job: Job, outcome: Outcome) -> None:
    """The outcome, whole or not at all."""
    atomic.write_file(Path(job.folder) / OUTCOME, TypeAdapter(Outcome).dump_json(outcome, indent=2))

"""One trial of a sweep: train once per seed, tell the study how each epoch went, stop when it says so.

    python -m training.trial JOB.json        # what `training.tune` starts; the outcome comes to lie beside the job

It reports to the study itself, so that it can be pruned while it runs, and ends with its parent process.
"""

import json
import math
import os
import shlex
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning
from optuna.trial import Trial

from training import entry, tracking, tune_study
from training.schema import ConfigError, TrainConfig
from training.train import how_to_repeat, train
from training.trial_job import Job, Outcome, read_job, write_outcome

_STRIDE = 1000
"""Steps of the study between one seed's first epoch and the next one's."""


class TrialError(RuntimeError):
    """The trial has no figure; the message says why."""


class Watch(lightning.Callback):
    """Tells the study of every epoch and ends the training when the study or the parent process does."""

    def __init__(self, trial: Trial, job: Job, ended: list[float], orphaned: Callable[[], bool]) -> None:
        self.pruned = False
        self.value = math.nan
        self._trial, self._job, self._ended, self._orphaned = trial, job, ended, orphaned

    def on_fit_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        job, run = self._job, _tracked(trainer)
        seed = job.seeds[len(self._ended)]
        run.tags({"sweep": job.study, "trial": str(job.number), "mlflow.runName": f"trial-{job.number}-seed-{seed}"})
        run.text(how_to_repeat([shlex.join([*job.overrides, f"seed={seed}"])]), "reproduce.txt")

    def on_train_batch_end(self, *args: Any, **kwargs: Any) -> None:
        if self._orphaned():
            raise KeyboardInterrupt  # recorded as KILLED, its checkpoint stays

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        current = trainer.callback_metrics.get(self._job.metric)
        if current is None:
            return
        position = len(self._ended)
        finite(float(current), self._job.metric, f"epoch {trainer.current_epoch} of seed {self._job.seeds[position]}")
        self.value = (sum(self._ended) + float(current)) / (position + 1)
        self._trial.report(self.value, position * _STRIDE + trainer.current_epoch)
        last = position + 1 == len(self._job.seeds) and trainer.current_epoch + 1 == trainer.max_epochs
        if not last and self._trial.should_prune():
            self.pruned = trainer.should_stop = True
            _tracked(trainer).tags({"pruned": "true"})


def _tracked(trainer: lightning.Trainer) -> tracking.Run:
    return trainer.logger.experiment  # type: ignore[union-attr, return-value]


def finite(value: float, metric: str, where: str) -> float:
    """`value` itself. Raises `TrialError` where it is no number."""
    if not math.isfinite(value):
        raise TrialError(f"{metric} is {value} after {where}")
    return value


def run(job: Job, orphaned: Callable[[], bool] = lambda: False) -> Outcome:
    """Train once per seed. Raises `TrialError` where the metric is missing or no number, and whatever training raises."""
    trial = tune_study.trial(Path(job.database), job.study, job.number, job.pruner)
    ended: list[float] = []
    figures: dict[str, dict[str, float]] = {}
    for seed in job.seeds:
        watch = Watch(trial, job, ended, orphaned)
        best = train(configured(job, seed), callbacks=(watch,), checkpoints=Path(job.folder) / "checkpoints")
        figures[str(seed)] = best
        if watch.pruned:
            return Outcome(watch.value, True, figures)
        if job.metric not in best:
            raise TrialError(f"training reported no {job.metric}; is the task labelled in the dev set?")
        ended.append(finite(best[job.metric], job.metric, f"training with seed {seed}"))
    return Outcome(sum(ended) / len(ended), False, figures)


def configured(job: Job, seed: int) -> TrainConfig:
    """The configuration of one training of the trial."""
    own = [f"seed={seed}", f"output={json.dumps(str(Path(job.folder) / f'seed-{seed}'))}"]
    return entry.composed("train", TrainConfig, [*job.overrides, *own])


def main() -> None:
    """`python -m training.trial JOB.json`: exit code 0 with an outcome, 2 where the configuration is refused, else 1."""
    # A sweep that a script started in the background ignores SIGINT, and so would what it starts; but it ends its trials by that signal.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    job = read_job(Path(sys.argv[1]))
    try:
        outcome = run(job, lambda: os.getppid() != job.parent_process)
    except (TrialError, ConfigError) as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2 if isinstance(error, ConfigError) else 1) from None
    write_outcome(job, outcome)


if __name__ == "__main__":
    main()

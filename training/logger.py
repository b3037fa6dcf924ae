"""Lightning's view of a tracked run; the stock MLflow logger cuts parameters, renames metrics and needs a store URI at import."""

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

import lightning
from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

from training.tracking import Run


class RunLogger(Logger):
    """Sends Lightning's metrics to a `Run`."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run

    @property
    def name(self) -> str:
        return "hikari"

    @property
    def version(self) -> str:
        return self._run.run_id or "untracked"

    @property
    @rank_zero_experiment
    def experiment(self) -> Run:
        return self._run

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Nothing: the whole configuration is logged once, at the start."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        values = {name: float(value) for name, value in metrics.items() if name != "epoch"}
        self._run.metrics(values, step or 0)


class History(lightning.Callback):
    """The dev figures of every epoch; part of the checkpoint, so that a resumed run still knows its earlier epochs."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        figures = {name: float(value) for name, value in trainer.callback_metrics.items() if name.startswith("dev/")}
        self.rows.append({"epoch": float(trainer.current_epoch), "step": float(trainer.global_step), **figures})

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.rows = list(state_dict["rows"])

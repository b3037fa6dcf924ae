"""Lightning's view of a tracked run; the stock MLflow logger cuts parameters, renames metrics and needs a store URI at import."""

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

from training.tracking import Run


class RunLogger(Logger):
    """Sends Lightning's metrics to a `Run`; keeps the per-epoch ones for `history`."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run
        self.history: list[dict[str, float]] = []

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
        if any(name.startswith("dev/") for name in values):
            self.history.append({"epoch": float(metrics.get("epoch", len(self.history))), "step": float(step or 0), **values})

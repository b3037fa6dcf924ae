"""The Lightning side of the text model: losses, dev figures, optimiser. Nothing here reads or writes files."""

from typing import Any

import numpy as np
import torch

from hikari.sentiment.calibration import sigmoid, softmax
from hikari.sentiment.labels import Task
from training import losses, metrics
from training.data import Batch, Rows
from training.network import TextNetwork
from training.optim import FusedModule, adamw
from training.schema import HeadConfig, OptimConfig


class TextModule(FusedModule):
    """Trains a `TextNetwork` on rows that may label only some tasks; `dev/score` is the mean of the tasks' main figures."""

    def __init__(self, network: TextNetwork, heads: tuple[HeadConfig, ...], optim: OptimConfig, rows: Rows) -> None:
        super().__init__()
        self.network = network
        self.tasks: tuple[Task, ...] = network.tasks
        self._heads = {head.task: head for head in heads}
        self._optim = optim
        for task in self.tasks:
            targets = torch.tensor(rows.targets[task.name])
            weigh = losses.label_weights if task.activation == "softmax" else losses.positive_weights
            self.register_buffer(f"weights_{task.name}", weigh(targets, self._heads[task.name].balance), persistent=False)
        self._seen: list[tuple[dict[str, torch.Tensor], Batch]] = []

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> dict[str, torch.Tensor]:
        return self.network(input_ids, attention_mask)

    def training_step(self, batch: Batch, _: int) -> torch.Tensor:
        parts = self._losses(self(batch["input_ids"], batch["attention_mask"]), batch)
        total = torch.stack([self._heads[name].weight * loss for name, loss in parts.items()]).sum()
        self.log(
            "train/loss",
            total,
            prog_bar=True,
            on_step=True,
            on_epoch=True,
            batch_size=len(batch["input_ids"]),
        )
        return total

    def validation_step(self, batch: Batch, _: int) -> None:
        logits = self(batch["input_ids"], batch["attention_mask"])
        parts = self._losses(logits, batch)
        size = len(batch["input_ids"])
        self.log_dict({f"dev/loss_{name}": loss for name, loss in parts.items()}, batch_size=size)
        self._seen.append(
            (
                {name: values.float().cpu() for name, values in logits.items()},
                {k: v.cpu() for k, v in batch.items()},
            )
        )

    def on_validation_epoch_end(self) -> None:
        scores = []
        for task in self.tasks:
            logits = np.concatenate([seen[task.name].numpy() for seen, _ in self._seen]).astype(np.float64)
            targets = np.concatenate([batch[f"target/{task.name}"].numpy() for _, batch in self._seen])
            probabilities = softmax(logits) if task.activation == "softmax" else sigmoid(logits)
            figures = metrics.report(task, targets, probabilities, {})
            if figures:
                value = figures[metrics.main_figure(task)]
                self.log(f"dev/{task.name}_{metrics.main_figure(task)}", value, prog_bar=True)
                scores.append(value)
        self._seen.clear()
        self.log("dev/score", float(np.mean(scores)) if scores else 0.0, prog_bar=True)

    def configure_optimizers(self) -> Any:
        steps = int(self.trainer.estimated_stepping_batches)
        optimizer, scheduler = adamw(self.network, self._optim, steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def _losses(self, logits: dict[str, torch.Tensor], batch: Batch) -> dict[str, torch.Tensor]:
        parts = {}
        for task in self.tasks:
            targets, weights = batch[f"target/{task.name}"], getattr(self, f"weights_{task.name}")
            if task.activation == "softmax":
                smoothing = self._heads[task.name].label_smoothing
                parts[task.name] = losses.masked_cross_entropy(logits[task.name], targets, weights, smoothing)
            else:
                parts[task.name] = losses.masked_binary_cross_entropy(logits[task.name], targets, weights)
        return parts

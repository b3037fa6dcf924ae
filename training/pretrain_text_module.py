"""The Lightning side of pre-training on many sets: a row counts alike whatever head it teaches, a set has its share of an epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

import lightning
import numpy as np
import pandas as pd
import torch
from torch.nn import functional
from torch.utils.data import DataLoader

from hikari.sentiment.calibration import sigmoid, softmax
from hikari.sentiment.labels import Task
from training import losses, public_figures
from training.data import Batch, BucketSampler, Rows, RowsDataset, collate
from training.network import TextNetwork
from training.optim import FusedModule, adamw
from training.schema import HeadSettings, OptimConfig


class PublicTextModule(FusedModule):
    """Trains a `TextNetwork` on rows that each label a few heads; `dev/score` is `public_figures.score`.

    The loss of a batch is the sum over rows and heads, divided by its rows: a head that one row of the batch labels does not weigh as much
    as one that fifty label. With `r_drop` above 0 every row passes twice, and its two predictions are drawn together (Liang et al., 2021).
    """

    def __init__(
        self,
        network: TextNetwork,
        heads: Mapping[str, HeadSettings],
        optim: OptimConfig,
        rows: Rows,
        dev: pd.DataFrame,
        r_drop: float,
    ) -> None:
        super().__init__()
        self.network = network
        self.tasks: tuple[Task, ...] = network.tasks
        self._heads, self._optim, self._dev, self._r_drop = heads, optim, dev, r_drop
        for task in self.tasks:
            targets = torch.tensor(rows.targets[task.name])
            weigh = losses.label_weights if task.activation == "softmax" else losses.positive_weights
            self.register_buffer(f"weights_{task.name}", weigh(targets, heads[task.name].balance), persistent=False)
        self._seen: list[tuple[np.ndarray, dict[str, np.ndarray]]] = []

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> dict[str, torch.Tensor]:
        return self.network(input_ids, attention_mask)

    def training_step(self, batch: Batch, _: int) -> torch.Tensor:
        logits = self(batch["input_ids"], batch["attention_mask"])
        total = self._loss(logits, batch)
        if self._r_drop:
            again = self(batch["input_ids"], batch["attention_mask"])
            total = (total + self._loss(again, batch)) / 2 + self._r_drop * self._apart(logits, again)
        self.log("train/loss", total, prog_bar=True, on_step=True, on_epoch=True, batch_size=len(batch["input_ids"]))
        return total

    def validation_step(self, batch: Batch, _: int) -> None:
        logits = self(batch["input_ids"], batch["attention_mask"])
        self._seen.append((batch["index"].cpu().numpy(), {name: values.float().cpu().numpy() for name, values in logits.items()}))

    def on_validation_epoch_end(self) -> None:
        order = np.argsort(np.concatenate([index for index, _ in self._seen]))
        probabilities = {}
        for task in self.tasks:
            logits = np.concatenate([seen[task.name] for _, seen in self._seen]).astype(np.float64)[order]
            probabilities[task.name] = softmax(logits) if task.activation == "softmax" else sigmoid(logits)
        self._seen.clear()
        found = public_figures.figures(self._dev, probabilities, self.tasks, {})
        self.log_dict({f"dev/{name.replace('.', '/')}": value for name, value in found.items()})
        self.log("dev/score", public_figures.score(found), prog_bar=True)

    def configure_optimizers(self) -> Any:
        steps = int(self.trainer.estimated_stepping_batches)
        optimizer, scheduler = adamw(self.network, self._optim, steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def _loss(self, logits: dict[str, torch.Tensor], batch: Batch) -> torch.Tensor:
        total = torch.zeros((), device=batch["input_ids"].device)
        for task in self.tasks:
            head, weights = self._heads[task.name], getattr(self, f"weights_{task.name}")
            targets = batch[f"target/{task.name}"]
            if task.activation == "softmax":
                total = total + head.weight * losses.summed_cross_entropy(
                    logits[task.name], targets, weights, head.label_smoothing
                )
            else:
                total = total + head.weight * losses.summed_binary_cross_entropy(logits[task.name], targets, weights)
        return total / len(batch["input_ids"])

    def _apart(self, left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> torch.Tensor:
        """Mean symmetric Kullback-Leibler divergence of the softmax heads' two predictions."""
        parts = []
        for task in self.tasks:
            if task.activation == "softmax":
                one, two = (functional.log_softmax(side[task.name].float(), dim=1) for side in (left, right))
                both = functional.kl_div(one, two, log_target=True, reduction="batchmean")
                parts.append((both + functional.kl_div(two, one, log_target=True, reduction="batchmean")) / 2)
        return torch.stack(parts).mean()


class SetSampler(BucketSampler):
    """Length-bucketed batches in which a set of n rows has a share of n ** temperature of an epoch, or of `rows_per_epoch` rows.

    Temperature 1 is as many as there are; below 1 small sets are seen more often (Raffel et al., 2020, section 3.5). `weights` multiplies
    the share of a set, 1 where it names none. A set's rows come in one shuffled order after the other, so that none is seen twice before
    all were seen once.
    """

    def __init__(
        self,
        lengths: list[int],
        sources: Sequence[str],
        batch_size: int,
        seed: int,
        *,
        temperature: float,
        rows_per_epoch: int | None,
        weights: Mapping[str, float] | None = None,
        rank: int = 0,
        devices: int = 1,
    ) -> None:
        super().__init__(lengths, batch_size, seed, rank, devices)
        names, of_row = np.unique(np.asarray(sources), return_inverse=True)
        self._members = [np.flatnonzero(of_row == number) for number in range(len(names))]
        sizes = np.array([len(rows) for rows in self._members], dtype=np.float64)
        shares = sizes**temperature * [(weights or {}).get(str(name), 1.0) for name in names]
        shares /= shares.sum()
        self._taken = np.maximum(1, np.round(shares * (rows_per_epoch or len(lengths)))).astype(int)

    def rows_of_an_epoch(self) -> int:
        return int(self._taken.sum())

    def order(self) -> np.ndarray:
        chosen = []
        for number, (rows, count) in enumerate(zip(self._members, self._taken, strict=True)):
            start = self.epoch * int(count)
            turns = range(start // len(rows), (start + int(count) - 1) // len(rows) + 1)
            line = np.concatenate([np.random.default_rng((self.seed, number, turn)).permutation(rows) for turn in turns])
            offset = start - turns[0] * len(rows)
            chosen.append(line[offset : offset + int(count)])
        return np.random.default_rng((self.seed, self.epoch)).permutation(np.concatenate(chosen))


class PublicTextData(lightning.LightningDataModule):
    """Train and dev rows for Lightning; `sources` names the set of every training row."""

    def __init__(
        self,
        train: Rows,
        sources: Sequence[str],
        dev: Rows,
        batch_size: int,
        seed: int,
        temperature: float,
        rows_per_epoch: int | None,
        weights: Mapping[str, float],
    ) -> None:
        super().__init__()
        self._train, self._sources, self._dev, self._batch_size, self._seed = train, sources, dev, batch_size, seed
        self._temperature, self._rows_per_epoch, self._weights = temperature, rows_per_epoch, weights

    def train_dataloader(self) -> DataLoader[Any]:
        trainer = self.trainer
        rank, devices = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        lengths = [len(ids) for ids in self._train.ids]
        sampler = SetSampler(
            lengths, self._sources, self._batch_size, self._seed, temperature=self._temperature, rows_per_epoch=self._rows_per_epoch,
            weights=self._weights, rank=rank, devices=devices,
        )  # fmt: skip
        return DataLoader(
            RowsDataset(self._train), batch_sampler=sampler, collate_fn=lambda indices: collate(self._train, indices)
        )

    def val_dataloader(self) -> DataLoader[Any]:
        order = sorted(range(len(self._dev)), key=lambda index: len(self._dev.ids[index]))
        size = self._batch_size * 2
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        return DataLoader(RowsDataset(self._dev), batch_sampler=batches, collate_fn=self._dev_batch)

    def _dev_batch(self, indices: list[int]) -> Batch:
        return {**collate(self._dev, indices), "index": torch.tensor(indices)}

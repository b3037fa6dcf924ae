"""Tokenised rows in length-bucketed batches, in an order that only the seed decides."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import pandas as pd
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from hikari.sentiment.labels import Task
from training.prepare import target_columns
from training.schema import DataConfig

Batch = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Rows:
    """Token ids per row and targets per task of shape (rows, labels), NaN where unlabelled."""

    ids: list[list[int]]
    targets: dict[str, np.ndarray]
    pad_id: int = 0

    def __len__(self) -> int:
        return len(self.ids)


def tokenise(frame: pd.DataFrame, tokenizer_file: Path, tasks: tuple[Task, ...], max_tokens: int, pad_id: int = 0) -> Rows:
    """Tokenise the `words` column, cutting at `max_tokens`, and collect the targets."""
    from tokenizers import Tokenizer

    tokenizer: Any = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    ids = [row.ids for row in tokenizer.encode_batch_fast(frame["words"].tolist())]
    return Rows(ids, {task.name: frame[target_columns(task)].to_numpy(dtype=np.float32) for task in tasks}, pad_id)


class RowsDataset(Dataset[int]):
    """Row numbers; the batch is made by `collate`, once, instead of row by row."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> int:
        return index


def collate(rows: Rows, indices: list[int]) -> Batch:
    """One padded batch: `input_ids`, `attention_mask` and a target matrix per task."""
    width = max(len(rows.ids[index]) for index in indices)
    ids = torch.full((len(indices), width), rows.pad_id, dtype=torch.long)
    mask = torch.zeros((len(indices), width), dtype=torch.long)
    for number, index in enumerate(indices):
        length = len(rows.ids[index])
        ids[number, :length] = torch.tensor(rows.ids[index], dtype=torch.long)
        mask[number, :length] = 1
    targets = {f"target/{name}": torch.from_numpy(values[indices]) for name, values in rows.targets.items()}
    return {"input_ids": ids, "attention_mask": mask, **targets}


class BucketSampler(Sampler[list[int]]):
    """Batches of rows of similar length, shuffled by (seed, epoch) and sharded over devices without repeating a row.

    Rows are shuffled, cut into pools of 50 batches and sorted by length inside a pool, so batches stay random but hardly padded.
    Every device gets the same number of batches; at most `devices - 1` batches of an epoch are left out.
    """

    def __init__(self, lengths: list[int], batch_size: int, seed: int, rank: int = 0, devices: int = 1) -> None:
        self.lengths = np.asarray(lengths)
        self.batch_size = batch_size
        self.seed = seed
        self.rank = rank
        self.devices = devices
        self.epoch = 0
        # Lightning announces epochs to the `sampler` of a batch sampler only; this one is its own.
        self.sampler = self

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return math.ceil(self.rows_of_an_epoch() / self.batch_size) // self.devices

    def rows_of_an_epoch(self) -> int:
        """How many rows `order` gives."""
        return len(self.lengths)

    def order(self) -> np.ndarray:
        """The rows of the present epoch, shuffled."""
        return np.random.default_rng((self.seed, self.epoch)).permutation(len(self.lengths))

    def __iter__(self) -> Iterator[list[int]]:
        order = self.order()
        pool = self.batch_size * 50
        batches: list[list[int]] = []
        for start in range(0, len(order), pool):
            part = order[start : start + pool]
            part = part[np.argsort(self.lengths[part], kind="stable")]
            batches += [part[i : i + self.batch_size].tolist() for i in range(0, len(part), self.batch_size)]
        np.random.default_rng((self.seed, self.epoch, 1)).shuffle(batches)
        # A generator: a resumed run makes its iterator before it is told the epoch, and must not repeat the order of epoch 0.
        yield from batches[self.rank : len(self) * self.devices : self.devices]


class ChatData(lightning.LightningDataModule):
    """Train and dev rows for Lightning."""

    def __init__(self, config: DataConfig, tokenizer_file: Path, tasks: tuple[Task, ...], seed: int, pad_id: int = 0) -> None:
        super().__init__()
        self._config, self._tokenizer_file, self._tasks, self._seed = config, tokenizer_file, tasks, seed
        self._pad_id = pad_id
        self._rows: dict[str, Rows] = {}

    def rows(self, split: str) -> Rows:
        """The tokenised rows of a split, read once."""
        if split not in self._rows:
            frame = pd.read_parquet(Path(self._config.processed) / f"{split}.parquet")
            if split == "train" and self._config.max_rows is not None:
                frame = frame.sample(min(len(frame), self._config.max_rows), random_state=self._seed)
            self._rows[split] = tokenise(frame, self._tokenizer_file, self._tasks, self._config.max_tokens, self._pad_id)
        return self._rows[split]

    def train_dataloader(self) -> DataLoader[Any]:
        rows = self.rows("train")
        trainer = self.trainer
        rank, devices = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        lengths = [len(ids) for ids in rows.ids]
        sampler = BucketSampler(lengths, self._config.batch_size, self._seed, rank, devices)
        return DataLoader(RowsDataset(rows), batch_sampler=sampler, collate_fn=lambda indices: collate(rows, indices))

    def val_dataloader(self) -> DataLoader[Any]:
        rows = self.rows("dev")
        order = sorted(range(len(rows)), key=lambda index: len(rows.ids[index]))
        size = self._config.batch_size * 2
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        return DataLoader(RowsDataset(rows), batch_sampler=batches, collate_fn=lambda indices: collate(rows, indices))

"""Dialogues with summaries: read from JSONL, tokenised for a T5, in length-bucketed batches.

One JSON object a line: `{"id"?, "dialogue": "Kai: hi\\nMia: hello", "summary": "..."}`, one turn a line of `dialogue`; `fname`, the
name that DialogSum gives its ids, is read as well. A line without a speaker continues the turn before it.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from hikari.memory.abstractive import Generation, encode
from hikari.memory.summaries import Turn
from training.data import BucketSampler
from training.external import ExternalDataError
from training.public_data import public_file
from training.summary_schema import DialogueDataConfig

_SPEAKER = re.compile(r"\s*([^:\n]{1,60}?)\s*:\s*(.*)")
IGNORED = -100
"""Target positions that the loss leaves out."""


@dataclass(frozen=True)
class Dialogue:
    id: str
    turns: tuple[Turn, ...]
    summary: str


@dataclass(frozen=True)
class Pairs:
    """Token ids of inputs and targets per row, and the targets' text."""

    inputs: list[list[int]]
    targets: list[list[int]]
    summaries: list[str]

    def __len__(self) -> int:
        return len(self.inputs)


def turns_of(dialogue: str) -> tuple[Turn, ...]:
    """The turns of a dialogue that is written as one text.

    >>> [(turn.speaker, turn.text) for turn in turns_of("Kai: hi\\nMia: hello: you\\nthere")]
    [('Kai', 'hi'), ('Mia', 'hello: you there')]
    """
    turns: list[tuple[str, str]] = []
    for line in dialogue.splitlines():
        found = _SPEAKER.fullmatch(line)
        if found is not None:
            turns.append((found[1], found[2].strip()))
        elif line.strip() and turns:
            turns[-1] = (turns[-1][0], f"{turns[-1][1]} {line.strip()}".strip())
        elif line.strip():
            turns.append(("Someone", line.strip()))
    return tuple(Turn(speaker, text) for speaker, text in turns if text)


def read_dialogues(path: Path) -> list[Dialogue]:
    """The dialogues of a file. Raises `ExternalDataError` that names file, lines and mistakes."""
    rows: list[Dialogue] = []
    wrong: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row: Any = json.loads(line)
        except json.JSONDecodeError:
            wrong.append(f"line {number}: not JSON")
            continue
        if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in ("dialogue", "summary")):
            wrong.append(f"line {number}: needs `dialogue` and `summary`")
            continue
        turns = turns_of(row["dialogue"])
        if not turns or not row["summary"].strip():
            wrong.append(f"line {number}: dialogue and summary must not be empty")
            continue
        rows.append(Dialogue(str(row.get("id", row.get("fname", number))), turns, row["summary"].strip()))
    if wrong:
        raise ExternalDataError(f"{path}: " + "; ".join(wrong[:20]) + (f" and {len(wrong) - 20} more" if len(wrong) > 20 else ""))
    if not rows:
        raise ExternalDataError(f"{path} holds no dialogues")
    return rows


def split_file(config: DialogueDataConfig, split: str) -> Path:
    """The file of a split: the one that the configuration names, else the public set's. Raises `PublicDataError`,
    `ExternalDataError`."""
    named = {"train": config.train, "dev": config.dev}[split]
    if named is None and split not in config.public.files:
        raise ExternalDataError(
            f"{config.public.name} comes without a pinned part {split}: name a file with data.{split}=FILE.jsonl"
        )
    path = public_file(config.public, split) if named is None else Path(named)
    if not path.is_file():
        raise ExternalDataError(f"data.{split}: there is no file {path}")
    return path


def tokenise(dialogues: list[Dialogue], tokenizer: Any, generation: Generation, end: int) -> Pairs:
    """Inputs as the engine makes them when it serves; targets cut at `max_output_tokens`, both closed by `end`."""
    targets = []
    for dialogue in dialogues:
        ids = [int(i) for i in tokenizer.encode(dialogue.summary).ids if int(i) != end]
        targets.append([*ids[: generation.max_output_tokens - 1], end])
    inputs = [encode(tokenizer, dialogue.turns, generation, end)[0] for dialogue in dialogues]
    return Pairs(inputs, targets, [dialogue.summary for dialogue in dialogues])


def collate(pairs: Pairs, indices: list[int], pad: int) -> dict[str, torch.Tensor]:
    """One padded batch: `input_ids`, `attention_mask`, `labels` (padding ignored by the loss) and the `rows` it holds."""
    ids, mask = _padded([pairs.inputs[index] for index in indices], pad)
    labels, seen = _padded([pairs.targets[index] for index in indices], pad)
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "labels": labels.masked_fill(seen == 0, IGNORED),
        "rows": torch.tensor(indices),
    }


def _padded(rows: list[list[int]], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(map(len, rows))
    ids = torch.full((len(rows), width), pad, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = torch.tensor(row, dtype=torch.long)
        mask[number, : len(row)] = 1
    return ids, mask


class _Rows(Dataset[int]):
    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> int:
        return index


class SummaryData(lightning.LightningDataModule):
    """Train and dev pairs for Lightning; a seeded sample of them where the configuration limits their number."""

    def __init__(self, config: DialogueDataConfig, tokenizer: Any, generation: Generation, end: int, pad: int, seed: int) -> None:
        super().__init__()
        self._config, self._seed, self._pad = config, seed, pad
        limits = {"train": config.max_rows, "dev": config.max_dev_rows}
        self.files = {split: split_file(config, split) for split in limits}
        self.pairs = {
            split: tokenise(_sample(read_dialogues(self.files[split]), limit, seed), tokenizer, generation, end)
            for split, limit in limits.items()
        }

    def train_dataloader(self) -> DataLoader[Any]:
        pairs, trainer = self.pairs["train"], self.trainer
        rank, devices = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        sampler = BucketSampler([len(ids) for ids in pairs.inputs], self._config.batch_size, self._seed, rank, devices)
        return DataLoader(_Rows(len(pairs)), batch_sampler=sampler, collate_fn=lambda rows: collate(pairs, rows, self._pad))

    def val_dataloader(self) -> DataLoader[Any]:
        pairs, size = self.pairs["dev"], self._config.batch_size * 2
        order = sorted(range(len(pairs)), key=lambda row: len(pairs.inputs[row]))
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        return DataLoader(_Rows(len(pairs)), batch_sampler=batches, collate_fn=lambda rows: collate(pairs, rows, self._pad))


def _sample(rows: list[Dialogue], limit: int | None, seed: int) -> list[Dialogue]:
    if limit is None or limit >= len(rows):
        return rows
    chosen = np.random.default_rng(seed).choice(len(rows), size=limit, replace=False)
    return [rows[row] for row in sorted(chosen.tolist())]

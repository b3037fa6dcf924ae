"""Stage: the corpus becomes parquet files with the text as the encoder reads it and one target column per label.

Targets are numbers, NaN where a data set does not label a task; the loss masks those.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from hikari import atomic
from hikari.sentiment import text as chat_text
from hikari.sentiment.labels import TASKS, Task
from training import corpus, entry, swaps
from training.schema import PrepareConfig


def target_columns(task: Task) -> list[str]:
    """Names of a task's target columns, in the order of its logits."""
    return [f"{task.name}/{label}" for label in task.labels]


def to_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows with `text` and any of the four labels become the table that training reads; absent labels become NaN."""
    records = []
    for row in rows:
        record: dict[str, Any] = {
            "id": row.get("id"),
            "text": row["text"],
            "words": chat_text.read(row["text"]).words,
        }
        for task in TASKS:
            for label, column in zip(task.labels, target_columns(task), strict=True):
                record[column] = _target(row, task, label)
        records.append(record)
    return pd.DataFrame.from_records(records)


def _target(row: dict[str, Any], task: Task, label: str) -> float:
    value = row.get(task.name)
    if value is None:
        return float("nan")
    if task.name == "question":
        return float(bool(value))
    if task.activation == "softmax":
        return float(value == label)
    return float(label in value)


def prepare(config: PrepareConfig) -> dict[str, int]:
    """Write `{train,dev,test,challenge}.parquet` and `counts.json`; returns rows per split."""
    counts = {}
    with atomic.new_folder(Path(config.processed)) as folder:
        for split in (*corpus.SPLITS, corpus.CHALLENGE):
            rows = [vars(row) for row in corpus.read_split(split, Path(config.corpus))]
            if split == "train":
                rows += swaps.rows(Path(config.corpus), config.swaps)
            to_frame(rows).to_parquet(folder / f"{split}.parquet", index=False)
            counts[split] = len(rows)
        (folder / "counts.json").write_text(json.dumps(corpus.summary(Path(config.corpus)), indent=2) + "\n")
    return counts


def main() -> None:
    """`python -m training.prepare`"""
    entry.run("prepare", PrepareConfig, lambda config: print(prepare(config)))


if __name__ == "__main__":
    main()

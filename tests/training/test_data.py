"""Tokenised rows, padded batches, and batches of similar length in an order that seed and epoch decide."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hikari.sentiment.labels import TASKS
from tests import tiny
from training.data import BucketSampler, ChatData, Rows, collate, tokenise
from training.prepare import to_frame
from training.schema import DataConfig

LENGTHS = st.lists(st.integers(1, 40), min_size=1, max_size=200)


def sampled(lengths: list[int], epoch: int = 0, **options: int) -> list[list[int]]:
    sampler = BucketSampler(lengths, **{"batch_size": 8, "seed": 7, **options})
    sampler.set_epoch(epoch)
    batches = list(sampler)
    assert len(batches) == len(sampler)
    return batches


def config(processed: Path, **changes: object) -> DataConfig:
    base = DataConfig(name="tiny", processed=str(processed), batch_size=8, max_tokens=32, max_rows=None)
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


@given(LENGTHS, st.integers(1, 33), st.integers(0, 5))
def test_every_row_comes_exactly_once_in_an_epoch(lengths: list[int], batch_size: int, epoch: int) -> None:
    batches = sampled(lengths, epoch, batch_size=batch_size)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert len(batches) == math.ceil(len(lengths) / batch_size)
    assert all(1 <= len(batch) <= batch_size for batch in batches)
    assert sum(len(batch) < batch_size for batch in batches) <= 1


def test_every_row_comes_once_over_several_pools() -> None:
    lengths = [number % 37 + 1 for number in range(1234)]
    batches = sampled(lengths, batch_size=4)
    assert sorted(row for batch in batches for row in batch) == list(range(1234))
    assert len(batches) == 309


@given(LENGTHS, st.integers(0, 2**32 - 1), st.integers(0, 3))
def test_the_order_depends_on_seed_and_epoch_alone(lengths: list[int], seed: int, epoch: int) -> None:
    np.random.seed(epoch)  # noqa: NPY002
    torch.manual_seed(epoch)
    first = sampled(lengths, epoch, seed=seed)
    np.random.seed(epoch + 1)  # noqa: NPY002
    torch.manual_seed(epoch + 1)
    assert sampled(lengths, epoch, seed=seed) == first


def test_epochs_and_seeds_differ() -> None:
    lengths = [number % 17 + 1 for number in range(100)]
    orders = [sampled(lengths, epoch, seed=seed) for epoch in (0, 1, 2) for seed in (7, 8)]
    assert all(left != right for number, left in enumerate(orders) for right in orders[:number])
    compositions = [{frozenset(batch) for batch in order} for order in orders]
    assert compositions[0] != compositions[2]


def test_the_same_epoch_can_be_walked_twice() -> None:
    sampler = BucketSampler([1, 2, 3, 4, 5], batch_size=2, seed=1)
    assert list(sampler) == list(sampler)


@given(LENGTHS, st.integers(1, 9), st.integers(2, 3), st.integers(0, 3))
def test_devices_share_an_epoch_without_overlap(lengths: list[int], batch_size: int, devices: int, epoch: int) -> None:
    shards = [sampled(lengths, epoch, batch_size=batch_size, rank=rank, devices=devices) for rank in range(devices)]
    assert len({len(shard) for shard in shards}) == 1
    rows = [row for shard in shards for batch in shard for row in batch]
    assert len(set(rows)) == len(rows)
    batches = math.ceil(len(lengths) / batch_size)
    assert batches - devices < sum(map(len, shards)) <= batches
    whole = sampled(lengths, epoch, batch_size=batch_size)
    assert all(batch in whole for shard in shards for batch in shard)


def test_batches_hold_rows_of_similar_length() -> None:
    lengths = np.random.default_rng(0).integers(3, 60, size=1600).tolist()
    batches = sampled(lengths, batch_size=16)
    padded = sum(len(batch) * max(lengths[row] for row in batch) for batch in batches)
    unsorted = sum(16 * max(lengths[start : start + 16]) for start in range(0, len(lengths), 16))
    assert padded / sum(lengths) < 1.05
    assert unsorted / sum(lengths) > 1.5
    order = [np.mean([lengths[row] for row in batch]) for batch in batches]
    assert abs(np.corrcoef(order, range(len(order)))[0, 1]) < 0.5


def test_collate_pads_to_the_longest_row_and_marks_real_tokens() -> None:
    targets = {"sentiment": np.array([[1, 0, 0], [0, 1, 0], [np.nan] * 3], dtype=np.float32)}
    rows = Rows([[2, 5, 3], [2, 3], [2, 7, 8, 9, 3]], targets)
    batch = collate(rows, [1, 0])
    assert batch["input_ids"].tolist() == [[2, 3, 0], [2, 5, 3]]
    assert batch["attention_mask"].tolist() == [[1, 1, 0], [1, 1, 1]]
    assert batch["target/sentiment"].tolist() == [[0, 1, 0], [1, 0, 0]]
    assert set(batch) == {"input_ids", "attention_mask", "target/sentiment"}
    assert {batch[name].dtype for name in ("input_ids", "attention_mask")} == {torch.long}
    assert torch.isnan(collate(rows, [2])["target/sentiment"]).all()


@given(st.lists(st.lists(st.integers(1, 99), min_size=1, max_size=12), min_size=1, max_size=9))
def test_collate_loses_no_token(ids: list[list[int]]) -> None:
    rows = Rows(ids, {"question": np.zeros((len(ids), 1), dtype=np.float32)})
    batch = collate(rows, list(range(len(ids))))
    for number, row in enumerate(ids):
        mask = batch["attention_mask"][number].bool()
        assert batch["input_ids"][number][mask].tolist() == row
        assert batch["input_ids"][number][~mask].sum() == 0
    assert batch["input_ids"].shape[1] == max(map(len, ids))


def test_tokenise_cuts_long_messages_and_keeps_targets(tiny_encoder: Path) -> None:
    frame = to_frame([*tiny.rows(1), {"text": "good game " * 50, "sentiment": "positive"}])
    rows = tokenise(frame, tiny_encoder / "tokenizer.json", TASKS, 16)
    assert len(rows) == len(frame)
    assert max(map(len, rows.ids)) == len(rows.ids[-1]) == 16
    assert all(row[0] == rows.ids[0][0] and row[-1] == rows.ids[0][-1] for row in rows.ids)
    for task in TASKS:
        expected = frame[[f"{task.name}/{label}" for label in task.labels]].to_numpy(dtype=np.float32)
        np.testing.assert_array_equal(rows.targets[task.name], expected)
        assert rows.targets[task.name].dtype == np.float32


def test_chat_data_reads_each_split_and_uses_at_most_max_rows(tiny_encoder: Path, tiny_processed: Path) -> None:
    file = tiny_encoder / "tokenizer.json"
    whole = ChatData(config(tiny_processed), file, TASKS, 7)
    assert len(whole.rows("train")) == len(pd.read_parquet(tiny_processed / "train.parquet")) == 60
    assert whole.rows("train") is whole.rows("train")
    few = [ChatData(config(tiny_processed, max_rows=13), file, TASKS, seed).rows("train") for seed in (7, 7, 8)]
    assert [len(rows) for rows in few] == [13, 13, 13]
    assert few[0].ids == few[1].ids != few[2].ids
    assert len(ChatData(config(tiny_processed, max_rows=999), file, TASKS, 7).rows("train")) == 60


def test_loaders_give_every_row_once_with_its_own_targets(tiny_encoder: Path, tiny_processed: Path) -> None:
    data = ChatData(config(tiny_processed), tiny_encoder / "tokenizer.json", TASKS, 7)
    for split, loader in (("train", data.train_dataloader()), ("dev", data.val_dataloader())):
        rows = data.rows(split)
        expected = sorted((tuple(ids), tuple(rows.targets["emotion"][number].tolist())) for number, ids in enumerate(rows.ids))
        found = []
        for batch in loader:
            for ids, mask, target in zip(batch["input_ids"], batch["attention_mask"], batch["target/emotion"], strict=True):
                found.append((tuple(ids[mask.bool()].tolist()), tuple(target.tolist())))
        assert sorted(found) == expected


def test_dev_batches_are_sorted_by_length_and_twice_as_large(tiny_encoder: Path, tiny_processed: Path) -> None:
    data = ChatData(config(tiny_processed), tiny_encoder / "tokenizer.json", TASKS, 7)
    batches = list(data.val_dataloader())
    assert [len(batch["input_ids"]) for batch in batches] == [16, 16, 16, 12]
    widths = [batch["input_ids"].shape[1] for batch in batches]
    assert widths == sorted(widths)


def test_a_missing_split_is_an_error(tmp_path: Path, tiny_encoder: Path) -> None:
    with pytest.raises(FileNotFoundError, match="train"):
        ChatData(config(tmp_path), tiny_encoder / "tokenizer.json", TASKS, 7).rows("train")

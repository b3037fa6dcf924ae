"""The Lightning side: the sum of weighted losses, gradients from labelled tasks only, dev figures over whole epochs."""

from pathlib import Path
from typing import Any

import lightning
import numpy as np
import pytest
import torch

from hikari.sentiment.labels import TASKS
from tests import tiny
from training import encoder, losses, metrics
from training.data import Rows, collate, tokenise
from training.module import TextModule
from training.network import TextNetwork
from training.prepare import to_frame
from training.schema import HeadConfig, OptimConfig, TrainConfig

HEADS = (
    HeadConfig("sentiment", 1.0, 0.05, 0.3),
    HeadConfig("emotion", 2.0, 0.1, 0.5),
    HeadConfig("toxicity", 0.5, 0.0, 0.5),
    HeadConfig("question", 0.3, 0.0, 0.3),
)
OPTIM = OptimConfig(1e-3, 1e-2, 0.01, 0.1, "linear", 0.9, 1.0)


def read(folder: Path, rows: list[dict[str, Any]]) -> Rows:
    return tokenise(to_frame(rows), folder / "tokenizer.json", TASKS, 32)


def build(folder: Path, rows: Rows) -> TextModule:
    torch.manual_seed(0)
    return TextModule(TextNetwork(encoder.load(folder), TASKS, dropout=0.0), HEADS, OPTIM, rows)


def logged(module: TextModule, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """What the module logs, without a trainer."""
    values: dict[str, float] = {}
    monkeypatch.setattr(module, "log", lambda name, value, **_: values.update({name: float(value)}))
    monkeypatch.setattr(module, "log_dict", lambda row, **_: values.update({k: float(v) for k, v in row.items()}))
    return values


def test_the_loss_is_the_weighted_sum_over_the_heads(tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = read(tiny_encoder, tiny.rows(1))
    module = build(tiny_encoder, rows)
    values = logged(module, monkeypatch)
    batch = collate(rows, list(range(len(rows))))
    total = module.training_step(batch, 0)
    logits = module(batch["input_ids"], batch["attention_mask"])
    expected = 0.0
    for head, task in zip(HEADS, TASKS, strict=True):
        targets = batch[f"target/{task.name}"]
        if task.activation == "softmax":
            weights = losses.label_weights(targets, head.balance)
            part = losses.masked_cross_entropy(logits[task.name], targets, weights, head.label_smoothing)
        else:
            weights = losses.positive_weights(targets, head.balance)
            part = losses.masked_binary_cross_entropy(logits[task.name], targets, weights)
        expected += head.weight * part.item()
    assert total.item() == pytest.approx(expected, rel=1e-5)
    assert values["train/loss"] == pytest.approx(expected, rel=1e-5)


def test_unlabelled_heads_get_a_gradient_of_zero(tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = read(tiny_encoder, [{"text": row["text"], "sentiment": row["sentiment"]} for row in tiny.rows(1)])
    module = build(tiny_encoder, rows)
    logged(module, monkeypatch)
    module.training_step(collate(rows, list(range(len(rows)))), 0).backward()
    for name, head in module.network.heads.items():
        gradients = torch.cat([parameter.grad.flatten() for parameter in head.parameters()])  # type: ignore[union-attr]
        assert torch.isfinite(gradients).all()
        assert (torch.count_nonzero(gradients) > 0) == (name == "sentiment"), name


def test_dev_figures_are_over_the_whole_split_and_not_per_batch(tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = read(tiny_encoder, tiny.rows(2))
    module = build(tiny_encoder, rows).eval()
    values = logged(module, monkeypatch)
    with torch.no_grad():
        for start in range(0, len(rows), 7):
            module.validation_step(collate(rows, list(range(start, min(start + 7, len(rows))))), 0)
        module.on_validation_epoch_end()
        whole = collate(rows, list(range(len(rows))))
        logits = module(whole["input_ids"], whole["attention_mask"])
    scores = []
    for task in TASKS:
        scaled = logits[task.name].double()
        probabilities = scaled.softmax(1) if task.activation == "softmax" else scaled.sigmoid()
        report = metrics.report(task, rows.targets[task.name], probabilities.numpy(), {})
        figure = metrics.main_figure(task)
        assert values[f"dev/{task.name}_{figure}"] == pytest.approx(report[figure])
        scores.append(report[figure])
    assert values["dev/score"] == pytest.approx(np.mean(scores))


def test_the_score_is_the_mean_over_labelled_tasks_and_zero_without_any(
    tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for given in ({"sentiment": "positive"}, {}):
        rows = read(tiny_encoder, [{"text": "good game", **given}] * 4)
        module = build(tiny_encoder, rows).eval()
        values = logged(module, monkeypatch)
        with torch.no_grad():
            module.validation_step(collate(rows, [0, 1, 2, 3]), 0)
            module.on_validation_epoch_end()
        assert values["dev/score"] == values.get("dev/sentiment_macro_f1", 0.0)
        assert ("dev/sentiment_macro_f1" in values) == bool(given)
        assert not any(name.startswith("dev/emotion_") for name in values)


def test_one_epoch_leaves_nothing_for_the_next(tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = read(tiny_encoder, tiny.rows(1))
    module = build(tiny_encoder, rows).eval()
    values = logged(module, monkeypatch)
    seen = []
    for _ in range(2):
        with torch.no_grad():
            module.validation_step(collate(rows, list(range(len(rows)))), 0)
            module.on_validation_epoch_end()
        seen.append(dict(values))
    assert seen[0] == seen[1]
    assert module._seen == []


def test_label_weights_stay_out_of_the_checkpoint(tiny_encoder: Path) -> None:
    module = build(tiny_encoder, read(tiny_encoder, tiny.rows(1)))
    assert {name for name in dict(module.named_buffers()) if name.startswith("weights_")} == {
        f"weights_{task.name}" for task in TASKS
    }
    assert all(name.startswith("network.") for name in module.state_dict())


def test_the_optimiser_is_scheduled_per_step_over_the_whole_run(tiny_encoder: Path, tiny_processed: Path, tmp_path: Path) -> None:
    from training.data import ChatData

    config: TrainConfig = tiny.train_config(tiny_encoder, tiny_processed, tmp_path)
    data = ChatData(config.data, tiny_encoder / "tokenizer.json", TASKS, 7)
    module = build(tiny_encoder, data.rows("train"))
    trainer = lightning.Trainer(
        accelerator="cpu", max_epochs=2, logger=False, enable_checkpointing=False, enable_model_summary=False,
        enable_progress_bar=False, default_root_dir=tmp_path, use_distributed_sampler=False, num_sanity_val_steps=0,
    )  # fmt: skip
    trainer.fit(module, datamodule=data)
    assert trainer.global_step == 16
    assert max(trainer.optimizers[0].param_groups[0]["lr"], 0.0) == pytest.approx(0.0, abs=1e-12)

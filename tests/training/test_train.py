"""Tiny runs end to end: what is written, that they repeat bit by bit, learn, continue, and survive sparse labels."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from hikari import fingerprint
from hikari.sentiment.labels import TASKS, tasks_from_json
from tests import tiny
from tests.training.interrupted import count_steps, stop_after
from training import module as module_file
from training import onnx_export, train
from training.data import tokenise
from training.network import load_network
from training.prepare import to_frame
from training.schema import TrainConfig

FILES = {"weights.safetensors", "config.json", "tokenizer.json", "tasks.json", "history.json"}
Configure = Callable[..., TrainConfig]


def sparse(folder: Path, *names: str) -> Path:
    """Tables whose rows label only these tasks."""
    folder.mkdir()
    rows = [{key: row[key] for key in ("id", "text", *names)} for row in tiny.rows()]
    for split in ("train", "dev", "test"):
        to_frame(rows).to_parquet(folder / f"{split}.parquet", index=False)
    return folder


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_gradients_are_clipped_in_every_precision(configure: Configure, precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    norms: list[float] = []
    step = torch.optim.AdamW.step

    def noted(self: torch.optim.AdamW, closure: Any = None) -> Any:
        def computed() -> Any:
            loss = closure()
            gradients = [p.grad for group in self.param_groups for p in group["params"] if p.grad is not None]
            norms.append(float(torch.stack([gradient.norm() for gradient in gradients]).norm()))
            return loss

        return step(self, computed)

    monkeypatch.setattr(torch.optim.AdamW, "step", noted)
    train.train(configure(f"trainer.precision={precision}", "optim.gradient_clip=0.01", "trainer.max_steps=2"))
    assert len(norms) == 2
    assert max(norms) == pytest.approx(0.01, rel=1e-3)


def test_a_run_writes_weights_tasks_and_history(configure: Configure, tiny_encoder: Path, tmp_path: Path) -> None:
    config = configure()
    best = train.train(config)
    output = tmp_path / "out"
    assert {file.name for file in output.iterdir()} == FILES
    facts = json.loads((output / "tasks.json").read_text())
    assert tasks_from_json(facts) == TASKS
    assert (facts["encoder"], facts["max_tokens"], facts["seed"]) == ("minilm", 32, 7)
    history = json.loads((output / "history.json").read_text())
    assert [row["epoch"] for row in history] == [0.0, 1.0]
    assert [row["step"] for row in history] == [8.0, 16.0]
    assert best in history
    assert best["dev/score"] == max(row["dev/score"] for row in history)
    for name in ("config.json", "tokenizer.json"):
        assert (output / name).read_bytes() == (tiny_encoder / name).read_bytes()
    assert not list((tmp_path / "checkpoints").glob("*"))


def test_the_score_is_the_mean_of_the_tasks_figures(tiny_checkpoint: Path) -> None:
    for row in json.loads((tiny_checkpoint / "history.json").read_text()):
        figures = [row[f"dev/{name}"] for name in ("sentiment_macro_f1", "emotion_macro_f1", "toxicity_f1", "question_f1")]
        assert row["dev/score"] == pytest.approx(np.mean(figures), abs=1e-6)
        assert all(0.0 <= figure <= 1.0 for figure in figures)


def test_equal_seeds_give_equal_bytes_and_other_seeds_others(configure: Configure, tmp_path: Path) -> None:
    for name, seed in (("one", 7), ("two", 7), ("three", 8)):
        train.train(configure(f"seed={seed}", "trainer.max_epochs=1", output=name))
    one, two, three = ((tmp_path / name / "weights.safetensors").read_bytes() for name in ("one", "two", "three"))
    assert one == two
    assert one != three
    histories = [(tmp_path / name / "history.json").read_bytes() for name in ("one", "two")]
    assert histories[0] == histories[1]


def test_the_tiny_model_learns_its_data_by_heart(tiny_checkpoint: Path) -> None:
    frame = to_frame(tiny.rows(1))
    rows = tokenise(frame, tiny_checkpoint / "tokenizer.json", TASKS, 32)
    logits = onnx_export.torch_logits(load_network(tiny_checkpoint, TASKS), rows.ids)
    for task in TASKS:
        targets = rows.targets[task.name]
        if task.activation == "softmax":
            assert logits[task.name].argmax(axis=1).tolist() == targets.argmax(axis=1).tolist()
        else:
            assert ((logits[task.name] > 0).any(axis=1) == (targets > 0.5).any(axis=1)).all()


def test_training_changes_the_encoder_and_freezing_prevents_it(configure: Configure, tiny_encoder: Path, tmp_path: Path) -> None:
    train.train(configure("trainer.max_epochs=1", "model.freeze_embeddings=true", "model.freeze_layers=1"))
    before = load_file(tiny_encoder / "model.safetensors")
    after = load_file(tmp_path / "out" / "weights.safetensors")
    for name, values in before.items():
        frozen = name.startswith(("embeddings.", "encoder.layer.0.", "pooler."))
        # A key's bias shifts all attention scores alike, so its gradient is zero but for rounding.
        if not name.endswith("key.bias"):
            assert torch.equal(after[f"encoder.{name}"], values) == frozen, name


def test_the_weights_of_the_best_epoch_are_kept(configure: Configure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    scores, states = iter([0.3, 0.9, 0.1]), []

    def scored(self: Any) -> None:
        self._seen.clear()
        states.append({name: value.clone() for name, value in self.network.state_dict().items()})
        self.log("dev/score", next(scores))

    monkeypatch.setattr(module_file.TextModule, "on_validation_epoch_end", scored)
    best = train.train(configure("trainer.max_epochs=3"))
    kept = load_file(tmp_path / "out" / "weights.safetensors")
    assert best["epoch"] == 1.0
    assert all(torch.equal(kept[name], value) for name, value in states[1].items())
    assert not all(torch.equal(kept[name], value) for name, value in states[2].items())


def test_patience_ends_a_run_that_does_not_improve(configure: Configure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def scored(self: Any) -> None:
        self._seen.clear()
        self.log("dev/score", 0.5)

    monkeypatch.setattr(module_file.TextModule, "on_validation_epoch_end", scored)
    train.train(configure("trainer.max_epochs=9", "trainer.patience=2"))
    assert len(json.loads((tmp_path / "out" / "history.json").read_text())) == 3


def test_a_data_set_that_labels_sentiment_alone_trains(configure: Configure, tmp_path: Path) -> None:
    processed = sparse(tmp_path / "sparse", "sentiment")
    best = train.train(configure("trainer.max_epochs=6", processed=processed))
    assert best["dev/score"] == pytest.approx(best["dev/sentiment_macro_f1"])
    assert "dev/emotion_macro_f1" not in best
    assert all(best[f"dev/loss_{task.name}"] == 0.0 for task in TASKS[1:])
    assert best["dev/score"] > 0.5
    weights = load_file(tmp_path / "out" / "weights.safetensors")
    assert all(torch.isfinite(values).all() for values in weights.values())


def test_a_run_may_have_one_head(configure: Configure, tmp_path: Path) -> None:
    heads = "task.heads=[{task: toxicity, weight: 1.0, label_smoothing: 0.0, balance: 0.5}]"
    train.train(configure(heads, "trainer.max_epochs=1"))
    facts = json.loads((tmp_path / "out" / "tasks.json").read_text())
    assert [task["name"] for task in facts["tasks"]] == ["toxicity"]
    weights = load_file(tmp_path / "out" / "weights.safetensors")
    assert {name for name in weights if name.startswith("heads.")} == {"heads.toxicity.weight", "heads.toxicity.bias"}


def test_debug_tiny_takes_four_steps(configure: Configure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    steps = count_steps(monkeypatch)
    config = configure("debug=tiny", "data.batch_size=16", "trainer.max_epochs=1")
    assert (config.data.max_rows, config.trainer.max_steps, config.tracking.kind) == (64, 4, "off")
    train.train(config)
    assert steps == [4]
    assert {file.name for file in (tmp_path / "out").iterdir()} == FILES


def test_debug_overfit_learns_two_batches_by_heart(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    step = module_file.TextModule.training_step

    def recorded(self: Any, batch: Any, number: int) -> Any:
        loss = step(self, batch, number)
        seen.append(float(loss))
        return loss

    monkeypatch.setattr(module_file.TextModule, "training_step", recorded)
    config = configure("debug=overfit", "trainer.max_epochs=30", "model.dropout=0.0")
    assert config.trainer.overfit_batches == 2
    train.train(config)
    assert len(seen) == 60
    assert np.mean(seen[-2:]) < 0.5 * np.mean(seen[:2])


def test_debug_profile_runs(configure: Configure, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    train.train(configure("debug=profile", "trainer.max_epochs=1"))
    assert (tmp_path / "out" / "weights.safetensors").is_file()
    capfd.readouterr()


def test_accumulation_and_threads_are_obeyed(configure: Configure, tmp_path: Path) -> None:
    before = torch.get_num_threads()
    try:
        train.train(configure("trainer.accumulate=4", "trainer.max_epochs=1", "trainer.threads=1"))
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
    (row,) = json.loads((tmp_path / "out" / "history.json").read_text())
    assert row["step"] == 2.0


def test_a_run_without_data_says_which_file_is_missing(configure: Configure, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="train"):
        train.train(configure(processed=tmp_path / "nothing"))


def test_max_rows_limits_the_training_rows(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = count_steps(monkeypatch)
    train.train(configure("data.max_rows=16", "trainer.max_epochs=1"))
    assert steps == [2]


def test_main_prints_the_best_epoch_as_json(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    import dataclasses

    config = configure("trainer.max_epochs=1")
    values = {
        "model.encoder": config.model.encoder, "data": config.data, "trainer": config.trainer, "optim": config.optim,
    }  # fmt: skip
    overrides = [
        f"{group}.{key}={json.dumps(value)}" for group, part in values.items() for key, value in dataclasses.asdict(part).items()
    ]
    monkeypatch.setattr(
        "sys.argv", ["prog", *overrides, "tracking=off", "model.start=null", "model.keep=0.0", f"output={tmp_path / 'out'}"]
    )
    monkeypatch.chdir(tmp_path)
    train.main()
    printed = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert printed["epoch"] == 0.0
    assert 0.0 <= printed["dev/score"] <= 1.0


def test_the_recorded_weights_are_those_on_disk(configure: Configure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    monkeypatch.chdir(tmp_path)
    train.train(configure("tracking=local", "trainer.max_epochs=2", "tracking.experiment=text"))
    client = MlflowClient(f"sqlite:///{tmp_path / 'mlruns' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("text")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "text-7"
    assert run.data.tags["weights"] == fingerprint.of_file(tmp_path / "out" / "weights.safetensors")
    assert run.data.tags["seed"] == run.data.params["seed"] == "7"
    assert run.data.params["task.heads.0.task"] == "sentiment"
    scores = [point.value for point in client.get_metric_history(run.info.run_id, "dev/score")]
    history = json.loads((tmp_path / "out" / "history.json").read_text())
    assert scores == pytest.approx([row["dev/score"] for row in history])
    assert {"config.json", "reproduce.txt"} <= {item.path for item in client.list_artifacts(run.info.run_id)}


def test_a_failed_run_is_recorded_as_failed(configure: Configure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    monkeypatch.chdir(tmp_path)
    stop_after(0, monkeypatch)
    with pytest.raises(RuntimeError, match="power"):
        train.train(configure("tracking=local"))
    client = MlflowClient(f"sqlite:///{tmp_path / 'mlruns' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("text")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FAILED"


def test_the_tables_of_the_test_are_as_large_as_the_steps_assume(tiny_processed: Path) -> None:
    assert len(pd.read_parquet(tiny_processed / "train.parquet")) == 60

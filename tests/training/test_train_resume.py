"""Runs that were interrupted: they go on from their last epoch, end like whole ones, and a failed one leaves what was there."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.training.interrupted import count_steps, stop_after
from training import module as module_file
from training import train
from training.schema import TrainConfig

Configure = Callable[..., TrainConfig]


def test_an_interrupted_run_continues_and_ends_like_an_uninterrupted_one(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = configure("trainer.max_epochs=3")
    with monkeypatch.context() as patch:
        stop_after(12, patch)
        with pytest.raises(RuntimeError, match="the power went out"):
            train.train(config)
    assert not (tmp_path / "out").exists()
    assert [file.name for file in (tmp_path / "checkpoints").rglob("last.ckpt")] == ["last.ckpt"]
    with monkeypatch.context() as patch:
        steps = count_steps(patch)
        train.train(config)
    assert steps == [16]
    resumed = load_file(tmp_path / "out" / "weights.safetensors")
    assert not list((tmp_path / "checkpoints").glob("*"))
    train.train(configure("trainer.max_epochs=3", output="whole"))
    whole = load_file(tmp_path / "whole" / "weights.safetensors")
    assert set(resumed) == set(whole)
    last = [json.loads((tmp_path / name / "history.json").read_text())[-1] for name in ("out", "whole")]
    assert last[0]["step"] == last[1]["step"] == 24.0


def test_an_interrupted_run_continues_from_its_last_epoch_though_an_earlier_one_was_better(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def worse_and_worse(self: module_file.TextModule) -> None:
        self._seen.clear()
        self.log("dev/score", 1.0 / (1 + self.current_epoch))

    monkeypatch.setattr(module_file.TextModule, "on_validation_epoch_end", worse_and_worse)
    config = configure("trainer.max_epochs=3", "trainer.patience=9")
    with monkeypatch.context() as patch:
        stop_after(20, patch)
        with pytest.raises(RuntimeError, match="the power went out"):
            train.train(config)
    steps = count_steps(monkeypatch)
    assert train.train(config)["epoch"] == 0.0
    assert steps == [8]


def test_resume_never_starts_anew(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    config = configure("resume=never")
    with monkeypatch.context() as patch:
        stop_after(12, patch)
        with pytest.raises(RuntimeError, match="power"):
            train.train(config)
    steps = count_steps(monkeypatch)
    train.train(config)
    assert steps == [16]


def test_another_configuration_does_not_continue_the_run(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        stop_after(12, patch)
        with pytest.raises(RuntimeError, match="power"):
            train.train(configure())
    steps = count_steps(monkeypatch)
    train.train(configure("optim.lr=0.002"))
    assert steps == [16]


def test_the_identity_of_a_run_is_its_configuration_and_data(configure: Configure) -> None:
    hashes = {"train.parquet": "a"}
    base = train._identity(configure(), hashes)
    assert base == train._identity(configure(), dict(hashes))
    others = [
        train._identity(configure("seed=8"), hashes),
        train._identity(configure("model.dropout=0.2"), hashes),
        train._identity(configure(), {"train.parquet": "b"}),
    ]
    assert len({base, *others}) == 4


def test_resumable_checkpoints_load_without_unpickling(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stop_after(12, monkeypatch)
    with pytest.raises(RuntimeError, match="power"):
        train.train(configure())
    for name in ("last.ckpt", "best.ckpt"):
        (file,) = (tmp_path / "checkpoints").rglob(name)
        content = torch.load(file, weights_only=True, map_location="cpu")
        assert {"state_dict", "optimizer_states", "lr_schedulers", "epoch", "callbacks"} <= set(content)


def test_a_failed_run_leaves_the_old_output(configure: Configure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_text("old")
    stop_after(0, monkeypatch)
    with pytest.raises(RuntimeError, match="power"):
        train.train(configure())
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["old"]

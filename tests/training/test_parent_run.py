"""Children of a run are told by the environment, and a grid has one parent."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from tests import tiny, tiny_sweep
from training import parent_run, tracking, train
from training.schema import TrackingConfig

LOCAL = TrackingConfig(kind="local", experiment="text")


@pytest.fixture(scope="module")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def tiny_processed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make_processed(tmp_path_factory.mktemp("processed"))


def runs(folder: Path) -> list[Any]:
    client = MlflowClient(f"sqlite:///{folder / 'mlruns' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("text")
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id]))


def test_the_environment_of_a_child_names_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIKARI_PARENT_RUN", "grandparent")
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    told = parent_run.environment("abc")
    assert (told["HIKARI_PARENT_RUN"], told["KEPT"]) == ("abc", "1")
    assert "CUDA_VISIBLE_DEVICES" not in told
    assert "HIKARI_PARENT_RUN" not in parent_run.environment(None)
    assert os.environ["HIKARI_PARENT_RUN"] == "grandparent"


@pytest.mark.parametrize(("visible", "device", "chosen"), [("", 1, "1"), ("4,6", 0, "4"), ("4,6", 1, "6"), ("4,6", 2, "4")])
def test_a_child_sees_one_of_the_visible_devices(visible: str, device: int, chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert parent_run.environment(None, device)["CUDA_VISIBLE_DEVICES"] == chosen


def test_below_ends_with_its_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIKARI_PARENT_RUN", "outer")
    with pytest.raises(RuntimeError), parent_run.below("inner"):
        assert os.environ["HIKARI_PARENT_RUN"] == "inner"
        raise RuntimeError
    with parent_run.below(None):
        assert "HIKARI_PARENT_RUN" not in os.environ
    assert os.environ["HIKARI_PARENT_RUN"] == "outer"


def test_open_children_of_a_run_are_closed_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parent, stranger = tracking.start(LOCAL, "parent"), tracking.start(LOCAL, "stranger")
    with parent_run.below(parent.run_id):
        left, done = tracking.start(LOCAL, "left"), tracking.start(LOCAL, "done")
    done.end()
    parent.close_children()
    parent.end("KILLED")
    parent.again()
    assert {run.info.run_name: run.info.status for run in runs(tmp_path)} == {
        "parent": "RUNNING", "stranger": "RUNNING", "left": "FAILED", "done": "FINISHED",
    }  # fmt: skip
    assert [run.info.run_name for run in runs(tmp_path) if run.data.tags.get(tracking.PARENT) == parent.run_id] == [
        "done",
        "left",
    ]
    assert {left.run_id, stranger.run_id} <= {run.info.run_id for run in runs(tmp_path)}


def test_a_grid_is_one_parent_with_a_child_each(
    tiny_encoder: Path, tiny_processed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(train, "CHECKPOINTS", tmp_path / "checkpoints")
    rates = "optim.lr=0.001,0.003"
    arguments = [*tiny_sweep.base(tiny_encoder, tiny_processed), "trainer.max_epochs=1", "output=out/${optim.lr}", rates]
    monkeypatch.setattr(sys, "argv", ["prog", "-m", *arguments])
    train.main()
    capsys.readouterr()
    found = runs(tmp_path)
    (parent,) = [run for run in found if tracking.PARENT not in run.data.tags]
    assert (parent.info.run_name, parent.info.status) == ("grid", "FINISHED")
    assert rates in parent.data.tags["overrides"]
    children = [run for run in found if run.data.tags.get(tracking.PARENT) == parent.info.run_id]
    assert sorted(run.data.params["optim.lr"] for run in children) == ["0.001", "0.003"]
    assert "HIKARI_PARENT_RUN" not in os.environ


def test_a_grid_with_a_failed_run_is_closed_as_failed(
    tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended: list[Any] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(parent_run.atexit, "register", ended.append)
    arguments = [*tiny_sweep.base(tiny_encoder, tmp_path / "nothing"), "output=out", "seed=1,2"]
    monkeypatch.setattr(sys, "argv", ["prog", "-m", *arguments])
    with pytest.raises((SystemExit, FileNotFoundError)):
        train.main()
    capsys.readouterr()
    (at_exit,) = [call for call in ended if isinstance(getattr(call, "__self__", None), parent_run.Grid)]
    at_exit()  # Hydra tells nobody that a job raised; the end of the process closes the parent
    (parent,) = runs(tmp_path)
    assert (parent.info.run_name, parent.info.status) == ("grid", "FAILED")


def test_a_single_run_has_no_parent(
    tiny_encoder: Path, tiny_processed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(train, "CHECKPOINTS", tmp_path / "checkpoints")
    arguments = [*tiny_sweep.base(tiny_encoder, tiny_processed), "trainer.max_epochs=1", "output=out"]
    monkeypatch.setattr(sys, "argv", ["prog", *arguments])
    train.main()
    capsys.readouterr()
    (run,) = runs(tmp_path)
    assert run.info.run_name == "text-7"
    assert tracking.PARENT not in run.data.tags

"""One trial with the real training: its mean over seeds, its reports, how it is pruned, fails, ends with its parent and continues."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from tests import tiny, tiny_sweep
from training import module as module_file
from training import trial as trial_file
from training.schema import ConfigError
from training.trial_job import Job, read_outcome, write_job, write_outcome
from training.tune import tune
from training.tune_schema import PrunerConfig

ROOT = Path(__file__).parents[2]
NO_PRUNING = PrunerConfig(keep_percent=None, startup_trials=1, warmup_epochs=0)
Make = Callable[..., Job]


@pytest.fixture(scope="module")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def tiny_processed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.make_processed(tmp_path_factory.mktemp("processed"))


@pytest.fixture
def make(tiny_encoder: Path, tiny_processed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A running trial of a fresh study."""
    monkeypatch.chdir(tmp_path)

    def job(*overrides: str, seeds: tuple[int, ...] = (7,), pruner: PrunerConfig = NO_PRUNING, metric: str = "dev/score") -> Job:
        database = tmp_path / "study.db"
        study = optuna.create_study(
            study_name="s", storage=f"sqlite:///{database}", direction="maximize", load_if_exists=True, pruner=None
        )
        number = study.ask().number
        folder = tmp_path / "trials" / str(number)
        folder.mkdir(parents=True)
        shared = (*tiny_sweep.base(tiny_encoder, tiny_processed), "tracking=off", *overrides)
        return Job(str(database), "s", number, metric, pruner, shared, seeds, str(folder), os.getpid())

    return job


def stored(job: Job) -> optuna.trial.FrozenTrial:
    return optuna.load_study(study_name="s", storage=f"sqlite:///{job.database}").get_trials()[job.number]


def scored(monkeypatch: pytest.MonkeyPatch, *scores: float) -> None:
    """The epochs' scores, in place of the measured ones."""
    left = iter(scores)

    def told(self: Any) -> None:
        self._seen.clear()
        self.log("dev/score", next(left))

    monkeypatch.setattr(module_file.TextModule, "on_validation_epoch_end", told)


def test_a_trial_is_the_mean_over_its_seeds(make: Make) -> None:
    job = make(seeds=(7, 8))
    outcome = trial_file.run(job)
    assert not outcome.pruned
    histories = {}
    for seed in job.seeds:
        folder = Path(job.folder) / f"seed-{seed}"
        histories[seed] = json.loads((folder / "history.json").read_text())
        assert outcome.figures[str(seed)] in histories[seed]
        assert json.loads((folder / "tasks.json").read_text())["seed"] == seed
    best = [max(row["dev/score"] for row in rows) for rows in histories.values()]
    assert outcome.value == pytest.approx(sum(best) / 2)
    # What the study was told: the epochs of the first seed, then their mean with the first seed's best.
    expected = [row["dev/score"] for row in histories[7]] + [(best[0] + row["dev/score"]) / 2 for row in histories[8]]
    assert list(stored(job).intermediate_values) == [0, 1, 1000, 1001]
    assert list(stored(job).intermediate_values.values()) == pytest.approx(expected)
    write_outcome(job, outcome)
    assert read_outcome(Path(job.folder)) == outcome


def test_a_trial_that_falls_behind_stops_after_its_epoch(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    pruner = PrunerConfig(keep_percent=50, startup_trials=1, warmup_epochs=0)
    scored(monkeypatch, 0.5, 0.6)
    first = make(pruner=pruner)
    best = trial_file.run(first)
    assert (best.pruned, best.value) == (False, pytest.approx(0.6))
    assert (best.figures["7"]["epoch"], best.figures["7"]["step"]) == (1.0, 8.0)
    optuna.load_study(study_name="s", storage=f"sqlite:///{first.database}").tell(first.number, 0.6)
    scored(monkeypatch, 0.4)
    job = make(pruner=pruner)
    outcome = trial_file.run(job)
    assert (outcome.pruned, outcome.value) == (True, pytest.approx(0.4))
    assert list(stored(job).intermediate_values) == [0]


def test_the_last_epoch_is_never_pruned(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    pruner = PrunerConfig(keep_percent=50, startup_trials=1, warmup_epochs=1)
    scored(monkeypatch, 0.5, 0.6)
    first = make(pruner=pruner)
    trial_file.run(first)
    optuna.load_study(study_name="s", storage=f"sqlite:///{first.database}").tell(first.number, 0.6)
    scored(monkeypatch, 0.1, 0.2)
    assert trial_file.run(make(pruner=pruner)).pruned is False


def test_a_figure_that_is_no_number_ends_the_trial(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    scored(monkeypatch, math.nan, 0.5)
    job = make()
    with pytest.raises(trial_file.TrialError, match="dev/score is nan after epoch 0 of seed 7"):
        trial_file.run(job)
    assert stored(job).intermediate_values == {}


def test_a_figure_that_is_not_reported_is_told(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    scored(monkeypatch, 0.4, 0.5)
    with pytest.raises(trial_file.TrialError, match="training reported no dev/toxicity_f1"):
        trial_file.run(make(metric="dev/toxicity_f1"))


def test_a_trial_ends_with_its_parent_and_continues_from_its_last_epoch(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []

    def gone() -> bool:
        batches.append(1)
        return len(batches) > 5

    job = make()
    with pytest.raises(SystemExit) as caught:
        trial_file.run(job, gone)
    assert caught.value.code == 130
    assert len(batches) == 6  # four batches an epoch: in the middle of the second
    assert [file.name for file in Path(job.folder).rglob("last.ckpt")] == ["last.ckpt"]
    steps: list[int] = []
    step = module_file.TextModule.training_step
    monkeypatch.setattr(module_file.TextModule, "training_step", lambda *args: (steps.append(1), step(*args))[1])
    outcome = trial_file.run(job)
    assert len(steps) == 4
    assert [row["epoch"] for row in json.loads((Path(job.folder) / "seed-7" / "history.json").read_text())] == [0.0, 1.0]
    assert list(stored(job).intermediate_values) == [0, 1]
    assert outcome.pruned is False


def test_a_refused_configuration_is_told(make: Make) -> None:
    with pytest.raises(ConfigError, match=r"optim\.lr"):
        trial_file.run(make("optim.lr=7"))


def test_a_sweep_in_this_process_trains_for_real(
    tiny_encoder: Path, tiny_processed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    monkeypatch.chdir(tmp_path)
    config = tiny_sweep.config(
        tiny_encoder, tiny_processed, tmp_path / "sweeps", "mode=inline", "tracking=local", n_trials=2, pruner=NO_PRUNING
    )
    summary = tune(config)
    best = summary["best"]
    history = json.loads((tmp_path / "sweeps/tiny/trials" / f"{best['trial']:04d}" / "seed-7" / "history.json").read_text())
    assert best["value"] == max(row["dev/score"] for row in history)
    assert not list((tmp_path / "sweeps").rglob("*.ckpt"))
    client = MlflowClient(f"sqlite:///{tmp_path / 'mlruns' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("text")
    assert experiment is not None
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert set(runs) == {"sweep-tiny", "trial-0-seed-7", "trial-1-seed-7"}
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    parent = runs.pop("sweep-tiny").info.run_id
    for number in (0, 1):
        child = runs[f"trial-{number}-seed-7"]
        assert child.data.tags["mlflow.parentRunId"] == parent
        assert (child.data.tags["sweep"], child.data.tags["trial"]) == ("tiny", str(number))
    assert runs[f"trial-{best['trial']}-seed-7"].data.params["optim.lr"] == str(best["parameters"]["optim.lr"])
    assert "mlflow.parentRunId" not in client.get_run(parent).data.tags


def test_a_failure_in_this_process_does_not_end_the_sweep(
    tiny_encoder: Path, tiny_processed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored(monkeypatch, math.nan, 0.4, 0.5)
    config = tiny_sweep.config(tiny_encoder, tiny_processed, tmp_path, "mode=inline", n_trials=1, pruner=NO_PRUNING)
    summary = tune(config)
    assert (summary["trials"]["fail"], summary["trials"]["complete"]) == (1, 1)
    study = optuna.load_study(study_name="tiny", storage=f"sqlite:///{tmp_path}/tiny.db")
    assert study.get_trials()[0].state == TrialState.FAIL
    assert study.get_trials()[0].user_attrs["failure"] == "TrialError: dev/score is nan after epoch 0 of seed 7"


@pytest.mark.slow
def test_trials_as_processes_train_for_real(
    tiny_encoder: Path, tiny_processed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole command, twice two trials at a time, tracked."""
    from mlflow import MlflowClient

    base = json.dumps(list(tiny_sweep.base(tiny_encoder, tiny_processed)))
    arguments = ["-m", "training.tune", f"sweep.base={base}", "sweep.name=real", "workers=2", "sweep.pruner.keep_percent=null"]
    for n_trials in (2, 3):
        done = subprocess.run(
            [sys.executable, *arguments, f"sweep.n_trials={n_trials}"], cwd=tmp_path, capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=280,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        summary = json.loads(done.stdout.splitlines()[-1])
        assert (summary["trials"]["complete"], summary["trials"]["fail"]) == (n_trials, 0)
    client = MlflowClient(f"sqlite:///{tmp_path / 'mlruns' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("text")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert [run.info.run_name for run in parents] == ["sweep-real"]
    assert len(runs) == 4
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert sorted(file.name for file in (tmp_path / "mlruns" / "sweeps").iterdir() if not file.name.endswith(".lock")) == [
        "real",
        "real.db",
    ]


@pytest.mark.slow
def test_a_trial_as_a_process_tells_why_it_failed(make: Make) -> None:
    job = make("data.processed=nowhere")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "training.trial", str(write_job(job))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 1
    assert "nowhere" in done.stderr.splitlines()[-1]
    assert read_outcome(Path(job.folder)) is None

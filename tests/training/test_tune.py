"""A sweep over a stand-in for the training, with real processes and real studies: it goes on, comes back, prunes, and records."""

import csv
import dataclasses
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from optuna.trial import TrialState

from tests import tiny_sweep
from training import trial_process, tune_study
from training.entry import composed
from training.schema import TrainConfig
from training.trial_job import Outcome, read_job, write_outcome
from training.tune import tune
from training.tune_schema import Choices, PrunerConfig, SamplerConfig, TuneConfig
from training.tune_study import SweepError

ROOT = Path(__file__).parents[2]
NO_PRUNING = PrunerConfig(keep_percent=None, startup_trials=1, warmup_epochs=0)


@pytest.fixture(autouse=True)
def _stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_process, "COMMAND", tiny_sweep.STAND_IN)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def configure(tiny_encoder: Path, tiny_processed: Path, tmp_path: Path) -> Any:
    def make(*overrides: str, **sweep: Any) -> TuneConfig:
        return tiny_sweep.config(tiny_encoder, tiny_processed, tmp_path / "sweeps", *overrides, **{"pruner": NO_PRUNING, **sweep})

    return make


def study(config: TuneConfig) -> Any:
    import optuna

    return optuna.load_study(study_name=config.sweep.name, storage=f"sqlite:///{config.output}/{config.sweep.name}.db")


def states(config: TuneConfig) -> list[str]:
    return [trial.state.name for trial in study(config).get_trials()]


def table(config: TuneConfig) -> list[dict[str, str]]:
    with (Path(config.output) / config.sweep.name / "trials.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_sweep_ends_with_its_best_trial(configure: Any, capsys: pytest.CaptureFixture[str]) -> None:
    config = configure(n_trials=4)
    summary = tune(config)
    trials = study(config).get_trials()
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 4
    # The first trial is the configuration as it stands.
    assert trials[0].params == {"optim.lr": composed("train", TrainConfig).optim.lr}
    for trial in trials:
        assert trial.value == pytest.approx(tiny_sweep.value(trial.params["optim.lr"]))
    best = max(trials, key=lambda trial: trial.value)
    assert summary["best"]["trial"] == best.number
    assert summary["best"]["value"] == best.value
    assert (summary["trials"]["complete"], summary["trials"]["fail"]) == (4, 0)
    folder = Path(config.output) / "tiny"
    assert json.loads((folder / "sweep.json").read_text())["best"] == summary["best"]
    assert [(row["trial"], row["state"], float(row["value"]), float(row["optim.lr"])) for row in table(config)] == [
        (str(trial.number), "complete", trial.value, trial.params["optim.lr"]) for trial in trials
    ]
    assert (folder / "history.png").stat().st_size > 1000
    # Only the best trial keeps its weights.
    assert [file.parts[-3] for file in folder.glob("trials/*/*/weights.safetensors")] == [f"{best.number:04d}"]
    told = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in told] == [f"trial {number} ended" for number in range(4)]


def test_the_best_overrides_are_the_trials_configuration(configure: Any) -> None:
    config = configure(n_trials=3, seeds=(5,))
    best = tune(config)["best"]
    job = read_job(Path(config.output) / "tiny" / "trials" / f"{best['trial']:04d}" / "job.json")
    trained = composed("train", TrainConfig, [*job.overrides, "seed=5", "output=x"])
    repeated = composed("train", TrainConfig, [*best["overrides"], "seed=5", "output=x", "tracking=off"])
    assert repeated == trained
    assert trained.optim.lr == best["parameters"]["optim.lr"]
    assert best["command"].startswith("python -m training.train ")
    assert best["command"].endswith(" seed=5")


def test_the_same_seed_proposes_the_same_trials(configure: Any) -> None:
    rates = []
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        sampler = SamplerConfig(kind="tpe", seed=seed, startup_trials=2)
        config = configure(n_trials=3, name=name, sampler=sampler, defaults_first=False)
        tune(config)
        rates.append([trial.params["optim.lr"] for trial in study(config).get_trials()])
    assert rates[0] == rates[1]
    assert rates[0] != rates[2]


def test_minimising_picks_the_lowest(configure: Any) -> None:
    config = configure(direction="minimize", metric="dev/loss_sentiment", n_trials=3)
    summary = tune(config)
    assert summary["best"]["value"] == min(trial.value for trial in study(config).get_trials())


def test_a_second_call_goes_on_to_the_new_number_of_trials(configure: Any) -> None:
    tune(configure(n_trials=2))
    config = configure(n_trials=4)
    summary = tune(config)
    trials = study(config).get_trials()
    assert states(config) == ["COMPLETE"] * 4
    # A continued sampler must not propose its first trials again.
    assert len({trial.params["optim.lr"] for trial in trials}) == 4
    assert tune(config) == summary
    assert len(states(config)) == 4


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"direction": "minimize"}, "another metric"),
        ({"seeds": (1, 2)}, "another seeds"),
        ({"space": tiny_sweep.kinds("a", "b")}, "another space"),
        ({"base+": "data.max_rows=40"}, "another base configuration"),
    ],
)
def test_a_study_with_another_question_is_not_continued(configure: Any, changes: dict[str, Any], part: str) -> None:
    config = configure(n_trials=1)
    tune(config)
    extra = changes.pop("base+", None)
    if extra is not None:
        changes["base"] = (*config.sweep.base, extra)
    with pytest.raises(SweepError, match=f"made with {part}.*sweep.name=NAME"):
        tune(configure(n_trials=2, **changes))
    assert states(config) == ["COMPLETE"]


def test_other_data_is_another_question(tmp_path: Path) -> None:
    encoder, processed = tiny_sweep.hollow(tmp_path)
    tune(tiny_sweep.config(encoder, processed, tmp_path / "sweeps", n_trials=1, pruner=NO_PRUNING))
    (processed / "train.parquet").write_bytes(b"other rows")
    with pytest.raises(SweepError, match="another data set"):
        tune(tiny_sweep.config(encoder, processed, tmp_path / "sweeps", n_trials=2, pruner=NO_PRUNING))


def test_two_calls_do_not_share_a_sweep(configure: Any) -> None:
    config = configure()
    folder = Path(config.output) / "tiny"
    folder.mkdir(parents=True)
    with FileLock(folder / ".lock"), pytest.raises(SweepError, match="another process works on the sweep"):
        tune(config)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("exit3", "exit code 3: RuntimeError: CUDA out of memory"),
        ("nan", "ended without an outcome: nothing was printed"),
        ("silent", "ended without an outcome: nothing was printed"),
        ("killed", "killed by SIGKILL (out of memory?): nothing was printed"),
    ],
)
def test_a_trial_that_fails_is_noted_and_made_up_for(configure: Any, kind: str, why: str) -> None:
    config = configure("max_failures=50", n_trials=5, space=tiny_sweep.kinds(kind, "good"), defaults_first=False)
    summary = tune(config)
    failed = [row for row in table(config) if row["state"] == "fail"]
    assert failed, "with this seed at least one trial draws the failing kind"
    assert {row["note"] for row in failed} == {why}
    assert {row["data.name"] for row in failed} == {kind}
    assert summary["trials"]["complete"] == 5
    assert summary["best"]["parameters"]["data.name"] == "good"


def test_too_many_failures_stop_the_sweep_and_it_can_go_on(configure: Any) -> None:
    config = configure("max_failures=1", space=tiny_sweep.kinds("exit3"), defaults_first=False)
    with pytest.raises(SweepError, match=r"2 trials failed, more than max_failures=1.*trials\.csv"):
        tune(config)
    assert states(config) == ["FAIL", "FAIL"]
    assert json.loads((Path(config.output) / "tiny" / "sweep.json").read_text())["best"] is None
    with pytest.raises(SweepError):
        tune(config)
    assert states(config) == ["FAIL"] * 4


def test_a_trial_that_takes_too_long_is_ended(configure: Any) -> None:
    config = configure("trial_timeout_s=5", "max_failures=0", space=tiny_sweep.kinds("wait"), defaults_first=False)
    with pytest.raises(SweepError):
        tune(config)
    (row,) = table(config)
    assert row["note"] == "no end within trial_timeout_s=5"


def test_trials_behind_the_others_are_pruned(configure: Any) -> None:
    pruner = PrunerConfig(keep_percent=50, startup_trials=2, warmup_epochs=0)
    base = (*configure().sweep.base, "data.name=reports")
    config = configure(n_trials=6, base=base, pruner=pruner, sampler=SamplerConfig(kind="random", seed=1, startup_trials=1))
    summary = tune(config)
    trials = study(config).get_trials()
    pruned = [trial for trial in trials if trial.state == TrialState.PRUNED]
    assert pruned
    assert len(trials) == 6 == summary["trials"]["pruned"] + summary["trials"]["complete"]
    for trial in pruned:
        earlier = [other.intermediate_values[0] for other in trials[: trial.number]]
        assert list(trial.intermediate_values) == [0]
        assert trial.value == trial.intermediate_values[0] < max(earlier)


def test_workers_share_a_study(configure: Any) -> None:
    config = configure("workers=2", n_trials=5)
    summary = tune(config)
    trials = study(config).get_trials()
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 5
    assert [trial.number for trial in trials] == list(range(5))
    # The second trial begins before the first has ended.
    assert trials[1].datetime_start < trials[0].datetime_complete
    threads = f"trainer.threads={max(1, (os.cpu_count() or 1) // 2)}"
    assert threads in summary["best"]["overrides"]


def command(config: TuneConfig, *overrides: str) -> list[str]:
    """The command line of this configuration, with the stand-in for the training."""
    code = (
        "import signal; from tests import tiny_sweep; from training import trial_process, tune\n"
        # Where the tests themselves run in the background of a script, SIGINT is ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "trial_process.COMMAND = tiny_sweep.STAND_IN; tune.main()"
    )
    base = json.dumps(list(config.sweep.base))
    return [
        sys.executable, "-c", code, f"output={config.output}", "sweep.name=tiny", f"sweep.base={base}", "sweep.n_trials=2",
        "sweep.pruner.keep_percent=null", "tracking=off", *overrides,
    ]  # fmt: skip


def begun(config: TuneConfig, *overrides: str) -> "tuple[subprocess.Popen[str], int]":
    """A sweep whose first trial waits, once that has begun; and the process id of the trial."""
    pipe = Path(config.output) / "tiny" / "started"
    pipe.parent.mkdir(parents=True)
    os.mkfifo(pipe)
    process = subprocess.Popen(
        command(config, *overrides), env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert process.stdout is not None
    ready, _, _ = select.select([reader, process.stdout], [], [], 100)
    assert reader in ready, process.communicate()
    return process, int(os.read(reader, 100))


def ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_sweep_goes_on_with_the_same_command(configure: Any, sign: signal.Signals) -> None:
    config = configure()
    config = dataclasses.replace(config, sweep=dataclasses.replace(config.sweep, base=(*config.sweep.base, "data.name=wait")))
    process, trial = begun(config)
    process.send_signal(sign)
    out, err = process.communicate(timeout=100)
    assert (process.returncode, out) == (130, "")
    assert "interrupted; the same command continues the sweep" in err
    assert "Traceback" not in err
    assert ended(trial)
    assert states(config) == ["FAIL", "WAITING"]
    again = subprocess.run(
        command(config), env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True, timeout=100
    )
    summary = json.loads(again.stdout.splitlines()[-1])
    assert states(config) == ["FAIL", "COMPLETE", "COMPLETE"]
    trials = study(config).get_trials()
    assert trials[1].params == trials[0].params
    assert summary["best"]["value"] == max(trial.value for trial in trials[1:])
    assert [row["note"] for row in table(config)] == ["interrupted", "was interrupted as 0", ""]
    # The next try works in the folder of the first, where its checkpoint lies.
    assert read_job(Path(config.output) / "tiny" / "trials" / "0000" / "job.json").number == 1


def test_a_killed_sweep_goes_on_with_the_same_command(configure: Any) -> None:
    config = configure()
    config = dataclasses.replace(config, sweep=dataclasses.replace(config.sweep, base=(*config.sweep.base, "data.name=wait")))
    process, trial = begun(config)
    process.kill()
    process.communicate()
    os.kill(trial, signal.SIGKILL)
    assert states(config) == ["RUNNING"]
    subprocess.run(command(config), env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, capture_output=True, timeout=100)
    assert states(config) == ["FAIL", "COMPLETE", "COMPLETE"]
    trials = study(config).get_trials()
    assert trials[1].params == trials[0].params


def test_the_outcome_of_a_trial_that_ended_unseen_is_told(configure: Any) -> None:
    config = configure(n_trials=1)
    tune(config)
    config = configure(n_trials=2)
    running = study(config).ask({"optim.lr": __import__("optuna").distributions.FloatDistribution(1e-4, 1e-2, log=True)})
    running.set_user_attr("overrides", list(config.sweep.base))
    job = read_job(Path(config.output) / "tiny" / "trials" / "0000" / "job.json")
    folder = Path(config.output) / "tiny" / "trials" / "0001"
    folder.mkdir()
    write_outcome(dataclasses.replace(job, folder=str(folder)), Outcome(0.987, False, {}))
    tune(config)
    assert [trial.value for trial in study(config).get_trials()][1] == 0.987
    assert states(config) == ["COMPLETE", "COMPLETE"]


def test_a_wrong_sweep_ends_in_exit_code_2(configure: Any) -> None:
    config = configure()
    done = subprocess.run(
        command(config, "sweep.metric=dev/f2", "+sweep.space.colour={type: categorical, choices: [red]}"),
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("2 mistakes in the sweep:")
    assert "sweep.space.colour: no such setting" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (Path(config.output) / "tiny.db").exists()


def test_the_trials_are_children_of_one_run(configure: Any, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    config = configure("tracking=local", "max_failures=9", n_trials=2)
    tune(config)
    client = MlflowClient(f"sqlite:///{tmp_path / 'mlruns' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("text")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert (run.info.run_name, run.info.status) == ("sweep-tiny", "FINISHED")
    best = study(config).best_trial
    assert run.data.metrics["best/dev/score"] == best.value
    assert run.data.tags["best.optim.lr"] == str(best.params["optim.lr"])
    assert run.data.params["sweep.metric"] == "dev/score"
    scores = client.get_metric_history(run.info.run_id, "dev/score")
    assert [(point.step, point.value) for point in scores] == [
        (trial.number, trial.value) for trial in study(config).get_trials()
    ]
    kept = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert {"sweep.json", "trials.csv", "history.png"} <= kept
    # A child that was never closed, as of a killed process, is closed by the next call, which continues the same run.
    child = client.create_run(experiment.experiment_id, tags={"mlflow.parentRunId": run.info.run_id})
    tune(configure("tracking=local", n_trials=3))
    runs = {run.info.run_id: run for run in client.search_runs([experiment.experiment_id])}
    assert set(runs) == {run.info.run_id, child.info.run_id}
    assert runs[child.info.run_id].info.status == "FAILED"
    assert runs[run.info.run_id].info.status == "FINISHED"
    assert runs[run.info.run_id].data.metrics["trials/complete"] == 3


def test_importances_are_told_once_there_are_enough_trials(configure: Any) -> None:
    space = {"optim.lr": tiny_sweep.LR, "data.batch_size": Choices(type="categorical", choices=(16, 32))}
    config = configure(n_trials=6, space=space)
    tune(config)
    weights = json.loads((Path(config.output) / "tiny" / "sweep.json").read_text())["importances"]
    assert set(weights) == {"optim.lr", "data.batch_size"}
    assert max(weights, key=weights.get) == "optim.lr"
    assert (Path(config.output) / "tiny" / "importances.png").stat().st_size > 1000


def test_a_broken_study_is_no_best(tmp_path: Path) -> None:
    import optuna

    assert tune_study.best(optuna.create_study()) is None

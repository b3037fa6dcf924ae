"""Entry point: search for better settings of the training (Optuna). For grids of named choices use `python -m training.train -m`.

    python -m training.tune sweep=text
    python -m training.tune sweep=text sweep.n_trials=40 workers=2     # continues the same study
    python -m training.tune sweep.name=other 'sweep.base=[model/encoder=minilm_hub]' tracking=off

Ask the study, compose `conf/train.yaml` with its answer, train in a process of its own, tell the study. A trial that fails is noted and
the sweep goes on; an interrupted sweep continues with the same command, its interrupted trials from their last epoch. `mlruns/sweeps/`
gets `NAME.db` (the study) and `NAME/` (sweep.json, trials.csv, pictures, the best trial's weights). The last line printed is JSON.
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from filelock import FileLock, Timeout
from optuna.study import Study
from optuna.trial import Trial, TrialState

from hikari import fingerprint
from training import entry, parent_run, tracking, tune_report, tune_space, tune_study
from training.schema import ConfigError, TrainConfig
from training.trial_job import Job, read_outcome
from training.trial_process import Ending, Processes
from training.tune_progress import Progress
from training.tune_schema import TuneConfig
from training.tune_study import SweepError


def tune(config: TuneConfig) -> dict[str, Any]:
    """Bring the study to its number of trials; returns its summary.

    Raises `ConfigError` with every mistake of the sweep before the first trial, `SweepError` where the study is another one's, in use, or
    where more than `max_failures` trials of this call failed; KeyboardInterrupt leaves a study that the next call continues.
    """
    base = tune_space.check(config.sweep)
    folder = Path(config.output) / config.sweep.name
    with _alone(folder):
        hashes = {file.name: fingerprint.of_file(file) for file in sorted(Path(base.data.processed).glob("*.parquet"))}
        study = tune_study.open_study(folder.with_suffix(".db"), config.sweep, base, hashes)
        return _Sweep(config, base, study, folder, _parent(config, study, hashes)).run()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise SweepError(f"another process works on the sweep in {folder}; more at a time: workers=N") from None
    try:
        yield
    finally:
        lock.release()


def _parent(config: TuneConfig, study: Study, hashes: dict[str, str]) -> tracking.Run:
    """The run that all trials are children of; the same one when a study continues."""
    if config.tracking.kind == "off":
        return tracking.Run()
    run = tracking.resume(config.tracking, "sweep.key", study.user_attrs["key"])
    if run.run_id is not None:
        run.close_children()
        run.again()
        return run
    from training import repro

    tags = {**repro.tags(hashes, config.sweep.sampler.seed), "sweep.key": study.user_attrs["key"]}
    run = tracking.start(config.tracking, f"sweep-{config.sweep.name}", tags)
    run.parameters(asdict(config))
    return run


_OVER = (*tune_study.ENDED, TrialState.FAIL)


class _Sweep:
    """One call's work on a study; only the thread that runs it touches the study."""

    def __init__(self, config: TuneConfig, base: TrainConfig, study: Study, folder: Path, parent: tracking.Run) -> None:
        self.config, self.sweep, self.study, self.folder, self.parent = config, config.sweep, study, folder, parent
        experiment = tune_space.override("tracking.experiment", config.tracking.experiment)
        self.own = (f"tracking={config.tracking.kind}", experiment)
        self.threads = _threads(config, base)
        self.devices = _devices(base) if config.workers > 1 else 0
        self.space = tune_space.distributions(config.sweep)
        self.failures = 0
        self.working: set[int] = set()
        self.progress = Progress(config.sweep.n_trials, config.sweep.metric)

    def run(self) -> dict[str, Any]:
        status = "FAILED"
        try:
            self._repair()
            with self.progress:
                self._show()
                self._inline() if self.config.mode == "inline" else self._processes()
            status = "FINISHED"
        except KeyboardInterrupt:
            status = "KILLED"
            raise
        finally:
            summary = tune_report.write(self.study, self.sweep, self.folder)
            self._record(summary)
            self.parent.close_children()
            self.parent.end(status)
        return summary

    def _repair(self) -> None:
        """Trials of a call that was killed: those that had ended are told, the others wait for their next try."""
        for frozen in tune_study.left_running(self.study):
            outcome = read_outcome(self._folder(tune_study.folder_number(frozen)))
            if outcome is None:
                tune_study.interrupt(self.study, frozen.number)
            else:
                database = self.folder.with_suffix(".db")
                self._tell(tune_study.trial(database, self.sweep.name, frozen.number, self.sweep.pruner), Ending(outcome))

    def _done(self) -> int:
        return len(self.study.get_trials(deepcopy=False, states=tune_study.ENDED))

    def _wanted(self) -> int:
        return 0 if self.failures > self.config.max_failures else self.sweep.n_trials - self._done()

    def _inline(self) -> None:
        from training import trial as trial_file

        while self._wanted() > 0:
            trial, job = self._ask()
            try:
                with parent_run.below(self.parent.run_id):
                    ending = Ending(trial_file.run(job))
            except (KeyboardInterrupt, SystemExit):
                tune_study.interrupt(self.study, trial.number)
                raise KeyboardInterrupt from None
            except Exception as error:  # noqa: BLE001 - whatever ends a trial, the sweep goes on
                ending = Ending(None, f"{type(error).__name__}: {error}"[:300])
            self._tell(trial, ending)
        self._give_up()

    def _processes(self) -> None:
        processes, running = Processes(), dict[Future[Ending], tuple[Trial, int]]()
        with ThreadPoolExecutor(self.config.workers) as pool:
            try:
                while True:
                    free = sorted(set(range(self.config.workers)) - {slot for _, slot in running.values()})
                    for slot in free[: max(0, self._wanted() - len(running))]:
                        trial, job = self._ask()
                        environment = parent_run.environment(
                            self.parent.run_id, slot % self.devices if self.devices > 1 else None
                        )
                        future = pool.submit(processes.run, job, environment, self.config.trial_timeout_s)
                        running[future] = (trial, slot)
                    if not running:
                        break
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        self._tell(running.pop(future)[0], future.result())
            except KeyboardInterrupt:
                processes.stop()
                for future, (trial, _) in running.items():
                    ending = future.result()
                    if ending.outcome is None:
                        tune_study.interrupt(self.study, trial.number)
                    else:
                        self._tell(trial, ending)
                raise
            except BaseException:
                processes.stop()
                raise
        self._give_up()

    def _ask(self) -> tuple[Trial, Job]:
        trial = self.study.ask(self.space)
        parameters = {name: trial.params[name] for name in self.space}
        overrides = [*self.sweep.base, *tune_space.overrides(parameters), *self.threads]
        trial.set_user_attr("overrides", overrides)
        self.working.add(tune_study.folder_number(trial))
        job = Job(
            database=str(self.folder.with_suffix(".db")), study=self.sweep.name, number=trial.number, metric=self.sweep.metric,
            pruner=self.sweep.pruner, overrides=(*self.own, *overrides), seeds=self.sweep.seeds,
            folder=str(self._folder(tune_study.folder_number(trial))), parent_process=os.getpid(),
        )  # fmt: skip
        return trial, job

    def _tell(self, trial: Trial, ending: Ending) -> None:
        number, outcome = trial.number, ending.outcome
        self.working.discard(tune_study.folder_number(trial))
        if outcome is None:
            self.failures += 1
            trial.set_user_attr("failure", ending.failure)
            self.study.tell(number, state=TrialState.FAIL)
        elif outcome.pruned:
            self.study.tell(number, state=TrialState.PRUNED)
        else:
            trial.set_user_attr("figures", outcome.figures)
            self.study.tell(number, outcome.value)
            self.parent.metrics({self.sweep.metric: outcome.value}, number)
        self._tidy(tune_study.folder_number(trial))
        value = None if outcome is None else outcome.value
        state = "failed" if outcome is None else "pruned" if outcome.pruned else "ended"
        self.progress.line(number, state, value, ending.failure)
        self._show()

    def _tidy(self, number: int) -> None:
        """Only the best trial keeps its weights, and only interrupted ones their checkpoints: a sweep would fill the disk."""
        shutil.rmtree(self._folder(number) / "checkpoints", ignore_errors=True)
        best = tune_study.best(self.study)
        kept = None if best is None else tune_study.folder_number(best)
        ended = {tune_study.folder_number(frozen) for frozen in self.study.get_trials(deepcopy=False, states=_OVER)}
        for other in ended - {kept, *self.working}:
            for file in self._folder(other).glob("seed-*/weights.safetensors"):
                file.unlink(missing_ok=True)

    def _folder(self, number: int) -> Path:
        return self.folder / "trials" / f"{number:04d}"

    def _show(self) -> None:
        best = tune_study.best(self.study)
        self.progress.show(self._done(), None if best is None else best.value, self.failures)

    def _give_up(self) -> None:
        if self.failures > self.config.max_failures:
            raise SweepError(
                f"{self.failures} trials failed, more than max_failures={self.config.max_failures}; why stands in "
                f"{self.folder / 'trials.csv'}. Once that is mended, the same command continues"
            )

    def _record(self, summary: dict[str, Any]) -> None:
        best = summary["best"]
        if best is not None:
            self.parent.metrics({f"best/{self.sweep.metric}": best["value"]}, best["trial"])
            self.parent.tags(
                {"best.trial": str(best["trial"]), "best.command": best["command"]}
                | {f"best.{name}": str(value) for name, value in best["parameters"].items()}
            )
        self.parent.metrics({f"trials/{state}": float(count) for state, count in summary["trials"].items()})
        for name in ("sweep.json", "trials.csv", "history.png", "importances.png"):
            if (self.folder / name).is_file():
                self.parent.file(self.folder / name)


def _threads(config: TuneConfig, base: TrainConfig) -> list[str]:
    """Trials at the same time share the processors."""
    if config.workers == 1 or base.trainer.threads is not None or base.trainer.accelerator != "cpu":
        return []
    return [f"trainer.threads={max(1, (os.cpu_count() or 1) // config.workers)}"]


def _devices(base: TrainConfig) -> int:
    if base.trainer.accelerator != "gpu":
        return 0
    import torch

    return torch.cuda.device_count()


def _terminate(*_: Any) -> NoReturn:
    raise KeyboardInterrupt


def _work(config: TuneConfig) -> None:
    signal.signal(signal.SIGTERM, _terminate)
    try:
        summary = tune(config)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None
    except SweepError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; the same command continues the sweep\n")
        raise SystemExit(130) from None
    sys.stdout.write(json.dumps(summary) + "\n")


def main() -> None:
    """`python -m training.tune`"""
    entry.run("tune", TuneConfig, _work)


if __name__ == "__main__":
    main()

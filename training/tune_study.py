"""The stored study of a sweep: opened once by the parent, continued by the same name, repaired after a crash."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

import optuna
from filelock import FileLock
from optuna.storages import RDBStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from hikari import fingerprint
from training import tune_space
from training.schema import TrainConfig
from training.tune_schema import PrunerConfig, SamplerConfig, SweepConfig

_WAIT_S = 60
"""How long one process waits for another one's write to the study."""
ENDED = (TrialState.COMPLETE, TrialState.PRUNED)
INTERRUPTED = "interrupted"


class SweepError(RuntimeError):
    """The sweep cannot go on; the message says why and what to do."""


def open_study(database: Path, sweep: SweepConfig, base: TrainConfig, data: Mapping[str, str]) -> Study:
    """The study of this name, new or as far as it got. Raises `SweepError` where the stored one was after something else."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    database.parent.mkdir(parents=True, exist_ok=True)
    # Two processes that create a fresh database at once leave it half made.
    with FileLock(database.with_suffix(".db.lock"), timeout=_WAIT_S):
        storage = _storage(database)
    stored = next((s for s in optuna.get_all_study_summaries(storage) if s.study_name == sweep.name), None)
    asked = _question(sweep, base, data)
    if stored is not None and "question" in stored.user_attrs:
        before: dict[str, str] = stored.user_attrs["question"]
        changed = [part for part, value in asked.items() if before.get(part) != value]
        if changed:
            raise SweepError(
                f"the study {sweep.name!r} in {database} was made with another {', another '.join(changed)}: its trials do not compare. "
                "Take another name (sweep.name=NAME) or delete it"
            )
    study = optuna.create_study(
        study_name=sweep.name, storage=storage, direction=sweep.direction, load_if_exists=True, pruner=pruner(sweep.pruner),
    )  # fmt: skip
    # The same seed again would propose the first trials again.
    study.sampler = _sampler(sweep.sampler, len(study.get_trials(deepcopy=False)))
    if "question" not in study.user_attrs:
        start = tune_space.defaults(sweep, base) if sweep.defaults_first else None
        if start is not None:
            study.enqueue_trial(start, skip_if_exists=True)
        study.set_user_attr("key", uuid4().hex)
        study.set_user_attr("question", asked)
    return study


def trial(database: Path, study: str, number: int, chosen: PrunerConfig) -> Trial:
    """A running trial of a study, as the process that asked for it had it."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = _storage(database)
    loaded = optuna.load_study(study_name=study, storage=storage, pruner=pruner(chosen))
    return Trial(loaded, storage.get_trial_id_from_study_id_trial_number(storage.get_study_id_from_name(study), number))


def interrupt(study: Study, number: int) -> None:
    """End a running trial that nobody works on any more, and put its parameters first in the queue: its next try continues from the
    last epoch, in the same folder."""
    frozen = study.get_trials(deepcopy=False)[number]
    study.tell(number, state=TrialState.FAIL)
    study.enqueue_trial(frozen.params, user_attrs={"continues": folder_number(frozen), "note": f"was {INTERRUPTED} as {number}"})


def left_running(study: Study) -> list[FrozenTrial]:
    """Trials that no process can be working on: only one sweep at a time has this study."""
    return study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))


def folder_number(frozen: FrozenTrial | Trial) -> int:
    """The number that names the trial's folder: its own, or that of the first try of an interrupted one."""
    return int(frozen.user_attrs.get("continues", frozen.number))


def note(frozen: FrozenTrial) -> str:
    """Why a trial failed, or what else there is to say about it."""
    failed = frozen.state == TrialState.FAIL
    return str(frozen.user_attrs.get("failure", INTERRUPTED if failed else frozen.user_attrs.get("note", "")))


def best(study: Study) -> FrozenTrial | None:
    """The best trial that ended; None while there is none."""
    return study.best_trial if study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)) else None


def pruner(config: PrunerConfig) -> optuna.pruners.BasePruner:
    """The configured pruner; epochs are its steps."""
    if config.keep_percent is None:
        return optuna.pruners.NopPruner()
    return optuna.pruners.PercentilePruner(config.keep_percent, config.startup_trials, config.warmup_epochs)


def _sampler(config: SamplerConfig, position: int) -> optuna.samplers.BaseSampler:
    seed = (config.seed + position) % 2**32
    if config.kind == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    return optuna.samplers.TPESampler(seed=seed, n_startup_trials=config.startup_trials)


def _storage(database: Path) -> RDBStorage:
    return RDBStorage(f"sqlite:///{database.resolve()}", engine_kwargs={"connect_args": {"timeout": _WAIT_S}})


def _question(sweep: SweepConfig, base: TrainConfig, data: Mapping[str, str]) -> dict[str, str]:
    """What makes trials comparable, part by part; more trials, other samplers and pruners do not change it."""
    config: dict[str, Any] = asdict(base)
    for own in ("seed", "output", "resume", "tracking"):
        del config[own]
    for own in ("progress", "threads", "profiler"):
        del config["trainer"][own]
    parts = {
        "metric": [sweep.metric, sweep.direction],
        "space": asdict(sweep)["space"],
        "seeds": sweep.seeds,
        "base configuration": config,
        "data set": dict(data),
    }
    return {name: fingerprint.of_value(value)[:16] for name, value in parts.items()}

"""What a sweep leaves behind: `sweep.json`, `trials.csv`, and pictures where there is something to show."""

import csv
import io
import json
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

import optuna
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from hikari import atomic
from training import tune_plots, tune_study
from training.tune_schema import SweepConfig


def write(study: Study, sweep: SweepConfig, folder: Path) -> dict[str, Any]:
    """Write the report into `folder`; returns its summary."""
    folder.mkdir(parents=True, exist_ok=True)
    trials = [frozen for frozen in study.get_trials(deepcopy=False) if frozen.state != TrialState.WAITING]
    weight = _importances(study)
    summary = summarise(study, sweep)
    whole = {**summary, "seeds": list(sweep.seeds), "importances": weight, "sweep": asdict(sweep)}
    atomic.write_file(folder / "sweep.json", json.dumps(whole, indent=2).encode() + b"\n")
    atomic.write_file(folder / "trials.csv", _table(trials, list(sweep.space)).encode())
    tune_plots.history(trials, sweep.metric, sweep.direction, folder / "history.png")
    tune_plots.importances(weight, folder / "importances.png")
    return summary


def summarise(study: Study, sweep: SweepConfig) -> dict[str, Any]:
    """How far the study is and its best trial, with the overrides and the command that train it again."""
    counts = {state.name.lower(): len(study.get_trials(deepcopy=False, states=(state,))) for state in TrialState}
    found = tune_study.best(study)
    best: dict[str, Any] | None = None
    if found is not None:
        overrides = found.user_attrs["overrides"]
        best = {
            "trial": found.number,
            "value": found.value,
            "parameters": found.params,
            "overrides": overrides,
            "figures": found.user_attrs.get("figures", {}),
            "command": shlex.join(["python", "-m", "training.train", *overrides, f"seed={sweep.seeds[0]}"]),
        }
    return {"study": sweep.name, "metric": sweep.metric, "direction": sweep.direction, "trials": counts, "best": best}


def _importances(study: Study) -> dict[str, float]:
    """Share of each parameter in the differences between trials that ended; empty while there are too few to tell."""
    ended = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(ended) < 4 or len({frozen.value for frozen in ended}) < 2:
        return {}
    try:
        return {name: float(value) for name, value in optuna.importance.get_param_importances(study).items()}
    except (RuntimeError, ValueError):  # such as no parameter that all trials have
        return {}


def _table(trials: list[FrozenTrial], names: list[str]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["trial", "state", "value", "duration_s", *names, "epochs", "note"])
    for frozen in trials:
        taken = f"{frozen.duration.total_seconds():.1f}" if frozen.duration is not None else ""
        values = [frozen.params.get(name, "") for name in names]
        steps = len(frozen.intermediate_values)
        writer.writerow([frozen.number, frozen.state.name.lower(), frozen.value, taken, *values, steps, tune_study.note(frozen)])
    return out.getvalue()

"""Sweeps in seconds: over the tiny encoder, or over a stand-in for the training that runs as a real process and reports to the real study.

    python -m tests.tiny_sweep JOB.json         # instead of `python -m training.trial JOB.json`

What the stand-in does is said by `data.name`: `exit3`, `nan`, `silent` and `killed` fail in these ways, `wait` waits to be interrupted
once it has been seen through the pipe `started`, `reports` tells the study of two epochs and ends when that prunes it; any other name
just ends. All reach the more the nearer `optim.lr` is to 1e-3.
"""

import dataclasses
import math
import os
import signal
import sys
from pathlib import Path
from typing import Any

from training.trial_job import OUTCOME, Job, Outcome, read_job, write_outcome
from training.tune_schema import Choices, FloatRange, TuneConfig

STAND_IN = (sys.executable, "-m", "tests.tiny_sweep")
LR = FloatRange(type="float", low=1e-4, high=1e-2, log=True)


def hollow(folder: Path) -> tuple[Path, Path]:
    """An encoder and data by name alone, all that the stand-in needs."""
    for name in ("encoder/config.json", "encoder/model.safetensors", "encoder/tokenizer.json", "processed/train.parquet"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"-")
    return folder / "encoder", folder / "processed"


def base(encoder: Path, processed: Path) -> tuple[str, ...]:
    """Overrides that make `conf/train.yaml` train the tiny encoder."""
    return (
        "model.encoder.source=folder", f"model.encoder.location={encoder}", "model.encoder.sha256=null",
        f"data.processed={processed}", "data.batch_size=16", "data.max_tokens=32", "trainer.max_epochs=2", "optim.head_lr=0.02",
        "model.freeze_embeddings=false", "model.freeze_layers=0", "model.start=null", "model.keep=0.0", "trainer.progress=false",
    )  # fmt: skip


def config(encoder: Path, processed: Path, output: Path, /, *overrides: str, **sweep: Any) -> TuneConfig:
    """`conf/tune.yaml` for the tiny encoder; `sweep` replaces parts of the sweep."""
    from training.entry import composed

    made = composed("tune", TuneConfig, [f"output={output}", "tracking=off", *overrides])
    ours = {"base": base(encoder, processed), "space": {"optim.lr": LR}, "n_trials": 3, "name": "tiny", **sweep}
    return dataclasses.replace(made, sweep=dataclasses.replace(made.sweep, **ours))


def kinds(*names: str) -> dict[str, Any]:
    """A space over the rate and what the stand-in does."""
    return {"optim.lr": LR, "data.name": Choices(type="categorical", choices=names)}


def value(lr: float) -> float:
    """What the stand-in reaches."""
    return 1.0 - abs(math.log10(lr) + 3.0)


def pruned(job: Job, reached: float) -> bool:
    """Report two epochs; whether the study ended the trial after the first."""
    from training import tune_study  # heavy, and most trials do without

    trial = tune_study.trial(Path(job.database), job.study, job.number, job.pruner)
    for epoch in range(2):
        trial.report(reached * (epoch + 1) / 2, epoch)
        if epoch == 0 and trial.should_prune():
            write_outcome(job, Outcome(reached / 2, True, {}))
            return True
    return False


def main() -> None:
    """The stand-in."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # as in `training.trial`
    job = read_job(Path(sys.argv[1]))
    told = {name: text.strip("'\"") for name, text in (each.split("=", 1) for each in job.overrides)}
    reached, name = value(float(told["optim.lr"])), told.get("data.name", "good")
    if name == "exit3":
        sys.stderr.write("RuntimeError: CUDA out of memory\n")
        raise SystemExit(3)
    if name == "nan":
        (Path(job.folder) / OUTCOME).write_text('{"value": NaN, "pruned": false, "figures": {}}')
        return
    if name == "silent":
        return
    if name == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    sweep = Path(job.folder).parents[1]
    if name == "wait" and not (sweep / "waited").exists():  # the first trial of the sweep alone
        (sweep / "waited").touch()
        (sweep / "started").write_text(str(os.getpid()))
        signal.pause()
    if name == "reports" and pruned(job, reached):
        return
    weights = Path(job.folder) / f"seed-{job.seeds[0]}" / "weights.safetensors"
    weights.parent.mkdir(exist_ok=True)
    weights.write_text(str(reached))
    write_outcome(job, Outcome(reached, False, {str(job.seeds[0]): {job.metric: reached}}))


if __name__ == "__main__":
    main()

"""Entry point and stage: the released engagement network goes on learning on other streams and is exported as the one that is served.

    python -m training.finetune_engagement                                                        # simulated streams
    python -m training.finetune_engagement data.path=FOLDER data.cache=FOLDER learning.lr=1e-3     # a channel's own recordings

Only the parameters that `trained` names learn; what they learned replaces the released weights by the share `blend`, and only where
that is better on the newest of the streams. The intervals keep the correction that was fitted on real streams unless `recalibrate`
says otherwise. Writes the bundle, `metrics` and, to `output`, pictures with their data.
"""

import dataclasses
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field

from hikari import atomic
from hikari.analytics.engagement import KIND, EngagementModel
from hikari.bundle import Bundle, open_bundle
from hikari.errors import HikariError
from training import engagement_export, engagement_plots, entry, repro, tracking
from training.engagement import Figures, calibrate, measure, split
from training.engagement_data import EVALUATED_FROM, EngagementData, Table, tabulate
from training.engagement_export import Calibrated
from training.engagement_fit import fit
from training.engagement_module import EngagementModule, LearningConfig
from training.engagement_sources import StreamsConfig, recordings
from training.logger import History
from training.public_data import PublicDataError
from training.schema import Fraction, Name, Positive, Seed, TrackingConfig, TrainerConfig, closed

Array = np.ndarray


@closed
@dataclass(frozen=True)
class FinetuneEngagementConfig:
    """`conf/finetune_engagement.yaml`"""

    seed: Seed
    pretrained: Name
    """Bundle to start from."""
    bundle: Name
    """Folder for the new one."""
    metrics: Name
    """File for the figures before and after."""
    output: Name
    """Folder for pictures and their data."""
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    data: StreamsConfig
    dev_share: Fraction
    """Of each channel's streams, the newest: they choose the epoch."""
    from_minute: Positive
    every: Positive
    batch_size: Positive
    trained: str
    """Only parameters whose name contains this learn; empty: all."""
    blend: Annotated[float, Field(gt=0, le=1)]
    """Share of what was learned in the new weights, the rest is the released ones (Wortsman et al. 2022): what learned from one kind of
    streams so keeps what it knew of others."""
    recalibrate: bool
    """Fit the intervals anew on the dev streams."""
    learning: LearningConfig
    trainer: TrainerConfig
    tracking: TrackingConfig


def finetune(config: FinetuneEngagementConfig) -> Figures:
    """Learn, keep what is better, export; returns the dev figures before and after. Raises `PublicDataError`, `NotReady`, `BadBundle`."""
    repro.seed_everything(config.seed, config.trainer.deterministic)
    start = engagement_export.load(Path(config.pretrained))
    parent = open_bundle(Path(config.pretrained), kind=KIND)
    table = tabulate(recordings(config.data), start.prior)
    minutes, dev = roles(config, table)
    before = measure(start, table, dev)
    run = tracking.start(config.tracking, f"finetune_engagement-{config.seed}", repro.tags({}, config.seed))
    run.parameters(dataclasses.asdict(config))
    tuned, history = learn(config, table, minutes, dev, run)
    after = measure(tuned, table, dev)
    better = after["messages_5"]["network"]["mae"] < before["messages_5"]["network"]["mae"]
    bundle = _export(config, tuned if better else start, parent, table.prepared(dev[:: max(1, len(dev) // 500)]), before, after)
    figures = {
        "better": bool(better),
        "streams": {"train": len(np.unique(table.stream[minutes])), "dev": before["streams"]},
        "minutes": {"train": len(minutes), "dev": len(dev)},
        "epochs": len(history.rows),
        "before": _short(before),
        "after": _short(after),
    }
    atomic.write_file(Path(config.metrics), (json.dumps(figures, indent=2) + "\n").encode())
    with atomic.new_folder(Path(config.output)) as folder:
        engagement_plots.calibration((after if better else before)["network"], folder)
        engagement_plots.minutes(EngagementModel(bundle), table, dev, folder)
        engagement_plots.history(history.rows, folder)
    flat = tracking.flatten({"before": figures["before"], "after": figures["after"]})
    run.metrics({f"dev/{name}": float(value) for name, value in flat.items()})
    run.file(Path(config.metrics))
    run.file(Path(config.output), "plots")
    run.file(Path(config.bundle), "bundle")
    run.end()
    return {"bundle": config.bundle, "fingerprint": bundle.fingerprint, **figures}


def roles(config: FinetuneEngagementConfig, table: Table) -> tuple[Array, Array]:
    """The minutes to learn from and those to judge by; no stream is held out for a test: that is another folder's part
    (`training.evaluate_engagement`)."""
    parts = split(table.streams, config.dev_share, 0.0)
    newest = [number for number, each in enumerate(table.streams) if parts[each.channel, each.stream_id] == "dev"]
    minutes = table.minutes(sorted(set(range(len(table.streams))) - set(newest)), config.from_minute)
    dev = table.minutes(newest, EVALUATED_FROM, 5)
    if not len(minutes) or not len(dev):
        raise PublicDataError(f"{config.data.path or 'the simulator'} gives too few or too short streams to learn from")
    return minutes, dev


def learn(
    config: FinetuneEngagementConfig, table: Table, minutes: Array, dev: Array, run: tracking.Run
) -> tuple[Calibrated, History]:
    """The network after learning and blending, with the figures of every epoch."""
    start = engagement_export.load(Path(config.pretrained))
    released = {name: value.clone() for name, value in start.network.state_dict().items()}
    module = EngagementModule(start.network, config.learning, config.trained)
    data = EngagementData(table, minutes, dev, config.batch_size, config.every, config.seed)
    history = fit(module, data, config.trainer, config.learning.gradient_clip, run)
    learned = start.network.state_dict()
    start.network.load_state_dict({name: torch.lerp(released[name], learned[name], config.blend) for name in released})
    correction = calibrate(start.network, table, dev) if config.recalibrate else start.correction
    return Calibrated(start.network, start.prior, correction), history


def _export(
    config: FinetuneEngagementConfig, kept: Calibrated, parent: Bundle, sample: Any, before: Figures, after: Figures
) -> Bundle:
    """The new bundle; what was measured of the parent stays beside what was measured here, under its name."""
    known = parent.manifest.get("figures", {})
    figures = {
        "pretrained": {name: known[name] for name in ("test", "unseen_channel") if name in known},
        "ablations": known.get("ablations", {}),
        "finetuning": {"before": _short(before), "after": _short(after)},
    }
    return engagement_export.export(
        kept,
        sample,
        Path(config.bundle),
        version=config.version,
        parents={"pretrained": parent.fingerprint},
        seed=config.seed,
        figures=figures,
        data=parent.manifest.get("data", {}),
    )


def _short(figures: Figures) -> Figures:
    """What `dvc metrics diff` should show: errors beside the simple forecasts', and of every forecast its error and coverage."""
    messages = {name: figures["messages_5"][name]["mae"] for name in ("last_5", "last_15", "network")}
    kept = ("mae", "coverage_80", "coverage_90")
    forecasts = {name: {key: part[key] for key in kept if key in part} for name, part in figures["network"].items()}
    return {
        "messages_5_mae": messages,
        "below_last_15": figures["messages_5"]["network"]["below_last_15"],
        "forecasts": forecasts,
    }


def _report(config: FinetuneEngagementConfig) -> None:
    try:
        figures = finetune(config)
    except (PublicDataError, HikariError) as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None
    sys.stdout.write(json.dumps(figures) + "\n")


def main() -> None:
    """`python -m training.finetune_engagement`"""
    entry.run("finetune_engagement", FinetuneEngagementConfig, _report)


if __name__ == "__main__":
    main()

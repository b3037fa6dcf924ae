"""Entry point and stage: the released engagement network goes on learning on other streams, such as simulated ones, and is exported.

    python -m training.finetune_engagement
    python -m training.finetune_engagement data.path=FOLDER data.cache=FOLDER learning.lr=1e-3     # a channel's own recordings

Only the parameters that `trained` names learn. The result replaces the released weights only where it is better on the newest of the
streams; the intervals keep the correction that was fitted on real streams unless `recalibrate` says otherwise.
"""

import dataclasses
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from hikari.analytics.engagement import KIND
from hikari.bundle import open_bundle
from hikari.errors import HikariError
from training import engagement_export, entry, repro, tracking
from training.engagement import Figures, calibrate, measure, split
from training.engagement_data import EVALUATED_FROM, EngagementData, read, tabulate
from training.engagement_export import Calibrated
from training.engagement_fit import fit
from training.engagement_module import EngagementModule, LearningConfig
from training.evaluate_engagement import RecordedConfig
from training.public_data import PublicDataError
from training.schema import Fraction, Name, Positive, Seed, TrackingConfig, TrainerConfig, closed


@closed
@dataclass(frozen=True)
class FinetuneEngagementConfig:
    """`conf/finetune_engagement.yaml`"""

    seed: Seed
    pretrained: Name
    """Bundle to start from."""
    bundle: Name
    """Folder for the new one."""
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    data: RecordedConfig
    dev_share: Fraction
    """Of each channel's streams, the newest: they choose the epoch."""
    from_minute: Positive
    every: Positive
    batch_size: Positive
    trained: str
    """Only parameters whose name contains this learn; empty: all."""
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
    recordings = read(Path(config.data.path), None if config.data.cache is None else Path(config.data.cache))
    table = tabulate(recordings, start.prior)
    # No stream is held out for a test: that is another folder's part (training.evaluate_engagement).
    roles = split(table.streams, config.dev_share, 0.0)
    dev_streams = [number for number, each in enumerate(table.streams) if roles[each.channel, each.stream_id] == "dev"]
    train_streams = sorted(set(range(len(table.streams))) - set(dev_streams))
    minutes = table.minutes(train_streams, config.from_minute)
    dev = table.minutes(dev_streams, EVALUATED_FROM, 5)
    if not len(minutes) or not len(dev):
        raise PublicDataError(f"{config.data.path} holds too few or too short streams to learn from")
    before = measure(start, table, dev)
    run = tracking.start(config.tracking, f"finetune_engagement-{config.seed}", repro.tags({}, config.seed))
    run.parameters(dataclasses.asdict(config))
    module = EngagementModule(start.network, config.learning, config.trained)
    data = EngagementData(table, minutes, dev, config.batch_size, config.every, config.seed)
    history = fit(module, data, config.trainer, config.learning.gradient_clip, run)
    correction = calibrate(start.network, table, dev) if config.recalibrate else start.correction
    tuned = Calibrated(start.network, start.prior, correction)
    after = measure(tuned, table, dev)
    better = after["messages_5"]["network"]["mae"] <= before["messages_5"]["network"]["mae"]
    kept = tuned if better else engagement_export.load(Path(config.pretrained))
    facts: dict[str, Any] = {"figures": {**parent.manifest.get("figures", {}), "finetuned_dev": after if better else before}}
    sample = table.prepared(dev[:: max(1, len(dev) // 500)])
    bundle = engagement_export.export(
        kept,
        sample,
        Path(config.bundle),
        version=config.version,
        parents={"pretrained": parent.fingerprint},
        seed=config.seed,
        **facts,
    )
    run.metrics(
        {"dev/mae_before": before["messages_5"]["network"]["mae"], "dev/mae_after": after["messages_5"]["network"]["mae"]}
    )
    run.file(Path(config.bundle), "bundle")
    run.end()
    return {
        "bundle": config.bundle,
        "fingerprint": bundle.fingerprint,
        "better": bool(better),
        "before": before["messages_5"],
        "after": after["messages_5"],
        "epochs": len(history.rows),
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

"""Entry point: how good the served engagement forecasts are on recorded streams, beside simple forecasts.

    python -m training.evaluate_engagement                                 # simulated streams
    python -m training.evaluate_engagement data.path=FOLDER                # formats: training/streams.py
    python -m training.evaluate_engagement data.path=FOLDER newest=0.15 bundle=data/models/engagement_pretrained ablations=true

Judged are all minutes at least 30 minutes into a stream with five recorded minutes after them (training/engagement_metrics.py); the
channels' norms start from the bundle's prior and see each channel's own past only. Writes `metrics.json`, pictures and their data to
`output`; prints the figures as one JSON object on the last line.
"""

import dataclasses
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from hikari import atomic
from hikari.analytics.engagement import FACTS, KIND, EngagementModel
from hikari.bundle import open_bundle
from hikari.errors import HikariError
from training import engagement_judge, engagement_plots, entry, tracking
from training.engagement import split
from training.engagement_data import EVALUATED_FROM, tabulate
from training.engagement_sources import StreamsConfig, recordings
from training.public_data import PublicDataError
from training.schema import Name, Seed, TrackingConfig, closed

Figures = dict[str, Any]


@closed
@dataclass(frozen=True)
class EvaluateEngagementConfig:
    """`conf/evaluate_engagement.yaml`"""

    seed: Seed
    bundle: Name
    data: StreamsConfig
    newest: Annotated[float, Field(gt=0, le=1)]
    """Share of each channel's streams that is judged; the older ones only give the channel its past."""
    output: Name
    ablations: bool
    """Show the table of what each part of the network is worth, as it was measured when the bundle (or its parent) was trained."""
    tracking: TrackingConfig


def evaluate(config: EvaluateEngagementConfig) -> Figures:
    """Figures of the bundle on all streams, and of each channel. Raises `PublicDataError`, `NotReady`, `BadBundle`."""
    bundle = open_bundle(Path(config.bundle), kind=KIND)
    model = EngagementModel(bundle)
    facts = bundle.json(FACTS)
    table = tabulate(recordings(config.data), (np.array(facts["prior_mean"]), np.array(facts["prior_spread"])))
    roles = split(table.streams, 0.0, config.newest)
    judged = [number for number, each in enumerate(table.streams) if roles[each.channel, each.stream_id] == "test"]
    at = table.minutes(judged, EVALUATED_FROM, engagement_plots.AHEAD)
    if not len(at):
        least = EVALUATED_FROM + engagement_plots.AHEAD
        raise PublicDataError(f"{config.data.path or 'the simulator'} gives no stream of more than {least} minutes")
    made = engagement_judge.forecast(model.quantiles_of, table, at)
    figures: Figures = {"bundle": bundle.fingerprint, "version": bundle.version}
    figures |= engagement_judge.figures(made, table, model.quantiles, config.seed)
    figures["channels"] = {}
    for channel in sorted({each.channel for each in table.streams}):
        own = [number for number, each in enumerate(table.streams) if each.channel == channel]
        kept = np.isin(table.stream[at], own)
        if kept.any():
            part = engagement_judge.figures(engagement_judge.only(made, kept), table, model.quantiles, config.seed)
            figures["channels"][channel] = {name: part[name] for name in ("minutes", "streams", "messages_5")}
    if config.ablations:
        figures["ablations"] = bundle.manifest.get("figures", {}).get("ablations", {})
    with atomic.new_folder(Path(config.output)) as folder:
        (folder / "metrics.json").write_text(json.dumps(figures, indent=2) + "\n")
        shown = engagement_plots.example(made, table)
        engagement_plots.calibration(figures["network"], folder)
        engagement_plots.attention(made, table, shown, folder)
        engagement_plots.minutes(model, table, at, folder)
        engagement_plots.fan(made, table, model.quantiles, shown, folder)
    run = tracking.start(config.tracking, "evaluate_engagement", {"bundle": bundle.fingerprint})
    run.parameters(dataclasses.asdict(config))
    run.metrics({name: value for name, value in tracking.flatten(figures).items() if isinstance(value, int | float)})
    run.file(Path(config.output))
    run.end()
    return figures


def _report(config: EvaluateEngagementConfig) -> None:
    try:
        figures = evaluate(config)
    except (PublicDataError, HikariError) as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None
    sys.stdout.write(json.dumps(figures) + "\n")


def main() -> None:
    """`python -m training.evaluate_engagement`"""
    entry.run("evaluate_engagement", EvaluateEngagementConfig, _report)


if __name__ == "__main__":
    main()

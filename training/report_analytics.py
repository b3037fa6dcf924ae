"""Entry point and stage: the whole of the analytics on simulated streams, held against what the simulator planted.

    python -m training.report_analytics
    python -m training.report_analytics seed=8 streams=20 output=FOLDER

Some weeks of one channel go through `StreamAnalyticsEngine` as a replay; contents change the rate of chat by known factors, an
experiment has a known effect, and the last stream is forecast from within. Equal configurations give equal `metrics.json`, byte for
byte. Writes figures and pictures, logs them to MLflow, prints the figures as one JSON object on the last line.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hikari import atomic
from training import entry, report_plots, tracking
from training.report_experiment import repeated
from training.report_figures import figures
from training.report_replay import record
from training.report_schema import ReportConfig

Figures = dict[str, Any]


def report(config: ReportConfig) -> Figures:
    """The figures; files under `output`."""
    recorded = record(config)
    found = figures(config, recorded, repeated(config))
    output = Path(config.output)
    with atomic.new_folder(output) as folder:
        (folder / "metrics.json").write_text(json.dumps(found, indent=2) + "\n")
        report_plots.draw(config, recorded, folder / "plots")
    _track(config, found, output)
    return found


def _track(config: ReportConfig, found: Figures, output: Path) -> None:
    run = tracking.start(config.tracking, "analytics report")
    run.parameters(asdict(config))
    run.metrics({name: float(value) for name, value in found.items() if isinstance(value, int | float)})
    run.tags({name: value for name, value in found.items() if isinstance(value, str)})
    run.file(output / "metrics.json")
    run.file(output / "plots", "plots")
    run.end()


def main() -> None:
    """`python -m training.report_analytics`"""
    entry.run("report_analytics", ReportConfig, lambda config: print(json.dumps(report(config))))


if __name__ == "__main__":
    main()

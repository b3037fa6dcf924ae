"""Timelines of a group of series: the values, the labelled windows, the alerts, and the score below."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

from training.nab_corpus import Series
from training.nab_detectors import Run
from training.nab_scoring import probation


def timelines(series: Sequence[Series], runs: Sequence[Run], threshold: float, file: Path) -> None:
    """One pair of panels a series. The score is drawn as evidence, -ln(1 - score), where differences near 1 can be seen."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(
        2 * len(series), 1, figsize=(10, 2.6 * len(series)), layout="constrained", squeeze=False,
        gridspec_kw={"height_ratios": [2, 1] * len(series)},
    )  # fmt: skip
    for number, (one, run) in enumerate(zip(series, runs, strict=True)):
        above, below = axes[2 * number, 0], axes[2 * number + 1, 0]
        rows = np.arange(len(one.values))
        above.plot(rows, one.values, color="#30507a", linewidth=0.6)
        moments = {alert.timestamp: alert for alert in run.alerts}
        marked = [row for row in rows if one.timestamps[row] in moments and run.scores[row] > 0]
        above.scatter(marked, one.values[marked], color="#c23b22", s=18, zorder=3)
        below.plot(rows, -np.log(np.maximum(1.0 - run.scores, 1e-14)), color="#c23b22", linewidth=0.6)
        below.axhline(-np.log(max(1.0 - threshold, 1e-14)), color="grey", linewidth=0.8, linestyle="--")
        for axis in (above, below):
            axis.axvspan(0, probation(len(rows)), color="black", alpha=0.06)
            for first, last in one.windows:
                axis.axvspan(first, last, color="#e0a030", alpha=0.3)
            axis.set_xlim(0, len(rows))
        above.set_title(f"{one.group}/{one.name}", fontsize=9)
        below.set_ylabel("evidence", fontsize=8)
    figure.savefig(file, dpi=90, metadata={"Software": None})
    plt.close(figure)

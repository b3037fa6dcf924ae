"""The pictures of the forecast benchmark: fans over events, coverage and error by how far ahead."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

_INK = "#30507a"


def fans(outcomes: Sequence[Any], file: Path) -> None:
    """One row an event: viewers, and each forecast with its interval (`training.evaluate_forecast.Outcome`)."""
    figure, rows = _figure(11.0, 2.4 * len(outcomes), len(outcomes))
    for axes, item in zip(rows, outcomes, strict=True):
        hours = item.series.step_s / 3600.0
        axes.plot(np.arange(len(item.series.values)) * hours, item.series.values, color="grey", linewidth=0.8, label="viewers")
        for place, origin in enumerate(item.origins):
            at = (origin + np.arange(item.truth.shape[1])) * hours
            label = "forecast and interval" if place == 0 else None
            axes.plot(at, item.paths["ours"][place], color=_INK, linewidth=1.4, label=label)
            axes.fill_between(at, item.lower[place], item.upper[place], color=_INK, alpha=0.22, linewidth=0)
        axes.set_title(item.event.name, fontsize=9)
        axes.set_ylim(0, 1.15 * float(np.nanmax(item.series.values)))
    rows[0].legend(fontsize=7, loc="upper right")
    rows[-1].set_xlabel("hours since the recording began")
    _save(figure, file)


def coverage(by_step: Sequence[float], aim: float, step_s: float, file: Path) -> None:
    """Share of outcomes inside the interval by horizon; the band is the aim plus and minus three points."""
    figure, (axes,) = _figure(5.2, 3.6, 1)
    hours = np.arange(1, len(by_step) + 1) * step_s / 3600.0
    axes.axhspan(aim - 0.03, aim + 0.03, color="grey", alpha=0.2, linewidth=0)
    axes.plot(hours, by_step, color=_INK, marker="o", markersize=3)
    axes.set(ylim=(0.6, 1.0), xlabel="hours ahead", ylabel="inside the interval", title=f"Coverage, aim {aim:.0%}")
    _save(figure, file)


def errors(by_step: dict[str, Sequence[float]], step_s: float, file: Path) -> None:
    """Error of each system by horizon, in units of the one-step change."""
    figure, (axes,) = _figure(5.2, 3.6, 1)
    for name, values in by_step.items():
        hours = np.arange(1, len(values) + 1) * step_s / 3600.0
        axes.plot(hours, values, label=name, linewidth=2.2 if name == "ours" else 1.1)
    axes.set(xlabel="hours ahead", ylabel="mean absolute error / one-step change")
    axes.legend(fontsize=7)
    _save(figure, file)


def _figure(width: float, height: float, rows: int) -> tuple[Any, list[Any]]:
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(rows, 1, figsize=(width, height), layout="constrained", squeeze=False)
    return figure, list(axes[:, 0])


def _save(figure: Any, file: Path) -> None:
    from matplotlib import pyplot as plt

    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)

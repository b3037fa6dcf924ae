"""The pictures of an engagement evaluation: calibration of the quantiles, which minutes mattered, an example fan."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd

from hikari.analytics.engagement import EngagementModel
from hikari.analytics.engagement_inputs import HORIZONS, METRICS, MINUTES
from hikari.analytics.engagement_norms import Norms
from training.engagement_data import Table
from training.engagement_judge import Forecasts

Array = np.ndarray
_INK = "#30507a"
_COLOURS = ("#30507a", "#b0562f", "#4c8a52")
AHEAD = 5
"""Minutes, of the example fan."""
_OCCLUDED = 300
"""Minutes that the average of what mattered is taken over: each takes as many forecasts as a window has minutes."""


def calibration(figures: dict[str, Any], folder: Path) -> None:
    """Share of outcomes at or under each quantile, one panel a metric; the diagonal is perfect. `calibration.png`, `calibration.csv`."""
    figure, panels = _figure(10.0, 3.6, 1, len(METRICS))
    rows = []
    for axes, metric in zip(panels, METRICS, strict=True):
        axes.plot([0, 1], [0, 1], color="grey", linewidth=1, linestyle="--")
        for ahead, colour in zip(HORIZONS, _COLOURS, strict=True):
            below = figures.get(f"{metric}_{ahead}", {}).get("below", {})
            levels, shares = [float(level) for level in below], list(below.values())
            axes.plot(levels, shares, marker="o", markersize=3, color=colour, label=f"{ahead} min")
            rows += [
                {"forecast": f"{metric}_{ahead}", "level": level, "share": share}
                for level, share in zip(levels, shares, strict=True)
            ]
        axes.set(title=metric.replace("_", " "), xlabel="quantile", ylabel="share at or under it", xlim=(0, 1), ylim=(0, 1))
    panels[0].legend(fontsize=7)
    _save(figure, folder / "calibration.png")
    pd.DataFrame(rows, columns=["forecast", "level", "share"]).to_csv(folder / "calibration.csv", index=False)


def attention(made: Forecasts, table: Table, stream: int, folder: Path) -> None:
    """Weights of the last minutes: on average, and along the stream `stream`. `attention.png`, `attention.csv` (the average)."""
    lags = np.arange(MINUTES - 1, -1, -1)
    figure, (mean, along) = _figure(10.0, 3.4, 1, 2)
    average = made.attention.mean(axis=0)
    mean.bar(lags, average, color=_INK)
    mean.invert_xaxis()
    mean.set(xlabel="minutes ago", ylabel="weight", title=f"Average of {len(made.at)} minutes")
    own = table.stream[made.at] == stream
    minutes = table.elapsed[made.at][own]
    along.imshow(
        made.attention[own].T[::-1], aspect="auto", cmap="Blues", extent=(minutes.min(), minutes.max() + 1, MINUTES - 0.5, -0.5)
    )
    along.set(xlabel="minute of the stream", ylabel="minutes ago", title="One stream")
    _save(figure, folder / "attention.png")
    table_of = {"minutes_ago": lags, "weight": average.round(5)}
    pd.DataFrame(table_of).to_csv(folder / "attention.csv", index=False)


def minutes(model: EngagementModel, table: Table, at: Array, folder: Path) -> None:
    """Which minutes mattered on average: how much the forecast of messages moves when a minute is as usual, one row a horizon, and the
    attention beside it; every row sums to 1. `minutes.png`, `minutes.csv`."""
    chosen = at[:: max(1, len(at) // _OCCLUDED)]
    windows = table.windows(chosen)
    found = []
    for place, window in zip(chosen.tolist(), windows, strict=True):
        values, weights = model.occluded(window, Norms(table.fast[place], table.slow[place], table.spread[place]))
        found.append(np.vstack([model.shares(values), weights[None]]))
    average = np.mean(found, axis=0)
    lags = np.arange(MINUTES - 1, -1, -1)
    names = [f"messages_{ahead}" for ahead in HORIZONS] + ["attention"]
    figure, (axes,) = _figure(9.0, 2.6, 1, 1)
    image = axes.imshow(average, aspect="auto", cmap="Blues", vmin=0, extent=(MINUTES - 0.5, -0.5, len(names) - 0.5, -0.5))
    axes.set_yticks(range(len(names)), [*(f"messages, {ahead} min" for ahead in HORIZONS), "attention"])
    axes.set(xlabel="minutes ago", title=f"Which minutes mattered: average of {len(chosen)} forecasts")
    figure.colorbar(image, ax=axes, label="share")
    _save(figure, folder / "minutes.png")
    rows = {name: values.round(5) for name, values in zip(names, average, strict=True)}
    pd.DataFrame({"minutes_ago": lags, **rows}).to_csv(folder / "minutes.csv", index=False)


def history(rows: list[dict[str, float]], folder: Path) -> None:
    """Error of log messages on the dev streams after every epoch, before any blending. `history.png`, `history.csv`."""
    shown = {f"messages_{ahead}": [row.get(f"dev/mae_messages_{ahead}", np.nan) for row in rows] for ahead in HORIZONS}
    epochs = [int(row["epoch"]) + 1 for row in rows]
    figure, (axes,) = _figure(5.0, 3.4, 1, 1)
    for (name, values), colour in zip(shown.items(), _COLOURS, strict=True):
        axes.plot(epochs, values, marker="o", markersize=3, color=colour, label=name.replace("_", ", "))
    axes.set(xlabel="epoch", ylabel="mean absolute error, dev", xticks=epochs, ylim=(0, None))
    axes.legend(fontsize=7)
    _save(figure, folder / "history.png")
    pd.DataFrame({"epoch": epochs, **{name: np.round(values, 5) for name, values in shown.items()}}).to_csv(
        folder / "history.csv", index=False
    )


def fan(made: Forecasts, table: Table, levels: Array, stream: int, folder: Path) -> None:
    """Messages in the next five minutes along a stream: what was expected and what came. `fan.png`, `fan.csv`."""
    own = table.stream[made.at] == stream
    row = HORIZONS.index(AHEAD)
    values = np.expm1(made.quantiles[own, row, 0])
    truth = np.expm1(table.targets[made.at[own], row, 0])
    minutes = table.elapsed[made.at][own] + 1
    figure, (axes,) = _figure(9.0, 3.4, 1, 1)
    for place in range(len(levels) // 2):
        label = f"{levels[-1 - place] - levels[place]:.0%} interval"
        axes.fill_between(minutes, values[:, place], values[:, -1 - place], color=_INK, alpha=0.16, linewidth=0, label=label)
    middle = int(np.flatnonzero(levels == 0.5)[0])
    axes.plot(minutes, values[:, middle], color=_INK, linewidth=1.4, label="median")
    axes.plot(minutes, truth, color="#b0562f", linewidth=0.9, label="what came")
    axes.set(
        xlabel="minute of the stream at which it was forecast", ylabel=f"messages in the next {AHEAD} minutes", ylim=(0, None)
    )
    axes.legend(fontsize=7, ncols=3)
    _save(figure, folder / "fan.png")
    columns = {f"q{level:g}": values[:, place].round(3) for place, level in enumerate(levels)}
    pd.DataFrame({"minute": minutes, **columns, "actual": truth.round(3)}).to_csv(folder / "fan.csv", index=False)


def example(made: Forecasts, table: Table) -> int:
    """The stream to show: of middling length among those that were judged, so that the picture is of no chosen one."""
    numbers, counts = np.unique(table.stream[made.at], return_counts=True)
    return int(numbers[np.argsort(counts, kind="stable")[len(counts) // 2]])


def _figure(width: float, height: float, rows: int, columns: int) -> tuple[Any, list[Any]]:
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(rows, columns, figsize=(width, height), layout="constrained", squeeze=False)
    return figure, list(axes.flat)


def _save(figure: Any, file: Path) -> None:
    from matplotlib import pyplot as plt

    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)

"""The picture of an experiment: the confidence sequence of every difference as the units came in. Data next to it, as CSV for DVC."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd

_INKS = ("#30507a", "#b5533c", "#4b7a30", "#7a3070", "#8a7a20")


def confidence_sequences(report: dict[str, Any], folder: Path) -> Path | None:
    """`experiment_<id>.png` and `.csv` in `folder` from `experiment_report`; None while there is nothing to show.

    The band holds the true difference at all times at once with probability 1 - alpha; the dotted lines are the smallest
    difference worth finding.
    """
    series = [one for one in report["trail"] if one["units"]]
    if not series:
        return None
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7.0, 4.0), layout="constrained")
    for number, one in enumerate(series):
        ink = _INKS[number % len(_INKS)]
        axes.fill_between(one["units"], one["low"], one["high"], color=ink, alpha=0.18, linewidth=0)
        axes.plot(one["units"], one["difference"], color=ink, linewidth=1.5, label=one["arm"])
    baseline = next(arm["name"] for arm in report["arms"] if arm["baseline"])
    worth = report["plan"]["minimum_effect"]
    axes.axhline(0.0, color="grey", linewidth=1)
    for value in (-worth, worth):
        axes.axhline(value, color="grey", linewidth=1, linestyle=":")
    if report["plan"]["units_total"] is not None:
        axes.axvline(report["plan"]["units_total"], color="grey", linewidth=1, linestyle="--")
    # Early bands are so wide that they would hide the rest.
    last = max(max(abs(one["low"][-1]), abs(one["high"][-1])) for one in series)
    axes.set_ylim(-3.0 * max(last, worth), 3.0 * max(last, worth))
    axes.set(xlabel=f"measured units ({report['unit']})", ylabel=f"{report['metric']}: difference to {baseline}")
    axes.set_xscale("log")
    axes.set_title(f"{report['name']}: {report['decision']}", parse_math=False)
    axes.legend(loc="upper right")
    stem = "".join(character if character.isalnum() or character in "-_" else "_" for character in report["id"])
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"experiment_{stem}.png"
    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)
    rows = [
        {"arm": one["arm"], "timestamp": at, "units": units, "difference": difference, "low": low, "high": high}
        for one in series
        for at, units, difference, low, high in zip(
            one["timestamps"], one["units"], one["difference"], one["low"], one["high"], strict=True
        )
    ]
    pd.DataFrame(rows).to_csv(file.with_suffix(".csv"), index=False)
    return file

"""The report of how near simulated streams come to recorded ones: a table as CSV, all figures as JSON, and pictures."""

import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd

from hikari import atomic
from hikari.analytics.simulator_config import SHAPE_ENDS, SHAPE_STARTS
from training.simulator_figures import LAGS

Figures = dict[str, Any]
FITTED = (
    "rate",
    "hours",
    "fano",
    "peak",
    "surges",
    *(f"autocovariance_{lag}" for lag in LAGS),
    "chatters",
    "messages_per_chatter",
    "top_1",
    "top_5",
    "zipf",
    "single",
    "chatters_5_minutes",
    "first_time",
    "returning",
    "emote_share",
    "emote_only",
    "question",
    "mention",
    "shouting",
    "command",
    "repeated",
    "characters",
)
"""The figures that are compared; `surges`, `peak`, `single`, `zipf`, `repeated` and `characters` come out of the model unfitted."""
_COLOURS = {"measured": "#30507a", "simulated": "#c8642d"}


def write_report(profiles: dict[str, Figures], folder: Path) -> None:
    """`metrics.json`, `figures.csv` and the pictures `shape.png`, `autocovariance.png`, `words.png`, `minutes.png`."""
    with atomic.new_folder(folder) as staging:
        (staging / "metrics.json").write_text(json.dumps(profiles, indent=1) + "\n")
        rows = [
            {"profile": name, "figure": figure, "measured": part["measured"][figure], "simulated": part["simulated"][figure]}
            for name, part in profiles.items()
            for figure in FITTED
        ]
        pd.DataFrame(rows).to_csv(staging / "figures.csv", index=False)
        parts = [f"{minute:g}" for minute in SHAPE_STARTS] + ["middle"] + [f"-{minute:g}" for minute in SHAPE_ENDS]
        series = {
            "shape": (parts, "minutes from the start or the end", "messages a minute over the mean", lambda row: row["shape"]),
            "autocovariance": (
                [str(lag) for lag in LAGS],
                "minutes apart",
                "autocovariance over the squared mean",
                lambda row: [row[f"autocovariance_{lag}"] for lag in LAGS],
            ),
            "words": (
                [str(number) for number in range(1, 21)],
                "words of a message",
                "share of messages up to so long",
                lambda row: np.cumsum(row["words_shares"])[:20].tolist(),
            ),
            "minutes": (
                list(next(iter(profiles.values()))["measured"]["minute_quantiles"]),
                "quantile",
                "messages in a minute over the stream's mean",
                lambda row: list(row["minute_quantiles"].values()),
            ),
        }
        for file, (places, below, beside, values) in series.items():
            _lines(profiles, places, (below, beside), values, staging / f"{file}.png")


def _lines(profiles: dict[str, Figures], places: list[str], axis_names: tuple[str, str], values: Any, file: Path) -> None:
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(profiles), figsize=(4.6 * len(profiles), 3.6), sharey=True, layout="constrained")
    for place, (name, part) in zip(np.atleast_1d(axes), profiles.items(), strict=True):
        for kind, colour in _COLOURS.items():
            place.plot(
                range(len(places)), [np.nan if v is None else v for v in values(part[kind])], "o-", color=colour, label=kind
            )
        place.set_xticks(range(len(places)), places, rotation=45, fontsize=8)
        place.set(title=f"{name}, {part['measured']['streams']} recorded streams", xlabel=axis_names[0])
        place.set_ylim(bottom=min(0.0, place.get_ylim()[0]))
    np.atleast_1d(axes)[0].set_ylabel(axis_names[1])
    np.atleast_1d(axes)[0].legend(fontsize=8)
    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)

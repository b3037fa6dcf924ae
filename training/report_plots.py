"""The pictures of the analytics report, each with its data beside it as CSV for DVC."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd

from hikari.analytics.channel import CHAT_RATE
from training.experiment_plots import confidence_sequences
from training.report_figures import Ahead, ahead, content_effects, match, watched
from training.report_replay import METRICS, Recorded
from training.report_schema import ReportConfig

_INK, _ALERT, _TRUTH = "#30507a", "#b5533c", "#4b7a30"
_KINDS = {"raid": "#e0a030", "hype": "#7a3070", "lull": "#808080", "troll": "#b5533c", "copypasta": "#30a0a0"}
_SHOWN_STREAMS = 3


def draw(config: ReportConfig, recorded: Recorded, folder: Path) -> None:
    """All of them, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    forecast_fans([ahead(recorded, metric) for metric in METRICS], recorded, folder)
    anomaly_timeline(recorded, folder)
    hype_timeline(recorded, folder)
    cluster_map(recorded, folder)
    contents(config, recorded, folder)
    confidence_sequences(recorded.experiment, folder)


def forecast_fans(forecasts: list[Ahead], recorded: Recorded, folder: Path) -> None:
    """The held-out stream: every metric as it was, and each forecast with its interval."""
    start = recorded.streams[-1].start
    figure, rows = _figure(9.0, 2.8, len(forecasts))
    table: list[dict[str, Any]] = []
    for axes, one in zip(rows, forecasts, strict=True):
        times, values = recorded.series[one.metric]
        live = times >= start
        axes.plot((times[live] - start) / 60, values[live], color="grey", linewidth=0.8, label="a minute")
        for place, minutes in enumerate((one.times - start) / 60):
            label = "forecast and interval" if place == 0 else None
            axes.plot(minutes + 5, one.values[place], color=_INK, linewidth=1.4, marker=".", label=label)
            axes.fill_between(minutes + 5, one.lower[place], one.upper[place], color=_INK, alpha=0.15, linewidth=0)
            columns = (minutes, one.truth[place], one.values[place], one.lower[place], one.upper[place])
            table += [
                {
                    "metric": one.metric, "origin": float(minutes[0]), "minute": minute, "truth": truth, "forecast": value,
                    "low": low, "high": high,
                }
                for minute, truth, value, low, high in zip(*(column.tolist() for column in columns), strict=True)
            ]  # fmt: skip
        axes.set_ylabel(one.metric)
    rows[0].legend(fontsize=8, loc="upper right")
    rows[-1].set_xlabel("minutes since the start of the held-out stream")
    _save(figure, table, folder / "forecast_fan")


def anomaly_timeline(recorded: Recorded, folder: Path) -> None:
    """Chat rate with what was planted and what was found; drawn are the streams with the most events."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    judged = watched(recorded.streams)
    busiest = sorted(range(len(judged)), key=lambda place: (-len(judged[place].events), place))[:_SHOWN_STREAMS]
    figure, rows = _figure(10.0, 2.3, len(busiest))
    times, values = recorded.series[CHAT_RATE]
    for axes, place in zip(rows, sorted(busiest), strict=True):
        stream = judged[place]
        live = (times >= stream.start - 60) & (times < stream.end)
        axes.plot((times[live] - stream.start) / 60, values[live], color=_INK, linewidth=0.9)
        for event in stream.events:
            axes.axvspan((event.start - stream.start) / 60, (event.end - stream.start) / 60, color=_KINDS[event.kind], alpha=0.45)
        for alert in stream.alerts:
            axes.axvline((alert["timestamp"] - stream.start) / 60, color=_ALERT, linewidth=1.0, linestyle="--")
        axes.set_title(f"stream {place + 2}", fontsize=9)
        axes.set_ylabel(CHAT_RATE)
    handles: list[Any] = [Patch(color=colour, alpha=0.45, label=kind) for kind, colour in _KINDS.items()]
    handles.append(Line2D([], [], color=_ALERT, linestyle="--", label="alert"))
    rows[0].legend(handles=handles, fontsize=7, ncols=6, loc="upper right")
    rows[-1].set_xlabel("minutes since the start of the stream")
    table: list[dict[str, Any]] = []
    for number, stream in enumerate(judged, 2):
        table += [
            {
                "stream": number,
                "what": one.kind,
                "minute": (one.start - stream.start) / 60,
                "until": (one.end - stream.start) / 60,
            }
            for one in stream.events
        ]
        table += [
            {"stream": number, "what": f"alert {one['metric']}", "minute": minute, "until": minute + 1}
            for one in stream.alerts
            for minute in [(one["timestamp"] - stream.start) / 60]
        ]
    _save(figure, table, folder / "anomaly_timeline")


def hype_timeline(recorded: Recorded, folder: Path) -> None:
    """Planted hype moments below, detected ones above, one row a stream."""
    figure, (axes,) = _figure(10.0, 0.8 + 0.35 * len(recorded.streams), 1)
    table: list[dict[str, Any]] = []
    for number, stream in enumerate(recorded.streams, 1):
        planted = [(one.start, one.end) for one in stream.events if one.kind == "hype"]
        detected = [(one["start"], one["end"]) for one in recorded.moments if stream.start <= one["start"] < stream.end]
        pairs = match(detected, planted).pairs
        for what, spans, side, height, colour in (
            ("planted", planted, 1, -0.35, _TRUTH), ("detected", detected, 0, 0.35, _INK),
        ):  # fmt: skip
            for place, (start, end) in enumerate(spans):
                hit = place in {pair[side] for pair in pairs}
                minute, length = (start - stream.start) / 60, (end - start) / 60
                axes.broken_barh([(minute, length)], (number, height), color=colour if hit else _ALERT)
                table.append({"stream": number, "what": what, "minute": minute, "until": minute + length, "matched": int(hit)})
    axes.set_yticks(range(1, len(recorded.streams) + 1))
    axes.set(xlabel="minutes since the start", ylabel="stream", title="Hype: detected above, planted below; red has no partner")
    _save(figure, table, folder / "hype_timeline")


def cluster_map(recorded: Recorded, folder: Path) -> None:
    """Viewers on the first two principal components of their features, coloured by segment."""
    centred = recorded.points - recorded.points.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    # A component's sign is arbitrary; the largest loading decides it.
    signs = np.sign(directions[np.arange(len(directions)), np.abs(directions).argmax(axis=1)])
    places = centred @ (directions * signs[:, None])[:2].T
    figure, (axes,) = _figure(7.0, 5.0, 1)
    labels = np.array([label or "in none" for label in recorded.segments])
    for number, label in enumerate(sorted(set(labels.tolist()), key=lambda one: (one == "in none", -(labels == one).sum(), one))):
        chosen = labels == label
        colour = "lightgrey" if label == "in none" else f"C{number % 10}"
        axes.scatter(places[chosen, 0], places[chosen, 1], s=12, color=colour, label=f"{label} ({int(chosen.sum())})")
    axes.set(xlabel="first component", ylabel="second component", title="Viewers by segment")
    axes.legend(fontsize=7)
    table = [{"x": x, "y": y, "segment": label} for (x, y), label in zip(places.round(4).tolist(), labels.tolist(), strict=True)]
    _save(figure, sorted(table, key=lambda row: (row["segment"], row["x"], row["y"])), folder / "cluster_map")


def contents(config: ReportConfig, recorded: Recorded, folder: Path) -> None:
    """What was planted with each content and what the report found, with its intervals."""
    rows = content_effects(config, recorded.contents)
    figure, (axes,) = _figure(7.0, 1.2 + 0.45 * len(rows), 1)
    for place, row in enumerate(rows):
        axes.plot([100 * row["low"], 100 * row["high"]], [place, place], color=_INK, linewidth=2.5)
        axes.plot(100 * row["found"], place, "o", color=_INK, label="found" if place == 0 else None)
        axes.plot(100 * row["planted"], place, "x", color=_ALERT, markersize=9, label="planted" if place == 0 else None)
    axes.axvline(0, color="grey", linewidth=0.8)
    axes.set_yticks(range(len(rows)), [f"{row['content']}: {row['metric']}" for row in rows])
    axes.set(xlabel="percent of what was expected without it", ylim=(len(rows) - 0.5, -0.5))
    if rows:
        axes.legend(fontsize=8)
    _save(figure, rows, folder / "content_effects")


def _figure(width: float, height: float, rows: int) -> tuple[Any, list[Any]]:
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(rows, 1, figsize=(width, height * rows), layout="constrained", squeeze=False)
    return figure, list(axes[:, 0])


def _save(figure: Any, table: list[dict[str, Any]], stem: Path) -> None:
    from matplotlib import pyplot as plt

    figure.savefig(stem.with_suffix(".png"), dpi=110, metadata={"Software": None})
    plt.close(figure)
    pd.DataFrame(table).round(4).to_csv(stem.with_suffix(".csv"), index=False)

"""Engagement forecasts for many recorded minutes, and all figures about them; the same for a network in training and for a bundle."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hikari.analytics.engagement_inputs import HORIZONS, Prepared
from training import engagement_metrics
from training.engagement_data import Table

Array = np.ndarray
Predict = Callable[[Prepared], tuple[Array, Array]]
"""Quantiles (n, horizons, metrics, levels) in the targets' units and attention (n, MINUTES), of a prepared batch."""
BATCH = 2048


@dataclass(frozen=True)
class Forecasts:
    """For the minutes `at` (n,) of a table: `quantiles` (n, horizons, metrics, levels), `attention` (n, MINUTES), the network's `baseline`
    (n, horizons, metrics) and the `simple` forecasts of log messages (n, horizons)."""

    at: Array
    quantiles: Array
    attention: Array
    baseline: Array
    simple: dict[str, Array]


def forecast(predict: Predict, table: Table, at: Array) -> Forecasts:
    """Predict at all of these minutes, a batch at a time."""
    parts = []
    for begin in range(0, len(at), BATCH):
        chosen = at[begin : begin + BATCH]
        prepared = table.prepared(chosen)
        parts.append((*predict(prepared), prepared.baseline, engagement_metrics.simple_forecasts(table.windows(chosen))))
    quantiles, attention, baseline = (np.concatenate([part[place] for part in parts]) for place in range(3))
    simple = {name: np.concatenate([part[3][name] for part in parts]) for name in parts[0][3]}
    return Forecasts(at, quantiles, attention, baseline, simple)


def figures(made: Forecasts, table: Table, levels: Array, seed: int = 0) -> dict[str, Any]:
    """Errors beside the simple forecasts', accuracy and coverage of every metric and horizon."""
    targets = table.targets[made.at]
    row, middle = HORIZONS.index(5), int(np.flatnonzero(levels == 0.5)[0])
    named = {**made.simple, "network": made.quantiles[:, :, 0, middle]}
    errors = {name: np.abs(named[name][:, row] - targets[:, row, 0]) for name in ("network", "last_15")}
    messages = engagement_metrics.compare(named, targets)
    messages["network"]["interval"] = engagement_metrics.interval(
        errors["network"], errors["last_15"], table.stream[made.at], seed
    )
    return {
        "minutes": len(made.at),
        "streams": len(np.unique(table.stream[made.at])),
        "messages_5": messages,
        "network": engagement_metrics.accuracy(made.quantiles, levels, targets),
        "baseline_mae": engagement_metrics.baseline_errors(made.baseline, targets),
    }


def only(made: Forecasts, kept: Array) -> Forecasts:
    """Those forecasts where `kept` (n,) is true."""
    simple = {name: values[kept] for name, values in made.simple.items()}
    return Forecasts(made.at[kept], made.quantiles[kept], made.attention[kept], made.baseline[kept], simple)

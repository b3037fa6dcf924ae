"""How good engagement forecasts are: errors of the median, pinball loss, coverage of the intervals; and the simple forecasts beside it.

The figure that counts: at every minute that is at least 30 minutes into a stream and has five recorded minutes after it, the absolute
error of log(1 + messages in those five minutes), averaged over all such minutes of all streams (bots' messages are messages).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from hikari.analytics import features
from hikari.analytics.engagement_inputs import HORIZONS, METRICS

Array = np.ndarray
Figures = dict[str, Any]
_MESSAGES, _CHATTERS = features.INDEX["messages"], features.INDEX["unique_chatters"]


def simple_forecasts(windows: Array) -> dict[str, Array]:
    """log(1 + messages) of each horizon, (n, horizons), from the windows' (n, MINUTES, features) recent rate."""
    ahead = np.array(HORIZONS, dtype=np.float64)
    messages = windows[:, :, _MESSAGES]
    return {f"last_{span}": np.log1p(messages[:, -span:].mean(axis=1)[:, None] * ahead) for span in (5, 15)}


def accuracy(quantiles: Array, levels: Array, targets: Array) -> Figures:
    """Per horizon and metric: `mae` of the median, `pinball` (mean over the levels), `coverage_80` and `coverage_90`, `below` (share of
    the targets at or under each level), for `quantiles` (n, horizons, metrics, levels) and `targets` (n, horizons, metrics)."""
    out: Figures = {}
    middle = int(np.flatnonzero(levels == 0.5)[0])
    for row, ahead in enumerate(HORIZONS):
        for column, metric in enumerate(METRICS):
            truth = targets[:, row, column]
            known = np.isfinite(truth)
            if not known.any():
                continue
            answers, truth = quantiles[known, row, column], truth[known]
            short = truth[:, None] - answers
            part: Figures = {
                "mae": _round(np.abs(short[:, middle]).mean()),
                "pinball": _round(np.maximum(levels * short, (levels - 1) * short).mean()),
                "below": {f"{level:g}": _round((short[:, place] <= 0).mean()) for place, level in enumerate(levels)},
                "minutes": int(known.sum()),
            }
            for name, low, high in (("coverage_80", 0.1, 0.9), ("coverage_90", 0.05, 0.95)):
                bounds = [np.flatnonzero(levels == level) for level in (low, high)]
                if all(len(bound) for bound in bounds):
                    inside = (truth >= answers[:, bounds[0][0]]) & (truth <= answers[:, bounds[1][0]])
                    part[name] = _round(inside.mean())
            out[f"{metric}_{ahead}"] = part
    return out


def compare(forecasts: Mapping[str, Array], targets: Array, horizon: int = 5) -> Figures:
    """MAE of log(1 + messages) in the next `horizon` minutes of each forecast (n, horizons), and by how much it is below `last_15`."""
    row = HORIZONS.index(horizon)
    truth = targets[:, row, 0]
    errors = {name: float(np.abs(values[:, row] - truth).mean()) for name, values in forecasts.items()}
    return {
        name: {"mae": _round(error), "below_last_15": _round(1.0 - error / errors["last_15"])} for name, error in errors.items()
    }


def interval(error: Array, reference: Array, streams: Array, seed: int, resamples: int = 1000) -> list[float]:
    """95% bootstrap interval of 1 - mean error / mean reference over whole streams, whose minutes (n,) are alike."""
    _names, place = np.unique(streams, return_inverse=True)
    sums = np.stack([np.bincount(place, weights=values) for values in (error, reference)])
    drawn = np.random.default_rng(seed).integers(sums.shape[1], size=(resamples, sums.shape[1]))
    ours, theirs = sums[:, drawn].sum(axis=2)
    return [_round(value) for value in np.quantile(1.0 - ours / np.maximum(theirs, 1e-12), (0.025, 0.975)).tolist()]


def baseline_errors(baseline: Array, targets: Array) -> dict[str, float]:
    """Mean absolute error of what the network corrects, (n, horizons, metrics), by metric and horizon."""
    errors = np.abs(targets - baseline)
    return {
        f"{metric}_{ahead}": _round(float(np.nanmean(errors[:, row, column])))
        for row, ahead in enumerate(HORIZONS)
        for column, metric in enumerate(METRICS)
        if np.isfinite(errors[:, row, column]).any()
    }


def conformal(residuals: Array, targets: Array, levels: Array) -> Array:
    """The shift of each quantile that makes the share of calibration targets at or below it its level: (horizons, metrics, levels).

    Split-conformal as in Romano et al. 2019, for each quantile alone; in the network's units, (n, horizons, metrics[, levels]).
    """
    out = np.zeros(residuals.shape[1:])
    for row in range(residuals.shape[1]):
        for column in range(residuals.shape[2]):
            truth = targets[:, row, column]
            known = np.isfinite(truth)
            if known.sum() < 2 / min(levels[0], 1 - levels[-1]):
                continue  # too few to tell the outer quantiles
            short = truth[known, None] - residuals[known, row, column]
            for place, level in enumerate(levels):
                if level != 0.5:  # the median stays the one that minimises the absolute error
                    out[row, column, place] = np.quantile(short[:, place], level)
    return out


def _round(value: float) -> float:
    return round(float(value), 4)

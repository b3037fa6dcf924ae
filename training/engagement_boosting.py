"""Gradient boosting on what the network is shown: the strong ordinary model that it must beat."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from hikari.analytics import features
from hikari.analytics.engagement_inputs import HORIZONS, INPUTS
from training.engagement_data import Table

Array = np.ndarray
SPANS = (1, 2, 3, 5, 10, 15, 30)
_COLUMNS = [features.INDEX[name] for name in INPUTS]
_MEANS_AS_LOG = 4
"""The first inputs are counts."""


def summaries(table: Table, at: Array, size: int = 4096) -> Array:
    """Means of every input over the last 1 to 30 minutes (counts as log), time since start, and the network's own context: (n, columns)."""
    parts = []
    for begin in range(0, len(at), size):
        chosen = at[begin : begin + size]
        windows = np.nan_to_num(table.windows(chosen)[:, :, _COLUMNS])
        means = [windows[:, -span:].mean(axis=1) for span in SPANS]
        for mean in means:
            mean[:, :_MEANS_AS_LOG] = np.log1p(5.0 * mean[:, :_MEANS_AS_LOG])
        parts.append(np.hstack([*means, table.elapsed[chosen, None], table.prepared(chosen).context]).astype(np.float32))
    return np.concatenate(parts)


class Boosting:
    """Median forecasts of log(1 + messages) in the next minutes by `HistGradientBoostingRegressor(loss="absolute_error")`."""

    def __init__(self, table: Table, train: Array, seed: int, step: int = 1, horizons: tuple[int, ...] = (5,)) -> None:
        """Fits a model for each of `horizons` on every `step`-th of the minutes `train`."""
        self._horizons = horizons
        chosen = train[::step]
        seen = summaries(table, chosen)
        self._models = {}
        for ahead in horizons:
            truth = table.targets[chosen, HORIZONS.index(ahead), 0]
            known = np.isfinite(truth)
            model = HistGradientBoostingRegressor(
                loss="absolute_error", max_iter=300, learning_rate=0.05, max_leaf_nodes=15, min_samples_leaf=100,
                l2_regularization=1.0, random_state=seed,
            )  # fmt: skip
            self._models[ahead] = model.fit(seen[known], truth[known])

    def predict(self, table: Table, at: Array) -> Array:
        """(n, horizons of the engagement model), NaN for horizons that were not fitted."""
        seen = summaries(table, at)
        out = np.full((len(at), len(HORIZONS)), np.nan)
        for ahead, model in self._models.items():
            out[:, HORIZONS.index(ahead)] = model.predict(seen)
        return out

"""Strangeness by isolation: how few random cuts set the last rows apart from the others.

F. T. Liu, K. M. Ting, Z.-H. Zhou, "Isolation forest", 2008: score = 2 ** (-mean depth / c(n)). scikit-learn grows the trees on a sliding
window; they are walked here, all at once, because its own scoring of one row costs milliseconds. On its own the forest is a weak
detector of events in series (`training.evaluate_nab` shows it beside the whole); it sees odd combinations that no single measure has.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hikari.analytics.anomaly_fits import ForestFits
from hikari.analytics.anomaly_rings import Floats, dict_from, number_from
from hikari.analytics.anomaly_types import Reason

Array = NDArray[Any]
RECENT = 20
"""Rows that a feature may look back by."""
LAG = 5
FEATURES = (
    "value",
    "change since the last row",
    f"change over {LAG} rows",
    "value over the recent mean",
    "recent mean",
    "recent spread",
)
SAMPLE = 128
"""Rows that each tree is grown on, half of what the paper recommends: a tree of depth 7."""
_MEDIAN_TO_SIGMA = 1.4826


def features(history: Floats) -> Floats:
    """`FEATURES` of shape (n - RECENT + 1, 6): the rows that have `RECENT` values to look at, oldest first."""
    step = history.itemsize
    windows = np.ndarray((len(history) - RECENT + 1, RECENT), np.float64, history, 0, (step, step))
    now, mean = windows[:, -1], windows.mean(axis=1)
    spread = np.sqrt(np.maximum(np.einsum("ij,ij->i", windows, windows) / RECENT - mean * mean, 0.0))
    return np.column_stack([now, now - windows[:, -2], now - windows[:, -1 - LAG], now - mean, mean, spread])


@dataclass(frozen=True, slots=True)
class Trees:
    """A fitted forest as flat arrays over all nodes of all trees; a leaf is its own child."""

    roots: Array
    feature: Array
    border: Array
    children: Array
    """Shape (nodes, 2): where to go when the feature is over the border, and when it is not."""
    depth: Array
    levels: int
    normal: float
    """c(n): the mean depth of an unsuccessful search among the rows of one tree."""

    def score(self, row: Array) -> float:
        """The anomaly score of one row of features, in (0, 1); as scikit-learn, compared in float32."""
        row = row.astype(np.float32)
        node = self.roots
        for _ in range(self.levels):
            node = self.children[node, (row[self.feature[node]] <= self.border[node]).astype(np.intp)]
        return float(2.0 ** (-self.depth[node].mean() / self.normal))


def grow(rows: Floats, trees: int, seed: int) -> Trees:
    """Fit `trees` isolation trees on rows of features (n, 6), n >= 2; the same rows and seed give the same forest."""
    import sklearn.ensemble as ensemble  # pyright: ignore[reportMissingTypeStubs]

    sample = min(SAMPLE, len(rows))
    # The trees compare float32: what lies beyond it would become infinite there.
    kind: Any = ensemble.IsolationForest
    forest = kind(n_estimators=trees, max_samples=sample, random_state=seed).fit(rows.astype(np.float32))
    roots: list[int] = []
    parts: list[tuple[Array, ...]] = []
    count = 0
    estimators: Any = forest.estimators_
    for estimator in estimators:
        tree: Any = estimator.tree_
        own: Array = np.arange(int(tree.node_count))
        leaf: Array = tree.children_left < 0
        sides: list[Array] = [np.where(leaf, own, tree.children_right), np.where(leaf, own, tree.children_left)]
        nodes: Array = np.column_stack(sides) + count
        levels: Array = tree.compute_node_depths() - 1
        depth = levels + _mean_depth(tree.n_node_samples)
        parts.append((np.where(leaf, 0, tree.feature), tree.threshold, nodes, depth, levels))
        roots.append(count)
        count += tree.node_count
    feature, border, children, depth, levels = (np.concatenate(part) for part in zip(*parts, strict=True))
    normal = float(_mean_depth(np.array([sample]))[0])
    return Trees(np.array(roots), feature, border, children, depth, int(levels.max()), normal)


def _mean_depth(count: Array) -> Floats:
    """c(n) = 2 H(n - 1) - 2 (n - 1) / n, with c(2) = 1 and c(1) = 0."""
    rows = np.maximum(count, 3).astype(np.float64)
    depth = 2.0 * (np.log(rows - 1.0) + np.euler_gamma) - 2.0 * (rows - 1.0) / rows
    return np.where(count <= 1, 0.0, np.where(count == 2, 1.0, depth))


class IsolationRows:
    """The forest over the features of the last rows, refitted on the last `window` rows every `refit` rows, more often at first.

    With `fits` it is grown there, and until it is there the one before answers, or none; else at once.
    """

    name = "isolation_forest"

    def __init__(self, window: int, refit: int, trees: int, seed: int, fits: ForestFits | None = None) -> None:
        self._window, self._refit, self._trees, self._seed, self._fits = window, refit, trees, seed, fits
        self._forest: Trees | None = None
        self._asked = False
        self._since = 0
        self._due = 0

    def observe(self, history: Floats, since_gap: int) -> float | None:
        """The score of the last row under the forest fitted before it. `history` must reach `refit` rows behind the window: a detector
        that was restored fits its forest anew on the same rows."""
        if self._forest is None and self._due and not self._asked:
            self._renew(history[: len(history) - 1 - self._since])
        forest, found = self._forest, None  # looked at once: another thread may put a new one in its place
        if forest is not None and since_gap >= RECENT:
            found = forest.score(features(history[-RECENT:])[0])
        self._since += 1
        return found

    def learn(self, history: Floats) -> None:
        """Refit when it is time, on everything up to the last row."""
        if len(history) >= 2 * RECENT and self._since >= self._due:
            self._renew(history)
            self._due = min(self._refit, len(history))
            self._since = 0

    def explain(self, history: Floats, evidence: float) -> Reason:
        """The feature that lies furthest from its median, in robust sigmas."""
        rows = features(history)
        middle = np.median(rows, axis=0)
        spread = np.median(np.abs(rows - middle), axis=0) * _MEDIAN_TO_SIGMA
        spread = np.maximum(np.where(spread > 0, spread, rows.std(axis=0)), 1e-6)
        distances = (rows[-1] - middle) / spread
        far = int(np.abs(distances).argmax())
        return Reason(self.name, FEATURES[far], rows[-1, far], middle[far], distances[far], "sigmas", evidence)

    def state(self) -> dict[str, Any]:
        """When it was fitted; the rows are the detector's."""
        return {"since": self._since, "due": self._due}

    def restore(self, state: Any) -> None:
        """Take over what `state` gave; the forest grows again with the next row. Raises `BadStore`."""
        found = dict_from(state, ("since", "due"))
        self._since = int(number_from(found, "since", 0, self._refit))
        self._due = int(number_from(found, "due", 0, self._refit))

    def fit(self, history: Floats) -> None:
        """Grow the forest on `history` and use it from now on; from any thread."""
        self._forest = grow(features(history), self._trees, self._seed)

    def _renew(self, history: Floats) -> None:
        rows = history[-self._window :]
        if self._fits is None:
            self.fit(rows)
        else:
            self._asked = True
            self._fits.ask(self, rows.copy())

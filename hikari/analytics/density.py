"""DBSCAN with its radius chosen by a rule, and a measure of how far the answer can be trusted.

DBSCAN (Ester et al., 1996; scikit-learn) finds groups of any shape and leaves over what belongs to none. Its radius `eps` decides
everything. The usual advice, the knee of the sorted distances to the k-th neighbour, often makes one group of all when density falls
off gradually, as it does among viewers and among short messages. So the knee competes with quantiles of those distances, and the one
with the highest

    separation * stability^3

wins among those whose stability is at least `LEAST_STABILITY`: the scraps of one loose cloud do not come again, and the third power
keeps it from cutting sound groups into doubtful halves. Separation is the share of points that lie in groups other than the largest: it
rises as more points find a group and falls when groups flow into one. Stability is the adjusted Rand index between the groups of all
points and those of random 80% of them, averaged (Ben-Hur et al., 2002). Where no radius reaches `least_score`, the points have no groups
worth telling apart: the knee is taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hikari.errors import BadInput

QUANTILES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
LEAST_SCORE = 0.08
LEAST_STABILITY = 0.7
RESAMPLES = 4
KEPT_SHARE = 0.8
_TINY = 1e-9

Floats = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Density:
    """Group of each point (-1: none), which points are cores, the radius, and the stability in -1..1 (1 where all is one group)."""

    labels: Labels
    cores: NDArray[np.bool_]
    eps: float
    stability: float

    @property
    def noise_share(self) -> float:
        """Share of points in no group; 0 without points."""
        return float((self.labels < 0).mean()) if len(self.labels) else 0.0


def density_groups(
    distances: Floats,
    min_samples: int,
    seed: int = 0,
    *,
    candidates: Sequence[float] = QUANTILES,
    least_score: float = LEAST_SCORE,
) -> Density:
    """Groups of the points between which `distances` (n, n) are given; symmetric, zeros on the diagonal, none below 0.

    `min_samples` points (itself included) within the radius make a core; fewer points than that are all noise. Groups are numbered by
    size. Time and memory grow with n squared: sample above some thousand points. Raises `BadInput`.
    """
    if distances.ndim != 2 or distances.shape[0] != distances.shape[1]:
        raise BadInput("distances must be a square matrix", field="distances")
    if min_samples < 2:
        raise BadInput("min_samples must be at least 2", field="min_samples")
    if not np.isfinite(distances).all():
        raise BadInput("distances must be finite", field="distances")
    count = len(distances)
    if count < min_samples:
        return Density(np.full(count, -1, np.int64), np.zeros(count, np.bool_), 0.0, 1.0)
    reach = np.sort(np.partition(distances, min_samples - 1, axis=1)[:, min_samples - 1])
    rng = np.random.default_rng(seed)
    kept = [np.sort(rng.choice(count, max(int(KEPT_SHARE * count), 1), replace=False)) for _ in range(RESAMPLES)]
    bend = knee(reach)
    best: Density | None = None
    highest = least_score
    for eps in sorted({bend, *(float(np.quantile(reach, share)) for share in candidates)}):
        labels, cores = _dbscan(distances, eps, min_samples)
        apart = separation(labels)
        if apart <= highest:
            continue  # stability is at most 1
        found = Density(labels, cores, max(eps, _TINY), _stability(distances, labels, kept, eps, min_samples))
        score = apart * max(found.stability, 0.0) ** 3
        if found.stability >= LEAST_STABILITY and score > highest:
            best, highest = found, score
    if best is not None:
        return best
    labels, cores = _dbscan(distances, bend, min_samples)
    return Density(labels, cores, max(bend, _TINY), _stability(distances, labels, kept, bend, min_samples))


def knee(ascending: Floats) -> float:
    """Where a convex rising curve bends: the value farthest below the chord (Satopaa et al., 2011, without smoothing).

    >>> knee(np.array([0.0, 0.1, 0.2, 0.3, 5.0]))
    0.3
    """
    low, high = float(ascending[0]), float(ascending[-1])
    if high - low <= _TINY:
        return high
    chord = np.linspace(0.0, 1.0, len(ascending))
    return float(ascending[int(np.argmax(chord - (ascending - low) / (high - low)))])


def separation(labels: Labels) -> float:
    """The share of points in groups other than the largest.

    >>> separation(np.array([0, 0, 1, -1]))
    0.25
    """
    inside = labels[labels >= 0]
    sizes = np.bincount(inside) if len(inside) else np.zeros(1)
    return float(sizes.sum() - sizes.max()) / max(len(labels), 1)


def agreement(one: Labels, other: Labels) -> float:
    """Adjusted Rand index (Hubert and Arabie, 1985) of two labellings of the same points, noise being one more label; 1 for none."""
    from sklearn.metrics import adjusted_rand_score  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

    return float(adjusted_rand_score(one, other)) if len(one) else 1.0


def _stability(distances: Floats, labels: Labels, kept: Sequence[Labels], eps: float, min_samples: int) -> float:
    least = max(round(KEPT_SHARE * min_samples), 2)
    return float(
        np.mean([agreement(labels[rows], _dbscan(distances[np.ix_(rows, rows)], eps, least)[0]) for rows in kept]),
    )


def _dbscan(distances: Floats, eps: float, min_samples: int) -> tuple[Labels, NDArray[np.bool_]]:
    from sklearn.cluster import DBSCAN  # pyright: ignore[reportMissingTypeStubs]

    # Rounding must not part points at the same place.
    model: Any = DBSCAN(eps=max(eps * (1 + 1e-6), _TINY), min_samples=min_samples, metric="precomputed")
    model.fit(distances)
    labels = np.asarray(model.labels_, np.int64)
    cores = np.zeros(len(labels), np.bool_)
    cores[model.core_sample_indices_] = True
    if labels.max(initial=-1) >= 0:
        order = np.argsort(-np.bincount(labels[labels >= 0]), kind="stable")
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        labels = np.where(labels >= 0, rank[labels], -1)
    return labels, cores

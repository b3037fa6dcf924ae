"""How good a ranking is, question by question, and how sure that is: recall, reciprocal rank, bootstrap intervals."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import numpy as np

Array = np.ndarray


def recall_at(ranked: Sequence[str], evidence: Sequence[AbstractSet[str]], k: int) -> float:
    """The part of the evidence that the first `k` of `ranked` hold. Each item of evidence is the set of ids that stand for it.

    >>> recall_at(["a", "b", "c"], [{"b"}, {"z"}], 2)
    0.5
    """
    if not evidence:
        raise ValueError("a question without evidence has no recall")
    top = set(ranked[:k])
    return sum(not top.isdisjoint(item) for item in evidence) / len(evidence)


def reciprocal_rank(ranked: Sequence[str], evidence: Sequence[AbstractSet[str]]) -> float:
    """One over the rank of the first evidence in `ranked`; 0 when there is none.

    >>> reciprocal_rank(["a", "b", "c"], [{"b"}, {"c"}])
    0.5
    """
    wanted = set[str]().union(*evidence)
    return next((1.0 / rank for rank, found in enumerate(ranked, start=1) if found in wanted), 0.0)


def question_interval(values: Array, resamples: int, seed: int) -> tuple[float, float]:
    """The 95% percentile bootstrap interval of the mean of `values`, questions drawn with replacement."""
    generator = np.random.default_rng(seed)
    means = np.array([values[generator.integers(0, len(values), len(values))].mean() for _ in range(resamples)])
    return _percentiles(means)


def group_interval(values: Array, groups: Array, resamples: int, seed: int) -> tuple[float, float]:
    """The same with whole groups (conversations) drawn with replacement: questions of one conversation are not independent.

    The mean is over the questions of the groups drawn. One group alone gives an interval of no width, which says nothing.
    """
    names, codes = np.unique(groups, return_inverse=True)
    sums, counts = np.bincount(codes, weights=values), np.bincount(codes)
    drawn = np.random.default_rng(seed).integers(0, len(names), size=(resamples, len(names)))
    return _percentiles(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1))


def _percentiles(means: Array) -> tuple[float, float]:
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)

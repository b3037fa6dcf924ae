"""Groups keep their ids when they are worked out anew: the matching of old and new that shares most."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

LEAST_AFFINITY = 0.2
"""Groups that share less are different ones."""


def keep_ids(affinity: NDArray[np.float64], old_ids: Sequence[int], next_id: int) -> tuple[list[int], int]:
    """An id for each new group and the next free one.

    `affinity` (old, new) in 0..1; the Hungarian method (Kuhn, 1955) finds the one-to-one matching of the highest sum, and a pair of
    less than `LEAST_AFFINITY` is none. A new group without a partner gets a number never used before.

    >>> keep_ids(np.array([[0.1, 0.9]]), [7], 8)
    ([8, 7], 9)
    """
    from scipy.optimize import linear_sum_assignment  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

    ids: dict[int, int] = {}
    if affinity.size:
        close = np.where(affinity >= LEAST_AFFINITY, affinity, 0.0)
        solve = cast("Any", linear_sum_assignment)
        pairs: list[tuple[int, int]] = np.stack(solve(close, maximize=True), axis=1).tolist()
        for old, new in pairs:
            if close[old, new] > 0:
                ids[new] = old_ids[old]
    for new in range(affinity.shape[1]):
        if new not in ids:
            ids[new] = next_id
            next_id += 1
    return [ids[new] for new in range(affinity.shape[1])], next_id


def jaccard(one: set[int], other: set[int]) -> float:
    """Shared members over all members; 0 for two empty groups."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0

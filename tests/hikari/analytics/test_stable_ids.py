"""Matching of groups: the best pairs, no pair for strangers, ids never used twice."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hikari.analytics.stable_ids import LEAST_AFFINITY, jaccard, keep_ids


def test_the_best_sum_wins_over_the_best_pair() -> None:
    assert keep_ids(np.array([[0.9, 0.8], [0.8, 0.0]]), [5, 6], 7) == ([6, 5], 7)


@given(arrays(float, st.tuples(st.integers(0, 5), st.integers(0, 5)), elements=st.floats(0, 1)))
def test_ids_are_unique_and_new_ones_new(affinity: np.ndarray) -> None:
    old = list(range(10, 10 + affinity.shape[0]))
    ids, next_id = keep_ids(affinity, old, 50)
    assert len(set(ids)) == len(ids) == affinity.shape[1]
    assert next_id == 50 + sum(one >= 50 for one in ids)
    assert all(affinity[old.index(one), at] >= LEAST_AFFINITY for at, one in enumerate(ids) if one < 50)


def test_overlap() -> None:
    assert jaccard({1, 2, 3}, {2, 3, 4}) == 0.5
    assert jaccard(set(), set()) == 0.0

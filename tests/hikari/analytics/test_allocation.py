"""Assignment: uniform, sticky, by the weights; groups of time blocks are balanced."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hikari.analytics import allocation
from hikari.errors import BadInput

KNOWN_VIEWERS = [0, 1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1]
KNOWN_BLOCKS = [1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1, 0, 0, 1]
WEIGHTS = st.lists(st.floats(0.1, 10), min_size=2, max_size=6).map(allocation.shares)


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.9, 0.1), (0.2, 0.3, 0.5)])
def test_viewers_are_spread_by_the_weights(weights):
    arms = [allocation.viewer_arm("hats", "", f"viewer{number}", weights) for number in range(20_000)]
    seen = np.bincount(arms, minlength=len(weights))
    assert stats.chisquare(seen, 20_000 * np.array(weights)).pvalue > 1e-3


def test_two_experiments_are_independent():
    pairs = np.zeros((2, 2))
    for number in range(8000):
        one, two = (allocation.viewer_arm(name, "", f"v{number}", (0.5, 0.5)) for name in ("hats", "songs"))
        pairs[one, two] += 1
    assert stats.chi2_contingency(pairs).pvalue > 1e-3


@given(st.text(min_size=1, max_size=20), WEIGHTS)
def test_an_arm_is_for_ever(name, weights):
    assert allocation.viewer_arm("e", "s", name, weights) == allocation.viewer_arm("e", "s", name, weights)
    assert 0 <= allocation.viewer_arm("e", "s", name, weights) < len(weights)


def test_known_assignments_stay():
    """A changed hash would move viewers in the middle of an experiment."""
    arms = [allocation.viewer_arm("hats", "salt", f"v{number}", (0.5, 0.5)) for number in range(16)]
    blocks = [allocation.block_arm("hats", "salt", number, (0.5, 0.5)) for number in range(16)]
    assert arms == KNOWN_VIEWERS
    assert blocks == KNOWN_BLOCKS


@given(WEIGHTS, st.integers(-1000, 1_000_000))
def test_each_group_of_blocks_holds_each_arm_as_often_as_it_should(weights, group):
    size = allocation.group_size(weights)
    arms = [allocation.block_arm("e", "s", group * size + place, weights) for place in range(size)]
    for arm, weight in enumerate(weights):
        assert abs(arms.count(arm) - size * weight) < 1 + 1e-9


def test_blocks_meet_awkward_weights_on_average():
    weights = allocation.shares([1.0, 2.7])
    arms = [allocation.block_arm("e", "", block, weights) for block in range(20_000)]
    assert np.mean(arms) == pytest.approx(weights[1], abs=0.005)


def test_places_within_a_group_are_drawn():
    first = [allocation.block_arm("e", "", 2 * group, (0.5, 0.5)) for group in range(4000)]
    assert stats.binomtest(sum(first), 4000).pvalue > 1e-3


@pytest.mark.parametrize("weights", [[1, 0], [1, -1], [1, float("nan")], [1, 1e-9]])
def test_bad_weights(weights):
    with pytest.raises(BadInput):
        allocation.shares(weights)


def test_units_and_outcomes_do_not_share_digests():
    assert allocation.unit_digest("e", "s", "x") != allocation.outcome_digest("e", "s", "x")
    assert allocation.unit_digest("e", "1s", "x") != allocation.unit_digest("e1", "s", "x")

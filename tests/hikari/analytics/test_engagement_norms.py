"""The channel's statistics: closed form, causality, and a state that survives a restart."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.analytics.engagement_norms import HALF_LIVES_MIN, PRIOR_MINUTES, ChannelNorms
from hikari.errors import BadStore

VALUES = st.lists(st.one_of(st.floats(-50, 50), st.just(float("nan"))), max_size=40)


def test_a_new_channel_is_the_prior() -> None:
    snapshot = ChannelNorms([1.0, 2.0], [0.5, 3.0]).snapshot()
    assert snapshot.fast == pytest.approx([1.0, 2.0])
    assert snapshot.slow == pytest.approx([1.0, 2.0])
    assert snapshot.spread == pytest.approx([0.5, 3.0])


@given(VALUES)
def test_means_are_the_weighted_means_of_the_definition(values: list[float]) -> None:
    norms = ChannelNorms([2.0], [1.0])
    for value in values:
        norms.update(np.array([value]))
    known = [value for value in values if np.isfinite(value)]
    for half_life, mean in zip(HALF_LIVES_MIN, (norms.snapshot().fast, norms.snapshot().slow), strict=True):
        weights = [PRIOR_MINUTES * 0.5 ** (len(known) / half_life)]
        weights += [0.5 ** ((len(known) - 1 - place) / half_life) for place in range(len(known))]
        assert mean[0] == pytest.approx(np.average([2.0, *known], weights=weights), abs=1e-9)
    assert norms.snapshot().spread[0] > 0
    assert norms.minutes == len(values)


def test_a_long_past_outweighs_the_prior() -> None:
    dice = np.random.default_rng(3)
    norms = ChannelNorms([0.0], [1.0])
    for value in dice.normal(7.0, 2.0, 8_000):
        norms.update(np.array([value]))
    snapshot = norms.snapshot()
    assert snapshot.slow[0] == pytest.approx(7.0, abs=0.2)
    assert snapshot.spread[0] == pytest.approx(2.0, abs=0.2)


@given(VALUES, VALUES)
def test_a_restart_changes_nothing(before: list[float], after: list[float]) -> None:
    norms = ChannelNorms([0.0], [1.0])
    for value in before:
        norms.update(np.array([value]))
    again = ChannelNorms.from_state(json.loads(json.dumps(norms.state())), inputs=1)
    for value in after:
        norms.update(np.array([value]))
        again.update(np.array([value]))
    assert again.state() == norms.state()


@pytest.mark.parametrize(
    "change",
    [
        {"version": 99},
        {"minutes": -1},
        {"minutes": True},
        {"weight": [[1.0], [0.0]]},
        {"sum": [[float("nan")], [1.0]]},
        {"squares": [1.0, 2.0]},
        {"squares": None},
        {"weight": "x"},
        {"sum": [[1.0], [1.0, 2.0]]},
    ],
)
def test_a_damaged_state_is_refused(change: dict[str, object]) -> None:
    state = ChannelNorms([0.0], [1.0]).state()
    with pytest.raises(BadStore):
        ChannelNorms.from_state({**state, **change}, inputs=1)


def test_the_state_of_other_inputs_is_refused() -> None:
    with pytest.raises(BadStore):
        ChannelNorms.from_state(ChannelNorms([0.0], [1.0]).state(), inputs=2)

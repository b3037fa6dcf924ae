"""The parts of the anomaly detector against closed forms and reference implementations."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.ensemble import IsolationForest

from hikari.analytics.anomaly_burst import BurstTest, is_count, minus_log_tail
from hikari.analytics.anomaly_forest import RECENT, features, grow
from hikari.analytics.anomaly_neighbours import LENGTHS, NearestNeighbours
from hikari.analytics.anomaly_residual import FORGETTING, PRIOR, ForecastResidual
from hikari.analytics.anomaly_rings import Ring, SortedRing
from hikari.analytics.anomaly_tails import TailEvidence
from hikari.errors import BadStore

finite = st.floats(-1e6, 1e6)


@given(st.integers(1, 7), st.lists(finite, max_size=40))
def test_rings_hold_the_last_values(capacity: int, values: list[float]) -> None:
    ring, ordered = Ring(capacity), SortedRing(capacity)
    for value in values:
        ring.add(value)
        ordered.add(value)
    last = values[-capacity:]
    assert ring.values().tolist() == last
    assert ordered.ordered == sorted(last)
    assert Ring.from_state(capacity, ring.state()).values().tolist() == last
    assert SortedRing.from_state(capacity, ordered.state()).ordered == sorted(last)
    if len(last) > 1:
        with pytest.raises(BadStore):
            Ring.from_state(len(last) - 1, ring.state())


def test_evidence_is_the_rank_below_the_tail_and_grows_beyond_it() -> None:
    tail = TailEvidence(1000, 50)
    values = np.random.default_rng(0).pareto(3.0, 999) + 1.0
    for value in values:
        tail.add(float(value))
    median = float(np.median(values))
    assert tail.typical == median
    assert tail.evidence(median) == pytest.approx(-math.log(501 / 1000))
    # A Pareto tail of index 3: twice the strangeness is 2**3 times as rare.
    top = float(values.max())
    assert tail.evidence(4 * top) - tail.evidence(2 * top) == pytest.approx(3 * math.log(2), rel=0.4)
    levels = [tail.evidence(level) for level in np.linspace(0, 100, 400)]
    assert levels == sorted(levels)
    assert tail.evidence(1e300) == 30.0


def test_evidence_waits_and_constant_strangeness_is_none() -> None:
    tail = TailEvidence(100, 50)
    for _ in range(49):
        tail.add(0.0)
    assert not tail.ready
    assert tail.evidence(1e9) == 0.0
    tail.add(0.0)
    assert tail.ready
    assert tail.evidence(0.0) == pytest.approx(0.0)
    assert tail.evidence(1e-9) < 4.0 < tail.evidence(1.0)


def test_evidence_of_exchangeable_values_is_calibrated() -> None:
    values = np.random.default_rng(1).exponential(size=4000)
    tail = TailEvidence(1000, 100)
    found = []
    for value in values:
        found.append(tail.evidence(float(value)))
        tail.add(float(value))
    for p in (0.5, 0.1, 0.02):
        assert np.mean(np.array(found[1000:]) >= -math.log(p)) == pytest.approx(p, rel=0.35)


def test_the_nearest_neighbour_is_that_of_a_search() -> None:
    values = np.random.default_rng(0).normal(size=120)
    found = NearestNeighbours().observe(values, 1000)
    for length, distance in zip(LENGTHS, found, strict=True):
        last = values[-length:]
        ends = range(LENGTHS[-1], len(values) - length + 1)
        expected = min(float(np.linalg.norm(values[end - length : end] - last)) for end in ends)
        assert distance == pytest.approx(expected)
    assert NearestNeighbours().observe(values, 5)[2] is None
    assert NearestNeighbours().observe(values[:38], 1000) == [None] * 3
    # What was seen before is at distance 0.
    again = np.concatenate([values, values[50:70]])
    assert NearestNeighbours().observe(again, 1000) == [0.0, 0.0, 0.0]


def test_the_forest_scores_as_scikit_learn_does() -> None:
    rows = features(np.random.default_rng(0).normal(size=400).cumsum())
    trees = grow(rows, 25, seed=3)
    reference = IsolationForest(n_estimators=25, max_samples=128, random_state=3).fit(rows.astype(np.float32))
    expected = -reference.score_samples(rows.astype(np.float32))
    np.testing.assert_allclose([trees.score(row) for row in rows], expected, rtol=1e-9)


def test_features_of_the_last_rows_by_hand() -> None:
    history = np.arange(25.0) ** 2
    rows = features(history)
    assert rows.shape == (25 - RECENT + 1, 6)
    last = history[-RECENT:]
    np.testing.assert_allclose(rows[-1], [576, 576 - 529, 576 - 19**2, 576 - last.mean(), last.mean(), last.std()], rtol=1e-12)


def test_the_forecast_is_weighted_least_squares() -> None:
    """Recursive least squares equals the regularised weighted regression that it is derived from."""
    values = np.random.default_rng(0).normal(size=60).cumsum() * 0.1
    model = ForecastResidual()
    rows, targets, slow = [], [], float(values[0])
    for row in range(len(values)):
        error = model.observe(values[: row + 1], row + 100)
        if row >= 2:
            rows.append([values[row - 1], values[row - 2], slow, 1.0])
            targets.append(values[row])
            assert error is not None
            slow += 0.02 * (values[row] - slow)
    start = np.array([1.0, 0.0, 0.0, 0.0])
    ages = FORGETTING ** np.arange(len(rows) - 1, -1, -1)
    design, prior = np.array(rows), FORGETTING ** len(rows) / PRIOR * np.eye(4)
    expected = np.linalg.solve(design.T @ (ages[:, None] * design) + prior, design.T @ (ages * targets) + prior @ start)
    np.testing.assert_allclose(np.frombuffer(model.state()["weights"]), expected, rtol=1e-6, atol=1e-9)


def test_a_season_is_looked_back_by() -> None:
    values = np.where(np.arange(700) % 50 == 0, 6.0, 0.0) + 0.3 * np.random.default_rng(0).normal(size=700)
    misses = {}
    for season in (0, 50):
        model = ForecastResidual(season)
        errors = [model.observe(values[: row + 1], row + 100) or 0.0 for row in range(700)]
        misses[season] = np.mean(errors[400::50])
    assert misses[50] < 0.5 * misses[0]


def test_a_broken_reading_spoils_no_later_forecast() -> None:
    values = np.sin(np.arange(600) / 5) + 0.01 * np.random.default_rng(0).normal(size=600)
    values[300] = 1e9
    model = ForecastResidual()
    errors = [model.observe(values[: row + 1], row + 100) or 0.0 for row in range(600)]
    assert np.mean(errors[500:]) < 3 * np.mean(errors[200:300])


@given(st.integers(0, 60), st.floats(0.5, 40), st.floats(1.0, 8.0))
def test_tails_of_counts_are_scipys(count: int, mean: float, dispersion: float) -> None:
    if dispersion < 1.001:
        expected = float(stats.poisson.sf(count - 1, mean))
        variance = mean
    else:
        variance = mean * dispersion
        expected = float(stats.nbinom.sf(count - 1, mean * mean / (variance - mean), mean / variance))
    if expected > 1e-200:
        assert math.exp(-minus_log_tail(float(count), mean, variance)) == pytest.approx(expected, rel=1e-6)


def test_bursts_are_in_times_of_the_rate() -> None:
    burst = BurstTest()
    for count in [4.0, 6.0, 5.0] * 50:
        quiet = burst.observe(count)
    loud = burst.observe(50.0)
    assert loud > 50 > quiet
    reason = burst.explain(3.0)
    assert reason.expected == pytest.approx(5, abs=0.5)
    assert reason.distance == pytest.approx(10, abs=1)
    assert burst.observe(1e12) > loud
    assert is_count(np.array([0.0, 3.0]))
    assert not is_count(np.array([0.5]))
    assert not is_count(np.array([-1.0]))

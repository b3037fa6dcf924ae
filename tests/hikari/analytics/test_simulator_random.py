"""Random numbers of the simulator: right distributions, and the same bits everywhere."""

import hashlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.analytics.simulator_random import Draws, exp, interpolate, log, mixed, normals_of, total


@given(st.lists(st.floats(-600.0, 600.0), min_size=1, max_size=50))
def test_exp_is_the_exponential_function(values: list[float]) -> None:
    assert exp(values) == pytest.approx([math.exp(value) for value in values], rel=1e-12)


@given(st.lists(st.floats(1e-300, 1e300), min_size=1, max_size=50))
def test_log_is_the_natural_logarithm(values: list[float]) -> None:
    assert log(values) == pytest.approx([math.log(value) for value in values], rel=1e-13, abs=1e-14)


@given(st.lists(st.floats(-10.0, 20.0), min_size=1, max_size=20))
def test_interpolation_is_numpys(places: list[float]) -> None:
    known, heights = [0.0, 1.0, 4.0, 10.0], [1.0, -2.0, 5.0, 5.5]
    assert interpolate(np.array(places), known, heights) == pytest.approx(np.interp(places, known, heights), abs=1e-12)


def test_the_bits_are_the_same_on_every_machine() -> None:
    draws = Draws(7, 1, 2)
    numbers = [draws.uniforms(100), draws.normals(100), draws.exponentials(100), exp(draws.normals(100) * 3.0)]
    counts = [draws.poisson(np.linspace(0.0, 200.0, 100)), mixed(np.arange(100), 5).view(np.int64)]
    content = b"".join(values.astype("<f8").tobytes() for values in numbers) + b"".join(v.astype("<i8").tobytes() for v in counts)
    assert hashlib.sha256(content).hexdigest() == BITS


def test_equal_names_give_equal_streams_and_others_independent_ones() -> None:
    assert Draws(1, 2).words(5).tolist() == Draws(1, 2).words(5).tolist()
    first, second = Draws(1, 2).normals(20_000), Draws(1, 3).normals(20_000)
    assert abs(float(np.corrcoef(first, second)[0, 1])) < 0.03
    assert Draws(1, 2).words(1) != Draws(2, 2).words(1)


def test_moments() -> None:
    draws = Draws(5)
    normal = draws.normals(100_000)
    assert (normal.mean(), normal.std()) == pytest.approx((0.0, 1.0), abs=0.01)
    assert normals_of(draws.words(40_000), per_value=4).std() == pytest.approx(1.0, abs=0.02)
    assert draws.exponentials(100_000).mean() == pytest.approx(1.0, abs=0.02)
    for mean in (0.2, 3.0, 39.0, 41.0, 2000.0):
        counts = draws.poisson(np.full(50_000, mean))
        assert counts.mean() == pytest.approx(mean, rel=0.02)
        assert counts.var() == pytest.approx(mean, rel=0.04)


def test_small_poisson_counts_have_the_right_shares() -> None:
    counts = Draws(9).poisson(np.full(200_000, 1.5))
    expected = [math.exp(-1.5) * 1.5**number / math.factorial(number) for number in range(6)]
    assert np.bincount(counts, minlength=6)[:6] / 200_000 == pytest.approx(expected, abs=0.004)


def test_distinct_places_follow_the_weights() -> None:
    weights = np.array([0, 1, 3, 0, 6], dtype=np.int64)
    firsts = np.bincount([Draws(1, number).distinct(weights, 1)[0] for number in range(2000)], minlength=5)
    assert firsts / 2000 == pytest.approx([0.0, 0.1, 0.3, 0.0, 0.6], abs=0.04)
    assert sorted(Draws(1).distinct(weights, 10).tolist()) == [1, 2, 4]
    assert Draws(1).distinct(np.zeros(0, dtype=np.int64), 3).tolist() == []


def test_sums_do_not_depend_on_the_order() -> None:
    values = Draws(2).normals(1000) * 1e8
    assert total(values) == total(values[::-1])


BITS = "231b905ad6707fd0dd02cbf74ba00fa7a6fa02b67c746ee116cd074573230018"

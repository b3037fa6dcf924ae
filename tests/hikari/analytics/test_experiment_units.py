"""Exact sums, and CUPED against its closed form and against least squares."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.analytics.experiment_units import SCALE, ArmSums, Unit, adjusted_moments, raw_moments, unpacked
from hikari.errors import BadStore


def steps(value):
    return round(value * SCALE)


def arm_of(values, covariates):
    sums = ArmSums()
    for value, covariate in zip(values, covariates, strict=True):
        sums.add(Unit(0, 0.0, 1, steps(value), None if covariate is None else steps(covariate)))
    return sums


UNITS = st.builds(
    Unit,
    st.integers(0, 3),
    st.floats(0, 1e10),
    st.integers(1, 1000),
    st.integers(-(10**9) * SCALE, 10**9 * SCALE),
    st.none() | st.integers(-(2**50), 2**50),
)


@given(UNITS)
def test_packed_and_back(unit):
    assert unpacked(unit.packed(), 4) == unit
    assert len(unit.packed()) == 38


@pytest.mark.parametrize("row", [b"", b"x" * 37, b"\xff" * 38, Unit(3, 0.0).packed()])
def test_damaged_units(row):
    with pytest.raises(BadStore):
        unpacked(row, 3)


@given(st.lists(UNITS, max_size=20), UNITS)
def test_taking_a_unit_out_is_exact(units, extra):
    sums = ArmSums()
    for unit in units:
        sums.add(unit)
    before = sums.as_dict()
    sums.add(extra)
    assert sums.copy().as_dict() == sums.as_dict() != before
    sums.add(extra, -1)
    assert sums.as_dict() == before


@given(st.lists(st.integers(-(2**70), 2**70), min_size=1, max_size=9))
def test_a_units_value_is_the_rounded_mean(outcomes):
    unit = Unit(0, 0.0)
    for value in outcomes:
        unit = unit.with_outcome(value)
    assert abs(Fraction(sum(outcomes), len(outcomes)) - unit.mean) <= Fraction(1, 2)


def test_moments_far_from_zero_lose_no_digit():
    values = [9e8 + x for x in (0.25, 0.5, 0.75, 1.0)]
    moments = raw_moments(arm_of(values, [None] * 4))
    assert moments.mean == 9e8 + 0.625
    assert moments.spread == 4 * np.var([0.25, 0.5, 0.75, 1.0])


def test_cuped_reduces_the_variance_by_the_squared_correlation():
    rng = np.random.default_rng(1)
    x = rng.normal(5, 2, 400)
    y = 1.5 * x + rng.normal(0, 2, 400)
    (moments,), adjustment = adjusted_moments([arm_of(y, x)])
    correlation = np.corrcoef(x, y)[0, 1]
    raw = raw_moments(arm_of(y, x))
    assert adjustment is not None
    assert moments.spread == pytest.approx(raw.spread * (1 - correlation**2), rel=1e-6)
    assert adjustment.variance_reduction == pytest.approx(correlation**2, rel=1e-6)
    assert adjustment.slope == pytest.approx(np.polyfit(x, y, 1)[0], rel=1e-6)
    assert moments.mean == pytest.approx(y.mean(), abs=1e-6)


def test_cuped_difference_is_that_of_least_squares():
    """With the covariate known for all, the adjusted difference is the arm's coefficient in `y ~ arm + x`."""
    rng = np.random.default_rng(2)
    x, arm = rng.normal(0, 1, 300), rng.integers(0, 2, 300)
    y = 0.4 * arm + 2 * x + rng.normal(0, 1, 300)
    groups = [arm_of(y[arm == group], x[arm == group]) for group in (0, 1)]
    (base, other), _ = adjusted_moments(groups)
    design = np.column_stack([np.ones(300), arm, x])
    assert other.mean - base.mean == pytest.approx(np.linalg.lstsq(design, y)[0][1], rel=1e-6)


def test_missing_covariates_are_taken_at_the_mean():
    rng = np.random.default_rng(3)
    x, arm = rng.normal(3, 1, 500), rng.integers(0, 2, 500)
    y = x + rng.normal(0, 1, 500)
    known = rng.random(500) < 0.6
    covariates = [value if there else None for value, there in zip(x, known, strict=True)]
    groups = [arm_of(y[arm == g], [c for c, a in zip(covariates, arm, strict=True) if a == g]) for g in (0, 1)]
    adjusted, adjustment = adjusted_moments(groups)
    z = np.where(known, x - x[known].mean(), 0.0)
    within = lambda v: v - np.where(arm == 1, v[arm == 1].mean(), v[arm == 0].mean())  # noqa: E731
    slope = (within(y) @ within(z)) / (within(z) @ within(z))
    assert adjustment is not None
    assert adjustment.covered == pytest.approx(known.mean())
    for group, moments in enumerate(adjusted):
        rest = (y - slope * z)[arm == group]
        assert moments.mean == pytest.approx(rest.mean(), abs=1e-6)
        assert moments.spread == pytest.approx(((rest - rest.mean()) ** 2).sum(), rel=1e-6)


@pytest.mark.parametrize("covariates", [[None, None, None], [2.0, 2.0, 2.0], [2.0, None, None]])
def test_nothing_to_adjust_by(covariates):
    sums = [arm_of([1.0, 2.0, 4.0], covariates), ArmSums()]
    moments, adjustment = adjusted_moments(sums)
    assert moments == [raw_moments(arm) for arm in sums]
    assert adjustment is None

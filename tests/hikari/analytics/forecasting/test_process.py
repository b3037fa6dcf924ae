import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, ExpSineSquared, Matern, WhiteKernel

from hikari.analytics.forecasting.process import BLOCK, DailyProcess, Kernel, usable
from hikari.analytics.forecasting.series import Series


def noisy(count: int, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return 1000.0 + 100.0 * np.sin(np.arange(count) / 24 * 2 * np.pi) + generator.normal(0.0, 20.0, count)


def test_equals_a_textbook_gaussian_process() -> None:
    """scikit-learn's regressor with the same kernel; a wide constant stands for the unknown mean."""
    values, kernel = noisy(100), Kernel()
    values[30:37] = np.nan
    known = np.flatnonzero(np.isfinite(values))
    reference = GaussianProcessRegressor(
        ConstantKernel(1e5)
        + kernel.slow**2 * Matern(kernel.slow_days, nu=0.5)
        + kernel.daily**2 * ExpSineSquared(kernel.daily_shape, 1.0) * Matern(kernel.daily_days, nu=0.5)
        + kernel.short**2 * Matern(kernel.short_days, nu=0.5)
        + kernel.smooth**2 * Matern(kernel.smooth_days, nu=1.5)
        + WhiteKernel(kernel.noise**2 + 1e-6),
        optimizer=None,
        alpha=0.0,
    ).fit(known[:, None] / 24.0, values[known] / 1000.0 - 1.0)
    expected = 1000.0 * (1.0 + reference.predict(np.arange(100, 130)[:, None] / 24.0))
    path = DailyProcess().paths(Series(0.0, 3600.0, values, 0.0), [100], 30)[0]
    np.testing.assert_allclose(path, expected, rtol=1e-4)


@settings(max_examples=20)
@given(st.floats(0.001, 1e6), st.floats(-1e4, 1e4), st.integers(0, 100))
def test_follows_unit_and_offset_exactly(unit: float, offset: float, seed: int) -> None:
    values = np.random.default_rng(seed).normal(0.0, 1.0, 60)
    values[0] = -5.0  # around zero: no outage rule
    base, moved = (
        DailyProcess().paths(Series(0.0, 3600.0, part), [60, 40], 12) for part in (values, unit * values + min(offset, 0.0))
    )
    np.testing.assert_allclose((moved - min(offset, 0.0)) / unit, base, atol=1e-5 * max(1.0, abs(offset) / unit))


def test_long_histories_come_in_blocks() -> None:
    values = noisy(2 * BLOCK + 40)
    series = Series(0.0, 3600.0, values, 0.0)
    whole = DailyProcess().paths(series, [2 * BLOCK + 40], 24)[0]
    forgotten = values.copy()
    forgotten[: BLOCK - 10] *= 1.4
    same = DailyProcess().paths(Series(0.0, 3600.0, forgotten, 0.0), [2 * BLOCK + 40], 24)[0]
    np.testing.assert_allclose(whole, same, rtol=1e-6)
    together = DailyProcess().paths(series, [BLOCK - 1, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 1], 24)
    for row, origin in enumerate([BLOCK - 1, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 1]):
        np.testing.assert_allclose(together[row], DailyProcess().paths(series, [origin], 24)[0], rtol=1e-7)


def test_outages_are_left_out_and_real_moves_are_not() -> None:
    values = np.full(30, 1000.0)
    values[12] = 0.0
    values[20:] = 100.0
    kept = usable(values)
    assert 12 not in kept
    assert set(range(22, 30)) <= set(kept)
    assert list(usable(np.array([-1.0, 500.0, -500.0, 1.0, 2.0, 3.0, 4.0, 9999.0]))) == list(range(8))
    path = DailyProcess().paths(Series(0.0, 600.0, np.append(np.full(40, 1000.0), 0.0), 0.0), [41], 3)[0]
    np.testing.assert_allclose(path, 1000.0)


def test_a_week_is_learned_after_two() -> None:
    """Weekend streams are twice as large."""
    days = np.arange(35 * 24) // 24
    values = np.where(days % 7 >= 5, 200.0, 100.0)
    path = DailyProcess().paths(Series(0.0, 3600.0, values, 0.0), [33 * 24 - 2], 24)[0]
    assert path[12:].mean() > 150.0

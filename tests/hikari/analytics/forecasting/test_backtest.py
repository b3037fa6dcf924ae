from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.analytics.forecasting.backtest import effective_folds, fold_origins, trial, trials
from hikari.analytics.forecasting.candidates import Average, LastValue, SeasonalNaive
from hikari.analytics.forecasting.intervals import coverage, half_widths
from hikari.analytics.forecasting.live import LiveLevel
from hikari.analytics.forecasting.series import Series


def hourly(values: np.ndarray) -> Series:
    return Series(0.0, 3600.0, values, 0.0)


def test_errors_of_a_ramp_are_those_computed_by_hand() -> None:
    series = hourly(np.arange(40.0))
    result = trial(series, LastValue(), 2)
    assert (result.mae, result.mase, result.relative) == (1.5, 1.5, 1.0)
    assert result.origins == tuple(range(12, 39))
    np.testing.assert_array_equal(result.residuals[0], [-1.0, -2.0])


def test_the_best_of_a_pure_season_is_seasonal() -> None:
    series = hourly(np.tile(np.arange(24.0) ** 2, 12))
    ranked, lacking = trials(series, [LastValue(), Average(), SeasonalNaive()], 12)
    assert [item.candidate.name for item in ranked] == ["seasonal_naive", "average", "last_value"]
    assert ranked[0].mae == 0.0
    assert lacking == {}


def test_what_cannot_forecast_says_why() -> None:
    ranked, lacking = trials(hourly(np.arange(20.0)), [LastValue(), SeasonalNaive()], 3)
    assert [item.candidate.name for item in ranked] == ["last_value"]
    assert lacking == {"seasonal_naive": "needs 1 day of readings"}


def test_short_backtests_lean_on_the_record() -> None:
    short = trial(hourly(np.tile(np.arange(24.0), 3)), SeasonalNaive(), 12)
    long = trial(hourly(np.tile(np.arange(24.0), 40)), SeasonalNaive(), 12)
    assert short.relative == long.relative == 0.0
    assert long.score < short.score < 1.01


def test_folds() -> None:
    series = hourly(np.append(np.arange(40.0), np.full(10, np.nan)))
    assert max(fold_origins(series, LastValue(), 5)) == 39  # later ones have nothing to compare with
    assert len(fold_origins(series, LastValue(max_folds=7), 5)) == 7
    assert fold_origins(hourly(np.arange(12.0)), LastValue(), 5) == ()
    assert effective_folds([10, 20, 30], np.ones((3, 20), dtype=bool)) == 2.0
    assert effective_folds([10, 50, 90], np.ones((3, 20), dtype=bool)) == 3.0
    assert effective_folds([], np.empty((0, 20), dtype=bool)) == 0.0
    only_once = np.zeros((3, 20), dtype=bool)
    only_once[[0, 1, 2], [10, 0, 5]] = True  # the same two steps, however often they were forecast
    assert effective_folds([10, 20, 15], only_once) == 1.0


@given(st.integers(1, 40), st.integers(1, 60), st.integers(1, 30))
def test_evenly_spread_folds_amount_to_their_span(count: int, apart: int, horizon: int) -> None:
    origins = [apart * number for number in range(count)]
    folds = effective_folds(origins, np.ones((count, horizon), dtype=bool))
    assert folds == pytest.approx(min(count, apart * (count - 1) / horizon + 1.0))


def test_a_metric_of_streams_is_judged_from_within_streams() -> None:
    """Streams of ten hours, ten hours apart, each at a level of its own: the last value is right, but wrong across every pause."""
    generator = np.random.default_rng(3)
    streams = [np.append(np.full(10, np.nan), level + generator.normal(0.0, 1.0, 10)) for level in (10.0, 90.0) * 6]
    series = hourly(np.concatenate([*streams, np.full(10, np.nan), 10.0 + generator.normal(0.0, 1.0, 5)]))
    assert all(np.isfinite(series.values[origin - 6 : origin]).any() for origin in fold_origins(series, LastValue(), 4))
    ranked, _ = trials(series, [LiveLevel(), LastValue()], 4)
    assert ranked[0].candidate.name == "last_value"
    offline = replace(series, values=series.values[:-5])
    assert not all(np.isfinite(series.values[origin - 6 : origin]).any() for origin in fold_origins(offline, LastValue(), 4))


def test_widths_are_conformal_quantiles_once_there_are_many_folds() -> None:
    generator = np.random.default_rng(0)
    residuals = generator.normal(0.0, 3.0, (4000, 5))
    widths = half_widths(residuals, range(0, 20_000, 5), 1.0, 0.9)
    np.testing.assert_allclose(widths, 1.645 * 3.0, rtol=0.05)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95])
def test_without_folds_the_width_is_that_of_development_events(level: float) -> None:
    widths = half_widths(np.empty((0, 6)), (), 10.0, level)
    assert (np.diff(widths) > 0).all()
    assert widths[0] == pytest.approx({0.5: 6.20, 0.8: 15.86, 0.9: 25.67, 0.95: 38.97}[level])


def test_measured_coverage_uses_the_earlier_folds_alone() -> None:
    generator = np.random.default_rng(1)
    residuals = generator.normal(0.0, 1.0, (600, 4))
    origins = range(600)
    measured = coverage(residuals, origins, 0.5, 0.9)
    assert measured is not None
    assert 0.87 <= measured <= 0.93
    residuals[300:] *= 100.0  # nothing of the later half may widen the interval
    worse = coverage(residuals, origins, 0.5, 0.9)
    assert worse is not None
    assert worse < 0.2
    assert coverage(residuals[:19], range(19), 0.5, 0.9) is None

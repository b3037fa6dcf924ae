"""What every forecaster promises, one check a promise."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hikari.analytics.forecasting.candidates import Candidate
from hikari.analytics.forecasting.series import Series

Make = Callable[[], Candidate]
HORIZON = 30


def sample(days: int = 4, seed: int = 0, gaps: bool = True) -> Series:
    """Hourly viewers with a daily pattern, noise and missing steps."""
    generator = np.random.default_rng(seed)
    steps = np.arange(days * 24)
    values = 500.0 + 200.0 * np.sin(steps / 24 * 2 * np.pi) + generator.normal(0.0, 15.0, len(steps))
    if gaps:
        values[generator.choice(len(steps), len(steps) // 10, replace=False)] = np.nan
        values[40:46] = np.nan
    return Series(1.7e9 - 1.7e9 % 86400, 3600.0, values, 0.0)


def check_shape_and_numbers(make: Make) -> None:
    series = sample()
    for origins in ([len(series.values)], [60, 70, len(series.values)]):
        paths = make().paths(series, origins, HORIZON)
        assert paths.shape == (len(origins), HORIZON)
        assert paths.dtype == np.float64
        assert np.isfinite(paths).all()


def check_looks_at_the_past_alone(make: Make) -> None:
    series = sample()
    changed = series.values.copy()
    changed[70:] = np.random.default_rng(5).normal(9e3, 4e3, len(changed) - 70)
    before, after = (make().paths(replace(series, values=values), [70], HORIZON) for values in (series.values, changed))
    np.testing.assert_allclose(before, after, rtol=1e-9)
    cut = make().paths(replace(series, values=series.values[:70]), [70], HORIZON)
    np.testing.assert_allclose(before, cut, rtol=1e-9)


def check_origins_do_not_touch_each_other(make: Make) -> None:
    series = sample()
    together = make().paths(series, [60, 72, 90], HORIZON)
    alone = np.vstack([make().paths(series, [origin], HORIZON) for origin in (60, 72, 90)])
    np.testing.assert_allclose(together, alone, rtol=1e-7)


def check_respects_the_floor(make: Make) -> None:
    series = sample()
    falling = replace(series, values=np.maximum(np.linspace(900.0, -60.0, len(series.values)), 0.0))
    assert make().paths(falling, [len(falling.values)], HORIZON).min() >= 0.0


def check_follows_the_unit(make: Make) -> None:
    """Ten times the viewers, ten times the forecast."""
    series = sample()
    base = make().paths(series, [len(series.values)], HORIZON)
    scaled = make().paths(replace(series, values=10.0 * series.values), [len(series.values)], HORIZON)
    np.testing.assert_allclose(scaled, 10.0 * base, rtol=0.02)


def check_constant_stays_constant(make: Make) -> None:
    series = replace(sample(), values=np.full(96, 42.0))
    np.testing.assert_allclose(make().paths(series, [96], HORIZON), 42.0, rtol=0.01)


def check_is_near_on_a_clean_day(make: Make) -> None:
    """On a repeating pattern, no forecast strays by more than the pattern itself."""
    series = sample(days=6, gaps=False)
    path = make().paths(series, [len(series.values)], 24)[0]
    truth = 500.0 + 200.0 * np.sin(np.arange(24) / 24 * 2 * np.pi)
    assert np.abs(path - truth).mean() < 200.0


def check_same_input_same_answer(make: Make) -> None:
    series = sample()
    first, second = (make().paths(series, [80, 96], HORIZON) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def check_arguments_are_left_alone(make: Make) -> None:
    series = sample()
    kept = series.values.copy()
    make().paths(series, [80, 96], HORIZON)
    np.testing.assert_array_equal(series.values, kept)


def check_large_numbers(make: Make) -> None:
    series = sample()
    huge = replace(series, values=series.values * 1e97)
    assert np.isfinite(make().paths(huge, [len(huge.values)], HORIZON)).all()


def check_says_what_is_missing(make: Make) -> None:
    """An empty history is refused in words; where nothing is refused, the forecast is finite, however short the history."""
    series = sample()
    candidate = make()
    assert candidate.shortfall(replace(series, values=np.full(50, np.nan)), 50)
    for length in (1, 2, 5, 12, 13, 24, 48, 49):
        short = replace(series, values=sample(gaps=False).values[:length])
        if candidate.shortfall(short, length) is None:
            assert np.isfinite(candidate.paths(short, [length], HORIZON)).all()


CHECKS = [value for name, value in dict(globals()).items() if name.startswith("check_")]

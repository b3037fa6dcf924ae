import numpy as np

from hikari.analytics.forecasting.candidates import Average, LastValue, Profile, SeasonalNaive, median_day
from hikari.analytics.forecasting.series import Series

NAN = float("nan")


def hourly(values: np.ndarray) -> Series:
    return Series(0.0, 3600.0, values.astype(float), 0.0)


def test_last_value_skips_the_gap() -> None:
    np.testing.assert_array_equal(LastValue().paths(hourly(np.array([1.0, 4.0, NAN])), [3, 1], 2), [[4.0, 4.0], [1.0, 1.0]])


def test_seasonal_naive_repeats_the_day_and_looks_further_back_in_gaps() -> None:
    values = np.concatenate([np.arange(24), 100 + np.arange(24)]).astype(float)
    values[30] = NAN
    path = SeasonalNaive().paths(hourly(values), [48], 30)[0]
    expected = 100.0 + np.arange(24)
    expected[6] = 6.0
    np.testing.assert_array_equal(path, np.resize(expected, 30))
    assert SeasonalNaive().shortfall(hourly(values), 23) == "needs 1 day of readings"
    np.testing.assert_array_equal(Average().paths(hourly(values), [48], 2)[0], [(123 + 100) / 2, (123 + 101) / 2])


def test_days_of_gaps_are_no_history() -> None:
    values = np.full(48, NAN)
    values[:10] = 1.0
    assert "missing" in str(SeasonalNaive().shortfall(hourly(values), 48))
    assert "divides" in str(SeasonalNaive().shortfall(Series(0.0, 7000.0, np.ones(99)), 99))


def test_profile_is_the_median_day_shifted_to_the_present() -> None:
    day = np.arange(24.0) + 50.0
    values = np.concatenate([day, day + 1000.0, day, day, day])  # one odd day does not move a median
    values[-1] += 8.0
    path = Profile(memory_s=3600.0).paths(hourly(values), [120], 3)[0]
    np.testing.assert_allclose(path, day[:3] + 8.0 * np.exp(-np.arange(1.0, 4.0)))
    np.testing.assert_array_equal(median_day(hourly(values), 119), np.roll(day, 1))
    assert median_day(hourly(values), 40) is None

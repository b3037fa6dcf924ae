"""Metrics that are recorded only while a stream is live, against figures computed by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.analytics.forecasting import forecast
from hikari.analytics.forecasting.candidates import LastValue
from hikari.analytics.forecasting.live import LiveLevel, LiveProfile, is_live, pause_steps, streams, within_stream
from hikari.analytics.forecasting.process import DailyProcess
from hikari.analytics.forecasting.series import Series

NAN = float("nan")
PAUSE = np.full(100, NAN)


def ten_minutes(*parts: object) -> Series:
    return Series(0.0, 600.0, np.concatenate([np.asarray(part, dtype=float) for part in parts]), 0.0)


def test_streams_are_parted_by_pauses_and_not_by_holes() -> None:
    series = ten_minutes([1, NAN, NAN, 2], PAUSE, [3], np.full(6, NAN), [4], PAUSE)
    assert [one.tolist() for one in streams(series, len(series.values))] == [[0, 3], [104], [111]]
    assert [one.tolist() for one in streams(series, 104)] == [[0, 3]]
    assert streams(series, 0) == []
    assert not within_stream(series)
    assert within_stream(ten_minutes([1, 2], PAUSE, [3]))
    assert not within_stream(ten_minutes([1, 2, NAN, 4, 5]))
    assert not within_stream(ten_minutes([1.0], PAUSE))
    assert [is_live(series, origin) for origin in (0, 1, 4, 9, 10, 105)] == [False, True, True, True, False, True]
    assert pause_steps(Series(0.0, 3600.0, np.ones(3))) == 6
    assert pause_steps(Series(0.0, 60.0, np.ones(3))) == 60


def test_the_level_fades_to_the_median_of_the_streams() -> None:
    series = ten_minutes([10, 20, 30], PAUSE, [20, 50, 50, 50])
    path = LiveLevel(memory_s=600.0).paths(series, [len(series.values)], 3)[0]
    np.testing.assert_allclose(path, 30.0 + 20.0 * np.exp(-np.arange(1.0, 4.0)))
    after = LiveLevel().paths(ten_minutes([10, 20, 30], PAUSE, [20, 50, 50, 50], PAUSE), [len(series.values) + 100], 3)[0]
    np.testing.assert_array_equal(after, [30.0] * 3)


def test_the_profile_is_the_course_of_streams_before() -> None:
    course = np.array([10.0, 20.0, 40.0, 80.0, 160.0])
    series = ten_minutes(course, PAUSE, course, PAUSE, 9 * course, PAUSE, course[:3] + 6.0)
    path = LiveProfile(memory_s=600.0).paths(series, [len(series.values)], 4)[0]
    # Beyond what any stream showed, the end goes on.
    np.testing.assert_allclose(path, [80, 160, 160, 160] + 6.0 * np.exp(-np.arange(1.0, 5.0)))
    offline = ten_minutes(course, PAUSE, course, PAUSE)
    np.testing.assert_array_equal(LiveProfile().paths(offline, [len(offline.values)], 6)[0], [*course, 160])
    assert LiveProfile().shortfall(offline, 50) == "needs two streams with a pause between them"


def test_a_course_that_repeats_is_recognised() -> None:
    generator = np.random.default_rng(0)
    course = 20.0 + 80.0 * np.sin(np.arange(18) / 18 * np.pi)
    parts: list[object] = []
    for _ in range(8):
        parts += [course + generator.normal(0.0, 2.0, 18), PAUSE]
    series = ten_minutes(*parts, course[:8])
    times = np.arange(len(series.values)) * 600.0
    answer = forecast(times, series.values, 8, step_s=600.0, candidates=(LiveProfile(), LiveLevel(), LastValue(), DailyProcess()))
    assert answer.model == "live_profile"
    assert np.abs(answer.values - course[8:16]).mean() < 6.0
    assert answer.backtest["relative_to_last_value"] < 0.3


def test_a_second_stream_that_has_just_begun_is_answered_by_the_last_value() -> None:
    """Nothing was ever forecast in such a series: the simplest answer is the honest one."""
    series = ten_minutes(np.arange(10.0, 18.0), PAUSE, [30.0, 31.0])
    answer = forecast(np.arange(len(series.values)) * 600.0, series.values, 120, step_s=600.0)
    assert answer.model == "last_value"
    assert answer.values.tolist() == [31.0] * 120


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(0, 60), st.floats(0, 1e6)), min_size=1, max_size=6),
    st.integers(1, 40),
    st.sampled_from([LiveLevel(), LiveProfile()]),
)
def test_any_streams_are_forecast_within_what_was_seen(
    parts: list[tuple[int, int, float]], horizon: int, candidate: LiveLevel | LiveProfile
) -> None:
    pieces: list[object] = []
    for length, pause, level in parts:
        pieces += [level + np.arange(length), np.full(pause, NAN)]
    series = ten_minutes(*pieces)
    path = candidate.paths(series, [len(series.values)], horizon)
    assert path.shape == (1, horizon)
    assert np.isfinite(path).all()
    known = series.values[np.isfinite(series.values)]
    assert path.min() >= max(0.0, known.min() - np.ptp(known) - 1e-6)
    assert path.max() <= known.max() + np.ptp(known) + 1e-6


@pytest.mark.parametrize("candidate", [LiveLevel(), LiveProfile()])
def test_every_origin_sees_its_own_past(candidate: LiveLevel | LiveProfile) -> None:
    series = ten_minutes(np.arange(9.0), PAUSE, np.arange(9.0) * 2, PAUSE, np.arange(6.0))
    origins = [111, 118, 160, 220, len(series.values)]
    together = candidate.paths(series, origins, 5)
    alone = [candidate.paths(ten_minutes(series.values[:origin]), [origin], 5)[0] for origin in origins]
    np.testing.assert_array_equal(together, alone)

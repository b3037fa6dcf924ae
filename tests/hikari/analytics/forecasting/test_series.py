import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.analytics.forecasting.series import MAX_STEPS, Series, change_scale, filled, regularise
from hikari.errors import BadInput, NotReady

NAN = float("nan")


def test_mean_of_each_step_and_nan_in_the_gaps() -> None:
    series = regularise([0, 30, 60, 200], [1, 3, 5, 7], 60.0)
    assert (series.start, series.step_s, series.end) == (0.0, 60.0, 240.0)
    np.testing.assert_array_equal(series.values, [2.0, 5.0, NAN, 7.0])


def test_unsorted_repeated_and_broken_readings() -> None:
    times = [120, 0, 60, 60, NAN, 180, 240, 300]
    values = [5, 1, 2, 4, 9, float("inf"), -1, None]
    series = regularise(times, values, 60.0, floor=0.0)
    np.testing.assert_array_equal(series.values, [1.0, 4.0, 5.0])
    assert series.notes == (
        "1 of 8 readings without a valid time",
        "2 of 7 readings missing or not finite",
        "1 of 5 readings below the floor of 0",
        "1 of 4 readings replaced by a later one of the same time",
    )


def test_now_cuts_and_extends_the_grid() -> None:
    assert len(regularise([0, 60, 120], [1, 2, 3], 60.0, now=90.0).values) == 2
    late = regularise([0, 60], [1, 2], 60.0, now=250.0)
    np.testing.assert_array_equal(late.values, [1.0, 2.0, NAN, NAN])
    assert late.end == 240.0


@pytest.mark.parametrize(("distance", "step"), [(1.0, 1.0), (61.0, 60.0), (290.0, 300.0), (3600.0, 3600.0), (9e7, 7 * 86400.0)])
def test_the_step_follows_the_readings(distance: float, step: float) -> None:
    assert regularise(np.arange(9) * distance, np.arange(9)).step_s == step


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.integers(-50, 50)), min_size=1, max_size=60, unique_by=lambda row: row[0]),
    st.randoms(),
)
def test_order_does_not_matter_and_means_stay_in_range(rows: list[tuple[int, int]], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = (regularise([t for t, _ in part], [v for _, v in part], 60.0) for part in (rows, shuffled))
    np.testing.assert_allclose(first.values, second.values)
    assert np.nanmin(first.values) >= min(v for _, v in rows) - 1e-9
    assert np.nanmax(first.values) <= max(v for _, v in rows) + 1e-9


def test_a_reading_from_another_age_costs_no_memory() -> None:
    series = regularise([0.0, 1e9, 1e9 + 60.0], [1, 2, 3], 60.0)
    assert len(series.values) == MAX_STEPS
    assert "1 readings older" in series.notes[-1]
    with pytest.raises(NotReady, match="steps old"):
        regularise([0.0], [1.0], 60.0, now=1e10)


def test_refusals_name_the_field() -> None:
    for times, values, field in (
        ([1, 2], [1], "values"),
        ([[1]], [[1]], "timestamps"),
        (["a"], [1], "timestamps"),
        ([1], ["x"], "values"),
        ([True], [1], "timestamps"),
        (None, [1], "timestamps"),
    ):
        with pytest.raises(BadInput) as caught:
            regularise(times, values, 60.0)  # type: ignore[arg-type]
        assert caught.value.field == field
    for step in (0.0, -1.0, NAN, True, "60"):
        with pytest.raises(BadInput, match="step_s"):
            regularise([1], [1], step)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="floor"):
        regularise([1], [1], 60.0, floor=NAN)
    for empty in ([], [NAN]):
        with pytest.raises(NotReady):
            regularise(empty, empty, 60.0)


def test_helpers() -> None:
    np.testing.assert_array_equal(filled(np.array([NAN, 1.0, NAN, 3.0, NAN])), [1.0, 1.0, 2.0, 3.0, 3.0])
    assert change_scale(np.array([1.0, 3.0, NAN, 9.0, 8.0])) == 1.5
    assert change_scale(np.array([1.0])) == 0.0
    assert Series(0.0, 600.0, np.zeros(1)).day == 144
    assert Series(0.0, 7000.0, np.zeros(1)).day is None
    assert Series(0.0, 86400.0, np.zeros(1)).day is None

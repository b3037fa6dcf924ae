import json

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.analytics.forecasting import Forecaster, default_candidates, forecast
from hikari.analytics.forecasting.candidates import Average, LastValue, SeasonalNaive
from hikari.analytics.forecasting.process import DailyProcess
from hikari.errors import BadInput, BadStore, NotReady, TooLarge

QUICK = (DailyProcess(), Average(), SeasonalNaive(), LastValue())
NAN = float("nan")


def hourly(days: int = 10, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    steps = np.arange(days * 24)
    return 1.7e9 // 3600 * 3600 + steps * 3600.0, 500 + 200 * np.sin(steps / 24 * 2 * np.pi) + generator.normal(0, 20, len(steps))


def fitted(**settings: object) -> Forecaster:
    forecaster = Forecaster(**{"step_s": 3600.0, "horizon": 48, "candidates": QUICK, **settings})  # type: ignore[arg-type]
    forecaster.fit(*hourly())
    return forecaster


def test_the_best_of_all_models_answers_with_its_error_and_the_others() -> None:
    times, values = hourly()
    answer = forecast(times, values, 24, step_s=3600.0)
    truth = 500 + 200 * np.sin((240 + np.arange(24)) / 24 * 2 * np.pi)
    assert np.abs(answer.values - truth).mean() < 30.0
    assert answer.times[0] == times[-1] + 3600.0
    assert answer.backtest["model"] == answer.model
    assert answer.backtest["folds"] > 100
    assert len(answer.backtest["others"]) == 6
    assert "error" in answer.reason
    assert (answer.lower <= answer.values).all()
    assert (answer.values <= answer.upper).all()
    json.dumps(answer.as_dict(), allow_nan=False)


def test_the_interval_holds_what_it_promises() -> None:
    """On fresh draws of the same process."""
    inside = []
    for seed in range(30):
        times, values = hourly(days=11, seed=seed)
        answer = forecast(times[:-24], values[:-24], 24, step_s=3600.0, candidates=(DailyProcess(),))
        inside.append((answer.lower <= values[-24:]) & (values[-24:] <= answer.upper))
    assert 0.87 <= np.mean(inside) <= 0.95


@pytest.mark.parametrize("count", range(1, 16))
def test_short_histories_get_an_honest_answer(count: int) -> None:
    answer = forecast(np.arange(count) * 600.0, 100.0 + np.arange(count) % 3, 6, step_s=600.0)
    assert np.isfinite(answer.values).all()
    assert (answer.upper > answer.values).all()
    if count < 12:
        assert answer.model == "last_value"
        assert "too few" in answer.reason


def test_constant_history_says_so() -> None:
    answer = forecast(np.arange(50) * 60.0, np.full(50, 7.0), 3)
    assert (answer.model, answer.values.tolist(), answer.upper.tolist()) == ("constant", [7.0] * 3, [7.0] * 3)
    assert "same value" in answer.reason


def test_dirty_readings_change_nothing_that_matters() -> None:
    times, values = hourly()
    order = np.random.default_rng(2).permutation(len(times))
    clean = forecast(times, values, 12, step_s=3600.0, candidates=QUICK)
    dirty = forecast(
        np.concatenate([times[order] + 1.0, times[order], [NAN, times[3] + 5, times[4] + 5, times[5] + 5]]),
        np.concatenate([values[order], values[order], [1.0, NAN, np.inf, -1.0]]),
        12,
        step_s=3600.0,
        candidates=QUICK,
    )
    np.testing.assert_allclose(dirty.values, clean.values)
    assert len(dirty.notes) == 3


def test_negative_metrics_need_no_floor() -> None:
    times, values = hourly()
    answer = forecast(times, (values - 500) / 300, 12, step_s=3600.0, floor=None, candidates=QUICK)
    assert answer.values.min() < 0
    assert answer.lower.min() < answer.values.min()
    floored = forecast(times, np.maximum(values - 500, 0), 12, step_s=3600.0, candidates=QUICK)
    assert floored.lower.min() == 0.0


def test_later_questions_start_later() -> None:
    forecaster = fitted()
    whole, later = forecaster.predict(48), forecaster.predict(12, now=hourly()[0][-1] + 3 * 3600.0 + 5.0)
    np.testing.assert_array_equal(later.values, whole.values[2:14])
    np.testing.assert_array_equal(later.times, whole.times[2:14])
    with pytest.raises(NotReady, match="fitted again"):
        forecaster.predict(48, now=whole.times[1])


def test_wider_steps_are_means() -> None:
    forecaster = fitted()
    fine, coarse = forecaster.predict(48), forecaster.predict(12, step_s=4 * 3600.0)
    np.testing.assert_allclose(coarse.values, fine.values.reshape(12, 4).mean(axis=1))
    np.testing.assert_array_equal(coarse.times, fine.times[::4])
    for step in (1800.0, 5000.0, NAN, 0.0, float("inf"), "3600", True):
        with pytest.raises(BadInput, match="multiple"):
            forecaster.predict(1, step_s=step)  # type: ignore[arg-type]


def test_refusals() -> None:
    with pytest.raises(NotReady):
        Forecaster().predict(1)
    with pytest.raises(NotReady):
        Forecaster().state()
    for settings_ in ({"horizon": 0}, {"horizon": 10**6}, {"horizon": True}, {"coverage": 0.3}):
        with pytest.raises(BadInput):
            Forecaster(**settings_)  # type: ignore[arg-type]
    forecaster = fitted()
    for periods in (0, -1, True, 1.5):
        with pytest.raises(BadInput):
            forecaster.predict(periods)  # type: ignore[arg-type]
    with pytest.raises(TooLarge):
        forecaster.predict(49)
    with pytest.raises(BadInput, match="end after"):
        default_candidates([(5.0, 5.0)])


def test_a_failed_fit_leaves_the_old_one() -> None:
    forecaster = fitted()
    before = forecaster.predict(5)
    with pytest.raises(NotReady):
        forecaster.fit([], [])
    with pytest.raises(BadInput):
        forecaster.fit([1, 2], [1])
    np.testing.assert_array_equal(forecaster.predict(5).values, before.values)


def test_state_survives_the_store() -> None:
    forecaster = fitted()
    again = Forecaster.from_state(msgpack.unpackb(msgpack.packb(forecaster.state())))
    assert again.predict(48).as_dict() == forecaster.predict(48).as_dict()
    assert again.state() == forecaster.state()


@settings(max_examples=30)
@given(
    st.sampled_from(["format", "path", "widths", "start", "step_s", "backtest", "model"]),
    st.one_of(st.none(), st.text(max_size=3), st.just(NAN), st.just([]), st.just([-1.0]), st.just(float("inf"))),
)
def test_damage_is_noticed(key: str, value: object) -> None:
    forecaster = Forecaster(step_s=60.0, horizon=3)
    forecaster.fit([0.0, 60.0], [1.0, 2.0])
    state = forecaster.state()
    if key == "model" or (key == "backtest" and value in ([], "")):
        del state[key]
    else:
        state[key] = value
    with pytest.raises(BadStore):
        Forecaster.from_state(state)

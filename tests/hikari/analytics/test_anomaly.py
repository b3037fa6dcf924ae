"""Online anomalies: what is found and why, what raises no alarm, one alert an episode, feedback, states that go on exactly."""

import json
import math
from dataclasses import replace

import msgpack
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hikari.analytics.anomaly import AnomalyDetector
from hikari.analytics.anomaly_alerts import CONFIRMED, DOWN, FALSE_ALARM, KEPT, UP, Feedback
from hikari.analytics.anomaly_metrics import MAX_METRICS, MetricAnomalies, detect
from hikari.analytics.anomaly_types import Alert, AnomalyConfig, Score
from hikari.errors import BadInput, BadStore, NotFound, TooLarge

SMALL = AnomalyConfig(history=300, warm_up=60, refit=300, trees=10)
numbers = st.one_of(st.none(), st.floats(width=32), st.sampled_from([0.0, 5.0, 5.0, 5.0, 1e300, -1e300, math.nan]))


def wave(rows: int, seed: int = 0) -> np.ndarray:
    """A rhythm of 40 rows with noise."""
    return 10 + 3 * np.sin(np.arange(rows) * 2 * np.pi / 40) + 0.3 * np.random.default_rng(seed).normal(size=rows)


def run(values: np.ndarray, config: AnomalyConfig = SMALL, step: float = 60.0) -> tuple[AnomalyDetector, list[Score]]:
    detector = AnomalyDetector(config, "metric")
    return detector, [detector.update(row * step, float(value)) for row, value in enumerate(values)]


def alerts(scores: list[Score]) -> list[Alert]:
    return [score.alert for score in scores if score.alert is not None]


def test_a_jump_is_one_alert_that_says_how_far() -> None:
    values = wave(500)
    values[400:410] += 20.0
    _, scores = run(values)
    (found,) = [alert for alert in alerts(scores) if alert.timestamp >= 390 * 60]
    assert found.timestamp == 400 * 60
    assert found.value == values[400]
    assert found.id.startswith("metric#")
    assert found.severity in ("high", "critical")
    by_name = {reason.detector: reason for reason in found.why}
    assert len(found.why) == 3
    assert [reason.evidence for reason in found.why] == sorted((reason.evidence for reason in found.why), reverse=True)
    nearest = by_name.get("neighbour_1") or by_name["neighbour_5"]
    assert nearest.unit == "times"
    assert nearest.distance > 10
    forecast = by_name.get("forecast")
    if forecast is not None:
        assert forecast.observed == pytest.approx(values[400])
        assert forecast.expected == pytest.approx(values[399], abs=4)
        assert forecast.distance > 10
    assert "expected" in str(found.why[0])


def test_a_fall_of_the_rhythm_is_found_by_its_shape() -> None:
    values = wave(600)
    values[450:490] = 10.0 + 0.3 * np.random.default_rng(5).normal(size=40)
    _, scores = run(values, replace(SMALL, threshold=3.0))
    assert any(450 <= alert.timestamp / 60 < 500 for alert in alerts(scores))


def test_constant_series_never_alarm_and_a_first_change_does() -> None:
    for constant in (0.0, -1e9, 1e-12):
        assert not alerts(run(np.full(200, constant))[1])
    values = np.full(400, 7.0)
    values[300] = 9.0
    assert [alert.timestamp / 60 for alert in alerts(run(values)[1])] == [300]


def test_noise_alone_alarms_seldom() -> None:
    config = AnomalyConfig(history=500, refit=500, trees=10)
    found = alerts(run(np.random.default_rng(3).normal(size=1000), config)[1])
    assert len(found) <= 8


def test_nothing_is_claimed_during_the_warm_up() -> None:
    values = wave(120)
    values[30] = 1e6
    _, scores = run(values)
    assert {score.status for score in scores[:60]} == {"warming_up"}
    assert scores[60].status == "scored"
    assert all(score.score == score.level == 0 and score.alert is None for score in scores[:60])


def test_a_repeat_stands_back_behind_the_first_event() -> None:
    values = wave(500)
    values[[400, 440]] += 20.0
    _, scores = run(values)
    assert scores[400].score == scores[400].level > 0.99
    assert scores[440].score == 0.0 < scores[440].level


def test_late_duplicated_and_missing_rows_change_nothing() -> None:
    values = wave(300)
    plain, expected = run(values)
    disturbed = AnomalyDetector(SMALL, "metric")
    found = []
    for row, value in enumerate(values):
        found.append(disturbed.update(row * 60.0, float(value)))
        assert disturbed.update(row * 60.0, 1e9).status == "late"
        assert disturbed.update(row * 60.0 + 1, math.nan).status == "missing"
        assert disturbed.update(row * 60.0 + 1, None).status == "missing"
        if row > 5:
            assert disturbed.update((row - 3) * 60.0, -1e9).status == "late"
    assert found == expected
    left, right = plain.state(), disturbed.state()
    assert {key: left[key] for key in left if key != "clock"} == {key: right[key] for key in right if key != "clock"}


def test_a_clock_that_was_set_back_is_followed_in_the_end() -> None:
    detector = AnomalyDetector(SMALL, "metric")
    detector.update(1e10, 1.0)
    seen = [detector.update(1e9 + row * 60, 1.0).status for row in range(20)]
    assert seen == ["late"] * 9 + ["warming_up"] * 11


def test_shapes_do_not_reach_over_a_gap() -> None:
    values = wave(300)
    detector, _ = run(values[:200])
    after = detector.update(200 * 60 + 86_400, float(values[215]))
    assert after.status == "scored"
    assert after.alert is None  # half a rhythm later, but a value that is well known


def test_a_count_is_tested_for_bursts_and_a_measure_is_not() -> None:
    counts = np.random.default_rng(1).poisson(4, 400).astype(float)
    counts[350] = 60.0
    assert "burst" in {reason.detector for alert in alerts(run(counts)[1]) for reason in alert.why}
    for values, kind in ((counts + 0.5, "auto"), (counts, "value")):
        found = alerts(run(values, replace(SMALL, kind=kind))[1])
        assert found
        assert "burst" not in {reason.detector for alert in found for reason in alert.why}


def test_verdicts_move_the_threshold_within_bounds_and_survive() -> None:
    values = wave(500)
    values[400] += 20.0
    detector, scores = run(values)
    name = alerts(scores)[-1].id
    before = detector.threshold
    raised = detector.feedback(name, False)
    assert raised > before
    assert detector.feedback(name, False) == raised  # the same verdict again
    assert detector.feedback(name, True) < before  # a change of mind
    restored = AnomalyDetector.from_state(detector.state(), SMALL, "metric")
    assert restored.threshold == detector.threshold
    with pytest.raises(NotFound):
        detector.feedback("metric#999", True)
    with pytest.raises(BadInput):
        detector.feedback(name, "yes")  # type: ignore[arg-type]
    judged = Feedback(4.5)
    for _ in range(3 * KEPT):
        judged.judge(judged.open("m"), False)
    assert judged.threshold == 4.5 + UP
    for _ in range(3 * KEPT):
        judged.judge(judged.open("m"), True)
    assert judged.threshold == pytest.approx(4.5 - DOWN)
    assert pytest.approx(5 * CONFIRMED) == FALSE_ALARM
    assert len(judged.state()["verdicts"]) == KEPT


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(numbers, max_size=160), st.integers(0, 160))
def test_a_restored_detector_goes_on_exactly(values: list[float | None], cut: int) -> None:
    config = AnomalyConfig(history=60, warm_up=30, refit=50, trees=10)
    detector = AnomalyDetector(config, "metric")
    for row, value in enumerate(values[:cut]):
        if value is None or not math.isinf(value):
            detector.update(float(row), value)
    packed = msgpack.unpackb(msgpack.packb(detector.state()))
    restored = AnomalyDetector.from_state(packed, config, "metric")
    for row, value in enumerate(values[cut:], cut):
        if value is None or not math.isinf(value):
            assert restored.update(float(row), value) == detector.update(float(row), value)
    assert restored.state() == detector.state()


def test_a_detector_that_was_restored_between_two_fits_grows_the_same_forest() -> None:
    values = wave(800)
    detector, _ = run(values[:770])
    restored = AnomalyDetector.from_state(detector.state(), SMALL, "metric")
    for row in range(770, 800):
        assert restored.update(row * 60.0, float(values[row])) == detector.update(row * 60.0, float(values[row]))


def test_the_same_rows_and_seed_give_the_same_scores() -> None:
    assert run(wave(400))[1] == run(wave(400))[1]


def test_memory_stays_flat() -> None:
    config = AnomalyConfig(history=100, warm_up=30, refit=50, trees=10)
    detector, _ = run(wave(400), config)
    full = len(msgpack.packb(detector.state()))
    for row, value in enumerate(wave(600, seed=2)):
        detector.update((1000 + row) * 60.0, float(value))
    assert len(msgpack.packb(detector.state())) <= full + 50 * KEPT


@pytest.mark.parametrize("damage", [
    lambda state: state.pop("tails"), lambda state: state.update(version=0), lambda state: state.update(history=b"123"),
    lambda state: state.update(scale=math.nan), lambda state: state["tails"].update(forecast=b"1" * 8 * 9999),
    lambda state: state["forecast"].update(weights=b""), lambda state: state["feedback"].update(shift=1e9),
    lambda state: state.update(clock=7), lambda state: state["forest"].update(since="x"),
])  # fmt: skip
def test_damaged_states_are_refused(damage) -> None:  # type: ignore[no-untyped-def]
    detector, _ = run(wave(100))
    state = msgpack.unpackb(msgpack.packb(detector.state()))
    damage(state)
    with pytest.raises(BadStore):
        AnomalyDetector.from_state(state, SMALL, "metric")
    for wrong in (None, [], {}, "state"):
        with pytest.raises(BadStore):
            AnomalyDetector.from_state(wrong, SMALL, "metric")


def test_wrong_rows_are_refused_and_leave_the_state_unharmed() -> None:
    detector, _ = run(wave(100))
    before = detector.state()
    for wrong in (math.inf, -math.inf, "5", True, [1.0], 10**400):
        with pytest.raises(BadInput):
            detector.update(1e6, wrong)  # type: ignore[arg-type]
    for wrong in (math.nan, "yesterday", None, 1e12):
        with pytest.raises(BadInput):
            detector.update(wrong, 1.0)
    assert detector.state() == before


@pytest.mark.parametrize("wrong", [
    {"warm_up": 5}, {"history": 100}, {"threshold": 0.0}, {"threshold": math.nan}, {"memory": math.inf}, {"refit": 1.5},
    {"kind": "text"}, {"season": 5000}, {"seed": -1}, {"trees": True}, {"cool_down": 0},
])  # fmt: skip
def test_settings_are_checked(wrong: dict[str, object]) -> None:
    with pytest.raises(BadInput) as caught:
        AnomalyConfig(**wrong)  # type: ignore[arg-type]
    assert caught.value.field in wrong


def test_metrics_are_apart_and_bounded() -> None:
    watched = MetricAnomalies(SMALL, {"chat_rate": replace(SMALL, kind="count")})
    values = wave(450)
    values[400] += 20.0
    for row, value in enumerate(values):
        watched.update("viewers#1", row * 60.0, float(value))
        watched.update("chat_rate", row * 60.0, 3.0)
    assert set(watched.metrics()) == {"viewers#1", "chat_rate"}
    assert {alert.metric for alert in watched.alerts()} == {"viewers#1"}
    assert watched.alerts("chat_rate") == ()
    assert watched.alerts(since=1e9) == ()
    last = watched.alerts()[-1]
    restored = MetricAnomalies.from_state(
        msgpack.unpackb(msgpack.packb(watched.state())), SMALL, {"chat_rate": replace(SMALL, kind="count")}
    )
    assert restored.alerts() == watched.alerts()
    assert (
        restored.feedback(last.id, False) == watched.feedback(last.id, False) == ("viewers#1", watched.thresholds()["viewers#1"])
    )
    assert restored.update("viewers#1", 1e6, 50.0) == watched.update("viewers#1", 1e6, 50.0)
    for wrong in ("nothing#1", "plain", 7):
        with pytest.raises(NotFound):
            watched.feedback(wrong, True)  # type: ignore[arg-type]
    with pytest.raises(BadInput):
        watched.update("", 0, 1.0)
    with pytest.raises(BadInput):
        watched.update("new", 0, math.inf)
    assert "new" not in watched.metrics()
    with pytest.raises(BadStore):
        MetricAnomalies.from_state({**watched.state(), "alerts": [{"id": 1}]}, SMALL)
    for number in range(MAX_METRICS - 2):
        watched.update(f"m{number}", 0.0, 1.0)
    with pytest.raises(TooLarge):
        watched.update("one too many", 0.0, 1.0)
    numbered = {alert.id for alert in watched.alerts("viewers#1")}
    watched.restart({"viewers#1"})
    assert watched.thresholds()["viewers#1"] == restored.thresholds()["viewers#1"]
    assert watched.update("viewers#1", 0.0, 1.0).status == "warming_up"
    for row, value in enumerate(values):
        watched.update("viewers#1", 60.0 + row * 60.0, float(value))
    after = [alert.id for alert in watched.alerts("viewers#1")]
    assert len(set(after)) == len(after) > len(numbered)  # a number is never given twice


def test_a_finished_series_in_any_order_gives_the_same_episodes() -> None:
    values = wave(600)
    values[400:405] += 20.0
    values[550] = math.nan
    times = np.arange(600) * 60.0
    found = [one for one in detect(times, values, SMALL) if one.start >= 390 * 60]
    assert [one.start / 60 for one in found] == [400]
    assert 400 * 60 <= found[0].end <= 440 * 60
    order = np.random.default_rng(0).permutation(600)
    assert detect(times[order], values[order], SMALL) == detect(times, values, SMALL)
    assert detect([], [], SMALL) == []
    for wrong in (([1.0], []), ([math.nan], [1.0]), ("ab", "cd"), ([[1.0]], [[1.0]])):
        with pytest.raises(BadInput):
            detect(*wrong)  # type: ignore[arg-type]
    json.dumps([one.alert.why[0].distance for one in found])

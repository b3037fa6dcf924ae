"""Waves of newcomers against tails computed by other means, over stream borders, and through their state."""

import math

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hikari.analytics.anomaly_types import Alert
from hikari.analytics.anomaly_wave import WaveConfig, WaveDetector
from hikari.errors import BadInput, BadStore, NotFound

counts = st.lists(st.integers(0, 60), min_size=1, max_size=80)


def alerts(values: list[float], detector: WaveDetector | None = None, start: float = 0.0) -> list[Alert]:
    detector = detector or WaveDetector(metric="newcomers")
    return [
        alert
        for row, value in enumerate(values)
        if (alert := detector.update(start + 60.0 * row, value).alert) is not None
    ]  # fmt: skip


def evidence(count: float, before: list[float], minutes: int = 1) -> float:
    """-ln(2 P) by scipy's negative binomial in its own parameters."""
    total = sum(before) + 0.5
    mean, size = minutes * total / len(before), min(total, 5.0)
    return -math.log(2.0) - float(stats.nbinom.logsf(count - 1, size, size / (size + mean)))


def test_the_evidence_is_the_tail_of_a_negative_binomial() -> None:
    before = [1.0, 0.0, 2.0, 1.0, 0.0, 3.0, 1.0, 0.0]
    detector = WaveDetector(metric="newcomers")
    alerts(before, detector)
    score = detector.update(60.0 * len(before), 7.0)
    expected = max(evidence(7.0, before), evidence(7.0, before[:-1], 2))
    assert score.level == pytest.approx(-math.expm1(-expected), rel=1e-9)
    assert score.alert is None


def test_a_raid_is_told_once_with_how_many_came() -> None:
    values = [1.0, 0.0, 1.0, 0.0] * 10 + [18.0, 6.0, 1.0, 0.0]
    (alert,) = alerts(values)
    assert alert.timestamp == 40 * 60.0
    assert (alert.id, alert.severity, alert.value) == ("newcomers#1", "critical", 18.0)
    (why,) = alert.why
    assert (why.feature, why.observed) == ("newcomers in a minute", 18.0)
    assert why.expected == pytest.approx(10.5 / 20)
    assert "18" in str(why)


def test_a_wave_over_the_border_of_minutes_counts_as_one() -> None:
    calm = [1.0, 0.0, 1.0, 1.0] * 10
    one_minute = WaveDetector(WaveConfig(threshold=14.0), "newcomers")
    assert alerts([*calm, 9.0], one_minute) == []
    (alert,) = alerts([*calm, 9.0, 9.0], WaveDetector(WaveConfig(threshold=14.0), "newcomers"))
    assert alert.timestamp == 41 * 60.0
    assert alert.why[0].feature == "newcomers in 2 minutes"


def test_the_beginning_of_a_stream_is_no_raid() -> None:
    opening = [30.0, 22.0, 14.0, 9.0, 6.0, 5.0, 3.0, 2.0, 2.0, 1.0]
    calm = [1.0, 0.0] * 15
    detector = WaveDetector(metric="newcomers")
    assert alerts([*opening, *calm], detector) == []
    assert alerts([*opening, *calm], detector, start=86_400.0) == []  # the day after: a gap
    at = 86_400.0 + 40 * 60.0
    found = [detector.update(at + 60.0 * row, value, begins=row == 0).alert for row, value in enumerate(opening)]
    assert found == [None] * len(opening)  # the operator says that a new one begins at once
    # Without that word it is a wave.
    assert alerts([*opening, *calm, *opening]) != []


def test_few_newcomers_are_no_wave_however_rare_they_are() -> None:
    assert alerts([0.0] * 60 + [4.0]) == []
    assert [alert.value for alert in alerts([0.0] * 60 + [6.0])] == [6.0]


def test_steady_newcomers_hardly_ever_alarm() -> None:
    generator = np.random.default_rng(5)
    found = [alert for rate in (0.3, 1.0, 4.0, 15.0) for alert in alerts(generator.poisson(rate, 5_000).astype(float).tolist())]
    assert len(found) <= 2  # of 20,000 minutes


@settings(max_examples=60)
@given(counts, st.integers(0, 80), st.booleans())
def test_a_restored_detector_goes_on_exactly(values: list[int], cut: int, begins: bool) -> None:
    whole = WaveDetector(metric="newcomers")
    for row, value in enumerate(values[:cut]):
        whole.update(60.0 * row, float(value))
    again = WaveDetector.from_state(msgpack.unpackb(msgpack.packb(whole.state())), metric="newcomers")
    for row, value in enumerate(values[cut:], cut):
        assert again.update(60.0 * row, float(value), begins) == whole.update(60.0 * row, float(value), begins)
    assert again.state() == whole.state()


@given(counts)
def test_scores_lie_between_0_and_1_and_more_newcomers_are_never_less_strange(values: list[int]) -> None:
    detector = WaveDetector(metric="newcomers")
    for row, value in enumerate(values):
        assert 0.0 <= detector.update(60.0 * row, float(value)).score <= 1.0
    state = detector.state()
    levels = [
        WaveDetector.from_state(state, metric="newcomers").update(60.0 * len(values), more).level
        for more in (1.0, 5.0, 20.0, 400.0)
    ]
    assert levels == sorted(levels)


def test_verdicts_and_a_new_start_keep_their_numbers() -> None:
    detector = WaveDetector(metric="newcomers")
    (alert,) = alerts([1.0] * 30 + [30.0], detector)
    before = detector.threshold
    assert detector.feedback(alert.id, False) > before
    fresh = detector.anew()
    assert fresh.threshold == detector.threshold
    (second,) = alerts([1.0] * 30 + [40.0], fresh)
    assert second.id == "newcomers#2"
    with pytest.raises(NotFound):
        fresh.feedback("newcomers#9", True)


def test_wrong_rows_settings_and_states_are_refused() -> None:
    detector = WaveDetector(metric="newcomers")
    alerts([1.0] * 10, detector)
    before = detector.state()
    for wrong in (math.inf, "5", True, [1.0]):
        with pytest.raises(BadInput):
            detector.update(1e6, wrong)  # type: ignore[arg-type]
    with pytest.raises(BadInput):
        detector.update(math.nan, 1.0)
    assert detector.update(1e6, None).status == "missing"
    assert detector.update(0.0, 9.0).status == "late"
    assert {**detector.state(), "clock": None} == {**before, "clock": None}
    for bad in ({"window": 1}, {"settle": 1}, {"least": 0}, {"threshold": math.nan}, {"steadiness": 0.0}, {"cool_down": True}):
        with pytest.raises(BadInput) as caught:
            WaveConfig(**bad)  # type: ignore[arg-type]
        assert caught.value.field in bad
    for damage in ({"version": 0}, {"past": b"123"}, {"quiet": "x"}, {"clock": 7}, {"feedback": {}}):
        with pytest.raises(BadStore):
            WaveDetector.from_state({**before, **damage}, metric="newcomers")
    with pytest.raises(BadStore):
        WaveDetector.from_state(None, metric="newcomers")

"""Recorded metrics: what is read back, what expires, and fits that never happen twice or for an old plan."""

import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.analytics import metric_series
from hikari.analytics.metric_series import HORIZON, NEAR, MetricSeries, reading_change
from hikari.analytics.store import AnalyticsStore
from hikari.errors import BadInput, NotReady, TooLarge
from tests.hikari.analytics.keepers import START

METRICS = ("chat_rate", "viewer_count", "größe 🎮", "x" * 200)


class Answer:
    """What a fit that takes no time answers."""

    def __init__(self, values: int) -> None:
        self.values = values

    def as_dict(self) -> dict[str, Any]:
        return {"values": self.values}


class QuickForecaster:
    """Notes its fits; `wait` holds one up, `meanwhile` happens during it."""

    fits: list[tuple[int, Any]]
    started = threading.Event()
    go_on = threading.Event()
    meanwhile: Any = None

    def __init__(self, *, candidates: Any, horizon: int, **_: Any) -> None:
        self._candidates = candidates
        self._horizon = horizon
        self._known = 0

    def fit(self, times: np.ndarray, values: np.ndarray) -> None:
        assert len(times) == len(values)
        self._known = len(times)
        if self._horizon != HORIZON:
            return  # each fit is one for every reach; the last one counts
        type(self).fits.append((self._known, self._candidates))
        type(self).started.set()
        type(self).go_on.wait(30)
        then, type(self).meanwhile = type(self).meanwhile, None
        if then is not None:
            then()

    def predict(self, periods: int, step_s: float | None) -> Answer:
        if periods > self._horizon:
            raise TooLarge("so far this one does not see", field="periods")
        return Answer(self._known)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> type[QuickForecaster]:
    QuickForecaster.fits, QuickForecaster.meanwhile = [], None
    QuickForecaster.started.clear()
    QuickForecaster.go_on.set()
    monkeypatch.setattr(metric_series, "Forecaster", QuickForecaster)
    monkeypatch.setattr(metric_series, "default_candidates", tuple)
    return QuickForecaster


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AnalyticsStore]:
    made = AnalyticsStore(tmp_path)
    yield made
    made.close()


def record(store: AnalyticsStore, metric: str, count: int, start: float = START, channel: str = "lamp") -> None:
    store.write(reading_change(channel, metric, start + 60 * number, float(number)) for number in range(count))


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.sampled_from(["lamp", "tower"]), st.sampled_from(METRICS), st.integers(-50, 50), st.floats(-1e9, 1e9)),
        max_size=60,
    ),
    st.integers(-60, 60),
)
def test_what_is_recorded_is_read_and_expires(rows: list[tuple[str, str, int, float]], border: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = AnalyticsStore(Path(folder))
        store.write(reading_change(channel, metric, at * 0.5, value) for channel, metric, at, value in rows)
        series = MetricSeries(store)
        for channel in ("lamp", "tower"):
            for metric in METRICS:
                known = {at * 0.5: value for where, name, at, value in rows if (where, name) == (channel, metric)}
                times, values = series.read(channel, metric)
                assert dict(zip(times.tolist(), values.tolist(), strict=True)) == known
                assert times.tolist() == sorted(known)
                assert series.read(channel, metric, border * 0.5)[0].tolist() == [
                    at for at in sorted(known) if at >= border * 0.5
                ]
        before = {metric: series.read("tower", metric)[0].tolist() for metric in METRICS}
        for metric in METRICS:
            store.write(series.expired("lamp", metric, border * 0.5))
            assert (series.read("lamp", metric)[0] >= border * 0.5).all()
            assert series.expired("lamp", metric, border * 0.5) == []
        assert {metric: series.read("tower", metric)[0].tolist() for metric in METRICS} == before
        store.close()


def test_only_the_first_question_fits(store: AnalyticsStore, quick: type[QuickForecaster]) -> None:
    series = MetricSeries(store)
    with pytest.raises(NotReady, match="chat_rate"):
        series.forecast("lamp", "chat_rate", 3)
    record(store, "chat_rate", 10)
    assert series.forecast("lamp", "chat_rate", 3) == {"metric": "chat_rate", "values": 10}
    record(store, "chat_rate", 20)
    assert series.forecast("lamp", "chat_rate", HORIZON)["values"] == 10
    newest = {("lamp", "chat_rate"): START + 19 * 60, ("lamp", "viewer_count"): START}
    assert series.stale(newest, 600.0) == [("lamp", "chat_rate"), ("lamp", "viewer_count")]
    assert series.stale(newest, 601.0) == [("lamp", "viewer_count")]
    series.fit("lamp", "chat_rate")
    assert series.forecast("lamp", "chat_rate", 1)["values"] == 20
    assert [known for known, _ in quick.fits] == [10, 20]
    with pytest.raises(NotReady):
        series.forecast("tower", "chat_rate", 1)


def test_short_questions_are_answered_by_who_forecasts_the_near_best(store: AnalyticsStore) -> None:
    """Minute by minute for five hours: a backtest over the whole horizon has nothing to say, one over the near steps has."""
    record(store, "chat_rate", 300)
    series = MetricSeries(store)
    near = series.forecast("lamp", "chat_rate", NEAR)
    far = series.forecast("lamp", "chat_rate", NEAR + 1)
    assert (near["backtest"]["horizon"], far["backtest"]["horizon"]) == (NEAR, HORIZON)
    assert near["backtest"]["folds"] > far["backtest"]["folds"] == 0
    assert series.forecast("lamp", "chat_rate", 3, step_s=600.0)["backtest"]["horizon"] == HORIZON
    assert len(far["values"]) == NEAR + 1


@pytest.mark.parametrize("periods", [0, -1, HORIZON + 1, 1.5, True, "3", None])
def test_bad_periods_are_refused_before_a_fit(store: AnalyticsStore, quick: type[QuickForecaster], periods: Any) -> None:
    record(store, "chat_rate", 10)
    with pytest.raises(BadInput, match="periods"):
        MetricSeries(store).forecast("lamp", "chat_rate", periods)
    assert quick.fits == []


def test_who_asks_at_the_same_time_is_answered_from_one_fit(store: AnalyticsStore, quick: type[QuickForecaster]) -> None:
    record(store, "chat_rate", 10)
    series = MetricSeries(store)
    quick.go_on.clear()
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(series.forecast, "lamp", "chat_rate", 3) for _ in range(4)]
        assert quick.started.wait(30)
        quick.go_on.set()
        assert [one.result()["values"] for one in asked] == [10] * 4
    assert len(quick.fits) == 1


def test_an_old_fit_answers_while_a_new_one_is_made(store: AnalyticsStore, quick: type[QuickForecaster]) -> None:
    record(store, "chat_rate", 10)
    series = MetricSeries(store)
    series.fit("lamp", "chat_rate")
    record(store, "chat_rate", 20)
    quick.started.clear()
    quick.go_on.clear()
    with ThreadPoolExecutor(1) as pool:
        fitting = pool.submit(series.fit, "lamp", "chat_rate")
        assert quick.started.wait(30)
        assert series.forecast("lamp", "chat_rate", 3)["values"] == 10
        quick.go_on.set()
        fitting.result()
    assert series.forecast("lamp", "chat_rate", 3)["values"] == 20


def test_a_plan_that_changes_during_a_fit_is_not_overlooked(store: AnalyticsStore, quick: type[QuickForecaster]) -> None:
    record(store, "chat_rate", 10)
    record(store, "chat_rate", 10, channel="tower")
    series = MetricSeries(store)
    series.fit("tower", "chat_rate")
    plan = [(START + 86_400.0, START + 90_000.0)]
    quick.meanwhile = lambda: series.schedule("lamp", plan)
    series.fit("lamp", "chat_rate")
    assert [candidates for _, candidates in quick.fits] == [(), (), tuple(plan)]
    assert series.fitted("tower", "chat_rate") is not None
    series.schedule("lamp", [])
    assert series.fitted("lamp", "chat_rate") is None


def test_a_bad_plan_changes_nothing(store: AnalyticsStore) -> None:
    record(store, "chat_rate", 3)
    series = MetricSeries(store)
    fitted = series.fit("lamp", "chat_rate")
    with pytest.raises(BadInput):
        series.schedule("lamp", [(START + 9, START)])
    assert series.fitted("lamp", "chat_rate") is fitted

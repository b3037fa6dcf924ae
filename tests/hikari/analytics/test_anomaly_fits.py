"""Forests that grow in the background: nobody waits for them, the others answer meanwhile, and at once means always the same."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from hikari.analytics import anomaly_forest
from hikari.analytics.anomaly import AnomalyDetector
from hikari.analytics.anomaly_fits import ForestFits
from hikari.analytics.anomaly_forest import IsolationRows, Trees
from hikari.analytics.anomaly_types import AnomalyConfig, Score
from hikari.analytics.config import AnalyticsConfig
from hikari.analytics.keeper import Keeper
from hikari.analytics.store import AnalyticsStore
from tests.hikari.analytics.keepers import START

SMALL = AnomalyConfig(history=120, warm_up=40, refit=50, trees=10)


def rows(count: int, seed: int = 0) -> list[float]:
    return (np.sin(np.arange(count) / 5) + 0.1 * np.random.default_rng(seed).normal(size=count)).tolist()


def fed(detector: AnomalyDetector, values: list[float], start: int = 0) -> list[Score]:
    return [detector.update(60.0 * row, value) for row, value in enumerate(values, start)]


class Gate:
    """Stands before every fit until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.opened, self.grown = threading.Event(), threading.Event(), list[threading.Thread]()
        grow = anomaly_forest.grow

        def late(table: np.ndarray, trees: int, seed: int) -> Trees:
            self.reached.set()
            assert self.opened.wait(60)
            self.grown.append(threading.current_thread())
            return grow(table, trees, seed)

        monkeypatch.setattr(anomaly_forest, "grow", late)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate(monkeypatch)
    yield made
    made.opened.set()


def test_without_a_background_a_forest_is_there_with_the_row_that_needs_it() -> None:
    forest = IsolationRows(120, 50, 10, 7)
    values = np.array(rows(200))
    first = next(row for row in range(1, 200) if _step(forest, values[:row]) is not None)
    again = IsolationRows(120, 50, 10, 7)
    assert next(row for row in range(1, 200) if _step(again, values[:row]) is not None) == first


def test_until_the_forest_has_grown_the_other_detectors_answer(gate: Gate) -> None:
    fits = ForestFits()
    values = rows(160)
    values[120] += 15.0
    detector = AnomalyDetector(SMALL, "metric", fits)
    scores = fed(detector, values)  # no fit was waited for
    alert = next(score.alert for score in scores if score.alert is not None)
    assert alert.timestamp == 120 * 60.0
    assert all(reason.detector != "isolation_forest" for score in scores if score.alert for reason in score.alert.why)
    assert not gate.grown
    assert len(fits) == 1  # the newest request alone
    gate.opened.set()
    assert fits.work()
    fed(detector, rows(40, seed=1), start=160)  # from the next row on the forest has its say
    assert len(detector._tails["isolation_forest"]._seen) > 0


def test_a_forest_from_the_background_is_the_one_of_the_same_rows() -> None:
    values = np.array(rows(130))
    here, there, fits = IsolationRows(120, 50, 10, 7), IsolationRows(120, 50, 10, 7), ForestFits()
    there = IsolationRows(120, 50, 10, 7, fits)
    here.learn(values)
    there.learn(values.copy())
    changed = np.concatenate([values, [3.0]])
    assert there.observe(changed, 100) is None
    values[:] = 99.0  # the request holds a copy of its own
    assert fits.work()
    assert there.observe(changed, 100) == here.observe(changed, 100)


def test_a_restored_detector_asks_once_and_goes_on_with_its_forest() -> None:
    values = rows(140)
    plain = AnomalyDetector(SMALL, "metric")
    fed(plain, values)
    fits = ForestFits()
    restored = AnomalyDetector.from_state(plain.state(), SMALL, "metric", fits)
    more = rows(5, seed=3)
    fed(restored, more[:1], start=140)
    fed(plain, more[:1], start=140)
    assert len(fits) == 1
    assert fits.work()
    # The first row alone went without a forest: from now on it is the same one, and it was asked for once.
    history = np.array(values[-100:])
    assert restored._forest.observe(history, 100) == plain._forest.observe(history, 100) is not None
    fed(restored, more[1:], start=141)
    assert len(fits) == 0


def test_who_waits_for_requests_is_let_go() -> None:
    fits = ForestFits()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(fits.work)
        fits.close()
        assert waiting.result(60) is False
    fits.ask(IsolationRows(120, 50, 10, 7), np.zeros(60))
    assert fits.work() is False


def test_a_live_engine_grows_forests_away_from_its_lock(tmp_path: Path, gate: Gate) -> None:
    one = Keeper(AnalyticsStore(tmp_path), AnalyticsConfig(), lambda: START)
    for number in range(150):
        one.record("default", "donations", float(number % 7), START + 60.0 * number, None)
    assert gate.reached.wait(60)
    # While the forest grows, everybody is served.
    one.record("default", "donations", 3.0, START + 60.0 * 150, None)
    assert one.channels["default"].anomalies.metrics() == ("donations",)
    gate.opened.set()
    one.close()
    assert all(thread is not threading.current_thread() for thread in gate.grown)
    assert gate.grown


def test_a_replay_fits_on_the_spot_and_twice_the_same(tmp_path: Path) -> None:
    states = []
    for name in ("one", "two"):
        one = Keeper(AnalyticsStore(tmp_path / name), AnalyticsConfig(background=False), lambda: START)
        for number, value in enumerate(rows(160)):
            one.record("default", "mood", value, START + 60.0 * number, None)
        assert len(one.fits) == 0
        states.append(one.channels["default"].anomalies.state())
        one.close()
    assert states[0] == states[1]


def _step(forest: IsolationRows, history: np.ndarray) -> float | None:
    found = forest.observe(history, len(history))
    forest.learn(history)
    return found

"""What analytics relies on, for every detector of anomalies; and a broken one for each promise, so that the suite itself is proven."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from hikari.analytics.anomaly import AnomalyDetector
from hikari.analytics.anomaly_forest import IsolationRows
from hikari.analytics.anomaly_neighbours import NearestNeighbours
from hikari.analytics.anomaly_residual import ForecastResidual
from hikari.analytics.anomaly_types import AnomalyConfig
from training.nab_references import relative_entropy, windowed_gaussian

Floats = np.ndarray
Detector = Callable[[Floats], Floats]
"""Values (n,) to scores (n,), as a series that is read row by row."""
SMALL = AnomalyConfig(history=200, warm_up=40, refit=150, trees=10)
ROWS = 260
JUMP = 220


def combined(values: Floats) -> Floats:
    detector = AnomalyDetector(SMALL)
    return np.array([detector.update(60.0 * row, float(value)).score for row, value in enumerate(values)])


def restored_each_row(values: Floats) -> Floats:
    """The same, through its state every 65 rows."""
    detector, scores = AnomalyDetector(SMALL), []
    for row, value in enumerate(values):
        if row % 65 == 0:
            detector = AnomalyDetector.from_state(detector.state(), SMALL)
        scores.append(detector.update(60.0 * row, float(value)).score)
    return np.array(scores)


def forecast(values: Floats) -> Floats:
    model = ForecastResidual()
    return np.array([model.observe(values[: row + 1], row + 1) or 0.0 for row in range(len(values))])


def neighbours(values: Floats) -> Floats:
    model = NearestNeighbours()
    return np.array([model.observe(values[: row + 1], row + 1)[1] or 0.0 for row in range(len(values))])


def forest(values: Floats) -> Floats:
    model, scores = IsolationRows(200, 150, 10, 7), []
    for row in range(len(values)):
        scores.append(model.observe(values[: row + 1], row + 1) or 0.0)
        model.learn(values[: row + 1])
    return np.array(scores)


DETECTORS: dict[str, Detector] = {
    "combined": combined, "restored": restored_each_row, "forecast": forecast, "neighbours": neighbours, "forest": forest,
    "windowed_gaussian": windowed_gaussian, "relative_entropy": relative_entropy,
}  # fmt: skip
LOOKS_AHEAD = {"relative_entropy"}
"""By its published definition: its bins lie between the extremes of the whole file."""
UNBOUNDED = {"forecast", "neighbours"}
"""Measures of strangeness; their rank is what is combined."""


def series() -> Floats:
    values = np.sin(np.arange(ROWS) / 4) + 0.1 * np.random.default_rng(0).normal(size=ROWS)
    values[JUMP : JUMP + 3] += 12
    return values


def scores_every_row(detector: Detector) -> None:
    found = detector(series())
    assert found.shape == (ROWS,)
    assert np.isfinite(found).all()
    assert (found >= 0).all()


def stays_within_one(detector: Detector) -> None:
    assert detector(series()).max() <= 1.0


def repeats_itself(detector: Detector) -> None:
    np.testing.assert_array_equal(detector(series()), detector(series()))


def changes_no_input(detector: Detector) -> None:
    values = series()
    kept = values.copy()
    detector(values)
    np.testing.assert_array_equal(values, kept)


def looks_at_the_past_alone(detector: Detector) -> None:
    values = series()
    changed = values.copy()
    changed[JUMP + 10 :] = 99.0
    np.testing.assert_array_equal(detector(values)[: JUMP + 10], detector(changed)[: JUMP + 10])


def sees_a_jump(detector: Detector) -> None:
    found = detector(series())
    assert found[JUMP : JUMP + 4].max() >= np.quantile(found[60:JUMP], 0.99)
    assert found[JUMP : JUMP + 4].max() > np.median(found[60:JUMP])


def is_calm_on_a_constant(detector: Detector) -> None:
    found = detector(np.full(150, 3.0))
    assert not (found > 0.5 + 1e-9).any()


def takes_short_series(detector: Detector) -> None:
    for rows in (1, 2, 30):
        assert detector(series()[:rows]).shape == (rows,)


PROMISES = (
    scores_every_row, stays_within_one, repeats_itself, changes_no_input, looks_at_the_past_alone, sees_a_jump,
    is_calm_on_a_constant, takes_short_series,
)  # fmt: skip


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
@pytest.mark.parametrize("name", DETECTORS)
def test_every_detector_keeps_every_promise(name: str, promise: Callable[[Detector], None]) -> None:
    if (promise is stays_within_one and name in UNBOUNDED) or (promise is looks_at_the_past_alone and name in LOOKS_AHEAD):
        with pytest.raises(AssertionError):
            promise(DETECTORS[name])
    else:
        promise(DETECTORS[name])


def test_a_state_in_between_changes_nothing() -> None:
    np.testing.assert_array_equal(combined(series()), restored_each_row(series()))


def _spoils(values: Floats) -> Floats:
    values += 1.0
    return np.zeros(len(values))


def _forgets(count: list[int]) -> Detector:
    def detector(values: Floats) -> Floats:
        count[0] += 1
        return np.full(len(values), 1.0 / count[0])

    return detector


BROKEN: dict[Callable[[Detector], None], Detector] = {
    scores_every_row: lambda values: np.full(len(values), math.nan),
    stays_within_one: np.abs,
    repeats_itself: _forgets([0]),
    changes_no_input: _spoils,
    looks_at_the_past_alone: lambda values: np.abs(values - values.mean()),
    sees_a_jump: lambda values: 1.0 / (1.0 + np.abs(values)),
    is_calm_on_a_constant: lambda values: np.ones(len(values)),
    takes_short_series: lambda values: np.convolve(values, np.ones(40), "valid"),
}


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_a_broken_detector_is_found_out(promise: Callable[[Detector], None]) -> None:
    with pytest.raises(AssertionError):
        promise(BROKEN[promise])

"""Temperatures, thresholds and ensembles: known answers are recovered, vectorised code equals the engine's."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from hikari.sentiment.calibration import Calibration, sigmoid, softmax
from hikari.sentiment.ensemble import SEED, Ensemble, spread
from hikari.sentiment.labels import TASKS
from training import calibrate

SENTIMENT, EMOTION, TOXICITY, QUESTION = TASKS
Array = np.ndarray

WEIGHTS = st.integers(0, 20).map(lambda number: number / 20)
BIASES = st.sampled_from([0.6, 0.8, 1.0, 1.25, 1.6])
ENSEMBLES = st.builds(Ensemble, WEIGHTS.filter(bool), WEIGHTS, WEIGHTS, BIASES) | st.builds(
    Ensemble, WEIGHTS, WEIGHTS.filter(bool), WEIGHTS, BIASES
)
SCORES = st.none() | st.integers(-100, 100).map(lambda number: number / 100)
DISTRIBUTIONS = st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(1, 20)).map(
    lambda parts: tuple(part / sum(parts) for part in parts)
)
ROWS = st.lists(st.tuples(DISTRIBUTIONS, SCORES, SCORES), min_size=1, max_size=8)


def draws(probabilities: Array, generator: np.random.Generator) -> Array:
    """One-hot labels drawn from each row's distribution."""
    labels = (probabilities.cumsum(axis=1) > generator.random((len(probabilities), 1))).argmax(axis=1)
    return np.eye(probabilities.shape[1])[labels]


def columns(rows: list[Any]) -> tuple[Array, Array, Array]:
    """Rows of (distribution, score, score) as arrays, NaN where a score is absent."""
    scores = [np.array([np.nan if row[k] is None else row[k] for row in rows], dtype=float) for k in (1, 2)]
    return np.array([row[0] for row in rows], dtype=float), scores[0], scores[1]


def random_members(seed: int, rows: int = 200) -> tuple[Array, Array, Array, Array]:
    """Three members that know something each, and the truth."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 3, rows)
    transformer = softmax(np.eye(3)[truth] * 1.2 + generator.normal(size=(rows, 3)))
    vader = np.clip((truth - 1) * 0.4 + generator.normal(scale=0.4, size=rows), -1, 1)
    emoji = np.where(generator.random(rows) < 0.7, np.nan, np.clip((truth - 1) * 0.6, -1, 1))
    vader[generator.random(rows) < 0.3] = np.nan
    return transformer, vader, emoji, truth


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_of_a_softmax_is_recovered(temperature: float) -> None:
    generator = np.random.default_rng(1)
    logits = generator.normal(scale=2.0 * max(1.0, temperature), size=(20_000, 7))
    targets = draws(softmax(logits / temperature), generator)
    assert calibrate.fit_temperature(EMOTION, logits, targets) == pytest.approx(temperature, rel=0.05)


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_the_temperature_of_a_sigmoid_is_recovered(temperature: float) -> None:
    generator = np.random.default_rng(2)
    logits = generator.normal(scale=3.0, size=(20_000, 6))
    targets = (generator.random(logits.shape) < sigmoid(logits / temperature)).astype(float)
    assert calibrate.fit_temperature(TOXICITY, logits, targets) == pytest.approx(temperature, rel=0.05)


def test_the_temperature_stays_in_bounds_and_is_one_without_labels() -> None:
    logits = np.array([[9.0, -9.0, 0.0]] * 5)
    assert 0.2 <= calibrate.fit_temperature(SENTIMENT, logits, np.array([[1.0, 0, 0]] * 5)) <= 5.0
    assert calibrate.fit_temperature(SENTIMENT, logits, np.array([[0.0, 1, 0]] * 5)) == pytest.approx(5.0, rel=0.01)
    assert calibrate.fit_temperature(SENTIMENT, logits, np.full((5, 3), np.nan)) == 1.0


def test_unlabelled_rows_do_not_move_the_temperature() -> None:
    generator = np.random.default_rng(3)
    logits = generator.normal(size=(300, 3)) * 3
    targets = draws(softmax(logits / 2), generator)
    more = np.concatenate([logits, generator.normal(size=(50, 3)) * 50])
    with_open = np.concatenate([targets, np.full((50, 3), np.nan)])
    assert calibrate.fit_temperature(SENTIMENT, more, with_open) == calibrate.fit_temperature(SENTIMENT, logits, targets)


@given(st.lists(st.lists(st.integers(-60, 60), min_size=3, max_size=3), min_size=1, max_size=9), st.floats(0.2, 5.0))
def test_a_temperature_never_changes_what_is_picked(rows: list[list[int]], temperature: float) -> None:
    logits = np.array(rows, dtype=float) / 4
    calibration = Calibration({"sentiment": temperature}, {}, {"seed": SEED}, "seed")
    probabilities = calibration.probabilities(SENTIMENT, logits)
    assert (probabilities.argmax(axis=1) == logits.argmax(axis=1)).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)


@given(st.integers(10, 40), st.integers(60, 90), st.integers(1, 20), st.integers(1, 20))
def test_separable_data_gets_a_threshold_between(low: int, high: int, negatives: int, positives: int) -> None:
    probabilities = np.array([low / 100] * negatives + [high / 100] * positives)
    truth = np.array([False] * negatives + [True] * positives)
    threshold = calibrate.fit_threshold(truth, probabilities)
    assert low / 100 < threshold <= high / 100
    assert threshold == pytest.approx((low + high) / 200, abs=0.03)
    assert ((probabilities >= threshold) == truth).all()


def test_a_fitted_threshold_is_about_as_good_as_the_best() -> None:
    generator = np.random.default_rng(4)
    truth = generator.random(2000) < 0.2
    probabilities = np.clip(generator.normal(loc=0.25 + 0.3 * truth, scale=0.12), 0, 1)
    threshold = calibrate.fit_threshold(truth, probabilities)
    best = max(f1_score(truth, probabilities >= limit) for limit in np.arange(0.05, 0.96, 0.01))
    assert f1_score(truth, probabilities >= threshold) >= best - 0.01


def test_labels_with_few_positives_keep_one_half() -> None:
    targets = np.zeros((40, 6))
    targets[:5, 0] = 1
    targets[:4, 1] = 1
    probabilities = np.where(targets > 0, 0.3, 0.1)
    found = calibrate.fit_thresholds(TOXICITY, probabilities, targets, minimum_positives=5)
    assert set(found) == set(TOXICITY.labels)
    assert 0.1 < found["toxic"] <= 0.3
    assert [found[label] for label in TOXICITY.labels[1:]] == [0.5] * 5


def test_unlabelled_rows_do_not_move_thresholds() -> None:
    targets = np.array([[0.0]] * 5 + [[1.0]] * 5 + [[np.nan]] * 30)
    probabilities = np.array([[0.2]] * 5 + [[0.4]] * 5 + [[0.9]] * 30)
    (threshold,) = calibrate.fit_thresholds(QUESTION, probabilities, targets, 5).values()
    assert 0.2 < threshold <= 0.4
    assert calibrate.fit_thresholds(QUESTION, probabilities, targets, 6) == {"question": 0.5}


@given(ENSEMBLES, ROWS)
def test_combine_equals_the_engine_row_by_row(ensemble: Ensemble, rows: list[Any]) -> None:
    found = calibrate.combine(ensemble, *columns(rows))
    expected = [ensemble.combine(*row) for row in rows]
    np.testing.assert_allclose(found, expected, atol=1e-12)


@given(ENSEMBLES, st.lists(st.tuples(SCORES, SCORES), min_size=1, max_size=6))
def test_combine_equals_the_engine_without_the_encoder(ensemble: Ensemble, rows: list[Any]) -> None:
    _, vader, emoji = columns([((0.0, 1.0, 0.0), *row) for row in rows])
    found = calibrate.combine(ensemble, np.full((len(rows), 3), np.nan), vader, emoji)
    np.testing.assert_allclose(found, [ensemble.combine(None, *row) for row in rows], atol=1e-12)


@given(ENSEMBLES, st.lists(DISTRIBUTIONS, min_size=1, max_size=8))
def test_classes_equal_the_engines_labels(ensemble: Ensemble, distributions: list[tuple[float, float, float]]) -> None:
    found = calibrate.classes(ensemble, np.array(distributions))
    names = ("negative", "neutral", "positive")
    expected = [ensemble.label(row).removeprefix("very_") for row in distributions]
    assert [names[number] for number in found] == expected


@given(st.integers(-100, 100))
def test_a_score_alone_keeps_its_class_through_both_paths(number: int) -> None:
    score = number / 100
    ensemble = Ensemble(0.0, 1.0, 0.0)
    (row,) = calibrate.combine(ensemble, np.full((1, 3), np.nan), np.array([score]), np.array([np.nan]))
    assert row == pytest.approx(spread(score))
    assert row[2] - row[0] == pytest.approx(score)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
def test_the_fast_macro_f1_equals_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    truth, predicted = np.array(pairs).T
    expected = f1_score(truth, predicted, labels=range(3), average="macro", zero_division=0)
    assert calibrate.macro_f1(predicted, truth) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(5))
def test_a_fitted_ensemble_is_never_worse_than_the_seed_on_its_data(seed: int) -> None:
    *members, truth = random_members(seed)
    fitted = calibrate.fit_ensemble(*members, truth)
    scores = [
        calibrate.macro_f1(calibrate.classes(choice, calibrate.combine(choice, *members)), truth) for choice in (fitted, SEED)
    ]
    assert scores[0] >= scores[1]
    assert fitted.transformer >= 0.4
    assert fitted.transformer + fitted.vader + fitted.emoji == pytest.approx(1.0)


def test_a_perfect_encoder_is_left_alone() -> None:
    truth = np.arange(30) % 3
    transformer = np.eye(3)[truth] * 0.9 + 0.1 / 3
    wrong = -(truth - 1.0)
    fitted = calibrate.fit_ensemble(transformer, wrong, wrong, truth)
    assert (fitted.transformer, fitted.vader, fitted.emoji) == (1.0, 0.0, 0.0)


def case(seed: int) -> tuple[dict[str, Array], dict[str, Array], Array, Array]:
    """Logits, targets and the other members for all four tasks."""
    generator = np.random.default_rng(seed)
    _, vader, emoji, truth = random_members(seed)
    rows = len(truth)
    targets = {
        "sentiment": np.eye(3)[truth],
        "emotion": np.eye(7)[generator.integers(0, 7, rows)],
        "toxicity": (generator.random((rows, 6)) < 0.3).astype(float),
        "question": (generator.random((rows, 1)) < 0.3).astype(float),
    }
    logits = {name: (values - 0.5) * 4 + generator.normal(size=values.shape) for name, values in targets.items()}
    return logits, targets, vader, emoji


def test_fit_gives_a_calibration_that_survives_its_file() -> None:
    logits, targets, vader, emoji = case(0)
    fitted = calibrate.fit(TASKS, logits, targets, vader, emoji, 15)
    assert Calibration.from_json(fitted.to_json()) == fitted
    assert set(fitted.temperatures) == {task.name for task in TASKS}
    assert set(fitted.thresholds) == {"emotion", "toxicity", "question"}
    assert set(fitted.ensembles) == {"seed", "tuned"}
    assert fitted.ensembles["seed"] == SEED


@pytest.mark.parametrize("seed", range(3))
def test_the_default_is_the_better_ensemble(seed: int) -> None:
    logits, targets, vader, emoji = case(seed)
    fitted = calibrate.fit(TASKS, logits, targets, vader, emoji, 15)
    truth = targets["sentiment"].argmax(axis=1)
    members = (fitted.probabilities(SENTIMENT, logits["sentiment"]), vader, emoji)
    scores = {
        name: calibrate.macro_f1(calibrate.classes(choice, calibrate.combine(choice, *members)), truth)
        for name, choice in fitted.ensembles.items()
    }
    assert scores[fitted.default_ensemble] == max(scores.values())


def test_the_seed_stays_default_when_tuning_gains_nothing() -> None:
    truth = np.arange(30) % 3
    logits, targets, _, _ = case(1)
    few = {name: values[:30] for name, values in targets.items()}
    few["sentiment"] = np.eye(3)[truth]
    scores = {name: values[:30] for name, values in logits.items()}
    scores["sentiment"] = few["sentiment"] * 20
    absent = np.full(30, np.nan)
    assert calibrate.fit(TASKS, scores, few, absent, absent, 15).default_ensemble == "seed"

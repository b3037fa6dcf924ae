"""Figures equal to scikit-learn's or to closed forms; unlabelled rows are left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from hikari.sentiment.labels import TASKS
from training import metrics

SENTIMENT, EMOTION, TOXICITY, QUESTION = TASKS
Array = np.ndarray


def softmax_case(labels: int, seed: int, rows: int = 60) -> tuple[Array, Array, Array]:
    """Classes, one-hot targets, probabilities."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, labels, rows)
    probabilities = generator.dirichlet(np.ones(labels), rows)
    return truth, np.eye(labels)[truth], probabilities


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40))
def test_macro_f1_equals_its_formula(pairs: list[tuple[int, int]]) -> None:
    truth, predicted = np.array(pairs).T
    each = []
    for label in range(3):
        hits = int(((truth == label) & (predicted == label)).sum())
        total = int((truth == label).sum() + (predicted == label).sum())
        each.append(2 * hits / total if total else 0.0)
    assert metrics.macro_f1(truth, predicted, 3) == pytest.approx(np.mean(each))


def test_a_label_that_never_occurs_counts_zero() -> None:
    assert metrics.macro_f1(np.array([0, 1]), np.array([0, 1]), 4) == pytest.approx(0.5)


def test_binary_f1_without_positives_is_zero() -> None:
    nothing = np.zeros(3, dtype=bool)
    assert metrics.binary_f1(nothing, nothing) == 0.0
    assert metrics.binary_f1(np.array([True, True, False]), np.array([True, False, True])) == pytest.approx(0.5)


def test_calibration_error_in_closed_form() -> None:
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.55, 0.55, 1.0, 0.0])
    correct = np.array([1, 1, 1, 0, 0, 1, 1, 0], dtype=bool)
    top = abs((4 * 0.95 + 1.0) / 5 - 4 / 5) * 5 / 8
    middle = abs(0.55 - 0.5) * 2 / 8
    assert metrics.expected_calibration_error(confidence, correct) == pytest.approx(top + middle)


def test_perfect_calibration_has_no_error() -> None:
    confidence = np.full(10, 0.7)
    correct = np.array([True] * 7 + [False] * 3)
    assert metrics.expected_calibration_error(confidence, correct) == pytest.approx(0.0)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50), st.integers(1, 20))
def test_calibration_error_is_a_share(rows: list[tuple[float, bool]], bins: int) -> None:
    confidence, correct = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    error = metrics.expected_calibration_error(confidence, correct, bins)
    assert 0.0 <= error <= 1.0
    assert metrics.expected_calibration_error(confidence, correct, 1) == pytest.approx(abs(confidence.mean() - correct.mean()))


@pytest.mark.parametrize("seed", range(3))
def test_softmax_report_equals_scikit_learn(seed: int) -> None:
    truth, targets, probabilities = softmax_case(7, seed)
    report = metrics.softmax_report(EMOTION, targets, probabilities)
    predicted = probabilities.argmax(axis=1)
    assert report["rows"] == 60
    assert report["accuracy"] == pytest.approx(sk.accuracy_score(truth, predicted))
    assert report["macro_f1"] == pytest.approx(sk.f1_score(truth, predicted, average="macro"))
    assert report["macro_recall"] == pytest.approx(sk.balanced_accuracy_score(truth, predicted))
    each = sk.f1_score(truth, predicted, average=None, labels=range(7), zero_division=0)
    assert [report[f"f1/{label}"] for label in EMOTION.labels] == pytest.approx(each)


@pytest.mark.parametrize("seed", range(3))
def test_sigmoid_report_equals_scikit_learn(seed: int) -> None:
    generator = np.random.default_rng(seed)
    targets = (generator.random((80, 6)) < 0.3).astype(float)
    probabilities = np.clip(targets * 0.3 + generator.random((80, 6)) * 0.7, 0, 1)
    thresholds = {"toxic": 0.3, "insult": 0.6}
    limits = np.array([0.3, 0.5, 0.5, 0.5, 0.6, 0.5])
    report = metrics.sigmoid_report(TOXICITY, targets, probabilities, thresholds)
    decided = probabilities >= limits
    assert report["f1"] == pytest.approx(sk.f1_score(targets.any(axis=1), decided.any(axis=1)))
    assert report["accuracy"] == pytest.approx(sk.accuracy_score(targets.any(axis=1), decided.any(axis=1)))
    assert report["macro_f1"] == pytest.approx(sk.f1_score(targets, decided, average="macro"))
    for number, label in enumerate(TOXICITY.labels):
        assert report[f"f1/{label}"] == pytest.approx(sk.f1_score(targets[:, number], decided[:, number]))
        assert report[f"average_precision/{label}"] == pytest.approx(
            sk.average_precision_score(targets[:, number], probabilities[:, number])
        )


def test_a_probability_on_the_threshold_counts_as_over_it() -> None:
    report = metrics.sigmoid_report(QUESTION, np.array([[1.0]]), np.array([[0.4]]), {"question": 0.4})
    assert report["f1"] == 1.0


def test_a_label_without_positives_has_no_average_precision() -> None:
    targets = np.zeros((4, 6))
    targets[0, 0] = 1.0
    report = metrics.sigmoid_report(TOXICITY, targets, np.full((4, 6), 0.1), {})
    assert [name for name in report if name.startswith("average_precision")] == ["average_precision/toxic"]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_unlabelled_rows_are_left_out(task: object) -> None:
    labels = len(task.labels)  # type: ignore[attr-defined]
    generator = np.random.default_rng(0)
    targets = np.eye(labels)[generator.integers(0, labels, 30)]
    probabilities = generator.random((30, labels))
    with_open = np.concatenate([targets, np.full((5, labels), np.nan)])
    more = np.concatenate([probabilities, generator.random((5, labels))])
    known = metrics.report(task, targets, probabilities, {})  # type: ignore[arg-type]
    assert metrics.report(task, with_open, more, {}) == known  # type: ignore[arg-type]
    assert known["rows"] == 30
    assert metrics.report(task, np.full((5, labels), np.nan), more[:5], {}) == {}  # type: ignore[arg-type]


def test_the_main_figure_is_part_of_each_report() -> None:
    for task in TASKS:
        targets = np.eye(len(task.labels))
        report = metrics.report(task, targets, targets * 0.8 + 0.1, {})
        assert report[metrics.main_figure(task)] == 1.0
    assert [metrics.main_figure(task) for task in TASKS] == ["macro_f1", "macro_f1", "f1", "f1"]


def test_confusion_counts_truth_by_row() -> None:
    targets = np.array([[1, 0, 0], [1, 0, 0], [0, 0, 1], [np.nan] * 3])
    probabilities = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.8, 0.1, 0.1]])
    assert metrics.confusion(SENTIMENT, targets, probabilities).tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]

"""Classification figures on arrays; scikit-learn does the counting."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import sklearn.metrics

from hikari.sentiment.labels import Task

Array = np.ndarray
_counts: Any = sklearn.metrics  # its types are guessed from defaults, and wrong


def macro_f1(truth: Array, predicted: Array, n_labels: int) -> float:
    """Mean F1 over all labels; a label that occurs in neither truth nor prediction counts 0."""
    return float(_counts.f1_score(truth, predicted, labels=range(n_labels), average="macro", zero_division=0))


def binary_f1(truth: Array, predicted: Array) -> float:
    """F1 of the positive class."""
    return float(_counts.f1_score(truth.astype(int), predicted.astype(int), zero_division=0))


def expected_calibration_error(confidence: Array, correct: Array, n_bins: int = 10) -> float:
    """Mean distance between confidence and accuracy over equal-width bins, weighted by size (Guo et al., 2017)."""
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gaps = [
        abs(confidence[bins == b].mean() - correct[bins == b].mean()) * (bins == b).mean()
        for b in range(n_bins)
        if (bins == b).any()
    ]
    return float(sum(gaps))


def softmax_report(task: Task, targets: Array, probabilities: Array) -> dict[str, float]:
    """Accuracy, macro-F1, macro recall, F1 per label and calibration error of a one-label task; unlabelled rows are left out."""
    known = ~np.isnan(targets).any(axis=1)
    if not known.any():
        return {}
    truth, predicted = targets[known].argmax(axis=1), probabilities[known].argmax(axis=1)
    n = len(task.labels)
    each = _counts.f1_score(truth, predicted, labels=range(n), average=None, zero_division=0)
    recalls = [float((predicted[truth == k] == k).mean()) for k in range(n) if (truth == k).any()]
    return {
        "rows": int(known.sum()),
        "accuracy": float((truth == predicted).mean()),
        "macro_f1": macro_f1(truth, predicted, n),
        "macro_recall": float(np.mean(recalls)),
        "ece": expected_calibration_error(probabilities[known].max(axis=1), truth == predicted),
        **{f"f1/{label}": float(value) for label, value in zip(task.labels, each, strict=True)},
    }


def sigmoid_report(task: Task, targets: Array, probabilities: Array, thresholds: Mapping[str, float]) -> dict[str, float]:
    """F1 of "any label", F1 and average precision per label; unlabelled entries are left out."""
    limits = np.array([thresholds.get(label, 0.5) for label in task.labels])
    known = ~np.isnan(targets).any(axis=1)
    if not known.any():
        return {}
    truth, predicted = np.asarray(targets[known] > 0.5), np.asarray(probabilities[known] >= limits)
    report: dict[str, float] = {
        "rows": int(known.sum()),
        "f1": binary_f1(np.asarray(truth.any(axis=1)), np.asarray(predicted.any(axis=1))),
        "accuracy": float((truth.any(axis=1) == predicted.any(axis=1)).mean()),
    }
    for number, label in enumerate(task.labels):
        report[f"f1/{label}"] = binary_f1(np.asarray(truth[:, number]), np.asarray(predicted[:, number]))
        if truth[:, number].any():
            report[f"average_precision/{label}"] = float(
                _counts.average_precision_score(truth[:, number], probabilities[known][:, number])
            )
    report["macro_f1"] = float(np.mean([report[f"f1/{label}"] for label in task.labels]))
    return report


def report(task: Task, targets: Array, probabilities: Array, thresholds: Mapping[str, float]) -> dict[str, float]:
    """The figures of one task."""
    if task.activation == "softmax":
        return softmax_report(task, targets, probabilities)
    return sigmoid_report(task, targets, probabilities, thresholds)


def main_figure(task: Task) -> str:
    """The name of the figure that stands for a task: macro-F1 where one label is picked, F1 of "any label" else."""
    return "macro_f1" if task.activation == "softmax" else "f1"


def confusion(task: Task, targets: Array, probabilities: Array) -> Any:
    """Counts of shape (truth, prediction) of a one-label task."""
    known = ~np.isnan(targets).any(axis=1)
    return _counts.confusion_matrix(
        targets[known].argmax(axis=1), probabilities[known].argmax(axis=1), labels=range(len(task.labels))
    )

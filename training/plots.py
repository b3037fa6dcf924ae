"""The pictures of an evaluation: confusion matrices, reliability, precision against recall, pass rates. Data next to the picture,
as CSV for DVC."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_curve

from hikari.sentiment.labels import Task
from training import metrics

Array = np.ndarray
_INK = "#30507a"


def _figure(width: float, height: float) -> Any:
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    return plt.subplots(figsize=(width, height), layout="constrained")


def _save(figure: Any, file: Path) -> None:
    from matplotlib import pyplot as plt

    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)


def confusion(task: Task, targets: Array, probabilities: Array, folder: Path) -> None:
    """Counts by true and predicted label; colour shows the share of the true label."""
    counts = metrics.confusion(task, targets, probabilities)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = _figure(1.6 + 0.62 * len(task.labels), 1.2 + 0.6 * len(task.labels))
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for row in range(len(task.labels)):
        for column in range(len(task.labels)):
            colour = "white" if share[row, column] > 0.55 else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour, fontsize=9)
    axes.set_xticks(range(len(task.labels)), task.labels, rotation=40, ha="right")
    axes.set_yticks(range(len(task.labels)), task.labels)
    axes.set(xlabel="predicted", ylabel="labelled", title=f"{task.name}: {counts.sum()} test messages")
    _save(figure, folder / f"confusion_{task.name}.png")
    known = ~np.isnan(targets).any(axis=1)
    names = np.array(task.labels)
    rows = {
        "actual": names[targets[known].argmax(axis=1)],
        "predicted": names[probabilities[known].argmax(axis=1)],
    }
    pd.DataFrame(rows).to_csv(folder / f"confusion_{task.name}.csv", index=False)


def reliability(task: Task, targets: Array, probabilities: Array, folder: Path, n_bins: int = 10) -> None:
    """How often the model is right when it says it is p sure; the diagonal is perfect."""
    known = ~np.isnan(targets).any(axis=1)
    if task.activation == "softmax":
        confidence = probabilities[known].max(axis=1)
        right = probabilities[known].argmax(axis=1) == targets[known].argmax(axis=1)
    else:
        confidence, right = probabilities[known][:, 0], targets[known][:, 0] > 0.5
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    rows = [
        (confidence[bins == b].mean(), right[bins == b].mean(), int((bins == b).sum()))
        for b in range(n_bins)
        if (bins == b).any()
    ]
    table = pd.DataFrame(rows, columns=["confidence", "accuracy", "rows"]).round(4)
    table.to_csv(folder / f"reliability_{task.name}.csv", index=False)
    figure, axes = _figure(4.2, 4.0)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1, linestyle="--")
    axes.plot(table["confidence"], table["accuracy"], color=_INK, linewidth=1.5)
    axes.scatter(table["confidence"], table["accuracy"], s=10 + 150 * table["rows"] / table["rows"].max(), color=_INK)
    what = "confidence" if task.activation == "softmax" else f"probability of {task.labels[0]}"
    axes.set(
        xlim=(0, 1),
        ylim=(0, 1),
        xlabel=what,
        ylabel="observed",
        title=f"{task.name}: reliability (dot size: rows)",
    )
    _save(figure, folder / f"reliability_{task.name}.png")


def precision_recall(task: Task, targets: Array, probabilities: Array, folder: Path) -> None:
    """One curve per label that the test rows show."""
    known = ~np.isnan(targets).any(axis=1)
    figure, axes = _figure(5.2, 4.0)
    rows = []
    for number, label in enumerate(task.labels):
        truth = targets[known, number] > 0.5
        if truth.any():
            precision, recall, _ = precision_recall_curve(truth, probabilities[known, number])
            axes.plot(recall, precision, label=f"{label} ({int(truth.sum())})", linewidth=1.4)
            rows += [{"label": label, "recall": r, "precision": p} for r, p in zip(recall, precision, strict=True)]
    axes.set(
        xlim=(0, 1),
        ylim=(0, 1.02),
        xlabel="recall",
        ylabel="precision",
        title=f"{task.name}: precision and recall",
    )
    axes.legend(fontsize=8, loc="lower left")
    _save(figure, folder / f"precision_recall_{task.name}.png")
    pd.DataFrame(rows).round(4).to_csv(folder / f"precision_recall_{task.name}.csv", index=False)


def pass_rates(table: pd.DataFrame, name: str, folder: Path) -> None:
    """One bar a row of `capability`, `pass_rate`, `cases`; the best on top. Whatever else the table holds is kept in the CSV."""
    ordered = table.sort_values(["pass_rate", "capability"], ascending=[True, False], ignore_index=True)
    ordered.to_csv(folder / f"{name}.csv", index=False)
    figure, axes = _figure(6.4, 1.0 + 0.2 * len(ordered))
    labels = [f"{name} ({cases})" for name, cases in zip(ordered["capability"], ordered["cases"], strict=True)]
    axes.barh(labels, ordered["pass_rate"], color=_INK, height=0.7)
    axes.margins(y=0.01)
    axes.tick_params(labelsize=8)
    axes.set(xlim=(0, 1), xlabel="pass rate", title="functional suites (cases)")
    _save(figure, folder / f"{name}.png")


def bars(
    values: dict[str, list[float]], spans: dict[str, list[list[float]]], groups: tuple[str, ...], title: str, file: Path
) -> None:
    """One group of bars per figure, one bar per system, with its interval."""
    figure, axes = _figure(2.2 + 2.4 * len(groups), 3.8)
    width = 0.8 / len(values)
    places = np.arange(len(groups))
    for number, (name, heights) in enumerate(values.items()):
        low, high = np.array(spans[name]).T
        errors = np.maximum([np.array(heights) - low, high - np.array(heights)], 0.0)
        axes.bar(places + width * (number - (len(values) - 1) / 2), heights, width * 0.92, yerr=errors, capsize=2, label=name)
    axes.set_xticks(places, groups)
    axes.set(title=title)
    axes.legend(fontsize=7, ncols=2)
    _save(figure, file)

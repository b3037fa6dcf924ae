"""What a text model reaches on the public dev sets, each by the figure that its field reports.

Thresholds come from the model where it has some; where it has none they are fitted on the same rows, which is only good for choosing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import sklearn.metrics

from hikari.sentiment.labels import EMOTION, TOXICITY, Task
from training import calibrate, metrics
from training.prepare import target_columns

Array = np.ndarray
Thresholds = Mapping[str, Mapping[str, float]]
_counts: Any = sklearn.metrics  # its types are guessed from defaults, and wrong

SPAN_TYPES = ("insult", "obscene", "identity_hate", "threat")
BINARY = {
    "tweeteval_offensive": ("toxicity", "toxic"),
    "tweeteval_hate": ("hate", "hate"),
    "davidson": ("toxicity", "toxic"),
    "gametox": ("toxicity", "toxic"),
    "tweeteval_irony": ("irony", "irony"),
}
CLEAN_SOURCES = ("gametox", "tweeteval_offensive", "davidson")
"""Where the rows without toxicity come from that stand beside the held-out toxic spans."""
SCORED = (
    "tweeteval_sentiment.macro_recall",
    "goemotions.macro_f1",
    "tweeteval_offensive.macro_f1",
    "toxic_spans.macro_auroc",
    "umsab.macro_f1",
    "twitch_sentiment_labels.accuracy",
)
"""The figures whose mean chooses between models."""


def figures(
    frame: pd.DataFrame, probabilities: Mapping[str, Array], tasks: Sequence[Task], thresholds: Thresholds
) -> dict[str, float]:
    """All figures that the rows allow, as `set.figure`; `probabilities` per task of shape (rows, labels) in the frame's order."""
    heads = {task.name: task for task in tasks}
    source = frame["source"].to_numpy()
    out: dict[str, float] = {}
    for name in sorted(set(source)):
        rows = np.flatnonzero(source == name)
        part = frame.iloc[rows]
        if name in BINARY and BINARY[name][0] not in heads:
            continue
        if name in BINARY:
            found = _binary(part, probabilities, heads, rows, *BINARY[name], thresholds)
        elif name == "goemotions":
            found = _emotions(part, probabilities["emotion"][rows], thresholds.get("emotion"))
        elif name == "tweeteval_emotion" and "tweet_emotion" in heads:
            task = heads["tweet_emotion"]
            report = metrics.softmax_report(task, part[target_columns(task)].to_numpy(), probabilities["tweet_emotion"][rows])
            found = {key: report[key] for key in ("macro_f1", "ece")}
        else:
            task = heads["sentiment"]
            report = metrics.softmax_report(task, part[target_columns(task)].to_numpy(), probabilities["sentiment"][rows])
            found = {key: report[key] for key in ("macro_recall", "macro_f1", "accuracy", "ece") if key in report}
        out |= {f"{name}.{key}": value for key, value in found.items()}
    languages = [value for key, value in out.items() if key.startswith("umsab_") and key.endswith(".macro_f1")]
    if languages:
        out["umsab.macro_f1"] = float(np.mean(languages))
    return {**out, **_span_types(frame, probabilities["toxicity"], source)}


def score(found: Mapping[str, float]) -> float:
    """One number to choose by: the mean of the figures in `SCORED` that are there."""
    present = [found[name] for name in SCORED if name in found]
    return float(np.mean(present)) if present else 0.0


def _binary(
    part: pd.DataFrame,
    probabilities: Mapping[str, Array],
    heads: Mapping[str, Task],
    rows: Array,
    task: str,
    label: str,
    thresholds: Thresholds,
) -> dict[str, float]:
    target = part[f"{task}/{label}"].to_numpy()
    known = ~np.isnan(target)
    truth, p = target[known] > 0.5, probabilities[task][rows][known, heads[task].labels.index(label)]
    limit = thresholds.get(task, {}).get(label)
    if limit is None:
        limit = calibrate.fit_threshold(truth, p)
    decided = p >= limit
    return {
        "macro_f1": metrics.macro_f1(truth.astype(int), decided.astype(int), 2),
        "f1": metrics.binary_f1(truth, decided),
        "auroc": _auroc(truth, p),
        "ece": metrics.expected_calibration_error(np.maximum(p, 1 - p), (p >= 0.5) == truth),
    }


def _emotions(part: pd.DataFrame, p: Array, limits: Mapping[str, float] | None) -> dict[str, float]:
    """Macro-F1 of several labels a message, as GoEmotions is judged: those over their thresholds, and the likeliest where none is."""
    truth = part[[f"emotion/{label}" for label in EMOTION]].to_numpy() > 0
    if limits is None:
        limits = {label: calibrate.fit_threshold(truth[:, k], p[:, k]) for k, label in enumerate(EMOTION)}
    decided = p >= np.array([limits.get(label, 0.5) for label in EMOTION])
    decided |= ~decided.any(axis=1, keepdims=True) & (p == p.max(axis=1, keepdims=True))
    each = [metrics.binary_f1(truth[:, k], decided[:, k]) for k in range(len(EMOTION))]
    right = truth[np.arange(len(p)), p.argmax(axis=1)]
    found = {f"f1/{label}": value for label, value in zip(EMOTION, each, strict=True)}
    return {
        "macro_f1": float(np.mean(each)),
        "accuracy": float(right.mean()),
        "ece": metrics.expected_calibration_error(p.max(axis=1), right),
        **found,
    }


def _span_types(frame: pd.DataFrame, p: Array, source: Array) -> dict[str, float]:
    """AUROC per type: the held-out toxic spans with as many rows of other sets that nobody called toxic, and among the spans alone."""
    held_out = np.flatnonzero(source == "toxic_spans")
    if not len(held_out):
        return {}
    clean = np.flatnonzero(np.isin(source, CLEAN_SOURCES) & (frame["toxicity/toxic"].to_numpy() == 0))
    clean = clean[np.unique(np.linspace(0, len(clean) - 1, min(len(clean), len(held_out))).astype(int))] if len(clean) else clean
    out: dict[str, float] = {}
    for rows, name in ((np.concatenate([held_out, clean]), "auroc"), (held_out, "within_auroc")):
        each = []
        for label in SPAN_TYPES:
            truth = frame[f"toxicity/{label}"].to_numpy()[rows] > 0.75
            each.append(_auroc(truth, p[rows, TOXICITY.index(label)]))
            out[f"toxic_spans.{name}/{label}"] = each[-1]
        out[f"toxic_spans.macro_{name}"] = float(np.mean(each))
    toxic = frame["toxicity/toxic"].to_numpy()[held_out] > 0.5
    out["toxic_spans.ece"] = metrics.expected_calibration_error(
        np.maximum(p[held_out, 0], 1 - p[held_out, 0]), (p[held_out, 0] >= 0.5) == toxic
    )
    return out


def _auroc(truth: Array, p: Array) -> float:
    return float(_counts.roc_auc_score(truth, p)) if 0 < truth.sum() < len(truth) else 0.5

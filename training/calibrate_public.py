"""Calibration for messages from anywhere: temperatures, thresholds and ensemble that hold on many dev sets, each counting alike."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from hikari.sentiment.calibration import Calibration
from hikari.sentiment.ensemble import SEED, Ensemble
from hikari.sentiment.labels import TASKS, Task
from training import calibrate, metrics
from training.prepare import target_columns
from training.public_corpus import CORPUS

Array = np.ndarray
_LIMITS = np.round(np.arange(0.05, 0.96, 0.01), 2)
_SENTIMENT_SETS = ("tweeteval_sentiment", "semeval2017_task4a", "twitch_sentiment_labels", CORPUS)
_TOXIC_SETS = ("tweeteval_offensive", "gametox", CORPUS)
"""Sets that mean by `toxic` what a moderator does; toxic_spans and Davidson hold hardly a message without."""
_EMOTION_SETS = ("goemotions", CORPUS)
_LEAST_POSITIVES = 15


def fit(frame: pd.DataFrame, logits: Mapping[str, Array], vader: Array, emoji: Array) -> Calibration:
    """A calibration from dev rows (`source`, targets), logits per task of shape (rows, labels), and the other members, NaN where absent."""
    source = frame["source"].to_numpy()
    sets = {
        "sentiment": _present(source, _SENTIMENT_SETS),
        "emotion": _present(source, _EMOTION_SETS),
        "toxicity": _present(source, (*_TOXIC_SETS, "toxic_spans")),
        "question": _present(source, (CORPUS,)),
    }
    temperatures = {}
    for task in TASKS:
        if not sets[task.name]:
            raise ValueError(f"no dev set labels {task.name}")
        rows = _even(sets[task.name])
        temperatures[task.name] = calibrate.fit_temperature(task, logits[task.name][rows], _targets(frame, task)[rows])
    plain = Calibration(temperatures, {}, {"seed": SEED}, "seed")
    p = {task.name: plain.probabilities(task, logits[task.name]) for task in TASKS}
    thresholds = {
        task.name: _thresholds(task, _targets(frame, task), p[task.name], sets[task.name])
        for task in TASKS
        if task.name != "sentiment"
    }
    # No type is decided where the message as a whole is not toxic enough.
    types = thresholds["toxicity"]
    thresholds["toxicity"] = {label: max(limit, types["toxic"]) for label, limit in types.items()}
    truth = _targets(frame, TASKS[0]).argmax(axis=1)
    groups = [(p["sentiment"][rows], vader[rows], emoji[rows], truth[rows]) for rows in sets["sentiment"]]
    tuned = fit_ensemble(groups)
    better = _mean_f1(tuned, groups) > _mean_f1(SEED, groups)
    return Calibration(temperatures, thresholds, {"seed": SEED, "tuned": tuned}, "tuned" if better else "seed")


def fit_ensemble(groups: Sequence[tuple[Array, Array, Array, Array]]) -> Ensemble:
    """The weights (steps of 0.1) and neutral bias of the best macro-F1 as a mean over sets of (transformer, vader, emoji, truth)."""
    best, best_f1 = Ensemble(1.0, 0.0, 0.0), -1.0
    for share in np.arange(10, 3, -1) / 10:
        for vader_share in np.arange(0, round((1 - share) * 10) + 1) / 10:
            for bias in (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.4):
                candidate = Ensemble(float(share), float(vader_share), abs(float(round(1 - share - vader_share, 2))), bias)
                f1 = _mean_f1(candidate, groups)
                if f1 > best_f1 + 1e-9:
                    best, best_f1 = candidate, f1
    return best


def fit_threshold(groups: Sequence[tuple[Array, Array]]) -> float:
    """The threshold of the best macro-F1 of yes and no, as a mean over sets of (truth, probability); smoothed over neighbours."""
    curve = np.zeros(len(_LIMITS))
    for truth, p in groups:
        curve += [metrics.macro_f1(truth.astype(int), (p >= limit).astype(int), 2) for limit in _LIMITS]
    smooth = np.convolve(np.pad(curve, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    return float(_LIMITS[int(smooth.argmax())])


def _thresholds(task: Task, targets: Array, p: Array, sets: Sequence[Array]) -> dict[str, float]:
    out = {}
    for number, label in enumerate(task.labels):
        groups = []
        for rows in sets:
            known = rows[~np.isnan(targets[rows, number])]
            truth = targets[known, number] > (0.75 if task.activation == "sigmoid" else 0.25)
            if truth.sum() >= _LEAST_POSITIVES and (~truth).sum() >= _LEAST_POSITIVES:
                groups.append((truth, p[known, number]))
        out[label] = fit_threshold(groups) if groups else 0.5
    return out


def _mean_f1(ensemble: Ensemble, groups: Sequence[tuple[Array, Array, Array, Array]]) -> float:
    return float(
        np.mean([calibrate.macro_f1(calibrate.classes(ensemble, calibrate.combine(ensemble, *g[:3])), g[3]) for g in groups])
    )


def _present(source: Array, names: Sequence[str]) -> list[Array]:
    return [rows for name in names if len(rows := np.flatnonzero(source == name))]


def _even(sets: Sequence[Array]) -> Array:
    """As many rows of each set, spread over it."""
    size = min(len(rows) for rows in sets)
    return np.concatenate([rows[np.linspace(0, len(rows) - 1, size).astype(int)] for rows in sets])


def _targets(frame: pd.DataFrame, task: Task) -> Array:
    return frame[target_columns(task)].to_numpy(dtype=np.float64)

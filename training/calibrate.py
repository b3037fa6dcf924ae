"""What is fitted on development data after training: temperatures, thresholds and the ensemble. Pure functions on arrays."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize_scalar

from hikari.sentiment import severity
from hikari.sentiment.calibration import Calibration, sigmoid, softmax
from hikari.sentiment.ensemble import SEED, Ensemble
from hikari.sentiment.labels import Task

Array = np.ndarray
_THRESHOLDS = np.round(np.arange(0.05, 0.96, 0.01), 2)


def fit_temperature(task: Task, logits: Array, targets: Array) -> float:
    """The positive number by which logits are divided to minimise the negative log-likelihood (Guo et al., 2017); 1 without
    labels."""
    # A many-label row counts with the labels that it has; a one-label row has all of its labels or none.
    known = ~np.isnan(targets).any(axis=1) if task.activation == "softmax" else ~np.isnan(targets)
    if not known.any():
        return 1.0
    scores, truth = logits[known].astype(np.float64), targets[known]

    def loss(log_temperature: float) -> float:
        scaled = scores / np.exp(log_temperature)
        if task.activation == "softmax":
            return float(-(truth * np.log(softmax(scaled) + 1e-12)).sum(axis=1).mean())
        p = sigmoid(scaled)
        return float(-(truth * np.log(p + 1e-12) + (1 - truth) * np.log(1 - p + 1e-12)).mean())

    found = minimize_scalar(loss, bounds=(np.log(0.2), np.log(5.0)), method="bounded")
    return round(float(np.exp(found.x)), 4)


def fit_threshold(truth: Array, probabilities: Array) -> float:
    """The threshold of best F1; of equally good ones the middle, which is the safest on new data."""
    decided = probabilities[None, :] >= _THRESHOLDS[:, None]
    hits = (decided & truth[None, :]).sum(axis=1)
    f1 = 2 * hits / np.maximum(decided.sum(axis=1) + truth.sum(), 1)
    # Smoothed over neighbours: a single lucky threshold on few rows does not carry over.
    smooth = np.convolve(np.pad(f1, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    best = np.flatnonzero(smooth >= smooth.max() - 1e-12)
    return float(_THRESHOLDS[best[len(best) // 2]])


def fit_thresholds(task: Task, probabilities: Array, targets: Array, minimum_positives: int) -> dict[str, float]:
    """A threshold per label; 0.5 where fewer than `minimum_positives` rows show the label."""
    known = ~np.isnan(targets).any(axis=1)
    thresholds = {}
    for number, label in enumerate(task.labels):
        truth = targets[known, number] > 0.5
        enough = truth.sum() >= minimum_positives
        thresholds[label] = fit_threshold(truth, probabilities[known, number]) if enough else 0.5
    return thresholds


def combine(ensemble: Ensemble, transformer: Array, vader: Array, emoji: Array) -> Array:
    """`Ensemble.combine` for many rows: distributions of shape (rows, 3); the two score members are NaN where absent."""
    spread = [np.stack([np.maximum(-s, 0), 1 - np.abs(s), np.maximum(s, 0)], axis=1) for s in (vader, emoji)]
    stacked = np.stack([transformer, *spread])
    weights = np.array([ensemble.transformer, ensemble.vader, ensemble.emoji])[:, None] * ~np.isnan(stacked[:, :, 0])
    total = weights.sum(axis=0)[:, None]
    mean = (np.nan_to_num(stacked) * weights[:, :, None]).sum(axis=0)
    return np.divide(mean, total, out=np.tile([0.0, 1.0, 0.0], (len(transformer), 1)), where=total > 0)


def classes(ensemble: Ensemble, distributions: Array) -> Array:
    """0, 1 or 2 for negative, neutral, positive: `Ensemble.label` without its `very_`, for many rows."""
    biased = distributions * np.array([1.0, ensemble.neutral_bias, 1.0])
    sides = np.where(distributions[:, 0] > distributions[:, 2], 0, 2)
    return np.where(biased[:, 1] >= np.maximum(biased[:, 0], biased[:, 2]), 1, sides)


def macro_f1(predicted: Array, truth: Array) -> float:
    """Macro-F1 over three classes, fast enough for a search."""
    f1 = [2 * ((predicted == k) & (truth == k)).sum() / max(1, (predicted == k).sum() + (truth == k).sum()) for k in range(3)]
    return float(np.mean(f1))


def fit_ensemble(transformer: Array, vader: Array, emoji: Array, truth: Array) -> Ensemble:
    """Weights in steps of 0.05 and the neutral bias with the best macro-F1; of equally good ones the first, nearest to the
    encoder alone."""
    best, best_f1 = SEED, -1.0
    for share in np.arange(20, 7, -1) / 20:
        for vader_share in np.arange(0, round((1 - share) * 20) + 1) / 20:
            weights = (float(share), float(vader_share), float(round(1 - share - vader_share, 2)))
            distributions = combine(Ensemble(*weights), transformer, vader, emoji)
            for bias in (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.4, 1.6):
                candidate = Ensemble(*weights, bias)
                f1 = macro_f1(classes(candidate, distributions), truth)
                if f1 > best_f1 + 1e-9:
                    best, best_f1 = candidate, f1
    return best


def fit(
    tasks: Sequence[Task],
    logits: dict[str, Array],
    targets: dict[str, Array],
    vader: Array,
    emoji: Array,
    minimum_positives: int,
    severe_toxic: str = "head",
) -> Calibration:
    """Everything a bundle's `calibration.json` holds but its languages, from dev logits and targets of shape (rows, labels) and the other
    two members. With `severe_toxic="rule"` that label gets no threshold of its own: it follows its parts'."""
    temperatures = {task.name: fit_temperature(task, logits[task.name], targets[task.name]) for task in tasks}
    plain = Calibration(temperatures, {}, {"seed": SEED}, "seed", severe_toxic=severe_toxic)
    probabilities = {task.name: plain.probabilities(task, logits[task.name]) for task in tasks}
    thresholds = {
        task.name: fit_thresholds(task, probabilities[task.name], targets[task.name], minimum_positives)
        for task in tasks
        if task.name != "sentiment"
    }
    if severe_toxic == "rule":
        thresholds.get("toxicity", {}).pop(severity.LABEL, None)
    known = ~np.isnan(targets["sentiment"]).any(axis=1)
    members = (probabilities["sentiment"][known], vader[known], emoji[known])
    truth = targets["sentiment"][known].argmax(axis=1)
    tuned = fit_ensemble(*members, truth)
    tuned_f1, seed_f1 = (macro_f1(classes(choice, combine(choice, *members)), truth) for choice in (tuned, SEED))
    ensembles, chosen = {"seed": SEED, "tuned": tuned}, "tuned" if tuned_f1 > seed_f1 else "seed"
    return Calibration(temperatures, thresholds, ensembles, chosen, severe_toxic=severe_toxic)

"""The detectors that are run over a corpus: ours, its Isolation Forest alone, and the references."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from hikari.analytics.anomaly import AnomalyDetector
from hikari.analytics.anomaly_forest import IsolationRows
from hikari.analytics.anomaly_types import Alert, AnomalyConfig
from training.nab_corpus import Floats, Series
from training.nab_references import relative_entropy, windowed_gaussian


@dataclass(frozen=True, slots=True)
class Run:
    """One detector on one series: scores float64 (n,) and the alerts that it raised on its own."""

    scores: Floats
    alerts: tuple[Alert, ...] = ()


def detectors(settings: AnomalyConfig) -> Mapping[str, Callable[[Series], Run]]:
    """By name, ours first."""
    return {
        "hikari": lambda series: _hikari(series, settings),
        "isolation_forest": lambda series: Run(_forest_alone(series.values, settings)),
        "windowed_gaussian": lambda series: Run(windowed_gaussian(series.values)),
        "relative_entropy": lambda series: Run(relative_entropy(series.values)),
    }


def _hikari(series: Series, settings: AnomalyConfig) -> Run:
    """Ours as it is served, row by row."""
    detector = AnomalyDetector(settings, series.name)
    answers = [detector.update(moment, value) for moment, value in zip(series.timestamps, series.values, strict=True)]
    return Run(np.array([answer.score for answer in answers]), tuple(answer.alert for answer in answers if answer.alert))


def _forest_alone(values: Floats, settings: AnomalyConfig) -> Floats:
    """The forest's own score, with the features and the refits that ours has, and nothing else of it."""
    forest = IsolationRows(settings.history, settings.refit, settings.trees, settings.seed)
    scores = np.zeros(len(values))
    for row in range(len(values)):
        past = np.ascontiguousarray(values[max(0, row + 1 - settings.history - settings.refit) : row + 1])
        scores[row] = forest.observe(past, row + 1) or 0.0
        forest.learn(past)
    return scores

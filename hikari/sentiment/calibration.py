"""What is found out after training, on development data: temperatures, thresholds, the ensemble's weights, the languages that hold."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from hikari.errors import BadBundle
from hikari.sentiment import severity
from hikari.sentiment.ensemble import Ensemble
from hikari.sentiment.labels import Task

Floats2d = npt.NDArray[np.float64]
ENGLISH_ONLY: Mapping[str, float] = MappingProxyType({"en": 1.0})
"""The languages of a bundle that does not say."""


@dataclass(frozen=True)
class Calibration:
    """Temperatures per task (Guo et al., 2017), decision thresholds per label, and the selectable ensembles.

    `languages` maps ISO codes to the macro-F1 of sentiment in each, measured on development data; `language_minimum` is what a language
    needs to be supported. `severe_toxic` is `head` where the model learned that label and `rule` where it is derived (`severity.py`).
    """

    temperatures: dict[str, float]
    thresholds: dict[str, dict[str, float]]
    ensembles: dict[str, Ensemble]
    default_ensemble: str
    languages: dict[str, float] = field(default_factory=lambda: dict(ENGLISH_ONLY))
    language_minimum: float = 0.5
    severe_toxic: str = "head"

    def supports(self, language: str | None) -> bool:
        """Whether the mood of texts in this language is read well enough; unknown languages get the benefit of the doubt."""
        return language is None or supported(self.languages, self.language_minimum, language)

    def with_thresholds(self, task: str, thresholds: Mapping[str, float]) -> "Calibration":
        """The same with other thresholds for some labels of a task."""
        return replace(self, thresholds={**self.thresholds, task: {**self.thresholds.get(task, {}), **thresholds}})

    def probabilities(self, task: Task, logits: npt.NDArray[np.floating[Any]]) -> Floats2d:
        """Calibrated probabilities from logits of shape (rows, labels)."""
        scaled = np.asarray(logits, dtype=np.float64) / self.temperatures.get(task.name, 1.0)
        if task.activation == "softmax":
            return softmax(scaled)
        return severity.derived(task, sigmoid(scaled)) if self._derives(task) else sigmoid(scaled)

    def limits(self, task: Task) -> dict[str, float]:
        """The threshold of every label of a task: 0.5 where none was fitted, and a derived label never without its parts."""
        fitted = self.thresholds.get(task.name, {})
        limits = {label: fitted.get(label, 0.5) for label in task.labels}
        if self._derives(task) and severity.LABEL not in fitted:
            limits[severity.LABEL] = max(limits[part] for part in severity.PARTS)
        return limits

    def over_threshold(self, task: Task, probabilities: npt.NDArray[np.float64]) -> list[str]:
        """The labels of one row whose probability reaches their threshold, see `limits`."""
        limits = self.limits(task)
        return [label for label, p in zip(task.labels, probabilities, strict=True) if p >= limits[label]]

    def _derives(self, task: Task) -> bool:
        return self.severe_toxic == "rule" and severity.LABEL in task.labels

    def to_json(self) -> dict[str, Any]:
        """The content of a bundle's `calibration.json`."""
        return {
            "temperatures": self.temperatures,
            "thresholds": self.thresholds,
            "ensembles": {name: asdict(ensemble) for name, ensemble in self.ensembles.items()},
            "default_ensemble": self.default_ensemble,
            "languages": self.languages,
            "language_minimum": self.language_minimum,
            "severe_toxic": self.severe_toxic,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Calibration":
        """Read `calibration.json`. Raises `BadBundle` when a part is missing or out of range.

        Bundles older than `languages` were made for English, and their `severe_toxic` was learned.
        """
        try:
            calibration = cls(
                {task: float(value) for task, value in content["temperatures"].items()},
                {task: {k: float(v) for k, v in row.items()} for task, row in content["thresholds"].items()},
                {name: Ensemble(**row) for name, row in content["ensembles"].items()},
                str(content["default_ensemble"]),
                {str(code): float(value) for code, value in content.get("languages", ENGLISH_ONLY).items()},
                float(content.get("language_minimum", 0.5)),
                str(content.get("severe_toxic", "head")),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise BadBundle("calibration.json is malformed") from error
        if calibration.default_ensemble not in calibration.ensembles:
            raise BadBundle(f"calibration.json: no ensemble {calibration.default_ensemble!r}")
        if any(not 0 < value < float("inf") for value in calibration.temperatures.values()):
            raise BadBundle("calibration.json: temperatures must be positive")
        if any(not 0 <= value <= 1 for row in calibration.thresholds.values() for value in row.values()):
            raise BadBundle("calibration.json: thresholds must lie in [0, 1]")
        if any(not 0 <= value <= 1 for value in (*calibration.languages.values(), calibration.language_minimum)):
            raise BadBundle("calibration.json: languages and language_minimum must lie in [0, 1]")
        if calibration.severe_toxic not in ("head", "rule"):
            raise BadBundle(f"calibration.json: severe_toxic must be head or rule, got {calibration.severe_toxic!r}")
        return calibration


def supported(languages: Mapping[str, float], minimum: float, language: str) -> bool:
    """Whether a language was measured and holds.

    >>> supported({"en": 0.7, "de": 0.4}, 0.5, "en"), supported({"en": 0.7, "de": 0.4}, 0.5, "de"), supported({"en": 0.7}, 0.5, "fr")
    (True, False, False)
    """
    return languages.get(language, 0.0) >= minimum


def softmax(logits: Floats2d) -> Floats2d:
    """Row-wise softmax, safe for large values.

    >>> softmax(np.array([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def sigmoid(logits: Floats2d) -> Floats2d:
    """Element-wise logistic function, without overflow.

    >>> sigmoid(np.array([[0.0, -1000.0]])).tolist()
    [[0.5, 0.0]]
    """
    return 0.5 * (1.0 + np.tanh(0.5 * logits))

"""What is fitted after training, on development data: temperatures, thresholds and the ensemble's weights."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hikari.errors import BadBundle
from hikari.sentiment.ensemble import Ensemble
from hikari.sentiment.labels import Task

Floats2d = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """Temperatures per task (Guo et al., 2017), decision thresholds per label, and the selectable ensembles."""

    temperatures: dict[str, float]
    thresholds: dict[str, dict[str, float]]
    ensembles: dict[str, Ensemble]
    default_ensemble: str

    def probabilities(self, task: Task, logits: npt.NDArray[np.floating[Any]]) -> Floats2d:
        """Calibrated probabilities from logits of shape (rows, labels)."""
        scaled = np.asarray(logits, dtype=np.float64) / self.temperatures.get(task.name, 1.0)
        return softmax(scaled) if task.activation == "softmax" else sigmoid(scaled)

    def over_threshold(self, task: Task, probabilities: npt.NDArray[np.float64]) -> list[str]:
        """The labels of one row whose probability reaches their threshold (0.5 where none was fitted)."""
        limits = self.thresholds.get(task.name, {})
        return [label for label, p in zip(task.labels, probabilities, strict=True) if p >= limits.get(label, 0.5)]

    def to_json(self) -> dict[str, Any]:
        """The content of a bundle's `calibration.json`."""
        return {
            "temperatures": self.temperatures,
            "thresholds": self.thresholds,
            "ensembles": {name: asdict(ensemble) for name, ensemble in self.ensembles.items()},
            "default_ensemble": self.default_ensemble,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Calibration":
        """Read `calibration.json`. Raises `BadBundle` when a part is missing or out of range."""
        try:
            calibration = cls(
                {task: float(value) for task, value in content["temperatures"].items()},
                {task: {k: float(v) for k, v in row.items()} for task, row in content["thresholds"].items()},
                {name: Ensemble(**row) for name, row in content["ensembles"].items()},
                str(content["default_ensemble"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise BadBundle("calibration.json is malformed") from error
        if calibration.default_ensemble not in calibration.ensembles:
            raise BadBundle(f"calibration.json: no ensemble {calibration.default_ensemble!r}")
        if any(not 0 < value < float("inf") for value in calibration.temperatures.values()):
            raise BadBundle("calibration.json: temperatures must be positive")
        if any(not 0 <= value <= 1 for row in calibration.thresholds.values() for value in row.values()):
            raise BadBundle("calibration.json: thresholds must lie in [0, 1]")
        return calibration


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

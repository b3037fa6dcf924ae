"""Strangeness as the distance to the most similar past: the nearest neighbour of the last value, and of the last few as one shape.

The idea of KNN-CAD (E. Burnaev, V. Ishimtsev, "Conformalized density- and distance-based anomaly detection in time-series data", 2016)
and of discords (Keogh et al., 2005): with one neighbour, plain Euclidean distance, and no training part. A daily rhythm, a square wave or
a rare but known peak all have their like in the past, whatever a forecast makes of them.
"""

import math
from threading import local

import numpy as np

from hikari.analytics.anomaly_rings import Floats
from hikari.analytics.anomaly_types import Reason

LENGTHS = (1, 5, 19)
"""Rows of the stretches that are compared; 19 is KNN-CAD's."""
_LONGEST = LENGTHS[-1]
_scratch = local()


class NearestNeighbours:
    """Euclidean distance of the last 1, 5 and 19 values to the nearest stretch of the past that shares no value with them.

    O(19 * history) additions a row, about 50 microseconds at 2,000; holds nothing but the places of the nearest stretches.
    """

    names = tuple(f"neighbour_{length}" for length in LENGTHS)

    def __init__(self) -> None:
        self._nearest = dict.fromkeys(self.names, 0)

    def observe(self, history: Floats, since_gap: int) -> list[float | None]:
        """The distance for each length; None while the past is too short or a gap lies inside the stretch."""
        ends = len(history) - _LONGEST  # of the stretches of the past: from row 18 to the last but one
        found: list[float | None] = [None] * len(LENGTHS)
        if ends <= _LONGEST:
            return found
        apart = _buffer(ends)
        step = history.itemsize
        # Row j: the values j rows before each end. A view of overlapping rows; the numpy helpers for it cost more than the work.
        lagged = np.ndarray((_LONGEST, ends), np.float64, history, (_LONGEST - 1) * step, (-step, step))
        np.subtract(lagged, history[: -_LONGEST - 1 : -1, None], out=apart)
        np.multiply(apart, apart, out=apart)
        squares, done = None, 0
        for number, length in enumerate(LENGTHS):
            part = apart[done:length].sum(axis=0)
            squares, done = part if squares is None else squares + part, length
            if since_gap >= length:
                nearest = int(squares[: ends - length + 1].argmin())
                self._nearest[self.names[number]] = nearest + _LONGEST - 1
                found[number] = math.sqrt(squares[nearest])
        return found

    def explain(self, name: str, history: Floats, typical: float, evidence: float) -> Reason:
        """The last value beside that of the nearest stretch, and how many times the usual distance they are apart."""
        length = LENGTHS[self.names.index(name)]
        end = self._nearest[name] + 1
        apart = float(np.linalg.norm(history[-length:] - history[end - length : end]))
        feature = "value" if length == 1 else f"last value of a shape of {length}"
        return Reason(name, feature, float(history[-1]), float(history[end - 1]), apart / max(typical, 1e-6), "times", evidence)


def _buffer(ends: int) -> Floats:
    """Working space of this thread, kept: asking the system for so much memory anew for each row takes longer than filling it."""
    held = getattr(_scratch, "buffer", None)
    if held is None or held.size < _LONGEST * ends:
        held = _scratch.buffer = np.empty(_LONGEST * ends * 2)
    return held[: _LONGEST * ends].reshape(_LONGEST, ends)

"""How a channel usually is: exponentially weighted mean and spread of its minutes so far, the scale that the engagement model reads by.

Only the past enters, a minute when it is over, the same way in training and in service. A new channel starts from the training
channels' figures, which count as much as `PRIOR_MINUTES` of its own and fade like them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from hikari.errors import BadStore

Array = npt.NDArray[np.float64]

VERSION = 1
HALF_LIVES_MIN = (90.0, 1_800.0)
"""Of the present stream's level, and of the channel's (minutes of streaming, not of the calendar)."""
PRIOR_MINUTES = 30.0
LEAST_SPREAD = 0.02
"""A figure that never changed would otherwise turn its first change into an infinite one."""


@dataclass(frozen=True, slots=True)
class Norms:
    """A snapshot: `fast` and `slow` means and the `slow` standard deviation, each (..., inputs)."""

    fast: Array
    slow: Array
    spread: Array


class ChannelNorms:
    """Running statistics of one channel's minutes; not thread-safe (one owner). 1 kB.

    Weighted by 2^(-age / half life) (West 1979); an input that is NaN in a minute neither counts nor ages.
    """

    def __init__(self, mean: Sequence[float] | Array, spread: Sequence[float] | Array) -> None:
        prior = np.asarray(mean, dtype=np.float64)
        deviation = np.asarray(spread, dtype=np.float64)
        self._decay = 0.5 ** (1.0 / np.array(HALF_LIVES_MIN))[:, None]
        self._weight = np.full((len(HALF_LIVES_MIN), len(prior)), PRIOR_MINUTES)
        self._sum = self._weight * prior
        self._squares = PRIOR_MINUTES * (deviation**2 + prior**2)
        self.minutes = 0

    def update(self, values: Array) -> None:
        """Take in one minute that is over: `values` (inputs,), as `engagement_inputs.observed` gives them."""
        known = np.isfinite(values)
        filled = np.where(known, values, 0.0)
        self._weight = np.where(known, self._weight * self._decay + 1.0, self._weight)
        self._sum = np.where(known, self._sum * self._decay + filled, self._sum)
        self._squares = np.where(known, self._squares * self._decay[-1] + filled**2, self._squares)
        self.minutes += 1

    def snapshot(self) -> Norms:
        """The statistics as of the last minute taken in."""
        fast, slow = self._sum / self._weight
        variance = self._squares / self._weight[-1] - slow**2
        return Norms(fast, slow, np.sqrt(np.maximum(variance, LEAST_SPREAD**2)))

    def state(self) -> dict[str, Any]:
        """Everything, as plain values."""
        return {
            "version": VERSION,
            "minutes": self.minutes,
            "weight": self._weight.tolist(),
            "sum": self._sum.tolist(),
            "squares": self._squares.tolist(),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any], inputs: int) -> "ChannelNorms":
        """The statistics that `state` described. Raises `BadStore` when it is damaged, of another version or of other inputs."""
        if not isinstance(state, dict) or state.get("version") != VERSION:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise BadStore("the channel's engagement statistics are of a version that this one does not read")
        shape = (len(HALF_LIVES_MIN), inputs)
        norms = cls(np.zeros(inputs), np.ones(inputs))
        norms._weight = _array(state, "weight", shape)
        norms._sum = _array(state, "sum", shape)
        norms._squares = _array(state, "squares", shape[1:])
        minutes = state.get("minutes")
        if not isinstance(minutes, int) or isinstance(minutes, bool) or minutes < 0 or not (norms._weight > 0).all():
            raise BadStore("the channel's engagement statistics are damaged")
        norms.minutes = minutes
        return norms


def _array(state: dict[str, Any], name: str, shape: tuple[int, ...]) -> Array:
    value = state.get(name)
    try:
        array = np.array(cast("list[Any]", value), dtype=np.float64)
    except (TypeError, ValueError):
        array = np.array(math.nan)
    if not isinstance(value, list) or array.shape != shape or not np.isfinite(array).all():
        raise BadStore(f"the channel's engagement statistics are damaged: {name}")
    return array

"""How fast a simulated chat writes: the shape of a stream times a process with memory times what happens in it.

The logarithm of the rate follows three autoregressive processes of order one with the time constants `TIMES_S`; on top of Poisson
counts they give the over-dispersion and the autocorrelation that recorded streams have. The rate is scaled so that a stream's
expected number of messages is exactly the one asked for.
"""

import math
from collections.abc import Sequence

import numpy as np

from hikari.analytics.simulator_config import SHAPE_ENDS, SHAPE_STARTS, Profile
from hikari.analytics.simulator_random import Draws, Floats, exp, interpolate, total

STEP_S = 10
"""Rates are constant over so many seconds."""
TIMES_S = (40.0, 240.0, 1500.0)
"""Time constants of the fast, the medium and the slow process."""
_MIDDLE_FROM = 105.0  # minutes after the start
_MIDDLE_UNTIL = 45.0  # minutes before the end


def steps_of(seconds: float) -> int:
    """Number of steps that cover a stream."""
    return math.ceil(seconds / STEP_S)


def rates(profile: Profile, seconds: float, factors: Floats, messages: float, draws: Draws) -> Floats:
    """Expected messages of each step, float64 (steps,), `messages` in sum; `factors` (steps,) are the events' part."""
    count = len(factors)
    logs = np.zeros(count)
    for spread, time in zip((profile.fast, profile.medium, profile.slow), TIMES_S, strict=True):
        logs = logs + spread * _autoregressive(draws.normals(count), time)
    raw = shape(profile.shape, seconds, count) * exp(logs) * factors
    return raw * (messages / total(raw))


def shape(heights: Sequence[float], seconds: float, count: int) -> Floats:
    """The usual rate over the mean at each step; streams too short for all of it lose the middle first, then what overlaps."""
    minutes = (np.arange(count, dtype=np.float64) + 0.5) * (STEP_S / 60.0)
    length = seconds / 60.0
    half = length / 2.0
    middle = heights[len(SHAPE_STARTS)]
    starts = [minute for minute in SHAPE_STARTS if minute < half]
    ends = [minute for minute in SHAPE_ENDS if minute < half]
    places, values = list(starts), list(heights[: len(starts)])
    for place in (_MIDDLE_FROM, length - _MIDDLE_UNTIL):
        if (places[-1] if places else 0.0) < place < length - (ends[0] if ends else 0.0):
            places.append(place)
            values.append(middle)
    places += [length - minute for minute in ends]
    values += heights[len(heights) - len(ends) :] if ends else []
    if len(places) < 2:
        return np.ones(count)
    return interpolate(minutes, places, values)


def mood(draws: Draws, minutes: int) -> list[float]:
    """The mood of the stream at each minute, about -1 to 1, changing over a quarter of an hour."""
    values = _autoregressive(draws.normals(minutes), 900.0 * STEP_S / 60.0)
    return np.clip(values * 0.5, -1.0, 1.0).tolist()


def _autoregressive(noise: Floats, time_s: float) -> Floats:
    """A stationary process of order one with variance 1 and the given time constant in steps of `STEP_S`."""
    keep = float(exp(-STEP_S / time_s))
    fresh = math.sqrt(1.0 - keep * keep)
    state, values = 0.0, list[float]()
    for number, value in enumerate(noise.tolist()):
        moved = keep * state
        state = moved + fresh * value if number else value
        values.append(state)
    return np.array(values, dtype=np.float64)

"""How long chat trails the stream, measured where the times of some events are known.

Known times ("cues") are, for example, what the VTuber said (`/said`), starts of recorded content, sound peaks, or clips that viewers
cut. The chat rate around all cues is averaged at each offset; where it rises over the rate before the cues, its centre is the lag.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hikari.errors import BadInput

STEP_S = 1.0
SMOOTH_S = 5
LEAST_CUES = 5
LEAST_Z = 3.0


@dataclass(frozen=True, slots=True)
class Lag:
    """Seconds from a cue to the peak of the chat's answer; `z`: how many standard errors the peak stands over the rate before."""

    seconds: float
    z: float
    cues: int


def estimate_lag(cues: Sequence[float], messages: Sequence[float], longest_s: float = 60.0) -> Lag | None:
    """The lag of chat behind the cues, or None where too few cues have chat around them or chat does not answer them.

    `cues`, `messages`: epoch seconds in any order. The rate is compared with that of the `longest_s` before each cue, and the standard
    error comes from the spread over cues. Raises `BadInput`.
    """
    if not (np.isfinite(longest_s) and longest_s >= 10.0):
        raise BadInput("longest_s must be finite and at least 10 seconds", field="longest_s")
    times = np.sort(np.asarray(messages, np.float64))
    marks = np.asarray(cues, np.float64)
    if not (np.isfinite(times).all() and np.isfinite(marks).all()):
        raise BadInput("times must be finite epoch seconds", field="cues")
    steps = int(longest_s / STEP_S)
    offsets = np.arange(-steps, steps + 1) * STEP_S
    edges = np.searchsorted(times, marks[:, None] + offsets[None, :])
    rates = np.diff(edges, axis=1) / STEP_S
    rates = rates[rates.sum(axis=1) > 0]
    if len(rates) < LEAST_CUES:
        return None
    ahead = np.pad(rates[:, steps:], ((0, 0), (SMOOTH_S // 2, SMOOTH_S // 2)))
    after = np.lib.stride_tricks.sliding_window_view(ahead, SMOOTH_S, axis=1).mean(axis=2)
    gain = after - rates[:, :steps].mean(axis=1, keepdims=True)
    mean = gain.mean(axis=0)
    peak = int(mean.argmax())
    error = float(gain[:, peak].std(ddof=1)) / np.sqrt(len(gain))
    z = float(mean[peak] / error) if error > 0 else 0.0
    if z < LEAST_Z:
        return None
    # The centre of what lies over half the peak around it: steadier than the highest step.
    first = last = peak
    while first > 0 and mean[first - 1] >= mean[peak] / 2:
        first -= 1
    while last < len(mean) - 1 and mean[last + 1] >= mean[peak] / 2:
        last += 1
    weights = mean[first : last + 1]
    centre = float((np.arange(first, last + 1) * weights).sum() / weights.sum())
    return Lag((centre + 0.5) * STEP_S, z, len(rates))

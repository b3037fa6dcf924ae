"""NAB's scoring rules: rewards for early detections, costs of false ones, one threshold for the whole corpus.

A. Lavin, S. Ahmad, "Evaluating real-time anomaly detection algorithms - the Numenta anomaly benchmark", ICMLA 2015, with the definitions
that the benchmark's published figures follow:

- The first 15% of a series, at most 750 rows, are probation: nothing there counts.
- A row at relative place y of a window (its rows run from -1 to just under 0) is worth sigma(y) = 2 / (1 + exp(5 y)) - 1, scaled so that
  the first row is worth A_TP. A window is worth its best detected row, and -A_FN when none was detected.
- A detection outside costs sigma(y) * A_FP, y being the distance to the last row of the window before it in units of that window's length;
  without a window before it, or from y = 3 on, it costs the whole A_FP.
- The threshold that maximises the sum over all series is found by a sweep over every score that occurs, for each profile by itself.
- The result is placed between the detector that says nothing (0) and the one that detects every window in its first row (100).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.nab_corpus import Floats, Rows, Series

PROBATION_PART = 0.15
PROBATION_ROWS = 750
STEEPNESS = 5.0
FAR = 3.0
NOTHING = 1.1
"""A threshold above every score."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a detected window is worth, and what a false alarm and a missed window cost."""

    hit: float
    false_alarm: float
    miss: float


PROFILES: Mapping[str, Profile] = {
    "standard": Profile(1.0, 0.11, 1.0),
    "reward_low_FP": Profile(1.0, 0.22, 1.0),
    "reward_low_FN": Profile(1.0, 0.11, 2.0),
}


@dataclass(frozen=True, slots=True)
class Worth:
    """What flagging each scored row of one series is worth: `rows` (m,) are places in the series, `values` (m,) the worth before any
    weight, `window` (m,) the number of the window that the row lies in, or -1."""

    rows: np.ndarray
    values: Floats
    window: np.ndarray


@dataclass(frozen=True, slots=True)
class Outcome:
    """The best threshold of a sweep, the weighted sum there, and what was right and wrong: windows and rows outside them."""

    threshold: float
    total: float
    hits: int
    misses: int
    false_alarms: int
    normalised: float
    """100 for the perfect detector, 0 for the silent one; NaN where no window is scored."""


def probation(length: int) -> int:
    """How many rows at the start of a series are not scored.

    >>> probation(1000), probation(100_000)
    (150, 750)
    """
    return min(int(PROBATION_PART * length), PROBATION_ROWS)


def sigma(place: Floats) -> Floats:
    """The scaled sigmoid: about 1 at the left edge (-1), 0 at the right edge (0), -1 from `FAR` on."""
    place = np.asarray(place, dtype=np.float64)
    return np.where(place >= FAR, -1.0, 2.0 / (1.0 + np.exp(STEEPNESS * np.minimum(place, FAR))) - 1.0)


def worth(length: int, windows: Sequence[Rows]) -> Worth:
    """The worth of flagging each row behind probation, by the windows (first and last row, sorted, apart)."""
    rows = np.arange(length)
    place, window = np.full(length, FAR), np.full(length, -1)
    for number, (first, last) in enumerate(windows):
        width = last - first + 1
        inside = slice(first, last + 1)
        place[inside] = -(last - rows[inside] + 1) / width
        window[inside] = number
        until = windows[number + 1][0] if number + 1 < len(windows) else length
        behind = slice(last + 1, until)
        place[behind] = (rows[behind] - last) / max(width - 1, 1)
    values = sigma(place)
    values[window >= 0] /= sigma(np.array(-1.0))
    start = probation(length)
    return Worth(rows[start:], values[start:], window[start:])


def sweep(series: Sequence[Series], scores: Sequence[Floats], profile: Profile) -> Outcome:
    """The best single threshold over all series; a row counts as flagged from the threshold on.

    `scores` has one array (n,) per series, finite. Ties between thresholds go to the higher one.
    """
    levels, gains, falses, finds = [], [], [], []
    count = 0
    for one, given in zip(series, scores, strict=True):
        if len(given) != len(one.values) or not np.isfinite(given).all():
            raise ValueError(f"{one.group}/{one.name}: one finite score a row is needed")
        table = worth(len(one.values), one.windows)
        level = np.asarray(given, dtype=np.float64)[table.rows]
        outside = table.window < 0
        levels.append(level[outside])
        gains.append(table.values[outside] * profile.false_alarm)
        falses.append(np.ones(outside.sum()))
        finds.append(np.zeros(outside.sum()))
        for number in np.unique(table.window[~outside]):
            count += 1
            chosen = table.window == number
            order = np.argsort(-level[chosen], kind="stable")
            best = np.maximum.accumulate(table.values[chosen][order] * profile.hit)
            levels.append(level[chosen][order])
            gains.append(np.diff(best, prepend=-profile.miss))
            falses.append(np.zeros(len(order)))
            finds.append(np.arange(len(order)) == 0)
    level, gain, false, find = (np.concatenate(parts) for parts in (levels, gains, falses, finds))
    # Ties are one step, so the order inside them is free; a stable sort keeps each window's rows in their own order.
    order = np.argsort(-level, kind="stable")
    ends = np.flatnonzero(np.diff(level[order], append=-np.inf) != 0)
    totals = np.concatenate([[0.0], np.cumsum(gain[order])[ends]]) - count * profile.miss
    best = int(np.argmax(totals))
    flagged = 0 if best == 0 else int(ends[best - 1]) + 1
    hits = int(find[order][:flagged].sum())
    span = count * (profile.hit + profile.miss)
    return Outcome(
        threshold=NOTHING if best == 0 else float(level[order][flagged - 1]),
        total=float(totals[best]),
        hits=hits,
        misses=count - hits,
        false_alarms=int(false[order][:flagged].sum()),
        normalised=100.0 * (float(totals[best]) + count * profile.miss) / span if count else float("nan"),
    )


def score_at(series: Sequence[Series], scores: Sequence[Floats], profile: Profile, threshold: float) -> Outcome:
    """The same figures at a given threshold, such as one that was chosen on other series."""
    flags = [np.where(np.asarray(given) >= threshold, 1.0, 0.0) for given in scores]
    total, hits, misses, alarms = 0.0, 0, 0, 0
    for one, flag in zip(series, flags, strict=True):
        table = worth(len(one.values), one.windows)
        flagged = flag[table.rows] > 0
        outside = table.window < 0
        total += profile.false_alarm * float(table.values[outside & flagged].sum())
        alarms += int((outside & flagged).sum())
        for number in np.unique(table.window[~outside]):
            chosen = (table.window == number) & flagged
            hits += int(chosen.any())
            misses += int(not chosen.any())
            total += profile.hit * float(table.values[chosen].max()) if chosen.any() else -profile.miss
    count = hits + misses
    normalised = 100.0 * (total + count * profile.miss) / (count * (profile.hit + profile.miss)) if count else float("nan")
    return Outcome(threshold, total, hits, misses, alarms, normalised)

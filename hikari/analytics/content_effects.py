"""How far a metric is from what the channel would have had anyway while a content ran.

Minutes depend on each other, so that a t-interval over them would be far too narrow. The unit here is the stretch: each time the
content ran is compared with the hour before and after in the same stream, and so is every other stretch of that length in which it
did not run. The spread of those placebo differences carries all dependence within a stretch and its surroundings; their mean carries
what the comparison gets wrong by itself. The interval is Student's over stretches:

    difference = mean(content stretches) - mean(placebo stretches),   error = s * sqrt(1 / stretches + 1 / placebos)

Where a content fills whole streams there is no hour beside it: streams with it are compared with streams without it, one number each.
Either way the typical course of a stream (the mean by time since its start, over streams with other contents) is taken out first.
Batch means: L. W. Schruben, R. Margolin, 1978; placebo intervals: A. Abadie, A. Diamond, J. Hainmueller, 2010.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

CONFIDENCE = 0.95
SESSION_GAP_S = 1_800.0
"""A longer gap between minutes starts another stream."""
NEIGHBOURHOOD_S = 3_600.0
MIN_MINUTES = 5
"""Known minutes that a stretch needs, and that each side of it needs to serve as its surroundings."""
MIN_PLACEBOS = 8
MIN_STREAMS = 5
"""Streams without the content that a comparison between streams needs."""
_COURSE_EDGES_S = 60.0 * np.array([5, 10, 20, 30, 45, 60, 90, 120, 180, 240, 300, 360, 480])
_COURSE_STREAMS = 3


@dataclass(frozen=True, slots=True)
class Effect:
    """One metric during one content, in the metric's units.

    method: neighbourhood | streams | none (then `reason` says what is missing and only `mean` is known). `baseline`: what was expected
    without the content, `mean - difference`. `stretches` were compared with `placebos`.
    """

    method: str
    mean: float | None = None
    baseline: float | None = None
    difference: float | None = None
    interval: tuple[float, float] | None = None
    stretches: int = 0
    placebos: int = 0
    reason: str | None = None


def sessions(timestamps: Floats) -> NDArray[np.int64]:
    """Number of the stream that each minute belongs to; timestamps (n,) in ascending order."""
    return np.concatenate([[0], np.cumsum(np.diff(timestamps) > SESSION_GAP_S)]).astype(np.int64)[: timestamps.size]


def effect(timestamps: Floats, values: Floats, shown: Flags) -> Effect:
    """The difference that goes with a content.

    timestamps: (n,) ascending epoch seconds, one a minute; values: (n,), NaN where unknown; shown: (n,) whether the content ran.
    """
    known = np.isfinite(values)
    here = shown & known
    if here.sum() < MIN_MINUTES:
        return Effect("none", reason=f"only {int(here.sum())} minutes with a value, {MIN_MINUTES} are needed")
    mean = float(values[here].mean())
    stream = sessions(timestamps)
    rest = values - _course(timestamps, values, known & ~shown, stream)
    places = _stretches(shown, stream)
    inside = _Differences(timestamps, rest, known, shown, stream)
    local = inside.of([place for place in places if known[slice(*place)].sum() >= MIN_MINUTES])
    if local.size * 2 >= len(places):
        length = max(int(np.median([end - start for start, end in places])), MIN_MINUTES)
        method, treated, placebos, needed = "neighbourhood", local, inside.of(_tiles(~shown, stream, length)), MIN_PLACEBOS
    else:
        method, needed = "streams", MIN_STREAMS
        treated, placebos = _stream_means(rest, here, known, shown, stream)
    if placebos.size < needed or not treated.size:
        what = "other stretches of that length" if method == "neighbourhood" else "streams without it"
        return Effect("none", mean, reason=f"only {placebos.size} {what} to compare with, {needed} are needed")
    return _compared(method, mean, treated, placebos)


def _compared(method: str, mean: float, treated: Floats, placebos: Floats) -> Effect:
    from scipy.special import stdtrit  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

    spread = float(placebos.std(ddof=1))
    if treated.size >= 3:
        spread = max(spread, float(treated.std(ddof=1)))  # a content may make a stream restless, which placebos cannot show
    difference = float(treated.mean() - placebos.mean())
    quantile = float(cast("Any", stdtrit)(placebos.size - 1, 0.5 + CONFIDENCE / 2))
    half = quantile * spread * math.sqrt(1 / treated.size + 1 / placebos.size)
    interval = (difference - half, difference + half)
    return Effect(method, mean, mean - difference, difference, interval, treated.size, placebos.size)


def _course(timestamps: Floats, values: Floats, usable: Flags, stream: NDArray[np.int64]) -> Floats:
    """What a typical stream adds or lacks at each minute after its start, (n,); 0 where too few streams tell."""
    starts = timestamps[np.unique(stream, return_index=True)[1]]
    cells = np.searchsorted(_COURSE_EDGES_S, timestamps - starts[stream], side="right")
    n_cells, n_streams = _COURSE_EDGES_S.size + 1, starts.size
    counts = np.bincount(stream[usable], minlength=n_streams)
    sums = np.bincount(stream[usable], weights=values[usable], minlength=n_streams)
    centred = values[usable] - (sums / np.maximum(counts, 1))[stream[usable]]
    at = stream[usable] * n_cells + cells[usable]
    size = n_streams * n_cells
    cell_counts = np.bincount(at, minlength=size).reshape(n_streams, n_cells)
    cell_sums = np.bincount(at, weights=centred, minlength=size).reshape(n_streams, n_cells)
    seen = cell_counts > 0
    per_stream = np.where(seen, cell_sums / np.maximum(cell_counts, 1), 0.0)
    telling = seen.sum(axis=0)
    course = per_stream.sum(axis=0) / np.maximum(telling, 1)
    last = 0.0
    for cell in range(n_cells):  # late cells that few streams reach take over the last known one
        last = float(course[cell]) if telling[cell] >= _COURSE_STREAMS else last
        course[cell] = last
    return course[cells]


def _stretches(flags: Flags, stream: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Runs of flagged minutes within one stream, as index ranges."""
    if not flags.any():
        return []
    breaks = np.concatenate([[True], (flags[1:] != flags[:-1]) | (stream[1:] != stream[:-1])])
    edges = [*np.flatnonzero(breaks).tolist(), flags.size]
    return [(start, end) for start, end in pairwise(edges) if flags[start]]


def _tiles(flags: Flags, stream: NDArray[np.int64], length: int) -> list[tuple[int, int]]:
    """The runs of flagged minutes cut into ranges of `length` that do not overlap; what is left over goes unused."""
    return [(at, at + length) for start, end in _stretches(flags, stream) for at in range(start, end - length + 1, length)]


def _stream_means(rest: Floats, here: Flags, known: Flags, shown: Flags, stream: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """One mean for each stream with the content (while it ran) and for each stream without it."""
    count = int(stream[-1]) + 1
    minutes = np.bincount(stream[here], minlength=count)
    means = np.bincount(stream[here], weights=rest[here], minlength=count) / np.maximum(minutes, 1)
    never = known & ~(np.bincount(stream[shown], minlength=count) > 0)[stream]
    other_minutes = np.bincount(stream[never], minlength=count)
    other_means = np.bincount(stream[never], weights=rest[never], minlength=count) / np.maximum(other_minutes, 1)
    return means[minutes >= MIN_MINUTES], other_means[other_minutes >= MIN_MINUTES]


class _Differences:
    """Differences between ranges and their surroundings, each in constant time from running sums."""

    def __init__(self, timestamps: Floats, rest: Floats, known: Flags, shown: Flags, stream: NDArray[np.int64]) -> None:
        self._timestamps, self._stream = timestamps, stream
        self._inside = _running(rest, known)
        self._beside = _running(rest, known & ~shown)

    def of(self, places: list[tuple[int, int]]) -> Floats:
        """`mean(range) - mean(surroundings)` of the ranges that have both; the sides count alike, so that a trend cancels."""
        found: list[float] = []
        for start, end in places:
            low, high = self._around(start, end)
            inside = _mean(self._inside, start, end)
            sides = [side for side in (_mean(self._beside, low, start), _mean(self._beside, end, high)) if side is not None]
            if inside is not None and sides:
                found.append(inside - sum(sides) / len(sides))
        return np.array(found)

    def _around(self, start: int, end: int) -> tuple[int, int]:
        times, number = self._timestamps, self._stream[start]
        low = max(_position(times, times[start] - NEIGHBOURHOOD_S), _position(self._stream, number))
        high = min(_position(times, times[end - 1] + NEIGHBOURHOOD_S, after=True), _position(self._stream, number, after=True))
        return low, high


def _position(ascending: NDArray[Any], value: Any, *, after: bool = False) -> int:
    return int(cast("Any", np.searchsorted(ascending, value, side="right" if after else "left")))


def _running(values: Floats, usable: Flags) -> tuple[Floats, NDArray[np.int64]]:
    sums = np.concatenate([[0.0], np.cumsum(np.where(usable, values, 0.0))])
    return sums, np.concatenate([[0], np.cumsum(usable)])


def _mean(running: tuple[Floats, NDArray[np.int64]], start: int, end: int) -> float | None:
    sums, counts = running
    count = int(counts[end] - counts[start])
    return float(sums[end] - sums[start]) / count if count >= MIN_MINUTES else None

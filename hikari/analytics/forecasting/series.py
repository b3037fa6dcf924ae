# pyright: reportUnnecessaryIsInstance=false, reportUnnecessaryComparison=false
# Values come over the wire: their declared types are what is checked here.
"""Readings as they come in, put on a grid of equal steps.

Times may be unsorted, repeated or missing, values NaN, infinite or below the metric's floor (collectors write -1 for "unknown"): each
such reading is dropped and counted, none is repaired by guessing. A step without a reading is NaN; models decide what to do about it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hikari.errors import BadInput, NotReady, TooLarge
from hikari.fields import seconds

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Flags = NDArray[np.bool_]
DAY_S = 86_400.0
MAX_READINGS = 5_000_000
MAX_VALUE = 1e100
"""Larger readings count as infinite: their squares would be."""
MAX_STEPS = 20_000
"""Steps kept; what is older is left out. At 10-minute steps this is 20 weeks."""
MIN_STEP_S, MAX_STEP_S = 1.0, 7 * DAY_S
USUAL_STEPS_S = (1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 3 * 3600.0, 6 * 3600.0, DAY_S, 7 * DAY_S)


@dataclass(frozen=True, slots=True)
class Series:
    """One metric on a grid: `values` (steps,), NaN where nothing was read; step i covers `[start + i * step_s, + step_s)`.

    `floor` is the least value the metric can have, if there is one. `notes` say what was left out.
    """

    start: float
    step_s: float
    values: Floats
    floor: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def end(self) -> float:
        """Start of the first step to forecast."""
        return self.start + len(self.values) * self.step_s

    @property
    def day(self) -> int | None:
        """Steps in a day, or None where the step does not divide a day at least twice."""
        steps = DAY_S / self.step_s
        return round(steps) if steps >= 2 and abs(steps - round(steps)) < 1e-9 else None

    def clip(self, values: Floats) -> Floats:
        """`values` with the floor applied."""
        return values if self.floor is None else np.maximum(values, self.floor)


def regularise(
    timestamps: ArrayLike, values: ArrayLike, step_s: float | None = None, *, now: float | None = None, floor: float | None = None
) -> Series:
    """The mean of the readings in each step of `step_s` seconds.

    `timestamps` (n,) epoch seconds, `values` (n,). Of readings with the same time the last one counts. Readings after `now` are left
    out; with `now`, the grid reaches up to it even where the newest readings are missing. Without `step_s`, the usual step nearest
    above the readings' own median distance is taken. Raises `BadInput`, `TooLarge`, and `NotReady` when no usable reading is left.
    """
    times, readings = _columns(timestamps, values)
    notes: list[str] = []

    def keep(mask: NDArray[np.bool_], what: str) -> None:
        nonlocal times, readings
        dropped = len(mask) - int(mask.sum())
        if dropped:
            notes.append(f"{dropped} of {len(mask)} readings {what}")
            times, readings = times[mask], readings[mask]

    keep(np.isfinite(times) & (np.abs(times) <= 1e11), "without a valid time")
    keep(np.abs(readings) <= MAX_VALUE, "missing or not finite")
    if floor is not None:
        if not np.isfinite(floor):
            raise BadInput("the floor must be a finite number or None", field="floor")
        keep(readings >= floor, f"below the floor of {floor:g}")
    if now is not None:
        keep(times <= seconds(now, "now"), "later than now")
    order = np.argsort(times, kind="stable")
    times, readings = times[order], readings[order]
    keep(np.append(np.diff(times) > 0, True)[: len(times)], "replaced by a later one of the same time")
    if len(times) == 0:
        raise NotReady("there is no usable reading of this metric yet" + (f" ({'; '.join(notes)})" if notes else ""))
    step = _step(times) if step_s is None else _checked_step(step_s)
    bins = np.floor(times / step).astype(np.int64)
    last = int(bins[-1])
    if now is not None:
        last = max(last, int(np.floor(now / step)) - 1)  # the step that `now` lies in is still open
    first = max(int(bins[0]), last - MAX_STEPS + 1)
    if first > bins[-1]:
        raise NotReady(f"the newest reading is more than {MAX_STEPS} steps old")
    keep_from = int(np.searchsorted(bins, first))
    if keep_from:
        notes.append(f"{keep_from} readings older than {MAX_STEPS} steps")
    places = bins[keep_from:] - first
    count = last - first + 1
    number = np.bincount(places, minlength=count)
    # Divided before adding: the sum of readings near the largest float would overflow.
    means = np.bincount(places, readings[keep_from:] / number[places], count)
    return Series(first * step, step, np.where(number > 0, means, np.nan), floor, tuple(notes))


def filled(values: Floats) -> Floats:
    """Gaps closed by a straight line between their neighbours, the ends held; (n,) with at least one finite value."""
    places = np.flatnonzero(np.isfinite(values))
    return np.interp(np.arange(len(values)), places, values[places])


def change_scale(values: Floats) -> float:
    """Mean absolute change from one step to the next over pairs without a gap; 0 where there is none."""
    changes = np.abs(np.diff(values))
    changes = changes[np.isfinite(changes)]
    return float(changes.mean()) if len(changes) else 0.0


def _columns(timestamps: ArrayLike, values: ArrayLike) -> tuple[Floats, Floats]:
    columns: list[Floats] = []
    for name, column in (("timestamps", timestamps), ("values", values)):
        if isinstance(column, Sequence) and not isinstance(column, str | bytes):
            column = [np.nan if item is None else item for item in column]  # noqa: PLW2901 - None is how JSON spells a missing value
        try:
            array = np.asarray(column)
            if array.dtype.kind not in "fiu" and array.size:
                raise BadInput(f"{name} must be numbers", field=name)
            array = array.astype(np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise BadInput(f"{name} must be a list of numbers", field=name) from error
        if array.ndim != 1:
            raise BadInput(f"{name} must have one dimension, got {array.ndim}", field=name)
        columns.append(array)
    if len(columns[0]) != len(columns[1]):
        raise BadInput(f"there are {len(columns[0])} timestamps and {len(columns[1])} values", field="values")
    if len(columns[0]) > MAX_READINGS:
        raise TooLarge(f"there are {len(columns[0])} readings, at most {MAX_READINGS} are allowed", field="values")
    return columns[0], columns[1]


def _step(times: Floats) -> float:
    gaps = np.diff(times)
    if len(gaps) == 0:
        return 60.0
    distance = float(np.median(gaps))
    return next((step for step in USUAL_STEPS_S if step >= 0.75 * distance), MAX_STEP_S)


def _checked_step(step_s: float) -> float:
    if isinstance(step_s, bool) or not isinstance(step_s, int | float) or not MIN_STEP_S <= step_s <= MAX_STEP_S:
        raise BadInput(f"step_s must be a number of seconds from {MIN_STEP_S:g} to {MAX_STEP_S:g}", field="step_s")
    return float(step_s)

"""What a report would have shown earlier: the confidence sequences at growing numbers of units, for the plot over time.

A point is what was seen then and holds sums over at least `MIN_UNITS` units; forgetting a viewer does not rewrite it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgpack  # pyright: ignore[reportMissingTypeStubs]

from hikari.analytics.experiment_analysis import Comparison
from hikari.errors import BadStore

MAX_POINTS = 256
_GROWTH = 1.04
"""From one point to the next the units grow by this factor: about 200 points up to 100,000 units."""


@dataclass(frozen=True, slots=True)
class Point:
    """Time of the outcome, measured units of all arms, and `(difference, low, high)` or None for each challenger."""

    timestamp: float
    units: int
    comparisons: tuple[tuple[float, float, float] | None, ...]


def is_due(trail: Sequence[Point], units: int) -> bool:
    """Whether `units` are enough for another point."""
    return not trail or units >= max(trail[-1].units + 1, trail[-1].units * _GROWTH)


def extended(trail: Sequence[Point], timestamp: float, units: int, comparisons: Sequence[Comparison]) -> tuple[Point, ...]:
    """The trail with one more point; every second older one goes when it is full."""
    shown = tuple(
        None if one.difference is None or one.interval is None else (one.difference, *one.interval) for one in comparisons
    )
    if all(one is None for one in shown):
        return tuple(trail)
    kept = trail if len(trail) < MAX_POINTS else trail[1::2]
    return (*kept, Point(timestamp, units, shown))


def packed(trail: Sequence[Point]) -> bytes:
    """The trail as bytes."""
    rows = [[point.timestamp, point.units, [list(one) if one else None for one in point.comparisons]] for point in trail]
    return cast("bytes", cast("Any", msgpack).packb(rows))


def unpacked(row: bytes, challengers: int) -> tuple[Point, ...]:
    """The trail of packed bytes. Raises `BadStore`."""
    try:
        rows: list[Any] = cast("Any", msgpack).unpackb(row)
        points = tuple(_point(*parts) for parts in rows)
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise BadStore("the trail of an experiment is damaged") from error
    if len(points) > MAX_POINTS or any(len(point.comparisons) != challengers for point in points):
        raise BadStore("the trail of an experiment does not fit its arms")
    return points


def _point(timestamp: Any, units: Any, shown: Any) -> Point:
    return Point(float(timestamp), int(units), tuple(_triple(one) for one in shown))


def _triple(value: Any) -> tuple[float, float, float] | None:
    if value is None:
        return None
    difference, low, high = value
    return float(difference), float(low), float(high)

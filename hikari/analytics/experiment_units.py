"""One row for each unit of an experiment, and the sums over all units that every report is made of.

Values are whole numbers of 2**-30. All sums are therefore exact: the order of the outcomes cannot matter, and taking a unit out
leaves what would be there had it never come. A unit counts once, with the mean of its outcomes: someone who returns a hundred
times makes that mean more precise, but does not make the experiment a hundred times larger.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hikari.errors import BadStore

SCALE = 2**30
"""Steps in 1: values are kept to nine decimals."""
_ROW = struct.Struct("<BBId16sq")
MAX_OUTCOMES = 2**32 - 1
"""Outcomes of one unit."""
_LARGEST = 10**9 * SCALE


@dataclass(frozen=True, slots=True)
class Unit:
    """What is kept of one unit: arm (index), time of assignment, number and exact sum of outcomes (steps), covariate (steps)."""

    arm: int
    assigned_at: float
    outcomes: int = 0
    total: int = 0
    covariate: int | None = None

    def with_outcome(self, value: int) -> "Unit":
        """The same unit after one more outcome of `value` steps."""
        return replace(self, outcomes=self.outcomes + 1, total=self.total + value)

    @property
    def mean(self) -> int:
        """The unit's value in steps, rounded half up; only for units with an outcome."""
        return (2 * self.total + self.outcomes) // (2 * self.outcomes)

    def packed(self) -> bytes:
        """The row as 38 bytes."""
        covariate = 0 if self.covariate is None else self.covariate
        return _ROW.pack(
            self.arm,
            self.covariate is not None,
            self.outcomes,
            self.assigned_at,
            self.total.to_bytes(16, "little", signed=True),
            covariate,
        )


def unpacked(row: bytes, arms: int) -> Unit:
    """The unit of a packed row. Raises `BadStore`."""
    if len(row) != _ROW.size:
        raise BadStore("a unit of an experiment is damaged: wrong length")
    arm, covered, outcomes, assigned_at, total, covariate = _ROW.unpack(row)
    value = int.from_bytes(total, "little", signed=True)
    in_range = arm < arms and covered <= 1 and -1e11 <= assigned_at <= 1e11 and abs(covariate) <= _LARGEST
    if not in_range or abs(value) > outcomes * _LARGEST:
        raise BadStore("a unit of an experiment is damaged: values out of range")
    return Unit(arm, assigned_at, outcomes, value, covariate if covered else None)


class ArmSums:
    """Exact sums over the units of one arm.

    assigned: units with a row; units: of them measured (with an outcome); outcomes: of all of them. y, yy: values and squares. The
    rest over measured units with a covariate: covered (how many), y_covered, x, xx, xy.
    """

    __slots__ = ("assigned", "covered", "outcomes", "units", "x", "xx", "xy", "y", "y_covered", "yy")

    def __init__(self) -> None:
        self.assigned = self.units = self.outcomes = 0
        self.y = self.yy = 0
        self.covered = self.y_covered = self.x = self.xx = self.xy = 0

    def add(self, unit: Unit, sign: int = 1) -> None:
        """Take a unit in, or with `sign` -1 out."""
        self.assigned += sign
        if not unit.outcomes:
            return
        value = unit.mean
        self.units += sign
        self.outcomes += sign * unit.outcomes
        self.y += sign * value
        self.yy += sign * value * value
        if unit.covariate is not None:
            self.covered += sign
            self.y_covered += sign * value
            self.x += sign * unit.covariate
            self.xx += sign * unit.covariate**2
            self.xy += sign * value * unit.covariate

    def copy(self) -> "ArmSums":
        """The same sums, to try a change on."""
        twin = ArmSums()
        for name in self.__slots__:
            setattr(twin, name, getattr(self, name))
        return twin

    def as_dict(self) -> dict[str, int]:
        """All sums by name."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Moments:
    """Measured units of an arm, their mean, and the sum of squared deviations from it; in the metric's units."""

    count: int
    mean: float
    spread: float


@dataclass(frozen=True, slots=True)
class Adjustment:
    """CUPED as applied: slope on the covariate, share of the variance it took away, share of the measured units that have one."""

    slope: float
    variance_reduction: float
    covered: float


def raw_moments(sums: ArmSums) -> Moments:
    """Moments of the units' values; mean 0 and spread 0 without units."""
    if not sums.units:
        return Moments(0, 0.0, 0.0)
    return Moments(sums.units, sums.y / (sums.units * SCALE), _centred(sums.units, sums.y, sums.y, sums.yy) / SCALE**2)


def adjusted_moments(arms: Sequence[ArmSums]) -> tuple[list[Moments], Adjustment | None]:
    """Moments of `value - slope * (covariate - its mean)` for each arm; unchanged, and None, where no covariate varies.

    One slope for all arms, from the deviations within arms, so that the arms' difference itself cannot leak into it. A unit without
    a covariate is taken at its mean, hence not adjusted.
    A. Deng, Y. Xu, R. Kohavi, T. Walker, Improving the sensitivity of online controlled experiments by utilizing pre-experiment
    data, WSDM 2013.
    """
    covered = sum(arm.covered for arm in arms)
    raw = [raw_moments(arm) for arm in arms]
    if not covered:
        return raw, None
    centre = sum(arm.x for arm in arms) // covered  # any common centre is exact; the mean keeps the adjusted means near the raw
    products = [_products(arm, centre) for arm in arms]
    within_zz = sum(zz for _, zz, _ in products)
    if within_zz <= 0:
        return raw, None
    slope = float(sum(yz for _, _, yz in products) / within_zz)
    adjusted: list[Moments] = []
    for moments, (z_mean, zz, yz) in zip(raw, products, strict=True):
        spread = moments.spread - 2.0 * slope * yz + slope**2 * zz
        adjusted.append(Moments(moments.count, moments.mean - slope * z_mean, max(spread, 0.0)))
    before, after = sum(arm.spread for arm in raw), sum(arm.spread for arm in adjusted)
    reduction = 1.0 - after / before if before > 0 else 0.0
    return adjusted, Adjustment(slope, reduction, covered / sum(arm.units for arm in arms))


def _products(arm: ArmSums, centre: int) -> tuple[float, float, float]:
    """Mean of z = covariate - centre (0 where there is none), centred sums of z*z and of value*z."""
    if not arm.units:
        return 0.0, 0.0, 0.0
    z = arm.x - arm.covered * centre
    zz = arm.xx - 2 * centre * arm.x + arm.covered * centre**2
    yz = arm.xy - centre * arm.y_covered
    count = arm.units
    return z / (count * SCALE), _centred(count, z, z, zz) / SCALE**2, _centred(count, arm.y, z, yz) / SCALE**2


def _centred(count: int, first: int, second: int, product: int) -> float:
    """Sum of products of deviations from the means, exact until the one division."""
    return (count * product - first * second) / count

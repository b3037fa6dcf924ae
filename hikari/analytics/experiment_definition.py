# pyright: reportUnnecessaryIsInstance=false
# Definitions come over the wire: their declared types are what is checked here.
"""What an experiment is about: its arms, its metric, the difference worth finding. Fixed before the first outcome."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, cast

from hikari.analytics.allocation import shares
from hikari.errors import BadInput
from hikari.fields import name_field

UNITS = ("viewer", "time_block")
KINDS = ("binary", "count", "continuous")
MAX_ARMS = 16
MIN_BLOCK_S, MAX_BLOCK_S = 60.0, 7 * 86_400.0
MAX_VALUE = 1e9
"""Largest absolute outcome and covariate; they are kept to nine decimals."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One variant of the content; `weight` is its share of the units, relative to the other arms'."""

    name: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Definition:
    """An A/B or multi-arm test.

    id: names the experiment for ever; assignment depends on it and on `salt`. `arms`: two or more; `baseline`: the arm that the others
    are compared with (default: the first). `unit`: what is assigned, a viewer or a time block of `block_s` seconds.
    metric, kind: what an outcome measures; binary outcomes are 0 or 1, counts whole numbers from 0. The value of a unit is the mean
    of its outcomes. `minimum_effect`: the smallest difference of the metric worth finding, in its own units; `expected_mean` and
    `expected_sd`: of the units' values under the baseline, for planning (a binary metric needs the mean alone, a count without
    `expected_sd` is taken as Poisson). `covariate`: name of a number known before the experiment that predicts the metric;
    `expected_correlation`: how well. `alpha`: chance of any false winner; `power`: of finding `minimum_effect`.
    `max_duration_s`: longest run, without one only the planned number of units ends it. Raises `BadInput`.
    """

    id: str
    name: str
    arms: tuple[Arm, ...]
    metric: str
    kind: str
    minimum_effect: float
    expected_mean: float | None = None
    expected_sd: float | None = None
    unit: str = "viewer"
    block_s: float | None = None
    covariate: str | None = None
    expected_correlation: float = 0.0
    baseline: str | None = None
    larger_is_better: bool = True
    alpha: float = 0.05
    power: float = 0.8
    max_duration_s: float | None = None
    salt: str = ""

    def __post_init__(self) -> None:
        for field in ("id", "name", "metric"):
            name_field(getattr(self, field), field)
        if self.covariate is not None:
            name_field(self.covariate, "covariate")
        if self.salt != "":
            name_field(self.salt, "salt")
        if not isinstance(self.larger_is_better, bool):
            raise BadInput("larger_is_better must be true or false", field="larger_is_better")
        _one_of(self.unit, UNITS, "unit")
        _one_of(self.kind, KINDS, "kind")
        self._check_arms()
        self._check_numbers()
        self._check_expectations()

    @property
    def weights(self) -> tuple[float, ...]:
        """The planned shares of the arms, sum 1."""
        return shares([arm.weight for arm in self.arms])

    @property
    def baseline_index(self) -> int:
        """Which arm the others are compared with."""
        return 0 if self.baseline is None else [arm.name for arm in self.arms].index(self.baseline)

    @property
    def challengers(self) -> tuple[int, ...]:
        """The arms that are compared with the baseline."""
        return tuple(arm for arm in range(len(self.arms)) if arm != self.baseline_index)

    @property
    def comparison_alpha(self) -> float:
        """Level of one comparison: Bonferroni over the challengers, so that `alpha` bounds any false finding at any time."""
        return self.alpha / len(self.challengers)

    def as_dict(self) -> dict[str, Any]:
        """Plain values that `definition` reads back."""
        return {**asdict(self), "arms": [asdict(arm) for arm in self.arms]}

    def _check_arms(self) -> None:
        if not isinstance(self.arms, tuple) or not all(isinstance(arm, Arm) for arm in self.arms):
            raise BadInput("arms must be a list of arms", field="arms")
        if not 2 <= len(self.arms) <= MAX_ARMS:
            raise BadInput(f"an experiment has 2 to {MAX_ARMS} arms", field="arms")
        names = [name_field(arm.name, "arms") for arm in self.arms]
        if len(set(names)) != len(names):
            raise BadInput("the names of the arms must differ", field="arms")
        for arm in self.arms:
            _number(arm.weight, "arms")
        shares([arm.weight for arm in self.arms])
        if self.baseline is not None and self.baseline not in names:
            raise BadInput("baseline must be the name of one of the arms", field="baseline")

    def _check_numbers(self) -> None:
        _within(self.minimum_effect, 0.0, MAX_VALUE, "minimum_effect")
        _within(self.alpha, 0.0, 0.5, "alpha")
        _within(self.power, 0.5, 1.0, "power")
        if not -1 < _number(self.expected_correlation, "expected_correlation") < 1:
            raise BadInput("expected_correlation must lie between -1 and 1", field="expected_correlation")
        if self.max_duration_s is not None:
            _within(self.max_duration_s, 0.0, 1e10, "max_duration_s")
        if self.unit == "viewer" and self.block_s is not None:
            raise BadInput("block_s belongs to experiments by time block", field="block_s")
        if self.unit == "time_block" and (
            self.block_s is None or not MIN_BLOCK_S <= _number(self.block_s, "block_s") <= MAX_BLOCK_S
        ):
            raise BadInput("a time block lasts a minute to a week: block_s must be 60 to 604800 seconds", field="block_s")

    def _check_expectations(self) -> None:
        mean, sd = self.expected_mean, self.expected_sd
        if sd is not None:
            _within(sd, 0.0, MAX_VALUE, "expected_sd")
        if mean is not None and abs(_number(mean, "expected_mean")) > MAX_VALUE:
            raise BadInput(f"expected_mean must be at most {MAX_VALUE:g}", field="expected_mean")
        if self.kind == "count" and mean is not None and mean < 0:
            raise BadInput("the expected mean of a count is at least 0", field="expected_mean")
        if self.kind == "binary":
            if mean is not None and not 0 < mean < 1:
                raise BadInput("the expected rate of a binary metric lies between 0 and 1", field="expected_mean")
            if self.minimum_effect >= 1:
                raise BadInput("a difference of two rates is below 1", field="minimum_effect")


def definition(values: Mapping[str, Any]) -> Definition:
    """A definition from plain values; arms are names or `{"name", "weight"}`. Raises `BadInput`."""
    if not isinstance(values, Mapping):
        raise BadInput("an experiment's definition must be an object", field="definition")
    known = {field.name for field in fields(Definition)}
    unknown = sorted(str(name)[:40] for name in values if name not in known)
    if unknown:
        raise BadInput(f"unknown in an experiment's definition; known are {', '.join(sorted(known))}", field=unknown[0])
    for field in ("id", "name", "arms", "metric", "kind", "minimum_effect"):
        if field not in values:
            raise BadInput(f"an experiment needs {field}", field=field)
    arms = values["arms"]
    if not isinstance(arms, list | tuple):
        raise BadInput("arms must be a list", field="arms")
    checked: dict[str, Any] = {**values, "arms": tuple(_arm(arm) for arm in cast("list[Any]", arms))}
    return Definition(**checked)


def _arm(value: Any) -> Arm:
    if isinstance(value, Arm):
        return value
    if isinstance(value, str):
        return Arm(value)
    if isinstance(value, Mapping):
        parts = dict(cast("Mapping[str, Any]", value))
        if "name" in parts and set(parts) <= {"name", "weight"}:
            return Arm(**parts)
    raise BadInput("an arm is a name or an object of name and weight", field="arms")


def _one_of(value: Any, allowed: tuple[str, ...], field: str) -> None:
    if value not in allowed:
        raise BadInput(f"{field} must be one of {', '.join(allowed)}", field=field)


def _number(value: Any, field: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadInput(f"{field} must be a finite number", field=field)
    return value


def _within(value: Any, low: float, high: float, field: str) -> None:
    if not low < _number(value, field) < high:
        raise BadInput(f"{field} must lie between {low:g} and {high:g}", field=field)

"""From the sums of an experiment to differences with confidence sequences, lifts, the sample-ratio alarm and a decision."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hikari.analytics.experiment_definition import Definition
from hikari.analytics.experiment_units import Adjustment, ArmSums, Moments, adjusted_moments, raw_moments
from hikari.analytics.sequential import (
    MIN_UNITS,
    always_valid_p,
    contrast_variance,
    log_evidence,
    mixture_scale,
    radius,
    ratio_log_evidence,
)

SRM_ALPHA = 0.001
"""Chance that a sound experiment ever raises the sample-ratio alarm."""
_LEAST_SPREAD = 0.5
"""Sum of squared deviations assumed at least for whole-numbered metrics: 30 times the same value does not prove that there is no other."""

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A challenger against the baseline.

    verdict: better | worse | equivalent (any difference is smaller than the one worth finding) | open | too_few (units) | constant
    (all values equal so far). The numbers are None in the last two cases; the lift and its interval also when the baseline's mean
    is not clearly above 0.
    """

    arm: int
    verdict: str
    difference: float | None = None
    interval: Interval | None = None
    p_value: float | None = None
    lift: float | None = None
    lift_interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class RatioCheck:
    """The sample-ratio test over assigned and over measured units: a small `p_value` says that units go missing in some arm."""

    p_value: float
    alarm: bool


def scale(definition: Definition) -> float:
    """The mixture's standard deviation: a function of the definition alone, hence fixed before the first outcome."""
    return mixture_scale(definition.minimum_effect, definition.comparison_alpha, definition.power)


def arm_interval(definition: Definition, moments: Moments) -> Interval | None:
    """Confidence sequence of one arm's mean at level `alpha`, None while there are too few units or all are equal."""
    if moments.count < MIN_UNITS:
        return None
    variance = _spread(definition, moments) / (moments.count * (moments.count - 1.0))
    if variance <= 0:
        return None
    half = float(radius(variance, scale(definition), definition.alpha))
    return moments.mean - half, moments.mean + half


def compare(definition: Definition, arms: Sequence[ArmSums]) -> tuple[list[Comparison], Adjustment | None]:
    """Every challenger against the baseline, adjusted by the covariate where the experiment names one."""
    if definition.covariate is not None and all(arm.units >= MIN_UNITS for arm in arms):
        moments, adjustment = adjusted_moments(arms)
    else:
        moments, adjustment = [raw_moments(arm) for arm in arms], None
    base = moments[definition.baseline_index]
    return [_comparison(definition, arm, moments[arm], base) for arm in definition.challengers], adjustment


def check_ratio(definition: Definition, arms: Sequence[ArmSums]) -> RatioCheck:
    """Whether units were assigned and measured in the planned ratio; valid whenever looked at.

    The mean of two e-values (one for the assigned, one for the measured units) is again one: no correction is due.
    """
    weights = definition.weights
    assigned = ratio_log_evidence([arm.assigned for arm in arms], weights)
    measured = ratio_log_evidence([arm.units for arm in arms], weights)
    high = max(assigned, measured)
    evidence = high + math.log((math.exp(assigned - high) + math.exp(measured - high)) / 2.0)
    return RatioCheck(always_valid_p(evidence), evidence >= math.log(1.0 / SRM_ALPHA))


def decide(definition: Definition, comparisons: Sequence[Comparison], check: RatioCheck, *, over: bool) -> tuple[str, int | None]:
    """`invalid`, `winner` with the arm, `no difference detectable` or `keep running`; `over`: the planned length is reached."""
    if check.alarm:
        return "invalid", None
    better = [one for one in comparisons if one.verdict == "better"]
    if better:
        sign = 1.0 if definition.larger_is_better else -1.0
        return "winner", max(better, key=lambda one: sign * (one.difference or 0.0)).arm
    if all(one.verdict == "worse" for one in comparisons):
        return "winner", definition.baseline_index
    if over or all(one.verdict in ("worse", "equivalent") for one in comparisons):
        return "no difference detectable", None
    return "keep running", None


def _comparison(definition: Definition, arm: int, moments: Moments, base: Moments) -> Comparison:
    if min(moments.count, base.count) < MIN_UNITS:
        return Comparison(arm, "too_few")
    variance = _variance(definition, moments, base, 1.0)
    if variance <= 0:
        return Comparison(arm, "constant")
    width = scale(definition)
    difference = moments.mean - base.mean
    half = float(radius(variance, width, definition.comparison_alpha))
    interval = (difference - half, difference + half)
    evidence = float(log_evidence(difference, variance, width))
    # Bonferroni here too, so that p-value and interval always agree.
    p_value = min(1.0, always_valid_p(evidence) * len(definition.challengers))
    lift = difference / base.mean if base.mean > 0 else None
    lifts = None if lift is None else _lift_interval(definition, moments, base)
    return Comparison(arm, _verdict(definition, interval), difference, interval, p_value, lift if lifts else None, lifts)


def _verdict(definition: Definition, interval: Interval) -> str:
    low, high = interval if definition.larger_is_better else (-interval[1], -interval[0])
    if low > 0:
        return "better"
    if high < 0:
        return "worse"
    return "equivalent" if max(-low, high) < definition.minimum_effect else "open"


def _lift_interval(definition: Definition, moments: Moments, base: Moments) -> Interval | None:
    """The lifts that the data do not contradict; None when they have no end, as the baseline's mean may be 0.

    E. C. Fieller's construction (1954) with confidence sequences: for the true ratio, `mean - ratio * base mean` is 0 on average.
    """
    estimate = moments.mean / base.mean
    own = contrast_variance(base.count, _spread(definition, base), base.count, _spread(definition, base), 0.0)
    if base.mean <= float(radius(float(own), scale(definition), definition.comparison_alpha)):
        return None
    low = _last_kept(definition, moments, base, estimate, -1.0)
    high = _last_kept(definition, moments, base, estimate, 1.0)
    return None if low is None or high is None else (low - 1.0, high - 1.0)


def _last_kept(definition: Definition, moments: Moments, base: Moments, estimate: float, direction: float) -> float | None:
    """The end of the kept ratios on one side of the estimate, by doubling and halving."""
    inside, step = 0.0, 1e-3
    while _kept(definition, moments, base, estimate + direction * step):
        inside, step = step, 2.0 * step
        if step > 1e4:
            return None
    for _ in range(50):
        middle = (inside + step) / 2.0
        if _kept(definition, moments, base, estimate + direction * middle):
            inside = middle
        else:
            step = middle
    return estimate + direction * step


def _kept(definition: Definition, moments: Moments, base: Moments, ratio: float) -> bool:
    variance = _variance(definition, moments, base, ratio)
    width = scale(definition) * max(1.0, abs(ratio))  # any scale that depends on the ratio alone is valid
    return abs(moments.mean - ratio * base.mean) <= radius(variance, width, definition.comparison_alpha)


def _variance(definition: Definition, moments: Moments, base: Moments, ratio: float) -> float:
    return float(
        contrast_variance(float(moments.count), _spread(definition, moments), float(base.count), _spread(definition, base), ratio)
    )


def _spread(definition: Definition, moments: Moments) -> float:
    return moments.spread if definition.kind == "continuous" else max(moments.spread, _LEAST_SPREAD)

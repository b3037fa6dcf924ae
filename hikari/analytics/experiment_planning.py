"""How many units an experiment needs before it starts, and what it can find with those it will get.

The planned number makes the standard error of the widest comparison `sequential.planned_error`. The power there is a lower bound:
it counts only experiments whose confidence sequence excludes 0 at the planned end, those that could stop earlier are more.
"""

import math
from dataclasses import replace

from hikari.analytics.experiment_definition import Definition
from hikari.analytics.sequential import MIN_UNITS, planned_error
from hikari.errors import BadInput


def required_units(definition: Definition) -> tuple[int, ...] | None:
    """Measured units for each arm that find `minimum_effect` with `power`; None when the spread of the metric was not given."""
    per_unit = _variance_per_unit(definition)
    if per_unit is None:
        return None
    error = planned_error(definition.minimum_effect, definition.comparison_alpha, definition.power)
    total = per_unit / error**2
    # The estimates of the spread cost degrees of freedom: a few units more where few are planned.
    return tuple(max(math.ceil(total * weight) + 2, MIN_UNITS) for weight in definition.weights)


def detectable_effect(definition: Definition, units: int) -> float:
    """The difference that `units` measured units in all find with `power`, whatever `minimum_effect` says.

    Raises `BadInput` when the definition does not say how much the metric spreads, or for too few units.
    """
    if isinstance(units, bool) or units * min(definition.weights) < MIN_UNITS:
        raise BadInput(f"each arm needs {MIN_UNITS} units or more", field="units")
    effect = definition.minimum_effect
    unit_error = planned_error(1.0, definition.comparison_alpha, definition.power)
    for _ in range(50):  # the spread of rates and counts depends a little on the effect itself
        per_unit = _variance_per_unit(replace(definition, minimum_effect=effect))
        if per_unit is None:
            raise BadInput("planning needs expected_mean or expected_sd", field="expected_sd")
        found = math.sqrt(per_unit / units) / unit_error
        if definition.kind == "binary":
            found = min(found, 0.999)
        if abs(found - effect) <= 1e-12 * found:
            break
        effect = found
    return effect


def _variance_per_unit(definition: Definition) -> float | None:
    """Variance of the widest comparison, times all units of the experiment; the larger of separate and pooled, as in the analysis."""
    base = _unit_variance(definition, 0.0)
    if base is None:
        return None
    effect = definition.minimum_effect
    other = max(_unit_variance(definition, effect) or 0.0, _unit_variance(definition, -effect) or 0.0)
    base_weight = definition.weights[definition.baseline_index]
    widest = 0.0
    for arm in definition.challengers:
        weight = definition.weights[arm]
        separate = other / weight + base / base_weight
        pooled = (weight * other + base_weight * base) / (weight + base_weight) * (1 / weight + 1 / base_weight)
        widest = max(widest, separate, pooled)
    adjusted = 1.0 - definition.expected_correlation**2 if definition.covariate is not None else 1.0
    return widest * adjusted


def _unit_variance(definition: Definition, shift: float) -> float | None:
    """Variance of one unit's value when its mean is `shift` away from the baseline's."""
    if definition.expected_sd is not None:
        return definition.expected_sd**2
    if definition.expected_mean is None or definition.kind == "continuous":
        return None
    mean = definition.expected_mean + shift
    if definition.kind == "count":
        return max(mean, 0.0)
    return mean * (1.0 - mean) if 0 < mean < 1 else 0.0

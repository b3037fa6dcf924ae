"""Inference that stays valid when someone looks at the numbers after every outcome.

The difference of two arm means behaves, in the information `1 / variance`, like Brownian motion with the true difference as its
drift. Mixing its likelihood ratio over a normal prior of the drift with standard deviation `scale` gives a martingale under "no
difference" that starts at 1 and by Ville's inequality ever reaches 1 / alpha with probability at most alpha:

    log evidence = (difference**2 * scale**2 / (variance * (variance + scale**2)) + log(variance / (variance + scale**2))) / 2

R. Johari, L. Pekelis, D. J. Walsh, Always valid inference: bringing sequential analysis to A/B testing, 2015/2017 (the mixture
sequential probability ratio test); S. R. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, Time-uniform, nonparametric, nonasymptotic
confidence sequences, Annals of Statistics 49, 2021 (the normal-mixture boundary); I. Waudby-Smith, D. Arbour, R. Sinha, E. H.
Kennedy, A. Ramdas, Time-uniform central limit theory and asymptotic confidence sequences, Annals of Statistics 52, 2024 (why an
estimated variance does, once there is a handful of units: `MIN_UNITS`).

`scale` must be fixed before the first outcome; every choice is valid, the best one depends on the difference worth finding.
All functions take floats or arrays of equal shape.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

MIN_UNITS = 25
"""Measured units that each arm must have before anything is concluded: the approximation needs a start (Waudby-Smith et al., 2024)."""
SRM_CONCENTRATION = 100.0
"""Pseudo-units of the Dirichlet alternative of the sample-ratio test: it expects imbalances of some points, not of some tens."""

Number = TypeVar("Number", float, NDArray[np.float64])


def best_ratio(alpha: float) -> float:
    """The `scale**2 / variance` at which the confidence sequence is narrowest: the root of `r = 2 log(1/alpha) + log(1 + r)`.

    There the half-width is `sqrt(1 + r)` standard errors.

    >>> round((1 + best_ratio(0.05)) ** 0.5, 2)
    3.04
    """
    start = 2.0 * math.log(1.0 / alpha)
    ratio = start
    for _ in range(60):  # a contraction by less than a half
        ratio = start + math.log1p(ratio)
    return ratio


def planned_error(effect: float, alpha: float, power: float) -> float:
    """The standard error at which a true difference `effect` is outside the confidence sequence around 0 with `power` at least."""
    return effect / (math.sqrt(1.0 + best_ratio(alpha)) + NormalDist().inv_cdf(power))


def mixture_scale(effect: float, alpha: float, power: float) -> float:
    """The `scale` whose confidence sequence is narrowest where a true difference `effect` becomes detectable."""
    return math.sqrt(best_ratio(alpha)) * planned_error(effect, alpha, power)


def radius(variance: Number, scale: float, alpha: float) -> Number:
    """Half the width of the confidence sequence: with probability 1 - alpha the truth is never further from the estimate.

    variance: of the estimate, over 0.
    """
    ratio = scale**2 / variance
    return cast("Number", np.sqrt(variance * (1.0 + 1.0 / ratio) * (2.0 * math.log(1.0 / alpha) + np.log1p(ratio))))


def log_evidence(difference: Number, variance: Number, scale: float) -> Number:
    """Logarithm of the mixture likelihood ratio against "no difference"; `log(1 / alpha)` or more rejects at level alpha."""
    total = variance + scale**2
    return cast("Number", (difference**2 * (scale**2 / (variance * total)) + np.log(variance / total)) / 2.0)


def always_valid_p(evidence: float) -> float:
    """The p-value that belongs to a log evidence; valid at any time that the data chose."""
    return math.exp(min(-evidence, 0.0))


def contrast_variance(count: Number, spread: Number, base_count: Number, base_spread: Number, ratio: float = 1.0) -> Number:
    """Variance of `mean - ratio * base mean`; `spread` are sums of squared deviations from the arm's own mean.

    The larger of the estimates with separate and with pooled variances: a small arm of a skewed metric underestimates its
    variance just when its mean is low, which alone would raise false alarms. Equal for arms of equal size.
    """
    separate = spread / (count * (count - 1.0)) + ratio**2 * base_spread / (base_count * (base_count - 1.0))
    pooled = (spread + base_spread) / (count + base_count - 2.0) * (1.0 / count + ratio**2 / base_count)
    return cast("Number", np.maximum(separate, pooled))


def ratio_log_evidence(counts: Sequence[int], weights: Sequence[float]) -> float:
    """Log evidence that units do not arrive in the planned ratio; `log(1 / alpha)` or more rejects, whenever looked at.

    counts: units per arm; weights: planned shares, sum 1. The Bayes factor of a Dirichlet-multinomial around the plan against the
    plan: M. Lindon, A. Malek, Anytime-valid inference for multinomial count data, NeurIPS 2022.

    >>> ratio_log_evidence([500, 500], [0.5, 0.5]) < 0 < ratio_log_evidence([580, 420], [0.5, 0.5])
    True
    """
    total = sum(counts)
    evidence = math.lgamma(SRM_CONCENTRATION) - math.lgamma(SRM_CONCENTRATION + total)
    for count, weight in zip(counts, weights, strict=True):
        prior = SRM_CONCENTRATION * weight
        evidence += math.lgamma(prior + count) - math.lgamma(prior) - count * math.log(weight)
    return evidence

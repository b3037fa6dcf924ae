"""The mathematics of peeking: closed forms, and simulations in which somebody looks after every single outcome."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from hikari.analytics import sequential
from hikari.analytics.sequential import MIN_UNITS

ALPHA = 0.05


def rejections(draw, effect, rng, *, replications, units, share=0.5, shift=0.0, alpha=ALPHA):
    """How many of the replications ever reject when looked at after each unit."""
    scale = sequential.mixture_scale(effect, alpha, 0.8)
    found = 0
    for _ in range(replications // 100):
        treated = rng.random((100, units)) < share
        values = draw(rng, (100, units)).astype(float) + shift * treated
        count, mean, spread = running(values, treated)
        base_count, base_mean, base_spread = running(values, ~treated)
        enough = (count >= MIN_UNITS) & (base_count >= MIN_UNITS)
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = sequential.contrast_variance(count, spread, base_count, base_spread)
            outside = np.abs(mean - base_mean) > sequential.radius(variance, scale, alpha)
        found += int((outside & enough & (variance > 0)).any(axis=1).sum())
    return found


def running(values, chosen):
    count = np.cumsum(chosen, axis=1).astype(float)
    total = np.cumsum(values * chosen, axis=1)
    mean = total / np.maximum(count, 1)
    return count, mean, np.maximum(np.cumsum(values**2 * chosen, axis=1) - total * mean, 0.0)


def most(replications, chance=ALPHA):
    """Rejections that a true rate of `chance` exceeds in one of a thousand runs."""
    return stats.binom.ppf(0.999, replications, chance)


METRICS = {
    "normal": (lambda rng, shape: rng.normal(size=shape), 0.5),
    "coin": (lambda rng, shape: rng.random(shape) < 0.5, 0.3),
    "rare": (lambda rng, shape: rng.random(shape) < 0.03, 0.05),
    "count": (lambda rng, shape: rng.poisson(1.0, shape), 0.5),
    "skewed": (lambda rng, shape: np.exp(1.2 * rng.normal(size=shape)), 2.0),
}


@pytest.mark.parametrize("share", [0.5, 0.15])
@pytest.mark.parametrize("metric", METRICS)
def test_peeking_after_every_unit_keeps_the_error_below_alpha(metric, share):
    draw, effect = METRICS[metric]
    found = rejections(draw, effect, np.random.default_rng(1), replications=1000, units=800, share=share)
    assert found <= most(1000)


def test_a_fixed_test_under_peeking_would_not():
    rng = np.random.default_rng(2)
    treated = rng.random((1000, 800)) < 0.5
    values = rng.normal(size=treated.shape)
    count, mean, spread = running(values, treated)
    other, base, base_spread = running(values, ~treated)
    enough = (count >= MIN_UNITS) & (other >= MIN_UNITS)
    variance = sequential.contrast_variance(np.maximum(count, 2), spread, np.maximum(other, 2), base_spread)
    fooled = (np.abs(mean - base) > 1.96 * np.sqrt(variance)) & enough
    assert fooled.any(axis=1).mean() > 0.2


@pytest.mark.slow
@pytest.mark.parametrize("metric", METRICS)
def test_the_error_is_below_alpha_beyond_the_noise_of_the_simulation(metric):
    draw, effect = METRICS[metric]
    found = rejections(draw, effect, np.random.default_rng(3), replications=10_000, units=2000)
    assert stats.binomtest(found, 10_000).proportion_ci(0.99).high < ALPHA


@pytest.mark.parametrize(("effect", "sd"), [(0.5, 1.0), (0.3, 2.0)])
def test_power_at_the_planned_size(effect, sd):
    error = sequential.planned_error(effect, ALPHA, 0.8)
    units = 2 * math.ceil(2 * sd**2 / error**2)
    found = rejections(
        lambda rng, shape: sd * rng.normal(size=shape),
        effect,
        np.random.default_rng(4),
        replications=1000,
        units=units,
        shift=effect,
    )
    assert found >= stats.binom.ppf(0.001, 1000, 0.8)


def test_the_evidence_is_the_likelihood_ratio_mixed_over_the_effect():
    difference, variance, scale = 0.3, 0.02, 0.4

    def ratio(drift):
        likelihood = stats.norm.pdf(difference, drift, math.sqrt(variance)) / stats.norm.pdf(difference, 0, math.sqrt(variance))
        return likelihood * stats.norm.pdf(drift, 0, scale)

    mixed = integrate.quad(ratio, -4, 4, points=[0.3])[0]
    assert sequential.log_evidence(difference, variance, scale) == pytest.approx(math.log(mixed), rel=1e-6)


@given(st.floats(1e-6, 1e3), st.floats(1e-3, 1e2), st.floats(0.001, 0.3), st.floats(0.01, 3.0))
def test_interval_and_evidence_agree(variance, scale, alpha, factor):
    half = float(sequential.radius(variance, scale, alpha))
    evidence = float(sequential.log_evidence(factor * half, variance, scale))
    at_the_edge = float(sequential.log_evidence(half, variance, scale))
    assert at_the_edge == pytest.approx(math.log(1 / alpha), abs=1e-6)
    assert (evidence > at_the_edge) == (factor * half > half)


@given(st.floats(0.001, 0.3), st.floats(0.05, 20))
def test_the_best_ratio_is_the_best(alpha, factor):
    best = sequential.best_ratio(alpha)
    half = float(sequential.radius(1.0, math.sqrt(best), alpha))
    assert half == pytest.approx(math.sqrt(1 + best))
    assert half <= float(sequential.radius(1.0, math.sqrt(best * factor), alpha)) + 1e-9


def test_welch_and_pooled_variance_agree_for_arms_of_equal_size():
    rng = np.random.default_rng(5)
    one, two = rng.normal(0, 1, 40), rng.normal(0, 3, 40)
    spreads = [((x - x.mean()) ** 2).sum() for x in (one, two)]
    variance = sequential.contrast_variance(40.0, spreads[0], 40.0, spreads[1])
    assert variance == pytest.approx((one.var(ddof=1) + two.var(ddof=1)) / 40)


def ratio_evidence_one_by_one(arms, weights):
    """The same Bayes factor as a product of one-step predictions, for whole paths at once."""
    weights = np.array(weights)
    counts = np.zeros((*arms.shape, weights.size))
    for arm in range(weights.size):
        counts[..., arm] = np.cumsum(arms == arm, axis=-1)
    before = counts - np.eye(weights.size)[arms]
    prior = sequential.SRM_CONCENTRATION * weights
    chance = (np.take_along_axis(before, arms[..., None], -1)[..., 0] + prior[arms]) / (
        before.sum(axis=-1) + sequential.SRM_CONCENTRATION
    )
    return np.cumsum(np.log(chance / weights[arms]), axis=-1), counts


def test_the_ratio_evidence_is_the_product_of_its_predictions():
    arms = np.random.default_rng(6).choice(3, size=300, p=[0.5, 0.3, 0.2])
    evidence, counts = ratio_evidence_one_by_one(arms, (0.5, 0.3, 0.2))
    for at in (0, 1, 50, 299):
        direct = sequential.ratio_log_evidence(counts[at].astype(int).tolist(), (0.5, 0.3, 0.2))
        assert direct == pytest.approx(evidence[at], abs=1e-8)


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.8, 0.1, 0.1)])
def test_the_ratio_alarm_under_peeking(weights):
    rng = np.random.default_rng(7)
    arms = rng.choice(len(weights), size=(2000, 1500), p=weights)
    evidence, _ = ratio_evidence_one_by_one(arms, weights)
    for alpha in (0.05, 0.01, 0.001):
        assert (evidence >= math.log(1 / alpha)).any(axis=1).sum() <= most(2000, alpha)


def test_the_ratio_alarm_finds_lost_units():
    assert sequential.always_valid_p(sequential.ratio_log_evidence([5000, 4500], (0.5, 0.5))) < 1e-4
    assert sequential.always_valid_p(sequential.ratio_log_evidence([5000, 4950], (0.5, 0.5))) == 1.0

"""The analysis on whole experiments under peeking: returning viewers, CUPED, several arms, time blocks; lifts and decisions."""

import math

import numpy as np
import pytest
from scipy import stats

from hikari.analytics import sequential
from hikari.analytics.allocation import block_arm
from hikari.analytics.experiment_analysis import SRM_ALPHA, Comparison, RatioCheck, check_ratio, compare, decide, scale
from hikari.analytics.experiment_definition import definition
from hikari.analytics.experiment_planning import required_units
from hikari.analytics.experiment_units import SCALE, ArmSums, Unit, raw_moments
from hikari.analytics.sequential import MIN_UNITS

ABOUT = {"id": "e", "name": "E", "arms": ["a", "b"], "metric": "m", "kind": "continuous", "minimum_effect": 0.5}


def most(replications, chance=0.05):
    return stats.binom.ppf(0.999, replications, chance)


def sums_of(values, covariates=None):
    sums = ArmSums()
    for place, value in enumerate(values):
        covariate = None if covariates is None else round(covariates[place] * SCALE)
        sums.add(Unit(0, 0.0, 1, round(value * SCALE), covariate))
    return sums


def ever_outside(counts, means, spreads, level, width):
    """Whether arm 1 ever differs from arm 0, for columns of replications at one look."""
    variance = sequential.contrast_variance(counts[1], spreads[1], counts[0], spreads[0])
    enough = (counts[0] >= MIN_UNITS) & (counts[1] >= MIN_UNITS) & (variance > 0)
    return enough & (np.abs(means[1] - means[0]) > sequential.radius(variance, width, level))


def test_returning_viewers_do_not_inflate_the_error():
    """Viewers differ, some return a hundred times; a look after each outcome. Counting outcomes as units fails the same test."""
    about = definition(ABOUT)
    width, rng = scale(about), np.random.default_rng(1)
    runs, viewers, outcomes = 1000, 300, 1500
    arm = (rng.random((runs, viewers)) < 0.5).astype(int)
    level = rng.normal(0, 1, (runs, viewers))
    rank = 1 / np.arange(1, viewers + 1)
    order = rng.choice(viewers, (outcomes, runs), p=rank / rank.sum())
    total, seen = np.zeros((runs, viewers)), np.zeros((runs, viewers))
    per_unit = np.zeros((2, 3, runs))  # arm x (count, sum, sum of squares)
    per_outcome = np.zeros((2, 3, runs))
    rows = np.arange(runs)
    hit, naive = np.zeros(runs, bool), np.zeros(runs, bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        for viewer in order:
            value = level[rows, viewer] + 0.5 * rng.normal(size=runs)
            where, known = arm[rows, viewer], seen[rows, viewer]
            before = np.where(known > 0, total[rows, viewer] / np.maximum(known, 1), 0.0)
            total[rows, viewer] += value
            seen[rows, viewer] += 1
            after = total[rows, viewer] / seen[rows, viewer]
            for book, change in (
                (per_unit, ((known == 0).astype(float), after - before, after**2 - before**2)),
                (per_outcome, (1.0, value, value**2)),
            ):
                for place, amount in enumerate(change):
                    book[where, place, rows] += amount
            for book, ever in ((per_unit, hit), (per_outcome, naive)):
                count = book[:, 0]
                mean = book[:, 1] / count
                ever[ever_outside(count, mean, book[:, 2] - count * mean**2, about.comparison_alpha, width)] = True
    assert hit.sum() <= most(runs)
    assert naive.mean() > 0.3


def test_several_arms_share_one_error():
    about = definition({**ABOUT, "arms": ["a", "b", "c", "d", "e"]})
    width, rng = scale(about), np.random.default_rng(2)
    runs, units = 1000, 1000
    arms = rng.integers(0, 5, (runs, units))
    values = rng.normal(size=(runs, units))
    count, total, square = (
        np.stack([np.cumsum((arms == arm) * part, axis=1) for arm in range(5)]) for part in (1.0, values, values**2)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / count
        spread = square - count * mean**2
        found = np.zeros(runs, bool)
        for arm in range(1, 5):
            pair = [0, arm]
            found |= ever_outside(count[pair], mean[pair], spread[pair], about.comparison_alpha, width).any(axis=1)
    assert found.sum() <= most(runs)


def cuped_runs(runs, units, shift, seed):
    """How often an experiment ever shows a difference, with `compare` itself, looked at after each of the units."""
    about = definition({**ABOUT, "covariate": "earlier"})
    rng = np.random.default_rng(seed)
    found = 0
    for _ in range(runs):
        arms = [ArmSums(), ArmSums()]
        arm = rng.integers(0, 2, units).tolist()
        x = rng.normal(size=units)
        y = (x + 0.75 * rng.normal(size=units) + shift * np.array(arm)) * SCALE
        for which, value, covariate in zip(
            arm, np.rint(y).astype(int).tolist(), np.rint(x * SCALE).astype(int).tolist(), strict=True
        ):
            arms[which].add(Unit(which, 0.0, 1, value, covariate))
            (one,), _ = compare(about, arms)
            if one.verdict in ("better", "worse"):
                found += 1
                break
    return found


def test_cuped_keeps_the_error_and_finds_more():
    assert cuped_runs(100, 150, 0.0, 3) <= most(100)
    needed = required_units(definition({**ABOUT, "covariate": "earlier", "expected_sd": 1.25, "expected_correlation": 0.8}))
    without = required_units(definition({**ABOUT, "expected_sd": 1.25}))
    assert needed is not None
    assert without is not None
    assert sum(needed) < 0.4 * sum(without)
    assert cuped_runs(100, sum(needed), 0.5, 4) >= stats.binom.ppf(0.001, 100, 0.8)


@pytest.mark.slow
def test_cuped_keeps_the_error_in_many_runs():
    assert cuped_runs(600, 250, 0.0, 5) <= most(600)


def test_time_blocks_with_a_trend_and_memory():
    """An evening that rises and falls, blocks that resemble their neighbours: balanced groups keep the error."""
    about = definition({**ABOUT, "unit": "time_block", "block_s": 600})
    width, rng = scale(about), np.random.default_rng(6)
    runs, blocks = 500, 240
    arms = np.array([[block_arm(f"e{run}", "", block, (0.5, 0.5)) for block in range(blocks)] for run in range(runs)])
    noise = rng.normal(size=(runs, blocks))
    for block in range(1, blocks):
        noise[:, block] += 0.7 * noise[:, block - 1]
    values = noise + 2 * np.sin(np.arange(blocks) / 12)
    count, total, square = (
        np.stack([np.cumsum((arms == arm) * part, axis=1) for arm in range(2)]) for part in (1.0, values, values**2)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / count
        found = ever_outside(count, mean, square - count * mean**2, about.comparison_alpha, width).any(axis=1)
    assert found.sum() <= most(runs)


def test_compare_is_the_formula():
    rng = np.random.default_rng(7)
    a, b = rng.normal(2, 1, 60), rng.normal(2.4, 1, 60)
    about = definition(ABOUT)
    (one,), adjustment = compare(about, [sums_of(a), sums_of(b)])
    variance = (a.var(ddof=1) + b.var(ddof=1)) / 60
    half = sequential.radius(variance, scale(about), 0.05)
    assert adjustment is None
    assert one.difference == pytest.approx(b.mean() - a.mean(), abs=1e-8)
    assert one.interval == pytest.approx((b.mean() - a.mean() - half, b.mean() - a.mean() + half), abs=1e-7)
    assert one.p_value == pytest.approx(math.exp(-sequential.log_evidence(b.mean() - a.mean(), variance, scale(about))), rel=1e-5)
    assert one.lift == pytest.approx(b.mean() / a.mean() - 1, rel=1e-6)


@pytest.mark.parametrize("shift", [-0.6, -0.2, 0.0, 0.2, 0.6, 3.0])
def test_lift_and_difference_agree_on_the_sign(shift):
    rng = np.random.default_rng(8)
    a, b = rng.normal(3, 1, 200), rng.normal(3 + shift, 1, 150)
    (one,), _ = compare(definition(ABOUT), [sums_of(a), sums_of(b)])
    assert one.interval is not None
    assert one.lift_interval is not None
    assert one.lift_interval[0] < one.lift < one.lift_interval[1]
    assert (one.lift_interval[0] > 0) == (one.interval[0] > 0)
    assert (one.lift_interval[1] < 0) == (one.interval[1] < 0)


def test_no_lift_over_a_baseline_near_zero():
    rng = np.random.default_rng(9)
    (one,), _ = compare(definition(ABOUT), [sums_of(rng.normal(0.05, 1, 60)), sums_of(rng.normal(1, 1, 60))])
    assert one.interval is not None
    assert one.lift is None
    assert one.lift_interval is None


def test_too_few_and_constant():
    about = definition(ABOUT)
    assert compare(about, [sums_of([1.0] * 24), sums_of([2.0] * 90)])[0][0].verdict == "too_few"
    assert compare(about, [sums_of([1.0] * 30), sums_of([2.0] * 90)])[0][0].verdict == "constant"
    rates = definition({**ABOUT, "kind": "binary"})
    assert compare(rates, [sums_of([0] * 60), sums_of([1] * 60)])[0][0].verdict == "better"
    assert compare(rates, [sums_of([0] * 60), sums_of([0] * 60)])[0][0].difference == 0


def test_smaller_may_be_better():
    rng = np.random.default_rng(10)
    arms = [sums_of(rng.normal(5, 1, 200)), sums_of(rng.normal(4, 1, 200))]
    assert compare(definition(ABOUT), arms)[0][0].verdict == "worse"
    assert compare(definition({**ABOUT, "larger_is_better": False}), arms)[0][0].verdict == "better"


def test_the_ratio_check_looks_at_assigned_and_measured_units():
    about = definition(ABOUT)

    def check(assigned, measured):
        arms = [ArmSums(), ArmSums()]
        for arm, (all_units, with_outcome) in enumerate(zip(assigned, measured, strict=True)):
            for number in range(all_units):
                arms[arm].add(Unit(arm, 0.0, int(number < with_outcome), 0))
        return check_ratio(about, arms)

    assert not check((500, 510), (400, 410)).alarm
    assert check((500, 700), (400, 420)).alarm
    lost = check((500, 510), (400, 200))
    assert lost.alarm
    assert lost.p_value < SRM_ALPHA
    assert not check((0, 0), (0, 0)).alarm


SOUND = RatioCheck(1.0, alarm=False)


@pytest.mark.parametrize(
    ("verdicts", "over", "expected"),
    [
        (["open", "open"], False, ("keep running", None)),
        (["too_few", "worse"], False, ("keep running", None)),
        (["open", "open"], True, ("no difference detectable", None)),
        (["equivalent", "worse"], False, ("no difference detectable", None)),
        (["worse", "worse"], False, ("winner", 0)),
        (["better", "better"], False, ("winner", 2)),
        (["better", "open"], True, ("winner", 1)),
    ],
)
def test_decisions(verdicts, over, expected):
    about = definition({**ABOUT, "arms": ["a", "b", "c"]})
    comparisons = [Comparison(arm, verdict, difference=float(arm)) for arm, verdict in enumerate(verdicts, 1)]
    assert decide(about, comparisons, SOUND, over=over) == expected
    assert decide(about, comparisons, RatioCheck(0.0, alarm=True), over=over) == ("invalid", None)


def test_raw_moments_of_nothing():
    assert raw_moments(ArmSums()).count == 0

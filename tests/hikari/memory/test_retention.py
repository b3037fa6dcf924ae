"""Forgetting: the curve in closed form, the growth by use, and the three controls that leave each other alone."""

import math
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hikari.errors import BadInput
from hikari.memory.retention import (
    BASE_STRENGTH_S,
    DAY_S,
    IMPORTANCE_GAIN,
    MASSED_GAIN,
    MAX_EARLIER_USES,
    MAX_STRENGTH_S,
    SPACED_GAIN,
    Forgetting,
    Use,
    consolidation_score,
    decayed_importance,
    is_expired,
    rank_factor,
    retention,
    strength,
)

NOW = 1_800_000_000.0
importances = st.floats(0, 1)
moments = st.floats(-1e9, 4e9)
ages = st.one_of(st.floats(0, 1e9), st.floats(0, 60), st.just(0.0))
rates = st.floats(0.01, 100)


@st.composite
def lives(draw: st.DrawFn, least: int = 0, most: int = 19) -> Use:
    created = draw(moments)
    gaps = draw(st.lists(ages, min_size=least, max_size=most))
    times = [created + sum(gaps[: number + 1]) for number in range(len(gaps))]
    return Use(created, draw(importances), tuple(draw(st.permutations(times))))


def reference(use: Use, now: float) -> float:
    """The formulas of the module's first lines, word by word, for rate 1 and kept times."""
    value, last = BASE_STRENGTH_S * (1 + IMPORTANCE_GAIN * use.importance), use.created
    for at in sorted(time for time in use.times if time <= now):
        left = math.exp(-(at - last) / value)
        value = min(value * (MASSED_GAIN + SPACED_GAIN * (1 - left)), MAX_STRENGTH_S)
        last = at
    return math.exp(-(now - last) / value)


@pytest.mark.parametrize("importance", [0.0, 0.25, 1.0])
def test_never_used_is_the_exponential_curve(importance: float) -> None:
    use, initial = Use(NOW, importance), BASE_STRENGTH_S * (1 + IMPORTANCE_GAIN * importance)
    for part in (0.0, 0.1, 1.0, 5.0):
        assert retention(use, NOW + part * initial) == pytest.approx(math.exp(-part), rel=1e-6)


def test_one_use_in_closed_form() -> None:
    use = Use(0.0, 0.0, (BASE_STRENGTH_S,))
    grown = BASE_STRENGTH_S * (MASSED_GAIN + SPACED_GAIN * (1 - math.exp(-1)))
    assert strength(use, BASE_STRENGTH_S) == pytest.approx(grown)
    assert retention(use, BASE_STRENGTH_S + grown) == pytest.approx(math.exp(-1))
    assert strength(Use(0.0, 0.0, (0.0,)), 0.0) == pytest.approx(BASE_STRENGTH_S * MASSED_GAIN)


@given(lives(), st.floats(0, 1e8))
def test_equals_the_reference(use: Use, later: float) -> None:
    now = max((use.created, *use.times)) + later
    assert retention(use, now) == pytest.approx(max(reference(use, now), math.exp(-700)), rel=1e-9)


@given(lives(), ages, ages, rates)
def test_falls_with_time(use: Use, first: float, further: float, rate: float) -> None:
    start = max((use.created, *use.times)) + first
    forgetting = Forgetting(rate=rate)
    assert retention(use, start + further, forgetting) <= retention(use, start, forgetting)
    assert rank_factor(use, start + further, forgetting) <= rank_factor(use, start, forgetting)


@given(lives(), st.floats(0, 1), ages)
@example(Use(0.0, 0.0, (0.0, 1e8)), 0.999999, 0.0)
@settings(max_examples=150)
def test_a_use_at_any_time_strengthens_for_all_later_times(use: Use, place: float, later: float) -> None:
    end = max((use.created, *use.times)) + 30 * DAY_S
    at = use.created + place * (end - use.created)
    used = replace(use, times=(*use.times, at))
    for now in (at + later, end + later):
        assert retention(used, now) >= retention(use, now) * (1 - 1e-9)
        assert strength(used, now) >= strength(use, now) * (1 - 1e-9)
    assert strength(used, at) > strength(use, at) or strength(use, at) == MAX_STRENGTH_S


@given(lives(20, 20), st.integers(0, 300), ages)
@settings(max_examples=50)
def test_a_use_strengthens_when_the_oldest_time_is_dropped_for_it(use: Use, earlier: int, later: float) -> None:
    kept = sorted(use.times)
    before = replace(use, count=20 + earlier)
    after = replace(use, times=(*kept[1:], kept[-1] + later), count=21 + earlier)
    now = kept[-1] + later
    assert strength(after, now) >= strength(before, now) * (1 - 1e-9)
    assert retention(after, now + DAY_S) >= retention(before, now + DAY_S)


def test_spaced_uses_strengthen_more_than_massed_ones() -> None:
    massed = Use(0.0, 0.5, (1.0, 2.0, 3.0))
    spaced = Use(0.0, 0.5, (1.0, 10 * DAY_S, 30 * DAY_S))
    assert strength(spaced, 31 * DAY_S) > 1.5 * strength(massed, 31 * DAY_S)
    assert strength(massed, 31 * DAY_S) == pytest.approx(strength(Use(0.0, 0.5), 0.0) * MASSED_GAIN**3, rel=1e-5)


def test_importance_strengthens() -> None:
    left = [retention(Use(0.0, importance), 20 * DAY_S) for importance in (0.0, 0.3, 0.6, 1.0)]
    assert left == sorted(left)
    assert left[0] < 0.1 < 0.4 < left[-1]


@given(lives(), ages, st.lists(st.floats(1e-3, 1e8), max_size=5))
def test_as_of_a_past_time_later_uses_do_not_exist(use: Use, age: float, after: list[float]) -> None:
    as_of = use.created + age
    later = replace(use, times=(*use.times, *(as_of + gap for gap in after if as_of + gap > as_of)))
    assert retention(later, as_of) == retention(use, as_of)


def test_counted_uses_without_a_time_lie_between_creation_and_the_oldest_kept() -> None:
    use = Use(0.0, 0.0, (40 * DAY_S,), count=4)
    spelled = Use(0.0, 0.0, (10 * DAY_S, 20 * DAY_S, 30 * DAY_S, 40 * DAY_S))
    for now in (0.0, 15 * DAY_S, 40 * DAY_S, 80 * DAY_S):
        assert retention(use, now) == pytest.approx(retention(spelled, now))


def test_more_earlier_uses_than_are_looked_at_have_led_to_the_limit() -> None:
    assert MASSED_GAIN ** (MAX_EARLIER_USES + 20) * BASE_STRENGTH_S > MAX_STRENGTH_S
    assert strength(Use(0.0, 0.0, (0.0,) * 20, count=2**32), 0.0) == MAX_STRENGTH_S
    assert strength(Use(0.0, 0.0, (), count=5), 0.0) == pytest.approx(BASE_STRENGTH_S * MASSED_GAIN**5)


@given(lives(), moments, rates)
def test_a_pinned_memory_never_fades(use: Use, now: float, rate: float) -> None:
    pinned = replace(use, pinned=True)
    assert retention(pinned, now, Forgetting(rate=rate)) == 1.0
    assert rank_factor(pinned, now, Forgetting(rate=rate)) == 1.0


@given(lives(), moments, rates, st.floats(0.01, 1))
def test_forgetting_weighs_and_never_removes(use: Use, now: float, rate: float, floor: float) -> None:
    forgetting = Forgetting(rate=rate, floor=floor)
    assert 0.0 < retention(use, now, forgetting) <= 1.0
    assert floor <= rank_factor(use, now, forgetting) <= 1.0


@given(lives(), moments)
def test_switched_off_the_ranking_is_untouched(use: Use, now: float) -> None:
    off = Forgetting(enabled=False, rate=50.0, floor=0.1)
    assert rank_factor(use, now, off) == 1.0


@given(moments, st.floats(0.001, 1e9), importances)
def test_a_memory_from_the_future_is_fresh(now: float, ahead: float, importance: float) -> None:
    assert retention(Use(now + ahead, importance, (now + ahead / 2,)), now) == 1.0


def test_a_use_before_the_creation_counts_as_massed() -> None:
    assert strength(Use(100.0, 0.0, (50.0,)), 200.0) == pytest.approx(BASE_STRENGTH_S * MASSED_GAIN)


@given(lives(), ages, st.floats(0.1, 10))
def test_the_rate_is_a_change_of_the_time_scale(use: Use, age: float, rate: float) -> None:
    def squeezed(at: float) -> float:
        return (at - use.created) / rate

    now = use.created + age
    small = Use(0.0, use.importance, tuple(map(squeezed, use.times)))
    quick = retention(small, squeezed(now), Forgetting(rate=rate))
    # Compared through the exponent: dividing moves times in the last digits.
    slow = retention(Use(0.0, use.importance, tuple(at - use.created for at in use.times)), now - use.created)
    if all(at == now or abs(at - now) > 1e-3 for at in use.times):
        assert math.log(quick) == pytest.approx(math.log(slow), rel=1e-6, abs=1e-6)


def test_a_deadline_is_hard_and_a_pin_does_not_move_it() -> None:
    assert [is_expired(100.0, now) for now in (99.9, 100.0, 1e12)] == [False, True, True]
    assert not is_expired(None, 1e12)
    assert retention(Use(0.0, pinned=True), 1e12) == 1.0
    assert is_expired(5.0, 1e12)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rate": 0.0}, "rate"),
        ({"rate": math.nan}, "rate"),
        ({"rate": math.inf}, "rate"),
        ({"floor": 0.0}, "floor"),
        ({"floor": 1.1}, "floor"),
    ],
)
def test_settings_out_of_range_are_refused(changes: dict[str, float], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        Forgetting(**changes)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_decayed_importance() -> None:
    assert decayed_importance(0.8, 0.5, 2.0) == pytest.approx(0.2)
    assert decayed_importance(0.8, 1.0, 1e6) == 0.8
    assert decayed_importance(0.8, 0.5, -3.0) == 0.8
    for rate in (0.0, -1.0, 1.01, math.nan):
        with pytest.raises(BadInput, match="decay rate"):
            decayed_importance(0.5, rate, 1.0)


def test_consolidation_score() -> None:
    assert consolidation_score(0.5, 0) == pytest.approx(0.3)
    assert consolidation_score(0.5, 5) == pytest.approx(0.3 + 0.4 * math.tanh(1))
    assert consolidation_score(1.0, 10**6) == pytest.approx(1.0)
    scores = [consolidation_score(0.2, count) for count in range(10)]
    assert scores == sorted(scores)

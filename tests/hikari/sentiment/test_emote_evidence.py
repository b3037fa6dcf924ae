"""What follows from the messages with an emote: the formulas, their bounds, and that one viewer alone decides nothing."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.errors import BadInput
from hikari.sentiment.emote_evidence import HEARD, PRIOR_DEVIATION, STALE_S, Candidate, LearningConfig, Standing, faded, rounded
from hikari.sentiment.labels import EMOTION

CONFIG = LearningConfig(half_life_s=100.0)
NOW = 1_700_000_000.0
Event = tuple[int, float, str, float]
"""Viewer, score, emotion, seconds after `NOW`."""

events = st.lists(
    st.tuples(st.integers(0, 5), st.floats(-1, 1), st.sampled_from(EMOTION), st.floats(0, 500)), min_size=1, max_size=40
)


def learned(rows: list[Event], config: LearningConfig = CONFIG) -> Candidate:
    candidate = Candidate("mikaLove", NOW, {})
    for viewer, score, emotion, after in rows:
        candidate.add(viewer, score, emotion, NOW + after, config)
    return candidate


def by_hand(rows: list[Event], now: float, config: LearningConfig = CONFIG) -> tuple[float, float, float]:
    """Support, polarity and error from the formulas of the module, event by event."""
    support = total = squares = 0.0
    for viewer in {row[0] for row in rows}:
        mine = [row for row in rows if row[0] == viewer]
        weights = [0.5 ** ((now - NOW - after) / config.half_life_s) for *_, after in mine]
        weight = sum(weights)
        counted = min(weight, config.viewer_cap)
        support += counted
        total += counted * sum(w * row[1] for w, row in zip(weights, mine, strict=True)) / weight
        squares += counted * sum(w * row[1] ** 2 for w, row in zip(weights, mine, strict=True)) / weight
    mass = support + config.prior
    mean = total / mass
    return support, mean, math.sqrt(max((squares + config.prior * PRIOR_DEVIATION**2) / mass - mean**2, 0.0) / mass)


def test_the_shrunk_mean_of_three_messages_by_hand() -> None:
    standing = learned([(1, 1.0, "joy", 0.0), (2, 0.5, "joy", 100.0), (1, -1.0, "anger", 100.0)]).standing(NOW + 200, CONFIG)
    # Weights 1/4, 1/2, 1/2; the prior adds 4 to the sum of the weights.
    assert standing.support == pytest.approx(1.25)
    assert standing.polarity == pytest.approx((0.25 * 1.0 + 0.5 * 0.5 - 0.5 * 1.0) / (1.25 + 4.0))
    assert not standing.used


@given(events, st.floats(500, 2_000))
def test_sums_give_what_the_formulas_say(rows: list[Event], after: float) -> None:
    standing = learned(rows).standing(NOW + after, CONFIG)
    support, polarity, error = by_hand(rows, NOW + after)
    assert standing.support == pytest.approx(support, abs=1e-6)
    assert standing.polarity == pytest.approx(polarity, abs=1e-6)
    assert standing.error == pytest.approx(error, abs=1e-5)


@given(events, st.randoms())
def test_the_order_in_which_messages_come_makes_no_difference(rows: list[Event], random: Any) -> None:
    other = list(rows)
    random.shuffle(other)
    one, two = learned(rows).standing(NOW + 600, CONFIG), learned(other).standing(NOW + 600, CONFIG)
    assert (one.support, one.polarity, one.error) == pytest.approx((two.support, two.polarity, two.error), abs=1e-6)
    assert one.viewers == two.viewers


@given(events)
def test_a_polarity_is_within_its_bounds_and_shrunk(rows: list[Event]) -> None:
    standing = learned(rows).standing(NOW + 500, CONFIG)
    assert -1 <= standing.polarity <= 1
    assert abs(standing.polarity) <= max(abs(score) for _, score, *_ in rows) + 1e-9
    assert -1 <= rounded(standing.polarity) <= 1
    assert 0 <= standing.support <= CONFIG.viewer_cap * len({viewer for viewer, *_ in rows}) + 1e-9
    assert standing.error >= 0
    assert standing.emotion in EMOTION


@given(events, st.integers(0, 39), st.floats(0, 2))
def test_a_kinder_message_makes_no_emote_worse(rows: list[Event], place: int, more: float) -> None:
    place %= len(rows)
    viewer, score, emotion, after = rows[place]
    kinder = [*rows[:place], (viewer, min(score + more, 1.0), emotion, after), *rows[place + 1 :]]
    before, later = learned(rows).standing(NOW + 500, CONFIG), learned(kinder).standing(NOW + 500, CONFIG)
    assert later.polarity >= before.polarity - 1e-9


def steady(viewers: int, messages: int, score: float = 0.9, emotion: str = "joy") -> Standing:
    return learned([(viewer, score, emotion, 0.0) for viewer in range(viewers) for _ in range(messages)]).standing(NOW, CONFIG)


def test_one_viewer_teaches_nothing_however_much_they_write() -> None:
    alone = steady(1, 200)
    assert alone.support == CONFIG.viewer_cap
    assert not alone.used
    assert not steady(2, 200).used
    assert steady(3, 3).used


def test_one_viewer_does_not_outvote_the_others() -> None:
    rows: list[Event] = [(viewer, 0.8, "joy", 0.0) for viewer in range(9)]
    flood: list[Event] = [(99, -1.0, "anger", 0.0)] * 500
    standing = learned([*rows, *flood]).standing(NOW, CONFIG)
    assert standing.polarity == pytest.approx((9 * 0.8 - CONFIG.viewer_cap) / (9 + CONFIG.viewer_cap + CONFIG.prior))
    assert standing.polarity > 0


def test_what_does_not_agree_is_not_used() -> None:
    mixed: list[Event] = [(viewer, 1.0 if viewer % 2 else -0.9, "joy", 0.0) for viewer in range(30)]
    assert not learned(mixed).standing(NOW, CONFIG).used
    assert not steady(30, 1, 0.05).used, "too weak"
    assert steady(30, 1, -0.6, "anger").used


def test_an_emote_that_nobody_uses_any_more_loses_its_support() -> None:
    candidate = learned([(viewer, 0.9, "joy", 0.0) for viewer in range(10) for _ in range(3)])
    assert [candidate.standing(NOW + after, CONFIG).used for after in (0, 100, 400)] == [True, True, False]
    assert candidate.standing(NOW + 1e9, CONFIG).support == 0.0
    assert faded(1e12, 100.0) == 0.0


def test_late_and_early_messages_do_no_harm() -> None:
    candidate = learned([(viewer, 0.9, "joy", 0.0) for viewer in range(10)])
    before = candidate.standing(NOW, CONFIG)
    candidate.add(3, -1.0, "anger", -1e11, CONFIG)
    candidate.add(77, -1.0, "anger", -1e11, CONFIG)
    after = candidate.standing(NOW, CONFIG)
    assert (after.support, after.polarity, after.viewers) == pytest.approx((before.support, before.polarity, before.viewers))


def test_emotions_need_half_of_the_evidence_and_the_right_sign() -> None:
    assert steady(6, 2).emotion == "joy"
    assert steady(6, 2, -0.9).emotion == "neutral", "joy does not go with a negative polarity"
    assert steady(6, 2, -0.9, "surprise").emotion == "surprise"
    assert steady(6, 2, 0.9, "neutral").emotion == "neutral"
    assert steady(2, 1).emotion == "neutral", "the prior has more"
    split: list[Event] = [(viewer, 0.9, EMOTION[viewer % 3], 0.0) for viewer in range(9)]
    assert learned(split).standing(NOW, CONFIG).emotion == "neutral"


def test_who_was_heard_enough_is_not_heard_on_until_it_faded() -> None:
    candidate = Candidate("mikaLove", NOW, {})
    heard = 0
    while candidate.wants(1, NOW, CONFIG):
        candidate.add(1, 0.5, "joy", NOW, CONFIG)
        heard += 1
    assert heard == HEARD * CONFIG.viewer_cap
    assert candidate.wants(2, NOW, CONFIG)
    assert candidate.wants(1, NOW + 100, CONFIG)


def test_viewers_are_bounded_and_a_new_one_waits_for_a_place() -> None:
    config = LearningConfig(half_life_s=1e6, viewers=3)
    candidate = Candidate("mikaLove", NOW, {})
    assert [candidate.add(viewer, 0.5, "joy", NOW + viewer, config) for viewer in range(3)] == [1, 1, 1]
    assert not candidate.wants(9, NOW + 10, config)
    assert candidate.wants(9, NOW + STALE_S + 1, config)
    assert candidate.add(9, 0.5, "joy", NOW + STALE_S + 1, config) == 0
    assert set(candidate.shares) == {1, 2, 9}


@pytest.mark.parametrize(
    "values",
    [
        {"half_life_s": 0}, {"half_life_s": math.nan}, {"prior": -1}, {"viewer_cap": math.inf}, {"minimum_viewers": 0}, {"candidates": 0},
        {"channels": 0}, {"minimum_polarity": 1.5}, {"save_every_s": -1}, {"certainty": math.nan},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(BadInput, match=next(iter(values))):
        LearningConfig(**values)  # type: ignore[arg-type]

"""Trends: fading means in closed form, whatever the order of events, in bounded memory."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.sentiment.trends import FAST_HALF_LIFE_S, MINIMUM_MESSAGES, FadingMean, Trend, Trends

EVENTS = st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 100_000)), min_size=1, max_size=30)


def mean_of(events: list[tuple[float, float]], half_life_s: float = 60.0) -> FadingMean:
    mean = FadingMean(half_life_s)
    for value, at in events:
        mean.add(value, at)
    return mean


def direction(events: list[tuple[float, float]]) -> object:
    trend = Trend()
    for score, at in events:
        trend.add(score, at)
    return trend.as_dict()["direction"]


def test_mean_of_nothing_is_zero() -> None:
    assert FadingMean(60).value == 0.0


def test_first_event_is_the_mean() -> None:
    assert mean_of([(-0.7, 1.7e9)]).value == -0.7


@pytest.mark.parametrize("half_life_s", [1.0, 60.0, 600.0])
def test_weight_after_exactly_one_half_life(half_life_s: float) -> None:
    mean = mean_of([(1.0, 1000.0), (0.0, 1000.0 + half_life_s)], half_life_s)
    assert mean.value == pytest.approx(0.5 / 1.5)
    assert mean.weight == pytest.approx(1.5)


def test_weights_halve_with_every_half_life() -> None:
    mean = mean_of([(1.0, 0.0), (1.0, 60.0), (-1.0, 120.0)])
    assert mean.value == pytest.approx((0.25 + 0.5 - 1.0) / 1.75)


def test_events_at_one_time_weigh_the_same() -> None:
    assert mean_of([(1.0, 5.0), (0.0, 5.0), (-0.4, 5.0)]).value == pytest.approx(0.2)


def test_late_event_gets_its_faded_weight() -> None:
    assert mean_of([(0.0, 60.0), (1.0, 0.0)]).value == pytest.approx(0.5 / 1.5)


def test_ancient_events_vanish_without_an_error() -> None:
    assert mean_of([(1.0, -1e11), (-0.5, 1e11), (1.0, -1e11)]).value == pytest.approx(-0.5)


@given(EVENTS)
def test_mean_is_the_faded_weighted_mean(events: list[tuple[float, float]]) -> None:
    newest = max(at for _, at in events)
    weights = [0.5 ** ((newest - at) / 60.0) for _, at in events]
    expected = sum(w * value for w, (value, _) in zip(weights, events, strict=True)) / sum(weights)
    assert mean_of(events).value == pytest.approx(expected, abs=1e-9)


@given(EVENTS, st.randoms(use_true_random=False))
def test_any_order_of_events_gives_the_same_mean(events: list[tuple[float, float]], shuffler: random.Random) -> None:
    shuffled = list(events)
    shuffler.shuffle(shuffled)
    assert mean_of(shuffled).value == pytest.approx(mean_of(events).value, abs=1e-9)


@given(EVENTS)
def test_mean_stays_between_its_events(events: list[tuple[float, float]]) -> None:
    values = [value for value, _ in events]
    assert min(values) - 1e-9 <= mean_of(events).value <= max(values) + 1e-9


def test_flood_does_not_erase_the_last_minutes() -> None:
    calm = [(0.5, float(at)) for at in range(0, 600, 10)]
    flood = [(-1.0, 600.0)] * 30
    assert mean_of(calm + flood, 600.0).value > -0.5


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([-0.8, 0.8, 0.8], "rising"),
        ([0.8, -0.8, -0.8], "falling"),
        ([0.5, 0.5, 0.5], "steady"),
        ([0.0, 0.05, 0.05], "steady"),
        ([-0.8, 0.8], "steady"),
        ([0.9], "steady"),
    ],
)
def test_directions(scores: list[float], expected: str) -> None:
    assert direction([(score, number * 120.0) for number, score in enumerate(scores)]) == expected


def test_direction_needs_messages_and_time() -> None:
    assert direction([(-1.0, 0.0)] + [(1.0, 300.0)] * (MINIMUM_MESSAGES - 1)) == "rising"
    assert direction([(-1.0, 0.0)] + [(1.0, 300.0)] * (MINIMUM_MESSAGES - 2)) == "steady"
    assert direction([(-1.0, 0.0), (1.0, 0.0), (1.0, 0.0)]) == "steady"


def test_trend_shape_and_rounding() -> None:
    trend = Trend()
    trend.add(1 / 3, 0.0)
    assert trend.as_dict() == {"mood": 0.3333, "direction": "steady", "messages": 1}
    trend.add(-1.0, FAST_HALF_LIFE_S)
    assert trend.as_dict()["mood"] == round((1 / 6 - 1) / 1.5, 4)


def test_viewers_are_apart_and_the_channel_is_together() -> None:
    trends = Trends()
    trends.add("a", "mika", 1.0, 0.0)
    answer = trends.add("a", "rin", -1.0, 0.0)
    assert answer["user_trend"] == {"mood": -1.0, "direction": "steady", "messages": 1}
    assert answer["global_trend"] == {"mood": 0.0, "direction": "steady", "messages": 2}


def test_channels_do_not_mix() -> None:
    trends = Trends()
    trends.add("a", "mika", 1.0, 0.0)
    answer = trends.add("b", "mika", -1.0, 0.0)
    assert answer["user_trend"]["messages"] == answer["global_trend"]["messages"] == 1


def test_whoever_was_silent_longest_is_forgotten_first() -> None:
    trends = Trends(max_users=2)
    for user in ("mika", "rin", "mika", "new"):
        trends.add("a", user, 0.0, 0.0)
    assert trends.add("a", "mika", 0.0, 0.0)["user_trend"]["messages"] == 3
    assert trends.add("a", "rin", 0.0, 0.0)["user_trend"]["messages"] == 1


def test_memory_is_bounded() -> None:
    trends = Trends(max_users=10, max_channels=5)
    for number in range(1_000):
        trends.add(f"channel {number}", f"user {number}", 0.0, float(number))
    assert (len(trends._users), len(trends._channels)) == (10, 5)
    assert trends.add("channel 0", "user 0", 0.0, 0.0)["global_trend"]["messages"] == 1
    assert trends.add("channel 999", "user 999", 0.0, 0.0)["global_trend"]["messages"] == 2


def test_forgetting_a_user_touches_nobody_else() -> None:
    trends = Trends()
    for channel, user in (("a", "mika"), ("a", "rin"), ("b", "mika")):
        trends.add(channel, user, 0.5, 0.0)
    assert trends.forget_user("a", "mika")
    assert not trends.forget_user("a", "mika")
    assert not trends.forget_user("c", "mika")
    counts = [trends.add(*who, 0.5, 0.0)["user_trend"]["messages"] for who in (("a", "mika"), ("a", "rin"), ("b", "mika"))]
    assert counts == [1, 2, 2]


def test_a_viewer_is_known_where_they_were_heard() -> None:
    trends = Trends(max_users=1)
    trends.add("a", "mika", 0.5, 0)
    assert trends.knows("a", "mika")
    assert not trends.knows("b", "mika")
    assert not trends.knows("a", "Mika")
    trends.add("a", "rin", 0.5, 0)
    assert not trends.knows("a", "mika")

"""Viewer profiles: visits as bit masks, the history that keeps both ends, merging, and states that come back the same."""

from itertools import pairwise

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.analytics.events import ChatEvent
from hikari.analytics.hot_profiles import HotProfiles
from hikari.analytics.profiles import (
    HISTORY_POINTS,
    HISTORY_STEP_S,
    STREAM_BITS,
    TOPIC_SLOTS,
    Profile,
    add_point,
    add_topic,
    add_visit,
    trailing_ones,
)
from hikari.errors import BadStore

NOW = 1_700_000_000.0
events = st.builds(
    ChatEvent,
    timestamp=st.floats(NOW, NOW + 86_400 * 20),
    username=st.just("ann"),
    message=st.sampled_from(["hi", "why?", "@bob yes", "a longer message that goes on for a while", "KEKW"]),
    sentiment=st.none() | st.floats(-1, 1, width=32),
    toxicity=st.none() | st.floats(0, 1, width=32),
)
logs = st.lists(st.tuples(events, st.integers(0, 30), st.booleans(), st.none() | st.integers(0, 9)), min_size=1, max_size=40)


def profile_of(log: list[tuple[ChatEvent, int, bool, int | None]]) -> Profile:
    hot = HotProfiles(4)
    for event, stream, emote, topic in log:
        hot.add(event, stream, emote=emote, topic=topic)
    found = hot.get("ann")
    assert found is not None
    return found


@given(logs)
def test_counts_are_those_of_the_log(log: list[tuple[ChatEvent, int, bool, int | None]]) -> None:
    profile = profile_of(log)
    assert profile.messages == len(log)
    assert profile.characters == sum(len(event.message) for event, *_ in log)
    assert profile.emotes == sum(emote for _, _, emote, _ in log)
    assert profile.questions == sum("?" in event.message for event, *_ in log)
    assert profile.mentions == sum("@" in event.message for event, *_ in log)
    assert profile.streams == len({stream for _, stream, _, _ in log})
    assert profile.days == len({event.timestamp // 86_400 for event, *_ in log})
    assert (profile.first_seen, profile.last_seen) == (min(e.timestamp for e, *_ in log), max(e.timestamp for e, *_ in log))
    known = [event.sentiment for event, *_ in log if event.sentiment is not None]
    assert profile.sentiment == (pytest.approx(sum(known) / len(known), abs=1e-9) if known else None)
    assert sum(weight for *_, weight in profile.history) == len(known)
    assert sum(mean * weight for _, mean, weight in profile.history) == pytest.approx(sum(known), abs=1e-4)


@given(logs, st.randoms(use_true_random=False))
def test_order_does_not_matter_for_what_is_counted(log: list[tuple[ChatEvent, int, bool, int | None]], random) -> None:
    mixed = list(log)
    random.shuffle(mixed)
    one, other = profile_of(log), profile_of(mixed)
    for name in (
        "messages",
        "characters",
        "emotes",
        "stream",
        "streams",
        "stream_mask",
        "day",
        "days",
        "day_mask",
        "first_seen",
        "last_seen",
    ):
        assert getattr(one, name) == getattr(other, name)
    assert one.sentiment_sum == pytest.approx(other.sentiment_sum)


@given(logs)
def test_state_comes_back_the_same_and_is_small(log: list[tuple[ChatEvent, int, bool, int | None]]) -> None:
    profile = profile_of(log)
    packed = msgpack.packb(profile.state())
    assert Profile.from_state(msgpack.unpackb(packed)) == profile
    assert len(packed) <= 300


def test_an_ordinary_state_takes_at_most_200_bytes() -> None:
    log = [(ChatEvent(NOW + 3600 * i, "ann", "hello there", 0.25, None, 0.1), i // 3, True, i % 3) for i in range(9)]
    profile = profile_of(log[:3])
    assert len(profile.history) == 3
    assert len(msgpack.packb(profile.state())) <= 200


@given(logs, logs)
def test_merging_adds_up(
    one: list[tuple[ChatEvent, int, bool, int | None]], other: list[tuple[ChatEvent, int, bool, int | None]]
) -> None:
    merged, whole = profile_of(one).merged(profile_of(other)), profile_of(one + other)
    for name in (
        "messages",
        "characters",
        "emotes",
        "stream",
        "streams",
        "stream_mask",
        "days",
        "first_seen",
        "last_seen",
        "sentiments",
    ):
        assert getattr(merged, name) == getattr(whole, name)
    assert len(merged.history) <= HISTORY_POINTS
    assert sum(weight for *_, weight in merged.history) == whole.sentiments


@pytest.mark.parametrize(
    "damage",
    [
        {"v": 2},
        {"n": [1, 2]},
        {"n": None},
        {"h": b"123"},
        {"t": [1]},
        {"n": ["x"] * 23},
        {"n": [-1] * 23},
        {"n": [float("nan")] * 23},
    ],
)
def test_a_damaged_state_is_refused(damage: dict[str, object]) -> None:
    state = profile_of([(ChatEvent(NOW, "ann", "hi"), 0, False, None)]).state()
    with pytest.raises(BadStore):
        Profile.from_state({**state, **damage})


def test_a_state_without_its_parts_is_refused() -> None:
    with pytest.raises(BadStore):
        Profile.from_state({})


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30))
def test_visits_are_a_set_within_the_mask(ordinals: list[int]) -> None:
    visits = (ordinals[0], 1, 1)
    for ordinal in ordinals[1:]:
        visits = add_visit(visits, ordinal, STREAM_BITS)
    last, count, mask = visits
    assert (last, count) == (max(ordinals), len(set(ordinals)))
    assert {last - bit for bit in range(64) if mask >> bit & 1} == set(ordinals)


def test_visits_far_apart_leave_the_mask_but_stay_counted() -> None:
    assert add_visit((0, 1, 1), 1_000_000_000_000, STREAM_BITS) == (1_000_000_000_000, 2, 1)
    assert add_visit((1000, 2, 1), 0, STREAM_BITS) == (1000, 2, 1)


def test_streak_and_last_streams() -> None:
    profile = profile_of([(ChatEvent(NOW + s, "ann", "hi"), s, False, None) for s in (1, 3, 4, 5)])
    assert profile.streak(5) == profile.streak(6) == 3
    assert profile.streak(7) == 0
    assert profile.seen_in_last(4, 5) == 3
    assert profile.seen_in_last(5, 5) == 4
    assert profile.seen_in_last(2, 6) == 1
    assert profile.seen_in_last(2, 9) == 0
    assert trailing_ones(0) == 0


def test_history_keeps_the_first_visit_and_is_finest_at_the_end() -> None:
    history: list[tuple[float, float, float]] = []
    for step in range(100):
        history = add_point(history, step * HISTORY_STEP_S, step / 100)
    gaps = [later[0] - earlier[0] for earlier, later in pairwise(history)]
    assert len(history) == HISTORY_POINTS
    assert sum(weight for *_, weight in history) == 100
    assert gaps[0] > gaps[-1]
    assert history[0][0] < 60 * HISTORY_STEP_S
    assert [mean for _, mean, _ in history] == sorted(mean for _, mean, _ in history)


def test_a_frequent_topic_is_not_missed() -> None:
    topics: list[tuple[int, int]] = []
    for step in range(300):
        topics = add_topic(topics, 7 if step % 3 == 0 else 100 + step)
    assert len(topics) == TOPIC_SLOTS
    assert 7 in [topic for topic, _ in topics]

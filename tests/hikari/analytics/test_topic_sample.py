"""The decayed sample: bounds, newer messages likelier, independence of order, forgetting, states."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.analytics.topic_sample import TopicSample
from hikari.errors import BadInput, BadStore


def test_the_chance_halves_with_every_half_life() -> None:
    young = old = 0
    for seed in range(20):
        sample = TopicSample(100, 1000.0, seed)
        for at in range(2000):
            sample.add(0.0 if at % 2 else 1000.0, "a", f"message {at}")
        kept = [one.timestamp for one in sample.messages()]
        assert len(kept) == 100
        young += sum(at > 0 for at in kept)
        old += sum(at == 0 for at in kept)
    assert young / old == pytest.approx(2.0, rel=0.15)


@given(st.lists(st.floats(0, 1e6), max_size=60), st.integers(1, 20))
def test_bounds_and_states(times: list[float], capacity: int) -> None:
    sample = TopicSample(capacity, seed=3)
    for at, time in enumerate(times):
        sample.add(time, f"v{at % 5}", f"message {at}")
    assert len(sample) == min(len(times), capacity)
    again = TopicSample.from_state(sample.state())
    for one in (sample, again):
        for at in range(30):
            one.add(1e6 + at, "b", f"later {at}")
    assert again.state() == sample.state()
    gone = sum(one.username == "b" for one in sample.messages())
    assert sample.forget("b") == gone
    assert all(one.username != "b" for one in sample.messages())


def test_what_is_about_nothing_is_passed_over_and_long_texts_are_cut() -> None:
    sample = TopicSample()
    for text in ("!drop", "lol", "KEKW", "x y", "x" * 1000):
        sample.add(0.0, "a", text)
    assert [len(one.message) for one in sample.messages()] == [3, 300]


def test_bad_arguments_and_states() -> None:
    with pytest.raises(BadInput):
        TopicSample(0)
    for half_life in (0.0, math.nan):
        with pytest.raises(BadInput):
            TopicSample(5, half_life)
    for state in ({}, {"v": 2}, {**TopicSample().state(), "messages": [[1]]}):
        with pytest.raises(BadStore):
            TopicSample.from_state(state)

"""Stream numbers by silence, late times, and states."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.analytics.sessions import KEPT_STARTS, Sessions
from hikari.errors import BadInput, BadStore


def test_a_silence_starts_the_next_stream_and_late_times_find_theirs() -> None:
    sessions = Sessions(3600.0)
    assert sessions.current() is None
    assert [sessions.number(at) for at in (0.0, 3000.0, 10_000.0, 2500.0, 6000.0, -50.0, 10_100.0)] == [0, 0, 1, 0, 0, 0, 1]
    assert sessions.current() == (1, 10_000.0)
    assert sessions.start(10_500.0) == 2
    assert sessions.number(10_600.0) == 2


@given(st.lists(st.floats(0, 1e6), max_size=200))
def test_states_and_bounds(times: list[float]) -> None:
    sessions = Sessions(1000.0)
    for at in times:
        sessions.number(at)
    again = Sessions.from_state(sessions.state())
    assert [again.number(at) for at in [*times, 2e6]] == [sessions.number(at) for at in [*times, 2e6]]
    assert len(sessions.state()["starts"]) <= KEPT_STARTS


def test_numbers_go_on_when_old_starts_are_dropped() -> None:
    sessions = Sessions(10.0)
    assert [sessions.number(100.0 * at) for at in range(200)] == list(range(200))


def test_bad_arguments_and_states() -> None:
    for gap in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(BadInput):
            Sessions(gap)
    with pytest.raises(BadInput):
        Sessions().start(math.inf)
    for state in ({}, {"v": 3}, {"v": 1, "gap": -1, "starts": [], "first": 0, "last": None}):
        with pytest.raises(BadStore):
            Sessions.from_state(state)


def test_after_a_wrong_clock_the_next_time_starts_a_stream_of_its_own() -> None:
    sessions = Sessions()
    assert [sessions.number(at) for at in (1e9, 1e9 + 10)] == [0, 0]
    sessions.restart()
    assert sessions.current() is None
    restored = Sessions.from_state(sessions.state())
    for each in (sessions, restored):
        assert [each.number(at) for at in (5.0, 3.0, 20.0, 9e8)] == [1, 1, 1, 2]

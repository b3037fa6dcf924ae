"""Cohorts against sets of names, in any order of arrival."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.analytics.cohorts import KEPT_STREAMS, REACH, Cohorts
from hikari.analytics.profiles import STREAM_BITS, Visits, add_visit
from hikari.errors import BadInput, BadStore


def counted(log: list[tuple[int, int]]) -> Cohorts:
    cohorts, visits = Cohorts(), dict[int, Visits]()
    for viewer, stream in log:
        before = visits.get(viewer, (0, 0, 0))
        after = add_visit(before, stream, STREAM_BITS) if before[1] else (stream, 1, 1)
        if after != before:
            cohorts.arrived(before, after)
        visits[viewer] = after
    return cohorts


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, KEPT_STREAMS - 1)), min_size=1, max_size=80))
def test_against_sets(log: list[tuple[int, int]]) -> None:
    cohorts = counted(log)
    who = {stream: {viewer for viewer, at in log if at == stream} for stream in range(KEPT_STREAMS)}
    for stream, viewers in who.items():
        earlier = set[int]().union(*(who[s] for s in range(stream)))
        assert cohorts.summary(stream) == {
            "viewers": len(viewers),
            "first_time": len(viewers - earlier),
            "returning": len(viewers & earlier),
        }
        expected = [
            (back, len(who[stream - back] & viewers) / len(who[stream - back]))
            for back in range(1, min(REACH, stream) + 1)
            if viewers and who[stream - back]
        ]
        assert cohorts.retention(stream) == expected or not viewers
        for count in (1, 3, REACH):
            near = set[int]().union(*(who[s] for s in range(max(stream - count, 0), stream)))
            assert cohorts.seen_recently(stream, count) == (len(viewers & near) / len(viewers) if viewers else None)
    assert cohorts.newest() == max(at for _, at in log)
    assert Cohorts.from_state(cohorts.state()).state() == cohorts.state()


def test_memory_is_bounded() -> None:
    cohorts = counted([(stream % 3, stream) for stream in range(500)])
    assert len(cohorts.state()["streams"]) == KEPT_STREAMS


def test_bad_arguments_and_states() -> None:
    with pytest.raises(BadInput):
        Cohorts().seen_recently(0, 0)
    assert Cohorts().newest() is None
    for state in ({}, {"v": 2, "streams": []}, {"v": 1, "streams": [[1, 2]]}, {"v": 1, "streams": [[1, 2, 3, [0], [0]]]}):
        with pytest.raises(BadStore):
            Cohorts.from_state(state)

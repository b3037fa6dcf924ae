"""Most frequent names: exact while few, never too high by more than stated, forgetting, states."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.analytics.leaders import Leaders
from hikari.errors import BadInput, BadStore

names = st.lists(st.integers(0, 60).map(str), max_size=300)


@given(names)
def test_exact_while_they_fit(said: list[str]) -> None:
    leaders = Leaders(64)
    for name in said:
        leaders.add(name)
    assert leaders.top(100) == sorted(Counter(said).items(), key=lambda pair: (-pair[1], pair[0]))


@given(names, st.integers(1, 8))
def test_counts_are_sure_and_the_frequent_are_there(said: list[str], capacity: int) -> None:
    leaders = Leaders(capacity)
    for name in said:
        leaders.add(name)
    true = Counter(said)
    found = dict(leaders.top(1000))
    assert len(found) < 2 * capacity or capacity == 1
    assert all(count <= true[name] for name, count in found.items())
    assert all(name in found for name, count in true.items() if count > len(said) / capacity)
    assert Leaders.from_state(leaders.state()).state() == leaders.state()


def test_forgetting() -> None:
    leaders = Leaders()
    leaders.add("a", 3)
    leaders.add("b")
    leaders.forget("a")
    leaders.forget("nobody")
    assert leaders.top() == [("b", 1)]


def test_bad_arguments_and_states() -> None:
    with pytest.raises(BadInput):
        Leaders(0)
    for state in ({}, {"v": 2}, {"v": 1, "capacity": 3, "floor": 0, "rows": [[1]]}):
        with pytest.raises(BadStore):
            Leaders.from_state(state)

"""The bounded set of profiles: eviction and return, errors that change nothing, pace, repetition, changes, states."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.analytics.events import ChatEvent
from hikari.analytics.hot_profiles import HotProfiles
from hikari.errors import BadInput, BadStore

NOW = 1_700_000_000.0
LONG = "the very same long line that everybody pastes"


def said(name: str, at: float = 0.0, message: str = "hello", **signals: Any) -> ChatEvent:
    return ChatEvent(NOW + at, name, message, **signals)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5)), max_size=120), st.integers(1, 5))
def test_a_small_set_with_a_store_knows_what_a_large_one_knows(log: list[tuple[int, int]], capacity: int) -> None:
    cold: dict[str, Mapping[str, Any]] = {}
    small = HotProfiles(capacity, on_evict=cold.__setitem__, load=cold.get)
    large = HotProfiles(100)
    for at, (who, stream) in enumerate(log):
        for hot in (small, large):
            hot.add(said(f"v{who}", at, f"m{at}", sentiment=0.5), stream)
        assert len(small) <= capacity
    for name, profile in large.items():
        assert small.get(name) == profile
    assert small.cohorts.state() == large.cohorts.state()


def test_who_has_just_written_stays() -> None:
    gone: list[str] = []
    hot = HotProfiles(3, on_evict=lambda name, _: gone.append(name))
    for at, name in enumerate("abcad"):
        hot.add(said(name, at))
    hot.add(said("d", 9))
    hot.add(said("e", 10))
    assert len(gone) == 2
    assert "e" in hot
    assert "d" in hot


def test_an_error_of_the_store_changes_nothing() -> None:
    def fail(*_: Any) -> None:
        raise OSError("disk")

    hot = HotProfiles(1, on_evict=fail)
    hot.add(said("a"))
    before = hot.state()
    with pytest.raises(OSError, match="disk"):
        hot.add(said("b"))
    assert hot.state() == before
    broken = HotProfiles(2, load=fail)
    with pytest.raises(OSError, match="disk"):
        broken.add(said("a"))
    assert len(broken) == 0


def test_changes_are_handed_out_once_and_not_again_on_eviction() -> None:
    gone: list[str] = []
    hot = HotProfiles(1, on_evict=lambda name, _: gone.append(name))
    hot.add(said("a"))
    assert [name for name, _ in hot.take_changed()] == ["a"]
    assert list(hot.take_changed()) == []
    hot.add(said("b"))
    assert gone == []
    hot.add(said("c"))
    assert gone == ["b"]


def test_a_flood_is_noticed_and_fades() -> None:
    hot = HotProfiles()
    for at in range(30):
        hot.add(said("spam", at * 0.5, f"m{at}"))
        hot.add(said("calm", at * 20.0, f"m{at}"))
    spam, calm = hot.get("spam"), hot.get("calm")
    assert spam is not None
    assert calm is not None
    assert spam.flood_recent > 0.3
    assert calm.flood_recent == 0.0
    for at in range(30):
        hot.add(said("spam", 1000 + at * 20.0, f"n{at}"))
    later = hot.get("spam")
    assert later is not None
    assert later.flood_recent < 0.1


def test_repetition_and_copies_are_counted() -> None:
    hot = HotProfiles()
    for name in "abc":
        hot.add(said(name, 0, LONG))
    for _ in range(3):
        hot.add(said("d", 0, "hi"))
    counts = {name: profile.repeats for name, profile in hot.items()}
    assert counts == {"a": 0, "b": 1, "c": 1, "d": 2}


def test_copies_are_forgotten_in_bounded_memory() -> None:
    hot = HotProfiles()
    for at in range(3000):
        hot.add(said("a", at, f"{LONG} {at}"))
    assert len(hot._copies) + len(hot._older_copies) <= 1024


def test_a_question_is_what_the_model_says() -> None:
    hot = HotProfiles()
    hot.add(said("a", 0, "why", question=True))
    hot.add(said("a", 1, "really?", question=False))
    hot.add(said("a", 2, "really?"))
    found = hot.get("a")
    assert found is not None
    assert found.questions == 2


def test_forgetting_leaves_no_row_behind() -> None:
    hot = HotProfiles(3)
    hot.add(said("a", sentiment=0.5), topic=3)
    assert hot.forget("a")
    assert not hot.forget("a")
    assert hot.get("a") is None
    assert list(hot.take_changed()) == []
    hot.add(said("b"))
    found = hot.get("b")
    assert found is not None
    assert (found.messages, found.history, found.topics, found.sentiments) == (1, (), (), 0)


@given(st.lists(st.tuples(st.integers(0, 6), st.floats(-1, 1, width=32)), max_size=60))
def test_state_comes_back_the_same(log: list[tuple[int, float]]) -> None:
    hot = HotProfiles(10)
    for at, (who, sentiment) in enumerate(log):
        hot.add(said(f"v{who}", at * 700.0, f"m{at}", sentiment=sentiment), at // 10)
    again = HotProfiles.from_state(hot.state(), 10)
    assert again.state() == hot.state()
    for one in (hot, again):
        one.add(said("v0", 1e6, "later", sentiment=0.1), 99)
    assert again.state() == hot.state()


def test_put_replaces() -> None:
    hot = HotProfiles()
    hot.add(said("a", sentiment=0.25))
    profile = hot.get("a")
    assert profile is not None
    hot.put("b", profile.merged(profile))
    merged = hot.get("b")
    assert merged is not None
    assert merged.messages == 2


def test_bad_arguments_and_states() -> None:
    with pytest.raises(BadInput):
        HotProfiles(0)
    for state in ({}, {"v": 9}, {"v": 1, "viewers": {"a": {}}, "cohorts": {}}, {"v": 1, "viewers": 3, "cohorts": {}}):
        with pytest.raises(BadStore):
            HotProfiles.from_state(state)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), max_size=40), st.lists(st.integers(0, 6), max_size=20))
def test_what_was_taken_stays_as_it_was(log: list[tuple[int, int]], later: list[int]) -> None:
    hot = HotProfiles(5, on_evict=lambda *_: None)
    for at, (who, stream) in enumerate(log):
        hot.add(said(f"v{who}", at, sentiment=0.5), stream, topic=who)
    expected = {name: profile.state() for name, profile in hot.items()}
    everything, taken = hot.copy(), hot.take_changed()
    for at, who in enumerate(later):
        hot.add(said(f"v{who}", 100 + at, sentiment=-0.5), 9, topic=1)
        if who == 3:
            hot.forget("v3")
    assert dict(taken) == expected
    assert {name: profile.state() for name, profile in everything.profiles().items()} == expected
    assert sorted(taken.names()) == sorted(expected)
    assert [taken.get(name) for name in expected] == list(expected.values())
    assert taken.get("nobody") is None
    changed = {name for name, _ in hot.take_changed()}
    assert changed <= {f"v{who}" for who in later}
    assert not list(hot.take_changed())
    assert [hot.mark_changed(name) for name in expected] == [name in hot for name in expected]
    assert {name for name, _ in hot.take_changed()} == {name for name in expected if name in hot}

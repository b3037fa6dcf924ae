"""What a channel showed and when."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.analytics.contents import KINDS, Content, Contents
from hikari.errors import BadInput, BadStore, HikariError, NotFound


def test_the_next_of_a_kind_ends_the_open_one():
    contents = Contents()
    contents.record("game", "chess", 0)
    contents.record("title", "late night", 10)
    assert contents.current("game", 1e6) == Content("game", "chess", 0.0)
    contents.record("game", "go", 100, 200)
    assert list(contents.spells("game")) == [Content("game", "chess", 0.0, 100.0), Content("game", "go", 100.0, 200.0)]
    assert contents.current("game", 99.9).name == "chess"
    assert contents.current("game", 100).name == "go"
    assert contents.current("game", 200) is None
    assert contents.current("game", -1) is None
    assert contents.current("title", 500).name == "late night"
    assert len(contents) == 3


def test_recorded_again_with_an_end():
    contents = Contents()
    contents.record("segment", "quiz", "1970-01-01T00:00:10Z")
    contents.record("segment", "quiz", 10, 60)
    contents.record("segment", "quiz", 10, 50)
    assert list(contents.spells()) == [Content("segment", "quiz", 10.0, 50.0)]


def test_an_earlier_one_ends_where_the_next_begins():
    contents = Contents()
    contents.record("game", "go", 100, 200)
    assert contents.record("game", "chess", 0).end == 100


@pytest.mark.parametrize(("start", "end"), [(50, 150), (150, 250), (120, 130), (50, 250), (100, 160)])
def test_overlaps_of_one_kind_are_refused(start, end):
    contents = Contents()
    contents.record("game", "go", 100, 200)
    before = contents.state()
    with pytest.raises(BadInput, match="overlaps another game"):
        contents.record("game", "chess", start, end)
    assert contents.state() == before
    contents.record("title", "chess", start, end)


@pytest.mark.parametrize(
    ("kind", "name", "start", "end", "field"),
    [
        ("song", "x", 0, 1, "kind"),
        ("game", "", 0, 1, "name"),
        ("game", "x", "noon", 1, "start"),
        ("game", "x", 1, 1, "end"),
        ("game", "x", 1, 0, "end"),
        ("game", "x", float("nan"), None, "start"),
    ],
)
def test_bad_contents(kind, name, start, end, field):
    with pytest.raises(BadInput) as caught:
        Contents().record(kind, name, start, end)
    assert caught.value.field == field


def test_remove():
    contents = Contents()
    contents.record("game", "go", 100, 200)
    assert contents.remove("game", 100).name == "go"
    with pytest.raises(NotFound):
        contents.remove("game", 100)


ROWS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from("abc"), st.integers(0, 50), st.none() | st.integers(0, 60)), max_size=30
)


@given(ROWS)
def test_one_of_a_kind_at_a_time_and_state_round_trip(rows):
    contents = Contents()
    for row in rows:
        before = contents.state()
        try:
            contents.record(*row)
        except HikariError:
            assert contents.state() == before
    for kind in KINDS:
        spells = list(contents.spells(kind))
        for one, two in pairwise(spells):
            assert one.end is not None
            assert one.start < one.end <= two.start
    assert Contents.from_state(contents.state()).state() == contents.state()


@pytest.mark.parametrize(
    "state",
    [
        {},
        None,
        {"version": 2, "contents": []},
        {"version": 1, "contents": [[1]]},
        {"version": 1, "contents": [["game", "", 0, 1]]},
    ],
)
def test_damaged_states(state):
    with pytest.raises(BadStore):
        Contents.from_state(state)

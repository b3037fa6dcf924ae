import random
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.analytics import features
from hikari.analytics.clock import Late
from hikari.analytics.events import ChatEvent
from hikari.analytics.sketches import stable_hash
from hikari.analytics.windows import MAX_STREAMS, OPEN_MINUTES, RING_MINUTES, StreamWindows
from hikari.errors import BadInput, BadStore

START = 1_700_000_040.0  # a full minute
DAY = 86_400.0


def said(time: float, who: str = "ann", text: str = "hello", **signals: Any) -> ChatEvent:
    return ChatEvent(START + time, who, text, **signals)


def talk(windows: StreamWindows, minutes: int, begin: int = 0) -> None:
    for minute in range(begin, begin + minutes):
        for number in range(3):
            assert windows.add(said(minute * 60 + number, f"viewer{number}", f"text {minute % 7} of {number}")) is None


def packed_state(windows: StreamWindows) -> bytes:
    packed = msgpack.packb(windows.state()["minutes"])
    assert packed is not None
    return packed


def column(windows: StreamWindows, name: str, until: float, count: int = 5) -> list[float]:
    return features.rows(windows, START + until, count)[:, features.INDEX[name]].tolist()


def test_messages_fall_into_their_minute_and_gaps_are_zero() -> None:
    windows = StreamWindows()
    for time in (0.0, 59.9, 60.0, 200.0):
        windows.add(said(time))
    assert windows.messages(START + 240, 5).tolist() == [0, 2, 1, 0, 1]
    assert windows.messages(START + 239.9, 5).tolist() == [0, 0, 2, 1, 0]
    assert windows.counts == {"messages": 4, "out_of_order": 0, "too_late": 0, "ahead": 0, "streams": 1}


def test_slots_of_five_seconds() -> None:
    windows = StreamWindows()
    for time in (0.0, 4.9, 5.0, 59.0, 60.0):
        windows.add(said(time))
    rates = windows.rates(START + 65, 14)
    assert rates.tolist() == [0, 0.4, 0.2, *[0] * 9, 0.2, 0.2]
    assert windows.count_at(START + 3) == 2
    assert windows.count_at(START + 30) == 0
    assert windows.count_at(START - DAY) == 0
    assert windows.rates(START + 65, RING_MINUTES * 12).sum() * 5 == 5


def test_late_messages_go_to_their_own_minute_until_the_ring_has_moved_on() -> None:
    windows = StreamWindows()
    talk(windows, 239)
    assert windows.add(said(10.0, "late", "better late than never")) is None
    assert column(windows, "messages", 60, 1) == [4]
    assert column(windows, "first_time_chatters", 60, 1) == [4]
    talk(windows, 5, begin=239)
    assert windows.add(said(11.0)) is Late.TOO_LATE
    assert windows.counts["too_late"] == 1
    assert windows.counts["out_of_order"] == 1
    assert column(windows, "in_stream", 60, 1) == [0]  # no longer in the ring


def test_a_late_message_renews_the_rows_that_looked_at_its_minute() -> None:
    windows, sorted_ones = StreamWindows(), StreamWindows()
    late = said(30.0, "viewer0", "a text that will come again and again")
    again = said(130.0, "viewer1", "a text that will come again and again")
    for event in (said(0.0, "viewer0"), said(61.0, "viewer2"), again, said(300.0)):
        windows.add(event)
    features.rows(windows, START + 360, 6)
    windows.add(late)
    for event in (said(0.0, "viewer0"), late, said(61.0, "viewer2"), again, said(300.0)):
        sorted_ones.add(event)
    assert np.array_equal(features.rows(windows, START + 360, 6), features.rows(sorted_ones, START + 360, 6), equal_nan=True)
    assert column(windows, "copypasta_share", 180, 1) == [1]


def test_one_bad_clock_leaves_the_ring_alone() -> None:
    windows = StreamWindows()
    talk(windows, 30)
    before = features.rows(windows, START + 1800, 30)
    for number in range(20):
        assert windows.add(said(40 * DAY, "broken")) is Late.AHEAD
        assert windows.add(said(1799.0 + number / 100, f"viewer{number % 3}")) is None
    assert np.array_equal(features.rows(windows, START + 1740, 29), before[:-1], equal_nan=True)
    assert windows.counts["streams"] == 1


@pytest.mark.parametrize("arrival_clock", [True, False])
def test_a_stream_after_days_offline_starts_anew(arrival_clock: bool) -> None:
    windows = StreamWindows()
    talk(windows, 30)
    for number in range(4):
        event = said(5 * DAY + number, f"viewer{number % 2}")
        late = windows.add(event, now=event.timestamp if arrival_clock else None)
        assert (late is Late.AHEAD) == (number == 0 and not arrival_clock)
    assert windows.messages(START + 5 * DAY + 60, 1).tolist() == [4]
    assert windows.counts == {"messages": 94, "out_of_order": 0, "too_late": 0, "ahead": 0, "streams": 2}
    assert windows.stream_start == START + 5 * DAY
    assert windows.stream_chatters == 2
    assert column(windows, "in_stream", 5 * DAY + 60, 3) == [0, 0, 1]
    assert column(windows, "first_time_chatters", 5 * DAY + 60, 1) == [2]


def test_a_bad_first_message_does_not_silence_the_channel() -> None:
    windows = StreamWindows()
    windows.add(said(30 * DAY, "broken"))
    assert windows.add(said(0.0, "ann")) is Late.AHEAD
    assert windows.add(said(1.0, "bob")) is None
    assert windows.newest == START + 1
    assert windows.messages(START + 60, 1).tolist() == [2]
    assert windows.stream_start == START


def test_the_operator_says_when_a_stream_starts() -> None:
    windows = StreamWindows()
    windows.start_stream(START)
    windows.add(said(150.0))
    assert column(windows, "minutes_since_start", 180, 3) == [0, 1, 2]
    windows.start_stream(START + 240)
    windows.add(said(250.0))
    assert column(windows, "first_time_chatters", 300, 2) == [0, 1]
    assert column(windows, "in_stream", 300, 2) == [0, 1]
    assert column(windows, "in_stream", 240, 2) == [1, 1]  # what was before keeps its stream
    with pytest.raises(BadInput):
        windows.start_stream(START + 100)
    windows.start_stream(START + 240)
    assert windows.counts["streams"] == 2


def test_viewers_are_held_for_ten_minutes_and_start_no_stream() -> None:
    windows = StreamWindows()
    windows.record("viewer_count", 10, START)
    assert windows.stream_start is None
    windows.record("viewer_count", 30, START + 30)
    windows.add(said(40.0))
    windows.add(said(700.0))
    assert column(windows, "viewers", 60, 1) == [20]
    assert column(windows, "chat_viewer_ratio", 60, 1) == [0.05]
    assert column(windows, "viewers_known", 780, 13) == [1] * 11 + [0] * 2
    assert np.isnan(column(windows, "viewers", 720, 1)).all()
    windows.record("viewer_count", 7, START + 100)  # late: the rows after it see it
    assert column(windows, "viewers", 720, 1) == [7]
    with pytest.raises(BadInput):
        windows.record("subscribers", 1, START)


@pytest.mark.parametrize(
    "bad",
    [
        said(float("nan")),
        said(1e12),
        said(1.0, ""),
        said(1.0, sentiment=2.0),
        said(1.0, emotion="happy"),
        said(1.0, toxicity=-1.0),
    ],
)
def test_bad_input_leaves_no_trace(bad: ChatEvent) -> None:
    windows = StreamWindows()
    talk(windows, 3)
    before = windows.state()
    with pytest.raises(BadInput):
        windows.add(bad)
    assert windows.state() == before


def test_bad_questions() -> None:
    windows = StreamWindows()
    for count in (0, -1, RING_MINUTES + 1, True, 1.5):
        with pytest.raises(BadInput):
            features.rows(windows, START, count)  # type: ignore[arg-type]
    for call in (
        lambda: windows.rates(START, 0),
        lambda: windows.messages(START, 0),
        lambda: features.series(windows, "nothing", START),
    ):
        with pytest.raises(BadInput):
            call()


def test_forgetting_a_viewer_keeps_the_figures() -> None:
    windows = StreamWindows()
    talk(windows, 20)
    windows.add(said(3 * DAY, "viewer1", "a secret"))  # held
    key = stable_hash("viewer1")
    packed = key.to_bytes(8, "little")
    before = features.rows(windows, START + 1200, 20)
    assert packed in packed_state(windows)
    windows.forget("viewer1")
    state = repr(windows.state())
    assert "secret" not in state
    assert packed not in packed_state(windows)
    assert np.array_equal(features.rows(windows, START + 1200, 20), before, equal_nan=True)


steps = st.lists(
    st.tuples(
        st.floats(-400, 900).map(lambda value: round(value, 2)),
        st.sampled_from(["ann", "bob", "eve", "kim"]),
        st.sampled_from(["hello", "Kappa Kappa", "what is this?", "one two three four five six seven", "NO WAY"]),
        st.none() | st.floats(-1, 1),
    ),
    max_size=60,
)


@settings(max_examples=60)
@given(steps, st.integers(0, 60))
def test_a_restart_changes_no_answer(script: list[tuple[float, str, str, float | None]], cut: int) -> None:
    straight, restarted, time = StreamWindows(), StreamWindows(), 0.0
    for number, (step, who, text, mood) in enumerate(script):
        if number == cut:
            restarted = StreamWindows.from_state(msgpack.unpackb(msgpack.packb(restarted.state())))
        time += step
        event = said(time, who, text, sentiment=mood)
        assert straight.add(event) == restarted.add(event)
    newest = straight.newest or START
    assert straight.state() == restarted.state()
    for until in (newest, newest + 60, newest + 600):
        rows = features.rows(straight, until, 60), features.rows(restarted, until, 60)
        assert np.array_equal(*rows, equal_nan=True)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 3000), st.sampled_from("abcd"), st.sampled_from(["hi", "one two three four five six", "oh?"])),
        min_size=1,
        max_size=60,
    ),
    st.randoms(use_true_random=False),
)
def test_order_of_arrival_does_not_matter(script: list[tuple[int, str, str]], chance: random.Random) -> None:
    in_order, shuffled = StreamWindows(), StreamWindows()
    events = [said(float(time), who, text, sentiment=time / 7000) for time, who, text in sorted(script)]
    for event in events:
        in_order.add(event)
    for number, event in enumerate(chance.sample(events, len(events))):
        shuffled.add(event)
        if number % 9 == 0:
            features.rows(shuffled, START + 3060, 51)  # rows computed in between must not stay behind
    rows = features.rows(in_order, START + 3060, 51), features.rows(shuffled, START + 3060, 51)
    order_bound = [features.INDEX["first_time_chatters"], features.INDEX["returning_chatters"]]
    assert np.array_equal(*(np.delete(each, order_bound, axis=1) for each in rows), equal_nan=True)
    assert rows[0][:, order_bound[0]].sum() == rows[1][:, order_bound[0]].sum()


@pytest.mark.parametrize("damage", ["version", "minutes", "clock", "counts", "seen", "starts", "alive"])
def test_a_damaged_state_is_refused(damage: str) -> None:
    windows = StreamWindows()
    talk(windows, 3)
    state = windows.state()
    with pytest.raises(BadStore):
        StreamWindows.from_state({**state, damage: "?"})
    with pytest.raises(BadStore):
        StreamWindows.from_state({name: value for name, value in state.items() if name != damage})
    with pytest.raises(BadStore):
        StreamWindows.from_state(None)  # type: ignore[arg-type]


def test_everything_is_bounded() -> None:
    windows = StreamWindows()
    for stream in range(2 * MAX_STREAMS):
        windows.start_stream(START + stream * 7200)
        windows.add(said(stream * 7200.0), now=START + stream * 7200)
    assert len(windows.state()["starts"]) == MAX_STREAMS
    for minute in range(0, 230, 3):
        windows.add(said(31 * 7200.0 - 60 * minute))
    assert (
        sum(not each.is_packed for each in windows.span(*(int(START // 60) + 31 * 120 - back for back in (239, 0))) if each)
        <= OPEN_MINUTES
    )
    assert len(windows.state()["minutes"]) <= RING_MINUTES

import pytest

from hikari.analytics.clock import HELD, STREAM_GAP_S, EventClock, Late, Moved, Reading
from hikari.analytics.events import ChatEvent
from hikari.errors import BadStore

DAY = 86_400.0
REACH = 14_340.0


def said(time: float) -> ChatEvent:
    return ChatEvent(time, "someone", "hi")


def settled(time: float = 0.0) -> EventClock:
    clock = EventClock(REACH)
    clock.admit(1, said(time), None)
    clock.admit(2, said(time), None)
    assert clock.settled
    return clock


def test_one_bad_clock_does_not_move_it() -> None:
    clock = settled()
    for second in range(50):
        assert clock.admit(9, said(DAY), None) is Late.AHEAD
        assert clock.admit(1, said(float(second)), None) is None
    assert clock.newest == 49.0


def test_a_second_source_moves_it_and_what_was_held_counts() -> None:
    clock = settled()
    assert clock.admit(1, said(DAY), None) is Late.AHEAD
    assert clock.admit(2, said(DAY + 2), None) == Moved((said(DAY),), back=False)
    assert clock.newest == DAY + 2
    assert clock.settled
    assert clock.admit(1, said(0.0), None) is Late.TOO_LATE


def test_two_that_do_not_agree_are_no_witnesses() -> None:
    clock = settled()
    assert clock.admit(1, said(DAY), None) is Late.AHEAD
    assert clock.admit(2, said(3 * DAY), None) is Late.AHEAD
    assert clock.newest == 0.0


def test_a_lonely_source_needs_three_in_a_row() -> None:
    clock = settled()
    for number in range(HELD - 1):
        assert clock.admit(1, said(DAY + number), None) is Late.AHEAD
    moved = clock.admit(1, said(DAY + 5), None)
    assert moved == Moved((said(DAY), said(DAY + 1)), back=False)
    assert not clock.settled  # only one source said so


def test_the_arrival_clock_vouches() -> None:
    clock = settled()
    assert clock.admit(1, said(DAY), DAY) == Moved((), back=False)
    assert clock.settled
    assert clock.admit(1, said(3 * DAY), DAY) is Late.AHEAD


def test_a_bad_first_clock_is_put_back_by_two_others() -> None:
    clock = EventClock(REACH)
    assert clock.admit(1, said(30 * DAY), None) is None
    assert clock.admit(2, said(100.0), None) is Late.AHEAD
    assert clock.admit(3, Reading(160.0, 5.0), None) == Moved((said(100.0),), back=True)
    assert clock.newest == 160.0


def test_a_bad_first_clock_is_put_back_by_the_arrival_clock() -> None:
    clock = EventClock(REACH)
    assert clock.admit(1, said(30 * DAY), 100.0) is None
    assert clock.admit(2, said(100.0), 100.0) == Moved((), back=True)


def test_a_backlog_of_old_messages_does_not_put_a_confirmed_clock_back() -> None:
    clock = settled(DAY)
    for source in range(10):
        assert clock.admit(source, said(0.0), DAY) is Late.TOO_LATE
        assert clock.admit(source, said(0.0), None) is Late.TOO_LATE
    assert clock.newest == DAY


def test_an_operators_jump_waits_for_confirmation() -> None:
    clock = settled()
    assert clock.start(30 * DAY, 7)
    assert not clock.settled
    assert clock.admit(1, said(10.0), None) is Late.AHEAD
    assert clock.admit(2, said(11.0), None) == Moved((said(10.0),), back=True)
    assert not EventClock(REACH).settled
    assert not settled(DAY).start(0.0, 7)


def test_just_inside_the_gap_is_in_order() -> None:
    clock = settled()
    assert clock.admit(5, said(STREAM_GAP_S), None) is None


def test_the_state_comes_back() -> None:
    clock = settled()
    clock.admit(1, said(DAY), None)
    copy = EventClock.from_state(clock.state(), REACH)
    assert copy.state() == clock.state()
    assert copy.admit(2, Reading(DAY, 1.0), None) == clock.admit(2, Reading(DAY, 1.0), None) == Moved((said(DAY),), back=False)


@pytest.mark.parametrize(
    "damage",
    [
        {},
        {"newest": "x", "only_source": None, "held": []},
        {"newest": float("nan"), "only_source": None, "held": []},
        {"newest": 0.0, "only_source": None, "held": [[1, [0.0]]]},
    ],
)
def test_a_damaged_state_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises(BadStore):
        EventClock.from_state(damage, REACH)

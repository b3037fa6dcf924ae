"""Token buckets and counters, on a clock that the test moves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.quotas import Bucket, Quotas
from serving.settings import Limits


class Clock:
    """Seconds that stand still until they are moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_then_the_rate() -> None:
    clock = Clock()
    bucket = Bucket(2.0, 3, clock)
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 0.5]
    clock.now += 0.5
    assert [bucket.take(), bucket.take()] == [0, 0.5]
    clock.now += 3600
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 0.5]


def test_turns_come_one_after_the_other() -> None:
    bucket = Bucket(10.0, 1, Clock())
    assert [bucket.turn() for _ in range(4)] == pytest.approx([0, 0.1, 0.2, 0.3])


@given(st.lists(st.floats(0, 3), max_size=60), st.floats(0.5, 20), st.integers(1, 10))
def test_never_more_than_burst_and_rate_allow(gaps: list[float], rate: float, burst: int) -> None:
    clock = Clock()
    bucket = Bucket(rate, burst, clock)
    taken = 0
    for gap in gaps:
        clock.now += gap
        taken += bucket.take() == 0
        assert taken <= burst + rate * (clock.now - 1000) + 1e-6


def test_a_clock_that_goes_back_gives_nothing() -> None:
    clock = Clock()
    bucket = Bucket(1.0, 1, clock)
    assert bucket.take() == 0
    clock.now -= 100
    assert bucket.take() == 1


def test_keys_have_their_own_and_all_together_have_one() -> None:
    quotas = Quotas(Limits(max_in_flight=3, max_in_flight_per_key=2, max_sockets=3, max_sockets_per_key=2), Clock())
    quotas.of("a").in_flight = quotas.in_flight = 2
    assert quotas.retry_after("a") == 1
    assert quotas.retry_after("b") == 0
    quotas.in_flight = 3
    assert quotas.retry_after("b") == 1
    quotas.of("a").sockets = quotas.sockets = 2
    assert quotas.no_socket_left("a")
    assert not quotas.no_socket_left("b")
    quotas.sockets = 3
    assert quotas.no_socket_left("b")

"""The queue's policy as laws: what must never be dropped is not, the order stays, every message is accounted for."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.stream.messages import Priority
from hikari.stream.queue import DROPPABLE, BoundedQueue, Waiting
from tests.hikari.stream.parts import message, run

PUT = st.tuples(st.just("put"), st.sampled_from(list(Priority)), st.sampled_from("abc"))
TAKE = st.tuples(st.just("take"), st.integers(1, 5), st.just(""))
STEPS = st.lists(PUT | TAKE, max_size=60)


class Trial:
    """A queue with everything that happens to its messages."""

    def __init__(self, capacity: int, max_wait_s: float = 1e9, patience_s: float = 1e9) -> None:
        self.dropped: list[tuple[Waiting, str]] = []
        self.queue = BoundedQueue(
            capacity, lambda entry, reason: self.dropped.append((entry, reason)), max_wait_s=max_wait_s, patience_s=patience_s
        )
        self.put: list[Waiting] = []
        self.taken: list[Waiting] = []

    def entry(self, priority: Priority, user: str = "ann", at: float = 0.0) -> Waiting:
        made = Waiting(message(user=user, id=len(self.put)), priority, at)
        self.put.append(made)
        return made

    def take(self, most: int, now: float = 0.0) -> list[int]:
        found = self.queue.take(most, now)
        self.taken += found
        return [entry.message.id for entry in found]  # type: ignore[misc]


@given(st.integers(1, 6), STEPS)
def test_the_policy_holds_whatever_comes(capacity: int, steps: list[tuple[str, int, str]]) -> None:
    async def work() -> None:
        trial = Trial(capacity)
        producers: list[asyncio.Task[None]] = []
        for what, value, user in steps:
            if what == "put":
                entry = trial.entry(Priority(value), user)
                producers.append(asyncio.create_task(trial.queue.put(entry)))
                await asyncio.sleep(0)
            else:
                trial.take(value)
            assert len(trial.queue) <= capacity
        while len(trial.queue) or trial.queue.producers_waiting:
            trial.take(3)
        await asyncio.gather(*producers)

        lost = [entry for entry, _ in trial.dropped]
        assert Counter(map(id, trial.taken + lost)) == Counter(map(id, trial.put))  # every one, once
        assert all(entry.priority in DROPPABLE for entry in lost)
        assert sum(trial.queue.dropped.values()) == len(lost)
        for user in "abc":
            order = [entry.message.id for entry in trial.taken if entry.message.username == user]
            assert order == sorted(order)

    run(work())


def test_the_oldest_of_the_lowest_priority_goes_the_newcomer_included() -> None:
    trial = Trial(3)
    for priority in (Priority.ORDINARY, Priority.NOISE, Priority.ORDINARY):
        assert trial.queue.offer(trial.entry(priority))
    assert trial.queue.offer(trial.entry(Priority.NOTABLE))
    assert trial.queue.offer(trial.entry(Priority.NOISE))
    assert trial.queue.offer(trial.entry(Priority.ORDINARY))
    assert [entry.message.id for entry, _ in trial.dropped] == [1, 4, 0]
    assert trial.take(9) == [2, 3, 5]
    assert trial.queue.dropped == {"queue_full": 3}


def test_when_only_questions_wait_a_producer_waits_and_nobody_slips_in_before_it() -> None:
    async def work() -> None:
        trial = Trial(2)
        await trial.queue.put(trial.entry(Priority.QUESTION))
        await trial.queue.put(trial.entry(Priority.PAID))
        waiting = asyncio.create_task(trial.queue.put(trial.entry(Priority.QUESTION)))
        await asyncio.sleep(0)
        assert not waiting.done()
        await trial.queue.put(trial.entry(Priority.NOTABLE))  # dropped: it may not wait
        late = asyncio.create_task(trial.queue.put(trial.entry(Priority.PAID)))
        await asyncio.sleep(0)
        assert trial.queue.producers_waiting == 2
        assert trial.take(1) == [0]
        await waiting
        assert not late.done()
        assert trial.take(9) == [1, 2]
        await late
        assert trial.take(9) == [4]
        assert [entry.message.id for entry, _ in trial.dropped] == [3]

    run(work())


def test_a_producer_that_gives_up_leaves_no_trace() -> None:
    async def work() -> None:
        trial = Trial(1)
        await trial.queue.put(trial.entry(Priority.PAID))
        waiting = asyncio.create_task(trial.queue.put(trial.entry(Priority.PAID)))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert trial.queue.producers_waiting == 0
        assert trial.take(9) == [0]
        assert trial.take(9) == []

    run(work())


def test_a_short_burst_is_worked_off_and_a_lasting_overload_is_shed() -> None:
    trial = Trial(100, max_wait_s=0.1, patience_s=1.0)
    for number in range(20):
        trial.queue.offer(trial.entry(Priority.QUESTION if number % 5 == 0 else Priority.ORDINARY))
    assert trial.take(2, now=0.5) == [0, 1]  # late, but not for long
    assert trial.take(2, now=1.4) == [2, 3]
    trial.queue.offer(trial.entry(Priority.ORDINARY, at=1.55))
    assert trial.take(2, now=1.6) == [5, 10]
    assert trial.queue.dropped == {"too_late": 13}
    assert trial.take(9, now=1.6) == [15, 20]
    trial.queue.offer(trial.entry(Priority.ORDINARY, at=1.6))
    assert trial.take(9, now=1.65) == [21]


def test_an_overload_that_goes_on_is_shed_without_another_wait() -> None:
    trial = Trial(100, max_wait_s=0.1, patience_s=1.0)
    trial.queue.offer(trial.entry(Priority.QUESTION, at=0.0))
    trial.queue.offer(trial.entry(Priority.QUESTION, at=0.0))
    assert trial.take(1, now=0.5) == [0]
    for at in (1.52, 1.53, 1.54):
        trial.queue.offer(trial.entry(Priority.ORDINARY, at=at))
    assert trial.take(1, now=1.55) == [1]
    assert trial.take(1, now=1.6) == [2]  # within the limit, though not by much
    assert trial.take(9, now=1.7) == []
    assert trial.queue.dropped == {"too_late": 2}
    trial.queue.offer(trial.entry(Priority.ORDINARY, at=1.7))
    assert trial.take(9, now=1.72) == [5]
    trial.queue.offer(trial.entry(Priority.ORDINARY, at=1.72))
    assert trial.take(9, now=2.0) == [6]  # a new one, which may be short

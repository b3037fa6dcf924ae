"""What waits for one client is bounded, and what it waits for is never dropped."""

import asyncio
from typing import Any

import pytest

from serving.hub import Frame, Hub
from serving.outbox import Outbox, Stalled


def frame(number: int, kind: str = "analysis", channel: str = "c") -> Frame:
    return Frame({"type": kind, "id": number, "channel": channel})


async def _sent(box: Outbox) -> list[int]:
    sent: list[int] = []

    async def send(one: Frame) -> None:
        sent.append(one.event["id"])

    task = asyncio.create_task(box.run(send))
    await box.empty()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return sent


def test_the_oldest_that_was_merely_heard_goes_first() -> None:
    async def scenario() -> tuple[list[int], int]:
        box = Outbox(heard=2)
        box.answer(frame(100))
        for number in range(4):
            box.offer(frame(number))
        box.answer(frame(101))
        return await _sent(box), box.dropped

    assert asyncio.run(scenario()) == ([100, 2, 3, 101], 2)


def test_an_event_that_turns_out_to_be_an_answer_is_kept() -> None:
    async def scenario() -> list[int]:
        box, own = Outbox(heard=2), frame(7)
        box.offer(own)
        box.keep(own.event)
        for number in range(5):
            box.offer(frame(number))
        box.keep({"type": "analysis", "id": 99})  # not here any more
        return await _sent(box)

    assert asyncio.run(scenario()) == [7, 3, 4]


def test_a_client_that_takes_nothing_is_given_up() -> None:
    async def scenario() -> None:
        box = Outbox(stalled_s=0.01)
        box.answer(frame(1))

        async def never(_: Frame) -> None:
            await asyncio.Event().wait()

        await box.run(never)

    with pytest.raises(Stalled):
        asyncio.run(scenario())


class _Ear:
    def __init__(self) -> None:
        self.heard: list[Any] = []

    def offer(self, one: Frame) -> None:
        self.heard.append(one.event["id"])


def test_the_hub_hands_on_by_channel_and_keeps_errors_to_itself() -> None:
    hub, ear = Hub(), _Ear()
    taps: list[Any] = []

    def tap(frames: Any) -> None:
        taps.extend(one.event["id"] for one in frames)

    hub.taps.append(tap)
    hub.listen("a", ear)
    hub([frame(1, channel="a").event, frame(2, channel="b").event, frame(3, "error", "a").event, frame(4, "alert", "a").event])
    assert ear.heard == [1, 4]
    assert taps == [1, 2, 3, 4]
    hub.leave("a", ear)
    hub.leave("never", ear)
    hub([frame(5, channel="a").event])
    assert ear.heard == [1, 4]
    assert hub.heard() == []


def test_a_frame_is_encoded_once() -> None:
    one = frame(1)
    assert one.json is one.json
    assert one.packed is one.packed

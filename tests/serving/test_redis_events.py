"""Publishing to a real Redis that may go away: nobody waits, little is lost, everything is counted."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import pytest
import redis

from hikari.errors import BadInput
from serving.hub import Frame
from serving.redis_events import PREFIX, RedisEvents
from tests.redis_process import RedisProcess


def frames(*numbers: int, channel: str = "c") -> list[Frame]:
    return [Frame({"type": "analysis", "id": number, "channel": channel, "text": "ü"}) for number in numbers]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - what another process does raises no event here
            await asyncio.sleep(0.01)


def heard(listener: Any, count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        got = listener.get_message(timeout=20)
        if got is not None and got["type"] == "message":
            found.append(msgpack.unpackb(got["data"])["id"])
    return found


def test_every_event_goes_to_its_channel_in_order(redis_server: str) -> None:
    async def scenario() -> None:
        events = RedisEvents(redis_server)
        events.start()
        events([*frames(*range(500)), *frames(7, channel="a channel: ü"), Frame({"type": "hello", "id": None})])
        await until(lambda: events.published == 501)
        assert (len(events), events.dropped, events.state) == (0, 0, "ok")
        await events.close()

    with redis.Redis.from_url(redis_server) as client, client.pubsub() as listener, client.pubsub() as other:
        listener.subscribe(f"{PREFIX}c")
        other.subscribe(f"{PREFIX}a channel: ü")
        for one in (listener, other):
            assert one.get_message(timeout=20)["type"] == "subscribe"
        asyncio.run(scenario())
        assert heard(listener, 500) == list(range(500))
        assert heard(other, 1) == [7]


def test_what_is_published_while_redis_is_away_waits_bounded_and_comes_later(tmp_path: Path) -> None:
    with RedisProcess(tmp_path) as process:

        async def scenario() -> None:
            events = RedisEvents(process.url, waiting=50)
            events.start()
            events(frames(0))
            await until(lambda: events.published == 1)
            process.stop()
            started = time.perf_counter()
            for number in range(1, 101):
                events(frames(number))
            assert time.perf_counter() - started < 5  # it does not wait
            await until(lambda: events.state == "down")
            assert (len(events), events.dropped) == (50, 50)
            process.start()
            with redis.Redis.from_url(process.url) as client, client.pubsub() as listener:
                listener.subscribe(f"{PREFIX}c")
                assert listener.get_message(timeout=20)["type"] == "subscribe"
                await until(lambda: events.state == "ok" and not len(events))
                assert heard(listener, 50) == list(range(51, 101))
            await events.close()

        asyncio.run(scenario())


def test_no_redis_at_all_costs_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        events = RedisEvents("redis://127.0.0.1:1/0")
        events.start()
        events(frames(1))
        await until(lambda: events.failures > 0)
        assert (events.state, len(events)) == ("down", 1)
        await events.close()

    asyncio.run(scenario())


def test_a_viewer_is_forgotten_in_what_waits() -> None:
    async def scenario() -> None:
        events = RedisEvents("redis://127.0.0.1:1/0")
        said = [
            Frame({"type": "analysis", "id": number, "channel": channel, "username": name})
            for number, (channel, name) in enumerate((("a", "ann"), ("b", "ann"), ("a", "bo")))
        ]
        events(said)
        events.forget_user("ann", "a")
        assert len(events) == 2
        events.forget_user("ann")
        assert len(events) == 1

    asyncio.run(scenario())


def test_an_address_that_is_none_is_refused_without_its_password() -> None:
    with pytest.raises(BadInput) as caught:
        RedisEvents("http://user:secret@host")
    assert "secret" not in caught.value.message

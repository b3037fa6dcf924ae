"""Sockets over a real server: what slow, stalled and many clients do to it, and what an end does to them."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from serving import outbox
from tests.serving.stream_server import streaming

WAIT_S = 60


async def events(client: ClientConnection, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    while True:
        event = json.loads(await client.recv())
        if holds(event):
            return event


def message(number: int, channel: str = "c", text: str = "hello there everybody", **more: Any) -> str:
    row = {"type": "message", "id": number, "channel": channel, "username": "ann", "text": text, **more}
    return json.dumps(row)


def chat(address: str, query: str = "") -> Any:
    return connect(f"ws://{address}/ws/chat{query}", proxy=None, max_size=None)


def run(scenario: Any) -> None:
    asyncio.run(asyncio.wait_for(scenario, WAIT_S))


def test_every_message_is_answered_once_in_the_order_of_its_sender(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with streaming(tmp_path) as (address, _), chat(address, "?channel=c&subscribe=1") as one, chat(address) as other:
            for number in range(200):
                await one.send(message(number))
                await other.send(message(1_000 + number, "d"))
            mine = [await events(one, lambda event: event["type"] == "analysis") for _ in range(200)]
            theirs = [await events(other, lambda event: event["type"] == "analysis") for _ in range(200)]
            assert [event["id"] for event in mine] == list(range(200))
            assert [event["id"] for event in theirs] == list(range(1_000, 1_200))

    run(scenario())


def test_a_dashboard_that_takes_nothing_is_given_up_and_nobody_else_notices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox.Outbox.__init__, "__defaults__", (50, 0.3))

    async def scenario() -> None:
        async with streaming(tmp_path) as (address, live):
            host, port = address.split(":")
            small = socket.create_connection((host, int(port)))
            small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            small.setblocking(False)
            reader, writer = await asyncio.open_connection(sock=small, limit=1)
            writer.write(
                b"GET /ws/dashboard?channel=c HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            reader._transport.pause_reading()  # type: ignore[attr-defined]
            async with chat(address) as speaker:
                await events(speaker, lambda event: event["type"] == "hello")
                number = 0
                while any(client.kind == "dashboard" for client in live.sockets) or number == 0:
                    await speaker.send(json.dumps({
                        "type": "messages", "channel": "c",
                        "messages": [{"id": number + place, "username": "ann", "text": "long " * 4_000} for place in range(40)],
                    }))  # fmt: skip
                    number += 40
                    await events(speaker, lambda event, last=number - 1: event["id"] == last)
                assert {client.kind for client in live.sockets} == {"chat"}
                await speaker.send(message(-1))
                assert (await events(speaker, lambda event: event["id"] == -1))["type"] == "analysis"
            writer.close()

    run(scenario())


def test_a_snapshot_says_how_much_was_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox.Outbox.__init__, "__defaults__", (5, 30.0))

    async def scenario() -> None:
        async with streaming(tmp_path) as (address, live), connect(f"ws://{address}/ws/dashboard?channel=c", proxy=None) as board:
            assert (await events(board, lambda event: event["type"] == "hello"))["channels"] == ["c"]
            await live.process([{"id": n, "channel": "c", "username": "ann", "text": f"number {n}"} for n in range(64)])
            assert (await events(board, lambda event: event.get("missed", 0) > 0))["type"] == "snapshot"

    run(scenario())


def test_the_end_lets_accepted_messages_finish_and_closes_with_going_away(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with streaming(tmp_path) as (address, live), chat(address) as client:
            for number in range(50):
                await client.send(message(number))
            await events(client, lambda event: event["type"] == "analysis")
            os.kill(os.getpid(), signal.SIGTERM)
            got = 1
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    got += json.loads(await client.recv())["type"] == "analysis"
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
            assert got == live.pipeline.stats()["processed"]
            assert not live.is_ready

    # uvicorn raises the signal it took once more, for whoever waits for it.
    with _Terminated():
        run(scenario())


class _Terminated:
    """SIGTERM is taken, and what was set before is set again."""

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGTERM, lambda *_: None)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGTERM, self._before)


@pytest.mark.parametrize("query", ["?channel=", "?channel=" + "x" * 300])
def test_a_dashboard_of_no_channel_is_closed(tmp_path: Path, query: str) -> None:
    async def scenario() -> None:
        async with streaming(tmp_path) as (address, _), connect(f"ws://{address}/ws/dashboard{query}", proxy=None) as board:
            assert json.loads(await board.recv())["error"]["field"] == "channel"
            with pytest.raises(ConnectionClosed):
                await board.recv()

    run(scenario())


def test_channels_that_one_socket_hears_are_bounded(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with streaming(tmp_path) as (address, live), chat(address) as client:
            for number in range(65):
                await client.send(json.dumps({"type": "subscribe", "channel": f"c{number}"}))
            error = await events(client, lambda event: event["type"] == "error")
            assert error["error"]["code"] == "too_large"
            await client.send(json.dumps({"type": "unsubscribe", "channel": "c0"}))
            await client.send(json.dumps({"type": "ping", "id": 1}))
            await events(client, lambda event: event["type"] == "pong")
            assert len(live.hub.heard()) == 63

    run(scenario())

"""Fuzzing of the sockets of a real process: malformed, mistyped, huge, deep, binary, cut short. Every frame that can be answered is, in
the one shape; the process stays ready and says nothing of what it was sent."""

import asyncio
import base64
import json
import os
import socket as sockets
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import msgpack
import pytest
from httpx_ws import AsyncWebSocketSession, WebSocketDisconnect, aconnect_ws
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from serving.settings import Limits
from tests.e2e.keyed import OPERATOR, READER, TENANT, bearer
from tests.e2e.process import Served

MARKER = "zqxframeqxz"
ANSWER_TIMEOUT_S = 60
SYNC = "zqx-sync"

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.just(MARKER)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3), max_leaves=8
)
fields = st.sampled_from(
    ["id", "channel", "username", "text", "timestamp", "roles", "paid", "context", "messages", "channels", MARKER]
)
kinds = st.sampled_from(["message", "messages", "subscribe", "unsubscribe", "hello", ""]) | values
objects = st.builds(lambda kind, rest: {"type": kind, **rest}, kinds, st.dictionaries(fields, values, max_size=5))
near = st.fixed_dictionaries(
    {"type": st.just("message"), "text": st.text(min_size=1, max_size=30), "username": st.text(min_size=1, max_size=8)},
    optional={"id": values, "channel": values, "timestamp": values, "roles": values, "paid": values, "context": values},
)


def packed(value: Any) -> bytes:
    """msgpack, as far as it can say it; else junk."""
    try:
        return msgpack.packb(value, unicode_errors="surrogatepass")
    except (ValueError, OverflowError):
        return b"\xc1"


written = (objects | near | values).flatmap(lambda value: st.sampled_from([json.dumps(value), packed(value)]))
junk = st.text(max_size=60) | st.binary(max_size=60) | st.just("") | st.just(b"")
deep = st.integers(1, 50_000).flatmap(
    lambda depth: st.sampled_from(["[" * depth, '{"a":' * depth, b"\x91" * depth, "[" * depth + "]" * depth])
)
frames = st.lists(written | junk | deep, min_size=1, max_size=6)


async def with_socket(url: str, path: str, key: str, use: Callable[[AsyncWebSocketSession], Awaitable[None]]) -> None:
    async with (
        httpx.AsyncClient() as client,
        aconnect_ws(f"{url}{path}", client, headers=bearer(key), keepalive_ping_interval_seconds=None) as socket,
    ):
        await use(socket)


async def send(socket: AsyncWebSocketSession, frame: str | bytes) -> None:
    if isinstance(frame, str):
        await socket.send_text(frame.encode("utf-8", "replace").decode())
    else:
        await socket.send_bytes(frame)


async def synced(socket: AsyncWebSocketSession) -> list[dict[str, Any]]:
    """Everything that comes until the answer to a last, good frame; each of it in the shape of an event."""
    await socket.send_text(json.dumps({"type": "ping", "id": SYNC}))
    events = []
    while True:
        event = await asyncio.wait_for(socket.receive(), ANSWER_TIMEOUT_S)
        content = msgpack.unpackb(event.data) if isinstance(event.data, bytes | bytearray) else json.loads(event.data)
        assert content["v"] == 1
        assert content["type"] in ("hello", "analysis", "error", "alert", "pong", "snapshot")
        if content["type"] == "error":
            assert set(content["error"]) <= {"code", "message", "field"}
            assert content["error"]["code"] != "internal"
            assert MARKER not in content["error"]["message"].replace(f"{MARKER} ", "").replace(f": {MARKER}", "")
        if content["type"] == "pong" and content["id"] == SYNC:
            return events
        events.append(content)


def fuzz(keyed: Served, path: str, key: str, examples: int) -> None:
    @seed(20_270_115)
    @settings(max_examples=examples, database=None, suppress_health_check=list(HealthCheck))
    @given(frames)
    def one(sent: list[str | bytes]) -> None:
        async def use(socket: AsyncWebSocketSession) -> None:
            for frame in sent:
                await send(socket, frame)
            await synced(socket)

        asyncio.run(with_socket(keyed.url, path, key, use))

    one()


# A key for everything, one whose frames the guard reads, and one that may only listen.
KEYS = pytest.mark.parametrize("key", [OPERATOR, TENANT, READER], ids=["operator", "tenant", "reader"])
PATHS = pytest.mark.parametrize("path", ["/ws/chat?channel=mika&subscribe=1", "/ws/dashboard?channel=mika"])


@KEYS
@PATHS
def test_a_few_frames(keyed: Served, path: str, key: str) -> None:
    fuzz(keyed, path, key, 12)


@pytest.mark.slow
@KEYS
@PATHS
def test_many_frames(keyed: Served, path: str, key: str) -> None:
    fuzz(keyed, path, key, 120)


def test_a_huge_frame_ends_its_socket_alone(keyed: Served) -> None:
    async def use(socket: AsyncWebSocketSession) -> None:
        await socket.send_text(MARKER * (Limits.max_frame_bytes // len(MARKER) + 1))
        with pytest.raises(WebSocketDisconnect) as caught:
            while True:
                await asyncio.wait_for(socket.receive(), ANSWER_TIMEOUT_S)
        assert caught.value.code == 1009

    asyncio.run(with_socket(keyed.url, "/ws/chat", OPERATOR, use))


def handshake(path: str, key: str) -> bytes:
    nonce = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {nonce}\r\n"
        f"Sec-WebSocket-Version: 13\r\nAuthorization: Bearer {key}\r\n\r\n"
    ).encode()


@pytest.mark.parametrize(
    "rest",
    [
        b"",
        b"\x81",
        b"\x81\xfe\xff\xff",
        b"\x81\x85\x00\x00\x00\x00hi",
        b"\xff" * 64,
        b"\x81\x02hi",  # not masked
        b"\x81\x82\x00\x00\x00\x00\xff\xfe",  # not UTF-8
        b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff",  # 2**64 bytes are to follow
        b"\x01\x82\x00\x00\x00\x00[[" * 200,  # a message that never ends
        b"\x89\xfe\x01\x00" + b"x" * 260,  # a ping too long
        b"\x88\x81\x00\x00\x00\x00\x00",  # a close code cut short
    ],
)
@pytest.mark.parametrize("abort", [False, True])
def test_half_open_and_broken_sockets_harm_nobody(keyed: Served, rest: bytes, abort: bool, client: httpx.Client) -> None:
    url = httpx.URL(keyed.url)
    with sockets.create_connection((url.host, url.port or 80), timeout=30) as raw:
        raw.sendall(handshake("/ws/chat", OPERATOR))
        assert raw.recv(12) == b"HTTP/1.1 101"
        raw.sendall(rest)
        if abort:  # the other side vanishes without a word: reset
            raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    "start",
    [
        b"GET /ws/chat HTTP/1.1\r\n",
        b"GET /ws/chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n",
        b"\x16\x03\x01",
        b"\xff" * 99,
    ],
)
def test_broken_handshakes_harm_nobody(keyed: Served, start: bytes, client: httpx.Client) -> None:
    url = httpx.URL(keyed.url)
    with sockets.create_connection((url.host, url.port or 80), timeout=30) as raw:
        raw.sendall(start)
    assert client.get("/readyz").status_code == 200


def test_the_process_said_nothing_of_it(keyed: Served) -> None:
    log = keyed.log.read_text(errors="replace")
    assert MARKER not in log
    assert '"level":"error"' not in log
    assert "Traceback" not in log

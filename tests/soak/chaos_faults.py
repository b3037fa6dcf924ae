"""What goes wrong: each fault is a coroutine that returns when the cause is gone; from then on the service has to recover by itself."""

import asyncio
import json
import random
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgpack
from websockets.exceptions import WebSocketException

from tests.redis_process import RedisProcess
from tests.soak.chaos_load import BUSY, Users, socket_to
from tests.soak.chaos_service import ENTRY, NOISE, RUNNERS, Service, SmallDisk, bearer, key, marker

FLOODERS, FLOOD_S = 16, 3.0
HALF_OPEN, HELD_S = 30, 2.0
QUESTION = "what is the next game?"
"""Never dropped, however much is waiting."""
TIMESTAMPS: tuple[Any, ...] = (
    0, -1, 1, -1e12, 1e12, 4e9, 1e18, 1e300, -1e300, "never", "2286-11-20T17:46:40Z", "1970-01-01T00:00:00+00:00", True, [], {}, 2**70,
)  # fmt: skip
SHIFTS = (-3.2e8, -86_400, -3_600, 3_600, 86_400, 3.2e8)
"""Seconds from now."""
FRAMES: tuple[str | bytes, ...] = (
    "", "{", "[]", "null", "7", '"text"', "{}", '{"type": 7}', '{"type": "dance"}', '{"type": "message"}', '{"type": "message", "id": {}}',
    '{"type": "messages", "messages": 7}', '{"type": "messages", "messages": [7, null, {}]}', '{"type": "subscribe", "channel": []}',
    "[" * 20_000, '{"a":' * 20_000, '{"type": "message", "username": "u", "text": NaN}', "\ud83d".encode("utf-8", "surrogatepass"),
    b"", b"\xc1", b"\x81", b"\xdf\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff", b"\x91" * 20_000, msgpack.packb(msgpack.ExtType(4, b"abc")),
    msgpack.packb({"type": "message", "username": b"\xff", "text": b"\xff"}), msgpack.packb({1: 2}), b"\x00" * 1000,
)  # fmt: skip
WIRE = (
    b"\x81\x05hello",  # a client's frame has to be masked
    b"\xf1\x80\0\0\0\0",  # reserved bits
    b"\x83\x80\0\0\0\0",  # a reserved opcode
    b"\x89\xfe\x01\x00\0\0\0\0" + bytes(256),  # a ping of 256 bytes
    b"\x81\x82\0\0\0\0\xff\xfe",  # a text that is not UTF-8
    b"\x80\x80\0\0\0\0",  # the continuation of nothing
    b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0",  # 2**63 bytes to come
    b"\x88\x81\0\0\0\0\x01",  # half a close code
)
"""Frames that break the protocol itself."""
REQUESTS = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"POST /analyze_message HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"POST /analyze_message HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 4096,
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
)  # fmt: skip


@dataclass
class Stage:
    """What a fault can get at."""

    service: Service
    redis: RedisProcess
    disk: SmallDisk
    users: list[Users]
    dice: random.Random
    round_trip: Callable[..., Awaitable[float]]
    problems: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    def most(self, name: str, value: float) -> None:
        """Note the largest of a figure."""
        self.figures[name] = max(self.figures.get(name, 0), round(value, 3))


Fault = Callable[[Stage], Awaitable[None]]


def kill_of(name: str) -> Fault:
    """SIGKILL for the worker of one service."""

    async def kill(stage: Stage) -> None:
        if not await asyncio.to_thread(stage.service.kill, name):
            stage.problems.append(f"no process of {name} was found")

    return kill


async def kill_everything(stage: Stage) -> None:
    """SIGKILL for all processes; whoever supervises starts the service again, which is not counted as its recovery."""
    await asyncio.to_thread(stage.service.kill_all)
    started = time.monotonic()
    await asyncio.to_thread(stage.service.start)
    stage.most("start_s", time.monotonic() - started)


async def redis_away(stage: Stage) -> None:
    """Redis goes, messages are answered without it, and it comes back empty."""
    await asyncio.to_thread(stage.redis.stop)
    try:
        for users in stage.users:
            stage.most("without_redis_s", await stage.round_trip(users))
    finally:
        await asyncio.to_thread(stage.redis.start)


async def disk_full(stage: Stage) -> None:
    """Not a byte is left: chat is answered, writes are refused, nothing breaks."""
    await _full(stage, kill=False)


async def disk_full_and_kill(stage: Stage) -> None:
    """The same, and the worker that holds the memory is killed meanwhile."""
    await _full(stage, kill=True)


async def _full(stage: Stage, *, kill: bool) -> None:
    await asyncio.to_thread(stage.disk.fill)
    refused, ended = 0, time.monotonic() + 8.0
    try:
        while not refused and time.monotonic() < ended:
            for users in stage.users:
                name, text = users.text()
                status, answer = await users.caller.ask("/store_memory", id=name, content=text)
                if status == 200:
                    users.ledger.stored[answer["id"]] = text  # into pages that were free before
                refused += status == 507
        stage.figures["refused_when_full"] = stage.figures.get("refused_when_full", 0) + refused
        answers = [
            await users.caller.ask("/analyze_message", username="reader", text="is this still read?") for users in stage.users
        ]
        if any(status != 200 for status, _ in answers):
            stage.problems.append(f"messages are not read while the disk is full: {[status for status, _ in answers]}")
        if kill:
            await asyncio.to_thread(stage.service.kill, "MemoryRunner" if stage.service.worker("MemoryRunner") else ENTRY)
            await asyncio.sleep(1.0)
    finally:
        await asyncio.to_thread(stage.disk.free)


async def clock_jumps(stage: Stage) -> None:
    """Messages from the far past, the far future and from no time at all, amid those of now: each is answered."""
    times = [*TIMESTAMPS, *(time.time() + shift for shift in SHIFTS)]
    stage.dice.shuffle(times)
    for users in stage.users:
        async with socket_to(stage.service, users.channel, query="") as socket:
            waiting = set()
            for when in times:
                name, text = users.text()
                waiting.add(name)
                row = {"type": "message", "id": name, "channel": users.channel, "username": f"{users.channel}clock", "text": text}
                await socket.send(json.dumps({**row, "timestamp": when}))
            users.ledger.sent += len(times)
            try:
                async with asyncio.timeout(10):
                    while waiting:
                        waiting.discard(json.loads(await socket.recv())["id"])
            except TimeoutError:
                stage.problems.append(f"{users.channel}: {len(waiting)} messages of strange times were not answered")


async def flood(stage: Stage) -> None:
    """Many clients of one key send as fast as they can and never read; questions of others are answered all the same."""
    ended = time.monotonic() + FLOOD_S

    async def by_socket(number: int) -> None:
        rows = [
            {
                "id": f"{number}-{row}",
                "channel": NOISE,
                "username": f"noise{row % 50}",
                "text": f"{'do you hear' if number % 4 < 2 else 'all hear of'} {marker(NOISE)} {number} {row}{'?' * (number % 4 < 2)}",
            }
            for row in range(200)
        ]
        try:
            async with socket_to(stage.service, NOISE, query="", close_timeout=3) as one:
                while time.monotonic() < ended:
                    if number % 2:
                        await asyncio.wait_for(one.send(json.dumps({"type": "messages", "channel": NOISE, "messages": rows})), 5)
                    else:
                        for row in rows:
                            await asyncio.wait_for(one.send(json.dumps({"type": "message", **row})), 5)
                if number % 3:
                    one.transport.abort()  # the others wait for what they sent to be read
        except (WebSocketException, OSError, TimeoutError):
            pass

    async def by_request(client: httpx.AsyncClient) -> None:
        while time.monotonic() < ended:
            try:
                answer = await client.post(
                    "/analyze_message", json={"channel": NOISE, "username": "noise", "text": f"again and again {marker(NOISE)}"}
                )
            except httpx.HTTPError:
                continue
            if answer.status_code >= 500 and answer.status_code not in BUSY:
                stage.problems.append(f"a flood was answered with {answer.status_code}")

    async with httpx.AsyncClient(base_url=stage.service.url, headers=bearer(key(NOISE)), timeout=10) as client:
        flooders = [asyncio.create_task(by_socket(number)) for number in range(FLOODERS)]
        flooders += [asyncio.create_task(by_request(client)) for _ in range(FLOODERS)]
        await asyncio.sleep(1.0)
        for took in await asyncio.gather(*(stage.round_trip(users, QUESTION) for users in stage.users)):
            stage.most("in_flood_s", took)
        await asyncio.gather(*flooders)


async def half_open(stage: Stage) -> None:
    """Connections that say half of something, take nothing and never end, then go without a word."""
    opened = [await asyncio.to_thread(_half, stage, number) for number in range(HALF_OPEN)]
    async with httpx.AsyncClient(base_url=stage.service.url, headers=bearer(key(NOISE)), timeout=10) as client:
        rows = [{"username": "loud", "message": f"!la {marker(NOISE)} {number} " + "la " * 150} for number in range(300)]
        await client.post("/process_chat_batch", json={"channel": NOISE, "rows": rows})
    await asyncio.sleep(HELD_S)
    for number, one in enumerate(opened):
        if number % 2:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset instead of an end
        one.close()


def _half(stage: Stage, number: int) -> socket.socket:
    one = _connected(stage, receive_bytes=2048)
    if number % 3 == 0:
        one.sendall(b"POST /analyze_message HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\nContent-Ty")
    else:
        _handshake(one, "/ws/chat" if number % 3 == 1 else "/ws/dashboard")
        if number % 2:
            one.sendall(b"\x82\xff\0\0\0\0\0\x08\0\0abcd" + bytes(100))  # half a megabyte to come
    return one


async def malformed(stage: Stage) -> None:
    """Frames and requests that mean nothing; whoever sends them is told or cut off."""
    frames = list(FRAMES)
    stage.dice.shuffle(frames)
    for frame in frames:
        async with socket_to(stage.service, NOISE, query="") as one:
            try:
                await one.send(frame)
                await one.send(json.dumps({"type": "ping", "id": "after"}))
                async with asyncio.timeout(10):
                    while _event(await one.recv())["type"] != "pong":
                        pass
            except TimeoutError:
                stage.problems.append(f"after the frame {frame[:40]!r} the socket was silent")
            except WebSocketException:
                stage.problems.append(f"the frame {frame[:40]!r} ended the socket")
    for content in (*WIRE, *REQUESTS):
        await asyncio.to_thread(_send_raw, stage, content, content in WIRE)
    async with httpx.AsyncClient(base_url=stage.service.url, headers=bearer(key(NOISE)), timeout=10) as client:
        for body in FRAMES:
            for kind in ("application/json", "application/msgpack", "text/plain"):
                content = body if isinstance(body, bytes) else body.encode()
                answer = await client.post("/process_chat_message", content=content, headers={"Content-Type": kind})
                if not 400 <= answer.status_code < 500:
                    stage.problems.append(f"a malformed body of {kind} was answered with {answer.status_code}")


def _event(frame: str | bytes) -> Any:
    return json.loads(frame) if isinstance(frame, str) else msgpack.unpackb(frame)


def _send_raw(stage: Stage, content: bytes, framed: bool) -> None:
    one = _connected(stage)
    with one:
        try:
            if framed:
                _handshake(one, "/ws/chat")
            one.sendall(content)
            one.settimeout(0.2)
            while one.recv(4096):
                pass
        except OSError:
            pass


def _connected(stage: Stage, receive_bytes: int | None = None) -> socket.socket:
    one = socket.socket()
    if receive_bytes is not None:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    one.settimeout(10)
    one.connect(("127.0.0.1", int(stage.service.url.rsplit(":", 1)[1])))
    return one


def _handshake(one: socket.socket, path: str) -> None:
    head = (
        f"GET {path}?channel={NOISE}&subscribe=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer {key(NOISE)}\r\n\r\n"
    )
    one.sendall(head.encode())
    said = b""
    while b"\r\n\r\n" not in said:
        part = one.recv(4096)
        if not part:
            raise OSError("no handshake")
        said += part


def faults(*, distributed: bool, full: bool) -> dict[str, Fault]:
    """All of them by name; `full` says whether the disk can be."""
    workers = (ENTRY, *RUNNERS) if distributed else (ENTRY,)
    return {
        **{f"kill_{name}": kill_of(name) for name in workers},
        "kill_everything": kill_everything,
        "redis_away": redis_away,
        **({"disk_full": disk_full, "disk_full_and_kill": disk_full_and_kill} if full else {}),
        "clock_jumps": clock_jumps,
        "flood": flood,
        "half_open": half_open,
        "malformed": malformed,
    }

"""Who may open a socket, and what may go over it."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import msgpack
import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from serving.audit import Audit
from serving.doors import Doors
from serving.guard import Guard
from serving.keys import access_of, parse
from serving.settings import Limits

CHAT, BOARD = "/ws/chat", "/ws/dashboard"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Tells who came, then sends every frame back as it arrived."""
    socket = WebSocket(scope, receive, send)
    assert "authorization" not in socket.headers
    assert "sec-websocket-protocol" not in socket.headers
    assert not any("bearer" in offered for offered in scope["subprotocols"])
    await socket.accept()
    await socket.send_text(access_of(scope).name)
    while (message := await socket.receive())["type"] == "websocket.receive":
        await socket.send({**message, "type": "websocket.send"})


def client(
    *keys: str,
    limits: Limits | None = None,
    origins: tuple[str, ...] = (),
    address: str = "10.0.0.7",
    host: str = "hikari.example",
) -> TestClient:
    guard = Guard(echo, Doors(parse(keys), origins), limits or Limits(), Audit(Path("nowhere")))
    return TestClient(guard, client=(address, 5000), headers={"Host": host})


def bearer(key: str) -> list[str]:
    return ["hikari", "bearer." + base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")]


def denied(made: TestClient, path: str = CHAT, **options: Any) -> tuple[int, Any]:
    with pytest.raises(WebSocketDenialResponse) as caught, made.websocket_connect(path, **options):
        pass
    answer = caught.value
    assert set(answer.json()) == {"error"}
    return answer.status_code, answer.json()["error"]


def test_a_header_or_subprotocols_carry_the_key() -> None:
    made = client("key?>~;name=a", "other")
    with made.websocket_connect(CHAT, headers={"Authorization": "Bearer key?>~"}) as socket:
        assert socket.receive_text() == "a"
        assert socket.accepted_subprotocol is None
    with made.websocket_connect(CHAT, subprotocols=bearer("key?>~")) as socket:
        assert socket.receive_text() == "a"
        assert socket.accepted_subprotocol == "hikari"
        socket.send_text("anything")
        assert socket.receive_text() == "anything"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"headers": {"Authorization": "Bearer wrong"}},
        {"headers": {"Authorization": "Basic secret"}},
        {"subprotocols": ["hikari"]},
        {"subprotocols": bearer("wrong")},
        {"subprotocols": ["hikari", "bearer.!!!"]},
        {"subprotocols": ["hikari", "bearer."]},
        {"subprotocols": ["hikari", "bearer.a"]},
        {"headers": {"Authorization": "Bearer wrong"}, "subprotocols": bearer("secret")},
    ],
)
def test_without_a_good_key_nothing_is_accepted(options: dict[str, Any]) -> None:
    status, error = denied(client("secret"), **options)
    assert (status, error["code"]) == (401, "unauthorized")
    assert "secret" not in error["message"]


def test_a_key_in_the_query_is_none() -> None:
    assert denied(client("secret"), f"{CHAT}?key=secret&token=secret")[0] == 401


def test_without_keys_only_this_machine() -> None:
    with client(address="127.0.0.1", host="localhost").websocket_connect(CHAT) as socket:
        assert socket.receive_text() == "local"
    assert denied(client(host="localhost"))[0] == 401
    assert denied(client(address="127.0.0.1", host="rebound.example"))[0] == 401


@pytest.mark.parametrize("keys", [(), ("secret",)])
def test_pages_from_elsewhere_are_refused_even_with_a_key(keys: tuple[str, ...]) -> None:
    made = client(*keys, origins=("https://overlay.example",), address="127.0.0.1", host="localhost:3000")
    given = {"Authorization": "Bearer secret"}
    for origin in ("https://evil.example", "null", "http://localhost:4000", "https://overlay.example.evil.example", "x"):
        assert denied(made, headers={**given, "Origin": origin})[0] == 403
    for origin in ("http://localhost:3000", "https://overlay.example", "HTTPS://OVERLAY.EXAMPLE"):
        with made.websocket_connect(CHAT, headers={**given, "Origin": origin}):
            pass


@pytest.mark.parametrize(("origin", "host"), [("https://h.example", "h.example:443"), ("http://h.example:80", "h.example")])
def test_a_port_that_goes_without_saying(origin: str, host: str) -> None:
    with client("k", host="h.example").websocket_connect(
        CHAT, headers={"Authorization": "Bearer k", "Origin": origin, "Host": host}
    ):
        pass


@pytest.mark.parametrize(
    ("key", "path", "status"),
    [
        ("k;scopes=read", BOARD, 0),
        ("k;scopes=write", BOARD, 403),
        ("k;scopes=admin", CHAT, 403),
        ("k;scopes=read", "/ws/other", 404),
        ("k;channels=a", f"{BOARD}?channel=a", 0),
        ("k;channels=a", f"{BOARD}?channel=b", 403),
        ("k;channels=a", f"{BOARD}?channel=a&channel=b", 403),
        ("k;channels=a", BOARD, 403),
        ("k;channels=a", CHAT, 0),
        ("k;channels=a", f"{CHAT}?subscribe=1", 403),
        ("k;channels=a", f"{CHAT}?channel=b&subscribe=1", 403),
        ("k;channels=a", f"{CHAT}?channel=a&subscribe=1", 0),
        ("k;channels=a+default", BOARD, 0),
    ],
)
def test_scopes_and_channels_decide_who_connects(key: str, path: str, status: int) -> None:
    made = client(key)
    if status:
        assert denied(made, path, headers={"Authorization": "Bearer k"})[0] == status
    else:
        with made.websocket_connect(path, headers={"Authorization": "Bearer k"}):
            pass


@pytest.mark.parametrize(
    ("key", "frame", "code"),
    [
        ("k;channels=a", {"type": "message", "channel": "a", "text": "hi"}, None),
        ("k;channels=a", {"type": "message", "channel": "b"}, "forbidden"),
        ("k;channels=a", {"type": "message"}, "forbidden"),
        ("k;channels=default", {"type": "message"}, None),
        ("k;channels=a", {"type": "messages", "messages": [{"channel": "a"}, {"channel": "a"}]}, None),
        ("k;channels=a", {"type": "messages", "messages": [{"channel": "a"}, {"channel": "b"}]}, "forbidden"),
        ("k;channels=a", {"type": "messages", "messages": [{"channel": "a"}, {}]}, "forbidden"),
        ("k;channels=a", {"type": "messages", "channel": "a", "messages": [{}]}, None),
        ("k;channels=a", {"type": "message", "messages": [{"channel": "a"}]}, "forbidden"),
        ("k;channels=a", {"type": "subscribe", "channel": "b"}, "forbidden"),
        ("k;channels=a", {"type": "subscribe", "channels": ["a", "b"]}, "forbidden"),
        ("k;channels=a", {"type": "subscribe"}, "forbidden"),
        ("k;channels=a", {"type": "message", "channel": 7}, "bad_input"),
        ("k;channels=a", ["subscribe"], "bad_input"),
        ("k;scopes=read", {"type": "subscribe", "channel": "b"}, None),
        ("k;scopes=read", {"type": "message"}, "forbidden"),
        ("k;scopes=read", {"text": "hi"}, "forbidden"),
        ("k;scopes=write", {"type": "message"}, None),
        ("k;scopes=write", {"type": "subscribe", "channel": "b"}, "forbidden"),
        ("k;scopes=read+write", {"type": ["whatever"]}, None),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_each_frame_is_looked_at(key: str, frame: Any, code: str | None, packed: bool) -> None:
    with client(key).websocket_connect(CHAT, headers={"Authorization": "Bearer k"}) as socket:
        socket.receive_text()
        if packed:
            socket.send_bytes(msgpack.packb(frame))
            answer = msgpack.unpackb(socket.receive_bytes())
        else:
            socket.send_text(json.dumps(frame))
            answer = json.loads(socket.receive_text())
        if code is None:
            assert answer == frame
        else:
            assert answer["error"]["code"] == code
            assert (answer["type"], answer["v"], answer["id"]) == ("error", 1, None)
            socket.send_text('{"type": "ping"}')
            assert json.loads(socket.receive_text()) == {"type": "ping"} or key.endswith("=write")


@pytest.mark.parametrize("frame", ["{", "[" * 50_000, "", '{"channel": 1' + "0" * 5000 + "}"])
def test_what_cannot_be_read_does_not_pass_a_bound_key(frame: str) -> None:
    with client("k;channels=a").websocket_connect(CHAT, headers={"Authorization": "Bearer k"}) as socket:
        socket.receive_text()
        socket.send_text(frame)
        assert json.loads(socket.receive_text())["error"]["code"] == "bad_input"


def test_a_channel_given_twice_means_what_was_checked() -> None:
    with client("k;channels=a").websocket_connect(CHAT, headers={"Authorization": "Bearer k"}) as socket:
        socket.receive_text()
        socket.send_text('{"id": "7", "channel": "a", "channel": "b"}')
        answer = json.loads(socket.receive_text())
        assert (answer["id"], answer["error"]["code"]) == ("7", "forbidden")
        socket.send_text('{"channel": "b", "channel": "a"}')
        assert socket.receive_text() == '{"channel":"a"}'


@pytest.mark.parametrize("frame", ["x" * 101, "é" * 60, b"x" * 101])
def test_a_frame_over_the_limit_ends_the_socket(frame: str | bytes) -> None:
    with client("k", limits=Limits(max_frame_bytes=100)).websocket_connect(CHAT, headers={"Authorization": "Bearer k"}) as socket:
        socket.receive_text()
        socket.send_text("é" * 50)
        assert socket.receive_text() == "é" * 50
        socket.send({"type": "websocket.receive", "text" if isinstance(frame, str) else "bytes": frame})
        with pytest.raises(WebSocketDisconnect) as caught:
            socket.receive_text()
        assert caught.value.code == 1009


def test_sockets_are_counted_per_key_and_given_back() -> None:
    made = client("a", "b", limits=Limits(max_sockets_per_key=1))
    with made.websocket_connect(CHAT, headers={"Authorization": "Bearer a"}):
        status, error = denied(made, headers={"Authorization": "Bearer a"})
        assert (status, error["code"]) == (429, "overloaded")
        with made.websocket_connect(CHAT, headers={"Authorization": "Bearer b"}):
            pass
    with made.websocket_connect(CHAT, headers={"Authorization": "Bearer a"}):
        pass


def test_a_flood_is_read_no_faster_than_the_limit_allows() -> None:
    """On a loop whose clock moves only when somebody sleeps, so that nothing here waits."""
    count, rate, burst = 60, 10.0, 20

    async def scenario() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        left = count + 1

        async def receive() -> dict[str, Any]:
            nonlocal left
            left -= 1
            if left == count:
                return {"type": "websocket.connect"}
            return {"type": "websocket.receive", "text": "{}"} if left >= 0 else {"type": "websocket.disconnect", "code": 1000}

        async def send(_: Any) -> None:
            pass

        scope = {
            "type": "websocket", "path": CHAT, "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1), "subprotocols": [],
        }  # fmt: skip
        limits = Limits(frames_per_s=rate, frame_burst=burst)
        await Guard(echo, Doors(parse(())), limits, Audit(Path("nowhere")))(scope, receive, send)
        return loop.time() - began

    with asyncio.Runner(loop_factory=_SkippingLoop) as runner:
        assert runner.run(scenario()) == pytest.approx((count - burst) / rate, rel=0.01)


class _SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop that skips over the time it would sleep."""

    def __init__(self) -> None:
        super().__init__()
        self._skipped = 0.0

    def time(self) -> float:
        return super().time() + self._skipped

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self._skipped += max(0.0, self._scheduled[0].when() - self.time())
        super()._run_once()


def test_where_the_server_cannot_answer_with_a_status_the_socket_is_closed() -> None:
    sent: list[Any] = []

    async def scenario() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "websocket", "path": CHAT, "headers": [], "client": ("10.0.0.7", 1), "subprotocols": []}
        await Guard(echo, Doors(parse(("k",))), Limits(), Audit(Path("nowhere")))(scope, receive, send)

    asyncio.run(scenario())
    assert [(message["type"], message["code"]) for message in sent] == [("websocket.close", 1008)]

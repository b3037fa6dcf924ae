"""Who may come in, and with how much."""

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from serving.guard import OPEN_PATHS, Guard
from serving.settings import Limits


async def _echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


def _client(
    keys: tuple[str, ...] = (), limits: Limits | None = None, client: str = "127.0.0.1", host: str = "localhost"
) -> TestClient:
    inner = Starlette(routes=[Route(path, _echo, methods=["GET", "POST"]) for path in (*OPEN_PATHS, "/data", "/static/a.js")])
    app = Guard(inner, keys, limits or Limits())
    return TestClient(app, base_url=f"http://{host}:3000", client=(client, 5000))


def test_without_keys_this_machine_is_served() -> None:
    assert _client().get("/data").status_code == 200
    assert _client(client="::1", host="[::1]").get("/data").status_code == 200


@pytest.mark.parametrize(
    ("client", "host"), [("10.0.0.7", "localhost"), ("127.0.0.1", "evil.example"), ("127.0.0.1", "127.0.0.1.evil.example")]
)
def test_without_keys_nobody_else_is_served(client: str, host: str) -> None:
    answer = _client(client=client, host=host).get("/data")
    assert answer.status_code == 401
    assert "HIKARI_API_KEYS" in answer.json()["error"]["message"]


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer wrong", "Basic secret", "Bearer secre", "Bearer secret2", "secret"])
def test_with_keys_every_data_route_asks_for_one(header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = _client(keys=("secret", "other")).get("/data", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthorized"
    assert "secret" not in answer.text


@pytest.mark.parametrize("header", ["Bearer secret", "bearer other"])
def test_with_a_key_anyone_is_served(header: str) -> None:
    client = _client(keys=("secret", "other"), client="10.0.0.7", host="hikari.example")
    assert client.get("/data", headers={"Authorization": header}).status_code == 200


@pytest.mark.parametrize("path", [*OPEN_PATHS, "/static/a.js"])
def test_the_page_and_the_health_checks_need_no_key(path: str) -> None:
    assert _client(keys=("secret",), client="10.0.0.7").get(path).status_code == 200


def test_a_body_over_the_limit_is_refused_by_its_announced_length() -> None:
    client = _client(limits=Limits(max_body_bytes=10))
    assert client.post("/data", content=b"x" * 10).text == "10"
    answer = client.post("/data", content=b"x" * 11)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


def test_a_body_over_the_limit_is_refused_while_it_streams() -> None:
    client = _client(limits=Limits(max_body_bytes=10))
    answer = client.post("/data", content=iter([b"x" * 6, b"x" * 6]))
    assert answer.status_code == 413


def test_too_many_requests_at_once_are_told_to_come_back() -> None:
    async def scenario() -> list[dict[str, Any]]:
        entered, release = asyncio.Event(), asyncio.Event()

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            entered.set()
            await release.wait()
            await PlainTextResponse("done")(scope, receive, send)

        guard = Guard(slow, (), Limits(max_in_flight=1))
        scope = {
            "type": "http",
            "path": "/data",
            "method": "GET",
            "headers": [(b"host", b"localhost")],
            "client": ("127.0.0.1", 1),
        }
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b""}

        async def send(message: Any) -> None:
            sent.append(message)

        first = asyncio.create_task(guard(scope, receive, send))
        await entered.wait()
        await guard(scope, receive, send)
        release.set()
        await first
        await guard(scope, receive, send)
        return [message for message in sent if message["type"] == "http.response.start"]

    refused, *served = asyncio.run(scenario())
    assert refused["status"] == 429
    assert (b"Retry-After", b"1") in refused["headers"]
    assert [start["status"] for start in served] == [200, 200]


def test_who_takes_too_long_is_told_so_in_the_one_shape() -> None:
    async def never(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    limits = Limits(request_timeout_s=0, long_request_timeout_s=0)
    for path in ("/data", "/forget_user"):
        answer = TestClient(Guard(never, (), limits), base_url="http://localhost", client=("127.0.0.1", 1)).post(path)
        assert answer.status_code == 504
        assert answer.json()["error"]["code"] == "timeout"


def test_long_paths_have_their_own_limit() -> None:
    limits = Limits(request_timeout_s=0)
    inner = Starlette(routes=[Route("/forget_user", _echo, methods=["POST"])])
    answer = TestClient(Guard(inner, (), limits), base_url="http://localhost", client=("127.0.0.1", 1)).post("/forget_user")
    assert answer.status_code == 200


def test_a_timeout_of_the_app_itself_is_no_timeout_of_the_guard() -> None:
    async def fails(scope: Any, receive: Any, send: Any) -> None:
        raise TimeoutError

    client = TestClient(Guard(fails, (), Limits()), base_url="http://localhost", client=("127.0.0.1", 1))
    with pytest.raises(TimeoutError):
        client.post("/data")


def test_answers_carry_security_headers() -> None:
    headers = _client().get("/data").headers
    assert headers["content-security-policy"].startswith("default-src 'self'")
    assert headers["x-content-type-options"] == "nosniff"

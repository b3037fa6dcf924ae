"""Who may come in, and with how much."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from serving import keys as keys_
from serving.audit import Audit
from serving.doors import Doors
from serving.guard import Guard
from serving.hardened import Hardened
from serving.keys import access_of
from serving.needs import NEEDS
from serving.settings import Limits

OPEN_PATHS = [path for path, need in NEEDS.items() if not need.scopes]
HOME = Path("nowhere")
"""These tests delete nothing, so nothing is written there."""


DATA = "/memory_stats"


async def _echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


def _guarded(app: Any, keys: tuple[str, ...] = (), limits: Limits | None = None, home: Path = HOME) -> Guard:
    return Guard(app, Doors(keys_.parse(keys)), limits or Limits(), Audit(home / "audit"))


def _client(
    keys: tuple[str, ...] = (), limits: Limits | None = None, client: str = "127.0.0.1", host: str = "localhost"
) -> TestClient:
    inner = Starlette(routes=[Route(path, _echo, methods=["GET", "POST"]) for path in (*OPEN_PATHS, DATA, "/static/a.js")])
    return TestClient(_guarded(inner, keys, limits), base_url=f"http://{host}:3000", client=(client, 5000))


def test_without_keys_this_machine_is_served() -> None:
    assert _client().get(DATA).status_code == 200
    assert _client(client="::1", host="[::1]").get(DATA).status_code == 200


@pytest.mark.parametrize(
    ("client", "host"), [("10.0.0.7", "localhost"), ("127.0.0.1", "evil.example"), ("127.0.0.1", "127.0.0.1.evil.example")]
)
def test_without_keys_nobody_else_is_served(client: str, host: str) -> None:
    answer = _client(client=client, host=host).get(DATA)
    assert answer.status_code == 401
    assert "HIKARI_API_KEYS" in answer.json()["error"]["message"]


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer wrong", "Basic secret", "Bearer secre", "Bearer secret2", "secret"])
def test_with_keys_every_data_route_asks_for_one(header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = _client(keys=("secret", "other")).get(DATA, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthorized"
    assert "secret" not in answer.text


@pytest.mark.parametrize("header", ["Bearer secret", "bearer other"])
def test_with_a_key_anyone_is_served(header: str) -> None:
    client = _client(keys=("secret", "other"), client="10.0.0.7", host="hikari.example")
    assert client.get(DATA, headers={"Authorization": header}).status_code == 200


@pytest.mark.parametrize("path", [*OPEN_PATHS, "/static/a.js"])
def test_the_page_and_the_health_checks_need_no_key(path: str) -> None:
    assert _client(keys=("secret",), client="10.0.0.7").get(path).status_code == 200


def test_a_body_over_the_limit_is_refused_by_its_announced_length() -> None:
    client = _client(limits=Limits(max_body_bytes=10))
    assert client.post(DATA, content=b"x" * 10).text == "10"
    answer = client.post(DATA, content=b"x" * 11)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


@pytest.mark.parametrize("length", ["9" * 5000, "-1", "1e3", "x", ""])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    answer = _client().post(DATA, content=b"{}", headers={"content-length": length})
    assert answer.status_code == 413


def test_a_body_over_the_limit_is_refused_while_it_streams() -> None:
    client = _client(limits=Limits(max_body_bytes=10))
    answer = client.post(DATA, content=iter([b"x" * 6, b"x" * 6]))
    assert answer.status_code == 413


def test_too_many_requests_at_once_are_told_to_come_back() -> None:
    async def scenario() -> list[dict[str, Any]]:
        entered, release = asyncio.Event(), asyncio.Event()

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            entered.set()
            await release.wait()
            await PlainTextResponse("done")(scope, receive, send)

        guard = _guarded(slow, (), Limits(max_in_flight=1))
        scope = {
            "type": "http",
            "path": DATA,
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


def test_who_takes_too_long_is_told_so_in_the_one_shape(tmp_path: Path) -> None:
    async def never(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    limits = Limits(request_timeout_s=0, long_request_timeout_s=0)
    for path in (DATA, "/forget_user"):
        answer = TestClient(_guarded(never, (), limits, tmp_path), base_url="http://localhost", client=("127.0.0.1", 1)).post(
            path
        )
        assert answer.status_code == 504
        assert answer.json()["error"]["code"] == "timeout"


def test_long_paths_have_their_own_limit(tmp_path: Path) -> None:
    limits = Limits(request_timeout_s=0)
    inner = Starlette(routes=[Route("/forget_user", _echo, methods=["POST"])])
    answer = TestClient(_guarded(inner, (), limits, tmp_path), base_url="http://localhost", client=("127.0.0.1", 1)).post(
        "/forget_user"
    )
    assert answer.status_code == 200


def test_a_timeout_of_the_app_itself_is_no_timeout_of_the_guard() -> None:
    async def fails(scope: Any, receive: Any, send: Any) -> None:
        raise TimeoutError

    client = TestClient(_guarded(fails), base_url="http://localhost", client=("127.0.0.1", 1))
    with pytest.raises(TimeoutError):
        client.post(DATA)


def _bound(path: str, body: Any, key: str = "k;channels=a+b", **headers: str) -> Any:
    """What the app gets of a body that a bound key sends, or the error."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        content = await Request(scope, receive).body()
        given = dict(Request(scope, receive).headers)
        seen.append(json.loads(content) if content else None)
        assert "authorization" not in given
        assert not content or given["content-length"] == str(len(content))
        await PlainTextResponse("ok")(scope, receive, send)

    client = TestClient(_guarded(app, (key,)), base_url="http://localhost", client=("10.0.0.7", 1))
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    asked = {"Authorization": "Bearer k", "Content-Type": "application/json", **headers}
    answer = client.post(path, content=content, headers=asked)
    return seen[0] if answer.status_code == 200 else (answer.status_code, answer.json()["error"])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/facts", {"subject": "kai", "channel": "a"}),
        ("/process_chat_batch", {"rows": [{"channel": "a"}, {"channel": "b"}]}),
        ("/process_chat_batch", {"channel": "a", "rows": [{}, {"channel": "b"}]}),
        ("/store_memories", {"channel": "b", "rows": [{"metadata": {"channel": "a"}}]}),
        ("/memory_stats", {"channel": "a"}),
        ("/v1alpha1/comments:analyze", {"comment": {"text": "hi"}}),
    ],
)
def test_a_bound_key_reaches_its_channels(path: str, body: Any) -> None:
    assert _bound(path, body) == body


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/facts", {"subject": "kai", "channel": "c"}),
        ("/facts", {"subject": "kai", "channel": "A"}),
        ("/facts", {"subject": "kai"}),
        ("/facts", {"subject": "kai", "channel": None}),
        ("/facts", {"subject": "kai", "rows": [{"channel": "a"}]}),
        ("/facts", []),
        ("/process_chat_batch", {"rows": [{"channel": "a"}, {}]}),
        ("/process_chat_batch", {"channel": "a", "rows": [{"channel": "c"}]}),
        ("/store_memory", {"channel": "a", "metadata": {"channel": "c"}}),
        ("/memory_stats", {}),
        ("/forget_user", {"user": "kai"}),
        ("/metrics", {}),
        ("/reload_knowledge", {"channel": "a"}),
        ("/never_heard_of", {"channel": "a"}),
    ],
)
def test_a_bound_key_reaches_nothing_else(path: str, body: Any) -> None:
    status, error = _bound(path, body)
    assert (status, error["code"]) == (403, "forbidden")


def test_without_a_channel_every_channel_is_meant_where_the_route_says_so() -> None:
    assert _bound("/facts", {}, "k;channels=default") == {}
    assert _bound("/memory_stats", {}, "k;channels=default")[0] == 403
    assert _bound("/memory_stats", b"", "k;channels=default")[0] == 403


def test_a_channel_given_twice_means_what_was_checked() -> None:
    assert _bound("/facts", b'{"channel": "c", "channel": "a"}') == {"channel": "a"}
    assert _bound("/facts", b'{"channel": "a", "channel": "c"}')[0] == 403


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b'{"channel": 1' + b"0" * 5000 + b"}", {"channel": ["a"]}])
def test_a_bound_key_learns_what_is_wrong_with_its_body(body: Any) -> None:
    status, error = _bound("/facts", body)
    assert (status, error["code"]) == (400, "bad_input")


def test_the_query_names_channels_too() -> None:
    assert _bound("/facts?channel=c", {"channel": "a"})[0] == 403
    assert _bound("/facts?channel=a&channel=c", {"channel": "a"})[0] == 403
    assert _bound("/facts?channel=b", {"channel": "a"}) == {"channel": "a"}


@pytest.mark.parametrize(
    ("scopes", "path", "status"),
    [
        ("read", "/facts", 200),
        ("read", "/store_memory", 403),
        ("read", "/forget_user", 403),
        ("write", "/store_memory", 200),
        ("write", "/facts", 403),
        ("read+write", "/forget_user", 403),
        ("read+write", "/never_heard_of", 404),
        ("admin", "/never_heard_of", 200),
    ],
)
def test_scopes(scopes: str, path: str, status: int) -> None:
    given = _bound(path, {"channel": "default"}, f"k;scopes={scopes}")
    assert (given[0] if isinstance(given, tuple) else 200) == status


def test_the_app_learns_who_asks() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse(access_of(scope).name)(scope, receive, send)

    assert TestClient(_guarded(app), base_url="http://localhost", client=("127.0.0.1", 1)).get("/facts").text == "local"
    client = TestClient(_guarded(app, ("x", "k;name=overlay")), base_url="http://h", client=("10.0.0.7", 1))
    assert client.get("/facts", headers={"Authorization": "Bearer k"}).text == "overlay"
    assert client.get("/facts", headers={"Authorization": "Bearer x"}).text == "key-1"


def test_a_key_that_asks_too_often_is_told_when_to_come_back_and_others_are_served() -> None:
    client = _client(("a", "b"), Limits(request_burst=2, requests_per_s=0.1), client="10.0.0.7")
    answers = [client.get(DATA, headers={"Authorization": "Bearer a"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 10
    assert client.get(DATA, headers={"Authorization": "Bearer b"}).status_code == 200
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    "kind", ["application/vnd.bentoml+pickle", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_bodies_are_json_or_msgpack(kind: str) -> None:
    answer = _client().post(DATA, content=b"\x80\x04.", headers={"content-type": kind})
    assert answer.status_code == 415
    assert answer.json()["error"]["code"] == "bad_input"


def test_pages_from_elsewhere_do_not_get_at_this_machine() -> None:
    client = _client()
    for origin in ("https://evil.example", "null", "http://localhost:4000", "http://localhost.evil.example"):
        assert client.post(DATA, headers={"Origin": origin}).status_code == 403
    for origin in ("http://localhost:3000", "http://LOCALHOST:3000"):
        assert client.post(DATA, headers={"Origin": origin}).status_code == 200


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP"])
def test_without_keys_a_proxy_opens_nothing(header: str) -> None:
    assert _client().get(DATA, headers={header: "127.0.0.1"}).status_code == 401


def test_answers_carry_careful_headers() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("ok")(scope, receive, send)

    client = TestClient(Hardened(_guarded(app)), base_url="http://localhost:3000", client=("127.0.0.1", 1))
    headers = client.get(DATA).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self' ws://localhost:3000 wss://localhost:3000"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "cache-control" not in client.get("/static/a.js").headers
    refused = client.get(DATA, headers={"Host": "x; script-src *"})
    assert refused.status_code == 401
    assert "connect-src 'self';" in refused.headers["content-security-policy"]

"""Log lines: JSON, with ids, without foreign messages."""

import json
import logging

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from serving import logs

MARKER = "zqxmarkerqxz"


def _line(record: logging.LogRecord) -> dict[str, object]:
    return json.loads(logs.JsonLines().format(record))


def test_an_exception_shows_its_kind_and_place_and_not_its_words() -> None:
    try:
        int(MARKER)
    except ValueError as error:
        record = logging.getLogger("hikari.x").makeRecord(
            "hikari.x",
            logging.ERROR,
            "f",
            1,
            "it failed",
            (),
            (type(error), error, error.__traceback__),
            extra={"fields": {"a": 1}},
        )
    line = _line(record)
    assert (line["error"], line["a"], line["level"], line["message"]) == ("ValueError", 1, "error", "it failed")
    assert "test_logs.py" in str(line["frames"])
    assert MARKER not in json.dumps(line)


async def _id(_: Request) -> PlainTextResponse:
    return PlainTextResponse(logs.request_id.get() or "")


async def _socket(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(logs.request_id.get() or "")
    await socket.close()


@pytest.fixture
def client() -> TestClient:
    return TestClient(logs.Requests(Starlette(routes=[Route("/{path:path}", _id), WebSocketRoute("/ws/chat", _socket)])))


@pytest.mark.parametrize("given", ["abc-1.2_3", "x" * 64])
def test_a_request_keeps_the_id_it_came_with(client: TestClient, given: str) -> None:
    answer = client.get("/memory_stats", headers={"X-Request-Id": given})
    assert answer.text == answer.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", 'a"b', "ü".encode().decode("latin-1")])
def test_an_id_that_is_none_is_replaced(client: TestClient, given: str) -> None:
    answer = client.get("/memory_stats", headers={"X-Request-Id": given.encode("latin-1")})
    assert answer.text == answer.headers["x-request-id"] != given
    assert len(answer.text) == 16


def test_sockets_have_ids_too(client: TestClient) -> None:
    with client.websocket_connect("/ws/chat", headers={"X-Request-Id": "mine"}) as socket:
        assert socket.receive_text() == "mine"


def test_paths_that_are_not_ours_are_not_written(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "hikari.access"):
        client.get(f"/{MARKER}")
        client.get("/livez")
        client.get("/memory_stats")
    assert [record.fields["path"] for record in caplog.records] == ["other", "/memory_stats"]  # type: ignore[attr-defined]

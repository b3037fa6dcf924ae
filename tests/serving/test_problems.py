"""Every error leaves in the one shape, and none quotes what a viewer wrote."""

import logging
from typing import Any

import pytest
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from hikari import errors
from hikari.errors import (
    BadBundle,
    BadIndex,
    BadInput,
    BadStore,
    HikariError,
    NotFound,
    NotReady,
    Overloaded,
    Refused,
    StoreBusy,
    StoreFull,
    TooLarge,
)
from serving.problems import Shield, answer


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadInput("x"), 400),
        (TooLarge("x"), 413),
        (NotReady("x"), 503),
        (BadBundle("x"), 503),
        (Overloaded("x"), 429),
        (NotFound("x"), 404),
        (Refused("x"), 422),
        (StoreBusy("x"), 503),
        (BadStore("x"), 503),
        (BadIndex("x"), 503),
        (StoreFull("x"), 507),
        (HikariError("x"), 500),
    ],
)
def test_status_of_each_error(error: HikariError, status: int) -> None:
    assert answer(error.as_dict()).status_code == status


def test_every_error_of_the_engine_has_a_status_of_its_own_choice() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HikariError)]
    assert len(kinds) > 8
    for kind in kinds:
        assert (answer(kind("x").as_dict()).status_code == 500) == (kind is HikariError), kind


def test_an_overloaded_engine_says_when_to_come_back() -> None:
    assert answer(Overloaded("x").as_dict()).headers["Retry-After"] == "1"
    assert "Retry-After" not in answer(NotFound("x").as_dict()).headers


def _through(response: Response) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await response(scope, receive, send)

    return TestClient(Shield(app)).get("/")


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (PlainTextResponse("Not Found", 404), "not_found"),
        (JSONResponse([{"error": "Too many requests"}], 429), "overloaded"),
        (JSONResponse({"error": "secret detail"}, 500), "internal"),
        (PlainTextResponse("busy", 503), "not_ready"),
        (PlainTextResponse("", 405), "method_not_allowed"),
    ],
)
def test_foreign_errors_get_the_shape(response: Response, code: str) -> None:
    answer = _through(response)
    assert answer.status_code == response.status_code
    assert answer.json()["error"]["code"] == code
    assert set(answer.json()) == {"error"}
    assert "secret" not in answer.text


def test_our_own_errors_and_good_answers_pass_unchanged() -> None:
    ours = {"error": {"code": "bad_input", "message": "text must be a string", "field": "text"}}
    assert _through(JSONResponse(ours, 400)).json() == ours
    assert _through(PlainTextResponse("fine")).text == "fine"


def test_an_unexpected_error_is_a_500_without_its_message(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        words = ["what", "the", "viewer", "wrote"]
        raise ValueError(" ".join(words))

    with caplog.at_level(logging.ERROR):
        answer = TestClient(Shield(app)).get("/facts")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal"
    assert "viewer wrote" not in answer.text + caplog.text
    assert "ValueError" in caplog.text
    assert "/facts" in caplog.text


@pytest.mark.parametrize("accepted", [False, True])
def test_an_unexpected_error_of_a_socket_is_logged_without_its_message(caplog: pytest.LogCaptureFixture, accepted: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        if accepted:
            await send({"type": "websocket.accept"})
        words = ["what", "the", "viewer", "wrote"]
        raise ValueError(" ".join(words))

    with caplog.at_level(logging.ERROR), pytest.raises(WebSocketDisconnect) as caught:  # noqa: SIM117
        with TestClient(Shield(app)).websocket_connect("/ws/what-the-viewer-wrote") as socket:
            socket.receive_text()
    assert caught.value.code == 1011
    assert "ValueError at another path" in caplog.text
    assert "viewer wrote" not in caplog.text
    assert "viewer-wrote" not in caplog.text


def test_a_client_that_left_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ClientDisconnect

    with pytest.raises(AssertionError):  # nobody is answered
        TestClient(Shield(app)).get("/facts")
    assert caplog.text == ""

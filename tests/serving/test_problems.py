"""Every error leaves in the one shape, and none quotes what a viewer wrote."""

import logging
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.testclient import TestClient

from hikari.errors import BadBundle, BadInput, HikariError, NotReady, Overloaded, TooLarge
from serving.problems import Shield, status_of


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadInput("x"), 400),
        (TooLarge("x"), 413),
        (NotReady("x"), 503),
        (BadBundle("x"), 503),
        (Overloaded("x"), 429),
        (HikariError("x"), 500),
    ],
)
def test_status_of_each_error(error: HikariError, status: int) -> None:
    assert status_of(error) == status


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
        answer = TestClient(Shield(app)).get("/place")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal"
    assert "viewer wrote" not in answer.text + caplog.text
    assert "ValueError" in caplog.text
    assert "/place" in caplog.text

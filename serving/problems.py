"""One error shape for everything: `{"error": {"code", "message", "field"?}}`. User text never gets into an answer or a log
line."""

import contextlib
import json
import logging
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from hikari import errors
from hikari.errors import HikariError
from serving.keys import Forbidden
from serving.needs import NEEDS
from serving.settings import Limits

_log = logging.getLogger("hikari.serving")

_STATUS = {
    errors.BadInput.code: 400,
    Forbidden.code: 403,
    errors.NotFound.code: 404,
    errors.TooLarge.code: 413,
    # The request is well formed and nothing about it conflicts: the policy does not take this text, now or later.
    errors.Refused.code: 422,
    errors.Overloaded.code: 429,
    errors.NotReady.code: 503,
    errors.BadBundle.code: 503,
    errors.BadStore.code: 503,
    errors.BadIndex.code: 503,
    errors.StoreBusy.code: 503,
    errors.StoreFull.code: 507,
}
_CODES = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "bad_input",
    429: "overloaded",
    503: "not_ready",
    504: "timeout",
}


def status_of(code: str) -> int:
    """The HTTP status of an error's code."""
    return _STATUS.get(code, 500)


def answer(error: Mapping[str, str]) -> JSONResponse:
    """The answer for an error given as `{"code", "message", "field"?}`."""
    status = status_of(error["code"])
    retry = {"Retry-After": str(Limits.retry_after_s)} if status == 429 else None
    return JSONResponse({"error": dict(error)}, status, headers=retry)


def body(code: str, message: str, field: str | None = None) -> dict[str, Any]:
    """The error shape."""
    return {"error": {"code": code, "message": message, **({"field": field} if field else {})}}


def install(app: FastAPI) -> None:
    """Make every error of an app leave in the one shape."""

    @app.exception_handler(HikariError)
    async def engine_error(_: Request, error: HikariError) -> JSONResponse:
        return answer(error.as_dict())

    @app.exception_handler(RequestValidationError)
    async def wrong_body(_: Request, error: RequestValidationError) -> JSONResponse:
        first: Mapping[str, Any] = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"] if part != "body") or None
        if first["type"] == "json_invalid":
            return JSONResponse(body("bad_input", "the body must be valid JSON in UTF-8"), 400)
        return JSONResponse(body("bad_input", _say(first, field), field), 400)

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> JSONResponse:
        code = _CODES.get(error.status_code, "bad_input" if error.status_code < 500 else "internal")
        if error.status_code == 400:
            return JSONResponse(body(code, "the body must be valid JSON in UTF-8"), 400)
        return JSONResponse(body(code, str(error.detail)), error.status_code, headers=dict(error.headers or {}))


def _say(problem: Mapping[str, Any], field: str | None) -> str:
    if problem["type"] == "missing":
        return f"{field} is missing" if field else "the request needs a JSON body"
    if problem["type"] == "extra_forbidden":
        return f"{field} is not a parameter of this call"
    return f"{field or 'the body'}: {str(problem['msg'])[0].lower()}{str(problem['msg'])[1:]}"


async def send(
    send_: Send, status: int, code: str, message: str, headers: Mapping[str, str] | None = None, field: str | None = None
) -> None:
    """Answer with an error from plain ASGI."""
    content = json.dumps(body(code, message, field)).encode()
    raw = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    raw += [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    await send_({"type": "http.response.start", "status": status, "headers": raw})
    await send_({"type": "http.response.body", "body": content})


class Shield:
    """ASGI middleware: every error leaves in the one shape, whoever raised it.

    An unexpected error becomes a 500 and a log entry with its place but not its message: messages of foreign errors may
    quote what a viewer wrote (`UnicodeEncodeError` does), stack frames do not. Errors that BentoML answers itself get the
    shape here as well.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send_: Send) -> None:
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send_)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send_)
            return
        held: Message | None = None
        content = b""
        started = False

        async def reshape(message: Message) -> None:
            nonlocal held, content, started
            if message["type"] == "http.response.start" and message["status"] >= 400:
                held = message
                return
            if held is None:
                started = True
                await send_(message)
                return
            content += message.get("body", b"")
            if not message.get("more_body", False):
                started = True
                await _send_shaped(send_, held, content)

        try:
            await self._app(scope, receive, reshape)
        except ClientDisconnect:
            return  # nobody is left to be told
        except Exception as error:  # noqa: BLE001 - the last line of defence of a server
            _note(error, scope)
            if not started:
                await send(send_, 500, "internal", "an unexpected error; the server's log says where")

    async def _socket(self, scope: Scope, receive: Receive, send_: Send) -> None:
        """The server would log the message of an error that leaves a socket's handler."""
        ended = False

        async def watching(message: Message) -> None:
            nonlocal ended
            ended = ended or message["type"] in ("websocket.close", "websocket.http.response.start")
            await send_(message)

        try:
            await self._app(scope, receive, watching)
        except WebSocketDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - the last line of defence of a server
            if type(error).__name__ == "ClientDisconnected":  # uvicorn's: the other side is gone
                return
            _note(error, scope)
            if not ended:
                with contextlib.suppress(Exception):
                    await send_({"type": "websocket.close", "code": 1011, "reason": "an unexpected error"})


def _note(error: Exception, scope: Scope) -> None:
    """Log an unexpected error: its type and place. A path that is no route may be anything, a viewer's words included."""
    path = scope["path"] if scope["path"] in NEEDS else "another path"
    frames = "".join(traceback.format_tb(error.__traceback__)[-4:])
    _log.error("unexpected %s at %s\n%s", type(error).__name__, path, frames)


async def _send_shaped(send_: Send, start: Message, content: bytes) -> None:
    status, headers = start["status"], {bytes(name).lower(): bytes(value) for name, value in start["headers"]}
    if not _has_shape(content):
        code = _CODES.get(status, "bad_input" if status < 500 else "internal")
        content = json.dumps(body(code, HTTPStatus(status).phrase.lower())).encode()
        headers[b"content-type"] = b"application/json"
    headers[b"content-length"] = str(len(content)).encode()
    await send_({"type": "http.response.start", "status": status, "headers": list(headers.items())})
    await send_({"type": "http.response.body", "body": content})


def _has_shape(content: bytes) -> bool:
    try:
        return isinstance(json.loads(content)["error"]["code"], str)
    except (ValueError, TypeError, KeyError, IndexError):
        return False

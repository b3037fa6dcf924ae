"""The server's log: one JSON object a line, with the id of the request it belongs to, and no word of a viewer.

Of an exception the type and the place are written, never its message: foreign messages may quote what a viewer wrote.
"""

import json
import logging
import re
import secrets
import sys
import time
import traceback
from contextvars import ContextVar
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving import needs

HEADER = "x-request-id"
_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")
_QUIET = frozenset({"/livez", "/readyz", "/healthz", "/metrics", "/favicon.ico"})
_FRAMES = 6
_SOCKET_LINES = ("WebSocket %s", "without completing handshake", "Invalid UTF-8 sequence")

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_access = logging.getLogger("hikari.access")


class JsonLines(logging.Formatter):
    """A record as one JSON object; what `extra={"fields": {...}}` holds stands beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "time": f"{at}.{int(record.msecs):03d}Z", "level": record.levelname.lower(), "logger": record.name,
            "message": record.getMessage(),
        }  # fmt: skip
        if (current := request_id.get()) is not None:
            line["request_id"] = current
        line |= getattr(record, "fields", {})
        if record.exc_info is not None and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["frames"] = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(record.exc_info[2])[-_FRAMES:]]
        return json.dumps(line, separators=(",", ":"))


def configure() -> None:
    """Write everything that this process logs as JSON lines to its standard output; BentoML has set up its own lines before."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    for name in (None, "bentoml", "uvicorn", "uvicorn.error", "hikari"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
    logging.getLogger("hikari").setLevel(logging.INFO)
    # One line a request is ours, below; it knows the key's name and the id.
    logging.getLogger("bentoml.access").disabled = True
    logging.getLogger("uvicorn.error").addFilter(_tells_something)


def _tells_something(record: logging.LogRecord) -> bool:
    """Of uvicorn's lines about sockets: one quotes the query, which may hold anything, two call what a client did wrong an error."""
    return not any(words in str(record.msg) for words in _SOCKET_LINES)


class Requests:
    """ASGI middleware: every request gets an id (its own `X-Request-Id`, where that is one), which comes back and stands in the log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        current = given if _GIVEN.fullmatch(given) else secrets.token_hex(8)
        token, started, status = request_id.set(current), time.perf_counter(), 0

        async def marked(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.accept", "websocket.http.response.start"):
                status = message.get("status", 101)
                message.setdefault("headers", [])
                MutableHeaders(scope=message)[HEADER] = current
            await send(message)

        # The guard writes into the same object who came.
        scope.setdefault("state", {})
        try:
            await self._app(scope, receive, marked)
        finally:
            if scope["path"] not in _QUIET:
                _access.info("request", extra={"fields": self._line(scope, status, time.perf_counter() - started)})
            request_id.reset(token)

    @staticmethod
    def _line(scope: Scope, status: int, seconds: float) -> dict[str, Any]:
        path = scope["path"]
        access = scope["state"].get("access")
        return {
            "method": scope.get("method", "WEBSOCKET"),
            # A path that is none of ours may be anything, a viewer's words included.
            "path": path if path in needs.NEEDS else "/static" if path.startswith("/static/") else "other",
            "status": status, "ms": round(seconds * 1000, 1), **({} if access is None else {"key": access.name}),
        }  # fmt: skip

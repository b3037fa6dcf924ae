"""msgpack as well as JSON on every route, by content type: plain ASGI, in front of everything that reads or writes JSON.

A body of type `application/msgpack` reaches the routes as the same values in JSON, once somebody reads it: so the guard has decided by
then who may send one. Answers in JSON leave as msgpack when `Accept` says so, or when the body came as msgpack and `Accept` says
nothing. Only what JSON can say is taken: no binary data, no extension types, keys that are texts, finite numbers.
"""

import json
from typing import Any

import msgpack
import msgspec
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hikari.errors import BadInput
from serving import problems
from serving.settings import Limits
from serving.wire import MSGPACK

_REFUSED = (
    "the body must be one valid msgpack value of what JSON can say: no binary data, no extension types, keys that are texts"
)
_JSON = b"application/json"


def decode(content: bytes | memoryview) -> Any:
    """One value in msgpack, as strict as JSON. Raises `BadInput`."""
    try:
        return msgpack.unpackb(content, ext_hook=_no_extension, max_bin_len=0, max_ext_len=0)
    except (ValueError, TypeError, msgpack.UnpackException, RecursionError):
        raise BadInput(_REFUSED) from None


def to_json(content: bytes) -> bytes:
    """The same value as JSON. Raises `BadInput`."""
    try:
        return json.dumps(decode(content), allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, TypeError, RecursionError):
        raise BadInput(_REFUSED) from None


def _no_extension(code: int, _: bytes) -> Any:
    raise ValueError(f"extension type {code}")


class Msgpack:
    """ASGI middleware that translates bodies and answers."""

    def __init__(self, app: ASGIApp, max_body_bytes: int = Limits.max_body_bytes) -> None:
        self._app, self._max_body_bytes = app, max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        packed = _is_msgpack(headers.get("content-type", ""))
        accept = headers.get("accept", "*/*")
        out = _Packing(send) if _is_msgpack(accept) or (packed and accept.strip() == "*/*") else None
        if not packed:
            await self._app(scope, receive, out or send)
            return
        body = _Body(receive, out or send, self._max_body_bytes)
        kept = [(name, value) for name, value in scope["headers"] if name not in (b"content-type", b"content-length")]
        try:
            await self._app({**scope, "headers": [*kept, (b"content-type", _JSON)]}, body.receive, body.send)
        except ClientDisconnect:
            if not body.refused:
                raise


class _Body:
    """The request's body, read and translated when it is asked for; a bad one is answered here, and nothing after it is sent."""

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self._receive, self._send, self._limit = receive, send, limit
        self._done = False
        self.refused = False

    async def receive(self) -> Message:
        """The translated body in one piece, then what else comes."""
        if self.refused:
            return {"type": "http.disconnect"}
        if self._done:
            return await self._receive()
        content = b""
        while True:
            message = await self._receive()
            if message["type"] != "http.request":
                return message
            content += message.get("body", b"")
            if len(content) > self._limit:
                return await self._refuse(413, "too_large", f"the body may have at most {self._limit} bytes")
            if not message.get("more_body", False):
                break
        self._done = True
        try:
            return {"type": "http.request", "body": to_json(content), "more_body": False}
        except BadInput as error:
            return await self._refuse(400, error.code, error.message)

    async def send(self, message: Message) -> None:
        """Pass on what the app answers, unless the body was refused."""
        if not self.refused:
            await self._send(message)

    async def _refuse(self, status: int, code: str, text: str) -> Message:
        self.refused = True
        await problems.send(self._send, status, code, text)
        return {"type": "http.disconnect"}


class _Packing:
    """Sends on, answers in JSON as msgpack."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._held: Message | None = None
        self._content = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _content_type(message).startswith(_JSON):
            self._held = message
        elif self._held is None:
            await self._send(message)
        else:
            self._content += message.get("body", b"")
            if not message.get("more_body", False):
                held, self._held = self._held, None
                content = msgspec.msgpack.encode(msgspec.json.decode(self._content or b"null"))
                names = (b"content-type", b"content-length")
                headers = [(name, value) for name, value in held["headers"] if name.lower() not in names]
                headers += [(b"content-type", MSGPACK.encode()), (b"content-length", str(len(content)).encode())]
                await self._send({**held, "headers": headers})
                await self._send({"type": "http.response.body", "body": content})


def _content_type(message: Message) -> bytes:
    return next((value for name, value in message.get("headers", ()) if name.lower() == b"content-type"), b"")


def _is_msgpack(value: str) -> bool:
    kinds = (part.split(";")[0].strip().lower() for part in value.split(","))
    return any(kind in (MSGPACK, "application/x-msgpack", "application/vnd.msgpack") for kind in kinds)

"""The guard of WebSockets: who may connect, how large and how frequent frames may be, and what they may ask for.

Whoever does not come in is told before the socket is accepted. A key that may do everything everywhere pays nothing for the checks
of single frames; the frames of others are read here, and go on written anew (see `serving/binding.py`).
"""

import asyncio
import json
from typing import Any

import msgpack
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hikari.errors import HikariError
from serving import binding, metrics, problems
from serving.doors import SUBPROTOCOL, Doors, without_secrets
from serving.keys import Access
from serving.needs import need_of
from serving.quotas import Bucket, Quotas
from serving.refusals import Refusal, refusing, require
from serving.settings import Limits

TOO_BIG, POLICY = 1009, 1008
DENIAL = "websocket.http.response"


class SocketGuard:
    """ASGI middleware for WebSockets."""

    def __init__(self, app: ASGIApp, doors: Doors, limits: Limits, quotas: Quotas) -> None:
        self._app, self._doors, self._limits, self._quotas = app, doors, limits, quotas

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            access = self._admitted(scope)
        except Refusal as refusal:
            await receive()  # the client's wish to connect
            await deny(scope, send, refusal)
            return
        scope.setdefault("state", {})["access"] = access
        quota = self._quotas.of(access.name)
        self._quotas.sockets += 1
        quota.sockets += 1
        frames = _Frames(access, self._limits, receive, send, offered=SUBPROTOCOL in scope.get("subprotocols", ()))
        try:
            await self._app(without_secrets(scope), frames.receive, frames.send)
        finally:
            self._quotas.sockets -= 1
            quota.sockets -= 1

    def _admitted(self, scope: Scope) -> Access:
        access = self._doors.enter(scope)
        need = need_of(scope["path"])
        require(access, need)
        if self._quotas.retry_after(access.name) or self._quotas.no_socket_left(access.name):
            raise Refusal(
                429, "overloaded", "too many sockets; try again shortly", {"Retry-After": str(self._limits.retry_after_s)}
            )
        if access.channels is not None:
            query = scope.get("query_string", b"")
            refusing(binding.check_query, query, access, default=need.reach != "frames" or b"subscribe" in query)
        return access


class _Frames:
    """What goes in and out of one socket."""

    def __init__(self, access: Access, limits: Limits, receive: Receive, send: Send, *, offered: bool) -> None:
        self._access, self._limits, self._receive, self._send, self._offered = access, limits, receive, send, offered
        self._bucket = Bucket(limits.frames_per_s, limits.frame_burst)
        self._checked = access.channels is not None or not (access.may("read") and access.may("write"))
        self._closed = False

    async def receive(self) -> Message:
        """The next frame that the app may have."""
        while True:
            message = await self._receive()
            if message["type"] != "websocket.receive":
                return message
            text: str | None = message.get("text")
            content = text if text is not None else message.get("bytes") or b""
            if not await self._fits(content):
                return {"type": "websocket.disconnect", "code": TOO_BIG}
            if wait := self._bucket.turn():
                await asyncio.sleep(wait)
            if not self._checked:
                return message
            if (kept := await self._kept(content)) is not None:
                return kept

    async def send(self, message: Message) -> None:
        """Send for the app, unless the guard has closed the socket; it is the guard that answers the subprotocol."""
        if self._closed:
            return
        if message["type"] == "websocket.accept":
            message = {**message, "subprotocol": SUBPROTOCOL if self._offered else None}
        await self._send(message)

    async def _fits(self, content: str | bytes) -> bool:
        limit = self._limits.max_frame_bytes
        # Characters first: encoding a huge text only to measure it would double it.
        if len(content) <= limit and (isinstance(content, bytes) or len(content) * 4 <= limit or len(_bytes(content)) <= limit):
            return True
        self._closed = True
        metrics.refusals().labels("too_large").inc()
        await self._send({"type": "websocket.close", "code": TOO_BIG, "reason": f"a frame may have at most {limit} bytes"})
        return False

    async def _kept(self, content: str | bytes) -> Message | None:
        """A frame as it goes on; None when it was refused, which its sender is told."""
        written: binding.Format = "json" if isinstance(content, str) else "msgpack"
        value: Any = None
        try:
            value = binding.decode(_bytes(content), written)
            binding.check_frame(value, self._access)
            anew = binding.encode(value, written)
        except HikariError as error:
            metrics.refusals().labels(error.code).inc()
            await self._send(_refused(value, error, written))
            return None
        return {"type": "websocket.receive", **({"text": anew.decode()} if written == "json" else {"bytes": anew})}


async def deny(scope: Scope, send: Send, refusal: Refusal) -> None:
    """Answer who may not connect: with a status and the error shape where the server can, else with a close code."""
    metrics.refusals().labels(refusal.code).inc()
    if DENIAL not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": POLICY, "reason": refusal.message[:100]})
        return

    async def as_denial(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    await problems.send(as_denial, refusal.status, refusal.code, refusal.message, refusal.headers)


def _refused(value: Any, error: HikariError, written: binding.Format) -> Message:
    identifier = value.get("id") if isinstance(value, dict) else None
    known = isinstance(identifier, str | int) and not isinstance(identifier, bool)
    event = {"type": "error", "v": 1, "id": identifier if known else None, "error": error.as_dict()}
    if written == "json":
        return {"type": "websocket.send", "text": json.dumps(event)}
    return {"type": "websocket.send", "bytes": msgpack.packb(event)}


def _bytes(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")

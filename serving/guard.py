"""Who may come in, with how much and for how long: plain ASGI, in front of every route.

With `HIKARI_API_KEYS` every route but the page, its files and the health checks asks for `Authorization: Bearer <key>`, and for a
key whose scopes and channels allow it. Without keys only this machine is served, and only under a loopback name, so that a web page
elsewhere cannot reach it through a rebound DNS name. What the routes ask for is in `serving/needs.py`; sockets have their own guard.
"""

import asyncio
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hikari.errors import HikariError
from serving import binding, metrics, problems
from serving.audit import Audit
from serving.doors import Doors, without_secrets
from serving.keys import Access
from serving.needs import Need, need_of
from serving.quotas import Quotas
from serving.refusals import Refusal, refusal_of, refusing, require
from serving.settings import Limits
from serving.socket_guard import SocketGuard

_BODILESS = ("GET", "HEAD", "OPTIONS")


class Guard:
    """ASGI middleware for access, body size, the number of requests in flight and the time one of them may take."""

    def __init__(self, app: ASGIApp, doors: Doors, limits: Limits, audit: Audit) -> None:
        self._app, self._doors, self._limits, self._audit = app, doors, limits, audit
        self._quotas: Quotas | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        if self._quotas is None:  # their clock is the running loop's
            self._quotas = Quotas(self._limits)
        if scope["type"] == "websocket":
            await SocketGuard(self._app, self._doors, self._limits, self._quotas)(scope, receive, send)
            return
        need = need_of(scope["path"])
        if not need.scopes:
            await self._pass(scope, receive, send)
            return
        try:
            access = self._admitted(scope, need, self._quotas)
        except Refusal as refusal:
            await refuse(send, refusal)
            return
        quota = self._quotas.of(access.name)
        self._quotas.in_flight += 1
        quota.in_flight += 1
        try:
            await self._pass(scope, receive, send, access, need)
        finally:
            self._quotas.in_flight -= 1
            quota.in_flight -= 1

    def _admitted(self, scope: Scope, need: Need, quotas: Quotas) -> Access:
        """Whoever asks, if this may be asked with what they have. Raises `Refusal`."""
        access = self._doors.enter(scope)
        scope.setdefault("state", {})["access"] = access
        wait = quotas.retry_after(access.name)
        if wait:
            raise Refusal(429, "overloaded", "too many requests; try again shortly", {"Retry-After": str(wait)})
        require(access, need)
        if access.channels is not None:
            refusing(binding.check_query, scope.get("query_string", b""), access, default=False)
        return access

    async def _pass(
        self, scope: Scope, receive: Receive, send: Send, access: Access | None = None, need: Need | None = None
    ) -> None:
        started, timeout_s = False, self._limits.timeout_s(scope["path"])

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        body = _Body(scope, receive, sending, self._limits.max_body_bytes)
        try:
            async with asyncio.timeout(timeout_s) as limit:
                body.check_headers()
                if access is None or need is None:
                    await self._app(without_secrets(scope), body.receive, body.send)
                else:
                    await self._serve(scope, body, access, need)
        except Refusal as refusal:
            if not started:
                await refuse(send, refusal)
        except ClientDisconnect:
            if not body.refused:
                raise
        except TimeoutError:
            if started or not limit.expired():
                raise
            await problems.send(send, 504, "timeout", f"not done in {timeout_s} seconds; what was begun is finished all the same")

    async def _serve(self, scope: Scope, body: "_Body", access: Access, need: Need) -> None:
        inner = without_secrets(scope)
        bound = access.channels is not None and need.reach != "none"
        if not bound and not need.audited:
            await self._app(inner, body.receive, body.send)
            return
        value = await body.read_whole(inner)
        if bound:
            refusing(binding.check_body, value, access, need.reach, need.rows)
        if not need.audited:
            await self._app(inner, body.receive, body.send)
            return
        try:
            noted = await self._audit.asked(access.name, scope["path"], _channel(value), _target(value, need.target))
        except HikariError as error:
            raise refusal_of(error) from None
        told = False

        async def noting(message: Message) -> None:
            nonlocal told
            if message["type"] == "http.response.start":
                told = True
                await self._audit.answered(noted, message["status"])
            await body.send(message)

        try:
            await self._app(inner, body.receive, noting)
        finally:
            if not told:
                await asyncio.shield(self._audit.answered(noted, None))


class _Body:
    """The body of one request on its way in, and the answer on its way out."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        self._headers, self._method, self._receive, self._send, self._limit = (
            Headers(scope=scope),
            scope["method"],
            receive,
            send,
            limit,
        )
        self._received = 0
        self._whole: bytes | None = None
        self.refused = False

    def check_headers(self) -> None:
        """Refuse what is announced as too large, or as something that is not read here. Raises `Refusal`."""
        length = self._headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or len(length) > 18 or int(length) > self._limit:
            raise self._too_large()
        kind = self._headers.get("content-type")
        if kind is not None and self._method not in _BODILESS and binding.format_of(kind) is None:
            raise Refusal(415, "bad_input", "the body must be application/json or application/msgpack")

    async def receive(self) -> Message:
        """The next message for the app."""
        if self._whole is not None:
            content, self._whole = self._whole, None
            return {"type": "http.request", "body": content, "more_body": False}
        message = await self._receive()
        self._received += len(message.get("body", b""))
        if self._received > self._limit and not self.refused:
            self.refused = True
            await refuse(self._send, self._too_large())
            return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        """Send for the app, unless the request was refused meanwhile."""
        if self.refused:
            return
        await self._send(message)

    async def read_whole(self, inner: dict[str, Any]) -> Any:
        """The value of the whole body; the app gets it written anew, with the headers of `inner` to match. Raises `Refusal`."""
        content = b""
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            content += message.get("body", b"")
            more = message.get("more_body", False)
            if len(content) > self._limit:
                raise self._too_large()
        if not content:
            self._whole = content
            return None
        written = binding.format_of(self._headers.get("content-type", "application/json")) or "json"
        value = refusing(binding.decode, content, written)
        self._whole = refusing(binding.encode, value, written)
        dropped = (b"content-type", b"content-length", b"transfer-encoding", b"content-encoding")
        inner["headers"] = [
            *((name, kept) for name, kept in inner["headers"] if name.lower() not in dropped),
            (b"content-type", binding.CONTENT_TYPES[written]),
            (b"content-length", str(len(self._whole)).encode()),
        ]
        return value

    def _too_large(self) -> Refusal:
        return Refusal(413, "too_large", f"the body may have at most {self._limit} bytes")


async def refuse(send: Send, refusal: Refusal) -> None:
    """Answer a request that does not come in."""
    metrics.refusals().labels(refusal.code).inc()
    await problems.send(send, refusal.status, refusal.code, refusal.message, refusal.headers, refusal.field)


def _channel(value: Any) -> str | None:
    channel = value.get("channel") if isinstance(value, dict) else None
    return channel[:256] if isinstance(channel, str) else None


def _target(value: Any, path: tuple[str, ...]) -> str | None:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value if path and isinstance(value, str) else None

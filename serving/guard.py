"""Who may come in, with how much and for how long: plain ASGI, in front of every route.

With `HIKARI_API_KEYS` every route but the page, its files and the health checks asks for `Authorization: Bearer <key>`.
Without keys only this machine is served, and only under a loopback name, so that a web page elsewhere cannot reach it
through a rebound DNS name.
"""

import asyncio
import hmac
import ipaddress

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving import problems
from serving.settings import Limits

OPEN_PATHS = ("/", "/docs", "/livez", "/readyz", "/healthz", "/favicon.ico")
_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (
        b"content-security-policy",
        b"default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    ),
)


class Guard:
    """ASGI middleware for access, body size, the number of requests in flight and the time one of them may take."""

    def __init__(self, app: ASGIApp, keys: tuple[str, ...], limits: Limits) -> None:
        self._app = app
        self._keys = tuple(key.encode() for key in keys)
        self._limits = limits
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, headers = scope["path"], Headers(scope=scope)
        refusal = self._refusal(path, headers, scope.get("client"))
        if refusal is not None:
            await problems.send(send, 401, "unauthorized", refusal, {"WWW-Authenticate": "Bearer"})
        elif int(length) > self._limits.max_body_bytes if (length := headers.get("content-length", "0")).isdigit() else True:
            await problems.send(send, 413, "too_large", f"the body may have at most {self._limits.max_body_bytes} bytes")
        elif self._in_flight >= self._limits.max_in_flight and path not in OPEN_PATHS:
            retry = {"Retry-After": str(self._limits.retry_after_s)}
            await problems.send(send, 429, "overloaded", "too many requests at once; try again shortly", retry)
        else:
            await self._pass(scope, receive, send)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        received, refused, started = 0, False, False
        timeout_s = self._limits.timeout_s(scope["path"])

        async def counted() -> Message:
            nonlocal received, refused
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limits.max_body_bytes and not refused:
                refused = True
                await problems.send(send, 413, "too_large", f"the body may have at most {self._limits.max_body_bytes} bytes")
                return {"type": "http.disconnect"}
            return message

        async def hardened(message: Message) -> None:
            nonlocal started
            if refused:
                return
            started = True
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *_SECURITY_HEADERS]}
            await send(message)

        self._in_flight += 1
        try:
            async with asyncio.timeout(timeout_s) as limit:
                await self._app(scope, counted, hardened)
        except ClientDisconnect:
            if not refused:
                raise
        except TimeoutError:
            if started or not limit.expired():
                raise
            await problems.send(send, 504, "timeout", f"not done in {timeout_s} seconds; what was begun is finished all the same")
        finally:
            self._in_flight -= 1

    def _refusal(self, path: str, headers: Headers, client: tuple[str, int] | None) -> str | None:
        if path in OPEN_PATHS or path.startswith("/static/"):
            return None
        if self._keys:
            scheme, _, given = headers.get("authorization", "").partition(" ")
            # Every key is compared, so that the time taken does not tell which one was close.
            matches = [hmac.compare_digest(given.strip().encode(), key) for key in self._keys]
            return None if scheme.lower() == "bearer" and any(matches) else "this route needs `Authorization: Bearer <key>`"
        if client is not None and not _loopback(client[0]):
            return "without HIKARI_API_KEYS only this machine is served; set keys to open the engine to others"
        host = headers.get("host", "").rsplit(":", 1)[0].strip("[]")
        if host and host != "localhost" and not _loopback(host):
            return "without HIKARI_API_KEYS only the names localhost and 127.0.0.1 are served; set keys to use others"
        return None


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

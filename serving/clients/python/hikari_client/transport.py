"""Requests and answers as bytes, the same for both clients."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

import httpx
import msgspec

from hikari_client.calls import Answer, Call
from hikari_client.errors import BadAnswer, HikariError, TimedOut, Unreachable, from_problem
from hikari_client.retry import asked_wait

T = TypeVar("T")
JSON, MSGPACK = "application/json", "application/msgpack"
LONG_TIMEOUT_S = 630.0
"""For calls that may go through a whole store; the engine gives up a little earlier."""


def headers_for(key: str | None, packed: bool) -> dict[str, str]:
    """The headers of every request."""
    kind = MSGPACK if packed else JSON
    return {"content-type": kind, "accept": kind, **({} if key is None else {"authorization": f"Bearer {key}"})}


def content_of(call: Call[Any], packed: bool) -> bytes:
    """The body of a call."""
    # Python's JSON can carry a lone surrogate, which the engine knows how to treat.
    return msgspec.msgpack.encode(call.body) if packed else json.dumps(call.body).encode()


def timeout_of(call: Call[Any], timeout_s: float) -> httpx.Timeout:
    """How long a call may take; connecting never longer than five seconds."""
    return httpx.Timeout(max(timeout_s, LONG_TIMEOUT_S) if call.long else timeout_s, connect=min(5.0, timeout_s))


def result_of(call: Call[T], response: httpx.Response) -> T:
    """What the engine answered. Raises the error that it answered instead."""
    if response.is_success:
        return call.read(Answer(_decoded(response), {name.lower(): value for name, value in response.headers.items()}))
    raise error_of(response.status_code, response.headers, response.content)


def error_of(status: int, headers: Mapping[str, str], content: bytes) -> HikariError:
    """The error of an answer that is one, in the engine's shape or in another."""
    wait = asked_wait(headers.get("retry-after"))
    try:
        kind = headers.get("content-type", JSON)
        value: Any = msgspec.msgpack.decode(content) if kind.startswith(MSGPACK) else msgspec.json.decode(content)
        return from_problem(value["error"], status, wait)
    except (msgspec.DecodeError, UnicodeError, RecursionError, LookupError, TypeError, AttributeError):
        return from_problem({"code": _CODES.get(status, "internal"), "message": f"the engine answers {status}"}, status, wait)


_CODES = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    413: "too_large",
    429: "overloaded",
    503: "not_ready",
    504: "timeout",
}


def failure_of(error: httpx.TransportError) -> HikariError:
    """The error for a request that got no answer."""
    what = f"the engine cannot be reached ({type(error).__name__})"
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return Unreachable(what, sent=False)
    if isinstance(error, httpx.TimeoutException):
        return TimedOut("the engine did not answer in time; what was begun may be finished all the same")
    return Unreachable(what, sent=True)


def _decoded(response: httpx.Response) -> Any:
    content = response.content
    if not content:
        return None
    try:
        if response.headers.get("content-type", JSON).startswith(MSGPACK):
            return msgspec.msgpack.decode(content)
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise BadAnswer("what answered is no Hikari engine: neither JSON nor msgpack") from None

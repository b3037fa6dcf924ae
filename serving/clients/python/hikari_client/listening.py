"""What both kinds of event streams have in common: where they connect, what they send, what a failure means."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from hikari_client.calls import Row, given
from hikari_client.errors import BadInput, Forbidden, HikariError, NotReady, Overloaded, Unauthorized, Unreachable
from hikari_client.events import ErrorEvent, Event, Hello, decode_event
from hikari_client.transport import error_of

MAX_EVENT_BYTES = 4 * 1024 * 1024
OPEN_TIMEOUT_S = 10.0
LONGEST_WAIT_S = 30.0
_POLICY = 1008
FAILURES = (OSError, TimeoutError, InvalidHandshake, InvalidURI, ConnectionClosed)
"""What a socket raises when it cannot be opened or does not last."""


@dataclass(frozen=True)
class Listening:
    """One socket's address and how it is spoken to."""

    url: str
    headers: Mapping[str, str]
    channel: str
    packed: bool

    @classmethod
    def chat(cls, url: str, key: str | None, channel: str, *, subscribe: bool, packed: bool) -> "Listening":
        """The socket that takes messages, and brings a channel's events if it subscribes."""
        query = {"channel": channel, **({"subscribe": "1"} if subscribe else {})}
        return cls._at(url, "/ws/chat", query, key, channel, packed)

    @classmethod
    def dashboard(cls, url: str, key: str | None, channel: str, *, packed: bool) -> "Listening":
        """The socket that shows a channel live."""
        return cls._at(url, "/ws/dashboard", {"channel": channel}, key, channel, packed)

    @classmethod
    def _at(cls, url: str, path: str, query: dict[str, str], key: str | None, channel: str, packed: bool) -> "Listening":
        scheme, found, rest = url.partition("://")
        if not found or scheme not in ("http", "https"):
            raise BadInput("the engine's address begins with http:// or https://", field="url")
        query = {**query, **({"format": "msgpack"} if packed else {})}
        address = f"{'ws' if scheme == 'http' else 'wss'}://{rest}{path}?{urlencode(query)}"
        return cls(address, {} if key is None else {"Authorization": f"Bearer {key}"}, channel, packed)

    def options(self) -> dict[str, Any]:
        """The options of `websockets.connect`, synchronous or not."""
        return {
            "additional_headers": self.headers, "max_size": MAX_EVENT_BYTES, "open_timeout": OPEN_TIMEOUT_S, "compression": None,
            "close_timeout": 2.0,
        }  # fmt: skip

    def frame(self, value: Row) -> str | bytes:
        """What is sent."""
        return msgspec.msgpack.encode(value) if self.packed else json.dumps(value)

    def message(self, identifier: str, text: str, username: str, **more: Any) -> str | bytes:
        """A message as a frame."""
        row = {"type": "message", "id": identifier, "channel": self.channel, "text": text, "username": username}
        return self.frame({**row, **given(**more)})

    def messages(self, rows: list[Row]) -> str | bytes:
        """Many messages as one frame."""
        return self.frame({"type": "messages", "channel": self.channel, "messages": rows})


def understood(frame: str | bytes) -> Event | Hello:
    """The event of a frame. Raises when the engine says that this socket is not for us."""
    event = decode_event(frame)
    if isinstance(event, ErrorEvent) and event.id is None and isinstance(event.error, Unauthorized | Forbidden):
        raise event.error
    return event


def meaning(error: Exception, *, heard: bool) -> HikariError:
    """What it means that a socket could not be opened, or did not last; `heard`: something had come over it."""
    if isinstance(error, InvalidStatus):
        response = error.response
        return error_of(
            response.status_code, {name.lower(): value for name, value in response.headers.raw_items()}, bytes(response.body)
        )
    if isinstance(error, InvalidURI):
        return BadInput("the engine's address is none", field="url")
    if isinstance(error, ConnectionClosed) and error.rcvd is not None and error.rcvd.code == _POLICY and not heard:
        return Forbidden(error.rcvd.reason or "the engine does not take this connection")
    return Unreachable(f"the connection to the engine is lost ({type(error).__name__})", sent=heard)


def mends(error: HikariError) -> bool:
    """Whether another attempt may end otherwise."""
    return isinstance(error, Unreachable | Overloaded | NotReady) or (error.status or 0) >= 500

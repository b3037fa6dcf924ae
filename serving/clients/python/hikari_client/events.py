"""The events of an engine as typed values: over WebSocket, in JSON or msgpack, and over Redis, in msgpack."""

from dataclasses import dataclass, field
from typing import Any, cast

import msgspec

from hikari_client.analysis import Priority, Reading
from hikari_client.calls import Row
from hikari_client.errors import HikariError, from_problem

VERSION = 1
"""The version of the events that this package reads."""
Id = str | int | None


@dataclass(frozen=True, kw_only=True)
class Hello:
    """The engine greets; `channels` are those that the key is bound to, None for all."""

    name: str
    version: str
    channels: list[str] | None = None


@dataclass(frozen=True, kw_only=True)
class MemoryFate:
    """What became of a message in memory: kept out with a reason, accepted for writing, or stored under an id."""

    kept_out: str | None = None
    accepted: bool = False
    importance: float | None = None
    id: str | None = None


@dataclass(frozen=True, kw_only=True)
class AnalysisEvent(Reading):
    """A message that was understood."""

    id: Id
    channel: str
    username: str
    text: str
    timestamp: float
    latency_ms: float | None = None
    insights: dict[str, Any] | None = None
    memory: MemoryFate | None = None
    roles: list[str] = field(default_factory=list[str])
    paid: Any = None


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Something happens in the stream; `silent` ones are worth showing, not worth saying."""

    id: Id
    channel: str
    timestamp: float
    kind: str
    priority: Priority
    silent: bool
    message: str
    detail: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True)
class MemoriesStored:
    """Messages that are memories on disk from now on."""

    channel: str
    memories: dict[str, str]
    failed: int = 0


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A channel at this second, and how the engine is; only dashboards get it."""

    id: int
    channel: str
    timestamp: float
    minute: dict[str, Any]
    mood: dict[str, Any]
    hype: dict[str, Any]
    health: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ErrorEvent:
    """A message that was not taken, or a wish that was not granted."""

    id: Id
    error: HikariError
    channel: str | None = None


@dataclass(frozen=True, kw_only=True)
class UnknownEvent:
    """Something that this version does not read, and why."""

    type: str
    problem: str
    data: Row = field(default_factory=Row)


Event = AnalysisEvent | Alert | MemoriesStored | Snapshot | ErrorEvent | UnknownEvent
_KINDS: dict[str, Any] = {
    "hello": Hello, "analysis": AnalysisEvent, "alert": Alert, "stored": MemoriesStored, "snapshot": Snapshot,
}  # fmt: skip


def decode_event(frame: str | bytes) -> Event | Hello:
    """An event as it arrived: text is JSON, bytes are msgpack. Never raises: what cannot be read is an `UnknownEvent`.

    >>> decode_event('{"type": "hello", "v": 1, "id": null, "name": "hikari", "version": "0.1.0"}')
    Hello(name='hikari', version='0.1.0', channels=None)
    """
    try:
        value: Any = msgspec.json.decode(frame) if isinstance(frame, str) else msgspec.msgpack.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return UnknownEvent(type="", problem=f"malformed: {error}")
    if not isinstance(value, dict):
        return UnknownEvent(type="", problem="no object")
    return read_event(cast("Row", value))


def read_event(value: Row) -> Event | Hello:
    """A decoded event."""
    kind = str(value.get("type", ""))
    if value.get("v") != VERSION:
        return UnknownEvent(type=kind, problem=f"not of version {VERSION}", data=value)
    if kind == "error" and isinstance(value.get("error"), dict):
        channel = value.get("channel")
        return ErrorEvent(id=_id(value), error=from_problem(value["error"]), channel=None if channel is None else str(channel))
    if kind not in _KINDS:
        return UnknownEvent(type=kind, problem="a kind that this version does not know", data=value)
    try:
        return msgspec.convert(value, _KINDS[kind])
    except msgspec.ValidationError as error:
        return UnknownEvent(type=kind, problem=str(error), data=value)


def _id(value: Row) -> Id:
    found = value.get("id")
    return found if isinstance(found, str | int) else None

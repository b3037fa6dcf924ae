"""Keys that are bound to channels: what they send is read, every channel named in it is checked, and only what was checked goes on.

It goes on written anew: two readers may take odd input (a key given twice, say) for different things, and only one reads this.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import parse_qsl

import msgpack

from hikari.errors import BadInput
from serving import msgpack_bodies
from serving.keys import Access, Forbidden
from serving.needs import Reach

Format = Literal["json", "msgpack"]
CONTENT_TYPES: Mapping[Format, bytes] = {"json": b"application/json", "msgpack": b"application/msgpack"}
DEFAULT = "default"
_LISTENING = ("subscribe", "unsubscribe", "ping")


def format_of(content_type: str) -> Format | None:
    """How a body with this content type is written; None for what this engine does not read."""
    kind = content_type.partition(";")[0].strip().lower()
    main, _, sub = kind.partition("/")
    if main != "application":
        return None
    if sub in ("msgpack", "x-msgpack", "vnd.msgpack"):
        return "msgpack"
    return "json" if sub == "json" or sub.endswith("+json") else None


def decode(content: bytes, written: Format) -> Any:
    """The value in a body or frame. Raises `BadInput`, whatever the content is."""
    try:
        return json.loads(content) if written == "json" else msgpack_bodies.decode(content)
    except (ValueError, RecursionError):
        raise BadInput("the body must be valid JSON in UTF-8") from None


def encode(value: Any, written: Format) -> bytes:
    """The value written anew. Raises `BadInput` for what the format does not carry."""
    try:
        return json.dumps(value, separators=(",", ":")).encode() if written == "json" else bytes(msgpack.packb(value) or b"")
    except (ValueError, RecursionError, TypeError, OverflowError):
        raise BadInput("this is nested too deep, or holds what cannot be read") from None


def check_query(query: bytes, access: Access, *, default: bool) -> None:
    """Check the channels of a query string; with `default`, none given means the default channel. Raises `Forbidden`."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    named = [value for name, value in pairs if name in ("channel", "channels")]
    for channel in named:
        access.require_channel(channel)
    if default and not named:
        _require_default(access)


def check_body(value: Any, access: Access, reach: Reach, rows: str | None = None) -> None:
    """Check the channels of a body, whose rows are in the field `rows`. Raises `Forbidden`, `BadInput`."""
    if reach == "whole":
        raise Forbidden("this is about the engine as a whole, and this key is bound to channels")
    for channel in _channels(value):
        access.require_channel(channel)
    if _names_one(value, rows):
        return
    if reach == "every":
        raise Forbidden("name one of the key's channels: without one this goes through all of them", field="channel")
    _require_default(access)


def check_frame(value: Any, access: Access) -> None:
    """Check what a frame asks for and the channels it names. Raises `Forbidden`, `BadInput`."""
    if not isinstance(value, dict):
        raise BadInput("a frame must be an object")
    access.require("read" if value.get("type") in _LISTENING else "write")
    if access.channels is not None and value.get("type") != "ping":
        check_body(value, access, "frames", "messages" if value.get("type") == "messages" else None)


def _require_default(access: Access) -> None:
    if not access.covers(DEFAULT):
        raise Forbidden(f"name one of the key's channels: without one this is about `{DEFAULT}`", field="channel")


def _names_one(value: Any, rows: str | None) -> bool:
    """Whether the value says for all of it which channel it is about: itself, or each of its rows."""
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("channel"), str):
        return True
    listed = value.get(rows) if rows is not None else None
    return isinstance(listed, list) and all(isinstance(row, dict) and isinstance(row.get("channel"), str) for row in listed)


def _channels(value: Any) -> Iterator[str]:
    """Every channel that is named anywhere in a value: in rows, in their metadata, wherever a part may look for one."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield from _named(item.get("channel"))
            many = item.get("channels")
            for one in many if isinstance(many, list) else [many]:
                yield from _named(one)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _named(channel: Any) -> Iterator[str]:
    if isinstance(channel, str):
        yield channel
    elif channel is not None:
        raise BadInput("channel must be a string", field="channel")

"""Checking one message: what is accepted becomes a frozen value, what is refused names the field."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from hikari.errors import BadInput
from hikari.fields import name_field, seconds, text_field

MAX_BATCH = 1_000
MAX_ID = 2**63


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One accepted chat message; `timestamp` in epoch seconds."""

    id: str | int | None
    channel: str
    username: str
    text: str
    timestamp: float
    paid: bool
    moderator: bool


def chat_message(row: Mapping[str, Any], now: float) -> ChatMessage:
    """Check one message given by parameter names; `now` stands in for a missing timestamp. Raises `BadInput`, `TooLarge`."""
    context = row.get("context")
    if context is not None and not isinstance(context, Mapping):
        raise BadInput("context must be an object or null", field="context")
    facts = cast("Mapping[str, Any]", context or {})
    roles = row.get("roles", facts.get("roles")) or ()
    if isinstance(roles, str) or not isinstance(roles, list | tuple | set | frozenset):
        raise BadInput("roles must be a list of names", field="roles")
    given = row.get("timestamp", facts.get("timestamp"))
    return ChatMessage(
        id=_identifier(row.get("id")),
        channel=name_field(row.get("channel", "default"), "channel"),
        username=name_field(row.get("username"), "username"),
        text=text_field(row.get("text")),
        timestamp=now if given is None else seconds(given),
        paid=bool(row.get("paid", facts.get("paid", False))),
        moderator=bool({"moderator", "broadcaster", "owner"} & {str(role) for role in cast("list[Any]", roles)}),
    )


def _identifier(value: Any) -> str | int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_ID):
        return value
    if not isinstance(value, str):
        raise BadInput("id must be a string or a whole number of at most 64 bits", field="id")
    return name_field(value, "id")

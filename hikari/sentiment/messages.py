"""Checking what callers hand in: one message as a frozen value, or an error that names the field."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from hikari.errors import BadInput, TooLarge
from hikari.sentiment.text import is_visible

MAX_TEXT = 20_000
"""Characters accepted in one message; longer input is refused, not cut, so that nobody believes it was read."""
MAX_NAME = 256
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


def text_field(value: Any, field: str = "text") -> str:
    """A message's text: a string that holds something visible, of at most `MAX_TEXT` characters."""
    if not isinstance(value, str):
        raise BadInput(f"{field} must be a string", field=field)
    if len(value) > MAX_TEXT:
        raise TooLarge(f"{field} has {len(value)} characters, at most {MAX_TEXT} are allowed", field=field)
    if not is_visible(value):
        raise BadInput(f"{field} must hold at least one visible character", field=field)
    return value


def name_field(value: Any, field: str) -> str:
    """A user, channel or message name: 1 to `MAX_NAME` characters."""
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{field} must be a non-empty string", field=field)
    if len(value) > MAX_NAME:
        raise TooLarge(f"{field} has {len(value)} characters, at most {MAX_NAME} are allowed", field=field)
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise BadInput(f"{field} must be valid Unicode", field=field)
    return value


def seconds(value: Any, field: str = "timestamp") -> float:
    """Epoch seconds from a number, an ISO 8601 string or a `datetime`; naive times are UTC.

    >>> seconds("1970-01-01T00:01:00Z")
    60.0
    """
    problem = BadInput(f"{field} must be epoch seconds, an ISO 8601 string or a datetime", field=field)
    if isinstance(value, bool):
        raise problem
    if isinstance(value, int | float):
        # Compared before converting: an integer may lie beyond the range of floats. NaN fails the comparison as well.
        if not -1e11 <= value <= 1e11:
            raise BadInput(f"{field} must be finite epoch seconds (not milliseconds)", field=field)
        return float(value)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise problem from error
    if not isinstance(value, datetime):
        raise problem
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()

"""A chat message on its way through the pipeline: checked once, then trusted, and how much it hurts to lose it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, cast

from hikari.errors import BadInput, TooLarge
from hikari.memory.sources import is_bot, is_command
from hikari.sentiment.messages import chat_message

MAX_ROLES = 32
AHEAD_S = 60.0
"""A message that claims to be of a later time than this ahead of the clock is taken as of now: trends and memories of years to come would
outweigh everything that is said until then."""
MAX_ROLE = 64
_MOST_ROLES = f"roles must be at most {MAX_ROLES} names of at most {MAX_ROLE} characters"
_QUESTION = re.compile(
    r"\w.*\?|^\W*(?:who|what|when|where|why|how|which|whose|can|could|would|will|do|does|did|are|is|have|has|should|may)\s+\w+\s+\w",
    re.IGNORECASE | re.DOTALL,
)


class Priority(IntEnum):
    """What goes first when the queue is full; `QUESTION` and `PAID` never go."""

    NOISE = 0
    """Bots and commands to them."""
    ORDINARY = 1
    NOTABLE = 2
    """Moderators, subscribers, and whoever names the VTuber without asking."""
    QUESTION = 3
    PAID = 4


@dataclass(frozen=True, slots=True)
class StreamMessage:
    """One accepted message; `timestamp` in epoch seconds."""

    id: str | int | None
    channel: str
    username: str
    text: str
    timestamp: float
    roles: tuple[str, ...] = ()
    paid: bool = False
    context: Mapping[str, Any] | None = None
    signals: Mapping[str, Any] | None = None
    """What the analytics are to count instead of what the text model finds: `sentiment`, `emotion`, `toxicity`, `question`."""

    def row(self) -> dict[str, Any]:
        """The message as the analyser takes it."""
        return {
            "id": self.id, "channel": self.channel, "username": self.username, "text": self.text, "timestamp": self.timestamp,
            "roles": self.roles, "paid": self.paid, "context": self.context,
        }  # fmt: skip


def stream_message(row: Any, now: float, *, channel: str = "default") -> StreamMessage:
    """Check a row as it comes over the wire; `now` and `channel` stand in for what it lacks. Raises `BadInput`, `TooLarge`.

    >>> stream_message({"username": "ann", "text": "hi"}, 60.0).timestamp
    60.0
    """
    if not isinstance(row, Mapping):
        raise BadInput("a message must be an object", field="message")
    given = cast("Mapping[str, Any]", row)
    if given.get("type", "message") != "message":
        raise BadInput("type must be message", field="type")
    checked = chat_message(given if "channel" in given else {**given, "channel": channel}, now)
    context: Any = given.get("context")
    roles: Any = given.get("roles", context.get("roles") if context else None) or ()
    if len(roles) > MAX_ROLES or not all(isinstance(role, str) and len(role) <= MAX_ROLE for role in roles):
        raise TooLarge(_MOST_ROLES, field="roles")
    # A lone surrogate is no character; JSON can carry it, a file cannot.
    text = checked.text if checked.text.isascii() else checked.text.encode(errors="ignore").decode()
    return StreamMessage(
        checked.id,
        checked.channel,
        checked.username,
        text,
        checked.timestamp,
        tuple(cast("Iterable[str]", roles)),
        checked.paid,
        context,
    )


def timely(message: StreamMessage, now: float) -> StreamMessage:
    """The message with a time that can be believed."""
    return message if message.timestamp <= now + AHEAD_S else replace(message, timestamp=now)


def echoed_id(row: Any) -> str | int | None:
    """The row's own id, where it is one that can be repeated."""
    value = cast("Mapping[str, Any]", row).get("id") if isinstance(row, Mapping) else None
    if isinstance(value, str):
        return value if value.isprintable() and 0 < len(value) <= 256 else None
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 2**63 else None


class Triage:
    """How much it hurts to lose a message, as far as that shows before any model has read it; `names` are the VTuber's."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        words = sorted({re.escape(name.strip().lstrip("@")) for name in names if name.strip()}, key=len, reverse=True)
        self._names = re.compile(rf"(?<!\w)@?(?:{'|'.join(words)})(?!\w)", re.IGNORECASE) if words else None

    def priority(self, message: StreamMessage) -> Priority:
        """The priority of one message.

        >>> Triage(["Mika"]).priority(stream_message({"username": "ann", "text": "how are you?"}, 0.0)).name
        'QUESTION'
        """
        if message.paid:
            return Priority.PAID
        if is_command(message.text) or is_bot(message.username, {"roles": message.roles}):
            return Priority.NOISE
        if _QUESTION.search(message.text):
            return Priority.QUESTION
        if message.roles or (self._names is not None and self._names.search(message.text)):
            return Priority.NOTABLE
        return Priority.ORDINARY

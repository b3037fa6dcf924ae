# pyright: reportUnnecessaryIsInstance=false
# Events come over the wire: their declared types are what is checked here.
"""What happens in a stream, as the analytics see it: one chat message, with the text model's signals where there is one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hikari.errors import BadInput, TooLarge
from hikari.fields import MAX_NAME, MAX_TEXT, name_field, seconds, text_field

EMOTIONS = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
EMOTION_INDEX = {name: index for index, name in enumerate(EMOTIONS)}
MAX_VIEWERS = 1e9
_FIRST_TIME, _LAST_TIME = -1e11, 1e11  # as in `fields.seconds`: beyond lie milliseconds


@dataclass(frozen=True, slots=True)
class ChatEvent:
    """One chat message at `timestamp` (epoch seconds); a signal that nobody computed is None.

    `sentiment` -1..1, `emotion` one of `EMOTIONS`, `toxicity` 0..1. Checked by `check_event`, not here: millions are made.
    """

    timestamp: float
    username: str
    message: str
    sentiment: float | None = None
    emotion: str | None = None
    toxicity: float | None = None
    question: bool | None = None


def chat_event(row: Mapping[str, Any]) -> ChatEvent:
    """The event of a row in the replay format, `{"timestamp", "username", "message"}` and perhaps signals. Raises `BadInput`.

    >>> chat_event({"timestamp": "1970-01-01T00:01:00Z", "username": "ann", "message": "hi"}).timestamp
    60.0
    """
    event = ChatEvent(
        timestamp=seconds(row.get("timestamp")),
        username=name_field(row.get("username"), "username"),
        message=text_field(row.get("message"), "message"),
        sentiment=row.get("sentiment"),
        emotion=row.get("emotion"),
        toxicity=row.get("toxicity"),
        question=row.get("question"),
    )
    check_event(event)
    return event


def viewer_count(row: Mapping[str, Any]) -> float | None:
    """The viewers that a row of the replay format states, None when it states none. Raises `BadInput`."""
    value = row.get("viewer_count")
    return None if value is None else check_viewers(value)


def check_event(event: ChatEvent) -> None:
    """Raise `BadInput` when a window cannot count this event; NaN fails every comparison here."""
    if (
        isinstance(event.timestamp, bool)
        or not isinstance(event.timestamp, float | int)
        or not _FIRST_TIME <= event.timestamp <= _LAST_TIME
    ):
        raise BadInput("timestamp must be finite epoch seconds (not milliseconds)", field="timestamp")
    username, message = event.username, event.message
    if not isinstance(username, str) or not username or len(username) > MAX_NAME or not username.isascii() or username.isspace():
        name_field(username, "username")
    if not isinstance(message, str):
        raise BadInput("message must be a string", field="message")
    if len(message) > MAX_TEXT:
        raise TooLarge(f"message has {len(message)} characters, at most {MAX_TEXT} are allowed", field="message")
    if event.question is not None and not isinstance(event.question, bool):
        raise BadInput("question must be true, false or absent", field="question")
    if event.sentiment is None and event.emotion is None and event.toxicity is None:
        return
    if event.sentiment is not None and not _within(event.sentiment, -1.0):
        raise BadInput("sentiment must be a number from -1 to 1", field="sentiment")
    if event.emotion is not None and (not isinstance(event.emotion, str) or event.emotion not in EMOTION_INDEX):
        raise BadInput(f"emotion must be one of {', '.join(EMOTIONS)}", field="emotion")
    if event.toxicity is not None and not _within(event.toxicity, 0.0):
        raise BadInput("toxicity must be a number from 0 to 1", field="toxicity")


def check_viewers(value: Any) -> float:
    """A number of viewers, 0 to `MAX_VIEWERS`. Raises `BadInput`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_VIEWERS:
        raise BadInput(f"viewer_count must be a number from 0 to {MAX_VIEWERS:.0f}", field="viewer_count")
    return float(value)


def _within(value: Any, low: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= 1.0

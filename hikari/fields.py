# pyright: reportUnnecessaryIsInstance=false
# Values come over the wire: their declared types are what is checked here.
"""Checking single values that callers hand in: texts, names and times, or an error that names the field."""

import unicodedata
from datetime import UTC, datetime
from typing import Any

from hikari.errors import BadInput, TooLarge

MAX_TEXT = 20_000
"""Characters accepted in one message; longer input is refused, not cut, so that nobody believes it was read."""
MAX_NAME = 256

_INVISIBLE = frozenset({"Cf", "Mn", "Me", "Zs", "Zl", "Zp"})


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


def clean_characters(text: str) -> str:
    """Drop what no reader sees (control and formatting characters, lone surrogates); white space becomes one space.

    >>> clean_characters("a\\x00b\\u202e  c")
    'ab c'
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    return " ".join("".join(map(_kept, text)).split())


def is_visible(text: str) -> bool:
    """Whether a reader would see anything: more than white space, joiners and combining marks.

    >>> is_visible("\u200d \ufe0f"), is_visible("a")
    (False, True)
    """
    return any(unicodedata.category(character) not in _INVISIBLE for character in clean_characters(text))


def _kept(character: str) -> str:
    if unicodedata.category(character)[0] != "C" or character == "\u200d":
        return character  # the joiner holds emoji together
    return " " if character.isspace() else ""

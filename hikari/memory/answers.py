# pyright: reportUnnecessaryIsInstance=false
# Cursors come from callers: their declared type is what is checked here.
"""What a retrieval gives back: a list of dicts that knows how to go on."""

import base64
import binascii
import struct
from collections.abc import Iterable, Sequence
from typing import Any

from hikari.errors import BadInput
from hikari.memory import keys

MAX_PAGED = 1_000
"""Memories that one chain of pages may give."""
_HEAD = struct.Struct(">8sd")


class Page(list[dict[str, Any]]):
    """Memories, best first. `cursor` asks for those after them; None when there are no more."""

    def __init__(self, rows: Iterable[dict[str, Any]] = (), cursor: str | None = None) -> None:
        super().__init__(rows)
        self.cursor = cursor


def write_cursor(question: str, time: float, given: Sequence[int]) -> str:
    """A cursor: for which question, the time at which the first page was ranked, and what was given already.

    The rows are named, not counted, so that what is stored or deleted between two pages neither repeats nor skips any.
    """
    body = _HEAD.pack(keys.of_name(question, 8), time) + struct.pack(f">{len(given)}Q", *given)
    return base64.urlsafe_b64encode(body).decode().rstrip("=")


def read_cursor(cursor: str, question: str) -> tuple[float, tuple[int, ...]]:
    """The time and the rows of a cursor. Raises `BadInput` when it is none, or one of another question."""
    problem = BadInput("cursor must be one that came with the page before", field="cursor")
    if not isinstance(cursor, str) or len(cursor) > 16 * MAX_PAGED:
        raise problem
    try:
        body = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise problem from error
    if len(body) < _HEAD.size or (len(body) - _HEAD.size) % 8:
        raise problem
    mark, time = _HEAD.unpack_from(body)
    if mark != keys.of_name(question, 8):
        raise BadInput("cursor belongs to another query: repeat query, channel and filters as they were", field="cursor")
    if not abs(time) <= 1e11:
        raise problem
    return time, struct.unpack(f">{(len(body) - _HEAD.size) // 8}Q", body[_HEAD.size :])

"""Recorded streams: JSON lines `{"timestamp", "username", "message"}`, perhaps with `viewer_count`, `id`, `channel`, `roles`, `paid`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from hikari.analytics.events import viewer_count
from hikari.errors import BadInput, HikariError
from hikari.stream.messages import StreamMessage, stream_message

MAX_LINE = 1_000_000


@dataclass(frozen=True, slots=True)
class Recorded:
    """One row: a message with the viewers that it states, or why there is none; `line` counts from 1."""

    line: int
    message: StreamMessage | None
    viewers: float | None = None
    error: HikariError | None = None


def read_recording(source: Path) -> Iterator[Recorded]:
    """The rows of a file in its order. A row without an id is known by its line. Raises `BadInput` when there is no such file."""
    if not source.is_file():
        raise BadInput(f"no file {source}", field="STREAM")
    with source.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield parse_row(number, line)


def parse_row(number: int, line: bytes) -> Recorded:
    """The row of one line; never raises.

    >>> parse_row(7, b'{"timestamp": 1.0, "username": "ann", "message": "hi"}').message.id
    7
    """
    try:
        if len(line) > MAX_LINE:
            raise BadInput(f"line {number} is longer than {MAX_LINE} bytes")
        try:
            row: Any = json.loads(line)
        except (UnicodeDecodeError, ValueError, RecursionError) as error:
            raise BadInput(f"line {number} is not valid JSON in UTF-8") from error
        if not isinstance(row, dict):
            raise BadInput(f"line {number} must be a JSON object")
        given = cast("dict[str, Any]", row)
        if given.get("timestamp") is None:
            raise BadInput(f"line {number} has no timestamp", field="timestamp")
        wire = {name: given[name] for name in ("username", "timestamp", "channel", "roles", "paid") if name in given}
        wire["id"] = given["id"] if given.get("id") is not None else number
        wire["text"] = given.get("message", given.get("text"))
        # What is missing cannot be the present time: a recording knows its own.
        return Recorded(number, stream_message(wire, 0.0), viewer_count(given))
    except HikariError as error:
        return Recorded(number, None, error=error)


def pieces(rows: Iterator[Recorded], most: int, window_s: float) -> Iterator[list[Recorded]]:
    """The rows in runs of at most `most`, each within `window_s` of stream time."""
    piece: list[Recorded] = []
    start = 0.0
    for row in rows:
        at = start if row.message is None else row.message.timestamp
        if piece and (len(piece) >= most or not 0 <= at - start <= window_s):
            yield piece
            piece = []
        if not piece:
            start = at
        piece.append(row)
    if piece:
        yield piece

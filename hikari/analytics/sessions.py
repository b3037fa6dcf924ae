"""Numbering a channel's streams when nobody says when one starts: a long enough silence ends it."""

import math
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any, Self

from hikari.errors import BadInput, BadStore

STREAM_GAP_S = 3600.0
"""The same silence that starts a new stream in `windows.py`."""
KEPT_STARTS = 64
STATE_VERSION = 1


class Sessions:
    """The number of the stream that a time belongs to, from 0 upwards.

    Times may come late: one that lies before the current stream is given the stream that was running then, or, in a pause, the one
    before it. Raises `BadInput`.
    """

    def __init__(self, gap_s: float = STREAM_GAP_S) -> None:
        if not (math.isfinite(gap_s) and gap_s > 0):
            raise BadInput("the gap must be a finite number of seconds over 0", field="gap_s")
        self._gap = gap_s
        self._starts: list[float] = []
        self._first = 0
        """The number of the oldest start that is kept."""
        self._last = -math.inf

    def number(self, timestamp: float) -> int:
        """The stream of a message or other sign of life at this time."""
        if self._last < timestamp:
            if timestamp - self._last >= self._gap:
                self.start(timestamp)
            self._last = timestamp
            return self._first + len(self._starts) - 1
        return self._first + max(bisect_right(self._starts, timestamp) - 1, 0)

    def start(self, timestamp: float) -> int:
        """A stream is known to start now, whatever the silence before it; its number."""
        if not math.isfinite(timestamp):
            raise BadInput("the timestamp must be finite epoch seconds", field="timestamp")
        if not self._starts or timestamp > self._starts[-1]:
            self._starts.append(timestamp)
            self._last = max(self._last, timestamp)
            if len(self._starts) > KEPT_STARTS:
                del self._starts[0]
                self._first += 1
        return self.number(timestamp)

    def restart(self) -> None:
        """The times until now were wrong: the next one, however early, starts a stream with a number of its own."""
        self._first += len(self._starts)
        self._starts, self._last = [], -math.inf

    def current(self) -> tuple[int, float] | None:
        """Number and start of the latest stream, or None before the first."""
        return (self._first + len(self._starts) - 1, self._starts[-1]) if self._starts else None

    def state(self) -> dict[str, Any]:
        """Plain values for msgpack."""
        return {
            "v": STATE_VERSION,
            "gap": self._gap,
            "starts": self._starts[:],
            "first": self._first,
            "last": self._last if self._starts else None,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The numbering that `state` was made of. Raises `BadStore`."""
        try:
            if state["v"] != STATE_VERSION:
                raise BadStore(f"stream numbers have version {state['v']!r}, this one reads {STATE_VERSION}")
            made = cls(float(state["gap"]))
            made._starts = [float(start) for start in state["starts"]]
            made._first = int(state["first"])
            made._last = -math.inf if state["last"] is None else float(state["last"])
        except (KeyError, TypeError, ValueError, BadInput) as error:
            raise BadStore("the stream numbers are damaged") from error
        return made

"""The event clock of one channel: which timestamps are believed, so that one bad clock can neither end a stream nor silence it.

The clock is the newest timestamp accepted. What lies at most `STREAM_GAP_S` ahead of it and at most `reach_s` behind it is accepted.
Further ahead, an event is held until somebody vouches for it: a second source (another chatter, or the viewer counter) that agrees
within `STREAM_GAP_S`, or `HELD` events of one source with nothing accepted in between (a lonely tester after days), or the caller's
arrival clock, which vouches for everything that is not ahead of it. Then the clock moves and the held events count as well.
Further behind, an event is too late, with two exceptions that let a wrong clock be put back: the clock rests on one source alone that
nobody confirmed (then witnesses as above move it), or the arrival clock says that the event clock itself lies in the future.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hikari.analytics.events import ChatEvent
from hikari.errors import BadStore

STREAM_GAP_S = 3_600.0
"""Silence after which the next message begins a new stream; what is further ahead needs a witness."""
CLOCK_SKEW_S = 60.0
"""How far ahead of the arrival clock a timestamp may be and still be vouched for by it."""
HELD = 3


class Late(StrEnum):
    """Why an event was not counted, or not yet."""

    TOO_LATE = "too_late"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Reading:
    """A number of viewers at a time (epoch seconds)."""

    timestamp: float
    viewers: float


Item = ChatEvent | Reading


@dataclass(frozen=True, slots=True)
class Moved:
    """The clock was moved: `released` (oldest first) count now, before the event at hand; `back`: all that was counted is void."""

    released: tuple[Item, ...]
    back: bool


class EventClock:
    """Decides over timestamps, in epoch seconds; `reach_s` is how far back the owner can still count."""

    __slots__ = ("_held", "_only_source", "_reach_s", "newest", "settled")

    def __init__(self, reach_s: float) -> None:
        self.newest: float | None = None
        self.settled = False
        """Nothing is held and the clock was confirmed: then an event that is neither ahead nor behind needs no `admit`."""
        self._reach_s = reach_s
        self._only_source: int | None = None
        self._held: list[tuple[int, Item]] = []

    def admit(self, source: int, item: Item, now: float | None) -> Late | Moved | None:
        """None: accepted. `source` is the key of whoever stamped `item`; `now` the arrival clock, None where there is none."""
        timestamp = item.timestamp
        vouched = now is not None and timestamp <= now + CLOCK_SKEW_S
        if self.newest is None:
            self._accept(timestamp, None if vouched else source)
            return None
        if timestamp > self.newest + STREAM_GAP_S:
            return self._move([], item, None) if vouched else self._hold(source, item)
        if timestamp < self.newest - self._reach_s:
            if vouched and now is not None and self.newest > now + STREAM_GAP_S:
                return self._move([], item, None)
            return Late.TOO_LATE if self._only_source is None else self._hold(source, item)
        self._accept(timestamp, None if vouched or source != self._only_source else source)
        return None

    def start(self, timestamp: float, source: int) -> bool:
        """Let an operator set the clock forward to `timestamp`; False, and nothing done, when that is out of reach.

        A jump still waits for a second source to confirm it: a slip of the hand must not silence the channel either.
        """
        if self.newest is not None and timestamp < self.newest - self._reach_s:
            return False
        self._accept(timestamp, source if self.newest is None or timestamp > self.newest + STREAM_GAP_S else None)
        return True

    def forget(self, source: int, by: int) -> None:
        """Drop what `source` said and is still held; where the clock rests on it, on `by`."""
        self._held = [(who, item) for who, item in self._held if who != source]
        if self._only_source == source:
            self._only_source = by
        self.settled = self._only_source is None and not self._held

    def state(self) -> dict[str, Any]:
        """Everything but the reach, for `from_state`. Held messages (at most `HELD` - 1) are in it as text."""
        held = [[source, _fields(item)] for source, item in self._held]
        return {"newest": self.newest, "only_source": self._only_source, "held": held}

    @classmethod
    def from_state(cls, state: dict[str, Any], reach_s: float) -> "EventClock":
        """The clock that gave `state`. Raises `BadStore`."""
        made = cls(reach_s)
        try:
            newest, only_source = state["newest"], state["only_source"]
            made.newest = None if newest is None else float(newest)
            made._only_source = None if only_source is None else int(only_source)
            made._held = [(int(source), _item(fields)) for source, fields in state["held"]]
        except (KeyError, TypeError, ValueError) as error:
            raise BadStore("the state of an event clock is damaged") from error
        if (made.newest is not None and not math.isfinite(made.newest)) or len(made._held) >= HELD:
            raise BadStore("the state of an event clock is damaged")
        made.settled = made.newest is not None and made._only_source is None and not made._held
        return made

    def _accept(self, timestamp: float, only_source: int | None) -> None:
        self.newest = timestamp if self.newest is None else max(self.newest, timestamp)
        self._held, self._only_source = [], only_source
        self.settled = only_source is None

    def _hold(self, source: int, item: Item) -> Late | Moved:
        timestamp = item.timestamp
        agreeing = [(who, held) for who, held in self._held if abs(held.timestamp - timestamp) <= STREAM_GAP_S]
        alone = all(who == source for who, _ in agreeing)
        if alone and len(agreeing) + 1 < HELD:
            self._held, self.settled = [*agreeing, (source, item)], False
            return Late.AHEAD
        return self._move([held for _, held in agreeing], item, source if alone else None)

    def _move(self, held: list[Item], item: Item, only_source: int | None) -> Moved:
        back = self.newest is not None and item.timestamp < self.newest
        self.newest = None if back else self.newest
        for each in (*held, item):
            self._accept(each.timestamp, only_source)
        return Moved(tuple(sorted(held, key=lambda one: one.timestamp)), back)


def _fields(item: Item) -> list[Any]:
    if isinstance(item, Reading):
        return [item.timestamp, item.viewers]
    return [item.timestamp, item.username, item.message, item.sentiment, item.emotion, item.toxicity, item.question]


def _item(fields: list[Any]) -> Item:
    return Reading(*fields) if len(fields) == 2 else ChatEvent(*fields)

"""One channel's last four hours in event time: a ring of minutes, each with twelve five-second slots.

A message counts in its own minute, out of order or not, while the ring holds that minute; gaps are minutes without messages. What the
clock believes is told in `clock`. A stream begins when it is said to, or with the first message after `STREAM_GAP_S` of silence.
"""

import math
from typing import Any

import numpy as np

from hikari.analytics.clock import STREAM_GAP_S, EventClock, Item, Late, Moved, Reading
from hikari.analytics.events import ChatEvent, check_event, check_viewers
from hikari.analytics.minutes import MINUTE_S, SLOT_S, SLOTS, Minute
from hikari.analytics.sketches import SeenFilter, name_key, stable_hash
from hikari.analytics.words import word_code
from hikari.errors import BadInput, BadStore
from hikari.fields import seconds

RING_MINUTES = 240
MAX_STREAMS = 16
OPEN_MINUTES = 8
"""Minutes whose samples are kept ready for more messages; older ones are packed."""
REACH_MINUTES = 10
"""How many minutes back the features of a minute may look (`features`): a late message makes that many later ones stale."""
MAX_BYTES = 10_000_000
"""A channel at its worst: over 1,024 chatters, 256 texts and 256 words in each minute, a million chatters in the stream (tested)."""
VIEWER_COUNT = "viewer_count"
STATE_VERSION = 1

_COUNTS = ("messages", "out_of_order", "too_late", "ahead", "streams")
_VIEWER_SOURCE = stable_hash("\x00viewer_count")  # no chatter's name: it begins with a NUL
_OPERATOR = stable_hash("\x00operator")


class StreamWindows:
    """The windows of one channel. For one thread at a time; no call reads a clock."""

    def __init__(self) -> None:
        self._messages, self._out_of_order, self._too_late, self._ahead, self._streams = 0, 0, 0, 0, 0
        self._clock = EventClock((RING_MINUTES - 1) * MINUTE_S)
        self._ring: list[Minute | None] = [None] * RING_MINUTES
        self._current: Minute | None = None
        self._open: list[Minute] = []
        self._starts: list[float] = []
        self._told = False
        self._alive: float | None = None
        self._seen = SeenFilter()
        self.turned_back = 0
        """How often the clock was put back since this object was made, and all that was counted became void."""

    def add(self, event: ChatEvent, now: float | None = None) -> Late | None:
        """Count a message: None, or why not (yet). `now` is the arrival clock, if there is one. Raises `BadInput`, changing nothing."""
        check_event(event)
        key, clock, current, timestamp = name_key(event.username), self._clock, self._current, event.timestamp
        # The common case, without asking the clock: in order, in a minute that already talks, with nothing in doubt.
        newest = clock.newest
        in_order = newest is not None and timestamp >= newest and clock.settled
        if in_order and current is not None and timestamp // MINUTE_S == current.number and current.messages:
            clock.newest = self._alive = timestamp
            if current.add(event, key, int(timestamp // SLOT_S) % SLOTS) and self._seen.add(key):
                current.first_time += 1
            self._messages += 1
            return None
        late = self._admit(key, event, now)
        if late is None:
            self._count(event, key)
        return late

    def record(self, metric: str, value: float, timestamp: float, now: float | None = None) -> Late | None:
        """Note a reading of `metric` (`viewer_count`), else as `add`. It neither begins a stream nor keeps one alive."""
        if metric != VIEWER_COUNT:
            raise BadInput(f"metric must be {VIEWER_COUNT}", field="metric")
        reading = Reading(seconds(timestamp), check_viewers(value))
        late = self._admit(_VIEWER_SOURCE, reading, now)
        if late is None:
            self._note(reading)
        return late

    def start_stream(self, timestamp: float) -> None:
        """The operator's word that a stream begins at `timestamp`: from here on, everybody is new. Raises `BadInput`."""
        timestamp = seconds(timestamp)
        if self._starts and timestamp <= self._starts[-1]:
            if timestamp < self._starts[-1]:
                raise BadInput("a stream must start after the one before it", field="timestamp")
            self._told = True
            return
        if not self._clock.start(timestamp, _OPERATOR):
            raise BadInput(f"a stream cannot start over {RING_MINUTES} minutes before the newest message", field="timestamp")
        self._begin(timestamp)
        self._told = True

    @property
    def counts(self) -> dict[str, int]:
        """Since the channel began: messages counted, those of them out of order, events too late, events held or refused, streams."""
        return {name: getattr(self, f"_{name}") for name in _COUNTS}

    @property
    def newest(self) -> float | None:
        """The newest event time accepted, in epoch seconds."""
        return self._clock.newest

    @property
    def stream_start(self) -> float | None:
        """Epoch seconds at which the current stream began: as told, else its first message."""
        return self._starts[-1] if self._starts else None

    @property
    def stream_chatters(self) -> int:
        """Distinct chatters of the current stream (`SeenFilter` states the error)."""
        return self._seen.size

    def start_minute(self, minute: int) -> int | None:
        """The first minute of the stream that `minute` belongs to, None when none had begun."""
        return next((first for start in reversed(self._starts) if (first := int(start // MINUTE_S)) <= minute), None)

    def holds(self, number: int) -> bool:
        """Whether minute `number` (epoch seconds // 60) is not too old for the ring."""
        return self._clock.newest is None or number > self._clock.newest // MINUTE_S - RING_MINUTES

    def minute(self, number: int) -> Minute | None:
        """The minute `number`, None when nothing happened in it or it is too old."""
        return self.span(number, number)[0]

    def span(self, first: int, last: int) -> list[Minute | None]:
        """The minutes from `first` to `last`, both included, as `minute` gives them."""
        newest = self._clock.newest
        oldest = last + 1 if newest is None else int(newest // MINUTE_S) - RING_MINUTES + 1
        found = ((number, self._ring[number % RING_MINUTES]) for number in range(first, last + 1))
        return [minute if minute is not None and minute.number == number >= oldest else None for number, minute in found]

    def count_at(self, timestamp: float) -> int:
        """Messages so far in the five-second slot that holds `timestamp`."""
        current, number = self._current, timestamp // MINUTE_S
        minute = current if current is not None and current.number == number else self.minute(int(number))
        return 0 if minute is None else minute.slots[int(timestamp // SLOT_S) % SLOTS]

    def rates(self, until: float, slots: int = 120) -> np.ndarray:
        """Messages per second in the `slots` complete five-second slots before `until`: float64 (slots,), oldest first, 0 in gaps."""
        end = int(seconds(until, "until") // SLOT_S)
        if not 1 <= slots <= RING_MINUTES * SLOTS:
            raise BadInput(f"slots must be from 1 to {RING_MINUTES * SLOTS}", field="slots")
        first = (end - slots) // SLOTS
        counts: list[int] = []
        for minute in self.span(first, (end - 1) // SLOTS):
            counts.extend([0] * SLOTS if minute is None else minute.slots)
        begin = end - slots - first * SLOTS
        return np.array(counts[begin : begin + slots], dtype=np.float64) / SLOT_S

    def messages(self, until: float, count: int = 30) -> np.ndarray:
        """Messages in the `count` complete minutes before `until`: float64 (count,), oldest first, 0 in gaps."""
        end = int(seconds(until, "until") // MINUTE_S)
        if not 1 <= count <= RING_MINUTES:
            raise BadInput(f"count must be from 1 to {RING_MINUTES}", field="count")
        return np.array(
            [0 if minute is None else minute.messages for minute in self.span(end - count, end - 1)], dtype=np.float64
        )

    def forget(self, username: str) -> None:
        """Let nothing here lead back to `username`: its key is replaced by one that belongs to no name; the counts stay.

        Until the next stream begins, bits of the key stay in the filter of chatters, from which no name can be read.
        """
        key = name_key(username)
        by = stable_hash(f"\x00forgotten {key}")
        for minute in self._ring:
            if minute is not None:
                minute.replace_chatter(key, by)
        self._clock.forget(key, by)
        name_key.cache_clear()
        word_code.cache_clear()

    def state(self) -> dict[str, Any]:
        """Everything, as plain values for msgpack; rows of features are computed anew."""
        minutes = [minute.state() for minute in self._ring if minute is not None and self.holds(minute.number)]
        return {
            "version": STATE_VERSION,
            "counts": self.counts,
            "clock": self._clock.state(),
            "starts": list(self._starts),
            "told": self._told,
            "alive": self._alive,
            "seen": self._seen.state(),
            "minutes": minutes,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "StreamWindows":
        """The windows that gave `state`. Raises `BadStore`."""
        if not isinstance(state, dict) or state.get("version") != STATE_VERSION:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise BadStore(f"the state of the stream windows is not of version {STATE_VERSION}")
        made = cls()
        try:
            for name in _COUNTS:
                setattr(made, f"_{name}", int(state["counts"][name]))
            made._starts = [float(start) for start in state["starts"]][-MAX_STREAMS:]
            made._told, alive = bool(state["told"]), state["alive"]
            made._alive = None if alive is None else float(alive)
            made._clock = EventClock.from_state(state["clock"], (RING_MINUTES - 1) * MINUTE_S)
            made._seen = SeenFilter.from_state(state["seen"])
            minutes = [Minute.from_state(each) for each in state["minutes"]]
        except (KeyError, TypeError, ValueError) as error:
            raise BadStore("the state of the stream windows is damaged") from error
        last = -math.inf if made.newest is None else made.newest // MINUTE_S
        if any(minute.number > last for minute in minutes) or (made._alive is None) != (not made._starts):
            raise BadStore("the state of the stream windows is damaged: its parts do not fit together")
        for minute in minutes:
            made._ring[minute.number % RING_MINUTES] = minute
        made._current = max(minutes, key=lambda minute: minute.number, default=None)
        made._open = [] if made._current is None else [made._current]
        return made

    def _admit(self, source: int, item: Item, now: float | None) -> Late | None:
        """Ask the clock, and make the item's minute ready when it is accepted."""
        verdict = self._clock.admit(source, item, now)
        if isinstance(verdict, Late):
            self._too_late += verdict is Late.TOO_LATE
            self._ahead += verdict is Late.AHEAD
            return verdict
        if verdict is not None:
            self._move(verdict)
        self._open_minute(item.timestamp)
        return None

    def _move(self, moved: Moved) -> None:
        if moved.back:
            self.turned_back += 1
            self._ring = [None] * RING_MINUTES
            self._current, self._open, self._starts, self._alive = None, [], [], None
        self._ahead -= len(moved.released)
        for item in moved.released:
            self._open_minute(item.timestamp)
            if isinstance(item, Reading):
                self._note(item)
            else:
                self._count(item, name_key(item.username))

    def _open_minute(self, timestamp: float) -> None:
        number = int(timestamp // MINUTE_S)
        minute = self._ring[number % RING_MINUTES]
        if minute is None or minute.number != number:
            minute = self._ring[number % RING_MINUTES] = Minute(number)
            self._keep_open(minute)
        if self._current is None or number > self._current.number:
            self._current = minute

    def _keep_open(self, minute: Minute) -> None:
        self._open.append(minute)
        while len(self._open) > OPEN_MINUTES:
            oldest = self._open.pop(0)
            if oldest is self._current:
                self._open.append(oldest)
            else:
                oldest.pack()

    def _count(self, event: ChatEvent, key: int) -> None:
        """Count an accepted message, whose minute is ready."""
        timestamp = event.timestamp
        minute = self._ring[int(timestamp // MINUTE_S) % RING_MINUTES]
        if minute is None:
            raise RuntimeError("a message came before its minute was opened")
        if self._alive is None or timestamp > self._alive:
            if self._alive is None or timestamp - self._alive > STREAM_GAP_S:
                self._begin(timestamp)
            self._alive = timestamp
        elif timestamp < self._alive:
            self._out_of_order += 1
            self._start_earlier(timestamp)
        if minute is not self._current:
            if minute.is_packed:
                self._keep_open(minute)
            self._stale_after(minute.number)
        # Who wrote before the stream's start belongs to the stream before it, whose filter is gone.
        if minute.add(event, key, int(timestamp // SLOT_S) % SLOTS) and timestamp >= self._starts[-1] and self._seen.add(key):
            minute.first_time += 1
        self._messages += 1

    def _note(self, reading: Reading) -> None:
        minute = self._ring[int(reading.timestamp // MINUTE_S) % RING_MINUTES]
        if minute is None:
            raise RuntimeError("a reading was noted before its minute was opened")
        minute.add_viewers(reading.viewers)
        self._stale_after(minute.number)

    def _start_earlier(self, timestamp: float) -> None:
        """A stream that nobody announced begins with its first message, even when that one comes out of order."""
        earlier = self._starts[-2] if len(self._starts) > 1 else -math.inf
        if not self._told and earlier < timestamp < self._starts[-1] <= timestamp + STREAM_GAP_S:
            self._starts[-1] = timestamp

    def _stale_after(self, number: int) -> None:
        if self._current is not None and number < self._current.number:
            for later in range(number + 1, number + 1 + REACH_MINUTES):
                minute = self._ring[later % RING_MINUTES]
                if minute is not None:
                    minute.row = None

    def _begin(self, timestamp: float) -> None:
        self._starts = [*self._starts[1 - MAX_STREAMS :], float(timestamp)]
        self._told, self._seen = False, SeenFilter()
        self._alive = timestamp if self._alive is None else max(self._alive, timestamp)
        self._streams += 1

"""The profiles of the viewers who are writing now: a few microseconds a message, and bounded.

Who has not written for long has to leave (`profile_rows.py`): the state goes to `on_evict` and comes back through `load` when the viewer
writes again, so that a channel may have far more viewers than fit into memory.
"""

import logging
import math
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Self

from hikari.analytics.cohorts import Cohorts
from hikari.analytics.events import ChatEvent
from hikari.analytics.profile_rows import USED_CHANGED, Evicted, ProfileRows, packed, unpacked
from hikari.analytics.profiles import (
    DAY_BITS,
    DAY_S,
    HISTORY_STEP_S,
    STREAM_BITS,
    Profile,
    add_point,
    add_topic,
    add_visit,
)
from hikari.errors import BadStore

STATE_VERSION = 1
PACE_S = 10.0
FLOOD_PACE = 5.0
"""A message is part of a flood when it and the faded ones before it amount to this: about one every two seconds, kept up."""
_RECENT = 0.1
_RECENT_TOXICITY = 0.2
LONG_MESSAGE = 24
"""Characters from which a message that two people write counts as copied; short ones are simply common."""
COPIES_KEPT = 512
_NEVER = -(1 << 62)
"""The day of somebody who has not been counted yet."""

_log = logging.getLogger(__name__)

Load = Callable[[str], Mapping[str, Any] | None]


class HotProfiles(ProfileRows):
    """A bounded set of viewer profiles of one channel.

    `capacity` rows at most. `load(name)` gives a state that was evicted before, or None; `on_evict(name, state)` gets the state of a
    viewer who has to leave, unless `take_changed` has handed it out since it last changed. Errors of either
    leave all as it was. Events are taken as checked (`events.check_event`). Raises `BadInput`.
    """

    def __init__(self, capacity: int = 12_000, *, on_evict: Evicted | None = None, load: Load | None = None) -> None:
        super().__init__(capacity, on_evict)
        self.cohorts = Cohorts()
        self._load = load
        self._copies: dict[int, int] = {}
        self._older_copies: dict[int, int] = {}

    def add(self, event: ChatEvent, stream: int = 0, *, emote: bool = False, topic: int | None = None) -> None:
        """Count one message, in any order of time.

        `stream` is the number of the stream in the channel (`sessions.py`), `emote` whether the message has an emote or emoji, `topic`
        the id of its topic when there is one. A question is what `event.question` says, else a question mark.
        """
        message, time = event.message, event.timestamp
        row = self._rows.get(event.username)
        if row is None:
            row = self._admit(event.username, time)
        self._flags[row] = USED_CHANGED
        self._messages[row] += 1
        self._characters[row] += len(message)
        if emote:
            self._emotes[row] += 1
        if "?" in message if event.question is None else event.question:
            self._questions[row] += 1
        if "@" in message:
            self._mentions[row] += 1
        if stream != self._stream[row] or time // DAY_S != self._day[row]:
            self._visit(row, stream, int(time // DAY_S))
        self._follow(row, message, time)
        if event.sentiment is not None or event.toxicity is not None or topic is not None:
            self._note(row, event, topic)

    def get(self, name: str) -> Profile | None:
        """The profile of a viewer, hot or loaded for this one look; None when there is none."""
        row = self._rows.get(name)
        if row is not None:
            return self._profile(row)
        return self._loaded(name)

    def state(self) -> dict[str, Any]:
        """All hot viewers and the cohorts as plain values; the memory of copied messages, a few minutes' worth, is not in it."""
        return {
            "v": STATE_VERSION,
            "cohorts": self.cohorts.state(),
            "viewers": {name: profile.state() for name, profile in self.items()},
        }

    @classmethod
    def from_state(
        cls, state: Mapping[str, Any], capacity: int = 12_000, *, on_evict: Evicted | None = None, load: Load | None = None
    ) -> Self:
        """The set that `state` was made of. Raises `BadStore`, `BadInput`."""
        made = cls(capacity, on_evict=on_evict, load=load)
        try:
            if state["v"] != STATE_VERSION:
                raise BadStore(f"viewer profiles have version {state['v']!r}, this one reads {STATE_VERSION}")
            for name, profile in dict(state["viewers"]).items():
                made.put(name, Profile.from_state(profile))
            made.cohorts = Cohorts.from_state(state["cohorts"])
        except (KeyError, TypeError, ValueError) as error:
            raise BadStore("the viewer profiles are damaged") from error
        return made

    def _visit(self, row: int, stream: int, day: int) -> None:
        before = self._stream[row], self._streams[row], self._stream_mask[row]
        after = add_visit(before, stream, STREAM_BITS) if before[1] else (stream, 1, 1)
        if after != before:
            self._stream[row], self._streams[row], self._stream_mask[row] = after
            self.cohorts.arrived(before, after)
        count = self._days[row]
        days = add_visit((self._day[row], count, self._day_mask[row]), day, DAY_BITS) if count else (day, 1, 1)
        self._day[row], self._days[row], self._day_mask[row] = days

    def _follow(self, row: int, message: str, time: float) -> None:
        """Times, pace and repetition."""
        gap = time - self._last_seen[row]
        pace = self._pace[row]
        if gap > 0:
            self._last_seen[row] = time
            pace *= math.exp(-gap / PACE_S)
        elif time < self._first_seen[row]:
            self._first_seen[row] = time
        self._pace[row] = pace = pace + 1.0
        flood = self._flood_recent[row]
        if flood or pace >= FLOOD_PACE:
            self._flood_recent[row] = flood + _RECENT * ((pace >= FLOOD_PACE) - flood)
        mark = zlib.crc32(message.encode("utf-8", "surrogatepass"))
        repeated = mark == self._last_message[row]
        self._last_message[row] = mark
        if len(message) >= LONG_MESSAGE:
            author = self._copies.get(mark)
            if author is None:
                author = self._older_copies.get(mark, row)
                self._remember_copy(mark, author)
            repeated = repeated or author != row
        share = self._repeat_recent[row]
        if repeated:
            self._repeats[row] += 1
            self._repeat_recent[row] = share + _RECENT * (1.0 - share)
        elif share:
            self._repeat_recent[row] = share - _RECENT * share

    def _remember_copy(self, mark: int, author: int) -> None:
        self._copies[mark] = author
        if len(self._copies) >= COPIES_KEPT:
            self._copies, self._older_copies = {}, self._copies

    def _note(self, row: int, event: ChatEvent, topic: int | None) -> None:
        """What only a text model or a topic model can say."""
        if event.sentiment is not None:
            self._sentiment_sum[row] += event.sentiment
            self._sentiments[row] += 1
            self._note_history(row, event.timestamp, event.sentiment)
        if event.toxicity is not None:
            self._toxicity_sum[row] += event.toxicity
            self._toxicities[row] += 1
            recent = self._toxicity_recent[row]
            self._toxicity_recent[row] = recent + _RECENT_TOXICITY * (event.toxicity - recent)
        if topic is not None:
            self._topics[row] = tuple(add_topic(self._topics[row], topic))

    def _note_history(self, row: int, time: float, sentiment: float) -> None:
        points = self._history[row]
        if points and points[-3] == time // HISTORY_STEP_S:
            self._history[row] = points = points[:]  # whoever was handed the old one reads it as it was
            points[-1] += 1.0
            points[-2] += (sentiment - points[-2]) / points[-1]
            return
        self._history[row] = packed(add_point(unpacked(points), time, sentiment))

    def _loaded(self, name: str) -> Profile | None:
        state = self._load(name) if self._load else None
        try:
            return None if state is None else Profile.from_state(state)
        except BadStore as error:
            # One damaged row must not keep a viewer's messages from being counted for ever.
            _log.warning("a viewer begins anew: %s", error.message)
            return None

    def _admit(self, name: str, time: float) -> int:
        known = self._loaded(name)
        row = self._seat(name)
        if known is not None:
            self._write(row, known)
        else:
            self._first_seen[row] = self._last_seen[row] = time
            self._day[row] = _NEVER
        return row

"""Who comes back: numbers per stream that need no list of viewers.

A viewer's visits are a bit mask (`profiles.py`). On the first message in a stream the mask tells which earlier streams the viewer was
in, so the overlaps of streams are counted exactly as people arrive, for a few integers a stream. Late arrivals correct the streams
after them. The numbers are anonymous: forgetting a viewer leaves them as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from hikari.analytics.profiles import Visits
from hikari.errors import BadInput, BadStore

KEPT_STREAMS = 32
REACH = 12
"""Earlier streams that a stream is compared with."""
STATE_VERSION = 1


@dataclass(slots=True)
class Cohort:
    """One stream: its viewers who wrote, those who never had before, and overlaps with earlier streams.

    `also_in[j - 1]` counts the viewers who were in the stream j before; `recent[k - 1]` those who were in any of the k before.
    """

    viewers: int
    first_time: int
    also_in: list[int]
    recent: list[int]


class Cohorts:
    """Counts of the last `KEPT_STREAMS` streams of a channel, by stream number."""

    def __init__(self) -> None:
        self._streams: dict[int, Cohort] = {}

    def arrived(self, before: Visits, after: Visits) -> None:
        """A viewer's visits went from `before` (count 0: none yet) to `after`."""
        if after[0] > before[0] or not before[1]:
            self._credit(after[0], after, 1)
            return
        # A late message: the viewer's whole contribution is counted anew.
        for visits, sign in ((before, -1), (after, 1)):
            last, count, mask = visits
            for age in range(min(mask.bit_length(), KEPT_STREAMS)):
                if mask >> age & 1:
                    newer = (mask & ((1 << age) - 1)).bit_count()
                    self._credit(last - age, (last - age, count - newer, mask >> age), sign)

    def _credit(self, stream: int, visits: Visits, sign: int) -> None:
        cohort = self._streams.get(stream)
        if cohort is None:
            newest = max(self._streams, default=stream)
            if stream <= newest - KEPT_STREAMS or sign < 0:
                return
            cohort = self._streams[stream] = Cohort(0, 0, [0] * REACH, [0] * REACH)
            for old in [number for number in self._streams if number <= stream - KEPT_STREAMS]:
                del self._streams[old]
        _, count, mask = visits
        cohort.viewers += sign
        cohort.first_time += sign if count <= 1 else 0
        earlier = (mask >> 1) & ((1 << REACH) - 1)
        nearest = (earlier & -earlier).bit_length()
        for back in range(REACH if earlier else 0):
            cohort.also_in[back] += sign if earlier >> back & 1 else 0
            cohort.recent[back] += sign if nearest <= back + 1 else 0

    def newest(self) -> int | None:
        """The number of the latest stream, or None before the first."""
        return max(self._streams, default=None)

    def summary(self, stream: int) -> dict[str, int]:
        """`viewers`, `first_time` and `returning` of one stream, zeros where nothing is known."""
        cohort = self._streams.get(stream)
        viewers, first = (cohort.viewers, cohort.first_time) if cohort else (0, 0)
        return {"viewers": viewers, "first_time": first, "returning": viewers - first}

    def seen_recently(self, stream: int, count: int) -> float | None:
        """Share of a stream's viewers who were in at least one of the `count` streams before it; None without viewers.

        Raises `BadInput`.
        """
        if not 1 <= count <= REACH:
            raise BadInput(f"the number of streams must be 1 to {REACH}", field="count")
        cohort = self._streams.get(stream)
        return cohort.recent[count - 1] / cohort.viewers if cohort and cohort.viewers else None

    def retention(self, stream: int) -> list[tuple[int, float]]:
        """For each earlier stream that is known: how many streams ago, and the share of its viewers who were back in `stream`."""
        cohort = self._streams.get(stream)
        if cohort is None:
            return []
        found = [(back, self._streams.get(stream - back)) for back in range(1, REACH + 1)]
        return [(back, cohort.also_in[back - 1] / old.viewers) for back, old in found if old is not None and old.viewers]

    def state(self) -> dict[str, Any]:
        """Plain values for msgpack."""
        rows = [
            [number, one.viewers, one.first_time, one.also_in[:], one.recent[:]] for number, one in sorted(self._streams.items())
        ]
        return {"v": STATE_VERSION, "streams": rows}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The counts that `state` was made of. Raises `BadStore`."""
        made = cls()
        try:
            if state["v"] != STATE_VERSION:
                raise BadStore(f"cohorts have version {state['v']!r}, this one reads {STATE_VERSION}")
            for number, viewers, first, also, recent in state["streams"]:
                if len(also) != REACH or len(recent) != REACH:
                    raise BadStore("a cohort has the wrong number of overlaps")
                made._streams[int(number)] = Cohort(int(viewers), int(first), [int(x) for x in also], [int(x) for x in recent])
        except (KeyError, TypeError, ValueError) as error:
            raise BadStore("the cohorts are damaged") from error
        return made

"""What is known of one viewer: counts, visits, tone and habits in a fixed number of values.

`Profile` is the readable form; thousands of them being written to live in the columns of `hot_profiles.py`, the rest wherever the
owner keeps `Profile.state()` (about 150 bytes in msgpack). The order in which messages arrive matters for nothing but the values that
follow the latest ones (`pace`, the `*_recent` shares, `last_message`) and the resolution of the sentiment history.

Visits are bit masks: bit i of `stream_mask` says that the viewer was in stream `stream - i`, bit i of `day_mask` the same for days
(UTC). So a late message is counted right as long as it is no older than the mask is wide; an older one adds no visit.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from math import isfinite
from typing import Any, Self

from hikari.errors import BadStore

STATE_VERSION = 1
DAY_S = 86_400
STREAM_BITS = 64
DAY_BITS = 32
HISTORY_POINTS = 8
HISTORY_STEP_S = 1800
"""Sentiments within half an hour share a point of the history."""
TOPIC_SLOTS = 6
"""Favourite topics that are counted, by the Space-Saving rule of Metwally et al. (2005): a newcomer takes the place and the count of
the least one, so a topic that really is frequent cannot be missed, and counts are too high by at most the least of them."""

COLUMNS = (
    ("messages", "I"),
    ("characters", "Q"),
    ("emotes", "I"),
    ("questions", "I"),
    ("mentions", "I"),
    ("repeats", "I"),
    ("first_seen", "d"),
    ("last_seen", "d"),
    ("stream", "q"),
    ("streams", "I"),
    ("stream_mask", "Q"),
    ("day", "q"),
    ("days", "I"),
    ("day_mask", "I"),
    ("sentiment_sum", "d"),
    ("sentiments", "I"),
    ("toxicity_sum", "d"),
    ("toxicities", "I"),
    ("toxicity_recent", "f"),
    ("pace", "f"),
    ("flood_recent", "f"),
    ("repeat_recent", "f"),
    ("last_message", "I"),
)
"""The values of a profile with their type codes of `array.array`, in the order of the state."""

Point = tuple[float, float, float]
"""Start of the half hour in epoch seconds, mean sentiment, number of messages."""
Visits = tuple[int, int, int]
"""Last ordinal seen, how many were seen, bit mask of those at and before the last."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One viewer's habits; times in epoch seconds, sentiments in -1..1, toxicities in 0..1."""

    messages: int
    characters: int
    emotes: int
    """Messages with at least one emote or emoji; the next three count messages as well."""
    questions: int
    mentions: int
    """Messages that address somebody with an @."""
    repeats: int
    """Messages equal to the viewer's last one, or to a long one that somebody else has just written."""
    first_seen: float
    last_seen: float
    stream: int
    streams: int
    stream_mask: int
    day: int
    days: int
    day_mask: int
    sentiment_sum: float
    sentiments: int
    """Messages whose sentiment is known; `toxicities` likewise."""
    toxicity_sum: float
    toxicities: int
    toxicity_recent: float
    """Exponentially weighted mean over the last messages (weight 0.2 each), as are `flood_recent` and `repeat_recent` (0.1)."""
    pace: float
    """Messages, each fading with a time constant of ten seconds, just after the last one."""
    flood_recent: float
    """Share of the last messages that were sent at a flood's pace."""
    repeat_recent: float
    last_message: int
    """CRC-32 of the last message, to know it again; no text is kept."""
    history: tuple[Point, ...] = field(default=())
    """Mean sentiment over time, oldest first, at most `HISTORY_POINTS`: finer for the recent past than for the far one."""
    topics: tuple[tuple[int, int], ...] = field(default=())
    """Topic id and count, most frequent first."""

    @property
    def mean_length(self) -> float:
        """Characters in a message."""
        return self.characters / self.messages if self.messages else 0.0

    @property
    def sentiment(self) -> float | None:
        """Mean sentiment, or None where none is known."""
        return self.sentiment_sum / self.sentiments if self.sentiments else None

    @property
    def toxicity(self) -> float | None:
        """Mean toxicity, or None where none is known."""
        return self.toxicity_sum / self.toxicities if self.toxicities else None

    def streak(self, current_stream: int) -> int:
        """Streams in a row up to the current one; a viewer who has not come to the current one yet keeps the streak of the last."""
        return 0 if current_stream - self.stream > 1 else trailing_ones(self.stream_mask)

    def seen_in_last(self, count: int, current_stream: int) -> int:
        """In how many of the last `count` streams the viewer was, the current one included; at most `STREAM_BITS` are known."""
        skipped = max(current_stream - self.stream, 0)
        return (self.stream_mask & ((1 << max(count - skipped, 0)) - 1)).bit_count()

    def merged(self, other: Self) -> Self:
        """One profile of both, for messages that were counted apart.

        Visits that lie before both masks are taken as the same ones, so a count of streams or days is never too high.
        """
        early, late = (self, other) if self.last_seen <= other.last_seen else (other, self)
        stream, streams, stream_mask = join_visits(
            (early.stream, early.streams, early.stream_mask), (late.stream, late.streams, late.stream_mask), STREAM_BITS
        )
        day, days, day_mask = join_visits((early.day, early.days, early.day_mask), (late.day, late.days, late.day_mask), DAY_BITS)
        counts = {
            name: getattr(early, name) + getattr(late, name)
            for name in ("messages", "characters", "emotes", "questions", "mentions", "repeats", "sentiments", "toxicities")
        }
        return type(self)(
            **counts,
            first_seen=min(early.first_seen, late.first_seen),
            last_seen=late.last_seen,
            stream=stream,
            streams=streams,
            stream_mask=stream_mask,
            day=day,
            days=days,
            day_mask=day_mask,
            sentiment_sum=early.sentiment_sum + late.sentiment_sum,
            toxicity_sum=early.toxicity_sum + late.toxicity_sum,
            toxicity_recent=late.toxicity_recent if late.toxicities else early.toxicity_recent,
            pace=late.pace,
            flood_recent=late.flood_recent,
            repeat_recent=late.repeat_recent,
            last_message=late.last_message,
            history=_join_history(early.history, late.history),
            topics=_join_topics(early.topics, late.topics),
        )

    def state(self) -> dict[str, Any]:
        """Plain values for msgpack, about 150 bytes there (at most 260)."""
        history = [part for time, mean, weight in self.history for part in (time / HISTORY_STEP_S, mean, weight)]
        return state_of([getattr(self, name) for name, _ in COLUMNS], history, self.topics)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The profile that `state` was made of. Raises `BadStore` for anything else."""
        try:
            if state["v"] != STATE_VERSION:
                raise BadStore(f"a viewer's profile has version {state['v']!r}, this one reads {STATE_VERSION}")
            values, packed, topics = state["n"], state["h"], state["t"]
            if len(values) != len(COLUMNS) or len(packed) % 12 or len(topics) % 2:
                raise BadStore("a viewer's profile has the wrong number of values")
            history = [(step * float(HISTORY_STEP_S), mean, weight) for step, mean, weight in struct.iter_unpack("<fff", packed)]
            pairs = [(int(topics[at]), int(topics[at + 1])) for at in range(0, len(topics), 2)]
            checked = [_checked(name, code, value) for (name, code), value in zip(COLUMNS, values, strict=True)]
        except (KeyError, TypeError, ValueError, struct.error) as error:
            raise BadStore("a viewer's profile is damaged") from error
        return cls(*checked, history=tuple(history[-HISTORY_POINTS:]), topics=tuple(pairs[:TOPIC_SLOTS]))


def state_of(values: list[Any], history: Sequence[float], topics: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """`Profile.state` of the values of `COLUMNS`, the points of the history (step, mean, weight, one after the other) and the topics."""
    return {
        "v": STATE_VERSION,
        "n": values,
        "h": struct.pack(f"<{len(history)}f", *history),
        "t": [part for pair in topics for part in pair],
    }


def add_visit(visits: Visits, ordinal: int, width: int) -> Visits:
    """The visits with one more at `ordinal`; a repeated one, or one older than the mask, changes nothing.

    >>> add_visit((3, 1, 0b1), 5, 64)
    (5, 2, 5)
    """
    last, count, mask = visits
    if ordinal > last:
        ahead = ordinal - last
        return ordinal, count + 1, ((mask << ahead) & ((1 << width) - 1) if ahead < width else 0) | 1
    bit = 1 << (last - ordinal) if last - ordinal < width else 0
    return (last, count + 1, mask | bit) if bit and not mask & bit else visits


def join_visits(one: Visits, other: Visits, width: int) -> Visits:
    """The visits of both; those that lie before the masks are taken as the same ones."""
    last = max(one[0], other[0])
    mask = 0
    before = 0
    for at, count, seen in (one, other):
        shifted = (seen << (last - at)) & ((1 << width) - 1) if last - at < width else 0
        mask |= shifted
        before = max(before, count - shifted.bit_count())
    return last, mask.bit_count() + before, mask


def trailing_ones(mask: int) -> int:
    """How many of the lowest bits are set without a gap.

    >>> trailing_ones(0b10111)
    3
    """
    return (mask ^ (mask + 1)).bit_length() - 1


def add_point(history: Sequence[Point], time: float, mean: float, weight: float = 1.0) -> list[Point]:
    """The history with one more mean in it, oldest first.

    Too many points make two neighbours one: those with the least distance in relation to their age, so that what is kept spreads
    evenly over the logarithm of the age and the first visit is not lost.
    """
    start = time // HISTORY_STEP_S * float(HISTORY_STEP_S)
    points = {at: (value, many) for at, value, many in history}
    value, many = points.get(start, (0.0, 0.0))
    points[start] = ((value * many + mean * weight) / (many + weight), many + weight)
    kept = [(at, *points[at]) for at in sorted(points)]
    while len(kept) > HISTORY_POINTS:
        latest = kept[-1][0] + HISTORY_STEP_S
        at = min(range(len(kept) - 1), key=lambda index: (kept[index + 1][0] - kept[index][0]) / (latest - kept[index][0]))
        (early, low, few), (late, high, more) = kept[at], kept[at + 1]
        total = few + more
        kept[at : at + 2] = [(late if more >= few else early, (low * few + high * more) / total, total)]
    return kept


def add_topic(topics: Sequence[tuple[int, int]], topic: int, count: int = 1) -> list[tuple[int, int]]:
    """The topics with `count` more of one, most frequent first; see `TOPIC_SLOTS`."""
    counts = dict(topics)
    if topic not in counts and len(counts) >= TOPIC_SLOTS:
        least = min(counts, key=lambda key: (counts[key], -key))
        counts[topic] = counts.pop(least)
    counts[topic] = counts.get(topic, 0) + count
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _join_history(early: Sequence[Point], late: Sequence[Point]) -> tuple[Point, ...]:
    joined: Sequence[Point] = early
    for point in late:
        joined = add_point(joined, *point)
    return tuple(joined)


def _join_topics(one: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    counts = dict(one)
    for topic, count in other:
        counts[topic] = counts.get(topic, 0) + count
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:TOPIC_SLOTS])


_LIMITS = {"I": (0, (1 << 32) - 1), "Q": (0, (1 << 64) - 1), "q": (-(1 << 63), (1 << 63) - 1)}


def _checked(name: str, code: str, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadStore(f"{name} in a viewer's profile is no number")
    if code in _LIMITS:
        low, high = _LIMITS[code]
        if not isinstance(value, int) or not low <= value <= high:
            raise BadStore(f"{name} in a viewer's profile is out of range")
    elif not isfinite(value):
        raise BadStore(f"{name} in a viewer's profile is not finite")
    return value


assert tuple(one.name for one in fields(Profile))[: len(COLUMNS)] == tuple(name for name, _ in COLUMNS)  # noqa: S101

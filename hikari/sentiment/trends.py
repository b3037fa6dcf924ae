"""Where the mood is going, for every viewer and for the whole channel.

Two exponentially weighted means of the score are kept, a fast and a slow one; weights fade with event time, not with the
number of messages, so that a flood of messages does not erase the last ten minutes. Their difference is the direction.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import TypeVar

FAST_HALF_LIFE_S = 60.0
SLOW_HALF_LIFE_S = 600.0
DEAD_ZONE = 0.08
"""Smaller differences between the two means are called steady: a single mild message must not turn the trend."""
MINIMUM_MESSAGES = 3

Key = TypeVar("Key")


@dataclass(slots=True)
class FadingMean:
    """A mean whose weights halve every `half_life_s` seconds of event time; late events get their faded weight."""

    half_life_s: float
    total: float = 0.0
    weight: float = 0.0
    at: float = -math.inf

    def add(self, value: float, at: float) -> None:
        """Take in `value` observed at `at` (epoch seconds); events may come out of order."""
        if at >= self.at:
            fade = self._fade(at - self.at)
            self.total, self.weight, self.at = self.total * fade + value, self.weight * fade + 1.0, at
        else:
            late = self._fade(self.at - at)
            self.total, self.weight = self.total + value * late, self.weight + late

    @property
    def value(self) -> float:
        """The mean, 0 before the first event."""
        return self.total / self.weight if self.weight > 0 else 0.0

    def _fade(self, seconds: float) -> float:
        return 0.5 ** (seconds / self.half_life_s) if seconds < 1000 * self.half_life_s else 0.0


class Trend:
    """The mood of one viewer or one channel."""

    __slots__ = ("_fast", "_slow", "messages")

    def __init__(self) -> None:
        self._fast = FadingMean(FAST_HALF_LIFE_S)
        self._slow = FadingMean(SLOW_HALF_LIFE_S)
        self.messages = 0

    def add(self, score: float, at: float) -> None:
        """Take in the aggregate score of one message."""
        self._fast.add(score, at)
        self._slow.add(score, at)
        self.messages += 1

    def as_dict(self) -> dict[str, float | str | int]:
        """`{mood, direction, messages}`: the recent mean score, rising|falling|steady, and how many messages it rests on."""
        change = self._fast.value - self._slow.value
        direction = "steady"
        if self.messages >= MINIMUM_MESSAGES and abs(change) > DEAD_ZONE:
            direction = "rising" if change > 0 else "falling"
        return {"mood": round(self._fast.value, 4), "direction": direction, "messages": self.messages}


class Trends:
    """Trends of all viewers and channels, with bounded memory: whoever was silent longest is forgotten first."""

    def __init__(self, max_users: int = 50_000, max_channels: int = 1_000) -> None:
        self._users: OrderedDict[tuple[str, str], Trend] = OrderedDict()
        self._channels: OrderedDict[str, Trend] = OrderedDict()
        self._max_users = max_users
        self._max_channels = max_channels

    def add(self, channel: str, username: str, score: float | None, at: float) -> dict[str, dict[str, float | str | int]]:
        """Take in one message; returns `{user_trend, global_trend}` with it counted. None: nobody knows its mood, and no trend changes."""
        user = _touch(self._users, (channel, username), self._max_users)
        everyone = _touch(self._channels, channel, self._max_channels)
        if score is not None:
            user.add(score, at)
            everyone.add(score, at)
        return {"user_trend": user.as_dict(), "global_trend": everyone.as_dict()}

    def knows(self, channel: str, username: str) -> bool:
        """Whether this viewer was heard in the channel."""
        return (channel, username) in self._users

    def forget_user(self, channel: str, username: str) -> bool:
        """Drop a viewer's trend; returns whether there was one."""
        return self._users.pop((channel, username), None) is not None

    def forget_everywhere(self, username: str) -> bool:
        """Drop a viewer's trends in all channels; returns whether there was one."""
        known = [key for key in self._users if key[1] == username]
        for key in known:
            del self._users[key]
        return bool(known)


def _touch(trends: "OrderedDict[Key, Trend]", key: Key, limit: int) -> Trend:
    trend = trends.get(key)
    if trend is None:
        trend = trends[key] = Trend()
        if len(trends) > limit:
            trends.popitem(last=False)
    else:
        trends.move_to_end(key)
    return trend

"""What a dashboard shows of a channel's last minute, kept from the events as they pass."""

import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hikari.sentiment.labels import EMOTION
from serving.hub import Frame

SECONDS = 60
MAX_CHANNELS = 1_000
MAX_NAMES = 2_000
"""Different chatters that are told apart in one second."""


@dataclass(slots=True)
class _Second:
    at: int
    messages: int = 0
    sentiment: float = 0.0
    toxicity: float = 0.0
    emotions: Counter[str] = field(default_factory=Counter[str])
    names: set[str] = field(default_factory=set[str])


class _Channel:
    def __init__(self) -> None:
        self.seconds: deque[_Second] = deque(maxlen=SECONDS)
        self.mood: dict[str, Any] = {"score": None, "direction": "steady"}
        self.hype: dict[str, Any] = {"active": False, "score": None}
        self.viewers: float | None = None


class Watch:
    """A tap of the hub; bounded: the channel that was silent longest goes first. `clock` only measures how long ago something was."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._channels: OrderedDict[str, _Channel] = OrderedDict()

    def __call__(self, frames: Sequence[Frame]) -> None:
        """Take events in."""
        for frame in frames:
            event = frame.event
            if event["type"] == "analysis":
                self._count(self._channel(event["channel"]), event)
            elif event["type"] == "alert" and event["kind"] in ("hype_start", "hype_end"):
                active = event["kind"] == "hype_start"
                self._channel(event["channel"]).hype = {
                    "active": active,
                    "score": event["detail"].get("score") if active else None,
                }

    def viewers(self, channel: str, count: float) -> None:
        """Note a reading of the viewer count."""
        self._channel(channel).viewers = count

    def forget_user(self, username: str, channel: str | None = None) -> None:
        """Drop a name; the counts stay."""
        for name, one in self._channels.items():
            if channel in (None, name):
                for second in one.seconds:
                    second.names.discard(username)

    def minute(self, channel: str) -> dict[str, Any]:
        """The `minute`, `mood` and `hype` of a snapshot."""
        one = self._channels.get(channel) or _Channel()
        oldest = int(self._clock()) - SECONDS
        seconds = [second for second in one.seconds if second.at > oldest]
        messages = sum(second.messages for second in seconds)
        emotions: Counter[str] = Counter()
        for second in seconds:
            emotions.update(second.emotions)
        return {
            "minute": {
                "messages": messages,
                "chatters": len(set().union(*(second.names for second in seconds))),
                "sentiment": round(sum(second.sentiment for second in seconds) / messages, 4) if messages else None,
                "emotions": {name: round(emotions[name] / messages, 4) if messages else 0.0 for name in EMOTION},
                "toxicity": round(sum(second.toxicity for second in seconds) / messages, 4) if messages else 0.0,
                "viewers": one.viewers,
            },
            "mood": one.mood,
            "hype": one.hype,
        }

    def _count(self, one: _Channel, event: dict[str, Any]) -> None:
        now = int(self._clock())
        if not one.seconds or one.seconds[-1].at != now:
            one.seconds.append(_Second(now))
        second = one.seconds[-1]
        second.messages += 1
        second.sentiment += event["sentiment"]["aggregate"]["score"]
        second.toxicity += event["toxicity"]["score"]
        second.emotions[event["emotion"]["primary"]] += 1
        if len(second.names) < MAX_NAMES:
            second.names.add(event["username"])
        trend = event["context"]["global_trend"]
        one.mood = {"score": trend["mood"], "direction": trend["direction"]}

    def _channel(self, name: str) -> _Channel:
        one = self._channels.get(name)
        if one is None:
            one = self._channels[name] = _Channel()
            if len(self._channels) > MAX_CHANNELS:
                self._channels.popitem(last=False)
        else:
            self._channels.move_to_end(name)
        return one

"""The mood of a channel's last minute, from the analyses that pass by: how fast the chat is, how it feels, what it feels."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SECONDS = 60


@dataclass(slots=True)
class _Second:
    at: int
    messages: int = 0
    score: float = 0.0
    emotions: Counter[str] = field(default_factory=Counter[str])


@dataclass(frozen=True, slots=True)
class Mood:
    """The last minute: `score` is the mean sentiment in -1..1, `emotion` the commonest one besides neutral with its share."""

    messages: int
    score: float
    direction: str
    emotion: str | None
    share: float


class Pulse:
    """Counts by the second, for a minute; `at` is the desk's clock, which does not go backwards."""

    def __init__(self) -> None:
        self._seconds: deque[_Second] = deque(maxlen=SECONDS)
        self._direction = "steady"

    def add(self, event: Mapping[str, Any], at: float) -> None:
        """Take in one `analysis` event."""
        second = int(at)
        if not self._seconds or self._seconds[-1].at < second:
            self._seconds.append(_Second(second))
        bucket = self._seconds[-1]
        bucket.messages += 1
        bucket.score += float(event["sentiment"]["aggregate"]["score"])
        bucket.emotions[str(event["emotion"]["primary"])] += 1
        self._direction = str(event["context"]["global_trend"]["direction"])

    def mood(self, now: float) -> Mood | None:
        """The mood at `now`; None when nobody wrote in the minute before."""
        recent = [second for second in self._seconds if now - SECONDS < second.at]
        messages = sum(second.messages for second in recent)
        if not messages:
            return None
        emotions = sum((second.emotions for second in recent), Counter[str]())
        emotions.pop("neutral", None)
        # Of equal counts the first in the alphabet: the order of arrival within a minute says nothing.
        emotion, count = min(emotions.items(), key=lambda pair: (-pair[1], pair[0]), default=(None, 0))
        score = sum(second.score for second in recent) / messages
        return Mood(messages, score, self._direction, emotion, count / messages)

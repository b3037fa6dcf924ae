"""What happened minute by minute, counted from the events themselves: the table that a replay writes."""

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hikari.analytics.events import EMOTIONS

MINUTE_S = 60.0
COLUMNS = (
    "channel", "minute", "messages", "chatters", "sentiment", *EMOTIONS, "toxicity", "toxic", "questions", "to_answer", "memories",
    "alerts", "viewers",
)  # fmt: skip


@dataclass(slots=True)
class _Minute:
    messages: int = 0
    chatters: set[str] = field(default_factory=set[str])
    sentiment: float = 0.0
    toxicity: float = 0.0
    emotions: Counter[str] = field(default_factory=Counter[str])
    counts: Counter[str] = field(default_factory=Counter[str])
    viewers: float | None = None


class MinuteTable:
    """Takes in events and readings; rows in the order of channel and time."""

    def __init__(self) -> None:
        self._minutes: dict[tuple[str, int], _Minute] = {}

    def __len__(self) -> int:
        return len(self._minutes)

    def add(self, event: Mapping[str, Any]) -> None:
        """Count an `analysis` or an `alert`."""
        if event["type"] not in ("analysis", "alert"):
            return
        minute = self._at(event["channel"], event["timestamp"])
        if event["type"] == "alert":
            minute.counts["alerts"] += 1
            return
        minute.messages += 1
        minute.chatters.add(event["username"])
        minute.sentiment += event["sentiment"]["aggregate"]["score"]
        minute.toxicity += event["toxicity"]["score"]
        minute.emotions[event["emotion"]["primary"]] += 1
        minute.counts["toxic"] += event["toxicity"]["is_toxic"]
        minute.counts["questions"] += event["context"]["question"]["asks"]
        minute.counts["to_answer"] += event["response_recommendation"]["respond"]
        memory = event["memory"]
        minute.counts["memories"] += memory is not None and "kept_out" not in memory

    def viewers(self, channel: str, timestamp: float, value: float) -> None:
        """The last reading of a minute stands."""
        self._at(channel, timestamp).viewers = value

    def csv(self) -> str:
        """The table with its header."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for (channel, number), minute in sorted(self._minutes.items()):
            share = [_mean(minute.emotions[name], minute.messages) for name in EMOTIONS]
            counts = minute.counts
            moods = [_mean(minute.sentiment, minute.messages), *share, _mean(minute.toxicity, minute.messages)]
            kinds = [counts[name] for name in ("toxic", "questions", "to_answer", "memories", "alerts")]
            seen = "" if minute.viewers is None else f"{minute.viewers:g}"
            writer.writerow([channel, int(number * MINUTE_S), minute.messages, len(minute.chatters), *moods, *kinds, seen])
        return out.getvalue()

    def _at(self, channel: str, timestamp: float) -> _Minute:
        return self._minutes.setdefault((channel, int(timestamp // MINUTE_S)), _Minute())


def _mean(total: float, count: int) -> str:
    return f"{total / count:.4f}" if count else ""

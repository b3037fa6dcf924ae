"""Alerts, made of what the analytics and the trends notice; in plain words, never a viewer's.

An alert is for people and engines: one an event, not one a message. `silent` ones are worth showing, not worth saying.
"""

from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hikari.stream.events import VERSION, Event
from hikari.stream.messages import StreamMessage

MAX_CHANNELS = 1_000
MOOD_MESSAGES = 20
"""A channel's mood turns no alert before it rests on so many messages."""
MOOD_COOL_DOWN_S = 120.0
RAID_WINDOW_S = 30.0
RAID_CHATTERS = 20
"""People who had not written in this stream and do so within `RAID_WINDOW_S` ..."""
RAID_FACTOR = 4.0
"""... when so many times the usual of the minutes before."""
RAID_SETTLED_S = 180.0
"""At the beginning of a stream everybody is new."""
RAID_COOL_DOWN_S = 300.0
_METRICS = {
    "chat_rate": "messages per minute", "unique_chatters": "the number of chatters", "sentiment": "the mood of the chat",
    "toxicity": "the share of toxic messages", "viewer_count": "the number of viewers",
}  # fmt: skip


@dataclass(slots=True)
class _Channel:
    direction: str = "steady"
    mood_from: float = 0.0
    stream: int = -1
    started: float = 0.0
    newcomers: deque[tuple[float, int]] = field(default_factory=deque[tuple[float, int]])
    raid_from: float = 0.0


class AlertDesk:
    """Looks at every analysis and says what is worth an alert; bounded memory, the same messages give the same alerts."""

    def __init__(self) -> None:
        self._channels: OrderedDict[str, _Channel] = OrderedDict()

    def look(self, message: StreamMessage, analysis: Mapping[str, Any], insights: Mapping[str, Any] | None) -> list[Event]:
        """The alerts that this message brings about."""
        known = self._channels.get(message.channel)
        if known is None:
            known = self._channels[message.channel] = _Channel()
            if len(self._channels) > MAX_CHANNELS:
                self._channels.popitem(last=False)
        found = self._mood(known, message, analysis)
        if insights is None or not insights.get("counted"):
            return found
        for moment in insights["hype"]:
            found.append(_hype(message.channel, moment))
        for alert in insights["alerts"]:
            found.append(_anomaly(message.channel, alert))
        raid = self._raid(known, message, insights)
        return found if raid is None else [*found, raid]

    def _mood(self, known: _Channel, message: StreamMessage, analysis: Mapping[str, Any]) -> list[Event]:
        trend = analysis["context"]["global_trend"]
        direction = trend["direction"]
        if direction == known.direction:
            return []
        if direction == "steady":
            known.direction = direction
            return []
        if trend["messages"] < MOOD_MESSAGES or message.timestamp < known.mood_from:
            return []
        known.direction, known.mood_from = direction, message.timestamp + MOOD_COOL_DOWN_S
        words = f"the mood of the chat is {direction} (now {trend['mood']:+.2f})"
        detail = {"direction": direction, "mood": trend["mood"], "messages": trend["messages"]}
        return [
            _alert("mood_shift", message.channel, message.timestamp, "medium" if direction == "falling" else "low", words, detail)
        ]

    def _raid(self, known: _Channel, message: StreamMessage, insights: Mapping[str, Any]) -> Event | None:
        at, total = message.timestamp, int(insights["stream_chatters"])
        seen = known.newcomers
        if insights["stream"] != known.stream:
            known.stream, known.started = insights["stream"], at
            seen.clear()
        if seen and total <= seen[-1][1]:
            return None
        seen.append((at, total))
        while len(seen) > 2 and at - seen[1][0] > RAID_SETTLED_S:
            seen.popleft()
        recent = total - next((count for when, count in reversed(seen) if at - when > RAID_WINDOW_S), seen[0][1])
        if recent < RAID_CHATTERS or at - known.started < RAID_SETTLED_S or at < known.raid_from:
            return None
        before = max(total - recent - seen[0][1], 0) / max(at - RAID_WINDOW_S - seen[0][0], RAID_WINDOW_S) * RAID_WINDOW_S
        if recent < RAID_FACTOR * max(before, 1.0):
            return None
        known.raid_from = at + RAID_COOL_DOWN_S
        words = f"many new people at once: {recent} within {RAID_WINDOW_S:.0f} seconds, {before:.0f} are usual"
        return _alert("raid", message.channel, at, "high", words, {"newcomers": recent, "usual": round(before, 1)})


def _hype(channel: str, moment: Mapping[str, Any]) -> Event:
    over = moment["end"] is not None
    words = (
        f"the hype is over after {moment['end'] - moment['start']:.0f} seconds: {moment['chatters']} people, {moment['messages']} messages"
        if over
        else f"the chat goes wild: {moment['chatters']} people, {moment['messages']} messages where {moment['usual']:.0f} are usual"
    )
    at = moment["end"] if over else moment["start"]
    kept = {name: value for name, value in moment.items() if name != "reason"}
    return _alert("hype_end" if over else "hype_start", channel, at, "low" if over else "medium", words, kept, silent=over)


def _anomaly(channel: str, alert: Mapping[str, Any]) -> Event:
    metric = alert["metric"]
    words = f"{_METRICS.get(metric, 'a recorded metric')} is unusual: {alert['value']:.4g}"
    why = [reason["text"] for reason in alert["why"]]
    detail = {"alert_id": alert["id"], "metric": metric, "value": alert["value"], "score": alert["score"], "why": why}
    severity = alert["severity"]
    return _alert("anomaly", channel, alert["timestamp"], severity, words, detail, silent=severity == "low", key=alert["id"])


def _alert(
    kind: str,
    channel: str,
    at: float,
    priority: str,
    words: str,
    detail: Mapping[str, Any],
    *,
    silent: bool = False,
    key: str = "",
) -> Event:
    return {
        "type": "alert",
        "v": VERSION,
        "id": f"{kind}:{channel}:{key or format(at, '.3f')}",
        "channel": channel,
        "timestamp": at,
        "kind": kind,
        "priority": priority,
        "silent": silent,
        "message": words,
        "detail": dict(detail),
    }

"""Everything that is counted for one channel, and how one message goes through it.

A pure function of what came in: the same messages in the same order give the same answers, live, in a replay and after a restart.
For one thread at a time; no call reads a clock.
"""

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from hikari.analytics import features
from hikari.analytics.anomaly import AnomalyDetector
from hikari.analytics.anomaly_types import Alert
from hikari.analytics.audiences import Audiences
from hikari.analytics.clips import Moment
from hikari.analytics.clock import Late
from hikari.analytics.cohorts import Cohorts
from hikari.analytics.cold_profiles import ColdProfiles
from hikari.analytics.config import AnalyticsConfig
from hikari.analytics.contents import Contents
from hikari.analytics.engagement_inputs import HISTORY, take_in
from hikari.analytics.engagement_norms import ChannelNorms
from hikari.analytics.events import ChatEvent
from hikari.analytics.hot_profiles import HotProfiles
from hikari.analytics.leaders import Leaders
from hikari.analytics.minutes import MINUTE_S
from hikari.analytics.moments import Moments
from hikari.analytics.profile_rows import Evicted
from hikari.analytics.sessions import Sessions
from hikari.analytics.topics import TopicModel
from hikari.analytics.windows import RING_MINUTES, StreamWindows
from hikari.analytics.words import EMOTE, word_code
from hikari.errors import BadInput, BadStore, NotFound

VERSION = 1
VIEWER_COUNT, CHAT_RATE = "viewer_count", "chat_rate"
DERIVED = {
    CHAT_RATE: "messages", "unique_chatters": "unique_chatters", "sentiment": "mean_sentiment", "toxicity": "toxic_share",
    "emote_share": "emote_share", VIEWER_COUNT: "viewers",
}  # fmt: skip
"""Metrics that every closed minute gives, with the feature each is read from."""
WATCHED = (CHAT_RATE, "unique_chatters", "sentiment", "toxicity", VIEWER_COUNT)
"""Those of them in which anomalies are looked for, besides every metric that is recorded."""
GRACE_S = 5.0
"""A minute is closed so long after its end, for messages that overtake each other."""
KEPT_MOMENTS, KEPT_ALERTS, MAX_METRICS = 200, 500, 200

Reading = tuple[str, float, float]
"""Metric, epoch seconds, value."""
Norms = Callable[[], ChannelNorms]


class Channel:
    """The state of one channel: `cold` are the viewers who have left, `on_evict` is told who leaves, `norms` makes those of the
    engagement model."""

    def __init__(
        self, name: str, config: AnalyticsConfig, *, cold: ColdProfiles, on_evict: Evicted, norms: Norms | None = None
    ) -> None:
        self.name, self.cold, self._config, self._on_evict = name, cold, config, on_evict
        self.windows = StreamWindows()
        self.sessions = Sessions()
        self.profiles = HotProfiles(config.hot_viewers, load=cold.load, on_evict=on_evict)
        self.chatters, self.emotes = Leaders(), Leaders()
        self.moments = Moments(config.moments)
        self.topics = TopicModel()
        self.audiences = Audiences()
        self.contents = Contents()
        self.norms = norms() if norms is not None else None
        self.detectors: dict[str, AnomalyDetector] = {}
        self.noticed: deque[dict[str, Any]] = deque(maxlen=KEPT_MOMENTS)
        """Hype moments that have ended, oldest first."""
        self.alerts: deque[dict[str, Any]] = deque(maxlen=KEPT_ALERTS)
        self.readings: list[Reading] = []
        """Not yet taken by the owner, who writes them down."""
        self._closed: int | None = None
        """The last minute that was closed."""
        self._due = -math.inf
        """No message before this time closes a minute."""
        self._turned_back = 0
        self._stream = -1

    def add(self, event: ChatEvent, now: float | None = None) -> dict[str, Any]:
        """Count a message; what it changed, in words and numbers. Raises `BadInput`, changing nothing."""
        late = self.windows.add(event, now)
        if late is not None:
            return {"counted": False, "reason": str(late)}
        if self.windows.turned_back != self._turned_back:
            self._turn_back()
        timestamp, username, message = event.timestamp, event.username, event.message
        stream = self.sessions.number(timestamp)
        if stream > self._stream:
            self._stream = stream
            self.chatters, self.emotes = Leaders(), Leaders()
        emotes = [word for word in message.split() if word_code(word) & EMOTE]
        self.profiles.add(event, stream, emote=bool(emotes), topic=self.topics.topic_of(message))
        self.chatters.add(username)
        for emote in emotes:
            self.emotes.add(emote)
        self.topics.add(timestamp, username, message)
        started = self.moments.add(timestamp, username, message, emote=bool(emotes))
        if started:
            self._take_moments(started)
        alerts = self._close_minutes() if self._due <= (self.windows.newest or timestamp) else []
        return {
            "counted": True,
            "stream": stream,
            "messages_in_slot": self.windows.count_at(timestamp),
            "stream_chatters": self.windows.stream_chatters,
            "hype": [asdict(moment) for moment in started],
            "alerts": alerts,
        }

    def record(self, metric: str, value: float, timestamp: float, now: float | None = None) -> Late | None:
        """Note a reading of a metric. `viewer_count` also enters the minutes' features. Raises `BadInput`."""
        if metric in DERIVED and metric != VIEWER_COUNT:
            raise BadInput(f"{metric} is derived from the chat and cannot be recorded", field="metric_name")
        if not math.isfinite(value):
            raise BadInput("the value must be finite", field="value")
        if metric == VIEWER_COUNT:
            late = self.windows.record(metric, value, timestamp, now)
            if late is None:
                self._close_minutes()
            return late
        if metric not in self.detectors and len(self.detectors) >= MAX_METRICS:
            raise BadInput(f"a channel has at most {MAX_METRICS} metrics", field="metric_name")
        self._reading(metric, timestamp, value)
        return None

    def advance(self, now: float) -> None:
        """Time passes without messages: moments end, minutes close."""
        self._take_moments(self.moments.advance(now))
        self._close_minutes(now)

    def feedback(self, alert_id: str, correct: bool) -> dict[str, Any]:
        """An operator's verdict on an alert; the metric's new threshold. Raises `NotFound`."""
        alert = next((one for one in self.alerts if one["id"] == alert_id), None)
        if alert is None:
            raise NotFound("no alert of the last ones has this id", field="alert_id")
        threshold = self.detectors[alert["metric"]].feedback(alert_id, correct)
        return {"metric": alert["metric"], "threshold": threshold}

    def take_readings(self) -> list[Reading]:
        """The metrics' new values, once."""
        taken, self.readings = self.readings, []
        return taken

    def rows(self, until: float, count: int = 30) -> np.ndarray:
        """See `features.rows`."""
        return features.rows(self.windows, until, count)

    def _take_moments(self, moments: list[Moment]) -> None:
        self.noticed.extend(asdict(moment) for moment in moments if moment.end is not None)

    def _turn_back(self) -> None:
        """The clock had run ahead and was put back: what was counted in that future is void, for it would make everything late."""
        self._turned_back = self.windows.turned_back
        self._closed, self._due = None, -math.inf
        self.moments = Moments(self._config.moments)
        self.sessions.restart()
        self.detectors = {metric: detector for metric, detector in self.detectors.items() if metric not in DERIVED}

    def _close_minutes(self, now: float | None = None) -> list[dict[str, Any]]:
        """Close the minutes that are over; the alerts that this raised."""
        newest = self.windows.newest
        if newest is None:
            return []
        last = features.last_minute((newest if now is None else max(newest, now)) - GRACE_S)
        if self._closed is None:
            self._closed = last if self.windows.start_minute(last) is None else last - 1
        # From a second before the next minute is due, so that rounding can make nobody late.
        self._due = (max(last, self._closed) + 2) * MINUTE_S + GRACE_S - 1.0
        if last <= self._closed:
            return []
        first = max(self._closed + 1, last - RING_MINUTES + 2)
        self._closed = last
        if self.windows.start_minute(last) is None:
            return []
        raised: list[dict[str, Any]] = []
        table = self.rows((last + 1) * MINUTE_S, last - first + 1)
        for number, row in enumerate(table, first):
            if row[features.INDEX["in_stream"]] > 0:
                raised += self._close(number * MINUTE_S, row)
        if self.norms is not None:
            # What is new is weighed against the minutes before it.
            take_in(self.norms, self.rows((last + 1) * MINUTE_S, min(RING_MINUTES, len(table) + HISTORY)), len(table))
        return raised

    def _close(self, start: float, row: np.ndarray) -> list[dict[str, Any]]:
        raised: list[dict[str, Any]] = []
        for metric, feature in DERIVED.items():
            value = float(row[features.INDEX[feature]])
            if metric != VIEWER_COUNT or row[features.INDEX["viewers_known"]] > 0:
                raised += self._reading(metric, start, value)
        return raised

    def _reading(self, metric: str, timestamp: float, value: float) -> list[dict[str, Any]]:
        if math.isfinite(value):
            self.readings.append((metric, timestamp, value))
        if metric in DERIVED and metric not in WATCHED:
            return []
        detector = self.detectors.get(metric)
        if detector is None:
            detector = self.detectors[metric] = AnomalyDetector(metric=metric)
        scored = detector.update(timestamp, value)
        if scored.alert is None:
            return []
        self.alerts.append(alert_row(scored.alert))
        return [self.alerts[-1]]

    def state(self) -> dict[str, Any]:
        """All but the profiles, which the owner keeps one by one, as plain values."""
        return {
            "v": VERSION,
            "name": self.name,
            "windows": self.windows.state(),
            "sessions": self.sessions.state(),
            "cohorts": self.profiles.cohorts.state(),
            "chatters": self.chatters.state(),
            "emotes": self.emotes.state(),
            "moments": self.moments.state(),
            "topics": self.topics.state(),
            "audiences": self.audiences.state(),
            "contents": self.contents.state(),
            "norms": None if self.norms is None else self.norms.state(),
            "detectors": {metric: detector.state() for metric, detector in self.detectors.items()},
            "noticed": list(self.noticed),
            "alerts": list(self.alerts),
            "closed": self._closed,
            "stream": self._stream,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the channel that `state` was taken of. Raises `BadStore`."""
        try:
            if state["v"] != VERSION:
                raise BadStore(f"a channel's analytics have version {state['v']!r}, this one reads {VERSION}")
            self.windows = StreamWindows.from_state(state["windows"])
            self.sessions = Sessions.from_state(state["sessions"])
            self.profiles = HotProfiles(self._config.hot_viewers, load=self.cold.load, on_evict=self._on_evict)
            self.profiles.cohorts = Cohorts.from_state(state["cohorts"])
            self.chatters, self.emotes = Leaders.from_state(state["chatters"]), Leaders.from_state(state["emotes"])
            self.moments = Moments.from_state(state["moments"])
            self.topics = TopicModel.from_state(state["topics"])
            self.audiences = Audiences.from_state(state["audiences"])
            self.contents = Contents.from_state(state["contents"])
            if self.norms is not None and state["norms"] is not None:
                self.norms = ChannelNorms.from_state(state["norms"], len(self.norms.snapshot().fast))
            self.detectors = {
                metric: AnomalyDetector.from_state(each, metric=metric) for metric, each in state["detectors"].items()
            }
            self.noticed = deque(state["noticed"], maxlen=KEPT_MOMENTS)
            self.alerts = deque(state["alerts"], maxlen=KEPT_ALERTS)
            self._closed, self._stream = state["closed"], int(state["stream"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadStore("the snapshot of a channel's analytics is damaged") from error


def alert_row(alert: Alert) -> dict[str, Any]:
    """An alert as plain values."""
    return {**asdict(alert), "why": [{**asdict(reason), "text": str(reason)} for reason in alert.why]}

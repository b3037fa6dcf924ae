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
from hikari.analytics.anomaly_fits import ForestFits
from hikari.analytics.anomaly_metrics import VERSION as ANOMALIES_VERSION
from hikari.analytics.anomaly_metrics import MetricAnomalies
from hikari.analytics.anomaly_types import Alert
from hikari.analytics.anomaly_wave import WaveConfig
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
from hikari.analytics.minutes import MILLIONTHS, MINUTE_S
from hikari.analytics.moments import Moments
from hikari.analytics.profile_rows import Evicted
from hikari.analytics.sessions import Sessions
from hikari.analytics.topics import TopicModel
from hikari.analytics.windows import RING_MINUTES, StreamWindows
from hikari.analytics.words import EMOTE, word_code
from hikari.errors import BadInput, BadStore

VERSION = 1
VIEWER_COUNT, CHAT_RATE, NEWCOMERS = "viewer_count", "chat_rate", "new_chatters"
DERIVED = {
    CHAT_RATE: "messages", "unique_chatters": "unique_chatters", NEWCOMERS: "first_time_chatters",
    "sentiment": "mean_sentiment", "toxicity": "toxic_share", "emote_share": "emote_share", VIEWER_COUNT: "viewers",
}  # fmt: skip
"""Metrics that every closed minute gives, with the feature each is read from."""
WATCHED = (CHAT_RATE, "unique_chatters", NEWCOMERS, "sentiment", "toxicity", VIEWER_COUNT)
"""Those of them in which anomalies are looked for, besides every metric that is recorded."""
DETECTORS = {NEWCOMERS: WaveConfig()}
"""Settings of detectors that are not the usual ones: a raid is a wave of people who had not written in this stream."""
GRACE_S = 5.0
"""A minute is closed so long after its end, for messages that overtake each other."""
KEPT_MOMENTS = 200

Reading = tuple[str, float, float]
"""Metric, epoch seconds, value."""
Span = tuple[float, float]
"""Start and end in epoch seconds."""
Norms = Callable[[], ChannelNorms]


class Channel:
    """The state of one channel: `cold` are the viewers who have left, `on_evict` is told who leaves, `norms` makes those of the
    engagement model, `fits` grows forests in the background."""

    def __init__(
        self,
        name: str,
        config: AnalyticsConfig,
        *,
        cold: ColdProfiles,
        on_evict: Evicted,
        norms: Norms | None = None,
        fits: ForestFits | None = None,
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
        self._fits = fits
        self.anomalies = MetricAnomalies(configs=DETECTORS, fits=fits)
        self.schedule: tuple[Span, ...] = ()
        """Planned streams."""
        self.noticed: deque[dict[str, Any]] = deque(maxlen=KEPT_MOMENTS)
        """Hype moments that have ended, oldest first."""
        self.readings: list[Reading] = []
        """Not yet taken by the owner, who writes them down."""
        self._closed: int | None = None
        """The last minute that was closed."""
        self._viewed = -1
        """The last minute without messages whose viewers were noted."""
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
        self._reading(metric, timestamp, value)
        return None

    def advance(self, now: float) -> None:
        """Time passes without messages: moments end, minutes close."""
        self._take_moments(self.moments.advance(now))
        self._close_minutes(now)

    def feedback(self, alert_id: str, correct: bool) -> dict[str, Any]:
        """An operator's verdict on an alert; the metric's new threshold. Raises `NotFound`."""
        metric, threshold = self.anomalies.feedback(alert_id, correct)
        return {"metric": metric, "threshold": threshold}

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
        self._closed, self._viewed, self._due = None, -1, -math.inf
        self.moments = Moments(self._config.moments)
        self.sessions.restart()
        self.anomalies.restart(DERIVED)

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
        span = self.windows.span(first, last)
        # Silence may be the end of the stream: its minutes wait until somebody writes again.
        said = max((one.number for one in span if one is not None and one.messages), default=first - 1)
        raised = self._close_talk(first, said) if said >= first else []
        self._closed = max(said, self._closed)
        for one in span:
            if one is not None and one.viewer_samples and one.number > max(said, self._viewed):
                # Who watches a silent stream is known at once, and so is who watches one that nobody writes in.
                self._viewed = one.number
                raised += self._reading(VIEWER_COUNT, one.number * MINUTE_S, one.viewer_sum / MILLIONTHS / one.viewer_samples)
        return raised

    def _close_talk(self, first: int, last: int) -> list[dict[str, Any]]:
        """Close the minutes from `first` to `last`, in which there was a message."""
        raised: list[dict[str, Any]] = []
        table = self.rows((last + 1) * MINUTE_S, last - first + 1)
        for number, row in enumerate(table, first):
            if row[features.INDEX["in_stream"]] > 0:
                raised += self._close(number, row)
        if self.norms is not None:
            # What is new is weighed against the minutes before it.
            take_in(self.norms, self.rows((last + 1) * MINUTE_S, min(RING_MINUTES, len(table) + HISTORY)), len(table))
        return raised

    def _close(self, number: int, row: np.ndarray) -> list[dict[str, Any]]:
        raised: list[dict[str, Any]] = []
        begins = bool(row[features.INDEX["minutes_since_start"]] == 0)
        for metric, feature in DERIVED.items():
            if metric != VIEWER_COUNT or (row[features.INDEX["viewers_known"]] > 0 and number > self._viewed):
                raised += self._reading(metric, number * MINUTE_S, float(row[features.INDEX[feature]]), begins=begins)
        return raised

    def _reading(self, metric: str, timestamp: float, value: float, begins: bool = False) -> list[dict[str, Any]]:
        watched = metric in WATCHED or metric not in DERIVED
        alert = self.anomalies.update(metric, timestamp, value, begins).alert if watched else None
        if math.isfinite(value):
            self.readings.append((metric, timestamp, value))
        return [] if alert is None else [alert_row(alert)]

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
            "anomalies": self.anomalies.state(),
            "schedule": [list(span) for span in self.schedule],
            "noticed": list(self.noticed),
            "closed": self._closed,
            "viewed": self._viewed,
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
            self.anomalies = MetricAnomalies.from_state(_anomalies(state), configs=DETECTORS, fits=self._fits)
            # Snapshots before there were plans have none.
            self.schedule = tuple((float(start), float(end)) for start, end in state.get("schedule", ()))
            self.noticed = deque(state["noticed"], maxlen=KEPT_MOMENTS)
            self._closed, self._stream = state["closed"], int(state["stream"])
            self._viewed = int(state.get("viewed", -1))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadStore("the snapshot of a channel's analytics is damaged") from error


def _anomalies(state: Mapping[str, Any]) -> Any:
    """The anomalies of a snapshot; older ones hold them in two parts."""
    if "anomalies" in state:
        return state["anomalies"]
    return {"version": ANOMALIES_VERSION, "detectors": state["detectors"], "alerts": state["alerts"]}


def alert_row(alert: Alert) -> dict[str, Any]:
    """An alert as plain values."""
    return {**asdict(alert), "why": [{**asdict(reason), "text": str(reason)} for reason in alert.why]}

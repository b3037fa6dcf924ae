"""The open analytics: channels, their store and journal, and what is done in the background; synchronous and thread-safe."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgpack  # pyright: ignore[reportMissingTypeStubs]

from hikari.analytics.channel import DERIVED, Channel
from hikari.analytics.config import AnalyticsConfig
from hikari.analytics.engagement import EngagementModel
from hikari.analytics.events import ChatEvent
from hikari.analytics.experiment_desk import ExperimentDesk
from hikari.analytics.insights import forget_user
from hikari.analytics.journal import Journal
from hikari.analytics.metric_series import MetricSeries, reading_change
from hikari.analytics.store import AnalyticsStore, Change
from hikari.analytics.store_keys import of_name
from hikari.errors import BadStore, HikariError, TooLarge

CHANNELS, STATE, PROFILES = "channels", "state", "profiles"
MAX_CHANNELS = 1_000
EVICTED_AT_ONCE = 20_000
"""Profiles that may wait for the next snapshot."""

_log = logging.getLogger(__name__)


class Keeper:
    """All channels. Every change is applied and noted under one lock; snapshots and flushes happen in one thread."""

    def __init__(
        self, store: AnalyticsStore, config: AnalyticsConfig, clock: Callable[[], float], model: EngagementModel | None = None
    ) -> None:
        self.store, self.config, self.clock, self.model = store, config, clock, model
        self.lock = threading.RLock()
        self.series = MetricSeries(store)
        self.experiments = ExperimentDesk(store)
        self.channels: dict[str, Channel] = {}
        self.newest: dict[tuple[str, str], float] = {}
        """Of each channel and metric, the time of the newest reading."""
        self._evicted: dict[tuple[str, str], dict[str, Any]] = {}
        self._changed: set[str] = set()
        self._upkeep = threading.Lock()
        self._stop = threading.Event()
        self._snapshot_at = -1e18
        self.journal = Journal(store)
        self._restore()
        self._thread: threading.Thread | None = None
        if config.background:
            self._thread = threading.Thread(target=self._run, name="hikari-analytics", daemon=True)
            self._thread.start()

    def channel(self, name: str) -> Channel:
        """The channel, made when it is new; with the lock held. Raises `TooLarge`."""
        found = self.channels.get(name)
        if found is None:
            if len(self.channels) >= MAX_CHANNELS:
                raise TooLarge(f"there are at most {MAX_CHANNELS} channels", field="channel")
            found = self.channels[name] = self._make(name)
        return found

    def add(self, channel: str, event: ChatEvent, now: float | None) -> dict[str, Any]:
        """Count a message. Raises `BadInput`, changing nothing."""
        with self.lock:
            noticed = self.channel(channel).add(event, now)
            self.journal.note(
                "e", channel, event.timestamp, event.username, event.message, event.sentiment, event.emotion, event.toxicity,
                event.question, now,
            )  # fmt: skip
            self._changed.add(channel)
        if len(self._evicted) >= EVICTED_AT_ONCE:
            self.snapshot()
        return noticed

    def record(self, channel: str, metric: str, value: float, timestamp: float, now: float | None) -> dict[str, Any]:
        """Note a reading of a metric."""
        with self.lock:
            late = self.channel(channel).record(metric, value, timestamp, now)
            self.journal.note("m", channel, metric, value, timestamp, now)
            self._changed.add(channel)
        return {"counted": late is None, **({} if late is None else {"reason": str(late)})}

    def change(self, channel: str, work: Callable[[Channel], Any]) -> Any:
        """A rare change that is on disk when this returns: it is applied, then a snapshot is taken."""
        with self.lock:
            answer = work(self.channel(channel))
            self._changed.add(channel)
        self.snapshot()
        return answer

    def touch(self, channel: str) -> None:
        """The channel has changed and belongs into the next snapshot; with the lock held."""
        self._changed.add(channel)

    def flush(self) -> None:
        """Write what came in and was not written yet. Raises `StoreFull`; nothing is lost then."""
        with self._upkeep:
            with self.lock:
                if not len(self.journal):
                    return
                taken, key = self.journal.take()
            try:
                self.journal.write(taken, key)
            except HikariError:
                with self.lock:
                    self.journal.give_back(taken, key)
                raise

    def snapshot(self) -> None:
        """Write the state of everything that changed, in one transaction, and empty the journal. Raises `StoreFull`."""
        with self._upkeep:
            with self.lock:
                changed, self._changed = self._changed, set()
                evicted, self._evicted = self._evicted, {}
                states = [(name, self.channels[name].state()) for name in sorted(changed)]
                profiles = {
                    (name, user): state for name in changed for user, state in self.channels[name].profiles.take_changed()
                }
                readings = [(name, reading) for name in changed for reading in self.channels[name].take_readings()]
                cut = self.journal.cut()
            changes: list[Change] = [("journal", key, None) for key in cut[0]]
            for name, state in states:
                changes += [(CHANNELS, of_name(name), name.encode()), (STATE, of_name(name), _packed(state))]
            for (name, user), state in {**evicted, **profiles}.items():
                changes.append((PROFILES, of_name(name) + of_name(user), _packed([user, state])))
            changes += [reading_change(name, *reading) for name, reading in readings]
            try:
                self.store.write(changes)
            except HikariError:
                with self.lock:
                    self._changed |= changed
                    self._evicted = {**evicted, **profiles, **self._evicted}
                    self.journal.undo_cut(*cut)
                    for name, reading in readings:
                        self.channels[name].readings.append(reading)
                raise
            for name, (metric, timestamp, _) in readings:
                self.newest[name, metric] = max(timestamp, self.newest.get((name, metric), timestamp))

    def maintain(self) -> None:
        """What is otherwise done in the background: snapshot, forecasts, old metrics."""
        self.snapshot()
        for channel, metric in self.series.stale(self.newest, self.config.refit_s):
            if self._stop.is_set():
                return
            self.series.fit(channel, metric)
        horizon = self.config.series_days * 86_400.0
        for (channel, metric), newest in list(self.newest.items()):
            expired = self.series.expired(channel, metric, newest - horizon)
            if expired:
                self.store.write(expired)

    def forget_user(self, username: str, channel: str | None) -> dict[str, Any]:
        """Remove a viewer from memory, snapshots, journal, profiles and experiments of one channel or of all; counts stay."""
        names = [channel] if channel is not None else sorted(self.channels)
        experiments = 0
        with self.lock:
            for name in names:
                one = self.channels.get(name)
                if one is None:
                    continue
                forget_user(
                    username, profiles=one.profiles, topics=one.topics, audiences=one.audiences, moments=one.moments,
                    leaders=(one.chatters, one.emotes),
                )  # fmt: skip
                one.windows.forget(username)
                self._evicted.pop((name, username), None)
                self._changed.add(name)
        for name in names:
            experiments += self.experiments.forget_user(name, username)
        self.snapshot()
        keys = [of_name(name) + of_name(username) for name in names]
        known = sum(self.store.get(PROFILES, key) is not None for key in keys)
        self.store.write((PROFILES, key, None) for key in keys)
        self.store.compact()
        return {"channels": len(names), "profiles": known, "experiments": experiments}

    def close(self) -> None:
        """Finish, write everything, let go. A second call does nothing."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        try:
            self.snapshot()
        finally:
            self.store.close()

    def _make(self, name: str) -> Channel:
        def load(user: str) -> Mapping[str, Any] | None:
            waiting = self._evicted.get((name, user))
            if waiting is not None:
                return waiting
            blob = self.store.get(PROFILES, of_name(name) + of_name(user))
            return None if blob is None else cast("Any", msgpack).unpackb(blob)[1]

        def evicted(user: str, state: dict[str, Any]) -> None:
            self._evicted[name, user] = state

        return Channel(name, self.config, load=load, on_evict=evicted, norms=None if self.model is None else self.model.norms)

    def _restore(self) -> None:
        for key, blob in self.store.scan(CHANNELS):
            name = blob.decode()
            state = self.store.get(STATE, key)
            made = self.channels[name] = self._make(name)
            if state is not None:
                try:
                    made.restore(cast("Any", msgpack).unpackb(state, strict_map_key=False))
                except (ValueError, msgpack.UnpackException) as error:
                    raise BadStore("a snapshot of the analytics is damaged") from error
            for metric in (*DERIVED, *made.detectors):
                times, _ = self.series.read(name, metric, since=made.windows.newest and made.windows.newest - 86_400.0)
                if len(times):
                    self.newest[name, metric] = float(times[-1])
        for entry in self.journal.entries():
            self._replay(entry)

    def _replay(self, entry: list[Any]) -> None:
        kind, channel, *rest = entry
        self._changed.add(channel)
        if kind == "e":
            timestamp, username, message, sentiment, emotion, toxicity, question, now = rest
            event = ChatEvent(timestamp, username, message, sentiment, emotion, toxicity, question)
            self.channel(channel).add(event, now)
        elif kind == "m":
            self.channel(channel).record(*rest)
        else:
            raise BadStore("the journal of the analytics has an unknown entry")

    def _run(self) -> None:
        due = time.monotonic() + self.config.snapshot_s
        while not self._stop.wait(self.config.journal_s):
            try:
                if time.monotonic() < due:
                    self.flush()
                    continue
                due = time.monotonic() + self.config.snapshot_s
                self._advance()
                self.maintain()
            except HikariError as error:
                _log.warning("the upkeep of the analytics failed and is tried again: %s", error.message)

    def _advance(self) -> None:
        """Streams that fell silent: their moments end and their minutes close."""
        now = self.clock()
        with self.lock:
            for name, channel in self.channels.items():
                newest = channel.windows.newest
                if newest is not None and newest <= now <= newest + 3600.0:
                    channel.advance(now)
                    self._changed.add(name)


def _packed(value: Any) -> bytes:
    return cast("bytes", cast("Any", msgpack).packb(value))

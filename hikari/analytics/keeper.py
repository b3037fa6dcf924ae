"""The open analytics: channels, their store and journal, and what is done in the background; synchronous and thread-safe."""

import threading
from collections.abc import Callable, Sequence
from typing import Any, cast

import msgpack  # pyright: ignore[reportMissingTypeStubs]

from hikari.analytics.anomaly_fits import ForestFits
from hikari.analytics.channel import DERIVED, Channel, Reading, Span
from hikari.analytics.cold_profiles import ColdProfiles
from hikari.analytics.config import AnalyticsConfig
from hikari.analytics.engagement import EngagementModel
from hikari.analytics.events import ChatEvent
from hikari.analytics.experiment_desk import ExperimentDesk
from hikari.analytics.insights import forget_user
from hikari.analytics.journal import TABLE as JOURNAL
from hikari.analytics.journal import Journal
from hikari.analytics.metric_series import MetricSeries, reading_change
from hikari.analytics.store import AnalyticsStore, Change
from hikari.analytics.store_keys import of_name
from hikari.analytics.upkeep import Upkeep
from hikari.errors import BadInput, BadStore, HikariError, StoreFull, TooLarge

CHANNELS, STATE = "channels", "state"
MAX_CHANNELS = 1_000
EVICTED_SOON, EVICTED_AT_ONCE = 10_000, 100_000
"""Profiles that may wait until the background takes a snapshot, and those that may wait at all."""
NOTED_AT_ONCE = 100_000
"""Entries of the journal that may wait to be written."""
KNOWN = "journal"
"""Where the state of a channel says how many entries of the journal it knows."""


class Keeper:
    """All channels. Every change is applied and noted under one lock; snapshots and flushes happen one at a time."""

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
        self._changed: set[str] = set()
        self._resting = 0
        """Profiles that wait for a snapshot, in all channels."""
        self._full: StoreFull | None = None
        """Why the last attempt to write failed, if it did."""
        self._writing = threading.Lock()
        self.journal = Journal(store)
        self.fits = ForestFits()
        self._upkeep: Upkeep | None = None
        self._restore()
        if config.background:
            self._upkeep = Upkeep(self)

    def add(self, channel: str, event: ChatEvent, now: float | None) -> dict[str, Any]:
        """Count a message. Raises `BadInput`, `TooLarge`, `StoreFull`, changing nothing."""
        if self._resting >= EVICTED_AT_ONCE or len(self.journal) >= NOTED_AT_ONCE:
            self._make_room()
        with self.lock:
            one = self.channels.get(channel) or self._new(channel)
            noticed = one.add(event, now)
            self.journal.note(
                ("e", channel, event.timestamp, event.username, event.message, event.sentiment, event.emotion, event.toxicity,
                 event.question, now)
            )  # fmt: skip
            if channel not in self._changed:
                self._keep(channel, one)
        return noticed

    def record(self, channel: str, metric: str, value: float, timestamp: float, now: float | None) -> dict[str, Any]:
        """Note a reading of a metric. Raises as `add`."""
        if len(self.journal) >= NOTED_AT_ONCE:
            self._make_room()
        with self.lock:
            one = self.channels.get(channel) or self._new(channel)
            late = one.record(metric, value, timestamp, now)
            self.journal.note(("m", channel, metric, value, timestamp, now))
            self._keep(channel, one)
        return {"counted": late is None, **({} if late is None else {"reason": str(late)})}

    def change(self, channel: str, work: Callable[[Channel], Any]) -> Any:
        """A rare change that is on disk when this returns: it is applied, then a snapshot is taken."""
        with self.lock:
            one = self.channels.get(channel) or self._new(channel)
            answer = work(one)
            self._keep(channel, one)
        self.snapshot()
        return answer

    def schedule(self, channel: str, spans: Sequence[Span]) -> None:
        """The channel's planned streams: on disk, and known to the next fit, when this returns. Raises `BadInput`, changing nothing."""

        def plan(one: Channel) -> None:
            self.series.schedule(channel, spans)
            one.schedule = tuple(spans)

        self.change(channel, plan)

    def touch(self, channel: str) -> None:
        """The channel has changed and belongs into the next snapshot; with the lock held."""
        self._changed.add(channel)

    def flush(self) -> None:
        """Write what came in and was not written yet. Raises `StoreFull`; nothing is lost then."""
        with self._writing:
            with self.lock:
                if not len(self.journal):
                    return
                taken, key = self.journal.take()
            try:
                self.journal.write(taken, key)
            except BaseException as error:
                with self.lock:
                    self.journal.give_back(taken, key)
                self._note_outcome(error)
                raise
            self._note_outcome(None)

    def snapshot(self) -> None:
        """Write the state of everything that changed, in one transaction, and empty the journal. Raises `StoreFull`; nothing is lost then.

        The lock is held for one channel at a time, and only while its state is taken: packing and writing happen without it.
        """
        with self._writing:
            with self.lock:
                cut = self.journal.cut()
                changed, self._changed = self._changed, set()
            taken: dict[str, list[Reading]] = {}
            changes: list[Change] = [(JOURNAL, key, None) for key in cut[0]]
            try:
                for name in sorted(changed):
                    with self.lock:
                        one = self.channels[name]
                        state = {**one.state(), KNOWN: self.journal.count}
                        taken[name] = one.take_readings()
                        self._resting -= len(one.cold)
                        one.cold.take(one.profiles)
                    changes += [(CHANNELS, of_name(name), name.encode()), (STATE, of_name(name), _packed(state))]
                    changes += one.cold.changes()
                    changes += [reading_change(name, *reading) for reading in taken[name]]
                self.store.write(changes)
            except BaseException as error:
                with self.lock:
                    self._changed |= changed
                    self.journal.undo_cut(cut)
                    for name, readings in taken.items():
                        one = self.channels[name]
                        one.readings[:0] = readings
                        one.cold.failed(one.profiles)
                    self._resting = sum(len(one.cold) for one in self.channels.values())
                self._note_outcome(error)
                raise
            with self.lock:
                for name, readings in taken.items():
                    self.channels[name].cold.written()
                    for metric, timestamp, _ in readings:
                        self.newest[name, metric] = max(timestamp, self.newest.get((name, metric), timestamp))
            self._note_outcome(None)

    def maintain(self) -> None:
        """What is otherwise done in the background: snapshot, forecasts, old metrics."""
        self.snapshot()
        for channel, metric in self.stale():
            self.series.fit(channel, metric)
        self.expire()

    def stale(self) -> list[tuple[str, str]]:
        """Channels and metrics whose forecast is missing or old."""
        return self.series.stale(dict(self.newest), self.config.refit_s)

    def advance(self, now: float) -> None:
        """In streams that fell silent moments end and minutes close."""
        for name, channel in list(self.channels.items()):
            with self.lock:
                newest = channel.windows.newest
                if newest is not None and newest <= now <= newest + 3600.0:
                    channel.advance(now)
                    self._changed.add(name)

    def expire(self) -> None:
        """Drop readings that are too old."""
        horizon = self.config.series_days * 86_400.0
        for (channel, metric), newest in dict(self.newest).items():
            expired = self.series.expired(channel, metric, newest - horizon)
            if expired:
                self.store.write(expired)

    def forget_user(self, username: str, channel: str | None) -> dict[str, Any]:
        """Remove a viewer from memory, snapshots, journal, profiles and experiments of one channel or of all; counts stay."""
        known = 0
        with self.lock:
            names = [name for name in sorted(self.channels) if channel in (None, name)]
            for name in names:
                one = self.channels[name]
                known += username in one.profiles or one.cold.knows(username)
                forget_user(
                    username, profiles=one.profiles, topics=one.topics, audiences=one.audiences, moments=one.moments,
                    leaders=(one.chatters, one.emotes),
                )  # fmt: skip
                one.windows.forget(username)
                one.cold.forget(username)
                self._changed.add(name)
        experiments = self.experiments.forget_user(channel, username)
        self.snapshot()
        self.store.compact()
        return {"channels": len(names), "profiles": known, "experiments": experiments}

    def close(self) -> None:
        """Finish, write everything, let go. A second call does nothing."""
        if self._upkeep is not None:
            self._upkeep.end()
        try:
            self.snapshot()
        finally:
            self.store.close()

    def _new(self, name: str) -> Channel:
        """A channel that is not known yet; `_keep` it once something has happened in it. Raises `TooLarge`."""
        if len(self.channels) >= MAX_CHANNELS:
            raise TooLarge(f"there are at most {MAX_CHANNELS} channels", field="channel")
        cold = ColdProfiles(self.store, name)

        def leave(user: str, state: dict[str, Any]) -> None:
            cold.rest(user, state)
            self._resting += 1
            if self._resting >= EVICTED_SOON and self._upkeep is not None:
                self._upkeep.hurry()

        norms = None if self.model is None else self.model.norms
        fits = self.fits if self.config.background else None  # in replays forests are grown on the spot, always at the same row
        return Channel(name, self.config, cold=cold, on_evict=leave, norms=norms, fits=fits)

    def _keep(self, name: str, one: Channel) -> None:
        self.channels[name] = one
        self._changed.add(name)

    def _make_room(self) -> None:
        """Write down what waits, there is too much of it. Raises `StoreFull` at once where the last attempt failed."""
        if self._full is not None:
            raise StoreFull(self._full.message)
        self.snapshot()

    def _note_outcome(self, error: BaseException | None) -> None:
        self._full = error if isinstance(error, StoreFull) else None

    def _restore(self) -> None:
        known: dict[str, int] = {}
        for key, blob in self.store.scan(CHANNELS):
            state = self.store.get(STATE, key)
            try:
                name = blob.decode()
                made = self.channels[name] = self._new(name)
                if state is not None:
                    values = cast("Any", msgpack).unpackb(state, strict_map_key=False, unicode_errors="surrogatepass")
                    known[name] = int(values[KNOWN])
                    made.restore(values)
                    self.series.schedule(name, made.schedule)
            except (BadInput, ValueError, TypeError, KeyError, msgpack.UnpackException) as error:
                raise BadStore("a snapshot of the analytics is damaged") from error
            newest = made.windows.newest
            for metric in {*DERIVED, *made.anomalies.metrics()}:
                times, _ = self.series.read(name, metric, since=None if newest is None else newest - 86_400.0)
                if len(times):
                    self.newest[name, metric] = float(times[-1])
        for number, entry in self.journal.replay():
            try:
                if number >= known.get(entry[1], 0):
                    self._replay(*entry)
            except (HikariError, TypeError, ValueError, IndexError) as error:
                raise BadStore("the journal of the analytics has an entry that cannot be read") from error
        self.journal.skip(max(known.values(), default=0))

    def _replay(self, kind: str, channel: str, *rest: Any) -> None:
        one = self.channels.get(channel) or self._new(channel)
        if kind == "e":
            timestamp, username, message, sentiment, emotion, toxicity, question, now = rest
            one.add(ChatEvent(timestamp, username, message, sentiment, emotion, toxicity, question), now)
        elif kind == "m":
            one.record(*rest)
        else:
            raise BadStore("the journal of the analytics has an entry of an unknown kind")
        self._keep(channel, one)


def _packed(value: Any) -> bytes:
    return cast("bytes", cast("Any", msgpack).packb(value, unicode_errors="surrogatepass"))

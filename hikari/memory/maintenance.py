"""What happens to memories when nobody asks: promoted, merged, summed up, expired, purged, saved, compacted.

One round takes at most its time budget and is put off while many writes come in; the next goes on where it ended. The same steps run
whole when they are called by name.
"""

import functools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from hikari.errors import HikariError
from hikari.memory import consolidation
from hikari.memory.core import Core
from hikari.memory.namespace import Applied
from hikari.memory.narrative import Narrator
from hikari.memory.records import Memory
from hikari.memory.retention import DAY_S, decayed_importance
from hikari.memory.rows import Edit

EXPIRE_TOGETHER = 500
SCAN_TOGETHER = 1_000
MERGE_TOGETHER = 100
COMPACT_OVER = 0.5
"""Part of the store's file that is deleted rows; above it, and above `COMPACT_BYTES`, it is rewritten."""
COMPACT_BYTES = 64 * 2**20

_log = logging.getLogger(__name__)
Step = Callable[[float], int]
ChannelStep = Callable[[str, float], int]


class Maintainer:
    """Runs the steps; `start` does so in the background, `round` once."""

    def __init__(self, core: Core, narrator: Narrator) -> None:
        self._core, self._narrator = core, narrator
        self._config = core.config
        self._steps: tuple[tuple[str, Step], ...] = (
            ("expired", self._expire),
            ("promoted", self._promote),
            ("merged", self._merge),
        )
        self._channel_steps: tuple[tuple[str, ChannelStep], ...] = (
            ("summed_up", self._sum_up),
            ("purged", self._purge),
            ("retrained", self._retrain),
            ("saved", self._save),
        )
        self._position = 0
        self._stop = threading.Event()
        self._running = threading.Lock()
        self._thread: threading.Thread | None = None
        self._names = [name for name, _ in (*self._steps, *self._channel_steps)]
        self._counts: dict[str, int] = dict.fromkeys(self._names, 0)
        self._rounds = self._put_off = self._failed = 0
        self._last_s = 0.0
        self._seen_writes, self._seen_at = 0, time.monotonic()
        self._used: set[int] = set()
        self._promoted_through = self._merged_through = 0

    def start(self) -> None:
        """Run a round at every interval until `stop`."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop, name="hikari-memory-maintainer", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End after the present round."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def round(self, *, force: bool = False) -> dict[str, Any]:
        """One round over the open channels; with `force` also during a burst and without a time budget. Returns what was done."""
        if self._bursting() and not force:
            self._put_off += 1
            return {"put_off": True}
        with self._running:
            started = time.perf_counter()
            deadline = float("inf") if force else started + self._config.maintenance_budget_s
            done = dict.fromkeys(self._names, 0)
            self._core.flush_uses()
            self._used |= self._core.uses.take_due()
            work: list[tuple[str, Step]] = list(self._steps)
            for channel in self._channels(force):
                work += [(name, functools.partial(step, channel)) for name, step in self._channel_steps]
            for turn in range(len(work)):
                name, step = work[(self._position + turn) % len(work)]
                done[name] += step(deadline)
                if time.perf_counter() > deadline:
                    self._position = (self._position + turn + 1) % len(work)
                    break
            else:
                self._tidy()
            for name, count in done.items():
                self._counts[name] += count
            self._rounds += 1
            self._last_s = time.perf_counter() - started
            return done

    def consolidate(self, channel: str | None) -> dict[str, Any]:
        """Promote, merge and sum up everything that is due, in one channel or in all; returns counts."""
        done = {"considered": 0, "promoted": 0, "merged": 0, "summed_up": 0}
        self._core.flush_uses()
        with self._running:
            done["merged"] = self._merge(float("inf"))
            for name in self._channels(True) if channel is None else [channel]:
                for rows in self._rows(name):
                    short = [memory for memory in rows if memory.tier == "short_term"]
                    done["considered"] += len(short)
                    done["promoted"] += consolidation.promote(self._core, short, self._config.consolidation_threshold)
                done["summed_up"] += self._sum_up(name, float("inf"))
        return done

    def forget(self, channel: str | None, below: float | None, *, dry_run: bool = False) -> dict[str, Any]:
        """Delete what has expired and what has faded below a decayed importance; see `NeuralMemorySystem.forget`."""
        now, done = self._core.clock(), {"expired": 0, "faded": 0, "kept": 0, "dry_run": dry_run}
        for name in self._channels(True) if channel is None else [channel]:
            for rows in self._rows(name):
                expired = [memory for memory in rows if _is_over(memory, now)]
                faded = [] if below is None else [m for m in rows if m not in expired and self._importance(m, now) < below]
                done["expired"] += len(expired)
                done["faded"] += len(faded)
                done["kept"] += len(rows) - len(expired) - len(faded)
                if not dry_run:
                    self._core.delete(expired + faded)
        return done

    def summarize(self, channel: str, session: str | None) -> dict[str, Any] | None:
        """Sum up the open episode or a whole session now; the stored summary, or None."""
        memory = self._narrator.session(channel, session) if session is not None else self._narrator.open_episode(channel)
        return None if memory is None else memory.public()

    def stats(self) -> dict[str, Any]:
        """What was done since the start."""
        return {
            "running": self._thread is not None,
            "rounds": self._rounds,
            "put_off": self._put_off,
            "failed": self._failed,
            "last_round_s": self._last_s,
            **self._counts,
        }

    def _loop(self) -> None:
        while not self._stop.wait(self._config.maintenance_interval_s):
            try:
                self.round()
            except HikariError as error:
                self._failed += 1
                _log.warning("a round of memory maintenance failed: %s", error.message)
            except Exception as error:  # noqa: BLE001 - the next round must come, and a message may hold what viewers wrote
                self._failed += 1
                _log.error("a round of memory maintenance failed: %s", type(error).__name__)

    def _bursting(self) -> bool:
        with self._core.store.read() as view:
            writes = int(view.meta("next_change", 1))
        now = time.monotonic()
        rate = (writes - self._seen_writes) / max(now - self._seen_at, 1e-3)
        self._seen_writes, self._seen_at = writes, now
        waiting = self._core.writer.waiting if self._core.writer else 0
        return waiting > 0 or (self._rounds > 0 and rate > self._config.burst_writes_per_s)

    def _channels(self, all_of_them: bool) -> list[str]:
        if not all_of_them:
            return self._core.spaces.opened()
        with self._core.store.read() as view:
            return [row["name"] for row in view.channels()]

    def _rows(self, channel: str) -> Iterator[list[Memory]]:
        with self._core.store.read() as view:
            seqs = list(view.seqs(channel))
        for start in range(0, len(seqs), SCAN_TOGETHER):
            with self._core.store.read() as view:
                rows = list(view.get_many(seqs[start : start + SCAN_TOGETHER]).values())
            # Not inside the view: whoever takes the rows may write, and the map cannot grow while anybody reads.
            yield rows

    def _expire(self, deadline: float) -> int:
        done = 0
        while time.perf_counter() < deadline:
            with self._core.store.read() as view:
                rows = list(view.get_many(view.expired(self._core.clock(), EXPIRE_TOGETHER)).values())
            if not rows:
                break
            done += self._core.delete(rows)
        return done

    def _promote(self, deadline: float) -> int:
        """Only what is new or was used since can have become due."""
        done = 0
        while time.perf_counter() < deadline:
            with self._core.store.read() as view:
                rows = view.after(self._promoted_through, SCAN_TOGETHER)
                rows += view.get_many(self._used).values()
            self._used.clear()
            if not rows:
                break
            done += consolidation.promote(
                self._core, [row for row in rows if row.tier == "short_term"], self._config.consolidation_threshold
            )
            self._promoted_through = max(self._promoted_through, *(row.seq for row in rows))
        return done

    def _merge(self, deadline: float) -> int:
        done = 0
        while self._config.merge_duplicates and time.perf_counter() < deadline:
            with self._core.store.read() as view:
                rows = view.after(self._merged_through, MERGE_TOGETHER)
            if not rows:
                break
            for row in rows:
                done += consolidation.merge_near_duplicate(self._core, row.channel, row.seq)
                self._merged_through = row.seq
                if time.perf_counter() > deadline:
                    break
        return done

    def _sum_up(self, channel: str, deadline: float) -> int:
        return self._narrator.sum_up(channel, deadline) if self._config.episodes else 0

    def _purge(self, channel: str, deadline: float) -> int:
        del deadline
        if self._config.capacity is None:
            return 0
        with self._core.store.read() as view:
            row = view.channel(channel)
        surplus = sum(row["counts"].values()) - self._config.capacity if row else 0
        if surplus <= 0:
            return 0
        now = self._core.clock()
        rows = [memory for piece in self._rows(channel) for memory in piece if not memory.pinned]
        return self._core.delete(sorted(rows, key=lambda memory: self._importance(memory, now))[:surplus])

    def _retrain(self, channel: str, deadline: float) -> int:
        del deadline
        with self._core.spaces.use(channel) as namespace:
            if not namespace.vectors.needs_retraining:
                return 0
            namespace.vectors.retrain()
        return 1

    def _save(self, channel: str, deadline: float) -> int:
        del deadline
        with self._core.spaces.use(channel) as namespace:
            if namespace.unsaved() < self._config.save_every:
                return 0
            namespace.save()
        return 1

    def _tidy(self) -> None:
        """Drop the change log that every open index has behind it, and rewrite a file that is mostly deleted rows."""
        saved = [self._saved_change(channel) for channel in self._core.spaces.opened()]
        before = min(saved, default=0) - self._config.save_every
        if before > 0:
            self._core.submit(lambda edit: _trimmed(edit, before)).result()
        if self._core.store.wasted_bytes() > max(COMPACT_BYTES, COMPACT_OVER * self._core.store.bytes_used()):
            self._core.store.compact()

    def _saved_change(self, channel: str) -> int:
        with self._core.spaces.use(channel) as namespace:
            return namespace.saved_change

    def _importance(self, memory: Memory, now: float) -> float:
        if memory.pinned:
            return 1.0
        with self._core.store.read() as view:
            _, times = view.access(memory.seq)
        last = max((memory.timestamp, *times))
        return decayed_importance(memory.importance, self._config.decay_rate, max(0.0, now - last) / DAY_S)


def _is_over(memory: Memory, now: float) -> bool:
    return memory.expires_at is not None and memory.expires_at <= now


def _trimmed(edit: Edit, before: int) -> tuple[None, list[Applied]]:
    edit.trim_changes(before)
    return None, []

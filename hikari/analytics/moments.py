"""Hype moments: where many people react at once, with the stretch of video that they react to.

Every `BIN_S` seconds of event time the last `WINDOW_BINS` bins are compared with the ten minutes before them (`chat_bursts.py`):

    evidence = surprise of the count (-log10 of the tail) * excitement (different chatters, short messages, emotes, the same words)

A moment starts when the evidence reaches `start`, and ends when it has stayed below `stop` for `quiet_s`, or after `longest_s`. Bins of
a moment are left out of what is usual, and for `cool_down_s` after it nothing starts. Comments trail what they are about, by 10 to 25 s
on Twitch (broadcast delay, reaction, typing): the clip is moved back by `lag_s`, which `chat_lag.py` can measure.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np

from hikari.analytics.chat_bursts import Crowd, Said, Usual, crowd, surprise, usual
from hikari.analytics.clips import Moment, MomentSettings, clip
from hikari.errors import BadInput, BadStore

BIN_S = 5.0
WINDOW_BINS = 4
BASELINE_BINS = 120
REFRESH_BINS = 6
"""What is usual is worked out anew after this many bins at most, and only when a window might be more than that."""
WARM_BINS = 36
"""Three minutes: before, nobody knows what is usual, and everybody says hello."""
LEAST_MESSAGES = 5
LEAST_CHATTERS = 3
KEPT_IN_BIN = 200
"""Messages of a bin that are looked at; all of them are counted."""
LATE_S = 2.0
"""A bin is closed this long after its end, for messages that overtake each other; later ones are dropped and counted."""
MAX_TEXT = 120
STATE_VERSION = 1
NOTHING = Crowd(0, 0, 0, 0.0, 0.0, 0.0)


@dataclass(slots=True)
class _Active:
    start: float
    last: float
    peak: float
    evidence: float
    usual: float
    found: Crowd


class Moments:
    """The detector of one channel: `add` every message, `advance` when only time passes. Constant memory."""

    def __init__(self, settings: MomentSettings | None = None) -> None:
        self.settings = settings or MomentSettings()
        self.late = 0
        self._bin: int | None = None
        """The oldest bin that is still open; messages of it and later ones wait in `_open`."""
        self._open: dict[int, list[Said]] = {}
        self._counts: dict[int, int] = {}
        self._window: deque[tuple[int, list[Said]]] = deque(maxlen=WINDOW_BINS)
        self._before: deque[int | None] = deque(maxlen=BASELINE_BINS + WINDOW_BINS)
        """Counts of closed bins, oldest first; None for those of a moment."""
        self._usual: tuple[int, Usual] | None = None
        """Bin number of the last look at what is usual, and the answer."""
        self._active: _Active | None = None
        self._free_from = -math.inf
        self._clip_from = -math.inf

    def add(self, timestamp: float, username: str, message: str, *, emote: bool = False) -> list[Moment]:
        """Count a message; the moments that started (`end` None) or ended by the time it came. Bot commands ("!...") do not count."""
        at = int(timestamp // BIN_S)
        noticed: list[Moment] = []
        if self._bin is None:
            self._bin = at
        elif timestamp >= (self._bin + 1) * BIN_S + LATE_S:
            noticed = self.advance(timestamp)
        if at < self._bin:
            self.late += 1
            return noticed
        if message[:1] == "!":
            return noticed
        kept = self._open.get(at)
        if kept is None:
            kept = self._open[at] = []
            self._counts[at] = 0
        self._counts[at] += 1
        if len(kept) < KEPT_IN_BIN:
            kept.append(Said(username, message[:MAX_TEXT], emote))
        return noticed

    def advance(self, now: float) -> list[Moment]:
        """Close the bins that are over at `now`; what started or ended. Raises `BadInput`."""
        if not math.isfinite(now):
            raise BadInput("now must be finite epoch seconds", field="now")
        noticed: list[Moment] = []
        if self._bin is None:
            return noticed
        over = math.floor((now - LATE_S) / BIN_S)
        while self._bin < over:
            if not self._open and not self._active and over - self._bin > BASELINE_BINS + 2 * WINDOW_BINS:
                self._reset(over)  # a long silence: nothing is known of what comes after it
                break
            moment = self._close(self._bin)
            self._bin += 1
            if moment is not None:
                noticed.append(moment)
        return noticed

    def current(self) -> Moment | None:
        """The moment that lasts right now."""
        return self._describe(None) if self._active else None

    def forget(self, username: str) -> None:
        """Remove what the viewer said from the last seconds that are kept; counts stay."""
        for said in [*self._open.values(), *(said for _, said in self._window)]:
            said[:] = [one for one in said if one.username != username]

    def _reset(self, at: int) -> None:
        self._bin = at
        self._window.clear()
        self._before.clear()
        self._usual = None

    def _close(self, at: int) -> Moment | None:
        said = self._open.pop(at, [])
        self._window.append((self._counts.pop(at, 0), said))
        expected, found, evidence = self._weigh(at)
        end = (at + 1) * BIN_S
        moment: Moment | None = None
        if self._active is not None:
            moment = self._continue(end, expected, found, evidence)
        elif evidence >= self.settings.start and expected is not None and end >= self._free_from:
            usual_in_bin = expected.mean / WINDOW_BINS
            first = next(i for i, (count, _) in enumerate(self._window) if count > 1.5 * usual_in_bin)
            start = max(end - (len(self._window) - first) * BIN_S, self._free_from)
            self._active = _Active(start, end, end - BIN_S / 2, evidence, expected.mean, found)
            self._note_peak(end)
            moment = self._describe(None)
        self._before.append(None if self._active else self._window[-1][0])
        return moment

    def _weigh(self, at: int) -> tuple[Usual | None, Crowd, float]:
        """What is usual, what is there, and the evidence (0 where there is too little of either)."""
        total = sum(count for count, _ in self._window)
        expected = self._expected(at) if total >= LEAST_MESSAGES else None
        if expected is None or total <= 1.5 * expected.mean:
            return expected, NOTHING, 0.0
        found = crowd([one for _, said in self._window for one in said])
        if found.chatters < LEAST_CHATTERS:
            return expected, found, 0.0
        # Of a bin's messages only some are looked at: what they show holds for all of them.
        voices = found.voices * total // found.messages
        return expected, replace(found, messages=total), surprise(voices, expected) * found.excitement

    def _expected(self, at: int) -> Usual | None:
        if self._usual is not None and at - self._usual[0] < REFRESH_BINS:
            return self._usual[1]
        # The bins of the window itself are no part of what is usual.
        past = list(self._before)[: max(len(self._before) - WINDOW_BINS + 1, 0)]
        counts = np.array([count for count in past if count is not None], np.float64)
        if len(counts) < WARM_BINS:
            return None
        expected = usual(np.convolve(counts, np.ones(WINDOW_BINS), "valid"))
        self._usual = (at, expected)
        return expected

    def _continue(self, end: float, expected: Usual | None, found: Crowd, evidence: float) -> Moment | None:
        active = self._active
        if active is None:
            return None
        if evidence >= self.settings.stop:
            active.last = end
            if evidence > active.evidence and expected is not None:
                active.evidence, active.usual, active.found = evidence, expected.mean, found
                self._note_peak(end)
        if end - active.last < self.settings.quiet_s and end - active.start < self.settings.longest_s:
            return None
        moment = self._describe(max(active.last - (WINDOW_BINS - 1) * BIN_S, active.peak + BIN_S / 2))
        self._active = None
        self._free_from = end + self.settings.cool_down_s
        self._clip_from = moment.clip_end
        return moment

    def _note_peak(self, end: float) -> None:
        if self._active is not None:
            fullest = max(range(len(self._window)), key=lambda index: (self._window[index][0], index))
            self._active.peak = end - (len(self._window) - fullest - 0.5) * BIN_S

    def _describe(self, end: float | None) -> Moment:
        active = self._active
        if active is None:
            raise BadInput("there is no moment")
        found = active.found
        clip_start, clip_end = clip(active.start, active.peak, self.settings, self._clip_from)
        return Moment(
            start=active.start,
            end=end,
            peak=active.peak,
            clip_start=clip_start,
            clip_end=clip_end,
            score=1.0 - 10.0 ** (-active.evidence / 10.0),
            messages=found.messages,
            chatters=found.chatters,
            usual=active.usual,
            reason=_reason(found, active.usual),
        )

    def state(self) -> dict[str, Any]:
        """Plain values for msgpack; holds the messages of the last seconds, so that a restart within a burst goes on as before."""
        return {
            "v": STATE_VERSION,
            "settings": asdict(self.settings),
            "late": self.late,
            "bin": self._bin,
            "open": [[at, self._counts[at], _rows(said)] for at, said in sorted(self._open.items())],
            "window": [[count, _rows(said)] for count, said in self._window],
            "before": list(self._before),
            "usual": [self._usual[0], self._usual[1].mean, self._usual[1].size] if self._usual else None,
            "active": asdict(self._active) if self._active else None,
            "free_from": self._free_from if math.isfinite(self._free_from) else None,
            "clip_from": self._clip_from if math.isfinite(self._clip_from) else None,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The detector that `state` was made of. Raises `BadStore`."""
        try:
            if state["v"] != STATE_VERSION:
                raise BadStore(f"moments have version {state['v']!r}, this one reads {STATE_VERSION}")
            made = cls(MomentSettings(**state["settings"]))
            made.late = int(state["late"])
            made._bin = None if state["bin"] is None else int(state["bin"])
            for at, count, rows in state["open"]:
                made._open[int(at)] = [Said(*row) for row in rows]
                made._counts[int(at)] = int(count)
            made._window.extend((int(count), [Said(*row) for row in rows]) for count, rows in state["window"])
            made._before.extend(None if count is None else int(count) for count in state["before"])
            if state["usual"] is not None:
                at, mean, size = state["usual"]
                made._usual = (int(at), Usual(float(mean), float(size)))
            if state["active"] is not None:
                values: dict[str, Any] = {**state["active"], "found": Crowd(**state["active"]["found"])}
                made._active = _Active(**values)
            made._free_from = -math.inf if state["free_from"] is None else float(state["free_from"])
            made._clip_from = -math.inf if state["clip_from"] is None else float(state["clip_from"])
        except (KeyError, TypeError, ValueError, BadInput) as error:
            raise BadStore("the hype moments are damaged") from error
        return made


def _rows(said: list[Said]) -> list[list[Any]]:
    return [[one.username, one.message, one.emote] for one in said]


def _reason(found: Crowd, usually: float) -> str:
    told = [
        f"{found.messages} messages in {WINDOW_BINS * BIN_S:.0f} s where {usually:.0f} are usual, from {found.chatters} chatters"
    ]
    shares = (("short", found.short), ("with emotes", found.emotes), ("sharing a word", found.alike))
    told += [f"{share:.0%} {name}" for name, share in shares if share >= 0.3]
    return ", ".join(told)

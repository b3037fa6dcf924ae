"""A hype moment, and the stretch of video that chat reacted to."""

import math
from dataclasses import dataclass, fields

from hikari.errors import BadInput


@dataclass(frozen=True, slots=True)
class MomentSettings:
    """When moments start and end and how clips are cut; seconds. Raises `BadInput`."""

    start: float = 2.0
    stop: float = 0.8
    quiet_s: float = 15.0
    longest_s: float = 180.0
    cool_down_s: float = 45.0
    lag_s: float = 15.0
    lead_s: float = 8.0
    """Video before the presumed shot; `tail_s` after the peak of the reaction, moved back as well."""
    tail_s: float = 10.0
    shortest_clip_s: float = 15.0
    longest_clip_s: float = 60.0

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if not (math.isfinite(value) and value >= 0):
                raise BadInput(f"{one.name} must be a finite number of at least 0", field=one.name)
        if not 0 < self.stop <= self.start:
            raise BadInput("stop must be over 0 and at most start", field="stop")
        if self.shortest_clip_s > self.longest_clip_s:
            raise BadInput("the shortest clip is longer than the longest", field="shortest_clip_s")


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment in chat time (epoch seconds) and the clip in video time; `end` is None while it lasts."""

    start: float
    end: float | None
    peak: float
    clip_start: float
    clip_end: float
    score: float
    """0..1: 1 - 10**(-evidence at the peak / 10)."""
    messages: int
    chatters: int
    """Messages and chatters of the fullest window."""
    usual: float
    """Messages in a window before."""
    reason: str


def clip(start: float, peak: float, settings: MomentSettings, not_before: float = -math.inf) -> tuple[float, float]:
    """Start and end of the clip in video time for a reaction that starts and peaks at the given chat times.

    It starts `lead_s` before the presumed shot and never before `not_before` (the end of the clip before it).

    >>> clip(100.0, 105.0, MomentSettings(lag_s=15.0, lead_s=8.0, tail_s=10.0))
    (77.0, 100.0)
    """
    first = max(start - settings.lag_s - settings.lead_s, not_before)
    last = max(peak - settings.lag_s + settings.tail_s, first + settings.shortest_clip_s)
    return first, min(last, first + settings.longest_clip_s)

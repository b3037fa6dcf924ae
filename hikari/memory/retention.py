"""How well a memory is kept: Ebbinghaus' forgetting curve, with a strength that grows with every use.

    retention = exp(-age / strength)                       H. Ebbinghaus, Ueber das Gedaechtnis, 1885
    strength after a use = strength * (MASSED_GAIN + SPACED_GAIN * (1 - retention just before the use))

The age is counted from the last use. That every recall strengthens, and strengthens more the nearer the memory was to being
forgotten, is the spacing effect in the two-component model of Wozniak, Gorzelanczyk and Murakowski (1995) that SuperMemo rests on;
MemoryBank (Zhong et al., 2023) uses the same curve for the memory of a chat companion, with one fixed step a recall.

Three controls that do not touch each other: decay (`Forgetting`) only weighs a rank, never below its floor and never out of the
answer; a deadline (`is_expired`) ends a memory whatever its rank; a pin keeps a memory from fading but not from its deadline.
Times are epoch seconds, strengths seconds.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hikari.errors import BadInput

DAY_S = 86_400.0
BASE_STRENGTH_S = 7 * DAY_S
"""Strength of a memory of no importance that was never used."""
IMPORTANCE_GAIN = 3.0
"""A memory of importance 1 starts `1 + IMPORTANCE_GAIN` times as strong: four weeks."""
MASSED_GAIN = 1.05
"""What a use adds when nothing had faded yet."""
SPACED_GAIN = 1.0
"""What it adds on top when everything had: at best, one use doubles the strength."""
MAX_STRENGTH_S = 5 * 365 * DAY_S
MAX_EARLIER_USES = 100
"""With more, even massed uses have led to `MAX_STRENGTH_S`: MASSED_GAIN**100 * BASE_STRENGTH_S * MASSED_GAIN**20 lies above it."""
_MAX_EXPONENT = 700.0  # exp(-700) is the last power of ten that is no zero


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Whether and how fast memories fade in the ranking.

    `rate` divides all strengths (2 forgets twice as fast); `floor` is the least factor that a forgotten memory is ranked with.
    Raises `BadInput`.
    """

    enabled: bool = True
    rate: float = 1.0
    floor: float = 0.5

    def __post_init__(self) -> None:
        if not (math.isfinite(self.rate) and self.rate > 0):
            raise BadInput("the rate of forgetting must be a finite number over 0", field="rate")
        if not 0 < self.floor <= 1:
            raise BadInput("the floor of the rank factor must be over 0 and at most 1", field="floor")


DEFAULT = Forgetting()


@dataclass(frozen=True, slots=True)
class Use:
    """The life of one memory as far as forgetting goes.

    `times` are the last uses, in any order; `count` is the number of all of them (0: as many as there are times). Uses that are
    counted but whose times were not kept are taken as spread evenly between `created` and the oldest time that was.
    """

    created: float
    importance: float = 0.5
    times: tuple[float, ...] = ()
    count: int = 0
    pinned: bool = False


def retention(use: Use, now: float, forgetting: Forgetting = DEFAULT) -> float:
    """The part of the memory that is left at `now`, in (0, 1]; uses after `now` do not count, before its creation it is 1.

    >>> round(retention(Use(created=0.0, importance=0.0), 7 * DAY_S), 4)
    0.3679
    """
    if use.pinned:
        return 1.0
    strength, last = _strength(use, now, forgetting)
    return math.exp(-min(max(now - last, 0.0) / strength, _MAX_EXPONENT))


def strength(use: Use, now: float, forgetting: Forgetting = DEFAULT) -> float:
    """Seconds after the last use at which 1/e is left, counting the uses until `now`."""
    return _strength(use, now, forgetting)[0]


def rank_factor(use: Use, now: float, forgetting: Forgetting = DEFAULT) -> float:
    """What a score is multiplied with: from `floor` (forgotten) to 1; exactly 1 for every memory when forgetting is off."""
    if not forgetting.enabled:
        return 1.0
    return forgetting.floor + (1.0 - forgetting.floor) * retention(use, now, forgetting)


def is_expired(expires_at: float | None, now: float) -> bool:
    """Whether the deadline has come; a pin does not put it off, and without one there is none."""
    return expires_at is not None and now >= expires_at


def decayed_importance(importance: float, decay_rate: float, age_days: float) -> float:
    """`importance * decay_rate**age_days`; an age below 0 (a clock that ran ahead) counts as 0. Raises `BadInput`."""
    if not 0 < decay_rate <= 1:
        raise BadInput("the decay rate must be over 0 and at most 1", field="decay_rate")
    return importance * decay_rate ** max(age_days, 0.0)


def consolidation_score(importance: float, access_count: int) -> float:
    """`0.6 * importance + 0.4 * tanh(access_count / 5)`, in [0, 1].

    >>> consolidation_score(1.0, 0)
    0.6
    """
    return 0.6 * importance + 0.4 * math.tanh(access_count / 5)


def _strength(use: Use, now: float, forgetting: Forgetting) -> tuple[float, float]:
    """Strength in seconds and time of the last use (or of the creation) as known at `now`."""
    limit = MAX_STRENGTH_S / forgetting.rate
    value = min(BASE_STRENGTH_S * (1.0 + IMPORTANCE_GAIN * use.importance) / forgetting.rate, limit)
    last = min(use.created, now)
    for time in _history(use.created, use.times, use.count):
        if time > now:
            break
        # A use before the creation, or before the last one, is a clock that ran ahead: it counts as massed.
        at = max(time, last)
        value = min(value * (MASSED_GAIN - SPACED_GAIN * math.expm1(-(at - last) / value)), limit)
        last = at
    return value, last


def _history(created: float, times: Sequence[float], count: int) -> Iterator[float]:
    """All uses in the order of time, those whose time was not kept at their assumed ones."""
    kept = sorted(times)
    earlier = min(count - len(kept), MAX_EARLIER_USES)
    if earlier > 0:
        span = max(kept[0] - created, 0.0) if kept else 0.0
        for number in range(1, earlier + 1):
            yield created + span * number / (earlier + 1)
    yield from kept

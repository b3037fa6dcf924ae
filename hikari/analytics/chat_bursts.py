"""Is this more chat than usual, and does it look like a shared reaction? Pure functions for `moments.py`.

Counts of chat messages are over-dispersed, so their tail is a negative binomial's: with mean m and excess variance m^2 / r,

    P(X >= x) = I_{m / (r + m)}(x, r)        (regularised incomplete beta function; Poisson's tail for r -> infinity)

The mean and the variance of the usual counts are winsorised at the 90th percentile: a burst or a lull among them hardly moves them.
What a reaction looks like follows Lightor (Jiang et al., 2019: number, length and similarity of messages) and, for live chat, the
number of different chatters and emotes.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

WINSOR = 0.9
DISPERSION = 0.15
"""Least excess variance in units of the squared mean: counts of 20 s in ordinary stretches of VTuber streams show 0.1 to 0.3."""
PRIOR_MEAN = 1.0
PRIOR_WINDOWS = 2.0
"""A quiet channel's mean is drawn to `PRIOR_MEAN` messages in a window with this many pseudo-windows: three messages are no event."""
SHORT_CHARACTERS = 16
LOUDEST = 3
"""Messages of one chatter that count in a window: a single spammer is no crowd."""
MAX_SURPRISE = 50.0

_WORD = re.compile(r"\w+", re.UNICODE)
_STRETCHED = re.compile(r"(\w)\1{2,}", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Usual:
    """Mean and size (`r`) of the usual number of messages in a window."""

    mean: float
    size: float


class Said(NamedTuple):
    """One message as far as bursts go."""

    username: str
    message: str
    emote: bool


@dataclass(frozen=True, slots=True)
class Crowd:
    """What a window's messages have in common: shares in 0..1."""

    messages: int
    voices: int
    """Messages, at most `LOUDEST` a chatter."""
    chatters: int
    short: float
    emotes: float
    alike: float
    """Share of messages that hold the word (or emote) which most of them hold, counted once a chatter."""

    @property
    def excitement(self) -> float:
        """0.3..1: how much it looks like a reaction, whatever the number of messages."""
        together = min(self.chatters / max(self.messages, 1) / 0.7, 1.0)
        return together * (0.3 + 0.7 * (self.short + self.emotes + self.alike) / 3.0)


def usual(counts: NDArray[np.float64]) -> Usual:
    """The usual number of messages in a window, from the counts of earlier windows (1 at least; they may overlap)."""
    capped = np.sort(counts)
    capped = np.minimum(capped, capped[int(WINSOR * (len(capped) - 1))])
    mean = (float(capped.mean()) * len(capped) + PRIOR_MEAN * PRIOR_WINDOWS) / (len(capped) + PRIOR_WINDOWS)
    excess = max(float(capped.var()) - mean, DISPERSION * mean * mean)
    return Usual(mean, mean * mean / excess)


def surprise(count: int, expected: Usual) -> float:
    """-log10 P(X >= count), from 0 to `MAX_SURPRISE`.

    >>> round(surprise(1, Usual(1.0, 1.0)), 4)  # geometric: one half
    0.301
    """
    from scipy.special import betainc, gammainc  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

    if count <= 0:
        return 0.0
    if expected.size > 1e8:
        tail = float(gammainc(count, expected.mean))
    else:
        tail = float(betainc(count, expected.size, expected.mean / (expected.size + expected.mean)))
    return min(-float(np.log10(tail)), MAX_SURPRISE) if tail > 0 else MAX_SURPRISE


def crowd(said: Sequence[Said]) -> Crowd:
    """What the messages of a window have in common; zeros for none."""
    if not said:
        return Crowd(0, 0, 0, 0.0, 0.0, 0.0)
    total = len(said)
    words = Counter([word for _, word in {(one.username, word) for one in said for word in words_of(one.message)}])
    spoken = Counter([one.username for one in said])
    chatters = len(spoken)
    shared = max(words.values(), default=0)
    return Crowd(
        total,
        sum([min(number, LOUDEST) for number in spoken.values()]),
        chatters,
        sum([len(one.message) <= SHORT_CHARACTERS for one in said]) / total,
        sum([one.emote for one in said]) / total,
        shared / chatters if shared > 1 else 0.0,
    )


def words_of(message: str) -> set[str]:
    """The words of a message in lower case, stretched letters made two: "Nooooo" and "nooo" are one word."""
    return {word for word in _WORD.findall(_STRETCHED.sub(r"\1\1", message.lower())) if len(word) > 1}

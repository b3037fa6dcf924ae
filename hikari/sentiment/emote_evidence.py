"""What messages say of one emote, and what follows from it.

Each message of a viewer with the emote and other words gives the score s in [-1, 1] of those words. Weights halve every half-life of
event time. With W_v the faded weight of viewer v, m_v the mean of their scores and q_v that of the squares, a viewer counts for
c_v = min(W_v, cap), so nobody outweighs the others by writing more:

    support    N = sum(c_v)
    polarity   p = sum(c_v m_v) / (N + k)
    error      e = sqrt((sum(c_v q_v) + k s0^2) / (N + k) - p^2) / sqrt(N + k)

the mean and the standard error under a prior of k scores around 0 with deviation s0 (the normal model with a conjugate prior; Gelman et
al., Bayesian Data Analysis, 2013, chapter 3).
"""

import math
from dataclasses import dataclass

import msgspec

from hikari.errors import BadInput

PRIOR_DEVIATION = 0.5
FRESH = 0.25
"""A viewer whose weight fell below this, two half-lives after the last message, does not count among an emote's viewers any more."""
HEARD = 4.0
"""A viewer with this many times the cap is heard enough for now: more would only sharpen their own mean."""
STALE_S = 86_400.0
"""Where the list of viewers is full, a new one takes the place of one who has not used the emote for so long."""
MOST_S = 1e4
"""Half-lives after which nothing is left."""
EMOTION_SHARE = 0.5
STEP = 0.05
"""Learned polarities are told in these steps: a finer one is not known, and what was computed with it may be kept longer."""
_SIGNS = {"joy": 1, "surprise": 0, "anger": -1, "disgust": -1, "fear": -1, "sadness": -1}


@dataclass(frozen=True, slots=True)
class LearningConfig:
    """How channels' emotes are learned. Raises `BadInput`."""

    half_life_s: float = 30 * 86_400.0
    """After so long in event time, a message weighs half."""
    minimum_support: float = 8.0
    """Messages' worth of evidence that an emote needs before it is used ..."""
    minimum_viewers: int = 3
    """... from so many viewers at least."""
    viewer_cap: float = 3.0
    """Messages that one viewer counts for at most."""
    prior: float = 4.0
    """Messages' worth of belief that an emote says nothing."""
    minimum_polarity: float = 0.15
    """A weaker polarity is not used."""
    certainty: float = 1.96
    """Standard errors that must lie between the polarity and 0: with 1.96, zero is outside the 95 % interval."""
    candidates: int = 500
    """Words of a channel that are watched: so many used by two viewers or more, and as many again by one."""
    viewers: int = 64
    """Viewers of one emote that are told apart."""
    channels: int = 500
    """Channels with learned emotes; the one that was silent longest goes first."""
    shares: int = 100_000
    """Pairs of an emote and a viewer in all channels together, about 500 bytes each."""
    keep: bool = True
    """Whether what was learned is written to `HIKARI_HOME` and read from there."""
    save_every_s: float = 30.0

    def __post_init__(self) -> None:
        above = ("half_life_s", "minimum_support", "viewer_cap", "prior")
        least = {
            "minimum_viewers": 1,
            "candidates": 1,
            "viewers": 1,
            "channels": 1,
            "shares": 1,
            "save_every_s": 0,
            "certainty": 0,
        }
        problems = [f"{name} must be a finite number over 0" for name in above if not 0 < getattr(self, name) < math.inf]
        problems += [f"{name} must be at least {low}" for name, low in least.items() if not getattr(self, name) >= low]
        if not 0 <= self.minimum_polarity <= 1:
            problems.append("minimum_polarity must be from 0 to 1")
        if problems:
            raise BadInput("; ".join(problems), field="learning")


class Share(msgspec.Struct):
    """What one viewer's messages say of one emote: faded sums as of `at` (epoch seconds)."""

    at: float
    weight: float
    total: float
    squares: float
    emotions: dict[str, float]

    def add(self, score: float, emotion: str, at: float, half_life_s: float) -> None:
        """Take in one message; events may come out of order."""
        added = 1.0
        if at > self.at:
            fade = faded(at - self.at, half_life_s)
            self.weight, self.total, self.squares = self.weight * fade, self.total * fade, self.squares * fade
            self.emotions = {name: weight * fade for name, weight in self.emotions.items()}
            self.at = at
        else:
            added = faded(self.at - at, half_life_s)
        self.weight += added
        self.total += added * score
        self.squares += added * score * score
        self.emotions[emotion] = self.emotions.get(emotion, 0.0) + added

    def weight_at(self, now: float, half_life_s: float) -> float:
        """The weight as of `now`; before the last message, that of the last message."""
        return self.weight * faded(max(now - self.at, 0.0), half_life_s)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is believed of an emote at some moment; `polarity` in [-1, 1] with its standard `error`, `support` in messages."""

    polarity: float
    error: float
    emotion: str
    support: float
    viewers: int
    used: bool


class Candidate(msgspec.Struct):
    """A word that may be an emote, with the shares of its viewers by their hash."""

    name: str
    seen: float
    shares: dict[int, Share]

    def wants(self, viewer: int, at: float, config: LearningConfig) -> bool:
        """Whether another message of this viewer would add to what is known."""
        share = self.shares.get(viewer)
        if share is not None:
            return share.weight_at(at, config.half_life_s) < HEARD * config.viewer_cap
        return len(self.shares) < config.viewers or min(each.at for each in self.shares.values()) < at - STALE_S

    def add(self, viewer: int, score: float, emotion: str, at: float, config: LearningConfig) -> int:
        """Take in the score and the emotion of a message without the emote; how many shares there are more."""
        share, before = self.shares.get(viewer), len(self.shares)
        if share is None:
            if before >= config.viewers:
                del self.shares[min(self.shares, key=lambda each: (self.shares[each].at, each))]
            share = self.shares[viewer] = Share(at, 0.0, 0.0, 0.0, {})
        share.add(score, emotion, at, config.half_life_s)
        return len(self.shares) - before

    def standing(self, now: float, config: LearningConfig) -> Standing:
        """What follows from the evidence as of `now`; the formulas are those of the module."""
        support = total = squares = 0.0
        viewers = 0
        emotions: dict[str, float] = {}
        for share in self.shares.values():
            weight = share.weight_at(now, config.half_life_s)
            viewers += weight >= FRESH
            if weight > 0.0 and share.weight > 0.0:
                counted = min(weight, config.viewer_cap)
                scale = counted / share.weight
                support += counted
                total += share.total * scale
                squares += share.squares * scale
                for name, each in share.emotions.items():
                    emotions[name] = emotions.get(name, 0.0) + each * scale
        mass = support + config.prior
        polarity = max(-1.0, min(1.0, total / mass))
        spread = (squares + config.prior * PRIOR_DEVIATION**2) / mass - polarity**2
        error = math.sqrt(max(spread, 0.0) / mass)
        enough = support >= config.minimum_support and viewers >= config.minimum_viewers
        clear = abs(polarity) >= max(config.minimum_polarity, STEP / 2) and abs(polarity) > config.certainty * error
        return Standing(polarity, error, _emotion(emotions, mass, polarity), support, viewers, enough and clear)


def faded(seconds: float, half_life_s: float) -> float:
    """What is left of a weight of 1 after so many seconds.

    >>> faded(20.0, 10.0)
    0.25
    """
    return 0.5 ** (seconds / half_life_s) if seconds < MOST_S * half_life_s else 0.0


def rounded(polarity: float) -> float:
    """The polarity in steps of `STEP`.

    >>> rounded(0.3349), rounded(-0.99)
    (0.35, -1.0)
    """
    return round(round(polarity / STEP) * STEP, 2)


def _emotion(emotions: dict[str, float], mass: float, polarity: float) -> str:
    """The commonest emotion where it has half of the evidence, prior included, and goes with the polarity; else neutral."""
    if not emotions:
        return "neutral"
    name = max(sorted(emotions), key=emotions.__getitem__)
    if name == "neutral" or emotions[name] < EMOTION_SHARE * mass or _SIGNS.get(name, 0) * polarity < 0:
        return "neutral"
    return name

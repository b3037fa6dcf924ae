"""Who is there: a community that comes back by habit, newcomers of whom some stay, and viewers who never write.

A viewer is a number. All habits (how much they write, how faithful they are, free days, favourite game, emotes, mood) follow from
that number and the seed, so a community of a million costs eight bytes each.
"""

from dataclasses import dataclass, field

import numpy as np

from hikari.analytics.simulator_config import VIEWERS_PER_CHATTER, Profile
from hikari.analytics.simulator_phrases import FIRST_NAMES, SECOND_NAMES
from hikari.analytics.simulator_random import Draws, Floats, Integers, exp, log, mixed, normals_of, uniforms_of

FREE_DAY = 0.9
"""Chance that a viewer is free on a given day of the week."""
FAVOURITE_GAME = 1.3
OTHER_GAME = 0.97
"""Factors on the chance to come, by whether the stream has the viewer's favourite game."""
NEWCOMER_WEIGHT = 0.5
"""Newcomers write less than members of the community."""
STAYS = 0.15
"""Chance that a newcomer joins the community."""
WEIGHT_UNIT = 4096
"""Weights are whole numbers, so that choosing by weight is exact."""
_WAITING, _EARLY, _EARLY_MEAN_S, _UNTIL_END, _MEAN_STAY = 0.12, 0.45, 360.0, 0.5, 0.3
_NAMES = len(FIRST_NAMES) * len(SECOND_NAMES)


@dataclass(frozen=True, slots=True)
class Audience:
    """Viewers of one stream who may write: `ids`, whole-number `weights`, `arrive` and `depart` in milliseconds, all int64 (n,)."""

    ids: Integers
    weights: Integers
    arrive: Integers
    depart: Integers

    def joined(self, other: "Audience") -> "Audience":
        """Both together, this one first."""
        return Audience(
            *(np.concatenate(pair) for pair in zip(self._columns(), other._columns(), strict=True))  # noqa: SLF001 - of the same class
        )

    def _columns(self) -> tuple[Integers, Integers, Integers, Integers]:
        return self.ids, self.weights, self.arrive, self.depart


def name_of(identifier: int, seed: int) -> str:
    """The name of a viewer; different numbers have different names under one seed."""
    block, place = divmod(identifier, _NAMES)
    place = (place * 1597 + seed) % _NAMES
    first, second = FIRST_NAMES[place // len(SECOND_NAMES)], SECOND_NAMES[place % len(SECOND_NAMES)]
    number = str(block) if block else ""
    style = (place * 2654435761 + block >> 7) % 4
    if style == 0:
        return f"{first}_{second}{number}"
    if style == 1:
        return f"{first.capitalize()}{second.capitalize()}{number}"
    return f"{first}{second}{number}"


@dataclass(slots=True)
class Community:
    """The viewers who come back, stream by stream."""

    seed: int
    profile: Profile
    chatters: float
    """Expected viewers inclined to write, of one stream."""
    members: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    next_id: int = 0

    @classmethod
    def founded(cls, seed: int, profile: Profile, chatters: float) -> "Community":
        """A community so large that a stream is expected to have `chatters` viewers inclined to write."""
        community = cls(seed, profile, chatters)
        attendance = FREE_DAY / (profile.loyalty + 1.0)
        community.members = community.new_ids(max(round(chatters * (1.0 - profile.newcomers) / attendance), 1))
        return community

    def new_ids(self, count: int) -> Integers:
        """Numbers that nobody has yet."""
        ids = np.arange(self.next_id, self.next_id + count, dtype=np.int64)
        self.next_id += count
        return ids

    def attend(self, draws: Draws, size: float, weekday: int, games: list[int], game_count: int) -> tuple[Integers, Integers]:
        """Who comes: numbers of members and of newcomers. `size` is the stream's attendance over the usual one."""
        faithful = exp(self.profile.loyalty * log(self.trait(self.members, 0) + 2.0**-40))
        free = self.trait(self.members, 1 + weekday) < FREE_DAY
        favourite = np.isin((mixed(self.members, self.seed * 32 + 8) % np.uint64(game_count)).astype(np.int64), games)
        chance = np.minimum(faithful * np.where(favourite, FAVOURITE_GAME, OTHER_GAME) * size, 0.98)
        came = self.members[free & (draws.uniforms(len(self.members)) < chance)]
        scale = len(self.members) * FREE_DAY / (self.profile.loyalty + 1.0) / max(1.0 - self.profile.newcomers, 0.05)
        fresh = int(draws.poisson(scale * self.profile.newcomers * size)[0])
        if not len(came) + fresh:
            came = self.members[:1]
        return came, self.new_ids(fresh)

    def grow(self, draws: Draws, newcomers: Integers, growth: float) -> None:
        """Some newcomers stay, and as many members leave as keeps the growth as asked for, up to chance."""
        if not len(self.members):
            return
        target = len(self.members) * (1.0 + growth)
        stay = newcomers[draws.uniforms(len(newcomers)) < STAYS]
        if growth > 0 and len(self.members) + len(stay) < target:
            missing = draws.poisson(target - len(self.members) - len(stay))
            stay = np.concatenate([stay, self.new_ids(int(missing[0]))])
        leaving = min(max(len(self.members) + len(stay) - target, 0.0) / len(self.members), 1.0)
        kept = self.members[draws.uniforms(len(self.members)) >= leaving]
        self.members = np.concatenate([kept if len(kept) else self.members[:1], stay])

    def trait(self, ids: Integers, number: int) -> Floats:
        """Habit `number` of each viewer, uniform in [0, 1): 0 faithfulness, 1 to 7 free days, 8 favourite game."""
        return uniforms_of(mixed(ids, self.seed * 32 + number))

    def weights(self, ids: Integers, factor: float) -> Integers:
        """How much each viewer writes, log-normal with the profile's spread, as whole numbers of at least 1."""
        words = np.stack([mixed(ids, self.seed * 32 + number) for number in (16, 17, 18)], axis=1)
        normal = normals_of(np.ascontiguousarray(words).reshape(-1))
        return np.maximum(np.rint(exp(normal * self.profile.chattiness) * (factor * WEIGHT_UNIT)), 1.0).astype(np.int64)


def presence(draws: Draws, count: int, seconds: float) -> tuple[Integers, Integers]:
    """When viewers arrive and leave, int64 milliseconds: many around the start, half of all stay until the end."""
    kind, place = draws.uniforms(count), draws.uniforms(count)
    arrive = np.where(kind < _EARLY, draws.exponentials(count) * _EARLY_MEAN_S, place * (0.85 * seconds))
    arrive = np.where(arrive < 0.9 * seconds, arrive, place * seconds)
    arrive = np.where(kind < _WAITING, 0.0, arrive)
    stay = np.where(draws.uniforms(count) < _UNTIL_END, seconds, draws.exponentials(count) * (_MEAN_STAY * seconds) + 60.0)
    depart = np.minimum(arrive + stay, seconds)
    return np.floor(arrive * 1000.0).astype(np.int64), np.floor(depart * 1000.0).astype(np.int64)


def lurkers(draws: Draws, audience: Audience, viewers: float, seconds: float) -> tuple[Integers, Integers]:
    """Arrivals and departures of viewers who never write, so many that `viewers` are there on average, with the audience."""
    missing = viewers * seconds * 1000.0 - float((audience.depart - audience.arrive).sum())
    arrivals, departures = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    while missing > 0:
        arrive, depart = presence(draws, 4096, seconds)
        stays = np.cumsum(depart - arrive)
        used = int(np.searchsorted(stays, missing)) + 1
        arrivals.append(arrive[:used])
        departures.append(depart[:used])
        missing -= float(stays[min(used, len(stays)) - 1])
    return np.concatenate(arrivals), np.concatenate(departures)


def viewers_by_minute(minutes: int, *stays: tuple[Integers, Integers]) -> Integers:
    """Viewers present at the start of each minute (the first: within its first second, when people are there), int64 (minutes,)."""
    edges = np.arange(minutes, dtype=np.int64) * 60_000 + 1_000
    counts = np.zeros(minutes, dtype=np.int64)
    for arrive, depart in stays:
        counts += np.searchsorted(np.sort(arrive), edges, side="right") - np.searchsorted(np.sort(depart), edges, side="right")
    return np.maximum(counts, 1)


def usual_viewers(chatters: float) -> float:
    """Viewers present on average in a stream with so many viewers inclined to write."""
    return chatters * VIEWERS_PER_CHATTER

"""What happens in a simulated stream, with the truth about it: raids, hype moments, lulls, trolls and copypasta waves.

Hype and lulls change the rate at which everybody writes; chat answers a moment on stream after a lag. Raids, trolls and waves of
copypasta bring messages of their own. Drawn events keep apart, so that the truth about each can be told from chat.
"""

from dataclasses import dataclass, field

import numpy as np

from hikari.analytics import simulator_texts as texts
from hikari.analytics.simulator_audience import Audience, Community, name_of
from hikari.analytics.simulator_config import Planted, SimulationConfig
from hikari.analytics.simulator_random import Draws, Floats, Integers, exp, log
from hikari.analytics.simulator_rate import STEP_S

LAG_S = (4.0, 14.0)
"""Seconds by which chat trails what happens on stream."""
HYPE_FADES_S = (20.0, 45.0)
HYPE_GAIN = (4.0, 9.0)
HYPE_ENDS_AT = 1.5
"""A hype moment ends when the rate is back at so many times the usual one."""
APART_S = 180.0
QUIET_START_S = 600.0
QUIET_END_S = 300.0
RAIDER_WRITES = 0.15
RAIDER_WEIGHT = 0.3


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """The truth about one event, in seconds since the stream's start.

    `at` is what happened on stream, `start` to `end` where chat shows it, `users` who took part (empty: everybody).
    """

    kind: str
    at: float
    start: float
    end: float
    size: float
    users: tuple[str, ...] = ()
    chant: str = ""
    emote: str = ""

    def truth(self, stream_start: float) -> dict[str, object]:
        """The event as a row of the truth file, in epoch seconds."""
        row: dict[str, object] = {"kind": self.kind}
        row.update({name: round(stream_start + getattr(self, name), 3) for name in ("at", "start", "end")})
        return {**row, "size": round(self.size, 3), "users": list(self.users)}


@dataclass(slots=True)
class Happenings:
    """All events of a stream and what they bring: `audience` with those who came through them, extra viewers' `stays`, and
    `lines` of (milliseconds, place in the audience, text)."""

    audience: Audience
    events: list[StreamEvent] = field(default_factory=list)
    stays: list[tuple[Integers, Integers]] = field(default_factory=list)
    lines: list[tuple[int, int, str]] = field(default_factory=list)


def planned(config: SimulationConfig, seconds: float, draws: Draws) -> list[Planted]:
    """The planted events that fall into the stream, and drawn ones apart from them, in the order of time."""
    chosen = [event for event in config.planted if event.at < seconds]
    room = seconds - QUIET_START_S - QUIET_END_S
    rates = (("raid", config.raids), ("hype", config.hypes), ("lull", config.lulls), ("troll", config.trolls))
    for kind, rate in (*rates, ("copypasta", config.copypastas)):
        count = int(draws.poisson(rate * max(room, 0.0) / 3600.0)[0])
        for share in draws.uniforms(count).tolist():
            at = QUIET_START_S + share * room
            if all(
                abs(at - other.at) >= APART_S + (_longest(kind) if at < other.at else _longest(other.kind)) for other in chosen
            ):
                chosen.append(Planted(kind, at))
    return sorted(chosen, key=lambda event: (event.at, event.kind))


def happenings(
    plan: list[Planted],
    audience: Audience,
    community: Community,
    draws: Draws,
    seconds: float,
    rate: float,
    viewers: float,
    game: str,
) -> Happenings:
    """What the plan comes to, with the people and messages it brings. `rate` is in messages a minute."""
    found = Happenings(audience)
    makers = {"hype": _hype, "lull": _lull, "raid": _raid, "troll": _troll, "copypasta": _copypasta}
    for event in plan:
        scale = viewers if event.kind == "raid" else rate
        made = makers[event.kind](event, found, community, draws, seconds, scale, game)
        if made is not None:
            found.events.append(made)
    found.lines.sort()
    return found


def rate_factors(events: list[StreamEvent], steps: int) -> Floats:
    """What hype and lulls multiply the rate of each step with, float64 (steps,)."""
    middles = (np.arange(steps) + 0.5) * STEP_S
    factors = np.ones(steps)
    for event in events:
        if event.kind == "hype":
            passed = middles - event.start
            fade = (event.end - event.start) / _log_ratio(event.size)
            # The step in which it starts has it for a part only.
            part = np.clip((passed + STEP_S / 2.0) / STEP_S, 0.0, 1.0)
            factors = factors * (1.0 + part * (event.size - 1.0) * exp(-np.maximum(passed, 0.0) / fade))
        elif event.kind == "lull":
            factors = np.where((middles >= event.start) & (middles < event.end), factors * event.size, factors)
    return factors


def _longest(kind: str) -> float:
    return {"lull": 600.0, "troll": 360.0, "raid": 240.0}.get(kind, 180.0)


def _log_ratio(gain: float) -> float:
    """How many fading times it takes from `gain` to `HYPE_ENDS_AT`."""
    return float(log(max((gain - 1.0) / (HYPE_ENDS_AT - 1.0), 1.1)))


def _hype(
    event: Planted, found: Happenings, community: Community, draws: Draws, seconds: float, rate: float, game: str
) -> StreamEvent | None:
    lag, gain = draws.uniform(*LAG_S), draws.uniform(*HYPE_GAIN)
    gain = max(gain if event.size is None else event.size, HYPE_ENDS_AT + 0.1)
    fade = draws.uniform(*HYPE_FADES_S)
    start = event.at + lag
    end = start + (fade * _log_ratio(gain) if event.seconds is None else event.seconds)
    chant, emote = texts.chant(int(draws.words(1)[0]))
    if start >= seconds:
        return None
    return StreamEvent("hype", event.at, start, min(max(end, start + 1.0), seconds), gain, (), chant, emote)


def _lull(
    event: Planted, found: Happenings, community: Community, draws: Draws, seconds: float, rate: float, game: str
) -> StreamEvent | None:
    length, depth = draws.uniform(240.0, 600.0), draws.uniform(0.15, 0.35)
    length, depth = event.seconds or length, depth if event.size is None else event.size
    return StreamEvent("lull", event.at, event.at, min(event.at + length, seconds), max(depth, 0.001))


def _raid(
    event: Planted, found: Happenings, community: Community, draws: Draws, seconds: float, viewers: float, game: str
) -> StreamEvent | None:
    drawn = max(draws.uniform(0.25, 0.9) * viewers, 10.0)
    raiders = max(round(drawn if event.size is None else event.size), 1)
    length = event.seconds or 120.0
    begin = event.at * 1000.0
    arrive = np.floor(begin + draws.uniforms(raiders) * min(length, 30.0) * 1000.0).astype(np.int64)
    # Most have a look and leave; who stays does so as viewers do.
    stay = np.where(draws.uniforms(raiders) < 0.2, seconds * 1000.0, draws.exponentials(raiders) * 480_000.0 + 30_000.0)
    last = np.int64(seconds * 1000.0)
    arrive = np.minimum(arrive, last)
    depart = np.minimum(arrive + np.floor(stay).astype(np.int64), last)
    writers = max(round(raiders * RAIDER_WRITES), 1)
    ids = community.new_ids(writers)
    first = len(found.audience.ids)
    weights = community.weights(ids, RAIDER_WEIGHT)
    found.audience = found.audience.joined(Audience(ids, weights, arrive[:writers], depart[:writers]))
    found.stays.append((arrive[writers:], depart[writers:]))
    words = [int(word) for word in draws.words(2)]
    origin, (_, emote) = texts.origin(words[0]), texts.chant(words[1])
    for number, (word, wait) in enumerate(zip(draws.words(writers).tolist(), draws.exponentials(writers).tolist(), strict=True)):
        time = int(arrive[number]) + int(min(wait * 12.0, length) * 1000.0)
        if time < int(depart[number]):
            found.lines.append((time, first + number, texts.raid(word, origin, emote)))
    names = tuple(name_of(int(identifier), community.seed) for identifier in ids.tolist())
    return StreamEvent("raid", event.at, event.at, min(event.at + length, seconds), float(raiders), names)


def _troll(
    event: Planted, found: Happenings, community: Community, draws: Draws, seconds: float, rate: float, game: str
) -> StreamEvent | None:
    count = 1 + draws.below(3) if event.size is None else max(round(event.size), 1)
    length = event.seconds or draws.uniform(120.0, 360.0)
    end = min(event.at + length, seconds)
    ids, first = community.new_ids(count), len(found.audience.ids)
    arrive = np.full(count, int(event.at * 1000.0) - 1, dtype=np.int64)
    depart = np.full(count, int(end * 1000.0), dtype=np.int64)
    # Weight 0: all they write is planned here.
    found.audience = found.audience.joined(Audience(ids, np.zeros(count, dtype=np.int64), np.maximum(arrive, 0), depart))
    for number in range(count):
        lines = 5 + draws.below(10)
        spam = texts.troll(int(draws.words(1)[0]), game) if draws.below(2) else None
        for share, word in zip(draws.uniforms(lines).tolist(), draws.words(lines).tolist(), strict=True):
            time = int((event.at + share * (end - event.at)) * 1000.0)
            found.lines.append((time, first + number, spam or texts.troll(word, game)))
    names = tuple(name_of(int(identifier), community.seed) for identifier in ids.tolist())
    return StreamEvent("troll", event.at, event.at, end, float(count), names)


def _copypasta(
    event: Planted, found: Happenings, community: Community, draws: Draws, seconds: float, rate: float, game: str
) -> StreamEvent | None:
    drawn = max(6.0, draws.uniform(0.5, 1.5) * rate)
    wanted = max(round(drawn if event.size is None else event.size), 2)
    length = event.seconds or draws.uniform(40.0, 120.0)
    end = min(event.at + length, seconds)
    there = found.audience
    stays = (there.arrive <= int(event.at * 1000.0)) & (there.depart > int(end * 1000.0)) & (there.weights > 0)
    # People who write much also copy more, but a wave is not one of its loudest alone.
    users = draws.distinct(np.where(stays, 1 + there.weights // 8192, 0), min(wanted, 500))
    text = texts.copypasta(int(draws.words(1)[0]), game)
    for place, wait, kind in zip(
        users.tolist(), draws.exponentials(len(users)).tolist(), draws.uniforms(len(users)).tolist(), strict=True
    ):
        time = min(event.at + wait * length / 3.0, end - 0.001)
        line = text if kind < 0.8 else f"{text} LUL" if kind < 0.9 else text.upper()
        found.lines.append((int(time * 1000.0), place, line))
    if not len(users):
        return None
    names = tuple(name_of(int(there.ids[place]), community.seed) for place in users.tolist())
    return StreamEvent("copypasta", event.at, event.at, end, float(len(users)), names)

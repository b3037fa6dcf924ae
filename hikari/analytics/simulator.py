"""Simulated streams: chat in the replay format with the truth about what happened in it, from a seed.

    for row in simulate(SimulationConfig(profile="typical", hours=2.0), seed=7): ...
    for stream in streams(10, seed=7): stream.rows(), stream.truth()

Equal configuration and seed give equal rows, byte for byte as JSON, on every machine (`simulator_random`). Memory depends on the
size of the audience and the length of a stream, not on the number of rows. What the statistics of the streams follow is in
`simulator_config`, who is there in `simulator_audience`, what happens in `simulator_events`, what is written in `simulator_texts`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict

import numpy as np

from hikari.analytics import simulator_audience as audiences
from hikari.analytics.simulator_audience import Audience, Community, name_of
from hikari.analytics.simulator_config import Profile, SimulationConfig
from hikari.analytics.simulator_events import StreamEvent, happenings, planned, rate_factors
from hikari.analytics.simulator_phrases import SEGMENT_NAMES, TALK
from hikari.analytics.simulator_random import Draws, Floats, Integers, exp, mixed
from hikari.analytics.simulator_rate import STEP_S, mood, rates, steps_of
from hikari.analytics.simulator_texts import Scene, Speaker, Writer

CONVERSATION_S = 600
"""For so long a viewer is in the mood to talk, or not."""
ENDING_S = 180.0
MAX_SPEAKERS = 50_000
"""Speakers whose habits are kept; more are worked out again."""
WEEKDAYS = ((0,), (0, 3), (0, 2, 4), (0, 2, 4, 5), (0, 1, 3, 4, 5), (0, 1, 2, 3, 4, 5), (0, 1, 2, 3, 4, 5, 6))
"""Days after the first stream's on which there are streams, by the number of streams a week."""
_DAY_S = 86_400.0
_STEP_MS = STEP_S * 1000
_PLAN, _AUDIENCE, _EVENTS, _RATE, _ROWS, _GROWTH = range(6)


class Row(TypedDict):
    """One message in the replay format; `timestamp` in epoch seconds with milliseconds."""

    timestamp: float
    username: str
    message: str
    viewer_count: int


@dataclass(frozen=True, slots=True)
class Segment:
    """What is on: a game or another segment, in seconds since the stream's start."""

    name: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """One planned stream; its rows are made while they are read, and again equally when they are read again."""

    number: int
    seed: int
    start: float
    """Epoch seconds."""
    seconds: float
    followers: int
    """Members of the community when the stream starts."""
    profile: Profile
    segments: tuple[Segment, ...]
    events: tuple[StreamEvent, ...]
    viewers: Integers
    """Viewers present at each minute, int64 (minutes,); what `viewer_count` says."""
    rates: Floats
    """Expected messages of each step of `simulator_rate.STEP_S` seconds, beside `lines`, float64 (steps,)."""
    audience: Audience
    lines: tuple[tuple[int, int, str], ...]
    """Messages that events bring: milliseconds since the start, place in the audience, text."""

    def rows(self) -> Iterator[Row]:
        """The messages, sorted by time."""
        return _rows(self)

    def truth(self) -> dict[str, object]:
        """What happened, for tests of detectors: times in epoch seconds, `segments` and `events` with kind, start, end and users."""
        return {
            "stream": self.number,
            "start": self.start,
            "end": round(self.start + self.seconds, 3),
            "followers": self.followers,
            "segments": [
                {"kind": "game", "name": segment.name, "start": self.start + segment.start, "end": self.start + segment.end}
                for segment in self.segments
            ],
            "events": [event.truth(self.start) for event in self.events],
        }


def simulate(config: SimulationConfig, seed: int) -> Iterator[Row]:
    """The rows of one stream."""
    return next(streams(1, seed, config)).rows()


def streams(count: int, seed: int, config: SimulationConfig | None = None) -> Iterator[Stream]:
    """`count` streams of one channel on a weekly schedule, each planned when it is asked for; the community lives on between them."""
    config = SimulationConfig() if config is None else config
    profile = config.resolved()
    chatters = _chatters(config, profile)
    community = Community.founded(seed, profile, chatters)
    days = WEEKDAYS[min(max(round(profile.streams_per_week), 1), 7) - 1]
    for number in range(count):
        week, place = divmod(number, len(days))
        yield _planned_stream(config, profile, community, seed, number, config.start + (7 * week + days[place]) * _DAY_S)


def _chatters(config: SimulationConfig, profile: Profile) -> float:
    """Viewers inclined to write who drop in during a stream: with the viewers asked for, else with the root of the rate."""
    if config.viewers is not None:
        return max(config.viewers / audiences.usual_viewers(1.0), 1.0)
    return profile.chatters if config.rate is None else max(profile.chatters * float(np.sqrt(config.rate / profile.rate)), 3.0)


def _planned_stream(
    config: SimulationConfig, profile: Profile, community: Community, seed: int, number: int, start: float
) -> Stream:
    draws = Draws(seed, number, _PLAN)
    spread_rate, spread_hours, spread_start = draws.normals(3).tolist()
    # Streams with more messages than usual have more people in them.
    louder = float(exp(profile.rate_spread * spread_rate)) if config.rate is None else 1.0
    rate = profile.rate * louder if config.rate is None else config.rate
    hours = min(max(profile.hours * float(exp(profile.hours_spread * spread_hours)), 0.75), 12.0)
    seconds = float(round((hours if config.hours is None else config.hours) * 3600.0))
    start = start if number == 0 else start + float(round(300.0 * spread_start))
    segments = _segments(draws, seconds)
    games = [SEGMENT_NAMES.index(segment.name) for segment in segments]
    weekday = datetime.fromtimestamp(start, UTC).weekday()
    who = Draws(seed, number, _AUDIENCE)
    followers = len(community.members)
    members, newcomers = community.attend(who, float(np.sqrt(louder)), weekday, games, len(SEGMENT_NAMES))
    weights = (community.weights(members, 1.0), community.weights(newcomers, audiences.NEWCOMER_WEIGHT))
    arrive, depart = audiences.presence(who, len(members) + len(newcomers), seconds)
    arrive[0], depart[0] = 0, int(seconds * 1000.0)
    audience = Audience(np.concatenate([members, newcomers]), np.concatenate(weights), arrive, depart)
    viewers = config.viewers if config.viewers is not None else audiences.usual_viewers(len(audience.ids))
    quiet = audiences.lurkers(who, audience, viewers, seconds)
    happening = Draws(seed, number, _EVENTS)
    found = happenings(
        planned(config, seconds, happening), audience, community, happening, seconds, rate, viewers, segments[0].name
    )
    everyone = (found.audience.arrive, found.audience.depart)
    count = int(np.ceil(seconds / 60.0))
    messages = max(rate * seconds / 60.0 - len(found.lines), 1.0)
    steps = rate_factors(found.events, steps_of(seconds))
    expected = rates(profile, seconds, steps, messages, Draws(seed, number, _RATE))
    community.grow(Draws(seed, number, _GROWTH), newcomers, config.growth)
    return Stream(
        number=number,
        seed=seed,
        start=start,
        seconds=seconds,
        followers=followers,
        profile=profile,
        segments=segments,
        events=tuple(found.events),
        viewers=audiences.viewers_by_minute(count, everyone, quiet, *found.stays),
        rates=expected,
        audience=found.audience,
        lines=tuple(found.lines),
    )


def _segments(draws: Draws, seconds: float) -> tuple[Segment, ...]:
    """Talking first, then one or two games; short streams have one game alone."""
    games = [name for name in SEGMENT_NAMES if name != TALK]
    first = draws.below(len(games))
    if seconds < 3600.0:
        return (Segment(games[first], 0.0, seconds),)
    second = (first + 1 + draws.below(len(games) - 1)) % len(games)
    talk = float(round(draws.uniform(0.06, 0.18) * seconds))
    change = float(round(draws.uniform(0.45, 0.75) * seconds))
    if draws.below(3) == 0:
        return Segment(TALK, 0.0, talk), Segment(games[first], talk, seconds)
    return Segment(TALK, 0.0, talk), Segment(games[first], talk, change), Segment(games[second], change, seconds)


def _rows(stream: Stream) -> Iterator[Row]:
    draws = Draws(stream.seed, stream.number, _ROWS)
    writer, teller = Writer(stream.profile), _Teller(stream)
    moods = mood(draws, len(stream.viewers))
    counts = draws.poisson(stream.rates)
    next_line, scene_until = 0, 0
    scene = Scene(TALK, 0.0)
    greeted = bytearray(len(stream.audience.ids))
    weights = stream.audience.weights
    lively = weights
    for minute, viewer_count in enumerate(stream.viewers.tolist()):
        first_step = minute * 60 // STEP_S
        begin, end = minute * 60_000, min((minute + 1) * 60_000, int(stream.seconds * 1000.0))
        if minute % (CONVERSATION_S // 60) == 0:
            lively = _lively(draws, weights, stream.profile.conversation)
        times, users = _who_when(
            draws, counts[first_step : first_step + 60 // STEP_S], first_step, stream.audience, lively, begin, end
        )
        texts: list[str | None] = [None] * len(times)
        while next_line < len(stream.lines) and stream.lines[next_line][0] < end:
            time, user, text = stream.lines[next_line]
            times.append(time)
            users.append(user)
            texts.append(text)
            next_line += 1
        words: list[int] = draws.words(len(times)).tolist()
        friends = users
        for place in sorted(range(len(times)), key=times.__getitem__):
            time, user, text = times[place], users[place], texts[place]
            speaker = teller.speaker(user)
            if text is None:
                if time >= scene_until:
                    scene, scene_until = teller.scene(time, moods[minute])
                friend = teller.speaker(friends[words[place] % len(friends)]).name
                text = writer.message(words[place], speaker, scene, not greeted[user], "" if friend == speaker.name else friend)
            greeted[user] = 1
            yield {
                "timestamp": (round(stream.start * 1000.0) + time) / 1000.0,
                "username": speaker.name,
                "message": text,
                "viewer_count": viewer_count,
            }


def _who_when(
    draws: Draws, counts: Integers, first_step: int, audience: Audience, weights: Integers, begin: int, end: int
) -> tuple[list[int], list[int]]:
    """Times in milliseconds and places in the audience of one minute's messages, by viewers who are there all of that minute."""
    present = (audience.arrive <= begin) & (audience.depart >= end)
    sums = np.cumsum(np.where(present, weights, 0))
    count = int(counts.sum())
    if not count or sums[-1] == 0:
        return [], []
    words = draws.words(2 * count)
    steps = np.repeat(np.arange(len(counts), dtype=np.int64) + first_step, counts)
    times = steps * _STEP_MS + (words[:count] % np.uint64(_STEP_MS)).astype(np.int64)
    chosen = (words[count:] % np.uint64(sums[-1])).astype(np.int64)
    users = np.searchsorted(sums, chosen, side="right")
    there = times < end  # the last step of a stream may reach beyond its end
    return times[there].tolist(), users[there].tolist()


def _lively(draws: Draws, weights: Integers, spread: float) -> Integers:
    """The weights while some are in the mood to talk."""
    factors = exp(draws.normals(len(weights)) * spread)
    return np.where(weights > 0, np.maximum(np.rint(weights * factors), 1.0), 0.0).astype(np.int64)


class _Teller:
    """Who a place in the audience is, and what is going on at a time; times are asked for in order."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._speakers: dict[int, Speaker] = {}
        self._hypes = [event for event in stream.events if event.kind == "hype"]
        self._ending = stream.seconds - ENDING_S
        self._edges = [self._ending, *(segment.start for segment in stream.segments)]
        self._edges += [edge for event in self._hypes for edge in (event.start, event.end)]

    def speaker(self, place: int) -> Speaker:
        """The habits of the viewer at a place."""
        found = self._speakers.get(place)
        if found is None:
            if len(self._speakers) >= MAX_SPEAKERS:
                self._speakers.clear()
            identifier = self._stream.audience.ids[place : place + 1]
            word = int(mixed(identifier, self._stream.seed * 32 + 31)[0])
            found = Speaker.of(name_of(int(identifier[0]), self._stream.seed), word)
            self._speakers[place] = found
        return found

    def scene(self, time: int, feeling: float) -> tuple[Scene, int]:
        """What is going on at a time in milliseconds, and until when at most that stays so."""
        second = time / 1000.0
        until = min([edge for edge in self._edges if edge > second], default=self._stream.seconds)
        until = min(int(until * 1000.0), (time // 60_000 + 1) * 60_000)
        game = next(part.name for part in reversed(self._stream.segments) if part.start <= second)
        ending = second >= self._ending
        for event in self._hypes:
            if event.start <= second < event.end:
                return Scene(game, feeling, event.chant, event.emote, ending), until
        return Scene(game, feeling, ending=ending), until

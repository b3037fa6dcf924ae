"""Where the streams of an engagement stage come from: recorded ones under a path, else simulated ones, which need no file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from hikari.analytics.events import chat_event
from hikari.analytics.simulator import streams
from hikari.analytics.simulator_config import PROFILES, SimulationConfig
from training.engagement_data import Recordings, chatters_ahead, read
from training.engagement_mood import lexicon_mood
from training.schema import Name, Positive, Seed, closed
from training.streams import RecordedStream, featurise


@closed
@dataclass(frozen=True)
class SimulatedConfig:
    """Streams of the bundled simulator, whose figures were fitted to recorded ones: a channel for each profile."""

    profiles: Annotated[tuple[Name, ...], Field(min_length=1)]
    streams: Positive
    """Of each channel, by its weekly schedule."""
    seed: Seed

    def __post_init__(self) -> None:
        unknown = sorted(set(self.profiles) - set(PROFILES))
        if unknown or len(set(self.profiles)) < len(self.profiles):
            raise ValueError(f"profiles must be different ones of {', '.join(PROFILES)}, got {self.profiles}")


@closed
@dataclass(frozen=True)
class StreamsConfig:
    """Recorded streams, or none and then simulated ones."""

    path: Name | None
    """Folder or file in one of the formats of `training.streams`."""
    cache: Name | None
    """Folder that keeps the features of recorded streams for the next time."""
    simulated: SimulatedConfig


def recordings(config: StreamsConfig) -> Recordings:
    """The streams with their features. Raises `PublicDataError` where the path holds none."""
    if config.path is not None:
        return read(Path(config.path), None if config.cache is None else Path(config.cache))
    return simulated(config.simulated)


def simulated(config: SimulatedConfig) -> Recordings:
    """Simulated streams, read like recorded ones; equal configurations give equal ones on every machine."""
    made = Recordings([], [])
    for place, profile in enumerate(config.profiles):
        for stream in streams(config.streams, config.seed + place, SimulationConfig(profile=profile)):
            events = tuple(chat_event(row) for row in stream.rows())
            recorded = RecordedStream(profile, f"{stream.number:04d}", stream.start, stream.start + stream.seconds, events)
            features = featurise(recorded, lexicon_mood)
            made.streams.append(features)
            made.chatters.append(chatters_ahead(recorded, features.first_minute, len(features.matrix)))
    return made

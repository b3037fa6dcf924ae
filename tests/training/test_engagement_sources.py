"""Simulated streams as the engagement stages read them."""

import numpy as np
import pytest

from hikari.analytics import features
from training.engagement_sources import SimulatedConfig, StreamsConfig, recordings, simulated
from training.public_data import PublicDataError
from training.schema import ConfigError, to_config

QUIET = SimulatedConfig(profiles=("quiet",), streams=2, seed=3)


def test_every_profile_is_a_channel_with_its_streams_in_order() -> None:
    found = simulated(SimulatedConfig(profiles=("typical", "quiet"), streams=2, seed=3))
    assert [(each.channel, each.stream_id) for each in found.streams] == [
        ("typical", "0000"),
        ("typical", "0001"),
        ("quiet", "0000"),
        ("quiet", "0001"),
    ]
    assert [len(each) for each in found.chatters] == [len(each.matrix) for each in found.streams]
    rates = [each.matrix[:, features.INDEX["messages"]].mean() for each in found.streams]
    assert min(rates[:2]) > max(rates[2:])


def test_sentiment_is_scored_as_in_recordings() -> None:
    moods = simulated(QUIET).streams[0].matrix[:, features.INDEX["mean_sentiment"]]
    assert np.nanstd(moods) > 0


def test_the_seed_decides_what_is_simulated() -> None:
    first, again = simulated(QUIET), simulated(QUIET)
    other = simulated(SimulatedConfig(profiles=("quiet",), streams=2, seed=4))
    assert all(np.array_equal(a.matrix, b.matrix, equal_nan=True) for a, b in zip(first.streams, again.streams, strict=True))
    assert first.streams[0].matrix.shape != other.streams[0].matrix.shape or not np.array_equal(
        first.streams[0].matrix, other.streams[0].matrix, equal_nan=True
    )


def test_a_path_goes_before_the_simulator() -> None:
    with pytest.raises(PublicDataError):
        recordings(StreamsConfig(path="nowhere", cache=None, simulated=QUIET))
    assert len(recordings(StreamsConfig(path=None, cache=None, simulated=QUIET)).streams) == 2


@pytest.mark.parametrize("profiles", [[], ["loud"], ["quiet", "quiet"]])
def test_unknown_and_doubled_profiles_are_refused(profiles: list[str]) -> None:
    with pytest.raises(ConfigError, match="profiles"):
        to_config({"profiles": profiles, "streams": 1, "seed": 1}, SimulatedConfig)

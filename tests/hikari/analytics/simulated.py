"""Figures of a small channel for tests of the simulator, so that a new fit changes none of them."""

from dataclasses import replace

from hikari.analytics.simulator import Stream, streams
from hikari.analytics.simulator_config import MAX_WORDS, Planted, Profile, SimulationConfig

WORDS = (0.2, 0.15, 0.12, 0.1, 0.1, 0.08, 0.07, 0.05, 0.04, 0.03, 0.02, 0.02, 0.01, 0.01) + (0.0,) * (MAX_WORDS - 14)
PROFILE = Profile(
    rate=8.0,
    rate_spread=0.2,
    hours=3.0,
    hours_spread=0.2,
    streams_per_week=3.0,
    shape=(0.8, 0.9, 1.1, 1.2, 1.2, 1.1, 1.0, 1.0, 0.9, 0.9, 1.0, 1.5),
    fast=0.2,
    medium=0.2,
    slow=0.2,
    chatters=70.0,
    chattiness=1.3,
    conversation=0.8,
    newcomers=0.2,
    loyalty=0.4,
    emote_only=0.15,
    emote_beside=0.15,
    question=0.1,
    mention=0.06,
    shouting=0.04,
    command=0.01,
    link=0.005,
    words=WORDS,
    emotes=(0.7, 0.2, 0.1) + (0.0,) * (MAX_WORDS - 3),
)
CONFIG = SimulationConfig(figures=PROFILE)
CALM = replace(CONFIG, raids=0.0, hypes=0.0, lulls=0.0, trolls=0.0, copypastas=0.0)
STEADY = replace(CALM, figures=replace(PROFILE, fast=0.0, medium=0.0, slow=0.0, shape=(1.0,) * len(PROFILE.shape)))
"""No events and a constant rate."""


def stream_with(
    *planted: Planted, seed: int = 3, config: SimulationConfig = STEADY, hours: float = 1.0, rate: float = 30.0
) -> Stream:
    """One stream with planted events and nothing else in it."""
    return next(streams(1, seed, replace(config, hours=hours, rate=rate, planted=planted)))

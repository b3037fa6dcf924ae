"""Who is there: names, habits, presence, and a community that comes back and grows."""

from dataclasses import replace

import numpy as np
import pytest

from hikari.analytics.simulator_audience import Audience, Community, lurkers, name_of, presence, viewers_by_minute
from hikari.analytics.simulator_random import Draws
from tests.hikari.analytics.simulated import PROFILE


def test_names_are_unique_and_plain() -> None:
    names = [name_of(identifier, 5) for identifier in range(100_000)]
    assert len(set(names)) == len(names)
    assert all(name.replace("_", "").isalnum() and name.isascii() and len(name) <= 24 for name in names)
    assert name_of(1, 5) != name_of(1, 6)


def test_presence_lies_in_the_stream_and_ramps_up() -> None:
    arrive, depart = presence(Draws(1), 20_000, 7200.0)
    assert (arrive >= 0).all()
    assert (depart <= 7_200_000).all()
    assert (depart >= arrive).all()
    counts = viewers_by_minute(120, (arrive, depart))
    assert counts[0] < 0.3 * counts[60]
    assert counts[20] > 1.5 * counts[1]
    assert abs(counts[90] / counts[60] - 1.0) < 0.25


def test_viewers_by_minute_count_those_between_arrival_and_departure() -> None:
    arrive, depart = presence(Draws(2), 300, 1800.0)
    expected = [max(int(((arrive <= m * 60_000 + 1000) & (depart > m * 60_000 + 1000)).sum()), 1) for m in range(30)]
    assert viewers_by_minute(30, (arrive[:100], depart[:100]), (arrive[100:], depart[100:])).tolist() == expected


def test_lurkers_fill_up_to_the_mean_asked_for() -> None:
    arrive, depart = presence(Draws(3), 50, 3600.0)
    audience = Audience(np.arange(50), np.ones(50, dtype=np.int64), arrive, depart)
    for viewers in (200.0, 20_000.0):
        quiet = lurkers(Draws(4), audience, viewers, 3600.0)
        present = float((depart - arrive).sum() + (quiet[1] - quiet[0]).sum()) / 3_600_000
        assert present == pytest.approx(viewers, rel=0.02)
    assert len(lurkers(Draws(4), audience, 1.0, 3600.0)[0]) == 0


def test_a_stream_has_the_expected_attendance() -> None:
    community = Community.founded(11, PROFILE, 2000.0)
    members, newcomers = community.attend(Draws(1), 1.0, 0, [0, 1], 12)
    assert len(members) + len(newcomers) == pytest.approx(2000, rel=0.1)
    assert len(newcomers) / (len(members) + len(newcomers)) == pytest.approx(PROFILE.newcomers, abs=0.03)


def test_the_faithful_come_back_more_often() -> None:
    def shared(loyalty: float) -> float:
        community = Community.founded(11, replace(PROFILE, loyalty=loyalty), 2000.0)
        first, _ = community.attend(Draws(1), 1.0, 0, [], 12)
        second, _ = community.attend(Draws(2), 1.0, 0, [], 12)
        return len(np.intersect1d(first, second)) / len(second)

    assert shared(0.1) > shared(1.0) + 0.1 > shared(4.0) + 0.15


def test_viewers_are_free_on_their_own_days() -> None:
    community = Community.founded(11, replace(PROFILE, loyalty=0.02), 5000.0)
    came = [set(community.attend(Draws(1, day), 1.0, day % 7, [], 12)[0].tolist()) for day in (0, 7, 1)]
    assert len(came[0] & came[1]) > len(came[0] & came[2])


@pytest.mark.parametrize("growth", [-0.05, 0.0, 0.05])
def test_the_community_grows_as_asked(growth: float) -> None:
    community = Community.founded(3, PROFILE, 1000.0)
    start = len(community.members)
    for number in range(20):
        _, newcomers = community.attend(Draws(3, number, 0), 1.0, number % 7, [], 12)
        community.grow(Draws(3, number, 1), newcomers, growth)
    assert len(community.members) / start == pytest.approx((1.0 + growth) ** 20, rel=0.2)
    assert len(np.unique(community.members)) == len(community.members)


def test_weights_are_heavy_tailed_whole_numbers_that_stay_with_the_viewer() -> None:
    community = Community.founded(3, PROFILE, 1000.0)
    weights = community.weights(community.members, 1.0)
    assert weights.dtype == np.int64
    assert weights.min() >= 1
    assert float(np.log(weights).std()) == pytest.approx(PROFILE.chattiness, rel=0.1)
    assert (community.weights(community.members[::-1], 1.0)[::-1] == weights).all()

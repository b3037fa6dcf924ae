"""The engagement score: bounds, closed forms, and that every part grows with what its name says."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.analytics.events import ChatEvent
from hikari.analytics.hot_profiles import HotProfiles
from hikari.analytics.profiles import Profile
from hikari.analytics.viewer_score import WEIGHTS, engagement
from hikari.errors import BadInput

NOW = 1_700_000_000.0


def viewer(messages: int = 10, streams: int = 3, sentiment: float = 0.2) -> Profile:
    hot = HotProfiles()
    for at in range(max(messages, streams)):
        hot.add(ChatEvent(NOW - 86_400 * (streams - 1 - at % streams), "ann", "hello you", sentiment), at % streams)
    found = hot.get("ann")
    assert found is not None
    return found


profiles = st.builds(viewer, st.integers(1, 30), st.integers(1, 12), st.floats(-1, 1))


@given(profiles, st.floats(0, 400), st.integers(0, 40))
def test_bounds_and_sum(profile: Profile, days: float, later: int) -> None:
    found = engagement(profile, NOW + days * 86_400, profile.stream + later)
    assert 0 <= found.score <= 100
    assert all(0 <= part <= 1 for part in found.parts().values())
    assert found.score == pytest.approx(100 * sum(WEIGHTS[name] * part for name, part in found.parts().items()))


@given(profiles, st.floats(0, 100), st.floats(0, 100))
def test_absence_never_helps(profile: Profile, one: float, other: float) -> None:
    early, late = sorted((one, other))
    assert engagement(profile, NOW + late * 86_400).score <= engagement(profile, NOW + early * 86_400).score


@given(profiles, st.integers(1, 20))
def test_missed_streams_never_help(profile: Profile, missed: int) -> None:
    assert engagement(profile, NOW, profile.stream + missed).regularity <= engagement(profile, NOW, profile.stream).regularity


@given(profiles, st.integers(1, 20))
def test_more_is_never_less(profile: Profile, more: int) -> None:
    base = engagement(profile, NOW)
    talk = replace(profile, messages=profile.messages + more, characters=profile.characters + 9 * more)
    asks = replace(profile, mentions=min(profile.mentions + more, profile.messages))
    happy = replace(profile, sentiment_sum=min(profile.sentiment_sum + 0.1 * more, float(profile.sentiments)))
    assert engagement(talk, NOW).depth >= base.depth - 1e-12
    assert engagement(asks, NOW).depth >= base.depth
    assert engagement(happy, NOW).sentiment >= base.sentiment
    assert engagement(replace(profile, streams=profile.streams + more), NOW).frequency > base.frequency


def test_closed_form() -> None:
    found = engagement(viewer(20, 2, 0.5), NOW + 14 * 86_400)
    assert found.recency == pytest.approx(math.exp(-1))
    assert found.frequency == pytest.approx(1 - math.exp(-0.4))
    assert found.regularity == pytest.approx(2 / 4)
    assert found.depth == pytest.approx(0.6 * (1 - math.exp(-1)) + 0.2 * (1 - math.exp(-9 / 40)))
    assert found.sentiment == pytest.approx(0.5 + 0.5 * 10 / 25)


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput):
        engagement(viewer(), math.nan)

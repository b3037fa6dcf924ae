"""What may be simulated: bounds with the field's name, and the committed figures."""

from dataclasses import asdict, replace
from typing import Any

import pytest

from hikari.analytics.simulator_config import PROFILES, Planted, Profile, SimulationConfig, figures_file, profile
from hikari.errors import BadInput
from tests.hikari.analytics.simulated import PROFILE


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("profile", "enormous"),
        ("hours", 0.0),
        ("hours", float("nan")),
        ("hours", 49.0),
        ("rate", -1.0),
        ("rate", float("inf")),
        ("viewers", 0),
        ("viewers", 10**9),
        ("start", -1.0),
        ("raids", -0.1),
        ("hypes", 61.0),
        ("growth", 0.9),
    ],
)
def test_values_out_of_range_are_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(BadInput) as caught:
        SimulationConfig(**{field: value})
    assert caught.value.field == field


def test_planted_events_are_checked() -> None:
    with pytest.raises(BadInput) as caught:
        Planted("party", 1.0)
    assert caught.value.field == "kind"
    for field in ("at", "seconds", "size"):
        with pytest.raises(BadInput) as caught:
            Planted(**{"kind": "hype", "at": 1.0, field: -1.0})
        assert caught.value.field == field


def test_figures_round_trip_and_other_names_are_refused() -> None:
    assert Profile.from_dict(asdict(PROFILE)) == PROFILE
    values = asdict(PROFILE)
    del values["rate"]
    with pytest.raises(BadInput):
        Profile.from_dict(values)


def test_the_committed_profiles_are_figures_in_order_of_rate() -> None:
    found = [profile(name) for name in PROFILES]
    assert found[0].rate < found[1].rate < found[2].rate
    for one in found:
        assert sum(one.words) == pytest.approx(1.0, abs=0.01)
        assert sum(one.emotes) == pytest.approx(1.0, abs=0.01)
        assert all(0 <= share < 1 for share in (one.emote_only, one.emote_beside, one.question, one.mention, one.newcomers))
    assert SimulationConfig(profile="busy").resolved() == found[2]
    assert replace(SimulationConfig(), figures=PROFILE).resolved() is PROFILE


def test_the_committed_file_holds_numbers_and_no_texts_but_its_own() -> None:
    def texts(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [text for part in value.values() for text in texts(part)]
        return [text for part in value for text in texts(part)] if isinstance(value, list) else [value] * isinstance(value, str)

    assert len(texts(figures_file())) == 1

"""An operator's thresholds: what is taken, and every mistake told at once."""

from typing import Any

import pytest

from hikari.errors import BadInput
from hikari.sentiment.thresholds import toxicity_thresholds


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, {}),
        ("", {}),
        ({}, {}),
        ({"toxic": 1}, {"toxic": 1.0}),
        ("toxic=0.7, threat = .5,", {"toxic": 0.7, "threat": 0.5}),
        ("severe_toxic=1e-3", {"severe_toxic": 0.001}),
    ],
)
def test_what_is_taken(given: Any, expected: dict[str, float]) -> None:
    assert toxicity_thresholds(given) == expected


def test_every_mistake_is_told_at_once_with_what_is_allowed() -> None:
    with pytest.raises(BadInput) as caught:
        toxicity_thresholds("toxic=0.7, rude=0.5, threat=2, insult, toxic=0.6, obscene=0", "HIKARI_TOXICITY_THRESHOLDS")
    message = caught.value.message
    for part in (
        "no label 'rude'",
        "threat must be above 0",
        "insult must be above 0",
        "toxic is given twice",
        "obscene must be above 0",
    ):
        assert part in message
    assert message.startswith("HIKARI_TOXICITY_THRESHOLDS: ")
    assert "identity_hate" in message
    assert caught.value.field == "HIKARI_TOXICITY_THRESHOLDS"


@pytest.mark.parametrize("value", [0, -0.1, 1.1, float("nan"), float("inf"), True, None, "high", [0.5], 10**400])
def test_thresholds_are_numbers_above_zero_and_at_most_one(value: Any) -> None:
    with pytest.raises(BadInput, match="toxic must be above 0 and at most 1"):
        toxicity_thresholds({"toxic": value})


def test_a_list_is_no_mapping() -> None:
    with pytest.raises(BadInput, match="must map labels to numbers"):
        toxicity_thresholds([("toxic", 0.7)])  # type: ignore[arg-type]

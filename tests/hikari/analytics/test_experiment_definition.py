"""Definitions: what is accepted, what is refused and with which field, and the planned sizes."""

import pytest
from scipy import stats

from hikari.analytics.experiment_definition import definition
from hikari.analytics.experiment_planning import detectable_effect, required_units
from hikari.errors import BadInput

GOOD = {"id": "e", "name": "E", "arms": ["a", "b"], "metric": "m", "kind": "binary", "minimum_effect": 0.05}


def test_plain_values_round_trip():
    about = definition({**GOOD, "arms": [{"name": "a", "weight": 3}, "b", {"name": "c"}], "baseline": "b", "salt": "s"})
    assert about.weights == (0.6, 0.2, 0.2)
    assert about.baseline_index == 1
    assert about.challengers == (0, 2)
    assert about.comparison_alpha == 0.025
    assert definition(about.as_dict()) == about


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", ""),
        ("name", 3),
        ("metric", None),
        ("arms", ["a"]),
        ("arms", "ab"),
        ("arms", ["a", "a"]),
        ("arms", [{"name": "a", "weight": 0}, "b"]),
        ("arms", [{"weight": 1}, "b"]),
        ("arms", [{"name": "a", "weight": "much"}, "b"]),
        ("arms", [str(number) for number in range(17)]),
        ("kind", "ratio"),
        ("unit", "message"),
        ("block_s", 600),
        ("minimum_effect", 0),
        ("minimum_effect", 1.5),
        ("minimum_effect", float("nan")),
        ("minimum_effect", True),
        ("expected_mean", 1.0),
        ("expected_sd", -1),
        ("expected_correlation", 1.0),
        ("alpha", 0.5),
        ("power", 1.0),
        ("baseline", "c"),
        ("larger_is_better", 1),
        ("max_duration_s", 0),
        ("salt", 5),
        ("covariate", ""),
        ("colour", "red"),
    ],
)
def test_what_is_refused(field, value):
    with pytest.raises(BadInput) as caught:
        definition({**GOOD, field: value})
    assert caught.value.field == field


@pytest.mark.parametrize("field", ["id", "arms", "kind", "minimum_effect"])
def test_what_is_needed(field):
    with pytest.raises(BadInput) as caught:
        definition({name: value for name, value in GOOD.items() if name != field})
    assert caught.value.field == field


def test_time_blocks_need_a_length():
    with pytest.raises(BadInput) as caught:
        definition({**GOOD, "unit": "time_block"})
    assert caught.value.field == "block_s"
    assert definition({**GOOD, "unit": "time_block", "block_s": 600}).block_s == 600


def test_the_price_of_peeking():
    """Against the textbook size of a test with one look: larger, but less than twice."""
    about = definition({**GOOD, "expected_mean": 0.1})
    needed = required_units(about)
    z = stats.norm.isf(0.025) + stats.norm.isf(0.2)
    textbook = z**2 * (0.1 * 0.9 + 0.15 * 0.85) / 0.05**2
    assert needed is not None
    assert needed[0] == needed[1]
    assert 1.5 * textbook < needed[0] < 2 * textbook


def test_more_arms_weights_and_covariates():
    base = {**GOOD, "kind": "continuous", "expected_sd": 1.0, "minimum_effect": 0.2}
    two = required_units(definition(base))
    adjusted = required_units(definition({**base, "covariate": "earlier", "expected_correlation": 0.6}))
    four = required_units(definition({**base, "arms": ["a", "b", "c", "d"]}))
    uneven = required_units(definition({**base, "arms": [{"name": "a", "weight": 9}, "b"]}))
    assert two is not None
    assert adjusted is not None
    assert four is not None
    assert uneven is not None
    assert adjusted[0] == pytest.approx(0.64 * two[0], abs=2)
    assert four[0] > two[0]
    assert sum(uneven) > 2 * sum(two)
    assert required_units(definition({**base, "expected_sd": None})) is None


@pytest.mark.parametrize("kind", ["binary", "count", "continuous"])
def test_size_and_effect_are_inverse(kind):
    about = definition({**GOOD, "kind": kind, "expected_mean": 0.2, "expected_sd": 0.7 if kind == "continuous" else None})
    needed = required_units(about)
    assert needed is not None
    assert detectable_effect(about, sum(needed)) == pytest.approx(0.05, rel=0.02)


def test_planning_needs_a_spread_and_units():
    with pytest.raises(BadInput):
        detectable_effect(definition(GOOD), 10_000)
    with pytest.raises(BadInput):
        detectable_effect(definition({**GOOD, "expected_mean": 0.2}), 40)

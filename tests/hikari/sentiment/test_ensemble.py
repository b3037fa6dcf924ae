"""The ensemble: closed forms, absent members, labels at their boundaries, and weights that are refused."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hikari.sentiment.ensemble import SEED, VERY, Distribution, Ensemble, spread

SCORES = st.floats(-1, 1)
WEIGHTS = st.floats(0.01, 10)
MEMBERS = st.tuples(st.none() | SCORES, st.none() | SCORES, st.none() | SCORES)


@st.composite
def distributions(draw: st.DrawFn) -> Distribution:
    parts = [draw(st.floats(0, 1)) for _ in range(3)]
    assume(sum(parts) > 1e-3)
    negative, neutral, positive = (part / sum(parts) for part in parts)
    return negative, neutral, positive


def score(distribution: Distribution) -> float:
    return distribution[2] - distribution[0]


def test_seed_weights() -> None:
    assert Ensemble(transformer=0.5, vader=0.3, emoji=0.2, neutral_bias=1.0) == SEED


def test_seed_mean_of_three_members() -> None:
    combined = SEED.combine((0.2, 0.3, 0.5), -0.5, 1.0)
    assert combined == pytest.approx((0.1 + 0.15, 0.15 + 0.15, 0.25 + 0.2))
    assert score(combined) == pytest.approx(0.5 * 0.3 + 0.3 * -0.5 + 0.2 * 1.0)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (((0.2, 0.3, 0.5), None, None), (0.2, 0.3, 0.5)),
        ((None, -0.5, None), (0.5, 0.5, 0.0)),
        ((None, None, 0.25), (0.0, 0.75, 0.25)),
        ((None, -1.0, 1.0), (0.6, 0.0, 0.4)),
        (((0.0, 1.0, 0.0), None, 1.0), (0.0, 5 / 7, 2 / 7)),
        ((None, None, None), (0.0, 1.0, 0.0)),
    ],
)
def test_absent_members_leave_their_weight_to_the_others(
    members: tuple[Distribution | None, float | None, float | None], expected: Distribution
) -> None:
    assert SEED.combine(*members) == pytest.approx(expected)


def test_member_of_no_weight_is_absent() -> None:
    alone = Ensemble(1.0, 0.0, 0.0)
    assert alone.combine((0.1, 0.2, 0.7), -1.0, -1.0) == pytest.approx((0.1, 0.2, 0.7))
    assert alone.combine(None, -1.0, -1.0) == (0.0, 1.0, 0.0)


@given(SCORES)
def test_spread_is_a_distribution_with_the_same_score(value: float) -> None:
    distribution = spread(value)
    assert min(distribution) >= 0
    assert sum(distribution) == pytest.approx(1)
    assert score(distribution) == value


@given(st.tuples(WEIGHTS, WEIGHTS, WEIGHTS), st.none() | distributions(), st.none() | SCORES, st.none() | SCORES)
def test_score_is_the_weighted_mean_of_scores(
    weights: tuple[float, float, float],
    transformer: Distribution | None,
    vader: float | None,
    emoji: float | None,
) -> None:
    scores = (None if transformer is None else score(transformer), vader, emoji)
    present = [(value, weight) for value, weight in zip(scores, weights, strict=True) if value is not None]
    assume(present)
    mean = sum(value * weight for value, weight in present) / sum(weight for _, weight in present)
    combined = Ensemble(*weights).combine(transformer, vader, emoji)
    assert score(combined) == pytest.approx(mean, abs=1e-9)
    assert sum(combined) == pytest.approx(1)
    assert min(combined) >= 0


@given(st.tuples(WEIGHTS, WEIGHTS, WEIGHTS), st.floats(0.1, 100), distributions(), SCORES, SCORES)
def test_only_the_ratio_of_weights_matters(
    weights: tuple[float, float, float], factor: float, transformer: Distribution, vader: float, emoji: float
) -> None:
    scaled = Ensemble(*(weight * factor for weight in weights))
    expected = Ensemble(*weights).combine(transformer, vader, emoji)
    assert scaled.combine(transformer, vader, emoji) == pytest.approx(expected, abs=1e-9)


@given(distributions())
def test_mirrored_opinions_get_mirrored_labels(distribution: Distribution) -> None:
    mirrored = SEED.label((distribution[2], distribution[1], distribution[0]))
    swap = {"negative": "positive", "positive": "negative"}
    assume(distribution[0] != distribution[2])
    label = SEED.label(distribution)
    very, _, name = label.rpartition("_")
    assert mirrored == (f"{very}_" if very else "") + swap.get(name, name)


@pytest.mark.parametrize(
    ("distribution", "label"),
    [
        ((0.0, 1.0, 0.0), "neutral"),
        ((0.5, 0.5, 0.0), "neutral"),
        ((0.0, 0.5, 0.5), "neutral"),
        ((0.51, 0.49, 0.0), "negative"),
        ((0.0, 0.49, 0.51), "positive"),
        ((0.0, 1 - VERY, VERY), "very_positive"),
        ((VERY, 1 - VERY, 0.0), "very_negative"),
        ((0.0, 0.4001, 0.5999), "positive"),
        ((0.5999, 0.4001, 0.0), "negative"),
        ((0.3, 0.0, 0.7), "positive"),
        ((0.1, 0.0, 0.9), "very_positive"),
        ((1.0, 0.0, 0.0), "very_negative"),
    ],
)
def test_labels_at_their_boundaries(distribution: Distribution, label: str) -> None:
    assert SEED.label(distribution) == label


def test_neutral_bias_moves_the_label_alone() -> None:
    shy, bold = Ensemble(1, 0, 0, neutral_bias=2.0), Ensemble(1, 0, 0, neutral_bias=0.5)
    opinion = (0.0, 0.4, 0.6)
    assert (shy.label(opinion), bold.label((0.0, 0.6, 0.4))) == ("neutral", "positive")
    assert shy.combine(opinion, None, None) == bold.combine(opinion, None, None) == opinion


@pytest.mark.parametrize("weights", [(0, 0, 0), (-0.1, 0.6, 0.5), (0.5, -1, 1), (0.5, 0.3, -0.2)])
def test_invalid_weights_are_refused(weights: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="weights must be finite and not negative, and one must be positive"):
        Ensemble(*weights)


@pytest.mark.parametrize("bias", [0, -1, 100, float("nan"), float("inf")])
def test_invalid_bias_is_refused(bias: float) -> None:
    with pytest.raises(ValueError, match="neutral_bias"):
        Ensemble(0.5, 0.3, 0.2, neutral_bias=bias)

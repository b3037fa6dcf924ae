"""Calibration: softmax and sigmoid against references, temperatures, thresholds and `calibration.json`."""

import copy
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.errors import BadBundle
from hikari.sentiment.calibration import Calibration, sigmoid, softmax
from hikari.sentiment.ensemble import SEED, Ensemble
from hikari.sentiment.labels import TASKS, Task

SENTIMENT, EMOTION, TOXICITY, QUESTION = TASKS
MODERATE = st.lists(st.floats(-30, 30), min_size=1, max_size=8)
CONTENT: dict[str, Any] = {
    "temperatures": {"sentiment": 2.0},
    "thresholds": {"toxicity": {"insult": 0.3}},
    "ensembles": {"seed": {"transformer": 0.5, "vader": 0.3, "emoji": 0.2, "neutral_bias": 1.0}},
    "default_ensemble": "seed",
}
LATER: dict[str, Any] = {"languages": {"en": 0.7, "de": 0.45}, "language_minimum": 0.5, "severe_toxic": "rule"}
"""What bundles of today hold as well."""


def with_temperature(value: float) -> Calibration:
    return Calibration({task.name: value for task in TASKS}, {}, {"seed": SEED}, "seed")


@given(MODERATE)
def test_softmax_is_the_textbook_formula(row: list[float]) -> None:
    total = math.fsum(math.exp(value) for value in row)
    expected = [math.exp(value) / total for value in row]
    assert softmax(np.array([row]))[0] == pytest.approx(expected, rel=1e-12, abs=1e-300)


@given(MODERATE, st.floats(-1e4, 1e4))
def test_softmax_ignores_a_common_shift(row: list[float], shift: float) -> None:
    logits = np.array([row])
    assert softmax(logits + shift) == pytest.approx(softmax(logits), rel=1e-9, abs=1e-12)


@given(st.floats(-30, 30))
def test_sigmoid_is_the_textbook_formula(value: float) -> None:
    assert sigmoid(np.array([[value]])).item() == pytest.approx(1 / (1 + math.exp(-value)), rel=1e-12, abs=3e-16)


@given(st.floats(-1e308, 1e308))
def test_sigmoid_is_symmetric_and_bounded(value: float) -> None:
    left, right = sigmoid(np.array([[value, -value]]))[0]
    assert left + right == pytest.approx(1)
    assert 0 <= left <= 1


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([8e307, -8e307], [1, 0]),
        ([-1e308, -1e308], [0.5, 0.5]),
        ([1000, 1000, 0], [0.5, 0.5, 0]),
        ([-1e4], [1]),
    ],
)
def test_softmax_of_extremes_does_not_overflow(row: list[float], expected: list[float]) -> None:
    with np.errstate(invalid="raise", divide="raise"):
        assert softmax(np.array([row], dtype=np.float64))[0].tolist() == expected


def test_sigmoid_of_extremes_does_not_overflow() -> None:
    with np.errstate(over="raise", invalid="raise"):
        assert sigmoid(np.array([[1e308, -1e308, 0.0]]))[0].tolist() == [1, 0, 0.5]


def test_rows_are_independent() -> None:
    logits = np.array([[0.0, math.log(3)], [math.log(4), 0.0]])
    assert softmax(logits) == pytest.approx(np.array([[0.25, 0.75], [0.8, 0.2]]))


@given(st.lists(st.integers(-40, 40), min_size=7, max_size=7, unique=True), st.floats(0.05, 20))
def test_temperature_keeps_the_order_of_labels(row: list[int], temperature: float) -> None:
    probabilities = with_temperature(temperature).probabilities(EMOTION, np.array([row], dtype=np.float32))[0]
    assert probabilities.sum() == pytest.approx(1)
    assert probabilities[int(np.argmax(row))] == probabilities.max()
    assert (np.diff(probabilities[np.argsort(row)]) >= 0).all()


@given(st.floats(-20, 20), st.floats(0.05, 20))
def test_temperature_never_crosses_one_half(value: float, temperature: float) -> None:
    probability = with_temperature(temperature).probabilities(QUESTION, np.array([[value]])).item()
    assert (probability > 0.5) <= (value > 0)
    assert (probability < 0.5) <= (value < 0)


def test_temperature_divides_the_logits() -> None:
    logits = np.array([[0.0, 0.0, math.log(9)]], dtype=np.float64)
    assert with_temperature(2).probabilities(SENTIMENT, logits)[0] == pytest.approx([0.2, 0.2, 0.6])
    assert with_temperature(1).probabilities(SENTIMENT, logits)[0] == pytest.approx([1 / 11, 1 / 11, 9 / 11])
    odds = np.array([[math.log(9)] * 6])
    assert with_temperature(2).probabilities(TOXICITY, odds)[0] == pytest.approx([0.75] * 6)


def test_task_without_a_temperature_is_left_alone() -> None:
    unknown = Task("new", ("a", "b"), "softmax")
    calibration = Calibration({}, {}, {"seed": SEED}, "seed")
    assert calibration.probabilities(unknown, np.array([[0.0, math.log(3)]]))[0] == pytest.approx([0.25, 0.75])


def test_thresholds_are_inclusive_and_default_to_one_half() -> None:
    calibration = Calibration.from_json(CONTENT)
    over = calibration.over_threshold(TOXICITY, np.array([0.5, 0.499, 0.6, 0.0, 0.3, 0.299]))
    assert over == ["toxic", "obscene", "insult"]


def test_one_probability_too_few_is_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        Calibration.from_json(CONTENT).over_threshold(TOXICITY, np.array([0.5] * 5))


def test_round_trip() -> None:
    calibration = Calibration.from_json({**CONTENT, **LATER})
    assert calibration.to_json() == {**CONTENT, **LATER}
    assert calibration.ensembles == {"seed": Ensemble(0.5, 0.3, 0.2)}


def test_what_older_bundles_do_not_say_is_english_and_a_learned_severity() -> None:
    old = Calibration.from_json(CONTENT)
    assert (old.supports("en"), old.supports(None), old.supports("de"), old.severe_toxic) == (True, True, False, "head")


def test_languages_hold_from_the_minimum_on() -> None:
    calibration = Calibration.from_json({**CONTENT, **LATER, "languages": {"en": 0.7, "de": 0.45, "es": 0.5}})
    assert {code: calibration.supports(code) for code in ("en", "de", "es", "fr")} == {
        "en": True,
        "de": False,
        "es": True,
        "fr": False,
    }
    assert calibration.supports(None)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"languages": {"en": 1.5}}, "languages"),
        ({"language_minimum": -0.1}, "language_minimum"),
        ({"languages": ["en"]}, "malformed"),
        ({"severe_toxic": "guess"}, "head or rule"),
    ],
)
def test_wrong_languages_and_severities_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(BadBundle, match=message):
        Calibration.from_json({**CONTENT, **wrong})


def test_other_thresholds_replace_label_by_label() -> None:
    calibration = Calibration.from_json(CONTENT).with_thresholds("toxicity", {"threat": 0.9})
    limits = calibration.limits(TOXICITY)
    assert (limits["insult"], limits["threat"], limits["toxic"], limits["severe_toxic"]) == (0.3, 0.9, 0.5, 0.5)
    assert list(limits) == list(TOXICITY.labels)


def test_a_derived_severity_is_never_decided_without_its_parts() -> None:
    calibration = Calibration.from_json({**CONTENT, **LATER}).with_thresholds("toxicity", {"threat": 0.8, "toxic": 0.6})
    assert calibration.limits(TOXICITY)["severe_toxic"] == 0.8
    assert calibration.with_thresholds("toxicity", {"severe_toxic": 0.55}).limits(TOXICITY)["severe_toxic"] == 0.55
    random = np.random.default_rng(3)
    for row in calibration.probabilities(TOXICITY, random.normal(1.5, 3.0, (500, 6))):
        labels = calibration.over_threshold(TOXICITY, row)
        if "severe_toxic" in labels:
            assert "toxic" in labels
            assert {"threat", "identity_hate"} & set(labels) or {"obscene", "insult"} <= set(labels)


def test_the_head_speaks_for_itself_unless_a_rule_is_asked_for() -> None:
    logits = np.array([[3.0, -3.0, 3.0, 3.0, 3.0, 3.0]])
    head, rule = (
        Calibration.from_json({**CONTENT, "severe_toxic": kind}).probabilities(TOXICITY, logits) for kind in ("head", "rule")
    )
    assert head[0, 1] == pytest.approx(float(sigmoid(np.array(-3.0))))
    assert rule[0, 1] == pytest.approx(float(sigmoid(np.array(3.0))))
    assert np.delete(head, 1, axis=1).tolist() == np.delete(rule, 1, axis=1).tolist()


def changed(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    content = copy.deepcopy(CONTENT)
    place: Any = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return content


@pytest.mark.parametrize("key", list(CONTENT))
def test_missing_part_is_refused(key: str) -> None:
    with pytest.raises(BadBundle, match="malformed"):
        Calibration.from_json({k: v for k, v in CONTENT.items() if k != key})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("temperatures",), []),
        (("temperatures", "sentiment"), "warm"),
        (("thresholds", "toxicity"), 0.5),
        (("thresholds", "toxicity", "insult"), None),
        (("ensembles", "seed"), {"transformer": 1}),
        (("ensembles", "seed", "surprise"), 1),
        (("ensembles", "seed", "transformer"), -1),
        (("ensembles", "seed", "neutral_bias"), 0),
    ],
)
def test_malformed_part_is_refused(path: tuple[str, ...], value: Any) -> None:
    with pytest.raises(BadBundle, match="malformed"):
        Calibration.from_json(changed(path, value))


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_temperature_must_be_positive_and_finite(value: float) -> None:
    with pytest.raises(BadBundle, match="temperatures must be positive"):
        Calibration.from_json(changed(("temperatures", "sentiment"), value))


def test_default_must_be_one_of_the_ensembles() -> None:
    with pytest.raises(BadBundle, match="no ensemble 'tuned'"):
        Calibration.from_json(changed(("default_ensemble",), "tuned"))

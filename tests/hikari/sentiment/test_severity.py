"""The rule for severe toxicity: closed forms, bounds and monotony."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.sentiment.labels import TASKS, TOXICITY
from hikari.sentiment.severity import LABEL, derived

TASK = TASKS[2]
PROBABILITY = st.floats(0, 1)


def severity(**scores: float) -> float:
    row = np.array([[scores.get(label, 0.0) for label in TOXICITY]])
    return float(derived(TASK, row)[0, TOXICITY.index(LABEL)])


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ({"toxic": 0.9}, 0.0),
        ({"threat": 0.9}, 0.0),
        ({"toxic": 0.9, "threat": 0.8}, 0.8),
        ({"toxic": 0.6, "threat": 0.8}, 0.6),
        ({"toxic": 0.9, "identity_hate": 0.7}, 0.7),
        ({"toxic": 0.9, "insult": 0.9}, 0.0),
        ({"toxic": 0.9, "obscene": 0.9}, 0.0),
        ({"toxic": 0.9, "obscene": 0.8, "insult": 0.7}, 0.7),
        ({"toxic": 0.9, "obscene": 0.4, "insult": 0.7, "threat": 0.5}, 0.5),
        ({"severe_toxic": 1.0}, 0.0),
    ],
)
def test_closed_forms(scores: dict[str, float], expected: float) -> None:
    assert severity(**scores) == expected


@given(st.lists(PROBABILITY, min_size=6, max_size=6), st.integers(0, 5), PROBABILITY)
def test_it_never_exceeds_toxic_and_no_part_lowers_it(row: list[float], place: int, other: float) -> None:
    low, high = list(row), list(row)
    low[place], high[place] = sorted((row[place], other))
    before, after = (derived(TASK, np.array([values]))[0] for values in (low, high))
    assert before[1] <= after[1]
    assert after[1] <= after[TOXICITY.index("toxic")]


def test_the_given_probabilities_stay_as_they_are() -> None:
    given_ = np.array([[0.9, 0.1, 0.9, 0.9, 0.9, 0.9]])
    derived(TASK, given_)
    assert given_[0, 1] == 0.1

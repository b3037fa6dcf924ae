"""The lag of chat: found where chat answers, None where it does not."""

import math

import numpy as np
import pytest

from hikari.analytics.chat_lag import estimate_lag
from hikari.errors import BadInput


def stream(lag: float, answers: int, seed: int = 0) -> tuple[list[float], list[float]]:
    rng = np.random.default_rng(seed)
    cues = np.arange(20) * 300.0 + 200.0 + rng.uniform(0, 60, 20)
    background = rng.uniform(0, 6500, 1500)
    replies = [cue + lag + rng.normal(0, 3.0, answers) for cue in cues]
    return cues.tolist(), np.concatenate([background, *replies]).tolist()


@pytest.mark.parametrize("lag", [8.0, 15.0, 25.0, 40.0])
def test_a_planted_lag_is_found(lag: float) -> None:
    cues, messages = stream(lag, 12)
    found = estimate_lag(cues, messages)
    assert found is not None
    assert found.seconds == pytest.approx(lag, abs=2.0)
    assert found.cues == 20


def test_no_answer_no_lag() -> None:
    assert sum(estimate_lag(*stream(15.0, 0, seed)) is not None for seed in range(10)) <= 3
    assert estimate_lag([100.0], [100.0, 115.0]) is None
    assert estimate_lag([], []) is None


def test_bad_arguments() -> None:
    with pytest.raises(BadInput):
        estimate_lag([1.0], [1.0], 5.0)
    with pytest.raises(BadInput):
        estimate_lag([math.nan], [1.0])

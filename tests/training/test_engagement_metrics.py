"""Figures of engagement forecasts on cases that can be computed by hand."""

import numpy as np
import pytest
import torch

from hikari.analytics import features
from hikari.analytics.engagement_inputs import HORIZONS, METRICS, MINUTES
from training import engagement_metrics as metrics
from training.engagement_module import pinball

LEVELS = np.array([0.05, 0.1, 0.5, 0.9, 0.95])


def test_pinball_by_hand() -> None:
    answers = torch.tensor([[1.0, 2.0]])
    assert pinball(answers, torch.tensor([3.0]), torch.tensor([0.1, 0.5])).item() == pytest.approx((0.1 * 2 + 0.5 * 1) / 2)
    assert pinball(answers, torch.tensor([0.0]), torch.tensor([0.1, 0.5])).item() == pytest.approx((0.9 * 1 + 0.5 * 2) / 2)


def test_simple_forecasts_by_hand() -> None:
    windows = np.zeros((1, MINUTES, len(features.FEATURES)))
    windows[0, -15:, features.INDEX["messages"]] = [*[2.0] * 10, *[8.0] * 5]
    found = metrics.simple_forecasts(windows)
    assert found["last_5"][0] == pytest.approx(np.log1p([8.0, 40.0, 120.0]))
    assert found["last_15"][0] == pytest.approx(np.log1p([4.0, 20.0, 60.0]))


def test_accuracy_counts_only_what_is_known() -> None:
    targets = np.zeros((4, len(HORIZONS), len(METRICS)))
    targets[:, 0, 2] = np.nan
    targets[2, 1, 0] = np.nan
    quantiles = np.zeros((*targets.shape, len(LEVELS))) + np.array([-2.0, -1.0, 0.5, 1.0, 2.0])
    found = metrics.accuracy(quantiles, LEVELS, targets)
    assert "mean_sentiment_1" not in found
    assert found["messages_5"]["minutes"] == 3
    assert found["messages_1"]["mae"] == 0.5
    assert found["messages_1"]["coverage_80"] == found["messages_1"]["coverage_90"] == 1.0
    assert found["messages_1"]["below"] == {"0.05": 0.0, "0.1": 0.0, "0.5": 1.0, "0.9": 1.0, "0.95": 1.0}


def test_conformal_shifts_make_the_shares_right() -> None:
    dice = np.random.default_rng(4)
    targets = dice.normal(0.3, 2.0, (4_000, len(HORIZONS), len(METRICS)))
    targets[:10, 0, 2] = np.nan
    residuals = np.zeros((*targets.shape, len(LEVELS))) + np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    shift = metrics.conformal(residuals, targets, LEVELS)
    assert not shift[..., 2].any()
    fresh = dice.normal(0.3, 2.0, (4_000, len(HORIZONS), len(METRICS)))
    corrected = residuals + shift
    for place in (0, 1, 3, 4):
        assert (fresh <= corrected[..., place]).mean() == pytest.approx(LEVELS[place], abs=0.01)


def test_conformal_leaves_alone_what_it_has_too_little_of() -> None:
    targets = np.full((30, len(HORIZONS), len(METRICS)), 9.0)
    assert not metrics.conformal(np.zeros((*targets.shape, len(LEVELS))), targets, LEVELS).any()


def test_the_interval_is_over_streams() -> None:
    error, reference = np.array([1.0, 1.0, 3.0, 3.0]), np.array([2.0, 2.0, 4.0, 4.0])
    low, high = metrics.interval(error, reference, np.array([0, 0, 1, 1]), seed=1)
    assert low == pytest.approx(0.25)
    assert high == pytest.approx(0.5)

"""Softened targets: what lies between label and prediction, what stays unknown, and that a seed repeats the draw."""

import numpy as np
import pytest
import torch

from hikari.sentiment.calibration import sigmoid, softmax
from hikari.sentiment.labels import Task
from training import teacher
from training.data import Rows

TASKS = (Task("mood", ("bad", "good"), "softmax"), Task("harm", ("a", "b", "c"), "sigmoid"))
COUNT = 200


class Network:
    """Logits that follow from the first token alone."""

    tasks, pad_id = TASKS, 0

    def __call__(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> dict[str, torch.Tensor]:
        first = input_ids[:, :1].float() / 10
        return {"mood": torch.cat([first, -first], dim=1), "harm": torch.cat([first, first - 1, first - 2], dim=1)}


@pytest.fixture
def rows() -> Rows:
    draw = np.random.default_rng(0)
    ids = [[1 + number % 30] * (1 + number % 7) for number in range(COUNT)]
    mood = np.eye(2, dtype=np.float32)[draw.integers(0, 2, COUNT)]
    harm = draw.integers(0, 2, (COUNT, 3)).astype(np.float32)
    mood[::2], harm[::3, 1], harm[::4] = np.nan, np.nan, np.nan
    return Rows(ids, {"mood": mood, "harm": harm}, 0)


def soften(rows: Rows, share: float, others: float, seed: int = 7) -> Rows:
    return teacher.soften(rows, Network(), TASKS, share, others, seed, progress=False)


def predictions(rows: Rows) -> dict[str, np.ndarray]:
    first = np.array([ids[0] for ids in rows.ids], dtype=np.float32)[:, None] / 10
    return {"mood": softmax(np.hstack([first, -first])), "harm": sigmoid(np.hstack([first, first - 1, first - 2]))}


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_known_targets_lie_between_label_and_prediction(rows: Rows, share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teacher, "_AT_ONCE", 64)  # more than one part
    softened = soften(rows, share, 0.0)
    assert softened.ids == rows.ids
    for name, given in rows.targets.items():
        known = ~np.isnan(given)
        expected = (1 - share) * given + share * predictions(rows)[name]
        np.testing.assert_allclose(softened.targets[name][known], expected[known], rtol=1e-5)
        assert np.isnan(softened.targets[name][~known]).all(), "what nobody labelled stays unknown"


def test_unknown_targets_become_predictions(rows: Rows) -> None:
    softened = soften(rows, 0.0, 1.0)
    for name, given in rows.targets.items():
        unknown = np.isnan(given)
        assert unknown.any()
        np.testing.assert_allclose(softened.targets[name][unknown], predictions(rows)[name][unknown], rtol=1e-5)
        np.testing.assert_array_equal(softened.targets[name][~unknown], given[~unknown])


def test_a_part_of_the_unknown_rows_is_drawn_by_the_seed(rows: Rows) -> None:
    first, again, other = (soften(rows, 0.5, 0.4, seed).targets["mood"] for seed in (7, 7, 8))
    unknown = np.isnan(rows.targets["mood"]).any(axis=1)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(np.isnan(first), np.isnan(other))
    assert 0.2 < (~np.isnan(first[unknown]).any(axis=1)).mean() < 0.6
    assert not np.isnan(first[~unknown]).any()
    np.testing.assert_allclose(np.nansum(first, axis=1)[~np.isnan(first).any(axis=1)], 1, rtol=1e-5)

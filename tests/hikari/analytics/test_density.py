"""DBSCAN with a chosen radius: planted groups, no groups, degenerate input, and the pieces in closed form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from hikari.analytics.density import agreement, density_groups, knee, separation
from hikari.errors import BadInput


def between(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[:, None] - points[None], axis=2)


@pytest.mark.parametrize("seed", range(3))
def test_planted_groups_are_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    centres = np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 7.0]])
    points = np.concatenate([rng.normal(centre, 0.6, (80, 2)) for centre in centres] + [rng.uniform(-4, 11, (15, 2))])
    found = density_groups(between(points), 8, seed)
    assert int(found.labels.max()) == 2
    assert adjusted_rand_score(np.repeat([0, 1, 2], 80), found.labels[:240]) > 0.9
    assert found.stability > 0.8
    assert 0 < found.noise_share < 0.2
    assert found.cores[found.labels < 0].sum() == 0


def test_one_cloud_is_one_group() -> None:
    points = np.random.default_rng(1).normal(size=(300, 2))
    found = density_groups(between(points), 8)
    assert (found.labels == 0).mean() > 0.8


def test_groups_are_numbered_by_size_and_the_answer_is_the_same_again() -> None:
    rng = np.random.default_rng(2)
    points = np.concatenate([rng.normal(0, 0.3, (40, 2)), rng.normal(8, 0.3, (90, 2))])
    one, other = density_groups(between(points), 6, 5), density_groups(between(points), 6, 5)
    assert (one.labels == other.labels).all()
    assert (np.bincount(one.labels[one.labels >= 0]) == [90, 40]).all() or one.noise_share > 0
    assert one.labels[-1] == 0


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_points_are_noise(count: int) -> None:
    found = density_groups(np.zeros((count, count)), 3)
    assert found.labels.tolist() == [-1] * count
    assert found.noise_share == float(count > 0)


def test_points_at_one_place_are_one_group() -> None:
    found = density_groups(np.zeros((50, 50)), 5)
    assert found.labels.tolist() == [0] * 50
    assert found.stability == 1.0


@settings(max_examples=20)
@given(st.integers(3, 40), st.integers(0, 1000))
def test_labels_are_valid_whatever_the_points(count: int, seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(count, 3)).round(1)
    found = density_groups(between(points), 4, seed)
    used = sorted(set(found.labels.tolist()) - {-1})
    assert used == list(range(len(used)))
    assert -1 <= found.stability <= 1
    assert all(found.labels[found.cores] >= 0)


def test_pieces() -> None:
    assert knee(np.full(5, 2.0)) == 2.0
    assert separation(np.array([-1, -1])) == separation(np.zeros(0, np.int64)) == 0.0
    assert separation(np.array([0, 0, 1, 2])) == 0.5
    assert agreement(np.zeros(0, np.int64), np.zeros(0, np.int64)) == 1.0


def test_bad_arguments() -> None:
    for distances, least in ((np.zeros((2, 3)), 3), (np.zeros((3, 3)), 1), (np.full((3, 3), np.nan), 2)):
        with pytest.raises(BadInput):
            density_groups(distances, least)

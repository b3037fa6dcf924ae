"""Masked losses equal torch's on labelled data, and unlabelled rows neither cost nor teach anything."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from training import losses

SHAPES = st.tuples(st.integers(1, 9), st.integers(2, 7), st.integers(0, 10_000))


def softmax_case(rows: int, labels: int, seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Logits, classes, one-hot targets and weights."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn((rows, labels), generator=generator) * 3
    classes = torch.randint(labels, (rows,), generator=generator)
    weights = torch.rand(labels, generator=generator) + 0.1
    return logits, classes, torch.nn.functional.one_hot(classes, labels).float(), weights


def sigmoid_case(rows: int, labels: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Logits, targets and weights of positives."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn((rows, labels), generator=generator) * 3
    targets = (torch.rand((rows, labels), generator=generator) > 0.6).float()
    return logits, targets, torch.rand(labels, generator=generator) * 5 + 0.1


@given(SHAPES)
def test_cross_entropy_equals_torch_on_labelled_rows(shape: tuple[int, int, int]) -> None:
    logits, classes, targets, weights = softmax_case(*shape)
    expected = torch.nn.CrossEntropyLoss(weight=weights)(logits, classes)
    torch.testing.assert_close(losses.masked_cross_entropy(logits, targets, weights, 0.0), expected)


@given(SHAPES, st.floats(0, 0.49))
def test_label_smoothing_equals_torch(shape: tuple[int, int, int], smoothing: float) -> None:
    logits, classes, targets, _ = softmax_case(*shape)
    expected = torch.nn.CrossEntropyLoss(label_smoothing=smoothing)(logits, classes)
    found = losses.masked_cross_entropy(logits, targets, torch.ones(targets.shape[1]), smoothing)
    torch.testing.assert_close(found, expected)


@given(SHAPES)
def test_binary_cross_entropy_equals_torch_on_labelled_rows(shape: tuple[int, int, int]) -> None:
    logits, targets, weights = sigmoid_case(*shape)
    expected = torch.nn.BCEWithLogitsLoss(pos_weight=weights)(logits, targets)
    torch.testing.assert_close(losses.masked_binary_cross_entropy(logits, targets, weights), expected)


@given(SHAPES, st.integers(1, 5), st.floats(0, 0.4))
def test_unlabelled_rows_change_neither_cross_entropy_nor_its_gradient(
    shape: tuple[int, int, int], extra: int, smoothing: float
) -> None:
    logits, _, targets, weights = softmax_case(*shape)
    alone = logits.clone().requires_grad_()
    losses.masked_cross_entropy(alone, targets, weights, smoothing).backward()
    mixed = torch.cat([logits, torch.full((extra, logits.shape[1]), 7.0)]).requires_grad_()
    open_rows = torch.full((extra, logits.shape[1]), float("nan"))
    loss = losses.masked_cross_entropy(mixed, torch.cat([targets, open_rows]), weights, smoothing)
    loss.backward()
    assert mixed.grad is not None
    assert alone.grad is not None
    torch.testing.assert_close(loss, losses.masked_cross_entropy(logits, targets, weights, smoothing))
    torch.testing.assert_close(mixed.grad[: len(logits)], alone.grad)
    assert torch.count_nonzero(mixed.grad[len(logits) :]) == 0


@given(SHAPES, st.integers(0, 1000))
def test_unlabelled_entries_change_neither_binary_cross_entropy_nor_its_gradient(shape: tuple[int, int, int], seed: int) -> None:
    logits, targets, weights = sigmoid_case(*shape)
    known = torch.rand(targets.shape, generator=torch.Generator().manual_seed(seed)) > 0.5
    open_targets = torch.where(known, targets, torch.tensor(float("nan")))
    scores = logits.clone().requires_grad_()
    loss = losses.masked_binary_cross_entropy(scores, open_targets, weights)
    loss.backward()
    assert scores.grad is not None
    assert torch.count_nonzero(scores.grad[~known]) == 0
    each = torch.nn.BCEWithLogitsLoss(pos_weight=weights, reduction="none")(logits, targets)
    expected = each[known].mean() if known.any() else torch.tensor(0.0)
    torch.testing.assert_close(loss, expected)


def test_a_batch_without_labels_gives_zero_and_a_gradient_of_zero() -> None:
    for function in (
        lambda scores, targets: losses.masked_cross_entropy(scores, targets, torch.ones(3), 0.1),
        lambda scores, targets: losses.masked_binary_cross_entropy(scores, targets, torch.ones(3)),
    ):
        logits = torch.randn((4, 3), generator=torch.Generator().manual_seed(0)).requires_grad_()
        loss = function(logits, torch.full((4, 3), float("nan")))
        loss.backward()
        assert loss.item() == 0.0
        assert logits.grad is not None
        assert torch.equal(logits.grad, torch.zeros_like(logits))


def test_a_row_with_one_unknown_label_counts_nothing_in_cross_entropy() -> None:
    logits = torch.tensor([[0.0, 0.0], [5.0, -5.0]])
    targets = torch.tensor([[1.0, 0.0], [float("nan"), 1.0]])
    assert losses.masked_cross_entropy(logits, targets, torch.ones(2), 0.0).item() == pytest.approx(math.log(2))


def test_losses_are_computed_in_single_precision() -> None:
    logits, _, targets, weights = softmax_case(5, 4, 1)
    half = logits.to(torch.bfloat16)
    full = half.float()
    for found, expected in (
        (losses.masked_cross_entropy(scores, targets, weights, 0.0) for scores in (half, full)),
        (losses.masked_binary_cross_entropy(scores, targets, weights) for scores in (half, full)),
    ):
        assert found.dtype == torch.float32
        assert torch.equal(found, expected)


def test_extreme_logits_stay_finite() -> None:
    logits = torch.tensor([[1e4, -1e4, 0.0]]).requires_grad_()
    wrong = torch.tensor([[0.0, 1.0, 0.0]])
    cross = losses.masked_cross_entropy(logits, wrong, torch.ones(3), 0.0)
    binary = losses.masked_binary_cross_entropy(logits, wrong, torch.ones(3))
    assert cross.item() == pytest.approx(2e4)
    assert torch.isfinite(binary)


def frequencies(counts: list[int]) -> Tensor:
    """One-hot targets with so many rows per label."""
    return torch.cat([torch.eye(len(counts))[number].repeat(count, 1) for number, count in enumerate(counts)])


@given(st.lists(st.integers(1, 30), min_size=2, max_size=6), st.floats(0, 1))
def test_label_weights_follow_the_formula(counts: list[int], balance: float) -> None:
    found = losses.label_weights(frequencies(counts), balance).double().numpy()
    share = np.array(counts) / sum(counts)
    raw = (1 / (share * len(counts))) ** balance
    np.testing.assert_allclose(found, raw / (raw * share).sum(), rtol=1e-4)
    assert (found * share).sum() == pytest.approx(1.0, abs=1e-4)


def test_label_weights_at_the_ends() -> None:
    targets = frequencies([1, 2, 5])
    torch.testing.assert_close(losses.label_weights(targets, 0.0), torch.ones(3))
    full = losses.label_weights(targets, 1.0)
    torch.testing.assert_close(full * torch.tensor([1.0, 2.0, 5.0]), torch.full((3,), 8 / 3))


def test_unlabelled_rows_do_not_count_in_label_weights() -> None:
    targets = frequencies([1, 3])
    with_open = torch.cat([targets, torch.full((9, 2), float("nan"))])
    torch.testing.assert_close(losses.label_weights(with_open, 0.7), losses.label_weights(targets, 0.7))


def test_weights_without_any_label_are_even_and_finite() -> None:
    empty = torch.full((4, 3), float("nan"))
    torch.testing.assert_close(losses.label_weights(empty, 1.0), torch.ones(3))
    assert torch.isfinite(losses.positive_weights(empty, 1.0)).all()


@given(st.integers(1, 60), st.integers(1, 60), st.floats(0, 1))
def test_positive_weights_follow_the_formula(positives: int, negatives: int, balance: float) -> None:
    targets = torch.cat([torch.ones((positives, 1)), torch.zeros((negatives, 1))])
    (found,) = losses.positive_weights(targets, balance).tolist()
    assert found == pytest.approx(min(10.0, (negatives / positives) ** balance), rel=1e-5)


def test_positive_weights_are_limited_and_ignore_unlabelled_entries() -> None:
    rare = torch.zeros((1000, 2))
    rare[0, 0] = 1.0
    rare[:500, 1] = float("nan")
    rare[500:600, 1] = 1.0
    assert losses.positive_weights(rare, 1.0).tolist() == [10.0, 4.0]
    assert losses.positive_weights(rare, 1.0, limit=50.0).tolist() == [50.0, 4.0]
    assert losses.positive_weights(rare, 0.0).tolist() == [1.0, 1.0]


@given(SHAPES, st.floats(0, 0.4))
def test_summed_cross_entropy_is_the_mean_times_the_weights(shape: tuple[int, int, int], smoothing: float) -> None:
    logits, classes, targets, weights = softmax_case(*shape)
    mean = losses.masked_cross_entropy(logits, targets, weights, smoothing)
    torch.testing.assert_close(losses.summed_cross_entropy(logits, targets, weights, smoothing), mean * weights[classes].sum())


@given(SHAPES)
def test_summed_binary_cross_entropy_is_the_mean_times_the_rows(shape: tuple[int, int, int]) -> None:
    logits, targets, weights = sigmoid_case(*shape)
    mean = losses.masked_binary_cross_entropy(logits, targets, weights)
    torch.testing.assert_close(losses.summed_binary_cross_entropy(logits, targets, weights), mean * len(logits))


@given(SHAPES, st.integers(0, 1000))
def test_a_row_counts_once_in_the_sum_however_many_of_its_labels_are_known(shape: tuple[int, int, int], seed: int) -> None:
    logits, targets, weights = sigmoid_case(*shape)
    known = torch.rand(targets.shape, generator=torch.Generator().manual_seed(seed)) > 0.5
    open_targets = torch.where(known, targets, torch.tensor(float("nan")))
    each = torch.nn.BCEWithLogitsLoss(pos_weight=weights, reduction="none")(logits, targets)
    expected = sum((each[row][known[row]].mean() for row in range(len(logits)) if known[row].any()), start=torch.tensor(0.0))
    torch.testing.assert_close(losses.summed_binary_cross_entropy(logits, open_targets, weights), expected)


@given(SHAPES, st.integers(1, 5))
def test_unlabelled_rows_add_nothing_to_sums_and_gradients_stay_finite(shape: tuple[int, int, int], extra: int) -> None:
    logits, _, targets, weights = softmax_case(*shape)
    open_rows = torch.full((extra, logits.shape[1]), float("nan"))
    for function in (
        lambda scores, truth: losses.summed_cross_entropy(scores, truth, weights, 0.1),
        lambda scores, truth: losses.summed_binary_cross_entropy(scores, truth, weights),
    ):
        mixed = torch.cat([logits, torch.full((extra, logits.shape[1]), 9.0)]).requires_grad_()
        loss = function(mixed, torch.cat([targets, open_rows]))
        loss.backward()
        torch.testing.assert_close(loss, function(logits, targets))
        assert mixed.grad is not None
        assert torch.isfinite(mixed.grad).all()
        assert torch.count_nonzero(mixed.grad[: len(logits)]) > 0
        assert torch.count_nonzero(mixed.grad[len(logits) :]) == 0
        assert function(mixed, torch.full_like(mixed, float("nan"))).item() == 0.0

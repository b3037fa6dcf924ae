"""Losses that know which labels a row lacks: a data set that labels sentiment alone teaches sentiment alone."""

import torch
from torch import Tensor
from torch.nn import functional


def masked_cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor, smoothing: float) -> Tensor:
    """Cross-entropy with soft targets of shape (rows, labels); rows with NaN targets count nothing, an empty batch gives 0.

    `weights` of shape (labels,) weigh rows by their label; the mean is over the weights, as in `torch.nn.CrossEntropyLoss`.
    """
    per_row, row_weights = _cross_entropies(logits, targets, weights, smoothing)
    return (per_row * row_weights).sum() / row_weights.sum().clamp(min=1e-8)


def summed_cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor, smoothing: float) -> Tensor:
    """The same as a weighted sum over rows."""
    per_row, row_weights = _cross_entropies(logits, targets, weights, smoothing)
    return (per_row * row_weights).sum()


def masked_binary_cross_entropy(logits: Tensor, targets: Tensor, positive_weights: Tensor) -> Tensor:
    """Binary cross-entropy per label, mean over the known entries; NaN entries count nothing, an empty batch gives 0."""
    entries, known = _binary_cross_entropies(logits, targets, positive_weights)
    return entries.sum() / known.sum().clamp(min=1)


def summed_binary_cross_entropy(logits: Tensor, targets: Tensor, positive_weights: Tensor) -> Tensor:
    """The same, per row the mean over its known entries, as a sum over rows."""
    entries, known = _binary_cross_entropies(logits, targets, positive_weights)
    return (entries.sum(dim=1) / known.sum(dim=1).clamp(min=1)).sum()


def _cross_entropies(logits: Tensor, targets: Tensor, weights: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
    known = ~targets.isnan().any(dim=1)
    clean = torch.where(known.unsqueeze(1), targets, torch.zeros_like(targets))
    smooth = clean * (1.0 - smoothing) + smoothing / targets.shape[1]
    per_row = -(smooth * functional.log_softmax(logits.float(), dim=1)).sum(dim=1)
    return per_row, (clean * weights).sum(dim=1) * known


def _binary_cross_entropies(logits: Tensor, targets: Tensor, positive_weights: Tensor) -> tuple[Tensor, Tensor]:
    known = ~targets.isnan()
    clean = torch.where(known, targets, torch.zeros_like(targets))
    losses = functional.binary_cross_entropy_with_logits(logits.float(), clean, pos_weight=positive_weights, reduction="none")
    return losses * known, known


def label_weights(targets: Tensor, balance: float) -> Tensor:
    """Weights for softmax labels: 1 at balance 0, inversely proportional to frequency at 1; mean over rows stays 1."""
    known = targets[~targets.isnan().any(dim=1)]
    if not len(known):
        return torch.ones(targets.shape[1])
    share = known.mean(dim=0)
    weights = (1.0 / (share.clamp(min=1e-6) * len(share))) ** balance
    return weights / (weights * share).sum()


def positive_weights(targets: Tensor, balance: float, limit: float = 10.0) -> Tensor:
    """Weights for positives of sigmoid labels: (negatives / positives) ** balance, at most `limit`."""
    positives = targets.nansum(dim=0).clamp(min=1.0)
    negatives = (~targets.isnan()).sum(dim=0) - positives
    return ((negatives.clamp(min=1.0) / positives) ** balance).clamp(max=limit)

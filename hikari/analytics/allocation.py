"""Who sees which arm: by a hash of the viewer, or by permuted groups of time blocks.

Both are functions of the experiment's id, its salt and the unit alone: no state, the same answer for ever (sticky), in every process.
Viewers are independent draws with the arms' weights. Time blocks are drawn in groups of consecutive blocks in which every arm gets
its share (blocked randomisation): an evening that fades away then harms all arms alike, which single draws leave to chance.
"""

import hashlib
import math
from collections.abc import Sequence
from itertools import accumulate

from hikari.errors import BadInput

MAX_GROUP = 12
"""Longest group of time blocks in which the weights are met exactly; others are met on average (systematic sampling)."""


def unit_digest(experiment_id: str, salt: str, unit: str) -> int:
    """The 64 bits that stand for a unit in every record; names themselves are stored nowhere."""
    return _bits(experiment_id, salt, "unit", unit)


def outcome_digest(experiment_id: str, salt: str, outcome_id: str) -> int:
    """The 64 bits by which a repeated outcome is known, never 0."""
    return _bits(experiment_id, salt, "outcome", outcome_id) or 1


def viewer_arm(experiment_id: str, salt: str, username: str, weights: Sequence[float]) -> int:
    """The arm of a viewer: index into `weights` (shares, sum 1)."""
    return _place(_uniform(experiment_id, salt, "viewer", username), weights)


def block_of(timestamp: float, block_s: float) -> int:
    """Number of the time block that holds `timestamp`; blocks start at multiples of `block_s` since the epoch."""
    return math.floor(timestamp / block_s)


def block_arm(experiment_id: str, salt: str, block: int, weights: Sequence[float]) -> int:
    """The arm of a time block: index into `weights` (shares, sum 1).

    A group of `size` blocks takes the arms at `size` evenly spaced places of the weights, from a drawn start (Madow, 1949), in a
    drawn order: each arm gets its share rounded up or down, and on average exactly its share.
    """
    size = group_size(weights)
    group, place = divmod(block, size)
    start = _uniform(experiment_id, salt, "start", str(group))
    order = sorted(range(size), key=lambda slot: _bits(experiment_id, salt, "order", f"{group}/{slot}"))
    return _place((order[place] + start) / size, weights)


def group_size(weights: Sequence[float]) -> int:
    """Blocks in one group: the fewest that meet the weights exactly, or twice the number of arms where that takes too many."""
    for size in range(len(weights), MAX_GROUP + 1):
        if all(abs(weight * size - round(weight * size)) < 1e-9 for weight in weights):
            return size
    return 2 * len(weights)


def shares(weights: Sequence[float]) -> tuple[float, ...]:
    """Weights scaled to the sum 1. Raises `BadInput`."""
    if not all(math.isfinite(weight) and weight > 0 for weight in weights):
        raise BadInput("the weight of an arm must be a finite number over 0", field="arms")
    total = math.fsum(weights)
    result = tuple(weight / total for weight in weights)
    if min(result) < 0.001:
        raise BadInput("each arm must get at least 0.1% of the units", field="arms")
    return result


def _place(position: float, weights: Sequence[float]) -> int:
    """The arm whose part of [0, 1) holds `position`."""
    for arm, end in enumerate(accumulate(weights)):
        if position < end:
            return arm
    return len(weights) - 1  # the sum of the shares may end a rounding error before 1


def _uniform(experiment_id: str, salt: str, purpose: str, unit: str) -> float:
    return (_bits(experiment_id, salt, purpose, unit) >> 11) / 2.0**53


def _bits(experiment_id: str, salt: str, purpose: str, unit: str) -> int:
    # Lengths in front: no two different quadruples give the same bytes.
    text = f"{len(experiment_id)}:{experiment_id}{len(salt)}:{salt}{len(purpose)}:{purpose}{unit}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")

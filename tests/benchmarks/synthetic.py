"""Realistic vectors and texts in any number, from a few thousand real ones: for measuring indices, never for judging quality.

A vector is a real embedding moved along the difference of two others and by a little noise in every direction, so that the covariance,
and with it the clusters, are those of the encoder; a text takes the first part of one real text and the last part of another.
Everything follows from the seed.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

STRAY = 0.45
"""How far, at most, a vector strays along a difference of two real embeddings (which is about 1.3 long)."""
NOISE = 0.15
"""Length of the noise that has no direction."""
POPULARITY = 0.7
"""Exponent of the Zipf law by which some embeddings are surrounded more densely than others, as topics are in a chat."""

Floats = NDArray[np.float32]


def vectors_around(base: Floats, count: int, seed: int, block: int = 20_000) -> Iterator[Floats]:
    """`count` unit vectors sampled around the unit vectors `base` (m, d), in blocks of shape (<= block, d)."""
    random = np.random.default_rng(seed)
    dimension = base.shape[1]
    share = np.arange(1, len(base) + 1, dtype=np.float64) ** -POPULARITY
    cumulative = np.cumsum(np.random.default_rng(0).permutation(share))
    for start in range(0, count, block):
        size = min(block, count - start)
        centre = np.searchsorted(cumulative, random.random(size) * cumulative[-1]).clip(max=len(base) - 1)
        towards, away = random.integers(len(base), size=(2, size))
        step = random.uniform(0.1, STRAY, (size, 1)).astype(np.float32)
        noise = random.standard_normal((size, dimension), np.float32) * np.float32(NOISE / dimension**0.5)
        vectors = base[centre] + step * (base[towards] - base[away]) + noise
        yield vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def texts_around(base: Sequence[str], count: int, seed: int) -> Iterator[str]:
    """`count` texts, each the first words of one text of `base` and the last words of another."""
    random = np.random.default_rng(seed)
    words = [text.split() for text in base]
    for start in range(0, count, 10_000):
        pairs = random.integers(len(words), size=(min(10_000, count - start), 2))
        cuts = random.random(pairs.shape)
        for (left, right), (cut_left, cut_right) in zip(pairs.tolist(), cuts.tolist(), strict=True):
            head, tail = words[left], words[right]
            yield " ".join(head[: 1 + int(cut_left * len(head))] + tail[int(cut_right * len(tail)) :])


def cluster_centres(count: int, dimension: int, seed: int) -> Floats:
    """Unit vectors that stand in for real embeddings where there is no encoder: a low-rank cloud with a common direction."""
    random = np.random.default_rng(seed)
    rank = max(2, dimension // 8)
    vectors = random.standard_normal((count, rank)) @ random.standard_normal((rank, dimension)) / rank**0.5
    vectors += 0.4 * random.standard_normal(dimension) + 0.3 * random.standard_normal((count, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

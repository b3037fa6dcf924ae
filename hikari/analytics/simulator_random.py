"""Random numbers that are the same bits on every machine, and the two functions they need.

Only the raw 64-bit words of PCG64 are taken from numpy: that stream is fixed for good, the distributions of `numpy.random.Generator`
are not, and `exp` and `log` differ in the last bit between maths libraries. Everything else here is integers and the operations that
IEEE 754 rounds exactly (+, -, *, /), each as a step of its own, so that no compiler fuses two of them.

Normal variates are sums of twelve uniform ones (Irwin-Hall: variance 1, no value beyond 6).
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Words = NDArray[np.uint64]

_LN2 = 0.6931471805599453
_LOG2_E = 1.4426950408889634
_SQRT_HALF = 0.7071067811865476
_EXP_TERMS = tuple(1.0 / math.factorial(power) for power in range(13, -1, -1))
_LOG_TERMS = tuple(1.0 / power for power in range(21, 0, -2))
_EXACT_POISSON_BELOW = 40.0
"""Means from here on are drawn as a rounded normal variate: the relative error of its variance is below 1%."""


def exp(values: Floats | Sequence[float] | float) -> Floats:
    """`e**values` to about 1e-14, equal bits everywhere; exponents are held within +-700.

    >>> exp([0.0, 1.0]).tolist()
    [1.0, 2.718281828459045]
    """
    exponents = np.clip(np.asarray(values, dtype=np.float64), -700.0, 700.0)
    twos = np.rint(exponents * _LOG2_E)
    rest = exponents - twos * _LN2
    result = np.full_like(rest, _EXP_TERMS[0])
    for term in _EXP_TERMS[1:]:
        result = result * rest + term
    return np.ldexp(result, twos.astype(np.int64))


def log(values: Floats | Sequence[float] | float) -> Floats:
    """Natural logarithm of positive numbers to about 1e-15, equal bits everywhere.

    >>> log([1.0]).tolist()
    [0.0]
    """
    mantissa, twos = np.frexp(np.asarray(values, dtype=np.float64))
    small = mantissa < _SQRT_HALF
    mantissa = np.where(small, mantissa * 2.0, mantissa)
    whole = (twos - small).astype(np.float64)
    ratio = (mantissa - 1.0) / (mantissa + 1.0)
    square = ratio * ratio
    series = np.full_like(square, _LOG_TERMS[0])
    for term in _LOG_TERMS[1:]:
        series = series * square + term
    product = ratio * series
    return product * 2.0 + whole * _LN2


def total(values: Floats) -> float:
    """The sum, rounded once, so that it does not depend on the order in which a machine adds."""
    return math.fsum(values.tolist())


def interpolate(places: Floats, known: Sequence[float], heights: Sequence[float]) -> Floats:
    """Straight lines through the points (`known`, `heights`), constant outside of them; `known` ascends."""
    xs, ys = np.asarray(known, dtype=np.float64), np.asarray(heights, dtype=np.float64)
    right = np.clip(np.searchsorted(xs, places), 1, len(xs) - 1)
    left = right - 1
    share = np.clip((places - xs[left]) / (xs[right] - xs[left]), 0.0, 1.0)
    step = (ys[right] - ys[left]) * share
    return ys[left] + step


def mixed(numbers: Integers | Words, salt: int) -> Words:
    """A well mixed 64-bit word for each number, the same for equal numbers and salt (SplitMix64, Steele et al. 2014)."""
    words = np.asarray(numbers).astype(np.uint64) + np.uint64((salt * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def uniforms_of(words: Words) -> Floats:
    """Numbers in [0, 1) from the upper 53 bits of words."""
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normals_of(words: Words, per_value: int = 3) -> Floats:
    """Standard normal variates, one from each `per_value` words in a row."""
    pieces = words.view(np.uint16).reshape(-1, 4 * per_value)
    sums = pieces.sum(axis=1, dtype=np.int64).astype(np.float64)
    middle = 4 * per_value * 32767.5
    return (sums - middle) * (1.0 / (65536.0 * math.sqrt(per_value / 3.0)))


class Draws:
    """A stream of random numbers named by a seed and a path of numbers; other paths give independent streams."""

    def __init__(self, seed: int, *path: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=path))

    def words(self, count: int) -> Words:
        """Raw 64-bit words."""
        return np.asarray(self._bits.random_raw(count), dtype=np.uint64)

    def uniforms(self, count: int) -> Floats:
        """Numbers in [0, 1)."""
        return uniforms_of(self.words(count))

    def normals(self, count: int) -> Floats:
        """Standard normal variates."""
        return normals_of(self.words(3 * count))

    def exponentials(self, count: int) -> Floats:
        """Exponential variates of mean 1."""
        return -log(1.0 - self.uniforms(count))

    def uniform(self, low: float, high: float) -> float:
        """One number in [low, high)."""
        return low + (high - low) * float(self.uniforms(1)[0])

    def below(self, limit: int) -> int:
        """One whole number from 0 to `limit` - 1."""
        return int(self.words(1)[0]) % limit

    def poisson(self, means: Floats | float) -> Integers:
        """Poisson counts, one for each mean."""
        expected = np.atleast_1d(np.asarray(means, dtype=np.float64))
        uniform, normal = self.uniforms(len(expected)), self.normals(len(expected))
        counts = np.floor(np.maximum(expected + np.sqrt(expected) * normal + 0.5, 0.0)).astype(np.int64)
        small = expected < _EXACT_POISSON_BELOW
        counts[small] = _by_inversion(expected[small], uniform[small])
        return counts

    def distinct(self, weights: Integers, count: int) -> Integers:
        """At most `count` different places, in proportion to whole-number weights; places of weight 0 never."""
        left, chosen = weights.copy(), list[int]()
        words: list[int] = self.words(count).tolist()
        for word in words:
            sums = np.cumsum(left)
            if not len(sums) or sums[-1] == 0:
                break
            place = int(np.searchsorted(sums, word % int(sums[-1]), side="right"))
            chosen.append(place)
            left[place] = 0
        return np.array(chosen, dtype=np.int64)


def _by_inversion(means: Floats, uniform: Floats) -> Integers:
    counts = np.zeros(len(means), dtype=np.int64)
    term = exp(-means)
    reached = term.copy()
    number = 0
    # A term that has become 0 adds nothing any more: without that end, a uniform number next to 1 would never be reached.
    while bool(((pending := uniform >= reached) & (term > 0.0)).any()):
        number += 1
        counts += pending
        term = term * means / float(number)
        reached = reached + term
    return counts

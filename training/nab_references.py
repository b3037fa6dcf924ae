"""The reference detectors that NAB publishes figures for, written from their descriptions: what ours has to beat.

Each takes `values` float64 (n,) and returns scores float64 (n,) in [0, 1]; row t is scored from rows up to t alone, but for the bins of
the relative entropy, which NAB places between the least and the greatest value of the whole file.
"""

import numpy as np
from scipy.special import erfc
from scipy.stats import chi2

from training.nab_corpus import Floats

GAUSSIAN_ROWS = 6400
GAUSSIAN_STEP = 100
"""Once the window is full it moves by so many rows at a time."""
ENTROPY_ROWS = 52
ENTROPY_BINS = 5
ENTROPY_SIGNIFICANCE = 0.01
_LEAST_SD = 1e-6


def windowed_gaussian(values: Floats) -> Floats:
    """One minus the one-sided Gaussian tail of each value under mean and standard deviation of the `GAUSSIAN_ROWS` before it."""
    scores = np.zeros(len(values))
    for row in range(1, len(values)):
        moved = max(row - GAUSSIAN_ROWS, 0) // GAUSSIAN_STEP * GAUSSIAN_STEP
        window = values[moved : min(row, moved + GAUSSIAN_ROWS)]
        deviation = window.std() or _LEAST_SD
        scores[row] = 1.0 - 0.5 * erfc(abs(values[row] - window.mean()) / deviation / np.sqrt(2.0))
    return scores


def relative_entropy(values: Floats) -> Floats:
    """1 where the histogram of the last `ENTROPY_ROWS` values agrees with none seen before, else 0.

    C. Wang et al., "Statistical techniques for online anomaly detection in data centers", 2011: two histograms agree while
    2 W KL(now || seen) stays under the chi-squared quantile with (bins - 1) degrees of freedom; what agrees with none is remembered.
    """
    scores = np.zeros(len(values))
    low, high = values.min(), values.max()
    if low == high:
        return scores
    bins = np.clip(np.ceil((values - low) / ((high - low) / ENTROPY_BINS)).astype(int), 0, ENTROPY_BINS)
    bins[bins == ENTROPY_BINS] = ENTROPY_BINS - 1  # bin edges are whole numbers, and the last bin holds both of its edges
    limit = chi2.isf(ENTROPY_SIGNIFICANCE, ENTROPY_BINS - 1)
    seen = np.empty((0, ENTROPY_BINS))
    for row in range(ENTROPY_ROWS - 1, len(values)):
        now = np.bincount(bins[row - ENTROPY_ROWS + 1 : row + 1], minlength=ENTROPY_BINS) / ENTROPY_ROWS
        held = now > 0
        with np.errstate(divide="ignore"):
            entropy = 2 * ENTROPY_ROWS * (now[held] * np.log(now[held] / seen[:, held])).sum(axis=1)
        if not (entropy < limit).any():
            scores[row] = float(len(seen) > 0)
            seen = np.vstack([seen, now])
    return scores

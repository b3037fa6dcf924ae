"""ROUGE (Lin 2004) as the summarisation papers report it: F1 of `rouge-score` with its stemmer."""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from absl import logging as absl_logging
from rouge_score import rouge_scorer

# absl, which rouge-score imports, makes a log handler on the stderr of that moment and closes it whenever logging is configured anew
# (Hydra does), even where another owner, such as a test runner's capture, still writes to it. The process's own it leaves open.
absl_logging.get_absl_handler().python_handler.stream = sys.__stderr__

NAMES = ("rouge1", "rouge2", "rougeL")


def scores(references: Sequence[str], outputs: Sequence[str]) -> np.ndarray:
    """F1 from 0 to 100 of shape (rows, 3): ROUGE-1, ROUGE-2, ROUGE-L."""
    scorer: Any = rouge_scorer.RougeScorer(list(NAMES), use_stemmer=True)
    rows = [scorer.score(reference, output) for reference, output in zip(references, outputs, strict=True)]
    return np.array([[100.0 * row[name].fmeasure for name in NAMES] for row in rows]).reshape(-1, len(NAMES))


def interval(values: np.ndarray, resamples: int, seed: int) -> tuple[float, float]:
    """The 95% bootstrap interval of a mean (percentiles of `resamples` resampled means)."""
    draws = np.random.default_rng(seed).integers(0, len(values), size=(resamples, len(values)))
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)

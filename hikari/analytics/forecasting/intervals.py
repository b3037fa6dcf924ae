"""Prediction intervals from backtest residuals, one width for each horizon (split conformal prediction).

    J. Lei et al., Distribution-Free Predictive Inference for Regression, 2018; (n + 1)-corrected quantile of absolute residuals

Residuals of one series overlap and drift, so the guarantee for exchangeable data does not hold as it stands; what does hold is measured:
`coverage` here on the series itself, `training.evaluate_forecast` on whole events. Where the backtest is short, the width is drawn towards
the one of development events, which grows with a power of the horizon.
"""

from collections.abc import Sequence

import numpy as np

from hikari.analytics.forecasting.backtest import effective_folds
from hikari.analytics.forecasting.series import Floats

ENOUGH_FOLDS = 8.0
"""Forecasts without overlap after which the series' own residuals stand alone; up to there their share grows in proportion."""
PRIOR_WIDTHS = {0.5: (0.620, 0.598), 0.8: (1.586, 0.527), 0.9: (2.567, 0.481), 0.95: (3.897, 0.445)}
"""By coverage: a and b of the half-width `a * steps**b`, in units of the mean one-step change (`daily_process`, odd years)."""
POOLED_SCORES = 40
"""With fewer folds than this, neighbouring horizons lend their residuals."""


def half_widths(residuals: Floats, origins: Sequence[int], scale: float, coverage: float) -> Floats:
    """Half-widths (horizon,) from `residuals` (folds, horizon), NaN where nothing was read; `scale` is the mean one-step change."""
    horizon = residuals.shape[1]
    a, b = PRIOR_WIDTHS[min(PRIOR_WIDTHS, key=lambda known: abs(known - coverage))]
    prior = np.asarray(scale * a * np.arange(1.0, horizon + 1.0) ** b, dtype=np.float64)
    own = _quantiles(np.abs(residuals), coverage)
    share = min(1.0, effective_folds(origins, np.isfinite(residuals)) / ENOUGH_FOLDS)
    usable = np.isfinite(own) & (own > 0) & (prior > 0)
    safe_own, safe_prior = np.where(usable, own, 1.0), np.where(usable, prior, 1.0)
    return np.where(usable, safe_own**share * safe_prior ** (1.0 - share), prior)


def coverage(residuals: Floats, origins: Sequence[int], scale: float, aim: float) -> float | None:
    """The share of later outcomes inside widths from the earlier folds alone; None with fewer than twenty folds."""
    if len(origins) < 20:
        return None
    horizon = residuals.shape[1]
    later = next((place for place in range(len(origins)) if origins[place] >= (origins[0] + origins[-1]) / 2), len(origins))
    # Earlier folds end before the first of the later ones begins.
    earlier = [place for place in range(later) if origins[place] + horizon <= origins[later]]
    if len(earlier) < 5:
        return None
    widths = half_widths(residuals[earlier], [origins[place] for place in earlier], scale, aim)
    judged = residuals[later:]
    known = np.isfinite(judged)
    return float((np.abs(judged) <= widths)[known].mean()) if known.any() else None


def _quantiles(scores: Floats, coverage: float) -> Floats:
    """The conformal quantile of the absolute residuals at each horizon, NaN where there are none."""
    folds, horizon = scores.shape
    reach = 0 if folds >= POOLED_SCORES else -(-POOLED_SCORES // max(folds, 1)) // 2
    out = np.full(horizon, np.nan)
    for step in range(horizon):
        pool = scores[:, max(0, step - reach) : step + reach + 1]
        pool = np.sort(pool[np.isfinite(pool)])
        if len(pool):
            out[step] = pool[min(int(np.ceil((len(pool) + 1) * coverage)), len(pool)) - 1]
    return out

# pyright: reportUnnecessaryIsInstance=false, reportUnnecessaryComparison=false
# Values come over the wire: their declared types are what is checked here.
"""The forecaster of one metric: fitted in the background, asked in a request.

Fitting tries all candidates, keeps the winner's path for the whole horizon with its interval, and forgets the rest; so an answer is a
slice of two arrays, whatever model won, and the fitted state is a handful of numbers that survives a restart.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hikari.analytics.forecasting import intervals
from hikari.analytics.forecasting.additive import Prophet
from hikari.analytics.forecasting.backtest import Trial, trials
from hikari.analytics.forecasting.candidates import Average, Candidate, LastValue, Profile, SeasonalNaive
from hikari.analytics.forecasting.live import LiveLevel, LiveProfile
from hikari.analytics.forecasting.process import DailyProcess
from hikari.analytics.forecasting.series import Floats, Series, change_scale, regularise
from hikari.analytics.forecasting.smoothing import Smoothing
from hikari.errors import BadInput, BadStore, NotReady, TooLarge
from hikari.fields import seconds

FORMAT = 1
MAX_HORIZON = 2000
UNSEEN_SCALE = 0.05
"""One-step change as a share of the level, where a single reading says nothing about it."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """`times` (periods,) starts of the steps in epoch seconds; `values`, `lower`, `upper` (periods,) in the metric's unit.

    `model` answered for the `reason`; `backtest` holds its error, the runners-up and the measured coverage; `notes` what was left out.
    """

    times: Floats
    values: Floats
    lower: Floats
    upper: Floats
    model: str
    reason: str
    backtest: dict[str, Any]
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The same in plain lists, for the wire."""
        columns = {name: getattr(self, name).tolist() for name in ("times", "values", "lower", "upper")}
        return {**columns, "model": self.model, "reason": self.reason, "backtest": self.backtest, "notes": list(self.notes)}


@dataclass(frozen=True, slots=True)
class Fitted:
    """What `Forecaster.fit` keeps: path and half-widths (horizon,) from `start` in steps of `step_s`."""

    start: float
    step_s: float
    floor: float | None
    path: Floats
    widths: Floats
    model: str
    reason: str
    backtest: dict[str, Any]
    notes: tuple[str, ...]


def default_candidates(scheduled: Sequence[tuple[float, float]] = ()) -> tuple[Candidate, ...]:
    """All models, `scheduled` streams as (start, end) in epoch seconds."""
    spans = tuple((seconds(start, "scheduled"), seconds(end, "scheduled")) for start, end in scheduled)
    if any(start >= end for start, end in spans):
        raise BadInput("a scheduled stream must end after it starts", field="scheduled")
    return (
        DailyProcess(), Average(), SeasonalNaive(), LastValue(), Profile(), LiveLevel(), LiveProfile(), Smoothing(), Prophet(spans),
    )  # fmt: skip


class Forecaster:
    """Forecasts of one metric.

    `horizon` is how many steps of `step_s` seconds can be asked for (None: what the readings' own distance suggests); `floor` the least
    value the metric can have; `coverage` the aim of the intervals. Not thread-safe: fit a new one in the background and swap it in.

    >>> forecaster = Forecaster(step_s=60.0, horizon=3)
    >>> forecaster.fit([0.0, 60.0, 120.0], [5.0, 5.0, 5.0])
    >>> forecaster.predict(2).values.tolist()
    [5.0, 5.0]
    """

    def __init__(
        self,
        *,
        step_s: float | None = None,
        horizon: int = 24,
        floor: float | None = 0.0,
        coverage: float = 0.9,
        candidates: Sequence[Candidate] | None = None,
    ) -> None:
        if isinstance(horizon, bool) or not isinstance(horizon, int) or not 1 <= horizon <= MAX_HORIZON:
            raise BadInput(f"horizon must be a whole number from 1 to {MAX_HORIZON}", field="horizon")
        if coverage not in intervals.PRIOR_WIDTHS:
            raise BadInput(f"coverage must be one of {', '.join(map(str, intervals.PRIOR_WIDTHS))}", field="coverage")
        self._step_s, self._horizon, self._floor, self._coverage = step_s, horizon, floor, coverage
        self._candidates = tuple(candidates) if candidates is not None else default_candidates()
        self._fitted: Fitted | None = None

    @property
    def is_fitted(self) -> bool:
        """Whether `predict` can answer."""
        return self._fitted is not None

    def fit(self, timestamps: ArrayLike, values: ArrayLike, now: float | None = None) -> None:
        """Choose the model and keep its forecast. Readings as in `series.regularise`; a failure leaves the earlier fit in place."""
        series = regularise(timestamps, values, self._step_s, now=now, floor=self._floor)
        self._fitted = _fit(series, self._candidates, self._horizon, self._coverage)

    def predict(self, periods: int, step_s: float | None = None, now: float | None = None) -> Forecast:
        """The next `periods` steps, from the step that `now` lies in, else from the first one after the fitted history.

        `step_s` may be a multiple of the fitted step: values are then means over the wider steps. Raises `NotReady` before the first
        `fit` and when the fit is too old for the question, `BadInput`, `TooLarge`.
        """
        if self._fitted is None:
            raise NotReady("this metric has no fitted forecast yet")
        return _slice(self._fitted, periods, step_s, now)

    def state(self) -> dict[str, Any]:
        """The fitted forecast as plain values; settings are not part of it. Raises `NotReady`."""
        if self._fitted is None:
            raise NotReady("this metric has no fitted forecast yet")
        fit = self._fitted
        plain = {name: getattr(fit, name) for name in ("start", "step_s", "floor", "model", "reason", "backtest")}
        return {"format": FORMAT, **plain, "path": fit.path.tolist(), "widths": fit.widths.tolist(), "notes": list(fit.notes)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any], **settings: Any) -> "Forecaster":
        """A forecaster that answers as the one that gave `state`; `settings` as for the class, for the next fit. Raises `BadStore`."""
        if not isinstance(state, Mapping) or state.get("format") != FORMAT:
            raise BadStore(f"a forecast of format {FORMAT} was expected")
        try:
            path, widths = (np.array(state[name], dtype=np.float64) for name in ("path", "widths"))
            start, step_s = float(state["start"]), float(state["step_s"])
            floor = None if state["floor"] is None else float(state["floor"])
            texts = str(state["model"]), str(state["reason"])
            fitted = Fitted(start, step_s, floor, path, widths, *texts, dict(state["backtest"]), tuple(map(str, state["notes"])))
        except (KeyError, TypeError, ValueError) as error:
            raise BadStore("a stored forecast is damaged") from error
        sound = (
            path.ndim == 1 and path.shape == widths.shape and 1 <= len(path) <= MAX_HORIZON and np.isfinite([path, widths]).all()
        )
        if not sound or not math.isfinite(start) or not 0 < step_s < math.inf or widths.min() < 0:
            raise BadStore("a stored forecast is damaged")
        chosen: dict[str, Any] = {"step_s": step_s, "horizon": len(path), "floor": floor, **settings}
        forecaster = cls(**chosen)
        forecaster._fitted = fitted
        return forecaster


def forecast(
    timestamps: ArrayLike,
    values: ArrayLike,
    periods: int,
    *,
    now: float | None = None,
    horizon: int | None = None,
    **settings: Any,
) -> Forecast:
    """Fit and answer in one call; `settings` as for `Forecaster`."""
    forecaster = Forecaster(horizon=periods if horizon is None else horizon, **settings)
    forecaster.fit(timestamps, values, now)
    return forecaster.predict(periods)


def _fit(series: Series, candidates: Sequence[Candidate], horizon: int, coverage: float) -> Fitted:
    known = series.values[np.isfinite(series.values)]
    if len(known) > 1 and np.ptp(known) == 0:
        path, widths = np.full(horizon, known[-1]), np.zeros(horizon)
        reason = f"all {len(known)} steps had the same value; the interval has no width because no change was ever seen"
        return _fitted(series, path, widths, "constant", reason, {"folds": 0, "others": []})
    ranked, lacking = trials(series, candidates, horizon)
    best = ranked[0] if ranked else Trial(LastValue(), (), np.empty((0, horizon)), np.nan, np.nan, np.nan, 1.0)
    path = best.candidate.paths(series, [len(series.values)], horizon)[0]
    scale = change_scale(series.values) or UNSEEN_SCALE * (abs(float(known[-1])) or 1.0)
    widths = intervals.half_widths(best.residuals, best.origins, scale, coverage)
    measured = intervals.coverage(best.residuals, best.origins, scale, coverage)
    report = {**best.figures(), "horizon": horizon, "coverage_aim": coverage}
    report["coverage_measured"] = None if measured is None else round(measured, 3)
    report["others"] = [other.figures() for other in ranked[1:]]
    report["not_tried"] = lacking
    return _fitted(series, path, widths, best.candidate.name, _reason(best, ranked[1:], len(known)), report)


def _fitted(series: Series, path: Floats, widths: Floats, model: str, reason: str, report: dict[str, Any]) -> Fitted:
    return Fitted(series.end, series.step_s, series.floor, path, widths, model, reason, report, series.notes)


def _reason(best: Trial, others: Sequence[Trial], known: int) -> str:
    if not best.origins:
        if not others:
            return f"only {known} steps have a reading: too few for any model but {best.candidate.name}"
        return f"only {known} steps have a reading: too few for a backtest, so the best on development events answers"
    error = f"mean absolute error {best.mae:.4g} over {len(best.origins)} past forecasts"
    if not others:
        return f"{error}; nothing else can forecast this history"
    measured = [other for other in others if other.origins]
    if any(other.relative < best.relative for other in measured):
        return f"{error}; a smaller error elsewhere rests on too few forecasts to outweigh what is known of the models"
    runner = f", next {measured[0].candidate.name} with {measured[0].relative:.2f}" if measured else ""
    return f"smallest error in the backtest: {error}, {best.relative:.2f} of the last value's{runner}"


def _slice(fit: Fitted, periods: int, step_s: float | None, now: float | None) -> Forecast:
    if isinstance(periods, bool) or not isinstance(periods, int) or periods < 1:
        raise BadInput("periods must be a whole number over 0", field="periods")
    number = step_s is None or (isinstance(step_s, int | float) and not isinstance(step_s, bool))
    width = 1 if step_s is None else step_s / fit.step_s if number else 0.0
    if not 1 <= width <= MAX_HORIZON or abs(width - round(width)) > 1e-9:
        raise BadInput(f"step_s must be a multiple of the fitted step of {fit.step_s:g} seconds", field="step_s")
    width = round(width)
    if periods * width > len(fit.path):
        raise TooLarge(f"at most {len(fit.path) // width} steps can be forecast, got {periods}", field="periods")
    first = 0 if now is None else max(0, math.floor((seconds(now, "now") - fit.start) / fit.step_s))
    last = first + periods * width
    if last > len(fit.path):
        raise NotReady("the fitted forecast is too old for this many steps; it must be fitted again")
    values = fit.path[first:last].reshape(periods, width).mean(axis=1)
    widths = fit.widths[first:last].reshape(periods, width).mean(axis=1)
    lower = values - widths if fit.floor is None else np.maximum(values - widths, fit.floor)
    times = fit.start + (first + np.arange(0.0, periods) * width) * fit.step_s
    return Forecast(times, values, lower, values + widths, fit.model, fit.reason, fit.backtest, fit.notes)

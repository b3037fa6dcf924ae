"""Entry point: how good the forecasts are, beside four baselines, on recorded viewer counts.

    python -m training.evaluate_forecast                       # gdq_stats from HIKARI_DATA_MIRROR
    python -m training.evaluate_forecast data.path=FOLDER      # format: training/gdq.py

Every twelve hours of every event the forecaster is fitted on what came before and asked for the next four hours in 10-minute steps.
An event's figure is its mean absolute error in units of its own mean one-step change; events count alike. The kernel and the priors of
`hikari.analytics.forecasting` were chosen on events of odd years, so even years are the held-out half; both are shown. (How old a fold
may be, and when a series' own residuals stand alone, was settled with an eye on all events.) Writes
`metrics.json` and pictures, logs them to MLflow, prints the figures as one JSON object on the last line.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hikari import atomic
from hikari.analytics.forecasting.additive import Prophet
from hikari.analytics.forecasting.candidates import Average, Candidate, LastValue, SeasonalNaive
from hikari.analytics.forecasting.forecaster import Forecast, Forecaster
from hikari.analytics.forecasting.series import Series, change_scale, regularise
from hikari.settings import Settings
from training import entry, forecast_plots, tracking
from training.forecast_schema import EvaluateForecastConfig
from training.gdq import Event, read_events
from training.public_data import PublicDataError

Array = np.ndarray
Figures = dict[str, Any]
BASELINES: tuple[Candidate, ...] = (LastValue(), SeasonalNaive(), Prophet(), Average())
OURS = "ours"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One event: forecasts by system (origins, periods), the truth beside them, and what the forecaster said of itself."""

    event: Event
    series: Series
    origins: tuple[int, ...]
    truth: Array
    paths: dict[str, Array]
    lower: Array
    upper: Array
    models: tuple[str, ...]


def evaluate(config: EvaluateForecastConfig) -> Figures:
    """Figures of every system; files under `output`."""
    outcomes = [outcome for event in _events(config) if (outcome := judge(event, config)) is not None]
    if not outcomes:
        raise PublicDataError("no event is long enough for a single forecast")
    figures = summarise(outcomes, config)
    with atomic.new_folder(Path(config.output)) as folder:
        (folder / "metrics.json").write_text(json.dumps(figures, indent=2) + "\n")
        forecast_plots.fans(outcomes[:: max(1, len(outcomes) // config.fans)][: config.fans], folder / "fans.png")
        forecast_plots.coverage(figures["coverage_by_step"], config.coverage, config.step_s, folder / "coverage.png")
        forecast_plots.errors(
            {name: figures["by_step"][name] for name in figures["by_step"]}, config.step_s, folder / "errors.png"
        )
    run = tracking.start(config.tracking, "forecast")
    run.parameters({"step_s": config.step_s, "periods": config.periods, "first_origin_h": config.first_origin_h})
    chosen = {key: figures[key] for key in ("all", "odd_years", "even_years", "coverage") if key in figures}
    run.metrics({f"forecast/{name.replace('.', '/')}": float(value) for name, value in tracking.flatten(chosen).items()})
    run.file(Path(config.output), "forecast")
    run.end()
    return figures


def judge(event: Event, config: EvaluateForecastConfig) -> Outcome | None:
    """All forecasts of one event; None when it is too short for one."""
    series = regularise(event.timestamps, event.viewers, float(config.step_s), floor=0.0)
    hour = 3600 // config.step_s
    last = len(series.values) - config.periods
    origins = tuple(
        origin
        for origin in range(config.first_origin_h * hour, last + 1, config.origin_every_h * hour)
        if np.isfinite(series.values[origin : origin + config.periods]).any() and np.isfinite(series.values[:origin]).any()
    )
    if not origins:
        return None
    forecasts = [ours(series, origin, config) for origin in origins]
    histories = [replace(series, values=series.values[:origin]) for origin in origins]
    paths = {model.name: np.vstack([_or_last(model, past, config.periods) for past in histories]) for model in BASELINES}
    paths[OURS] = np.array([answer.values for answer in forecasts])
    truth = np.array([series.values[origin : origin + config.periods] for origin in origins])
    lower, upper = np.array([answer.lower for answer in forecasts]), np.array([answer.upper for answer in forecasts])
    return Outcome(event, series, origins, truth, paths, lower, upper, tuple(answer.model for answer in forecasts))


def ours(series: Series, origin: int, config: EvaluateForecastConfig) -> Forecast:
    """What the library answers at `origin`, through its public door: readings with times, nothing later than now."""
    now = series.start + origin * series.step_s
    times = series.start + (np.arange(origin) + 0.5) * series.step_s
    forecaster = Forecaster(step_s=series.step_s, horizon=config.periods, floor=0.0, coverage=config.coverage)
    forecaster.fit(times, series.values[:origin], now)
    return forecaster.predict(config.periods, now=now)


def summarise(outcomes: Sequence[Outcome], config: EvaluateForecastConfig) -> Figures:
    """Figures over all events, odd and even years, and with two days of history or more."""
    two_days = 48 * 3600 // config.step_s
    everything: Callable[[int], bool] = lambda origin: True  # noqa: E731
    halves = {
        "all": outcomes,
        "odd_years": [item for item in outcomes if item.event.year % 2],
        "even_years": [item for item in outcomes if not item.event.year % 2],
    }
    figures: Figures = {"events": len(outcomes), "forecasts": sum(len(item.origins) for item in outcomes)}
    figures |= {name: _errors(half, everything) for name, half in halves.items() if half}
    figures["from_two_days"] = {name: _errors(half, lambda origin: origin >= two_days) for name, half in halves.items() if half}
    figures["coverage"] = {name: _coverage(half) for name, half in halves.items() if half}
    inside, known = _inside(outcomes)
    figures["coverage_by_step"] = _rounded(inside.sum(axis=0) / np.maximum(known.sum(axis=0), 1))
    figures["by_step"] = {
        name: _rounded(np.mean([np.nanmean(_scaled(item, name), axis=0) for item in outcomes], axis=0))
        for name in outcomes[0].paths
    }
    widths = [np.mean(item.upper - item.lower) / change_scale(item.series.values) for item in outcomes]
    figures["mean_interval_width"] = round(float(np.mean(widths)), 2)
    figures["models_chosen"] = dict(Counter(model for item in outcomes for model in item.models).most_common())
    figures["by_event"] = {
        item.event.name: {
            **{name: round(float(np.nanmean(_scaled(item, name))), 2) for name in item.paths},
            "coverage": _coverage([item]),
        }
        for item in outcomes
    }
    return figures


def _errors(outcomes: Sequence[Outcome], chosen: Callable[[int], bool]) -> Figures:
    """Mean over events of each system's error, and ours over the best baseline's."""
    table: dict[str, list[float]] = {}
    for item in outcomes:
        rows = [place for place, origin in enumerate(item.origins) if chosen(origin)]
        if rows:
            for name in item.paths:
                table.setdefault(name, []).append(float(np.nanmean(np.nanmean(_scaled(item, name)[rows], axis=1))))
    means = {name: round(float(np.mean(values)), 3) for name, values in table.items()}
    best = min((value for name, value in means.items() if name != OURS), default=0.0)
    return {**means, "ratio": round(means[OURS] / best, 3)} if best > 0 else means


def _scaled(item: Outcome, name: str) -> Array:
    return np.abs(item.paths[name] - item.truth) / change_scale(item.series.values)


def _inside(outcomes: Sequence[Outcome]) -> tuple[Array, Array]:
    truth, lower, upper = (np.vstack([getattr(item, name) for item in outcomes]) for name in ("truth", "lower", "upper"))
    known = np.isfinite(truth)
    return known & (truth >= lower) & (truth <= upper), known


def _coverage(outcomes: Sequence[Outcome]) -> float:
    inside, known = _inside(outcomes)
    return round(float(inside.sum() / known.sum()), 3)


def _or_last(model: Candidate, past: Series, periods: int) -> Array:
    origin = len(past.values)
    able = model if model.shortfall(past, origin) is None else LastValue()
    return able.paths(past, [origin], periods)


def _rounded(values: Array) -> list[float]:
    return [round(float(value), 3) for value in values]


def _events(config: EvaluateForecastConfig) -> list[Event]:
    if config.data.path is not None:
        folder = Path(config.data.path)
    elif (mirror := Settings.read().data_mirror) is not None:
        folder = mirror / "gdq_stats"
    else:
        raise PublicDataError("name a folder with data.path=FOLDER or HIKARI_DATA_MIRROR=FOLDER")
    return read_events(folder)[: config.max_events]


def main() -> None:
    """`python -m training.evaluate_forecast`"""
    entry.run("evaluate_forecast", EvaluateForecastConfig, lambda config: print(json.dumps(evaluate(config))))


if __name__ == "__main__":
    main()

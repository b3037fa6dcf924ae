"""The report of an experiment and the plan before it: numbers, sentences and the data of the plot, as plain values."""

from typing import Any

from hikari.analytics import experiment_wording as wording
from hikari.analytics.experiment_analysis import Comparison, arm_interval, check_ratio, compare, decide
from hikari.analytics.experiment_definition import Definition
from hikari.analytics.experiment_planning import required_units
from hikari.analytics.experiment_units import raw_moments
from hikari.analytics.experiments import Experiment
from hikari.fields import seconds


def experiment_plan(about: Definition) -> dict[str, Any]:
    """Before the start: measured units per arm that find `minimum_effect`, and when the experiment ends, in words.

    `units` is None when the definition does not say how much the metric spreads.
    """
    planned = required_units(about)
    total = None if planned is None else sum(planned)
    return {
        "minimum_effect": about.minimum_effect,
        "power": about.power,
        "alpha": about.alpha,
        "units": None if planned is None else {arm.name: count for arm, count in zip(about.arms, planned, strict=True)},
        "units_total": total,
        "stopping_rules": wording.stopping_rules(about, total),
    }


def experiment_report(experiment: Experiment, now: Any) -> dict[str, Any]:
    """What is known at `now` (a time), valid however often it is asked for.

    Returns id, name, metric, unit, status; `decision` (winner | no difference detectable | keep running | invalid) with `winner`;
    `sentences`, `means`, `does_not_mean`; `arms` (units, outcomes, mean, interval); `comparisons` with the baseline; `sample_ratio`;
    `adjustment` by the covariate; `plan` with `progress`; `trail` for the plot. Differences are in the metric's units, adjusted
    where there is a covariate; the arms' means are as measured. Raises `BadInput`.
    """
    about, at = experiment.definition, seconds(now, "now")
    comparisons, adjustment = compare(about, experiment.sums)
    check = check_ratio(about, experiment.sums)
    plan = experiment_plan(about)
    measured = sum(arm.units for arm in experiment.sums)
    ended = _ended(experiment, at, measured, plan["units_total"])
    decision, winner = decide(about, comparisons, check, over=ended is not None)
    first = wording.headline(about, decision, winner, comparisons, experiment.sums, ended=ended)
    progress = None if plan["units_total"] is None else min(measured / plan["units_total"], 1.0)
    sentences = [first]
    if decision != "invalid":
        sentences += [wording.comparison_sentence(about, one) for one in comparisons]
    if decision == "keep running" and progress is not None:
        sentences.append(f"{progress:.0%} of the planned {plan['units_total']:,} units are in.")
    return {
        "id": about.id,
        "name": about.name,
        "metric": about.metric,
        "kind": about.kind,
        "unit": about.unit,
        "status": experiment.status.phase,
        "started_at": experiment.status.started_at,
        "stopped_at": experiment.status.stopped_at,
        "now": at,
        "decision": decision,
        "winner": None if winner is None else about.arms[winner].name,
        "sentences": sentences,
        "means": wording.meaning(about, adjustment),
        "does_not_mean": wording.limits(about, decision),
        "arms": _arms(experiment),
        "comparisons": [_comparison(about, one) for one in comparisons],
        "sample_ratio": {"alarm": check.alarm, "p_value": check.p_value, "text": wording.ratio_sentence(about, experiment.sums)},
        "adjustment": None
        if adjustment is None
        else {
            "covariate": about.covariate,
            "slope": adjustment.slope,
            "variance_reduction": adjustment.variance_reduction,
            "covered": adjustment.covered,
        },
        "plan": {**plan, "progress": progress},
        "trail": _trail(experiment),
    }


def _ended(experiment: Experiment, now: float, measured: int, planned: int | None) -> str | None:
    """Why there will be no more units."""
    status, longest = experiment.status, experiment.definition.max_duration_s
    if planned is not None and measured >= planned:
        return "the planned number of units is reached"
    if longest is not None and status.started_at is not None and now - status.started_at >= longest:
        return "the longest duration is over"
    return "it was stopped before the planned number of units" if status.phase == "stopped" else None


def _arms(experiment: Experiment) -> list[dict[str, Any]]:
    about = experiment.definition
    rows: list[dict[str, Any]] = []
    for number, (arm, weight, sums) in enumerate(zip(about.arms, about.weights, experiment.sums, strict=True)):
        moments = raw_moments(sums)
        interval = arm_interval(about, moments)
        rows.append(
            {
                "name": arm.name,
                "baseline": number == about.baseline_index,
                "share": weight,
                "assigned": sums.assigned,
                "units": sums.units,
                "outcomes": sums.outcomes,
                "mean": moments.mean if sums.units else None,
                "interval": None if interval is None else list(interval),
            }
        )
    return rows


def _comparison(about: Definition, one: Comparison) -> dict[str, Any]:
    return {
        "arm": about.arms[one.arm].name,
        "baseline": about.arms[about.baseline_index].name,
        "verdict": one.verdict,
        "difference": one.difference,
        "interval": None if one.interval is None else list(one.interval),
        "p_value": one.p_value,
        "lift": one.lift,
        "lift_interval": None if one.lift_interval is None else list(one.lift_interval),
    }


def _trail(experiment: Experiment) -> list[dict[str, Any]]:
    """One series for each challenger: the confidence sequence at growing numbers of units."""
    about = experiment.definition
    series: list[dict[str, Any]] = []
    for place, arm in enumerate(about.challengers):
        shown = [(point, point.comparisons[place]) for point in experiment.trail]
        kept = [(point, one) for point, one in shown if one is not None]
        series.append(
            {
                "arm": about.arms[arm].name,
                "timestamps": [point.timestamp for point, _ in kept],
                "units": [point.units for point, _ in kept],
                "difference": [one[0] for _, one in kept],
                "low": [one[1] for _, one in kept],
                "high": [one[2] for _, one in kept],
            }
        )
    return series

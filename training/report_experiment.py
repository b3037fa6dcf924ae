"""Simulated A/B tests: one as an operator runs it, and many for how often intervals hold and decisions are right."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from hikari.analytics.engine import StreamAnalyticsEngine
from hikari.analytics.experiment_definition import definition
from hikari.analytics.experiment_planning import required_units
from hikari.analytics.experiment_reports import experiment_report
from hikari.analytics.experiments import Experiment
from hikari.analytics.simulator_config import DEFAULT_START
from training.report_schema import ExperimentConfig, ReportConfig

Answer = dict[str, Any]
ARMS = ("old title", "new title")
BETTER = ARMS[1]
_START = DEFAULT_START


async def through_engine(engine: StreamAnalyticsEngine, config: ReportConfig) -> Answer:
    """One experiment to its end, where the second arm is better by the planted effect; the engine's last report."""
    about = _definition(config.experiment, "title", config.seed)
    await engine.create_experiment(about)
    await engine.start_experiment(about["id"], _START)
    at = _START
    for unit, chance in _units(config.experiment, config.seed):
        at += 1.0
        arm = (await engine.assign(about["id"], unit, at))["arm"]
        value = float(chance < _rate(config.experiment, arm, config.experiment.effect))
        await engine.record_outcome(about["id"], value, unit, at)
    await engine.stop_experiment(about["id"], at + 1.0)
    return await engine.experiment_report(about["id"], now=at + 1.0)


def repeated(config: ReportConfig) -> dict[str, float]:
    """Shares over `repetitions` experiments that are looked at after every growth of the trail.

    `interval_coverage`: the difference lay inside the confidence sequence at every look; `power`: the better arm won by the planned
    end; `false_winner_share`: of experiments without a difference, those with any winner.
    """
    one = config.experiment
    held = won = mistaken = 0
    for number in range(1, one.repetitions + 1):
        seed = config.seed + 1000 * number
        with_effect, without = _run(one, seed, one.effect), _run(one, seed + 1, 0.0)
        (trail,) = with_effect["trail"]
        held += all(low <= one.effect <= high for low, high in zip(trail["low"], trail["high"], strict=True))
        won += with_effect["winner"] == BETTER
        (trail,) = without["trail"]
        mistaken += any(low > 0 or high < 0 for low, high in zip(trail["low"], trail["high"], strict=True))
    return {
        "interval_coverage": held / one.repetitions,
        "power": won / one.repetitions,
        "false_winner_share": mistaken / one.repetitions,
    }


def _run(config: ExperimentConfig, seed: int, effect: float) -> Answer:
    experiment = Experiment(definition(_definition(config, f"title-{seed}", seed)))
    experiment.start(_START)
    at = _START
    for unit, chance in _units(config, seed):
        at += 1.0
        arm = experiment.assign(unit, at)
        experiment.record_outcome(unit, float(chance < _rate(config, arm, effect)), at)
    return experiment_report(experiment, at)


def _definition(config: ExperimentConfig, identifier: str, seed: int) -> Answer:
    return {
        "id": identifier, "name": "Does the new title keep viewers?", "arms": list(ARMS), "metric": "stayed ten minutes",
        "kind": "binary", "minimum_effect": config.effect, "expected_mean": config.rate, "salt": str(seed),
    }  # fmt: skip


def _units(config: ExperimentConfig, seed: int) -> Iterator[tuple[str, float]]:
    """As many viewers as are planned, each with the chance that decides its outcome."""
    planned = required_units(definition(_definition(config, "plan", seed))) or ()
    for number, chance in enumerate(np.random.default_rng(seed).random(sum(planned)).tolist()):
        yield f"viewer {number}", chance


def _rate(config: ExperimentConfig, arm: str, effect: float) -> float:
    return config.rate + (effect if arm == BETTER else 0.0)

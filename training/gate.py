"""The gate in front of `champion`: every reason why a bundle may not become it.

What is measured here and now (quality beside the champion on the same split, latency) comes from `measure`; calibration and bias come from
the metrics file, parity from the manifest. A limit whose figure is absent is a reason too: what was not measured does not pass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hikari.bundle import Bundle
from hikari.errors import HikariError
from hikari.sentiment.classifier import TextClassifier
from training import latency, metrics
from training.latency import Latency
from training.prepare import target_columns
from training.register_schema import BiasGate, CalibrationGate, LatencyGate, ParityGate, QualityGate, RegisterConfig

FIGURES = {"sentiment": "macro_f1", "emotion": "macro_f1", "toxicity": "f1", "question": "f1"}
"""By which figure each task is judged."""
CALIBRATED = ("sentiment", "emotion")
"""Tasks with one label, whose confidence has a calibration error."""
SWAPPED = ("names", "terms")
"""What `bias.figures` swaps; both must be there."""
Quality = Mapping[str, float]
"""That figure of each task."""


@dataclass(frozen=True)
class Measured:
    """What was measured on this machine in one run; the champion's is None where there is none, or where it cannot be opened."""

    quality: Quality
    champion_quality: Quality | None
    latency: Latency
    floor: Latency
    champion_latency: Latency | None
    champion_problem: str | None = None
    """Why the champion cannot be compared with."""


def measure(config: RegisterConfig, candidate: Bundle, champion: Bundle | HikariError | None) -> Measured:
    """Both bundles over the test split and over the sample of the latency; an error instead of a champion becomes a problem."""
    test = pd.read_parquet(Path(config.processed) / "test.parquet")
    ours, problem = TextClassifier(candidate, threads=1, device="cpu"), None
    theirs: TextClassifier | None = None
    try:
        if isinstance(champion, HikariError):
            raise champion
        theirs = TextClassifier(champion, threads=1, device="cpu") if champion is not None else None
    except HikariError as error:
        problem = error.message
    texts = latency.sample(config.gate.latency.messages, config.seed)
    timed = {"candidate": latency.served(ours), "floor": latency.floor(candidate, ours, texts)}
    if theirs is not None:
        timed["champion"] = latency.served(theirs)
    taken = latency.measure(timed, texts, config.gate.latency.rounds)
    return Measured(
        quality(ours, test), None if theirs is None else quality(theirs, test),
        taken["candidate"], taken["floor"], taken.get("champion"), problem,
    )  # fmt: skip


def quality(classifier: TextClassifier, frame: pd.DataFrame) -> dict[str, float]:
    """The figure of each task on a prepared split, rounded as `training.evaluate` rounds it."""
    probabilities = classifier.probabilities(frame["words"].tolist())
    found = {}
    for task in classifier.tasks:
        thresholds = classifier.calibration.thresholds.get(task.name, {})
        report = metrics.report(task, frame[target_columns(task)].to_numpy(), probabilities[task.name], thresholds)
        if task.name in FIGURES and FIGURES[task.name] in report:
            found[task.name] = round(report[FIGURES[task.name]], 4)
    return found


def reasons(config: RegisterConfig, bundle: Bundle, figures: Mapping[str, Any], measured: Measured) -> list[str]:
    """Every reason against this bundle; none: it passes. `figures` are those of the metrics file."""
    gate = config.gate
    return [
        *of_quality(gate.quality, figures, measured),
        *of_calibration(gate.calibration, figures),
        *of_bias(gate.bias, figures),
        *of_latency(gate.latency, measured),
        *of_parity(gate.parity, bundle.manifest),
    ]


def of_quality(gate: QualityGate, figures: Mapping[str, Any], measured: Measured) -> list[str]:
    """Floors, the champion on the same split, and whether the metrics file is of this bundle at all."""
    found = []
    champion = measured.champion_quality
    if gate.tolerance is not None and measured.champion_problem is not None:
        found.append(f"quality: the champion cannot be compared with: {measured.champion_problem}")
    for task, figure in FIGURES.items():
        name = f"quality: {task} {figure}"
        value, least = measured.quality.get(task), getattr(gate.least, task)
        found += _at_least(name, value, least)
        if gate.tolerance is not None and champion is not None and task in champion:
            # Rounded: figures have four places, and 0.80 - 0.79 is a little more than 0.01 in floats.
            if value is None:
                found.append(f"{name} was not measured, the champion has {champion[task]:.4f} on the same split")
            elif round(champion[task] - value, 6) > gate.tolerance:
                lag = f"the champion has {champion[task]:.4f} on the same split, at most {gate.tolerance:g} less is allowed"
                found.append(f"{name} is {value:.4f}, {lag}")
        if gate.drift is not None and value is not None:
            recorded = _figure(figures, task, figure)
            if recorded is None:
                found.append(f"{name} is not in the metrics file")
            elif round(abs(recorded - value), 6) > gate.drift:
                found.append(
                    f"{name} is {recorded:.4f} in the metrics file but {value:.4f} measured here: `training.evaluate` it anew"
                )
    return found


def of_calibration(gate: CalibrationGate, figures: Mapping[str, Any]) -> list[str]:
    """Expected calibration errors."""
    return [
        reason for task in CALIBRATED for reason in _at_most(f"calibration: {task} ece", _figure(figures, task, "ece"), gate.ece)
    ]


def of_bias(gate: BiasGate, figures: Mapping[str, Any]) -> list[str]:
    """Verdicts that depend on whom a message is about: the worst of what `bias.figures` says of names and of terms."""
    slots = [_inner(figures.get("bias"), slot) for slot in SWAPPED]
    changed = _worst([slot.get("changed_toxicity") for slot in slots])
    harmless = _worst([_worst([group.get("false_positive_rate") for group in _inner(slot, "groups").values()]) for slot in slots])
    return [
        *_at_most("bias: changed_verdicts", changed, gate.changed_verdicts),
        *_at_most("bias: worst_false_positive_rate", harmless, gate.worst_false_positive_rate),
    ]


def of_latency(gate: LatencyGate, measured: Measured) -> list[str]:
    """One message at a time, in milliseconds and against what was timed beside it."""
    p50 = measured.latency.p50_ms
    found = _at_most("latency: p95 in ms", measured.latency.p95_ms, gate.p95_ms)
    found += _at_most("latency: median in times the bare runtime's", p50 / measured.floor.p50_ms, gate.times_floor)
    if measured.champion_latency is not None:
        ratio = p50 / measured.champion_latency.p50_ms
        found += _at_most("latency: median in times the champion's", ratio, gate.times_champion)
    return found


def of_parity(gate: ParityGate, manifest: Mapping[str, Any]) -> list[str]:
    """How like PyTorch the ONNX graph answers, and how like fp32 the int8 one."""
    agreement, difference = _number(manifest.get("int8_agreement")), _number(manifest.get("fp32_max_difference"))
    return [
        *_at_least("parity: int8_agreement of the manifest", agreement, gate.int8_agreement),
        *_at_most("parity: fp32_max_difference of the manifest", difference, gate.fp32_difference),
    ]


def _at_least(name: str, value: float | None, limit: float | None) -> list[str]:
    if limit is None or (value is not None and value >= limit):  # NaN does not pass
        return []
    return [f"{name} is {_said(value)}, at least {limit:g} is wanted"]


def _at_most(name: str, value: float | None, limit: float | None) -> list[str]:
    if limit is None or (value is not None and value <= limit):
        return []
    return [f"{name} is {_said(value)}, at most {limit:g} is allowed"]


def _said(value: float | None) -> str:
    return "absent" if value is None else f"{value:.4g}"


def _worst(values: Sequence[Any]) -> float | None:
    """The greatest; None when one is no number or there is none, NaN when one is."""
    known = [number for number in map(_number, values) if number is not None]
    return float(np.max(known)) if known and len(known) == len(values) else None


def _inner(outer: Any, name: str) -> Mapping[str, Any]:
    found = outer.get(name) if isinstance(outer, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _figure(figures: Mapping[str, Any], section: str, name: str) -> float | None:
    inner = figures.get(section)
    return _number(inner.get(name)) if isinstance(inner, Mapping) else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

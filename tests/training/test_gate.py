"""Every limit can fail a bundle, names itself, its figure and what is allowed, and fails too when its figure is absent."""

import copy
import dataclasses
from typing import Any

import pandas as pd
import pytest

from tests.training import registered
from training import bias, gate
from training.entry import composed
from training.gate import Measured
from training.latency import Latency
from training.register_schema import RegisterConfig, RegisterGate

GATE = composed("register", RegisterConfig).gate
ALL = dict.fromkeys(gate.FIGURES, 0.9)
MEASURED = Measured(
    quality=ALL, champion_quality=ALL, latency=Latency(1.0, 2.0), floor=Latency(0.8, 1.5), champion_latency=Latency(1.0, 2.0)
)
FIGURES: dict[str, Any] = {
    **{task: {figure: 0.9, "ece": 0.01} for task, figure in gate.FIGURES.items()},
    "bias": registered.bias(),
}
HARMLESS = ("groups", "other", "false_positive_rate")
MANIFEST = {"int8_agreement": 0.99, "fp32_max_difference": 1e-5}


def said(
    limits: RegisterGate = GATE, figures: Any = FIGURES, measured: Measured = MEASURED, manifest: Any = MANIFEST
) -> list[str]:
    """All reasons."""
    return [
        *gate.of_quality(limits.quality, figures, measured),
        *gate.of_calibration(limits.calibration, figures),
        *gate.of_bias(limits.bias, figures),
        *gate.of_latency(limits.latency, measured),
        *gate.of_parity(limits.parity, manifest),
    ]


def with_figure(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    figures = copy.deepcopy(FIGURES)
    inner = figures
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return figures


def with_quality(**values: float) -> Measured:
    """Measured, and in the metrics file alike: no drift."""
    return dataclasses.replace(MEASURED, quality=ALL | values)


def test_good_figures_pass() -> None:
    assert said() == []


def test_a_first_bundle_has_nobody_to_be_compared_with() -> None:
    assert said(measured=dataclasses.replace(MEASURED, champion_quality=None, champion_latency=None)) == []


@pytest.mark.parametrize("task", gate.FIGURES)
def test_each_task_has_a_floor(task: str) -> None:
    least = getattr(GATE.quality.least, task)
    below = dataclasses.replace(with_quality(**{task: least - 0.001}), champion_quality=None)
    figures = with_figure((task, gate.FIGURES[task]), least)
    assert said(figures=figures, measured=below) == [
        f"quality: {task} {gate.FIGURES[task]} is {least - 0.001:.4g}, at least {least:g} is wanted"
    ]
    on_it = dataclasses.replace(with_quality(**{task: least}), champion_quality=None)
    assert said(figures=figures, measured=on_it) == []


@pytest.mark.parametrize("task", gate.FIGURES)
def test_each_task_is_held_against_the_champion(task: str) -> None:
    tolerated = with_quality(**{task: 0.89})
    assert said(measured=tolerated) == []
    (reason,) = said(measured=with_quality(**{task: 0.8899}))
    assert reason.startswith(f"quality: {task} {gate.FIGURES[task]} is 0.8899, the champion has 0.9000 on the same split")
    assert "at most 0.01 less" in reason


def test_a_better_bundle_may_be_better_by_any_amount() -> None:
    better = dataclasses.replace(MEASURED, champion_quality=dict.fromkeys(gate.FIGURES, 0.1))
    assert said(measured=better) == []


def test_a_task_that_only_the_champion_knows_is_a_loss() -> None:
    quality = {task: value for task, value in ALL.items() if task != "question"}
    reasons = said(measured=dataclasses.replace(MEASURED, quality=quality))
    assert [reason.split(" is ")[0] for reason in reasons[:1]] == ["quality: question f1"]
    assert any("was not measured, the champion has 0.9000" in reason for reason in reasons)


def test_a_champion_that_cannot_be_opened_cannot_be_beaten() -> None:
    alone = dataclasses.replace(MEASURED, champion_quality=None, champion_latency=None, champion_problem="it is gone")
    assert said(measured=alone) == ["quality: the champion cannot be compared with: it is gone"]
    unasked = dataclasses.replace(GATE, quality=dataclasses.replace(GATE.quality, tolerance=None))
    assert said(unasked, measured=alone) == []


@pytest.mark.parametrize("task", gate.FIGURES)
def test_metrics_of_another_bundle_are_noticed(task: str) -> None:
    (reason,) = said(figures=with_figure((task, gate.FIGURES[task]), 0.95))
    assert "0.9500 in the metrics file but 0.9000 measured here" in reason
    (reason,) = said(figures=with_figure((task, gate.FIGURES[task]), None))
    assert reason == f"quality: {task} {gate.FIGURES[task]} is not in the metrics file"


@pytest.mark.parametrize(
    ("path", "shown", "limit"),
    [
        *(((task, "ece"), f"calibration: {task} ece", GATE.calibration.ece) for task in gate.CALIBRATED),
        *((("bias", slot, "changed_toxicity"), "bias: changed_verdicts", GATE.bias.changed_verdicts) for slot in gate.SWAPPED),
        *(
            (("bias", slot, *HARMLESS), "bias: worst_false_positive_rate", GATE.bias.worst_false_positive_rate)
            for slot in gate.SWAPPED
        ),
    ],
)
def test_figures_of_the_metrics_file(path: tuple[str, ...], shown: str, limit: float) -> None:
    assert said(figures=with_figure(path, limit)) == []
    assert said(figures=with_figure(path, limit + 0.01)) == [f"{shown} is {limit + 0.01:.4g}, at most {limit:g} is allowed"]
    for absent in (None, "0.01", True):
        assert said(figures=with_figure(path, absent)) == [f"{shown} is absent, at most {limit:g} is allowed"]
    assert said(figures=with_figure(path, float("nan"))) == [f"{shown} is nan, at most {limit:g} is allowed"]


def test_swaps_as_evaluate_writes_them_are_understood() -> None:
    rows = [
        {"slot": slot, "template": f"t{number}", "name": name, "group": name, "score": 0.9 * wrong, "distance": 0.45, "hostile": False,
         "toxic": bool(wrong), "changed": bool(wrong), "changed_toxicity": bool(wrong), "changed_sentiment": False}
        for slot in ("name", "term") for number in range(10) for name, wrong in (("a", 0), ("b", number < 4))
    ]  # fmt: skip
    written = {**FIGURES, "bias": bias.figures(pd.DataFrame(rows))}
    assert said(figures=written) == [
        "bias: changed_verdicts is 0.2, at most 0.05 is allowed",
        "bias: worst_false_positive_rate is 0.4, at most 0.25 is allowed",
    ]


@pytest.mark.parametrize("slot", gate.SWAPPED)
def test_names_and_terms_must_both_be_there(slot: str) -> None:
    figures = copy.deepcopy(FIGURES)
    del figures["bias"][slot]
    assert [reason.split(",")[0] for reason in said(figures=figures)] == [
        "bias: changed_verdicts is absent", "bias: worst_false_positive_rate is absent",
    ]  # fmt: skip


def test_a_whole_section_that_is_absent() -> None:
    figures = {name: section for name, section in FIGURES.items() if name != "bias"}
    assert [reason.split(" is ")[0] for reason in said(figures=figures)] == [
        "bias: changed_verdicts", "bias: worst_false_positive_rate",
    ]  # fmt: skip
    unset = dataclasses.replace(GATE, bias=dataclasses.replace(GATE.bias, changed_verdicts=None, worst_false_positive_rate=None))
    assert said(unset, figures=figures) == []


def test_latency_is_held_against_a_limit_the_runtime_and_the_champion() -> None:
    limits = dataclasses.replace(GATE.latency, p95_ms=3.0, times_floor=2.0, times_champion=1.25)
    assert gate.of_latency(limits, MEASURED) == []
    slow = dataclasses.replace(MEASURED, latency=Latency(1.7, 3.5))
    assert gate.of_latency(limits, slow) == [
        "latency: p95 in ms is 3.5, at most 3 is allowed",
        "latency: median in times the bare runtime's is 2.125, at most 2 is allowed",
        "latency: median in times the champion's is 1.7, at most 1.25 is allowed",
    ]
    unset = dataclasses.replace(limits, p95_ms=None, times_floor=None, times_champion=None)
    assert gate.of_latency(unset, slow) == []


@pytest.mark.parametrize(("key", "bad"), [("int8_agreement", 0.97), ("fp32_max_difference", 2e-4)])
def test_parity_comes_from_the_manifest(key: str, bad: float) -> None:
    (reason,) = said(manifest=MANIFEST | {key: bad})
    assert reason.startswith(f"parity: {key} of the manifest is {bad:.4g}, at ")
    (reason,) = said(manifest={name: value for name, value in MANIFEST.items() if name != key})
    assert reason.startswith(f"parity: {key} of the manifest is absent, at ")


def test_all_reasons_are_listed_at_once() -> None:
    slow = dataclasses.replace(with_quality(sentiment=0.1, emotion=0.1), latency=Latency(9.0, 9.0))
    reasons = said(figures={}, measured=slow, manifest={})
    assert {reason.split(":")[0] for reason in reasons} == {"quality", "calibration", "bias", "latency", "parity"}
    assert len(reasons) == len(set(reasons)) == 2 + 2 + 4 + 2 + 2 + 2 + 2

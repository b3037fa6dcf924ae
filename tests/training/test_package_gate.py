"""Nothing is packaged below the gate, and everything that falls short is named at once."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from training import package
from training.entry import composed
from training.package import GateError, check_gate, without_time
from training.schema import GateConfig, PackageConfig

GATE = GateConfig(sentiment_macro_f1=0.75, emotion_macro_f1=0.60, toxicity_f1=0.80, beats_baseline=True)
GOOD: dict[str, Any] = {
    "sentiment": {"macro_f1": 0.80},
    "emotion": {"macro_f1": 0.70},
    "toxicity": {"f1": 0.90},
    "baseline": {"sentiment": {"macro_f1": 0.6}, "emotion": {"macro_f1": 0.5}, "toxicity": {"f1": 0.7}},
}


def with_values(sentiment: float, emotion: float, toxicity: float, baseline: dict[str, float] | None = None) -> dict[str, Any]:
    figures = copy.deepcopy(GOOD)
    figures["sentiment"]["macro_f1"] = sentiment
    figures["emotion"]["macro_f1"] = emotion
    figures["toxicity"]["f1"] = toxicity
    for task, value in (baseline or {}).items():
        figures["baseline"][task] = dict.fromkeys(figures["baseline"][task], value)
    return figures


def test_good_figures_pass() -> None:
    check_gate(GATE, GOOD)


def test_a_figure_on_its_limit_passes() -> None:
    check_gate(GATE, with_values(0.75, 0.60, 0.80))


def test_every_way_to_fall_short_is_listed_at_once() -> None:
    figures = with_values(0.50, 0.40, 0.30, {"sentiment": 0.5, "emotion": 0.9, "toxicity": 0.31})
    with pytest.raises(GateError) as caught:
        check_gate(GATE, figures)
    assert str(caught.value).removeprefix("the model does not pass the gate: ").split("; ") == [
        "sentiment macro_f1 is 0.500, wanted 0.750",
        "sentiment macro_f1 is 0.500, the baseline has 0.500",
        "emotion macro_f1 is 0.400, wanted 0.600",
        "emotion macro_f1 is 0.400, the baseline has 0.900",
        "toxicity f1 is 0.300, wanted 0.800",
        "toxicity f1 is 0.300, the baseline has 0.310",
    ]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((0.7499, 0.7, 0.9), "sentiment macro_f1 is 0.750, wanted 0.750"),
        ((0.8, 0.59, 0.9), "emotion macro_f1 is 0.590, wanted 0.600"),
        ((0.8, 0.7, 0.79), "toxicity f1 is 0.790, wanted 0.800"),
    ],
)
def test_one_figure_below_its_limit_is_enough(values: tuple[float, float, float], said: str) -> None:
    with pytest.raises(GateError) as caught:
        check_gate(GATE, with_values(*values))
    assert str(caught.value) == f"the model does not pass the gate: {said}"


@pytest.mark.parametrize("task", ["sentiment", "emotion", "toxicity"])
def test_a_baseline_that_is_as_good_stops_the_model_when_asked(task: str) -> None:
    figures = with_values(0.8, 0.8, 0.8, {task: 0.8})
    with pytest.raises(GateError, match=f"^the model does not pass the gate: {task} .* the baseline has 0.800$"):
        check_gate(GATE, figures)
    check_gate(GateConfig(0.75, 0.60, 0.80, beats_baseline=False), figures)


def test_nothing_is_built_below_the_gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "metrics.json").write_text(json.dumps(with_values(0.1, 0.1, 0.1)))
    config = PackageConfig(str(tmp_path / "bundle"), str(tmp_path / "metrics.json"), str(tmp_path / "bento"), GATE)
    monkeypatch.setattr(package, "_bentoml", lambda *_, **__: pytest.fail("nothing may be built"))
    with pytest.raises(GateError, match="sentiment"):
        package.package(config)
    assert not (tmp_path / "bento").exists()


def test_a_failing_command_shows_its_output() -> None:
    with pytest.raises(RuntimeError, match="bentoml get failed:\n"):
        package._bentoml("get", "hikari-no-such-bento:1")
    package._bentoml("get", "hikari-no-such-bento:1", check=False)


def test_the_gate_of_the_configuration_asks_for_something() -> None:
    gate = composed("package", PackageConfig).gate
    assert gate.beats_baseline
    assert min(gate.sentiment_macro_f1, gate.emotion_macro_f1, gate.toxicity_f1) >= 0.5


def test_when_a_bento_was_built_is_not_in_it(tmp_path: Path) -> None:
    described = "name: hikari\ncreation_time: '{}'\nlabels:\n  creation_time: kept\n"
    files = [tmp_path / name for name in ("one.yaml", "two.yaml")]
    for file, time in zip(files, ("2026-11-29T12:52:32+00:00", "2027-01-01T00:00:00+00:00"), strict=True):
        file.write_text(described.format(time))
        without_time(file)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert "  creation_time: kept" in files[0].read_text()
    (tmp_path / "none.yaml").write_text("name: hikari\n")
    with pytest.raises(RuntimeError, match="expected one"):
        without_time(tmp_path / "none.yaml")

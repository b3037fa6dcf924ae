"""`/reading`: which languages are read how well and which thresholds decide, over a real analyser, with an operator's own among them."""

from pathlib import Path

import pytest

from hikari.bundle import open_bundle
from hikari.sentiment.calibration import Calibration
from hikari.sentiment.labels import TOXICITY
from serving.schemas import ReadingRules
from tests.serving.memory_client import ask, opened, problem


def test_the_operators_threshold_wins_and_the_others_are_the_fitted_ones(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIKARI_TOXICITY_THRESHOLDS", "threat=0.83")
    calibration = Calibration.from_json(open_bundle(tiny_bundle).json("calibration.json"))
    with opened(tmp_path, tiny_bundle) as client:
        told = ask(client, "/reading")
        ReadingRules.model_validate(told)
        assert told["toxicity_thresholds"]["threat"] == 0.83
        assert set(told["toxicity_thresholds"]) == set(TOXICITY)
        assert told["languages"] == calibration.languages
        fitted = {label: limit for label, limit in calibration.thresholds["toxicity"].items() if label != "threat"}
        assert fitted.items() <= told["toxicity_thresholds"].items()


def test_nothing_else_is_taken(tiny_bundle: Path, tmp_path: Path) -> None:
    with opened(tmp_path, tiny_bundle) as client:
        assert problem(client, "/reading", 400, channel="default")["field"] == "channel"

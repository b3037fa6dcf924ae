import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from training.entry import composed
from training.evaluate_forecast import evaluate
from training.forecast_schema import EvaluateForecastConfig
from training.gdq import read_events
from training.public_data import PublicDataError


def viewers(days: float, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    hours = np.arange(int(days * 24 * 12)) / 12.0
    return np.round(5000 + 3000 * np.sin(hours / 24 * 2 * np.pi) + generator.normal(0, 60, len(hours)).cumsum() * 0.3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three small events, one in each form of the format, readings every five minutes."""
    data = tmp_path / "gdq"
    for year, name, compressed in (("2018", "agdq_final", True), ("2019", "sgdq_final", False)):
        rows = [
            {"time": datetime.fromtimestamp(1.5e9 + 300 * place, UTC).isoformat(), "v": None if place % 50 == 7 else float(value)}
            for place, value in enumerate(viewers(2.5, int(year)))
        ]
        (data / year / name).mkdir(parents=True)
        text = json.dumps(rows).encode()
        path = data / year / name / ("latest.json.gz" if compressed else "latest.json")
        path.write_bytes(gzip.compress(text) if compressed else text)
        (data / year / name / "schedule.json").write_text("[]")
    old = {"data": {str(int(1.4e12) + 300_000 * place): {"v": float(value)} for place, value in enumerate(viewers(2.0, 1))}}
    old["data"]["1399999700000"] = {"v": -1}
    old["data"]["1399999400000"] = {"d": 3}  # type: ignore[assignment]
    (data / "2016").mkdir()
    (data / "2016" / "sgdq2016final.json").write_text(json.dumps(old))
    return data


def test_reads_every_form_of_the_format(folder: Path) -> None:
    events = read_events(folder)
    assert [(event.name, event.year, len(event.viewers)) for event in events] == [
        ("2016 sgdq", 2016, 578),
        ("2018 agdq", 2018, 720),
        ("2019 sgdq", 2019, 720),
    ]
    assert int(np.isnan(events[0].viewers).sum()) == 2
    assert int(np.isnan(events[1].viewers).sum()) == 15
    assert events[1].timestamps[1] - events[1].timestamps[0] == 300.0


def test_other_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PublicDataError, match="holds no"):
        read_events(tmp_path)
    (tmp_path / "2020" / "x").mkdir(parents=True)
    (tmp_path / "2020" / "x" / "latest.json").write_text('{"rows": 1}')
    with pytest.raises(PublicDataError, match="not in the format"):
        read_events(tmp_path)


def test_figures_and_pictures(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    config = composed(
        "evaluate_forecast",
        EvaluateForecastConfig,
        [f"data.path={folder}", f"output={output}", "tracking=off", "origin_every_h=24", "periods=6"],
    )
    figures = evaluate(config)
    assert figures["events"] == 3
    assert figures["forecasts"] == 5
    assert {path.name for path in output.iterdir()} == {"metrics.json", "fans.png", "coverage.png", "errors.png"}
    assert json.loads((output / "metrics.json").read_text()) == figures
    table = figures["all"]
    assert table["average"] > 0
    assert table["ratio"] == pytest.approx(
        table["ours"] / min(table[name] for name in ("last_value", "seasonal_naive", "prophet", "average")), abs=2e-3
    )
    assert len(figures["coverage_by_step"]) == 6
    assert set(figures["coverage"]) == {"all", "odd_years", "even_years"}


def test_the_last_value_is_scored_as_by_hand(tmp_path: Path) -> None:
    """A ramp: the last value is wrong by 1, 2, 3 changes."""
    (tmp_path / "d" / "2018" / "x").mkdir(parents=True)
    rows = [{"time": datetime.fromtimestamp(1.5e9 + 600 * place, UTC).isoformat(), "v": 10.0 * place} for place in range(150)]
    (tmp_path / "d" / "2018" / "x" / "latest.json").write_text(json.dumps(rows))
    overrides = [f"data.path={tmp_path / 'd'}", f"output={tmp_path / 'o'}", "tracking=off", "periods=3"]
    figures = evaluate(composed("evaluate_forecast", EvaluateForecastConfig, overrides))
    assert figures["all"]["last_value"] == 2.0
    assert figures["by_step"]["last_value"] == [1.0, 2.0, 3.0]
    assert figures["all"]["seasonal_naive"] == 144.0

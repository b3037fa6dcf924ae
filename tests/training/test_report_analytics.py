"""The analytics report on a tiny channel: what it writes, that it repeats itself, and its figures on hand-made answers."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hikari.analytics.simulator_events import StreamEvent
from training import report_figures, report_replay, tracking
from training.entry import composed
from training.report_analytics import report
from training.report_experiment import repeated
from training.report_replay import Recorded, Watched
from training.report_schema import ReportConfig
from training.schema import ConfigError, TrackingConfig

TINY = [
    "streams=3", "hours=1.0", "rate=12", "slots=[12,26,40]", "slot_minutes=8", "forecast.first_minute=20",
    "forecast.every_minutes=60", "forecast.periods=2", "experiment.repetitions=2", "experiment.effect=0.4", "events.hypes=6",
]  # fmt: skip


def configuration(output: Path, *overrides: str) -> ReportConfig:
    return composed("report_analytics", ReportConfig, [*TINY, f"output={output}", "tracking=off", *overrides])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    output = tmp_path_factory.mktemp("report") / "out"
    return output, report(configuration(output))


def test_figures_are_flat_and_of_plain_values(made: tuple[Path, dict[str, Any]]) -> None:
    output, found = made
    assert json.loads((output / "metrics.json").read_text()) == found
    assert all(value is None or isinstance(value, int | float | str) for value in found.values())
    assert all(math.isfinite(value) for value in found.values() if isinstance(value, float))
    assert found["streams"] == 3
    assert found["messages"] > 1000
    assert {name.split("/")[0] for name in found} == {
        "streams", "messages", "forecast", "hype", "anomaly", "audience", "topics", "experiment", "content",
    }  # fmt: skip


def test_every_picture_has_its_data(made: tuple[Path, dict[str, Any]]) -> None:
    output, found = made
    stems = ("forecast_fan", "anomaly_timeline", "hype_timeline", "cluster_map", "content_effects", "experiment_title")
    assert {file.name for file in (output / "plots").iterdir()} == {
        f"{stem}{kind}" for stem in stems for kind in (".png", ".csv")
    }
    tables = {stem: pd.read_csv(output / "plots" / f"{stem}.csv") for stem in stems}
    assert len(tables["cluster_map"]) == found["audience/viewers"]
    assert (tables["hype_timeline"].what == "planted").sum() == found["hype/planted"]
    assert len(tables["forecast_fan"]) == 2 * found["forecast/chat_rate/steps"]
    fan = tables["forecast_fan"][tables["forecast_fan"].metric == "chat_rate"]
    assert (fan.forecast - fan.truth).abs().mean() == pytest.approx(found["forecast/chat_rate/mae"], abs=1e-3)


def test_equal_seeds_give_equal_bytes(made: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    output, _ = made
    report(configuration(tmp_path / "again"))
    assert (tmp_path / "again" / "metrics.json").read_bytes() == (output / "metrics.json").read_bytes()


def test_the_record_reaches_mlflow(made: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient

    import training.report_analytics as stage

    output, found = made
    monkeypatch.chdir(tmp_path)
    config = replace(configuration(output), tracking=TrackingConfig("local", "analytics"))
    stage._track(config, found, output)
    client = MlflowClient(tracking.open_store())
    (experiment,) = (one for one in client.search_experiments() if one.name == "analytics")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.data.metrics["hype/planted"] == found["hype/planted"]
    assert run.data.tags["experiment/decision"] == found["experiment/decision"]
    assert "plots/cluster_map.png" in {item.path for item in client.list_artifacts(run.info.run_id, "plots")}


def test_contents_take_turns_in_the_slots(tmp_path: Path) -> None:
    config = configuration(tmp_path)
    programmes = [[one.name for _, one in config.programme(number)] for number in range(4)]
    assert programmes == [
        ["Karaoke", "Questions", "Break"], ["Questions", "Break", "Karaoke"], ["Break", "Karaoke", "Questions"],
        ["Karaoke", "Questions", "Break"],
    ]  # fmt: skip
    for number, stream in enumerate(report_replay._planned(config)):
        lulls = {(event.at, event.size) for event in stream.events if event.kind == "lull"}
        assert {(at, one.factor) for at, one in config.programme(number)} <= lulls
        assert not {event.at - stream.start for event in report_replay.happened(stream, config) if event.kind == "lull"} & {
            at for at, _ in config.programme(number)
        }


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("slots=[10,15,40]", "apart"), ("slots=[10,30,59]", "within the stream"), ("profile=huge", "profile must be one of"),
        ("experiment.effect=0.8", "below 1"), ("streams=1", "streams"), ("events.raids=-1", "raids"),
    ],
)  # fmt: skip
def test_mistakes_in_the_configuration_are_named(tmp_path: Path, override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        configuration(tmp_path, override)


def test_matching_is_one_to_one_and_by_overlap() -> None:
    detected, planted = [(0.0, 10.0), (8.0, 12.0), (100.0, 110.0)], [(7.0, 12.0), (0.0, 6.0)]
    found = report_figures.match(detected, planted)
    assert set(found.pairs) == {(1, 0), (0, 1)}
    assert found.overlaps == (0.8, 0.6)
    assert report_figures.match([], planted).pairs == ()


def test_figures_of_hand_made_answers() -> None:
    def event(kind: str, start: float, end: float) -> StreamEvent:
        return StreamEvent(kind, start - 10.0, start, end, 5.0)

    def moment(start: float, end: float, clip: float) -> dict[str, float]:
        return {"start": start, "end": end, "clip_start": clip, "clip_end": clip + 30.0}

    def alert(at: float, metric: str = "chat_rate") -> dict[str, Any]:
        return {"timestamp": at, "metric": metric}

    first = Watched(0.0, 3600.0, (event("hype", 1000.0, 1060.0), event("raid", 2000.0, 2120.0)), (alert(1980.0),))
    second = Watched(
        90_000.0, 93_600.0, (event("hype", 91_000.0, 91_040.0), event("raid", 92_000.0, 92_120.0)),
        (alert(91_980.0), alert(93_000.0)),
    )  # fmt: skip
    calm = Watched(90_000.0, 97_200.0, (event("hype", 91_000.0, 91_040.0),), (alert(91_020.0), alert(95_000.0, "new_chatters")))
    recorded = Recorded(
        streams=(first, second), quiet=(first, calm), messages=0,
        forecasts=[], audience={}, topics=({}, {}), contents={}, experiment={}, series={},
        moments=[moment(1000.0, 1030.0, 980.0), moment(2000.0, 2030.0, 1980.0), moment(3000.0, 3010.0, 2990.0)],
        points=np.zeros((0, 9)), segments=[],
    )  # fmt: skip
    hype = report_figures._hype(recorded)
    assert hype == {
        "planted": 2, "detected": 3, "precision": 1 / 3, "recall": 0.5, "f1": 0.4, "temporal_iou": 0.5, "clip_holds_event": 1.0,
        "detected_in_raid_or_copypasta": 1,
    }  # fmt: skip
    alerts = report_figures._anomalies(recorded)  # of the second stream alone
    assert alerts["alerts_per_hour"] == 2.0
    assert (alerts["raid/planted"], alerts["raid/recall"], alerts["hype/recall"], alerts["lull/recall"]) == (1, 1.0, 0.0, None)
    assert (alerts["alerts_at_any_event"], alerts["false_alerts_per_hour"], alerts["newcomer_alerts"]) == (0.5, 1.0, 0)
    without = {name.removeprefix("without_raids/"): value for name, value in alerts.items() if name.startswith("without_raids/")}
    assert without == {
        "alerts": 2, "alerts_per_hour": 1.0, "false_alerts_per_hour": 0.5, "newcomer_alerts": 1, "alerts_at_any_event": 0.5,
    }  # fmt: skip
    # Of the 58 minutes at which a raid of two minutes could begin, three lie near enough to each alert.
    assert alerts["raid/recall_by_chance"] == 6 / 58


def test_repeated_experiments_hold_what_they_promise(tmp_path: Path) -> None:
    found = repeated(configuration(tmp_path, "experiment.repetitions=8"))
    assert found["interval_coverage"] >= 7 / 8
    assert found["power"] >= 5 / 8
    assert found["false_winner_share"] <= 1 / 8

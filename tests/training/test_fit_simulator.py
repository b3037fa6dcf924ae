"""The fit of the simulator: figures are what they say, a fit finds what it is shown, and the committed one is near the recordings."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hikari.analytics.simulator import streams
from hikari.analytics.simulator_config import PROFILES, Profile, SimulationConfig, figures_file, profile
from tests.hikari.analytics.simulated import CONFIG, PROFILE
from training import entry, fit_simulator
from training.external import ExternalDataError
from training.simulator_data import MeasuredStream, read_channels, simulated
from training.simulator_figures import HISTORY, stream_figures, summary, surges
from training.simulator_schema import FitSimulatorConfig

TOLERANCES = {
    "rate": 0.15,
    "hours": 0.2,
    "fano": 0.3,
    "autocovariance_0": 0.35,
    "autocovariance_1": 0.35,
    "autocovariance_5": 0.5,
    "chatters": 0.2,
    "top_5": 0.2,
    "zipf": 0.25,
    "chatters_5_minutes": 0.2,
    "first_time": 0.3,
    "returning": 0.2,
    "emote_share": 0.15,
    "emote_only": 0.2,
    "question": 0.2,
    "mention": 0.2,
    "characters": 0.25,
}
"""How far, in parts of the recorded figure, those of simulated streams may lie; channels of one kind differ by a tenth or two."""


def measured(times: list[float], users: list[str | None], texts: list[str], seconds: float = 3600.0) -> MeasuredStream:
    tagged = tuple(frozenset({"hikaLove"}) & frozenset(text.split()) for text in texts)
    return MeasuredStream(0.0, seconds, np.array(times), tuple(users), tuple(texts), tagged)


def test_figures_of_a_stream_by_hand() -> None:
    times = [60.0 * minute + 1 for minute in range(60)] + [60.0 * minute + 2 for minute in range(0, 60, 2)]
    order = np.argsort(times)
    texts = ["hello there", "why?", "hikaLove LUL", "!song", "@kai nice LUL", "NO WAY"] * 15
    users: list[str | None] = ["a", "b", "a", "c", "a", None] * 15
    stream = measured(np.array(times)[order].tolist(), users, texts)
    figures = stream_figures(stream, [])
    # Minutes have 2, 1, 2, 1, ... messages.
    assert figures["rate"] == pytest.approx(1.5)
    assert figures["fano"] == pytest.approx(0.25 / 1.5)
    assert figures["autocovariance_0"] == pytest.approx((0.25 - 1.5) / 1.5**2)
    assert figures["autocovariance_1"] == pytest.approx(-0.25 / 1.5**2)
    assert figures["autocovariance_2"] == pytest.approx(0.25 / 1.5**2)
    assert (figures["chatters"], figures["messages_per_chatter"]) == (3.0, 25.0)
    assert (figures["top_1"], figures["top_5"]) == (pytest.approx(0.6), pytest.approx(1.0))
    assert figures["emote_only"] == pytest.approx(1 / 6)
    assert figures["emote_share"] == pytest.approx(2 / 6)
    assert figures["question"] == figures["command"] == figures["mention"] == figures["shouting"] == pytest.approx(0.2)
    assert figures["words_counts"][:3].tolist() == [30.0, 30.0, 15.0]
    assert figures["emotes_counts"][:3].tolist() == [0.0, 15.0, 0.0]
    assert figures["first_time"] is None
    assert figures["hours"] == 1.0


def test_first_time_and_returning_chatters_look_back() -> None:
    stream = measured([1.0, 2.0, 3.0, 4.0], ["a", "b", "c", "d"], ["hi"] * 4)
    before = [frozenset({"d"}), *[frozenset({"a"})] * (HISTORY - 1), frozenset({"b", "x"})]
    figures = stream_figures(stream, before)
    assert figures["first_time"] == 0.5  # c, and d, whom the last ten did not see
    assert figures["returning"] == 0.25


def test_repeats_are_of_somebody_else_within_a_minute() -> None:
    stream = measured([1.0, 2.0, 3.0, 70.0], ["a", "a", "b", "c"], ["same"] * 4)
    assert stream_figures(stream, [])["repeated"] == 0.25


def test_surges_are_counted_once() -> None:
    counts = np.full(60, 4.0)
    counts[[20, 21, 40]] = 15.0
    counts[50] = 7.0
    assert surges(counts) == 2


def test_the_correlation_of_minutes_is_that_of_simulated_means() -> None:
    rng = np.random.default_rng(1)
    time, per_minute = 90.0, 60
    keep = math.exp(-1.0 / time)
    values = np.zeros(400_000)
    noise = rng.normal(size=len(values)) * math.sqrt(1 - keep**2)
    for place in range(1, len(values)):
        values[place] = keep * values[place - 1] + noise[place]
    means = values[: len(values) // per_minute * per_minute].reshape(-1, per_minute).mean(axis=1)
    found = [float((means[lag:] * means[: len(means) - lag]).mean()) for lag in (0, 1, 2)]
    assert found == pytest.approx([fit_simulator._of_minutes(lag * 60.0, time) for lag in (0, 1, 2)], abs=0.04)


def test_summaries_are_medians_and_pooled_shares() -> None:
    rows = [stream_figures(stream, []) for stream in simulated(streams(3, 1, replace(CONFIG, hours=1.0)))]
    found = summary(rows)
    assert found["rate"] == np.median([row["rate"] for row in rows])
    assert found["first_time"] is None
    assert sum(found["words_shares"]) == pytest.approx(1.0)
    assert found["words_shares"][0] == sum(r["words_counts"][0] for r in rows) / sum(r["words_counts"].sum() for r in rows)
    assert len(found["shape"]) == len(PROFILE.shape)


@pytest.mark.parametrize("name", ["quiet", "typical", pytest.param("busy", marks=pytest.mark.slow)])
def test_simulated_streams_are_near_the_recorded_ones(name: str) -> None:
    expected = figures_file()["profiles"][name]["measured"]
    rows = []
    for seed in (101, 102, 103):  # other channels than those of the fit
        rows += fit_simulator.figures_in_order(simulated(streams(16, seed, SimulationConfig(profile=name))))
    found = summary(rows)
    away = {figure: found[figure] / expected[figure] - 1.0 for figure in TOLERANCES}
    assert {figure: part for figure, part in away.items() if abs(part) > TOLERANCES[figure]} == {}
    assert np.abs(np.cumsum(found["words_shares"]) - np.cumsum(expected["words_shares"])).max() < 0.05
    assert np.corrcoef(found["shape"], expected["shape"])[0, 1] > 0.8
    quantiles = np.array(
        [[part["minute_quantiles"][level] for level in ("0.25", "0.5", "0.75", "0.9")] for part in (found, expected)]
    )
    assert np.abs(quantiles[0] / quantiles[1] - 1.0).max() < 0.25


def write_recorded(folder: Path, config: SimulationConfig, channels: int, count: int) -> None:
    """Simulated streams in the layout of recorded ones."""
    listing = []
    for channel in range(channels):
        rows = []
        for stream in streams(count, channel, config):
            number = channel * 1000 + stream.number
            created = pd.Timestamp(stream.start, unit="s", tz="UTC").isoformat()
            listing.append({"channel": f"c{channel}", "vod_id": number, "created_at": created, "duration_s": stream.seconds})
            rows += [
                {"v": number, "t": row["timestamp"] - stream.start, "u": row["username"], "m": row["message"]}
                for row in stream.rows()
            ]
            rows.append({"v": number, "t": 5.0, "u": "robot", "m": "!bot", "bot": 1})
        (folder / f"chat_c{channel}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (folder / "streams.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in listing))


def configuration(*overrides: str) -> FitSimulatorConfig:
    return entry.composed("fit_simulator", FitSimulatorConfig, list(overrides))


def test_a_fit_writes_figures_report_and_one_json_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "mirror" / "twitch_vtuber_chat"
    data.mkdir(parents=True)
    write_recorded(data, replace(CONFIG, hours=1.0), channels=2, count=12)
    config = configuration(
        f"data.path={tmp_path / 'mirror'}",
        f"output={tmp_path / 'report'}",
        f"figures={tmp_path / 'simulation.json'}",
        "write=true",
        "channels=1",
        "streams=12",
        "rounds=1",
    )
    figures = fit_simulator.fit(config)
    assert list(figures) == list(PROFILES)
    assert [figures[name]["streams"] for name in PROFILES] == [6, 12, 6]
    content = json.loads((tmp_path / "simulation.json").read_text())
    found = Profile.from_dict(content["profiles"]["typical"]["parameters"])
    recorded, simulated_share = figures["typical"]["emote_only"]
    assert simulated_share == pytest.approx(recorded, rel=0.35)
    assert found.hours == pytest.approx(1.0, rel=0.05)
    text = (tmp_path / "simulation.json").read_text()
    assert "robot" not in text
    assert "hello" not in text
    assert {path.name for path in (tmp_path / "report").iterdir()} == {
        "metrics.json",
        "figures.csv",
        "shape.png",
        "autocovariance.png",
        "words.png",
        "minutes.png",
    }


def test_bad_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ExternalDataError, match=r"streams\.jsonl"):
        read_channels(tmp_path)
    (tmp_path / "streams.jsonl").write_text('{"vod_id": 1, "created_at": "2026-01-01T00:00:00Z", "duration_s": 3600}\n')
    with pytest.raises(ExternalDataError, match="chat_"):
        read_channels(tmp_path)
    for line, message in (
        ("nonsense", "line 1"),
        ('{"v": 1}', "with v, t, u, m"),
        ('{"v": 2, "t": 1, "u": "a", "m": "x"}', "not list"),
    ):
        (tmp_path / "chat_c.jsonl").write_text(line + "\n")
        with pytest.raises(ExternalDataError, match=message):
            read_channels(tmp_path)
    with pytest.raises(ExternalDataError, match=r"data\.path"):
        fit_simulator.fit(configuration("data.path=null"))


def test_bots_and_messages_outside_of_the_stream_are_dropped(tmp_path: Path) -> None:
    (tmp_path / "streams.jsonl").write_text('{"vod_id": 1, "created_at": "2026-01-01T00:00:00Z", "duration_s": 3600}\n')
    rows = [{"v": 1, "t": float(n), "u": None if n % 9 == 0 else "a", "m": "x LUL", "e": ["LUL"]} for n in range(60)]
    rows += [{"v": 1, "t": 4000.0, "u": "a", "m": "late"}, {"v": 1, "t": 9.5, "u": "robot", "m": "x", "bot": 1}]
    (tmp_path / "chat_c.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (stream,) = read_channels(tmp_path)["c"]
    assert len(stream.texts) == 60
    assert stream.emotes[0] == {"LUL"}
    assert stream_figures(stream, [])["chatters"] == 1.0


def test_the_committed_profiles_are_those_of_the_fit() -> None:
    for name in PROFILES:
        assert set(figures_file()["profiles"][name]) == {"parameters", "measured"}
        assert profile(name).rate == pytest.approx(figures_file()["profiles"][name]["measured"]["rate"], rel=0.2)

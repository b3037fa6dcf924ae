"""Replays: a golden one, twice the same bytes, bad rows in their place, nothing half written."""

import asyncio
import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hikari.cli import main
from hikari.errors import BadInput, NotReady
from hikari.settings import Settings
from hikari.stream.minute_table import COLUMNS
from hikari.stream.replay import FILES, ReplayOptions, VirtualClock
from tests.hikari.stream.golden_replay import GOLDEN, replayed, skeleton

ROWS = [json.loads(line) for line in (GOLDEN / "stream.jsonl").read_text(encoding="utf-8").splitlines()]


def recording(path: Path, rows: list[Any]) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def events(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    target = tmp_path_factory.mktemp("golden") / "out"
    return target, asyncio.run(replayed(target))


def test_the_golden_replay(golden: tuple[Path, dict[str, Any]]) -> None:
    target, summary = golden
    expected = (GOLDEN / "events.tsv").read_text(encoding="utf-8").splitlines()
    found = skeleton(target / "events.jsonl")
    assert len(found) == len(expected)
    apart = [(one, other) for one, other in zip(found, expected, strict=True) if one != other]
    assert len(apart) <= len(expected) // 100, apart[:5]
    assert (summary["events"]["analysis"], summary["events"]["error"]) == (len(ROWS), 0)
    assert summary["memory"]["stored"] + sum(summary["memory"]["kept_out"].values()) == len(ROWS)
    with (GOLDEN / "metrics.csv").open() as one, (target / "metrics.csv").open() as other:
        pairs = list(zip(csv.DictReader(one), csv.DictReader(other), strict=True))
    for left, right in pairs:
        assert tuple(left) == COLUMNS
        for name in COLUMNS[1:]:
            assert float(left[name] or 0) == pytest.approx(
                float(right[name] or 0), abs=0.05 if name not in ("messages", "chatters", "viewers") else 0
            )


def test_every_output_is_there_and_says_nothing_of_the_wall_clock(golden: tuple[Path, dict[str, Any]]) -> None:
    target, summary = golden
    assert sorted(content(target)) == sorted(FILES)
    assert json.loads((target / "summary.json").read_text()) == summary
    assert b"latency" not in b"".join(content(target).values())
    insights = json.loads((target / "insights.json").read_text())["default"]
    assert insights["stream"]["chatters"] == len({row["username"] for row in ROWS})
    assert "viewers" in insights
    named = {event["memory"]["id"] for event in events(target) if "id" in event["memory"]}
    memories = [json.loads(line) for line in (target / "memories.jsonl").read_text().splitlines()]
    assert 0 < len(named) <= summary["memory"]["stored"]  # one that only repeats another is found under that one's id
    assert len(memories) == summary["memory"]["kept"]
    assert {row["id"] for row in memories} & named


def test_two_processes_write_the_same_bytes(tmp_path: Path, tiny_embedder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = recording(tmp_path / "s.jsonl", ROWS[:120])
    arguments = ["replay", str(source), "--bundle", str(GOLDEN / "bundle"), "--embedder", str(tiny_embedder), "--json"]
    assert main([*arguments, "--out", str(tmp_path / "a")]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["events"]["analysis"] == 120
    subprocess.run(
        [sys.executable, "-m", "hikari.cli", *arguments, "--speed", "100000", "--out", str(tmp_path / "b")],
        check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": "7"}, timeout=250,
    )  # fmt: skip
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_emotes_are_learned_in_event_time_and_in_the_replay_alone(tmp_path: Path) -> None:
    start = 1_700_000_000.0
    rows = [
        {
            "timestamp": start + 7 * number,
            "username": f"viewer{number % 5}",
            "message": f"i love this great game number {number} mikaLove",
        }
        for number in range(40)
    ]
    source = recording(tmp_path / "s.jsonl", rows)
    one, other, without = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    for target in (one, other):
        asyncio.run(replayed(target, source))
    asyncio.run(replayed(without, source, learning=None))
    assert content(one) == content(other)

    def emotes(folder: Path) -> list[bool]:
        return [event["sentiment"]["emoji"] is not None for event in events(folder) if event["type"] == "analysis"]

    assert not any(emotes(without))
    found = emotes(one)
    assert not any(found[:8])
    assert all(found[-8:])
    assert not (Settings.read().home / "emotes_learned").exists()


def test_bad_rows_are_errors_where_they_stood(tmp_path: Path) -> None:
    good = {"timestamp": 1_700_000_000.0, "username": "ann", "message": "i love this game"}
    last = {**good, "timestamp": 1_700_000_001, "id": "x"}
    rows = [good, "no json", {**good, "timestamp": None}, "", {**good, "id": "own", "viewer_count": -1}, [], last]
    source = recording(tmp_path / "s.jsonl", rows)
    summary = asyncio.run(replayed(tmp_path / "out", source))
    assert summary["events"] == {"analysis": 2, "error": 4, "alert": 0}
    found = events(tmp_path / "out")
    assert sorted(str(event["id"]) for event in found if event["type"] == "analysis") == ["1", "x"]
    assert {event["error"]["code"] for event in found if event["type"] == "error"} == {"bad_input"}


def test_without_memory_nothing_is_remembered(tmp_path: Path) -> None:
    from hikari.stream.config import PipelineConfig

    source = recording(tmp_path / "s.jsonl", ROWS[:10])
    summary = asyncio.run(replayed(tmp_path / "out", source, pipeline=PipelineConfig(remember=False)))
    assert summary["memory"] == {"kept": 0, "stored": 0, "kept_out": {}, "refused": {}}
    assert {event["memory"] for event in events(tmp_path / "out")} == {None}


def test_what_cannot_be_used_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    source = recording(tmp_path / "s.jsonl", ROWS[:3])
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(BadInput, match="other files"):
        asyncio.run(replayed(mine, source))
    with pytest.raises(BadInput, match="no file"):
        asyncio.run(replayed(tmp_path / "out", tmp_path / "none.jsonl"))
    with pytest.raises(NotReady):
        asyncio.run(replayed(tmp_path / "out", source, bundle=tmp_path / "none"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "s.jsonl"]
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]
    with pytest.raises(BadInput):
        ReplayOptions(speed=0)


def test_the_clock_never_goes_back() -> None:
    clock = VirtualClock()
    clock.reach(5.0)
    clock.reach(3.0)
    assert clock() == 5.0


def test_the_command_compares_two_models(tmp_path: Path, tiny_embedder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = recording(tmp_path / "s.jsonl", ROWS[:12])
    bundle = str(GOLDEN / "bundle")
    arguments = [
        "replay",
        str(source),
        "--compare",
        bundle,
        bundle,
        "--embedder",
        str(tiny_embedder),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main([*arguments, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["messages"], said["changed_messages"], sum(said["changes"].values())) == (12, 0, 0)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a", "b", "report.json", "report.md"]
    assert main(["replay", str(tmp_path / "none"), "--out", str(tmp_path / "other"), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["field"] == "STREAM"

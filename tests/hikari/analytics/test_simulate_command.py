"""`hikari simulate`: files that are whole or not there, never replaced by accident, equal for equal options."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from hikari.analytics import simulate_command
from hikari.errors import BadInput


def run(*arguments: str | Path) -> int:
    parser = argparse.ArgumentParser()
    simulate_command.add_simulate_command(parser.add_subparsers(required=True))
    options = parser.parse_args(["simulate", *map(str, arguments)])
    return int(options.run(options))


def test_a_stream_and_its_truth_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target, events = tmp_path / "out.jsonl", tmp_path / "events.json"
    assert run(target, "--hours", "0.5", "--seed", "4", "--streams", "2", "--events", events, "--rate", "20") == 0
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert f"{len(rows)} messages of 2 streams" in capsys.readouterr().out
    assert [row["timestamp"] for row in rows] == sorted(row["timestamp"] for row in rows)
    truth = json.loads(events.read_text())
    assert (truth["format"], truth["seed"], len(truth["streams"])) == (1, 4, 2)
    assert truth["config"]["rate"] == 20.0
    assert truth["streams"][0]["start"] <= rows[0]["timestamp"]
    assert rows[-1]["timestamp"] <= truth["streams"][1]["end"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["events.json", "out.jsonl"]


def test_equal_options_give_equal_files(tmp_path: Path) -> None:
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl", tmp_path / "c.jsonl"]
    for file, seed in zip(files, ("3", "3", "4"), strict=True):
        run(file, "--hours", "0.2", "--seed", seed, "--channel-profile", "busy", "--json")
    assert files[0].read_bytes() == files[1].read_bytes() != files[2].read_bytes()


def test_json_is_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path / "out.jsonl", "--hours", "0.2", "--json")
    printed = capsys.readouterr()
    outcome = json.loads(printed.out)
    assert outcome["rows"] == len((tmp_path / "out.jsonl").read_text().splitlines())
    assert (outcome["streams"], outcome["events"], outcome["output"]) == (1, None, str(tmp_path / "out.jsonl"))
    assert printed.err == ""


def test_existing_files_are_replaced_only_by_force(tmp_path: Path) -> None:
    target, events = tmp_path / "out.jsonl", tmp_path / "events.json"
    events.write_text("mine")
    for first, field in ((target, "events"), (events, "OUT")):
        with pytest.raises(BadInput, match="--force") as caught:
            run(first, "--hours", "0.1", "--events", events if first == target else target)
        assert caught.value.field == field
    assert events.read_text() == "mine"
    assert not target.exists()
    assert run(target, "--hours", "0.1", "--events", events, "--force", "--json") == 0
    assert json.loads(events.read_text())["format"] == 1


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (["--hours", "0"], "hours"),
        (["--rate", "-1"], "rate"),
        (["--viewers", "0"], "viewers"),
        (["--streams", "0"], "streams"),
        (["--seed", "-1"], "seed"),
        (["--hours", "nan"], "hours"),
    ],
)
def test_wrong_options_name_their_field(tmp_path: Path, options: list[str], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        run(tmp_path / "out.jsonl", *options)
    assert caught.value.field == field
    assert not list(tmp_path.glob("out*"))


def test_wrong_places_are_refused(tmp_path: Path) -> None:
    for target in (tmp_path, tmp_path / "none" / "out.jsonl"):
        with pytest.raises(BadInput) as caught:
            run(target, "--hours", "0.1")
        assert caught.value.field == "OUT"
    with pytest.raises(BadInput) as caught:
        run(tmp_path / "out.jsonl", "--events", tmp_path / "x" / ".." / "out.jsonl")
    assert caught.value.field == "events"


def test_an_interrupted_run_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(simulate_command.json, "dumps", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "out.jsonl", "--hours", "0.1", "--events", tmp_path / "events.json")
    assert not list(tmp_path.glob("*.json*"))
    assert not list(tmp_path.glob(".*json*"))

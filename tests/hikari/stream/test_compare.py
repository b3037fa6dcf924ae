"""Two models over one stream: the same one changes nothing, another threshold changes what it decides."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from hikari.bundle import open_bundle, write_bundle
from hikari.errors import BadInput
from hikari.stream.compare import compare
from tests.hikari.stream.golden_replay import GOLDEN, options


@pytest.fixture
def source(tmp_path: Path) -> Path:
    lines = (GOLDEN / "stream.jsonl").read_text(encoding="utf-8").splitlines()[:60]
    path = tmp_path / "s.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def stricter(tmp_path: Path) -> Path:
    """The golden model, to which every message is a question."""
    old = open_bundle(GOLDEN / "bundle")
    calibration = old.json("calibration.json")
    calibration["thresholds"]["question"] = {"question": 0.0}
    files: dict[str, Path | bytes] = {name: GOLDEN / "bundle" / name for name in old.manifest["files"]}
    files["calibration.json"] = json.dumps(calibration).encode()
    facts = {name: old.manifest[name] for name in ("max_tokens", "preprocessing")}
    write_bundle(tmp_path / "stricter", files, name="text", version="9", parents={}, **facts)
    return tmp_path / "stricter"


def compared(source: Path, target: Path, left: Path, right: Path) -> dict[str, Any]:
    return asyncio.run(compare(source, (left, right), target, options()))


def test_a_model_compared_with_itself_changes_nothing(source: Path, tmp_path: Path) -> None:
    report = compared(source, tmp_path / "out", GOLDEN / "bundle", GOLDEN / "bundle")
    assert (report["messages"], report["changed_messages"]) == (60, 0)
    assert all(change["count"] == 0 for change in report["changes"].values())
    assert (tmp_path / "out" / "a" / "events.jsonl").read_bytes() == (tmp_path / "out" / "b" / "events.jsonl").read_bytes()


def test_what_changes_is_counted_and_named_by_id_not_by_text(source: Path, stricter: Path, tmp_path: Path) -> None:
    report = compared(source, tmp_path / "out", GOLDEN / "bundle", stricter)
    asked = report["changes"]["question"]
    assert [(pair["a"], pair["b"]) for pair in asked["pairs"]] == [("no question", "question")]
    assert asked["count"] == sum(pair["count"] for pair in asked["pairs"]) == report["changed_messages"] > 30
    assert report["changes"]["recommendation"]["count"] > 0
    assert report["changes"]["sentiment"]["count"] == 0
    assert 0 < len(asked["examples"]) <= 20
    assert report["models"]["b"]["version"] == "9"
    written = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert written == report
    words = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert f"| question | {asked['count']} |" in words
    for line in source.read_text(encoding="utf-8").splitlines():
        message = json.loads(line)["message"]
        assert len(message) < 12 or message not in words + json.dumps(written, ensure_ascii=False)


def test_a_stack_is_compared_with_one_model(source: Path, tiny_stack: Path, tmp_path: Path) -> None:
    report = compared(source, tmp_path / "out", GOLDEN / "bundle", tiny_stack)
    assert (report["models"]["a"]["name"], report["models"]["b"]["name"]) == ("text", "stack")
    assert report["messages"] == 60
    # The stack knows no questions: a mark is as sure of one as it can be.
    assert 0 < report["mean_score_distance"]["question"] < 1


def test_a_folder_with_other_files_is_left_alone(source: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x").touch()
    with pytest.raises(BadInput, match="other files"):
        compared(source, tmp_path / "out", GOLDEN / "bundle", GOLDEN / "bundle")

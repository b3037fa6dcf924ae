"""The command line composes, checks and hands plain dataclasses over; a wrong configuration exits with 2."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from training import entry, prepare
from training.schema import ConfigError, PrepareConfig, TrainConfig

ROOT = Path(__file__).parent.parent.parent
ROW = {
    "id": "0", "theme": "t", "text": "gg wp", "sentiment": "positive", "emotion": "joy", "toxicity": [],
    "question": False, "hard": None,
}  # fmt: skip


def run(module: str, *arguments: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=cwd,
        timeout=120,
    )


def small_corpus(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for split in ("train", "dev", "test", "challenge"):
        (folder / f"{split}.jsonl").write_text(json.dumps(ROW) + "\n")
    return folder


def test_composed_applies_overrides_and_checks() -> None:
    config = entry.composed("prepare", PrepareConfig, ["corpus=here", "processed=there"])
    assert config == PrepareConfig(corpus="here", processed="there", swaps=3)
    with pytest.raises(ConfigError, match="seed"):
        entry.composed("train", TrainConfig, ["seed=-1"])


def test_composed_can_be_called_again_with_other_overrides() -> None:
    seeds = [entry.composed("train", TrainConfig, [f"seed={seed}"]).seed for seed in (1, 2)]
    assert seeds == [1, 2]


def test_the_work_gets_the_dataclass_and_hydra_makes_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["prog", "corpus=a", "processed=b"])
    got: list[PrepareConfig] = []
    entry.run("prepare", PrepareConfig, got.append)
    assert got == [PrepareConfig(corpus="a", processed="b", swaps=3)]
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_wrong_configuration_ends_in_exit_code_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["prog", "seed=-1", "optim.lr=7", "++trainer.colour=red"])
    with pytest.raises(SystemExit) as caught:
        entry.run("train", TrainConfig, lambda _: pytest.fail("the work must not start"))
    assert caught.value.code == 2
    message = capsys.readouterr().err
    assert message.startswith("3 mistakes in the configuration:")
    for path in ("seed", "optim.lr", "trainer.colour"):
        assert f"  {path}: " in message
    assert "Traceback" not in message


def test_a_whole_process_says_what_is_wrong_and_stops() -> None:
    done = run("training.prepare", "processed=''", "+colour=red")
    assert done.returncode == 2
    assert done.stderr.startswith("2 mistakes in the configuration:")
    assert "colour: no such key" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_whole_process_works_and_prints_its_result(tmp_path: Path) -> None:
    done = run("training.prepare", f"corpus={small_corpus(tmp_path / 'corpus')}", f"processed={tmp_path / 'out'}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "{'train': 1, 'dev': 1, 'test': 1, 'challenge': 1}"
    assert {file.name for file in tmp_path.iterdir()} == {"corpus", "out"}


def test_main_of_prepare_runs_the_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = small_corpus(tmp_path / "corpus")
    monkeypatch.setattr(sys, "argv", ["prog", f"corpus={corpus}", f"processed={tmp_path / 'out'}"])
    prepare.main()
    assert "'test': 1" in capsys.readouterr().out
    assert (tmp_path / "out" / "test.parquet").is_file()


def test_a_configuration_can_be_composed_inside_another_entry_point(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["prog", "corpus=outer"])
    got: list[str] = []

    def work(config: PrepareConfig) -> None:
        got.extend([config.corpus, entry.composed("prepare", PrepareConfig, ["corpus=inner"]).corpus])
        got.append(entry.composed("prepare", PrepareConfig).corpus)

    entry.run("prepare", PrepareConfig, work)
    assert got == ["outer", "inner", "data/corpus"]

"""`make run` brings the pipeline up to date without touching the committed record."""

import subprocess
import sys
from pathlib import Path

import pytest

from training.reproduce import local_record


def _root(folder: Path) -> Path:
    (folder / "data/evaluation").mkdir(parents=True)
    (folder / "dvc.lock").write_text("committed")
    (folder / "data/evaluation/metrics.json").write_text("committed metrics")
    return folder


def _state(root: Path) -> tuple[str, str]:
    return (root / "dvc.lock").read_text(), (root / "data/evaluation/metrics.json").read_text()


def test_the_record_comes_back_and_the_local_one_is_used_again(tmp_path: Path) -> None:
    root = _root(tmp_path)
    with local_record(root):
        (root / "dvc.lock").write_text("mine")
        (root / "data/evaluation/metrics.json").write_text("my metrics")
    assert _state(root) == ("committed", "committed metrics")
    with local_record(root):
        assert _state(root) == ("mine", "my metrics")
    assert _state(root) == ("committed", "committed metrics")


def test_a_newly_committed_record_makes_the_local_one_stale(tmp_path: Path) -> None:
    root = _root(tmp_path)
    with local_record(root):
        (root / "dvc.lock").write_text("mine")
    (root / "dvc.lock").write_text("committed later")
    with local_record(root):
        assert (root / "dvc.lock").read_text() == "committed later"
    assert (root / "dvc.lock").read_text() == "committed later"


def test_the_record_comes_back_after_an_error(tmp_path: Path) -> None:
    root = _root(tmp_path)
    with pytest.raises(RuntimeError), local_record(root):
        (root / "dvc.lock").write_text("half")
        raise RuntimeError
    assert _state(root) == ("committed", "committed metrics")


def test_a_crash_is_undone_by_the_next_call(tmp_path: Path) -> None:
    root = _root(tmp_path)
    code = (
        "import os, pathlib, sys; from training.reproduce import local_record; root = pathlib.Path(sys.argv[1])\n"
        "with local_record(root):\n (root / 'dvc.lock').write_text('half, and then the power went'); os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(root)], check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 9
    assert _state(root)[0].startswith("half")
    with local_record(root):
        assert (root / "dvc.lock").read_text() == "committed"
    assert _state(root) == ("committed", "committed metrics")


def test_a_file_that_was_not_committed_does_not_stay(tmp_path: Path) -> None:
    root = _root(tmp_path)
    with local_record(root):
        (root / "data/evaluation/engagement.json").write_text("{}")
    assert not (root / "data/evaluation/engagement.json").exists()

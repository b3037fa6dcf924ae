"""Fixtures of the trainers' tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import tiny
from tests.http_files import FileServer, serve_files
from training import train
from training.schema import TrainConfig


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A web server on the loopback interface, reached without any proxy."""
    monkeypatch.setenv("no_proxy", "*")
    with serve_files() as state:
        yield state


@pytest.fixture
def configure(
    tiny_encoder: Path, tiny_processed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., TrainConfig]:
    """Makes the configuration of a tiny run whose resumable checkpoints lie in the test's own folder."""
    monkeypatch.setattr(train, "CHECKPOINTS", tmp_path / "checkpoints")

    def make(*overrides: str, output: str = "out", processed: Path | None = None) -> TrainConfig:
        return tiny.train_config(tiny_encoder, processed or tiny_processed, tmp_path / output, *overrides)

    return make

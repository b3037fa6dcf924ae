"""A server that several modules share: what it starts with takes longer than what they ask of it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.keyed import KEYS
from tests.e2e.process import Served, served


@pytest.fixture(scope="session")
def keyed(tiny_bundle: Path, tiny_embedder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A real process with keys; its live data are in `home` beside its log."""
    folder = tmp_path_factory.mktemp("keyed")
    shutil.copytree(tiny_embedder, folder / "home/models/embedder")
    home = str(folder / "home")
    with served(
        "serving.service:Hikari", folder, HIKARI_BUNDLE=str(tiny_bundle), HIKARI_HOME=home, HIKARI_API_KEYS=KEYS
    ) as running:
        yield running


@pytest.fixture(scope="session")
def client(keyed: Served) -> Iterator[httpx.Client]:
    """A client of that process, without a key."""
    with httpx.Client(base_url=keyed.url, timeout=30) as opened:
        yield opened

"""Shared fixtures: tiny real artefacts, made once a session; no test sees the network or another test's folders."""

import socket
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests import tiny, tiny_encoders
from tests.redis_process import RedisProcess

ROOT = Path(__file__).parent.parent

# How long an example takes says something of the machine, not of the code.
hypothesis.settings.register_profile("hikari", deadline=None)
hypothesis.settings.load_profile("hikari")


@pytest.fixture(autouse=True)
def _closed_world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No hub, no mirror, no keys; live data in the test's own folder; only loopback connections."""
    for name in (
        "HIKARI_BUNDLE",
        "HIKARI_API_KEYS",
        "HIKARI_ALLOWED_ORIGINS",
        "HIKARI_DATA_MIRROR",
        "HIKARI_LEARN_EMOTES",
        "HIKARI_PARENT_RUN",
        "HIKARI_REDIS_URL",
        "HIKARI_THREADS",
        "HIKARI_TOXICITY_THRESHOLDS",
        "MLFLOW_TRACKING_URI",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HIKARI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    connect = socket.socket.connect

    def local_only(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test wanted to reach {address[0]}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", local_only)


@pytest.fixture(scope="session")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with `encoder`, `processed`, `checkpoint` and `bundle`, all tiny and all made by the real code."""
    folder = tmp_path_factory.mktemp("artefacts")
    tiny.make_encoder(folder / "encoder")
    tiny.make_processed(folder / "processed")
    tiny.make_checkpoint(folder / "encoder", folder / "processed", folder / "checkpoint")
    tiny.make_bundle(folder / "checkpoint", folder / "processed", folder / "bundle")
    yield folder


@pytest.fixture(scope="session")
def tiny_encoder(artefacts: Path) -> Path:
    return artefacts / "encoder"


@pytest.fixture(scope="session")
def tiny_processed(artefacts: Path) -> Path:
    return artefacts / "processed"


@pytest.fixture(scope="session")
def tiny_checkpoint(artefacts: Path) -> Path:
    return artefacts / "checkpoint"


@pytest.fixture(scope="session")
def tiny_bundle(artefacts: Path) -> Path:
    return artefacts / "bundle"


@pytest.fixture(scope="session")
def tiny_stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of kind `stack` of three tiny classifiers with random weights, which lie in `classifiers` beside it."""
    from training import encoder, export_stack

    folder = tmp_path_factory.mktemp("stack")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoder, "CONVERTED", folder / "converted")
        export_stack.export(tiny_encoders.stack_config(tiny_encoders.make_classifiers(folder / "classifiers"), folder / "stack"))
    return folder / "stack"


@pytest.fixture(scope="session")
def tiny_embedder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of kind `embedder`; it needs no training, so it does not wait for `artefacts`."""
    folder = tmp_path_factory.mktemp("embedder")
    return tiny.make_embedder(tiny.make_encoder(folder / "encoder"), folder)


@pytest.fixture(scope="session")
def mlflow_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty MLflow database with all its tables, to be copied: MLflow takes seconds to make one."""
    from training import tracking

    folder = tmp_path_factory.mktemp("mlflow")
    tracking.open_store(folder)
    return folder / "mlflow.db"


@pytest.fixture(scope="session")
def _redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with RedisProcess(tmp_path_factory.mktemp("redis")) as process:
        yield process


@pytest.fixture
def redis_server(_redis_process: RedisProcess) -> str:
    """The URL of a real and empty Redis on a free port; one process a session."""
    _redis_process.empty()
    return _redis_process.url


@pytest.fixture(scope="session")
def shipped_bundle() -> Path:
    """The bundle that `make pipeline` built in this checkout; tests of what is shipped need it."""
    bundle = ROOT / "data" / "models" / "text"
    if not bundle.is_dir():
        pytest.fail("no bundle in data/models/text: run `make pipeline` first")
    return bundle

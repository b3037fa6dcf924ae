"""What keeps the service from starting is told in one line, and the look itself changes nothing."""

import shutil
from pathlib import Path

import click
import pytest

from hikari.analytics.store import AnalyticsStore
from hikari.memory.store import Store
from serving.preflight import check
from serving.shipped import ANALYTICS, MEMORY


@pytest.fixture
def home(tiny_bundle: Path, tiny_embedder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    shutil.copytree(tiny_embedder, folder / "models" / "embedder")
    monkeypatch.setenv("HIKARI_HOME", str(folder))
    monkeypatch.setenv("HIKARI_BUNDLE", str(tiny_bundle))
    return folder


def test_all_is_well_and_the_stores_are_free_again(home: Path) -> None:
    check()
    check()
    Store(home / MEMORY).close()
    AnalyticsStore(home / ANALYTICS).close()


def test_a_stack_is_a_classifier_as_well(home: Path, tiny_stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIKARI_BUNDLE", str(tiny_stack))
    check()


def message() -> str:
    with pytest.raises(SystemExit) as caught:
        check()
    text = str(caught.value.code)
    assert text.startswith("hikari: ")
    assert "\n" not in text
    return text


def test_a_missing_model(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIKARI_BUNDLE", str(home / "none"))
    assert "make pipeline" in message()


def test_a_damaged_embedder(home: Path) -> None:
    (home / "models" / "embedder" / "tokenizer.json").write_text("{}")
    assert "tokenizer.json" in message()


def test_a_damaged_store(home: Path) -> None:
    (home / MEMORY).mkdir()
    (home / MEMORY / "data.mdb").write_bytes(b"no database" * 1_000)
    assert "memory store" in message()


def test_a_busy_store(home: Path) -> None:
    store = Store(home / MEMORY)
    try:
        assert "open for writing elsewhere" in message()
    finally:
        store.close()


def test_damaged_analytics(home: Path) -> None:
    (home / ANALYTICS).mkdir()
    (home / ANALYTICS / "data.mdb").write_bytes(b"no database" * 1_000)
    assert "analytics" in message()


def test_busy_analytics(home: Path) -> None:
    store = AnalyticsStore(home / ANALYTICS)
    try:
        assert "another process writes to the analytics" in message()
    finally:
        store.close()


def test_a_damaged_engagement_model(home: Path) -> None:
    folder = home / "models" / "engagement"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    assert "manifest" in message()


def test_a_wrong_setting(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIKARI_THREADS", "many")
    assert "HIKARI_THREADS" in message()


def test_wrong_thresholds(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIKARI_TOXICITY_THRESHOLDS", "rude=0.5, toxic=7")
    assert "no label 'rude'" in message()
    assert "toxic must be above 0" in message()


def served_on(host: str | None) -> None:
    """Look as `bentoml serve --host` does."""
    with click.Context(click.Command("serve")) as context:
        context.params["host"] = host
        check()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", None])  # noqa: S104 - without --host it is BentoML's default
def test_others_are_not_served_without_keys(home: Path, host: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"^hikari: .*set HIKARI_API_KEYS, or pass --host 127\.0\.0\.1$"):
        served_on(host)
    monkeypatch.setenv("HIKARI_API_KEYS", "secret;name=operator")
    served_on(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_this_machine_needs_no_keys(home: Path, host: str) -> None:
    served_on(host)


def test_malformed_keys(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIKARI_API_KEYS", "good,hush;scope=read")
    assert "entry 2" in message()
    assert "hush" not in message()

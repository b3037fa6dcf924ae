"""Settings from the environment: defaults, every variable, and malformed ones named."""

from pathlib import Path

import pytest

from hikari.errors import BadInput
from hikari.settings import Settings


def test_defaults_of_an_empty_environment() -> None:
    settings = Settings.read({})
    assert settings.home == Path(".hikari")
    assert (settings.bundle, settings.data_mirror, settings.threads, settings.redis_url, settings.tracking_uri) == (None,) * 5
    assert settings.api_keys == ()


def test_every_variable_is_read() -> None:
    settings = Settings.read(
        {
            "HIKARI_HOME": "/live",
            "HIKARI_BUNDLE": "/bundle",
            "HIKARI_DATA_MIRROR": "/mirror",
            "HIKARI_API_KEYS": "one, two ,,",
            "HIKARI_REDIS_URL": "redis://localhost:2",
            "HIKARI_THREADS": "3",
            "HIKARI_TOXICITY_THRESHOLDS": "toxic=0.7",
            "MLFLOW_TRACKING_URI": "http://localhost:1",
        }
    )
    assert (settings.home, settings.bundle, settings.data_mirror) == (
        Path("/live"),
        Path("/bundle"),
        Path("/mirror"),
    )
    assert settings.api_keys == ("one", "two")
    assert settings.redis_url == "redis://localhost:2"
    assert settings.threads == 3
    assert settings.toxicity_thresholds == "toxic=0.7"
    assert settings.tracking_uri == "http://localhost:1"


def test_learning_emotes_is_on_unless_it_is_off() -> None:
    assert Settings.read({}).learn_emotes
    assert Settings.read({"HIKARI_LEARN_EMOTES": "on"}).learn_emotes
    assert not Settings.read({"HIKARI_LEARN_EMOTES": "off"}).learn_emotes
    with pytest.raises(BadInput, match="HIKARI_LEARN_EMOTES must be on or off"):
        Settings.read({"HIKARI_LEARN_EMOTES": "0"})


def test_empty_variables_count_as_unset() -> None:
    names = (
        "HIKARI_HOME",
        "HIKARI_BUNDLE",
        "HIKARI_DATA_MIRROR",
        "HIKARI_API_KEYS",
        "HIKARI_REDIS_URL",
        "HIKARI_THREADS",
        "HIKARI_TOXICITY_THRESHOLDS",
        "MLFLOW_TRACKING_URI",
    )
    assert Settings.read(dict.fromkeys(names, "")) == Settings.read({})


def test_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somebody")
    assert Settings.read({"HIKARI_HOME": "~/live"}).home == Path("/somebody/live")


@pytest.mark.parametrize("threads", ["0", "-1", "many", "1.5", " 2"])
def test_malformed_thread_counts_are_named(threads: str) -> None:
    with pytest.raises(BadInput, match="HIKARI_THREADS must be a whole number from 1 to 1024"):
        Settings.read({"HIKARI_THREADS": threads})


@pytest.mark.parametrize(("name", "value"), [("HIKARI_API_KEYS", "hush"), ("HIKARI_REDIS_URL", "redis://:hush@localhost")])
def test_secrets_stay_out_of_repr(name: str, value: str) -> None:
    assert "hush" not in repr(Settings.read({name: value}))


def test_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIKARI_THREADS", "7")
    assert Settings.read().threads == 7


def test_origins_are_origins() -> None:
    given = "https://Overlay.example, http://[::1]:8080 ,http://localhost:4000/"
    assert Settings.read({"HIKARI_ALLOWED_ORIGINS": given}).allowed_origins == (
        "https://overlay.example",
        "http://[::1]:8080",
        "http://localhost:4000",
    )
    for wrong in ("*", "null", "overlay.example", "https://a.example/page", "https://*.example", "https://", "file:///x"):
        with pytest.raises(BadInput, match="HIKARI_ALLOWED_ORIGINS"):
            Settings.read({"HIKARI_ALLOWED_ORIGINS": wrong})

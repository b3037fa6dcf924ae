"""What `training` registers, `serving` loads by alias: once, verified, and from its own disk when the registry is away."""

import asyncio
import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient

from hikari.bundle import open_bundle
from hikari.errors import BadBundle, BadInput, NotReady
from hikari.settings import Settings
from hikari.stream.cache import ContentCache
from serving import loading, preflight, shipped
from serving.loading import KEPT, Reference, registered
from tests.training.registered import variant
from training.registry import Registry, Version, identity
from training.schema import TrackingConfig

NAME = "hikari-text"
CHAMPION = f"models:/{NAME}@champion"


@pytest.fixture
def registry(mlflow_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A real store, with nothing in it; `MLFLOW_TRACKING_URI` names it and `HIKARI_BUNDLE` its champion."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlruns").mkdir()
    shutil.copyfile(mlflow_database, tmp_path / "mlruns" / "mlflow.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlruns' / 'mlflow.db'}")
    monkeypatch.setenv("HIKARI_BUNDLE", CHAMPION)
    return Registry(TrackingConfig("local", "text"), NAME)


@pytest.fixture
def release(registry: Registry, tiny_bundle: Path, tmp_path: Path) -> Callable[[str], Version]:
    """Register a variant of the tiny bundle and make it champion."""

    def release(number: str) -> Version:
        bundle = open_bundle(variant(tiny_bundle, tmp_path / "made" / number, number))
        (tmp_path / "metrics.json").write_text("{}")
        version = registry.add(bundle, tmp_path / "metrics.json", identity(bundle), {})
        registry.crown(version)
        return version

    return release


def served() -> str:
    """The version of the bundle that the settings name."""
    path = registered(Settings.read())
    assert path is not None
    return open_bundle(path).version


def away(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the server refuses connections."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:s3cret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")


def files_of(version: Version, tmp_path: Path) -> Path:
    return tmp_path / "mlruns" / "artifacts" / "text" / version.run_id / "artifacts" / "bundle"


def kept(tmp_path: Path) -> set[str]:
    return {path.name for path in (tmp_path / "home" / "registry" / NAME).iterdir() if path.is_dir()}


def test_a_folder_and_nothing_need_no_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert registered(Settings.read()) is None
    monkeypatch.setenv("HIKARI_BUNDLE", str(tmp_path / "models" / "text"))
    assert registered(Settings.read()) is None
    assert not (tmp_path / "home").exists()


def test_the_champion_is_downloaded_and_opened(release: Callable[[str], Version], tmp_path: Path) -> None:
    release("1.0.0")
    path = registered(Settings.read())
    assert path == tmp_path / "home" / "registry" / NAME / "1"
    assert open_bundle(path).fingerprint == open_bundle(tmp_path / "made" / "1.0.0").fingerprint
    assert {file.name for file in path.iterdir()} == {file.name for file in (tmp_path / "made" / "1.0.0").iterdir()}


def test_the_analyser_answers_with_the_champion(release: Callable[[str], Version]) -> None:
    release("1.0.0")
    release("2.0.0")

    async def ask() -> str:
        analyzer = shipped.analyzer(ContentCache())
        try:
            return (await analyzer.analyze_message("i love this", "mika"))["model"]["version"]
        finally:
            await analyzer.close()

    assert asyncio.run(ask()) == "2.0.0"


def test_the_alias_is_asked_at_every_start(release: Callable[[str], Version], registry: Registry) -> None:
    release("1.0.0")
    assert served() == "1.0.0"
    release("2.0.0")
    assert served() == "2.0.0"
    registry.rollback()
    assert served() == "1.0.0"


def test_what_is_here_is_not_downloaded_again(
    release: Callable[[str], Version], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = release("1.0.0")
    served()
    shutil.rmtree(files_of(version, tmp_path))
    assert served() == "1.0.0"
    monkeypatch.setenv("HIKARI_BUNDLE", f"models:/{NAME}/1")
    away(monkeypatch)
    assert served() == "1.0.0", "a version by number asks nobody once it is here"


def test_a_dead_server_leaves_the_last_download(
    release: Callable[[str], Version], registry: Registry, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    release("1.0.0")
    release("2.0.0")
    served()
    registry.rollback()
    assert served() == "1.0.0"
    away(monkeypatch)
    with caplog.at_level(logging.WARNING, "hikari.loading"):
        assert served() == "1.0.0", "what the alias named last, not the highest version"
    (record,) = [record for record in caplog.records if record.name == "hikari.loading"]
    assert record.levelno == logging.WARNING
    assert "stays version 1" in record.getMessage()
    assert "s3cret" not in caplog.text


def test_a_dead_server_without_a_download_is_not_ready(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    away(monkeypatch)
    with pytest.raises(NotReady, match="no earlier download is here") as caught:
        registered(Settings.read())
    assert "s3cret" not in caught.value.message
    assert CHAMPION in caught.value.message


def test_a_server_that_goes_during_the_download_leaves_the_last_one(
    release: Callable[[str], Version], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    release("1.0.0")
    served()
    shutil.rmtree(files_of(release("2.0.0"), tmp_path))
    with caplog.at_level(logging.WARNING, "hikari.loading"):
        assert served() == "1.0.0"
    assert "out of reach" in caplog.text
    assert kept(tmp_path) == {"1"}


@pytest.mark.parametrize("what", ["a file", "the manifest", "a file more", "a file less"])
def test_a_registered_folder_that_was_tampered_with_is_refused(
    release: Callable[[str], Version], tmp_path: Path, what: str
) -> None:
    release("1.0.0")
    served()
    folder = files_of(release("2.0.0"), tmp_path)
    if what == "a file":
        (folder / "model.onnx").write_bytes((folder / "model.onnx").read_bytes()[:-1] + b"!")
    elif what == "the manifest":  # the bundle alone cannot know
        (folder / "manifest.json").write_text(
            (folder / "manifest.json").read_text().replace('"max_tokens": 32', '"max_tokens": 16')
        )
        open_bundle(folder)
    elif what == "a file more":
        (folder / "more.py").write_text("")
    else:
        (folder / "labels.json").unlink()
    with pytest.raises(BadBundle, match="version 2 was not downloaded as it was registered"):
        registered(Settings.read())
    assert kept(tmp_path) == {"1"}


def test_a_download_that_was_tampered_with_comes_anew_or_is_refused(
    release: Callable[[str], Version], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release("1.0.0")
    path = registered(Settings.read())
    assert path is not None
    good = (path / "calibration.json").read_bytes()
    (path / "calibration.json").write_bytes(good.replace(b"0.5", b"0.9"))
    assert served() == "1.0.0"
    assert (path / "calibration.json").read_bytes() == good
    (path / "manifest.json").write_text((path / "manifest.json").read_text().replace('"max_tokens": 32', '"max_tokens": 16'))
    away(monkeypatch)
    with pytest.raises(BadBundle, match="not the one that was registered"):
        registered(Settings.read())


def test_a_version_without_hashes_is_refused(registry: Registry, tiny_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text("{}")
    registry.crown(registry.add(open_bundle(tiny_bundle), tmp_path / "metrics.json", {}, {}))
    with pytest.raises(BadBundle, match="no hashes to verify it by"):
        registered(Settings.read())


@pytest.mark.parametrize("name", [CHAMPION, f"models:/{NAME}/7", "models:/other@champion", f"models:/{NAME}@other"])
def test_what_the_registry_does_not_have(
    release: Callable[[str], Version], monkeypatch: pytest.MonkeyPatch, name: str, tmp_path: Path
) -> None:
    release("1.0.0")
    served()
    MlflowClient(f"sqlite:///{tmp_path / 'mlruns' / 'mlflow.db'}").delete_registered_model_alias(NAME, "champion")
    monkeypatch.setenv("HIKARI_BUNDLE", name)
    with pytest.raises(NotReady, match=f"the registry has no {name};"):
        registered(Settings.read())


def test_without_an_address_the_store_of_the_working_directory_is_asked(
    release: Callable[[str], Version], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    release("1.0.0")
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert served() == "1.0.0"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("HIKARI_HOME", str(tmp_path / "new home"))
    with pytest.raises(NotReady, match="MLFLOW_TRACKING_URI is not set, and no earlier download"):
        registered(Settings.read())
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'none.db'}")
    with pytest.raises(NotReady, match="names a database that is not there"):
        registered(Settings.read())
    assert not (tmp_path / "none.db").exists(), "an empty registry would be made"
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["models:/", "models:/x", "models:/x/champion", "models:/x@", "models:/../x@a", "models:/x@a/b", "models:/x/0", "models:x@a"],
)
def test_a_malformed_name_says_what_is_allowed(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HIKARI_BUNDLE", name)
    with pytest.raises(BadInput, match="models:/<name>@<alias>") as caught:
        registered(Settings.read())
    assert caught.value.field == "HIKARI_BUNDLE"
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("text", [CHAMPION, "models:/a.b-c_d/12"])
def test_a_reference_is_written_as_it_was_read(text: str) -> None:
    assert str(Reference.parse(text)) == text


def test_old_downloads_go(release: Callable[[str], Version], tmp_path: Path) -> None:
    for number in range(1, KEPT + 3):
        release(f"{number}.0.0")
        served()
    assert kept(tmp_path) == {"3", "4", "5"}
    known = json.loads((tmp_path / "home" / "registry" / NAME / "known.json").read_text())
    assert list(known["versions"]) == ["3", "4", "5"]
    assert known["aliases"] == {"champion": "5"}


def test_a_lost_record_is_made_anew(release: Callable[[str], Version], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release("1.0.0")
    served()
    (tmp_path / "home" / "registry" / NAME / "known.json").write_text('{"versions": [')
    assert served() == "1.0.0"
    away(monkeypatch)
    assert served() == "1.0.0"


def test_the_start_tells_what_is_wrong_in_one_line(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, tiny_embedder: Path, tmp_path: Path, release: Callable[[str], Version]
) -> None:
    shutil.copytree(tiny_embedder, tmp_path / "home" / "models" / "embedder")
    with pytest.raises(SystemExit, match=f"^hikari: the registry has no {CHAMPION};"):
        preflight.check()
    release("1.0.0")
    preflight.check()
    away(monkeypatch)
    preflight.check()


def test_a_database_needs_more_than_the_extra_serve_brings(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "find_spec", lambda _: None)  # as where only mlflow-skinny is installed
    with pytest.raises(NotReady, match="reaches servers only, and MLFLOW_TRACKING_URI names none, and no earlier download"):
        registered(Settings.read())

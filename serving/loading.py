"""Where the text model comes from when `HIKARI_BUNDLE` names one in MLflow's registry: `models:/hikari-text@champion`.

The version behind the alias is downloaded once into `HIKARI_HOME/registry/<name>/<version>/`, verified against the hashes that
`training.register` left at the version, and opened from there like any bundle. When the registry is out of reach, the version that the
alias named last is served. This is the only file of `serving` that imports MLflow (`mlflow-skinny` is enough for a server), and only when
a model is named this way.
"""

import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from hikari import atomic, fingerprint
from hikari.bundle import MANIFEST, open_bundle
from hikari.errors import BadBundle, BadInput, NotReady
from hikari.settings import Settings

SCHEME = "models:/"
FOLDER = "registry"
IDENTITY = ("fingerprint", "manifest.sha256")
"""Tags of a version: the hash over the bundle's files, and the hash of the manifest that lists them."""
KEPT = 3
"""So many versions stay on disk (200 MB each): a rollback then needs no download."""
LOCK_TIMEOUT_S = 900
QUICK = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
}
"""What MLflow reads from the environment, unless somebody has set it: by itself it tries a server that is away for minutes."""
LOCAL_STORE = Path("mlruns") / "mlflow.db"
"""Where `training` keeps its store when no server is named."""
_REFERENCE = re.compile(
    r"models:/(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,99})(?:@(?P<alias>[A-Za-z][\w-]{0,99})|/(?P<version>[1-9]\d{0,8}))", re.ASCII
)
_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""What MLflow answers when there is no such model or version, and when there is no such alias."""
_log = logging.getLogger("hikari.loading")


class Away(Exception):
    """The registry cannot be asked now; the message says why, in words that hold no address and no password."""


@dataclass(frozen=True)
class Reference:
    """A registered model by alias or by version."""

    name: str
    alias: str | None
    version: str | None

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Raises `BadInput` that says what is allowed."""
        found = _REFERENCE.fullmatch(text)
        if found is None:
            raise BadInput(
                f"HIKARI_BUNDLE must be a folder, models:/<name>@<alias> or models:/<name>/<version>, got {text!r}",
                field="HIKARI_BUNDLE",
            )
        return cls(**found.groupdict())

    def __str__(self) -> str:
        return f"{SCHEME}{self.name}" + (f"@{self.alias}" if self.alias else f"/{self.version}")


@dataclass(frozen=True)
class Release:
    """A version as the registry describes it."""

    version: str
    identity: Mapping[str, str]


class Shelf:
    """The downloaded versions of one model. `known.json` says what each must be and which version every alias named last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "known.json"
        try:
            known = json.loads(self._file.read_text(encoding="utf-8"))
            self._versions: dict[str, dict[str, str]] = {str(key): dict(value) for key, value in known["versions"].items()}
            self._aliases: dict[str, str] = {str(key): str(value) for key, value in known["aliases"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._versions, self._aliases = {}, {}  # nothing is known, so nothing is trusted: it comes anew

    def path(self, version: str) -> Path:
        """Where a version lies, or will."""
        return self._folder / version

    def last(self, reference: Reference) -> Release | None:
        """What the reference named when it was served last."""
        version = reference.version or self._aliases.get(reference.alias or "")
        return Release(version, self._versions[version]) if version in self._versions else None

    def holds(self, release: Release) -> bool:
        """Whether exactly this release is here, whole."""
        try:
            verify(self.path(release.version), release)
        except (BadBundle, NotReady):
            return False
        return True

    def put(self, release: Release, downloaded: Path) -> None:
        """Take in a downloaded folder that was verified; it takes the place of what was there."""
        with atomic.new_folder(self.path(release.version)) as folder:
            for file in downloaded.iterdir():
                file.rename(folder / file.name)

    def note(self, reference: Reference, release: Release) -> None:
        """Remember that this is what the reference named, and let the versions go that were not asked for longest."""
        self._versions.pop(release.version, None)
        self._versions[release.version] = dict(release.identity)
        if reference.alias is not None:
            self._aliases[reference.alias] = release.version
        for version in list(self._versions)[:-KEPT]:
            del self._versions[version]
            shutil.rmtree(self.path(version), ignore_errors=True)
        atomic.write_file(
            self._file, (json.dumps({"versions": self._versions, "aliases": self._aliases}, indent=2) + "\n").encode()
        )


def registered(settings: Settings) -> Path | None:
    """The verified folder of the model that `HIKARI_BUNDLE` names in the registry; None when it names a folder or nothing.

    Raises `BadInput` for a malformed name, `NotReady` when there is no such model or neither the registry nor an earlier download is at
    hand, `BadBundle` when what was downloaded is not what was registered.
    """
    text = str(settings.bundle or "")
    if not text.startswith(SCHEME.rstrip("/")):
        return None
    reference = Reference.parse(text)
    folder = settings.home / FOLDER / reference.name
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock", timeout=LOCK_TIMEOUT_S):
            return _resolve(reference, Shelf(folder), settings)
    except Timeout:
        raise NotReady(f"another process has been downloading {reference} for {LOCK_TIMEOUT_S} s") from None


def _resolve(reference: Reference, shelf: Shelf, settings: Settings) -> Path:
    last = shelf.last(reference)
    if reference.version is not None and last is not None and shelf.holds(last):
        return shelf.path(last.version)  # a version never changes: nobody has to be asked
    try:
        client = _client(settings)
        release, source = _ask(client, reference)
        if not shelf.holds(release):
            _download(client, release, source, shelf)
    except Away as away:
        if last is None:
            raise NotReady(f"{reference} cannot be had: {away}, and no earlier download is here") from None
        verify(shelf.path(last.version), last)
        _log.warning("the registry is out of reach (%s): %s stays version %s, downloaded earlier", away, reference, last.version)
        return shelf.path(last.version)
    shelf.note(reference, release)
    _log.info("%s is version %s, fingerprint %s", reference, release.version, release.identity["fingerprint"][:12])
    return shelf.path(release.version)


def verify(path: Path, release: Release) -> None:
    """Raises `BadBundle` or `NotReady` unless this folder is, byte for byte, the bundle that was registered."""
    bundle = open_bundle(path)
    if {"fingerprint": bundle.fingerprint, "manifest.sha256": fingerprint.of_file(path / MANIFEST)} != dict(release.identity):
        raise BadBundle(f"the bundle at {path} is not the one that was registered as version {release.version}")


def _client(settings: Settings) -> Any:
    for name, value in QUICK.items():
        os.environ.setdefault(name, value)
    try:
        from mlflow import MlflowClient
    except ImportError as error:
        raise NotReady("a registered model needs mlflow-skinny; install the extra `serve`") from error

    for noisy in ("mlflow", "alembic"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    try:
        return MlflowClient(_store(settings))
    except Away:
        raise
    except Exception as error:  # noqa: BLE001 - stores fail in many ways, and none of their messages is ours to repeat
        raise Away(_why(error)) from None


def _store(settings: Settings) -> str:
    """Where the registry is. A database that is not there is not made: it would be empty."""
    uri = settings.tracking_uri or f"sqlite:///{LOCAL_STORE.resolve()}"
    if uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).is_file():
        named = (
            "MLFLOW_TRACKING_URI names a database that is not there"
            if settings.tracking_uri
            else "MLFLOW_TRACKING_URI is not set"
        )
        raise Away(named)
    if not uri.startswith(("http:", "https:")) and find_spec("sqlalchemy") is None:
        raise Away("mlflow-skinny, as the extra `serve` brings it, reaches servers only, and MLFLOW_TRACKING_URI names none")
    return uri


def _ask(client: Any, reference: Reference) -> tuple[Release, str]:
    """What the reference names now, and where its files are."""
    try:
        if reference.alias is not None:
            found = client.get_model_version_by_alias(reference.name, reference.alias)
        else:
            found = client.get_model_version(reference.name, reference.version)
        source = str(client.get_model_version_download_uri(reference.name, str(found.version)))
    except Exception as error:  # noqa: BLE001 - as above
        if getattr(error, "error_code", None) in _ABSENT:
            raise NotReady(
                f"the registry has no {reference}; `python -m training.register action=show` lists what there is"
            ) from None
        raise Away(_why(error)) from None
    version, tags = str(found.version), dict(found.tags)
    if not version.isdecimal() or not all(tags.get(name) for name in IDENTITY):
        raise BadBundle(
            f"version {version} of {reference.name} has no hashes to verify it by; `python -m training.register` sets them"
        )
    return Release(version, {name: tags[name] for name in IDENTITY}), source


def _download(client: Any, release: Release, source: str, shelf: Shelf) -> None:
    from mlflow.artifacts import download_artifacts

    # Beside its place, so that it moves there without being copied; a crash leaves a hidden folder, which the next download removes.
    beside = shelf.path(release.version).parent
    for stray in beside.glob(".download.*"):
        shutil.rmtree(stray, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=beside, prefix=".download.") as folder:
        try:
            path = Path(download_artifacts(artifact_uri=source, dst_path=folder, tracking_uri=client.tracking_uri))
        except Exception as error:  # noqa: BLE001 - as above
            raise Away(_why(error)) from None
        try:
            verify(path, release)
        except (BadBundle, NotReady) as error:
            raise BadBundle(f"version {release.version} was not downloaded as it was registered: {error.message}") from None
        shelf.put(release, path)


def _why(error: Exception) -> str:
    code = getattr(error, "error_code", None)
    return f"MLflow answered {code}" if code not in (None, "INTERNAL_ERROR") else f"{type(error).__name__}"

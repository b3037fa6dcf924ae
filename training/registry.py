"""The versions of one model in MLflow's registry, and which of them is served.

A version is a bundle's folder as it is (`runs:/<id>/bundle`, nothing wrapped or pickled), its tags say what it is and how the gate found
it. The alias `challenger` is the newest version, `champion` the one that is served. The champions so far stand in a tag of the model,
`champion.history`, the last one last. Alias and history cannot change at once, so they change in an order that a crash may cut in two:
the history's last is then still the champion or the one before it, and a rollback goes where it would have gone.
"""

import json
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from hikari import fingerprint
from hikari.bundle import MANIFEST, Bundle, open_bundle
from hikari.errors import BadBundle, HikariError, NotReady
from training import tracking
from training.schema import TrackingConfig

CHAMPION, CHALLENGER = "champion", "challenger"
HISTORY = "champion.history"
REMEMBERED = 200
"""So many champions stay in the history; a tag holds 5,000 characters."""
LOCK_TIMEOUT_S = 900
"""The gate of another registration may take minutes on a busy machine."""
BUNDLE, METRICS = "bundle", "metrics.json"
_ABSENT, _THERE = "RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS"


class RegistryError(RuntimeError):
    """The registry cannot do what was asked. `code` is MLflow's, when it comes from there."""

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Version:
    """One registered bundle."""

    number: int
    run_id: str
    tags: Mapping[str, str]

    @property
    def fingerprint(self) -> str:
        """The bundle's; empty when somebody registered something else."""
        return self.tags.get("fingerprint", "")


class Registry:
    """One registered model. Whoever changes something holds the `lock`."""

    def __init__(self, config: TrackingConfig, name: str) -> None:
        """Raises `RegistryError` when the store cannot be opened."""
        self.name = name
        self._config = config
        try:
            self._client: Any = tracking.open_client(config)
        except Exception as error:
            raise RegistryError(f"the {config.kind} MLflow store cannot be opened: {_first_line(error)}") from error

    @contextmanager
    def lock(self) -> Generator[None]:
        """One at a time on this machine: what is decided about the champion must still hold when it moves."""
        tracking.STORE.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(tracking.STORE / f".register.{self.name}.lock", timeout=LOCK_TIMEOUT_S):
                yield
        except Timeout:
            raise RegistryError(f"another registration of {self.name} has been running for {LOCK_TIMEOUT_S} s") from None

    def versions(self) -> list[Version]:
        """All of them, the oldest first; none when there is no such model."""
        found: list[Version] = []
        token = None
        while True:
            page = self._ask("search_model_versions", f"name='{self.name}'", max_results=1000, page_token=token)
            found += [_version(row) for row in page]
            token = page.token
            if not token:
                return sorted(found, key=lambda version: version.number)

    def version(self, number: int) -> Version:
        """One of them. Raises `RegistryError` that lists those there are."""
        known = {version.number: version for version in self.versions()}
        if number not in known:
            raise RegistryError(f"{self.name} has no version {number}; it has {_listed(known)}")
        return known[number]

    def aliases(self) -> dict[str, int]:
        """Alias -> version number."""
        model = self._model()
        return {} if model is None else {alias: int(number) for alias, number in model.aliases.items()}

    def champion(self) -> Version | None:
        """The one that is served; None when there is none."""
        number = self.aliases().get(CHAMPION)
        return None if number is None else self.version(number)

    def history(self) -> list[int]:
        """The champions so far, the last one last."""
        model = self._model()
        text = "" if model is None else model.tags.get(HISTORY, "")
        return [int(part) for part in text.split(",") if part.strip().isdecimal()]

    def add(self, bundle: Bundle, metrics: Path, tags: Mapping[str, str], about: Mapping[str, str]) -> Version:
        """Register a bundle and the metrics that speak for it: a run that holds both, then the version, tags and all, at once.

        `about` are tags of the run. Raises `RegistryError`; a version is there whole or not at all.
        """
        try:
            self._ask("create_registered_model", self.name, description="Hikari's text model; `python -m training.register`")
        except RegistryError as error:
            if error.code != _THERE:
                raise
        experiment = tracking.experiment_id(self._client, self._config)
        run_id = self._ask(
            "create_run", experiment, run_name=f"register-{bundle.name}-{bundle.version}", tags=dict(about)
        ).info.run_id
        try:
            self._ask("log_artifacts", run_id, str(bundle.path), BUNDLE)
            self._ask("log_text", run_id, metrics.read_text(), METRICS)
        except RegistryError:
            self._ask("set_terminated", run_id, "FAILED")
            raise
        self._ask("set_terminated", run_id, "FINISHED")
        short = {key: value[:5000] for key, value in tags.items()}
        made = self._ask("create_model_version", self.name, f"runs:/{run_id}/{BUNDLE}", run_id=run_id, tags=short)
        self._ask("set_registered_model_alias", self.name, CHALLENGER, str(made.version))
        return self.version(int(made.version))

    def tag(self, version: Version, tags: Mapping[str, str]) -> None:
        """Set tags of a version."""
        for key, value in tags.items():
            self._ask("set_model_version_tag", self.name, str(version.number), key, value[:5000])

    @contextmanager
    def fetched(self, version: Version) -> Generator[tuple[Bundle, dict[str, Any]]]:
        """The version's bundle, verified against its tags, and its metrics, while the block lasts. Raises `NotReady`, `BadBundle`."""
        with tempfile.TemporaryDirectory(prefix="hikari-version-") as folder:
            try:
                path = Path(self._ask("download_artifacts", version.run_id, BUNDLE, folder))
                metrics = json.loads(Path(self._ask("download_artifacts", version.run_id, METRICS, folder)).read_text())
            except (RegistryError, ValueError) as error:
                raise NotReady(f"version {version.number} of {self.name} cannot be downloaded: {error}") from error
            bundle = open_bundle(path)
            if identity(bundle).items() - version.tags.items():
                raise BadBundle(f"version {version.number} of {self.name} is not the bundle that was registered")
            yield bundle, metrics

    def crown(self, version: Version) -> None:
        """Make a version the champion."""
        before, history = self.aliases().get(CHAMPION), self.history()
        if before is not None and (not history or history[-1] != before):
            history.append(before)  # somebody moved the alias by hand
        self._ask("set_registered_model_alias", self.name, CHAMPION, str(version.number))
        if not history or history[-1] != version.number:
            history.append(version.number)
        self._remember(history)

    def rollback(self) -> tuple[Version | None, Version]:
        """Make the champion before this one champion again: (who was, who is). Raises `RegistryError` when there was none."""
        current, known = self.champion(), {version.number: version for version in self.versions()}
        history = self.history()
        while history and (history[-1] not in known or (current is not None and history[-1] == current.number)):
            history.pop()
        if not history:
            raise RegistryError(f"{self.name} has no earlier champion to go back to")
        self._remember(history)
        self._ask("set_registered_model_alias", self.name, CHAMPION, str(history[-1]))
        return current, known[history[-1]]

    def _remember(self, history: list[int]) -> None:
        self._ask("set_registered_model_tag", self.name, HISTORY, ",".join(map(str, history[-REMEMBERED:])))

    def _model(self) -> Any:
        try:
            return self._ask("get_registered_model", self.name)
        except RegistryError as error:
            if error.code != _ABSENT:
                raise
            return None

    def _ask(self, method: str, *arguments: Any, **named: Any) -> Any:
        """One call of MLflow's client, which raises this and that."""
        try:
            return getattr(self._client, method)(*arguments, **named)
        except Exception as error:
            raise RegistryError(f"MLflow cannot {method}: {_first_line(error)}", getattr(error, "error_code", None)) from error


def identity(bundle: Bundle) -> dict[str, str]:
    """Tags by which a downloaded bundle is recognised: of all its files, and of the manifest that lists them."""
    return {"fingerprint": bundle.fingerprint, "manifest.sha256": fingerprint.of_file(bundle.path / MANIFEST)}


def _version(row: Any) -> Version:
    return Version(int(row.version), str(row.run_id), dict(row.tags))


def _listed(numbers: Mapping[int, Version]) -> str:
    return ", ".join(map(str, numbers)) or "none yet"


def _first_line(error: Exception) -> str:
    message = error.message if isinstance(error, HikariError) else str(error)
    return f"{type(error).__name__}: {message.splitlines()[0] if message else 'no message'}"

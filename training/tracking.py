"""Runs in MLflow, which only this file and `registry.py` import. A run that cannot be tracked still runs: every failure of one
becomes one warning.

The local store is `mlruns/mlflow.db` (SQLite) with artefacts in `mlruns/artifacts`. Its first use is guarded by a file lock,
because two processes that migrate a fresh database at once leave it broken for good.
"""

import logging
import time
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from hikari.settings import Settings
from training.schema import TrackingConfig

STORE = Path("mlruns")
LOCK_TIMEOUT_S = 120
PARENT = "mlflow.parentRunId"
"""The tag by which MLflow shows a run below another."""
_log = logging.getLogger("hikari.tracking")
P = ParamSpec("P")
R = TypeVar("R")


def _survives(default: R) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Turn any failure of the tracking store into a warning and `default`."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - tracking must never end a run, whatever went wrong
                _log.warning("tracking failed in %s (%s); the run goes on", function.__name__, type(error).__name__)
                return default

        return guarded

    return decorate


class Run:
    """One tracked run; every method is safe to call when tracking is off or broken."""

    def __init__(self, client: Any = None, run_id: str | None = None) -> None:
        self._client = client
        self.run_id = run_id
        self._started = time.monotonic()

    @_survives(None)
    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Log figures at a step."""
        if self._client is not None:
            from mlflow.entities import Metric

            now = int(time.time() * 1000)
            self._client.log_batch(self.run_id, metrics=[Metric(_name(k), float(v), now, step) for k, v in values.items()])

    @_survives(None)
    def tags(self, values: Mapping[str, str]) -> None:
        """Set tags."""
        if self._client is not None:
            for key, value in values.items():
                self._client.set_tag(self.run_id, key, value[:5000])

    @_survives(None)
    def parameters(self, values: Mapping[str, Any]) -> None:
        """Log the configuration: flat parameters for the table, the whole of it as `config.json`."""
        if self._client is not None:
            from mlflow.entities import Param

            flat = flatten(values)
            self._client.log_batch(self.run_id, params=[Param(_name(k), str(v)[:6000]) for k, v in flat.items()])
            self._client.log_dict(self.run_id, dict(values), "config.json")

    @_survives(None)
    def file(self, path: Path, folder: str | None = None) -> None:
        """Keep a file, or a folder of files, with the run."""
        if self._client is not None:
            log = self._client.log_artifacts if path.is_dir() else self._client.log_artifact
            log(self.run_id, str(path), folder)

    @_survives(None)
    def text(self, content: str, name: str) -> None:
        """Keep a text with the run."""
        if self._client is not None:
            self._client.log_text(self.run_id, content, name)

    @_survives(None)
    def again(self) -> None:
        """Open a run that had ended."""
        if self._client is not None:
            self._client.update_run(self.run_id, status="RUNNING")

    @_survives(None)
    def close_children(self) -> None:
        """End the runs below this one that still count as running though their process is gone: they FAILED."""
        if self._client is not None:
            experiment = self._client.get_run(self.run_id).info.experiment_id
            open_runs = f"tags.`{PARENT}` = '{self.run_id}' and attributes.status = 'RUNNING'"
            for run in self._client.search_runs([experiment], open_runs, max_results=1000):
                self._client.set_terminated(run.info.run_id, "FAILED")

    @_survives(None)
    def end(self, status: str = "FINISHED") -> None:
        """Close the run: FINISHED, FAILED or KILLED."""
        if self._client is not None:
            self._client.set_tag(self.run_id, "wall_s", f"{time.monotonic() - self._started:.1f}")
            self._client.set_terminated(self.run_id, status)


def start(config: TrackingConfig, name: str, tags: Mapping[str, str] | None = None) -> Run:
    """A new run, or an inert one when tracking is off or broken; a child where the environment names a parent run."""
    return Run() if config.kind == "off" else _start(config, name, dict(tags or {}))


def resume(config: TrackingConfig, key: str, value: str) -> Run:
    """The newest run whose tag `key` has this value (such as the one that trained these weights), else an inert one."""
    return Run() if config.kind == "off" else _find(config, key, value)


@_survives(Run())
def _start(config: TrackingConfig, name: str, tags: dict[str, str]) -> Run:
    client = open_client(config)
    parent = Settings.read().parent_run
    tags = tags if parent is None else {PARENT: parent, **tags}
    run = client.create_run(experiment_id(client, config), run_name=name, tags=tags)
    return Run(client, run.info.run_id)


@_survives(Run())
def _find(config: TrackingConfig, key: str, value: str) -> Run:
    client = open_client(config)
    found = client.search_runs(
        [experiment_id(client, config)],
        f"tags.`{key}` = '{value}'",
        max_results=1,
        order_by=["attributes.start_time DESC"],
    )
    return Run(client, found[0].info.run_id) if found else Run()


def open_client(config: TrackingConfig) -> Any:
    """MLflow's client on the configured store, the local one made when it is not there.

    Raises `ValueError` when no server is named, and what MLflow raises.
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    from mlflow import MlflowClient

    if config.kind == "server":
        uri = Settings.read().tracking_uri
        if uri is None:
            raise ValueError("tracking=server needs MLFLOW_TRACKING_URI")
        return MlflowClient(uri)
    return MlflowClient(open_store())


def open_store(folder: Path | None = None) -> str:
    """The URI of the local store, its database created and migrated under a lock so that many processes may start at once."""
    from filelock import FileLock

    folder = folder or STORE
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "artifacts").mkdir(exist_ok=True)
    uri = f"sqlite:///{(folder / 'mlflow.db').resolve()}"
    with FileLock(folder / ".lock", timeout=LOCK_TIMEOUT_S):
        from mlflow import MlflowClient

        MlflowClient(uri).search_experiments(max_results=1)
    return uri


def experiment_id(client: Any, config: TrackingConfig) -> str:
    """The id of the configured experiment, made when it is not there."""
    found = client.get_experiment_by_name(config.experiment)
    if found is not None:
        return str(found.experiment_id)
    location = None if config.kind == "server" else (STORE / "artifacts" / config.experiment).resolve().as_uri()
    try:
        return str(client.create_experiment(config.experiment, artifact_location=location))
    except Exception:
        found = client.get_experiment_by_name(config.experiment)  # another process was faster
        if found is None:
            raise
        return str(found.experiment_id)


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings and lists as dotted names.

    >>> flatten({"a": {"b": 1}, "c": [2]})
    {'a.b': 1, 'c.0': 2}
    """
    out: dict[str, Any] = {}
    for key, value in values.items():
        nested = {str(number): item for number, item in enumerate(value)} if isinstance(value, list | tuple) else value
        out.update(flatten(nested, f"{prefix}{key}.") if isinstance(nested, Mapping) else {f"{prefix}{key}": nested})
    return out


def _name(name: str) -> str:
    return "".join(character if character.isalnum() or character in "_/. -" else "_" for character in name)

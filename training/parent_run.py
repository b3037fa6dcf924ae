"""Runs that belong to another run: the trials of a sweep, the points of a grid. Children learn of their parent from the environment.

This file hands the environment on and sets `HIKARI_PARENT_RUN` in it; it is read in `hikari/settings.py`.
"""

import atexit
import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

_VARIABLE = "HIKARI_PARENT_RUN"


def environment(parent: str | None, device: int | None = None) -> dict[str, str]:
    """The environment of a child process: below `parent`, and with the `device`-th of the visible GPUs as its only one."""
    values = {**os.environ, "TOKENIZERS_PARALLELISM": "false"}
    values.pop(_VARIABLE, None)
    if parent is not None:
        values[_VARIABLE] = parent
    if device is not None:
        visible = [part for part in values.get("CUDA_VISIBLE_DEVICES", "").split(",") if part]
        values["CUDA_VISIBLE_DEVICES"] = visible[device % len(visible)] if visible else str(device)
    return values


@contextmanager
def below(parent: str | None) -> Generator[None]:
    """Runs started inside this block, in this process, belong to `parent`."""
    before = os.environ.pop(_VARIABLE, None)
    if parent is not None:
        os.environ[_VARIABLE] = parent
    try:
        yield
    finally:
        os.environ.pop(_VARIABLE, None)
        if before is not None:
            os.environ[_VARIABLE] = before


class Grid(Callback):
    """One parent run for a Hydra multirun (`-m`) of an entry point that tracks; no part of a single run."""

    def __init__(self) -> None:
        self._run: Any = None
        self._context: Any = None
        self._failed = 0

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Open the parent."""
        from training import tracking
        from training.schema import TrackingConfig, to_config

        chosen = OmegaConf.select(config, "tracking")
        if chosen is None:
            return
        self._run = tracking.start(to_config(chosen, TrackingConfig), "grid")
        told = OmegaConf.to_container(config.hydra.overrides.task, resolve=False)
        self._run.tags({"overrides": " ".join(str(one) for one in told or ())})
        self._context = below(self._run.run_id)
        self._context.__enter__()
        # Hydra skips `on_multirun_end` where a job raised.
        atexit.register(self._end)

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Count failures."""
        self._failed += job_return.status != JobStatus.COMPLETED

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Close the parent: FAILED where one of its children failed."""
        self._end(finished=True)

    def _end(self, finished: bool = False) -> None:
        if self._run is None:
            return
        atexit.unregister(self._end)
        self._context.__exit__(None, None, None)
        self._run.close_children()
        self._run.end("FINISHED" if finished and not self._failed else "FAILED")
        self._run = None

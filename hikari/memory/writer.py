"""The single writer: edits from many callers, in the order they came, committed together while the disk syncs.

Whoever comes while a commit is under way shares the next one, so throughput grows with the load and a lone write waits for nobody.
"""

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from hikari.errors import NotReady, Overloaded
from hikari.memory.rows import Edit
from hikari.memory.store import Store

MAX_TOGETHER = 64
MAX_WAITING = 4_096

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Job:
    work: Callable[[Edit], Any]
    after: Callable[[Any], Any]
    done: "Future[Any]"


class Writer:
    """Runs `work` inside a durable transaction and then `after` with its result, one job after the other."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._jobs: queue.Queue[_Job | None] = queue.Queue()
        self._accepting = True
        self._intake = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="hikari-memory-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Edit], Any], after: Callable[[Any], Any] = lambda result: result) -> "Future[Any]":
        """Queue an edit. The future gives what `after` returns, once the edit is on disk and the indices know it; or the error
        that undid it. Raises `Overloaded` when too many wait, `NotReady` when closed."""
        done: Future[Any] = Future()
        with self._intake:
            if not self._accepting:
                raise NotReady("the memory system is closed")
            if self._jobs.qsize() >= MAX_WAITING:
                raise Overloaded(f"{MAX_WAITING} writes are waiting for the disk; try again later")
            self._jobs.put(_Job(work, after, done))
        return done

    @property
    def waiting(self) -> int:
        """Jobs in the queue."""
        return self._jobs.qsize()

    def close(self) -> None:
        """Finish what was accepted, then stop."""
        with self._intake:
            if not self._accepting:
                return
            self._accepting = False
            self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            jobs, ended = self._next()
            if jobs:
                self._commit(jobs)
            if ended:
                return

    def _next(self) -> tuple[list[_Job], bool]:
        first = self._jobs.get()
        if first is None:
            return [], True
        jobs = [first]
        while len(jobs) < MAX_TOGETHER:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return jobs, False
            if job is None:
                return jobs, True
            jobs.append(job)
        return jobs, False

    def _commit(self, jobs: list[_Job]) -> None:
        jobs = [job for job in jobs if job.done.set_running_or_notify_cancel()]
        if not jobs:
            return
        try:
            outcomes = self._store.write_all([job.work for job in jobs])
        except Exception as error:  # noqa: BLE001 - each caller gets it
            for job in jobs:
                job.done.set_exception(error)
            return
        for job, outcome in zip(jobs, outcomes, strict=True):
            try:
                job.done.set_result(job.after(outcome.unwrap()))
            except Exception as error:  # noqa: BLE001 - the caller gets it
                job.done.set_exception(error)

"""Memories on their way to the disk, behind the events: what was accepted within a moment is embedded and written in one go.

An event never waits for the disk: it says `accepted`. Once the memory is durable a `stored` event names its id, and only then. While the
store cannot take anything (full disk, restart), what was accepted waits here and is tried again.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Any, cast

from hikari.stream.attempts import in_halves
from hikari.stream.events import Event, stored_event

TOGETHER = 256
GATHER_S = 0.2
"""So long more is waited for before a write: texts that are embedded together share passes, and one sync of the disk does for all."""
PAUSE_S = 1.0
PASSING = frozenset({"store_full", "store_busy", "not_ready", "overloaded", "unavailable"})
"""Errors that say nothing about the row: it is tried again."""

Row = dict[str, Any]
Remember = Callable[[list[Row]], Awaitable[list[str | Row]]]
_log = logging.getLogger(__name__)


class MemoryWriter:
    """Writes rows in the background through `remember`; `emit` gets the `stored` events."""

    def __init__(
        self, remember: Remember, emit: Callable[[list[Event]], None], timed: Callable[[float], None] = lambda ms: None
    ) -> None:
        """`timed` is told how many milliseconds a write took."""
        self._remember, self._emit, self._timed = remember, emit, timed
        self._rows: deque[Row] = deque()
        self._filled, self._idle = asyncio.Event(), asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self._hurry, self._enough = asyncio.Event(), asyncio.Event()
        self.stored = 0
        self.refused: Counter[str] = Counter()
        """Rows that the memory did not take, by the code of its error."""
        self.failing: str | None = None
        """The code of the error that writes wait for to pass."""

    def __len__(self) -> int:
        return len(self._rows)

    def start(self) -> None:
        """Begin to write."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="hikari-stream-memory")

    def add(self, rows: list[Row]) -> None:
        """Accept rows."""
        if rows:
            self._rows.extend(rows)
            self._idle.clear()
            self._filled.set()
            if len(self._rows) >= TOGETHER:
                self._enough.set()

    async def drain(self, within_s: float) -> int:
        """Wait until everything is written, at most `within_s`; how many rows are left."""
        self._hurry.set()
        self._enough.set()
        try:
            await asyncio.wait_for(self._idle.wait(), within_s)
        except TimeoutError:
            _log.error("%d accepted memories could not be written", len(self._rows))
        self._hurry.clear()
        return len(self._rows)

    async def close(self) -> None:
        """Stop; what is left is lost."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._filled.wait()
            await self._gather()
            # Left in the queue until it is written: whoever cancels in between loses nothing that could still be tried.
            rows = [self._rows[place] for place in range(min(TOGETHER, len(self._rows)))]
            failed = await self.write(rows)
            for _ in rows:
                self._rows.popleft()
            if failed:
                self._rows.extendleft(reversed(failed))
                await self._pause()
            if not self._rows:
                self._filled.clear()
                self._idle.set()
            elif len(self._rows) >= TOGETHER:
                self._enough.set()

    async def _gather(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._enough.wait(), GATHER_S)
        if not self._hurry.is_set():
            self._enough.clear()

    async def write(self, rows: list[Row]) -> list[Row]:
        """Write these rows and tell of what is stored; those that are to be tried again."""
        started = time.perf_counter()
        answers = await in_halves(self._remember, rows, lambda row, error: None)
        self._timed((time.perf_counter() - started) * 1000)
        again: list[Row] = []
        stored: dict[str, dict[str, str]] = {}
        failed: Counter[str] = Counter()
        self.failing = None
        for row, answer in zip(rows, answers, strict=True):
            if isinstance(answer, str):
                self.stored += 1
                stored.setdefault(row["channel"], {})[row["id"]] = answer
                continue
            code = cast("dict[str, str]", answer["error"])["code"]
            if code in PASSING:
                self.failing = code
                again.append(row)
            else:
                self.refused[code] += 1
                failed[row["channel"]] += 1
        events = [stored_event(channel, stored.get(channel, {}), failed[channel]) for channel in sorted({*stored, *failed})]
        if events:
            self._emit(events)
        return again

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._hurry.wait(), PAUSE_S)
        except TimeoutError:
            return
        await asyncio.sleep(0.05)  # an ending pipeline tries more often

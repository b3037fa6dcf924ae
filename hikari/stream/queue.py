"""The queue before the models: bounded, in the order of arrival, and with a policy for what goes when it is full.

The oldest message of the lowest priority goes, the newcomer included; questions and paid messages never do. When only such are left,
whoever brings another one waits, and so does the connection it came over. Nothing is reordered: what stays is taken as it came.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hikari.stream.messages import Priority, StreamMessage

DROPPABLE = (Priority.NOISE, Priority.ORDINARY, Priority.NOTABLE)
QUEUE_FULL, TOO_LATE = "queue_full", "too_late"


@dataclass(slots=True, eq=False)
class Waiting:
    """A message in the queue: when it came (monotonic seconds), and who waits for what becomes of it."""

    message: StreamMessage
    priority: Priority
    arrived: float
    future: "asyncio.Future[dict[str, Any]] | None" = None
    number: int = 0


class BoundedQueue:
    """At most `capacity` messages. `on_drop` is told of each that goes, with the reason."""

    def __init__(
        self, capacity: int, on_drop: Callable[[Waiting, str], None], *, max_wait_s: float = 0.1, patience_s: float = 1.0
    ) -> None:
        self._capacity, self._on_drop = capacity, on_drop
        self._max_wait_s, self._patience_s = max_wait_s, patience_s
        self._levels: tuple[deque[Waiting], ...] = tuple(deque[Waiting]() for _ in Priority)
        self._size = 0
        self._numbers = 0
        self._producers: deque[tuple[asyncio.Future[None], Waiting]] = deque()
        self._late_since: float | None = None
        self._filled = asyncio.Event()
        self.dropped: Counter[str] = Counter()
        """How many messages went, by reason."""

    def __len__(self) -> int:
        return self._size

    @property
    def producers_waiting(self) -> int:
        """Who was told to wait."""
        return len(self._producers)

    def offer(self, entry: Waiting) -> bool:
        """Take a message in, or drop what the policy says; False when whoever brings it has to wait. Nothing is awaited."""
        if self._producers or self._size >= self._capacity:
            droppable = entry.priority in DROPPABLE
            # Behind those who wait, nobody slips in: their messages came first.
            victim = None if self._producers else self._victim(entry.priority)
            if victim is None:
                if droppable:
                    self._drop(entry, QUEUE_FULL)
                return droppable
            self._drop(victim, QUEUE_FULL)
        self._push(entry)
        return True

    async def put(self, entry: Waiting) -> None:
        """Take a message in, waiting for a place where the policy says so."""
        if self.offer(entry):
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._producers.append((turn, entry))
        try:
            await turn
        except asyncio.CancelledError:
            if (turn, entry) in self._producers:
                self._producers.remove((turn, entry))
            raise

    async def filled(self) -> None:
        """Wait until there is something to take."""
        await self._filled.wait()

    def take(self, most: int, now: float) -> list[Waiting]:
        """The oldest messages, at most `most`, in the order of arrival. In lasting overload, what waited too long goes first."""
        self._shed(now)
        taken: list[Waiting] = []
        while len(taken) < most:
            level = min((level for level in self._levels if level), key=lambda level: level[0].number, default=None)
            if level is None:
                break
            taken.append(level.popleft())
        self._size -= len(taken)
        if not any(self._levels):
            self._filled.clear()
        self._wake()
        return taken

    def _push(self, entry: Waiting) -> None:
        self._numbers += 1
        entry.number = self._numbers
        self._levels[entry.priority].append(entry)
        self._size += 1
        self._filled.set()

    def _victim(self, newcomer: Priority) -> Waiting | None:
        """The oldest message of the lowest priority that is not over the newcomer's."""
        for priority in DROPPABLE:
            if priority > newcomer:
                return None
            if self._levels[priority]:
                self._size -= 1
                return self._levels[priority].popleft()
        return None

    def _shed(self, now: float) -> None:
        oldest = min((level[0].arrived for level in self._levels if level), default=now)
        if now - oldest <= self._max_wait_s:
            # An overload is over when the queue is short again: one that is shed hovers about the limit, and would else grow for
            # another `patience_s` whenever it dips below.
            if now - oldest <= self._max_wait_s / 2:
                self._late_since = None
            return
        if self._late_since is None:
            self._late_since = now
        if now - self._late_since < self._patience_s:
            return
        for priority in DROPPABLE:
            level = self._levels[priority]
            while level and now - level[0].arrived > self._max_wait_s:
                self._size -= 1
                self._drop(level.popleft(), TOO_LATE)

    def _drop(self, entry: Waiting, reason: str) -> None:
        self.dropped[reason] += 1
        self._on_drop(entry, reason)

    def _wake(self) -> None:
        while self._producers and self._size < self._capacity:
            turn, entry = self._producers.popleft()
            self._push(entry)
            if not turn.done():
                turn.set_result(None)

"""What waits to be sent over one socket: bounded, whatever the client does.

Answers to the client's own messages are never dropped: their number is bounded where the messages come in. Of what it merely listens
to, the oldest goes when too much waits. A client that takes nothing at all for `STALLED_S` is given up.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from hikari.stream.events import Event
from serving.hub import Frame

HEARD = 1_000
STALLED_S = 30.0
TOO_SLOW = 1013


class Stalled(Exception):
    """The client has taken nothing for too long."""


class Outbox:
    """Frames in the order in which they are to leave."""

    def __init__(self, heard: int = HEARD, stalled_s: float = STALLED_S) -> None:
        self._frames: deque[list[Any]] = deque()
        """Pairs of a frame and whether the client waits for it."""
        self._most, self._stalled_s = heard, stalled_s
        self._heard = 0
        self._filled, self._empty = asyncio.Event(), asyncio.Event()
        self._empty.set()
        self.dropped = 0
        """Frames that went, of those that the client merely listened to."""

    def __len__(self) -> int:
        return len(self._frames)

    def offer(self, frame: Frame) -> None:
        """Something that the client listens to."""
        if self._heard >= self._most:
            self._drop()
        self._heard += 1
        self._push(frame, own=False)

    def answer(self, frame: Frame) -> None:
        """Something that the client waits for."""
        self._push(frame, own=True)

    def keep(self, event: Event) -> None:
        """This event, which was offered just now, is one that the client waits for."""
        for pair in reversed(self._frames):
            if pair[0].event is event:
                self._heard -= not pair[1]
                pair[1] = True
                return

    async def empty(self) -> None:
        """Wait until everything has been sent."""
        await self._empty.wait()

    async def run(self, send: Callable[[Frame], Awaitable[None]]) -> None:
        """Send until cancelled. Raises `Stalled`, and what `send` raises."""
        while True:
            await self._filled.wait()
            while self._frames:
                frame, own = self._frames.popleft()
                self._heard -= not own
                try:
                    async with asyncio.timeout(self._stalled_s):
                        await send(frame)
                except TimeoutError:
                    raise Stalled from None
            self._filled.clear()
            self._empty.set()

    def _drop(self) -> None:
        for place, (_, own) in enumerate(self._frames):
            if not own:
                del self._frames[place]
                self._heard -= 1
                self.dropped += 1
                return

    def _push(self, frame: Frame, *, own: bool) -> None:
        self._frames.append([frame, own])
        self._empty.clear()
        self._filled.set()

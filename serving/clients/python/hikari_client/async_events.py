"""`AsyncEvents`: a channel's events in an event loop."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect

from hikari_client.calls import Moment, Row, given, new_id
from hikari_client.errors import HikariError, TimedOut, Unreachable
from hikari_client.events import Event, Hello
from hikari_client.listening import FAILURES, LONGEST_WAIT_S, Listening, meaning, mends, understood
from hikari_client.retry import Retry


class AsyncEvents:
    """Iterate over it. A lost connection is made anew; what happened in between is not brought, and `reconnects` counts it.

    One task may iterate while others send.
    """

    def __init__(self, listening: Listening, retry: Retry, pause: Callable[[float], Awaitable[None]]) -> None:
        self._listening, self._retry, self._pause = listening, retry, pause
        self._socket: ClientConnection | None = None
        self._opening = asyncio.Lock()
        self._heard = self._closed = self._proven = False
        self._failures = 0
        self.reconnects = 0
        self.engine: Hello | None = None
        """Who is at the other end, once it has said so."""

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """End it; whoever iterates stops."""
        self._closed = True
        if self._socket is not None:
            await self._socket.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        event = await self._next()
        if event is None:
            raise StopAsyncIteration
        return event

    async def receive(self, timeout_s: float | None = None) -> Event:
        """The next event. Raises `TimedOut` when none comes in time."""
        try:
            async with asyncio.timeout(timeout_s):
                event = await self._next()
        except TimeoutError:
            raise TimedOut("no event came in time") from None
        if event is None:
            raise TimedOut("the stream of events was closed")
        return event

    async def send(
        self,
        text: str,
        username: str,
        *,
        id: str | None = None,  # noqa: A002 - the engine's name
        timestamp: Moment | None = None,
        roles: Sequence[str] | None = None,
        paid: Any = None,
        context: Row | None = None,
    ) -> str:
        """Send a message into the channel; its id, which the event about it will bear."""
        identifier = id or new_id()
        kinds = None if roles is None else list(roles)
        await self._send(
            self._listening.message(identifier, text, username, timestamp=timestamp, roles=kinds, paid=paid, context=context)
        )
        return identifier

    async def send_many(self, rows: Sequence[Row]) -> list[str]:
        """Send messages `{"text", "username", ...}` in one frame; their ids."""
        named = [{"id": new_id(), "channel": self._listening.channel, **given(**row)} for row in rows]
        await self._send(self._listening.messages(named))
        return [row["id"] for row in named]

    async def _send(self, frame: str | bytes) -> None:
        while True:
            socket = await self._open()
            try:
                await socket.send(frame)
            except FAILURES as error:
                await self._lost(socket, error)
            else:
                return

    async def _next(self) -> Event | None:
        while not self._closed:
            try:
                socket = await self._open()
            except Unreachable:
                if self._closed:
                    break
                raise
            try:
                frame = await socket.recv()
            except FAILURES as error:
                await self._lost(socket, error)
                continue
            self._heard, self._failures = True, 0
            event = understood(frame)
            if not isinstance(event, Hello):
                return event
            self.engine = event
        return None

    async def _open(self) -> ClientConnection:
        """The connection; made the first time as often as a call is, later until it works."""
        async with self._opening:
            while self._socket is None:
                if self._closed:
                    raise Unreachable("the stream of events was closed", sent=False)
                try:
                    self._socket = await connect(self._listening.url, **self._listening.options())
                except FAILURES as error:
                    await self._wait(meaning(error, heard=False), error)
                else:
                    self._heard, self._proven = False, True
            return self._socket

    async def _lost(self, socket: ClientConnection, error: Exception) -> None:
        if self._closed or self._socket is not socket:
            return
        self._socket = None
        self.reconnects += 1
        await self._wait(meaning(error, heard=self._heard), error)

    async def _wait(self, failure: HikariError, cause: Exception) -> None:
        self._failures += 1
        if not mends(failure) or (not self._proven and self._failures >= self._retry.attempts):
            raise failure from cause
        await self._pause(min(self._retry.wait(self._failures, failure.retry_after_s), LONGEST_WAIT_S))

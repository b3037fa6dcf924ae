"""`Events`: a channel's events, one after the other."""

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, cast

from websockets.sync.client import ClientConnection, connect

from hikari_client.calls import Moment, Row, given, new_id
from hikari_client.errors import HikariError, TimedOut, Unreachable
from hikari_client.events import Event, Hello
from hikari_client.listening import FAILURES, LONGEST_WAIT_S, Listening, meaning, mends, understood
from hikari_client.retry import Retry


class Events:
    """Iterate over it. A lost connection is made anew; what happened in between is not brought, and `reconnects` counts it.

    One thread may iterate while others send.
    """

    def __init__(self, listening: Listening, retry: Retry, pause: Callable[[float], None]) -> None:
        self._listening, self._retry, self._pause = listening, retry, pause
        self._socket: ClientConnection | None = None
        self._opening = threading.Lock()
        self._heard = self._closed = self._proven = False
        self._failures = 0
        self.reconnects = 0
        self.engine: Hello | None = None
        """Who is at the other end, once it has said so."""

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End it; whoever iterates stops."""
        self._closed = True
        if self._socket is not None:
            self._socket.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        event = self._next(None)
        if event is None:
            raise StopIteration
        return event

    def receive(self, timeout_s: float | None = None) -> Event:
        """The next event. Raises `TimedOut` when none comes in time."""
        event = self._next(timeout_s)
        if event is None:
            raise TimedOut("the stream of events was closed")
        return event

    def send(
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
        self._send(
            self._listening.message(identifier, text, username, timestamp=timestamp, roles=kinds, paid=paid, context=context)
        )
        return identifier

    def send_many(self, rows: Sequence[Row]) -> list[str]:
        """Send messages `{"text", "username", ...}` in one frame; their ids."""
        named = [{"id": new_id(), "channel": self._listening.channel, **given(**row)} for row in rows]
        self._send(self._listening.messages(named))
        return [row["id"] for row in named]

    def _send(self, frame: str | bytes) -> None:
        while True:
            socket = self._open()
            try:
                socket.send(frame)
            except FAILURES as error:
                self._lost(socket, error)
            else:
                return

    def _next(self, timeout_s: float | None) -> Event | None:
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._closed:
            try:
                socket = self._open()
            except Unreachable:
                if self._closed:
                    break
                raise
            try:
                frame = socket.recv(None if deadline is None else max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                raise TimedOut("no event came in time") from None
            except FAILURES as error:
                self._lost(socket, error)
                continue
            self._heard, self._failures = True, 0
            event = understood(frame)
            if not isinstance(event, Hello):
                return event
            self.engine = event
        return None

    def _open(self) -> ClientConnection:
        """The connection; made the first time as often as a call is, later until it works."""
        with self._opening:
            while self._socket is None:
                if self._closed:
                    raise Unreachable("the stream of events was closed", sent=False)
                try:
                    opening = cast("Any", connect(self._listening.url, **self._listening.options()))
                    # As `with` would: leaving it does nothing but close the socket, which `close` does.
                    socket: ClientConnection = opening.__enter__()
                except FAILURES as error:
                    self._wait(meaning(error, heard=False), error)
                else:
                    self._socket, self._heard, self._proven = socket, False, True
            return self._socket

    def _lost(self, socket: ClientConnection, error: Exception) -> None:
        if self._closed or self._socket is not socket:
            return
        self._socket = None
        self.reconnects += 1
        self._wait(meaning(error, heard=self._heard), error)

    def _wait(self, failure: HikariError, cause: Exception) -> None:
        self._failures += 1
        if not mends(failure) or (not self._proven and self._failures >= self._retry.attempts):
            raise failure from cause
        self._pause(min(self._retry.wait(self._failures, failure.retry_after_s), LONGEST_WAIT_S))

"""The WebSockets: `/ws/chat` takes messages and answers with their events, `/ws/dashboard` shows a channel live.

The guard in front has let in whoever comes here, and has looked at the size and the rate of frames and at what keys allow. A text frame
is JSON, a binary frame msgpack; what goes out is written like the frame that came last.
"""

import asyncio
import contextlib
import logging
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from hikari.errors import BadInput, HikariError, NotReady, TooLarge
from hikari.fields import name_field
from hikari.stream.events import Event, error_event, hello_event
from serving import msgpack_bodies
from serving.hub import Frame
from serving.keys import LOCAL, Access
from serving.live import Live
from serving.outbox import TOO_SLOW, Outbox, Stalled

MAX_ROWS = 1_000
"""Messages in one bulk frame."""
MAX_BULKS = 2
"""Bulk frames of one socket under way: while one is analysed the next is read."""
MAX_PENDING = 2_000
"""Messages of one socket under way; beyond that it is not read, which its sender feels."""
MAX_CHANNELS = 64
"""Channels that one socket may listen to."""
_log = logging.getLogger("hikari.sockets")
_json = msgspec.json.Decoder()


class Socket:
    """What both kinds have in common: frames out, without waiting for a slow client."""

    kind = ""

    def __init__(self, socket: WebSocket, live: Live) -> None:
        self.socket, self.live = socket, live
        self.access: Access = socket.scope.get("state", {}).get("access", LOCAL)
        self.outbox = Outbox()
        self._packed = socket.query_params.get("format") == "msgpack"
        self._channels: set[str] = set()

    async def serve(self) -> None:
        """Until either side ends it."""
        await self.socket.accept()
        self.live.opened(self)
        try:
            await self._serve()
        finally:
            self.live.closed(self)
            for channel in self._channels:
                self.live.hub.leave(channel, self.outbox)

    async def _serve(self) -> None:
        reading, writing = asyncio.create_task(self._read()), asyncio.create_task(self.outbox.run(self._send))
        try:
            await asyncio.wait((reading, writing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reading, writing):
                task.cancel()
            ended = await asyncio.gather(reading, writing, return_exceptions=True)
        for error in ended:
            if isinstance(error, Stalled):
                _log.warning("a client took nothing for too long and is given up", extra={"fields": {"socket": self.kind}})
                self.live.abort(self.socket.scope)
            elif isinstance(error, Exception) and not isinstance(error, WebSocketDisconnect | OSError):
                _log.error("a socket failed", exc_info=error, extra={"fields": {"socket": self.kind}})
                with contextlib.suppress(Exception):
                    await self.socket.close(1011)

    async def end(self, code: int = TOO_SLOW) -> None:
        """Close from this side."""
        with contextlib.suppress(Exception):
            await self.socket.close(code)

    def listen(self, channel: str) -> None:
        """Hear of a channel from now on."""
        if channel not in self._channels:
            if len(self._channels) >= MAX_CHANNELS:
                raise TooLarge(f"one socket may listen to at most {MAX_CHANNELS} channels", field="channel")
            self._channels.add(channel)
            self.live.hub.listen(channel, self.outbox)

    def leave(self, channel: str) -> None:
        """Hear of a channel no more."""
        self._channels.discard(channel)
        self.live.hub.leave(channel, self.outbox)

    def answer(self, event: Event) -> None:
        """Send an event that the client waits for."""
        self.outbox.answer(Frame(event))

    async def _send(self, frame: Frame) -> None:
        if self._packed:
            await self.socket.send_bytes(frame.packed)
        else:
            await self.socket.send_text(frame.json)

    async def _read(self) -> None:
        while True:
            message = await self.socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            value: Any = None
            try:
                value = self._decoded(message)
                await self._take(value)
            except HikariError as error:
                self.answer(error_event(_identifier(value), error))

    def _decoded(self, message: Any) -> dict[str, Any]:
        text = message.get("text")
        self._packed = text is None
        try:
            value = msgpack_bodies.decode(message["bytes"]) if text is None else _json.decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            raise BadInput("a text frame must be valid JSON") from None
        if not isinstance(value, dict):
            raise BadInput("a frame must be an object")
        return value

    async def _take(self, value: dict[str, Any]) -> None:
        kind = value.get("type", "message")
        if kind == "ping":
            self.answer({"type": "pong", "v": 1, "id": _identifier(value)})
        else:
            raise BadInput("this socket takes no such frame", field="type")


class ChatSocket(Socket):
    """Messages in, their events out; and what happens in the channels that it subscribed to."""

    kind = "chat"

    def __init__(self, socket: WebSocket, live: Live) -> None:
        super().__init__(socket, live)
        self._room, self._bulks = asyncio.Semaphore(MAX_PENDING), asyncio.Semaphore(MAX_BULKS)
        self._tasks: set[asyncio.Task[None]] = set()

    async def _serve(self) -> None:
        channels = self.access.channels
        self.answer(hello_event(None if channels is None else sorted(channels)))
        query = self.socket.query_params
        if query.get("subscribe") in ("1", "true", "yes"):
            try:
                self._subscribe(query.get("channel", "default"))
            except HikariError as error:
                self.answer(error_event(None, error))
        await super()._serve()

    async def _take(self, value: dict[str, Any]) -> None:
        kind = value.get("type", "message")
        if kind == "message":
            await self._message(value)
        elif kind == "messages":
            await self._bulk(value)
        elif kind == "subscribe":
            self._subscribe(value.get("channel", "default"))
        elif kind == "unsubscribe":
            self.leave(name_field(value.get("channel", "default"), "channel"))
        else:
            await super()._take(value)

    def _subscribe(self, channel: Any) -> None:
        name = name_field(channel, "channel")
        self.access.require("read")
        self.access.require_channel(name)
        self.listen(name)

    async def _message(self, value: dict[str, Any]) -> None:
        self.access.require("write")
        await self._room.acquire()
        try:
            future = await self.live.submit(value)
        except BaseException:
            self._room.release()
            raise
        future.add_done_callback(self._answered)

    def _answered(self, future: "asyncio.Future[Event]") -> None:
        self._room.release()
        if future.cancelled():
            return
        self._told(future.result())

    def _told(self, event: Event) -> None:
        if event["type"] == "error" or event["channel"] not in self._channels:
            self.answer(event)
        else:
            self.outbox.keep(event)  # who listens to the channel has it already

    async def _bulk(self, value: dict[str, Any]) -> None:
        self.access.require("write")
        rows = value.get("messages")
        if not isinstance(rows, list):
            raise BadInput("messages must be a list of objects", field="messages")
        if len(rows) > MAX_ROWS:
            raise TooLarge(f"messages has {len(rows)} rows, at most {MAX_ROWS} are allowed in one frame", field="messages")
        channel = name_field(value.get("channel", "default"), "channel")
        await self._bulks.acquire()
        task = asyncio.create_task(self._process(rows, channel))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _process(self, rows: list[Any], channel: str) -> None:
        try:
            for event in await self.live.process(rows, channel=channel):
                self._told(event)
            await self.outbox.empty()
        except NotReady as error:
            for row in rows:
                self.answer(error_event(_identifier(row), error))
        finally:
            self._bulks.release()


class DashboardSocket(Socket):
    """A snapshot a second, and the channel's events in between."""

    kind = "dashboard"

    def __init__(self, socket: WebSocket, live: Live) -> None:
        super().__init__(socket, live)
        self.channel = socket.query_params.get("channel", "default")
        self._number = 0
        self._shown = 0

    async def _serve(self) -> None:
        try:
            name_field(self.channel, "channel")
            self.access.require("read")
            self.access.require_channel(self.channel)
        except HikariError as error:
            await self._send(Frame(error_event(None, error)))
            await self.end(1008)
            return
        self.answer(hello_event([self.channel]))
        self.listen(self.channel)
        await self.live.watched(self.channel)
        self.show(self.live.snapshot(self.channel))
        await super()._serve()

    def show(self, snapshot: Event) -> None:
        """Send a snapshot, with what this client could not be shown since the last one."""
        self._number += 1
        missed, self._shown = self.outbox.dropped - self._shown, self.outbox.dropped
        self.outbox.offer(Frame({**snapshot, "id": self._number, "missed": missed}))


async def chat(socket: WebSocket, live: Live) -> None:
    """`WS /ws/chat`"""
    await ChatSocket(socket, live).serve()


async def dashboard(socket: WebSocket, live: Live) -> None:
    """`WS /ws/dashboard`"""
    await DashboardSocket(socket, live).serve()


def _identifier(value: Any) -> str | int | None:
    """The frame's own id, where it is one that can be repeated."""
    found = value.get("id") if isinstance(value, dict) else None
    if isinstance(found, str):
        return found if 0 < len(found) <= 256 and found.isprintable() else None
    return found if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 2**63 else None

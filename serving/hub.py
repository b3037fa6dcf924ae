"""Events on their way from the pipeline to everybody who listens: encoded once, however many listen, and never waited for."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from hikari.stream.events import Event
from serving import wire

_packer = msgspec.msgpack.Encoder()


class Frame:
    """An event with its encodings, made when first asked for."""

    __slots__ = ("_json", "_packed", "event")

    def __init__(self, event: Event) -> None:
        self.event = event
        self._json: str | None = None
        self._packed: bytes | None = None

    @property
    def json(self) -> str:
        """The event in JSON."""
        if self._json is None:
            self._json = wire.to_json(self.event).decode()
        return self._json

    @property
    def packed(self) -> bytes:
        """The event in msgpack."""
        if self._packed is None:
            self._packed = _packer.encode(self.event)
        return self._packed


class Listener(Protocol):
    """Who hears of a channel."""

    def offer(self, frame: Frame) -> None:
        """Take a frame without waiting, or drop something."""
        ...


class Hub:
    """A sink of the pipeline. What concerns a channel goes to its listeners, everything to `taps`; errors go to nobody but their sender."""

    def __init__(self) -> None:
        self._listeners: defaultdict[str, set[Listener]] = defaultdict(set)
        self.taps: list[Callable[[Sequence[Frame]], None]] = []
        """Called with all events, errors included; they must not block."""

    def __call__(self, events: list[Event]) -> None:
        """Hand events on."""
        frames = [Frame(event) for event in events]
        for tap in self.taps:
            tap(frames)
        for frame in frames:
            event = frame.event
            if event["type"] != "error" and (listeners := self._listeners.get(event["channel"])):
                for listener in listeners:
                    listener.offer(frame)

    def listen(self, channel: str, listener: Listener) -> None:
        """From now on `listener` hears of this channel."""
        self._listeners[channel].add(listener)

    def leave(self, channel: str, listener: Listener) -> None:
        """`listener` hears no more of this channel."""
        if (listeners := self._listeners.get(channel)) is not None:
            listeners.discard(listener)
            if not listeners:
                del self._listeners[channel]

    def heard(self) -> list[str]:
        """The channels that somebody listens to."""
        return list(self._listeners)

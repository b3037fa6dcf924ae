"""The namespaces that are open: made on first use, the longest unused saved and closed when there are too many."""

import contextlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from hikari.errors import HikariError
from hikari.memory.namespace import Namespace

_log = logging.getLogger(__name__)


@dataclass
class _Slot:
    opening: threading.Lock = field(default_factory=threading.Lock)
    namespace: Namespace | None = None
    users: int = 0


class Spaces:
    """Namespaces by channel. One in use is never closed."""

    def __init__(self, make: Callable[[str], Namespace], limit: int, *, save: bool) -> None:
        self._make = make
        self._limit = limit
        self._save = save
        self._slots: OrderedDict[str, _Slot] = OrderedDict()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def use(self, channel: str) -> Generator[Namespace]:
        """The channel's namespace for the length of the block."""
        with self._lock:
            slot = self._slots.setdefault(channel, _Slot())
            slot.users += 1
            self._slots.move_to_end(channel)
        try:
            with slot.opening:
                if slot.namespace is None:
                    slot.namespace = self._make(channel)
            yield slot.namespace
        finally:
            with self._lock:
                slot.users -= 1
            self._evict()

    def opened(self) -> list[str]:
        """Channels whose namespace is open."""
        with self._lock:
            return [channel for channel, slot in self._slots.items() if slot.namespace is not None]

    def drop(self, channel: str) -> None:
        """Let a namespace go without saving it; the next use opens it from what is on disk."""
        with self._lock:
            slot = self._slots.pop(channel, None)
        if slot is not None and slot.namespace is not None:
            slot.namespace.discard()

    def close(self) -> None:
        """Save and close all."""
        with self._lock:
            slots = list(self._slots.values())
            self._slots.clear()
        for slot in slots:
            if slot.namespace is not None:
                try:
                    self._end(slot.namespace)
                except (HikariError, OSError) as error:
                    self._let_go(slot.namespace, error)

    def _evict(self) -> None:
        with self._lock:
            for channel in [name for name, slot in self._slots.items() if slot.users == 0]:
                if len(self._slots) <= self._limit:
                    break
                slot = self._slots[channel]
                if slot.namespace is not None:
                    # Saved before it is forgotten, under the lock: a second opening must find what the first one wrote.
                    try:
                        self._end(slot.namespace)
                    except (HikariError, OSError) as error:
                        self._let_go(slot.namespace, error)
                del self._slots[channel]

    def _let_go(self, namespace: Namespace, error: Exception) -> None:
        # Whoever is here wants another channel or the end: the store has everything, and the next opening replays it.
        reason = error.message if isinstance(error, HikariError) else type(error).__name__
        _log.warning("the indices of a channel could not be saved: %s", reason)
        namespace.discard()

    def _end(self, namespace: Namespace) -> None:
        if self._save:
            namespace.close()
        else:
            namespace.discard()

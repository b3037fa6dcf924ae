"""The write gates of all channels: made on first use from what the store kept of them, shared by every caller under one lock."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable

from hikari.errors import BadStore, Refused
from hikari.memory.hygiene import Gate, WritePolicy
from hikari.memory.records import Memory, NewMemory
from hikari.memory.rows import Edit
from hikari.memory.store import Store

STATE = "gate"
MAX_HANDED_OUT = 500

_log = logging.getLogger(__name__)


class Gates:
    """Decides for each channel what may become a memory (`hygiene.Gate`), and keeps what the VTuber said."""

    def __init__(self, store: Store, policy: WritePolicy) -> None:
        self._store, self._policy = store, policy
        self._gates: dict[str, Gate] = {}
        self._lock = threading.Lock()
        self._handed_out: OrderedDict[tuple[str, str], tuple[Memory, float]] = OrderedDict()
        """What was recalled since the last write: hashing it can wait for one, a reader does not."""

    def check(self, new: NewMemory) -> str | None:
        """The id of the memory that this row only repeats, None for a new one. Raises `Refused` when it is kept out."""
        with self._lock:
            self._take_in()
            decision = self._of(new.channel).decide(new.content, new.user, new.timestamp, new.metadata, new.id)
        if decision.action == "skip":
            raise Refused(f"kept out as {decision.reason}", field="content")
        if decision.action != "merge" or decision.of is None:
            return None
        if decision.reason == "recalled":
            with self._store.read() as view:
                if view.find(new.channel, decision.of) is None:
                    return None  # deleted since: who says it again says it anew
        return decision.of

    def said(self, channel: str, text: str, at: float) -> None:
        """The VTuber said this; remembered on disk before it returns."""
        with self._lock:
            gate = self._of(channel)
            gate.said(text, at)
            state = gate.to_dict()
        self._store.write(lambda edit: edit.set_value("state", channel, STATE, state))

    def recalled(self, memories: Iterable[Memory], at: float) -> None:
        """These were handed out: what only repeats them is no new memory."""
        with self._lock:
            for memory in memories:
                key = (memory.channel, memory.id)
                self._handed_out[key] = (memory, at)
                self._handed_out.move_to_end(key)
            while len(self._handed_out) > MAX_HANDED_OUT:
                self._handed_out.popitem(last=False)

    def forget(self, channel: str, texts: list[str], user: str) -> None:
        """Drop what is known of these texts and of a viewer."""
        with self._lock:
            self._take_in()
            gate = self._of(channel)
            gate.forget(texts, user)
            state = gate.to_dict()
        self._store.write(lambda edit: edit.set_value("state", channel, STATE, state))

    def save(self) -> None:
        """Keep what was recalled and pasted lately; losing it at a crash costs a duplicate at most."""
        with self._lock:
            self._take_in()
            states = {channel: gate.to_dict() for channel, gate in self._gates.items()}

        def work(edit: Edit) -> None:
            for channel, state in states.items():
                if edit.channel(channel) is not None:
                    edit.set_value("state", channel, STATE, state)

        if states:
            self._store.write(work)

    def _take_in(self) -> None:
        for memory, at in self._handed_out.values():
            self._of(memory.channel).recalled(memory.id, memory.content, at, memory.user)
        self._handed_out.clear()

    def _of(self, channel: str) -> Gate:
        gate = self._gates.get(channel)
        if gate is None:
            gate = self._gates[channel] = self._opened(channel)
        return gate

    def _opened(self, channel: str) -> Gate:
        with self._store.read() as view:
            state = view.value("state", channel, STATE)
        if state is None:
            return Gate(self._policy)
        try:
            return Gate.from_dict(state, self._policy)
        except BadStore as error:
            _log.warning("the write gate of a channel begins anew: %s", error.message)
            return Gate(self._policy)

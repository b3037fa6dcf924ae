"""What becomes of messages in the memory: decided at once, written behind the events or, where somebody waits for it, before them."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from hikari.stream.attempts import in_halves
from hikari.stream.config import PipelineConfig
from hikari.stream.events import Event
from hikari.stream.messages import StreamMessage
from hikari.stream.parts import Parts
from hikari.stream.remembering import ORDINARY, MemoryPolicy, memory_row
from hikari.stream.writing import MemoryWriter

Row = dict[str, Any]
Decision = float | str | None
"""The importance of the memory, why there is none, or None where nothing is remembered at all."""


class Keeping:
    """Policy and writer of one pipeline; `timed` is told how many milliseconds a write took."""

    def __init__(
        self, parts: Parts, config: PipelineConfig, emit: Callable[[list[Event]], None], timed: Callable[[float], None]
    ) -> None:
        self._parts, self._config = parts, config
        self.policy, self.writer = MemoryPolicy(), MemoryWriter(parts.remember, emit, timed)
        self._accepted = 0
        self._kept_out: Counter[str] = Counter()

    def decide(self, message: StreamMessage, analysis: Row, *, overloaded: bool) -> Decision:
        """Whether and how one message is kept."""
        if not self._config.remember or "error" in analysis:
            return None
        decision = self.policy.decide(message, analysis)
        if isinstance(decision, float):
            waiting = len(self.writer)
            busy = overloaded or waiting >= self._config.backlog
            if (busy and decision <= ORDINARY) or waiting >= 2 * self._config.backlog:
                decision = "busy"
        if isinstance(decision, str):
            self._kept_out[decision] += 1
        else:
            self._accepted += 1
        return decision

    async def write(self, rows: list[Row]) -> list[Row]:
        """Write these rows now; what their events say."""
        said: list[Row] = []
        for answer in await in_halves(self._parts.remember, rows, lambda row, error: None):
            if isinstance(answer, str):
                self.writer.stored += 1
                said.append({"id": answer})
            else:
                code = str(answer["error"]["code"])
                self.writer.refused[code] += 1
                said.append({"kept_out": code})
        return said

    def stats(self) -> dict[str, Any]:
        """Counts of what was accepted, kept out and written."""
        return {
            "accepted": self._accepted,
            "stored": self.writer.stored,
            "waiting": len(self.writer),
            "kept_out": dict(self._kept_out),
            "refused": dict(self.writer.refused),
            "failing": self.writer.failing,
        }


def said(decision: Decision) -> Row | None:
    """What an event says of a memory that is not written yet."""
    if decision is None:
        return None
    return {"accepted": True, "importance": decision} if isinstance(decision, float) else {"kept_out": decision}


def rows_of(messages: list[StreamMessage], analyses: list[Row], decisions: list[Decision]) -> list[Row]:
    """The rows of those messages that are kept."""
    return [
        memory_row(message, analysis, importance)
        for message, analysis, importance in zip(messages, analyses, decisions, strict=True)
        if isinstance(importance, float)
    ]

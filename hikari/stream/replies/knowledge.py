"""What the desk asks the memory and the analytics for, and how the engine of one process answers.

Everything in bulk. What cannot be answered is None: the desk then goes on without it and says so.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from hikari.analytics.engine import StreamAnalyticsEngine
from hikari.errors import HikariError
from hikari.memory.system import NeuralMemorySystem

Row = dict[str, Any]


class Knowledge(Protocol):
    """Where the desk looks things up."""

    async def memories(self, queries: Sequence[Mapping[str, Any]], /) -> list[list[Row] | None]:
        """What `NeuralMemorySystem.retrieve_memories` gives for each of these arguments."""
        ...

    async def viewers(self, channel: str, usernames: Sequence[str], now: float | None, /) -> list[Row | None]:
        """What `StreamAnalyticsEngine.get_viewer_insights` gives for each viewer; `{}` for strangers."""
        ...

    async def stream(self, channel: str, /) -> Row | None:
        """What `StreamAnalyticsEngine.get_global_insights` gives; `{}` when nothing is known of the channel."""
        ...


class EngineKnowledge:
    """Knowledge from a memory and analytics of this process; either may be missing."""

    def __init__(self, memory: NeuralMemorySystem | None = None, analytics: StreamAnalyticsEngine | None = None) -> None:
        self._memory, self._analytics = memory, analytics

    async def memories(self, queries: Sequence[Mapping[str, Any]], /) -> list[list[Row] | None]:
        if self._memory is None:
            return [None] * len(queries)
        found = await asyncio.gather(*(self._memory.retrieve_memories(**query) for query in queries), return_exceptions=True)
        return [None if isinstance(answer, HikariError) else list(answer) for answer in map(_expected, found)]

    async def viewers(self, channel: str, usernames: Sequence[str], now: float | None, /) -> list[Row | None]:
        if self._analytics is None:
            return [None] * len(usernames)
        found = await asyncio.gather(
            *(self._analytics.get_viewer_insights(name, channel=channel, now=now) for name in usernames), return_exceptions=True
        )
        return [unless_strange(answer) for answer in found]

    async def stream(self, channel: str, /) -> Row | None:
        if self._analytics is None:
            return None
        (found,) = await asyncio.gather(self._analytics.get_global_insights(channel=channel), return_exceptions=True)
        return unless_strange(found)


STRANGE = "not_found"
"""The code of the error that says: nobody has seen this viewer, or this channel."""


def unless_strange(answer: Any) -> Row | None:
    """The answer; `{}` where the part answers that it knows nothing, None where it failed."""
    found = _expected(answer)
    return ({} if found.code == STRANGE else None) if isinstance(found, HikariError) else dict(found)


def _expected(answer: Any) -> Any:
    """Errors of the engine are values here; any other is a fault and is raised."""
    if isinstance(answer, BaseException) and not isinstance(answer, HikariError):
        raise answer
    return answer

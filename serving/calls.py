"""Calls of one part of the engine: in bulk, as plain values, errors included, and finished once they were begun."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypedDict

from hikari.errors import BadInput, HikariError


class Call(TypedDict):
    """One method of the part and its arguments by name."""

    method: str
    arguments: dict[str, Any]


class Outcome(TypedDict, total=False):
    """What a call gave: `answer` (and, of a page, the `cursor` of the next), or `error` as `{"code", "message", "field"?}`."""

    answer: Any
    cursor: str | None
    error: dict[str, str]


Ask = Callable[[str, Mapping[str, Any]], Awaitable[Outcome]]


class Calls:
    """Runs calls through `ask`; `lanes` names the methods that may be called and what limits how many of them run at once."""

    def __init__(self, part: str, ask: Ask, lanes: Mapping[str, asyncio.Semaphore | None]) -> None:
        self._part, self._ask, self._lanes = part, ask, lanes
        self._under_way: set[asyncio.Task[Any]] = set()

    async def run(self, calls: Sequence[Call]) -> list[Outcome]:
        """Run calls side by side; an outcome for each, in order. A call that was begun is finished even when nobody waits any more."""
        tasks = [asyncio.create_task(self._run(call["method"], call["arguments"])) for call in calls]
        for task in tasks:
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return list(await asyncio.gather(*(asyncio.shield(task) for task in tasks)))

    async def drain(self) -> None:
        """Wait for what was begun, also for callers that gave up waiting."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def _run(self, method: str, arguments: Mapping[str, Any]) -> Outcome:
        try:
            if method not in self._lanes:
                raise BadInput(f"{self._part} has no method {method!r}", field="method")
            lane = self._lanes[method]
            if lane is None:
                return await self._ask(method, arguments)
            async with lane:
                return await self._ask(method, arguments)
        except HikariError as error:
            return {"error": error.as_dict()}

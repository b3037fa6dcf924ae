"""Asking a runner, wherever it lives: calls go in and outcomes come out in bulk, one crossing a time."""

import asyncio
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Protocol

import aiohttp
from bentoml.exceptions import BentoMLException

from hikari.errors import HikariError, NotReady
from serving import wire
from serving.calls import Call, Outcome

READY_TIMEOUT_S = 5
_LOST = (aiohttp.ClientError, TimeoutError)
"""What asking a process that is gone, or goes meanwhile, raises."""
_AWAY = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT, HTTPStatus.REQUEST_TIMEOUT})


class Part(Protocol):
    """A part of the engine as its callers see it."""

    async def run(self, calls: Sequence[Call]) -> list[Outcome]:
        """Run calls side by side; an outcome for each, in order."""
        ...


class Link:
    """A part behind a runner; `runner` gives the instance or the proxy that `linked` gave."""

    def __init__(self, part: str, runner: Callable[[], Any]) -> None:
        self._part, self._runner = part, runner

    async def run(self, calls: Sequence[Call]) -> list[Outcome]:
        """Run calls side by side; an outcome for each, in order. A runner that is away makes every outcome `not_ready`."""
        try:
            content = wire.pack(list(calls))
        except HikariError as error:
            return [{"error": error.as_dict()} for _ in calls]
        try:
            answer = await self._runner().to_async.run(content)
        except _LOST:
            return self._away(calls)
        except BentoMLException as error:
            if error.error_code in _AWAY:
                return self._away(calls)
            # Its text is the runner's answer: nothing that belongs into a log.
            raise RuntimeError(f"{self._part} failed with {int(error.error_code)}") from None
        return wire.unpack(answer)

    async def is_ready(self) -> bool:
        """Whether the runner answers calls now."""
        runner = self._runner()
        if hasattr(runner, "__is_ready__"):
            return bool(await runner.__is_ready__())
        try:
            return bool(await runner.is_ready(READY_TIMEOUT_S))
        except (*_LOST, BentoMLException):
            return False

    def _away(self, calls: Sequence[Call]) -> list[Outcome]:
        error = NotReady(f"{self._part} is starting again; try again shortly").as_dict()
        return [{"error": error} for _ in calls]


async def ask(part: Part, method: str, /, **arguments: Any) -> Any:
    """One call; its answer. Raises the error that came back."""
    (outcome,) = await part.run([{"method": method, "arguments": arguments}])
    return answered(outcome)


def answered(outcome: Outcome) -> Any:
    """The answer of an outcome. Raises the error that came back."""
    if "error" in outcome:
        raise Told(outcome["error"])
    return outcome.get("answer")


class Told(HikariError):
    """An error that came as a value."""

    def __init__(self, error: dict[str, str]) -> None:
        super().__init__(error["message"], field=error.get("field"))
        self.code = error["code"]


async def all_ready(links: Sequence[Link]) -> bool:
    """Whether every runner answers calls now."""
    return all(await asyncio.gather(*(link.is_ready() for link in links)))

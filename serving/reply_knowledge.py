"""What the reply desk looks up, from the memory's and the analytics' runners, wherever they live: one crossing for all of a question."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hikari.stream.replies.knowledge import STRANGE
from serving.calls import Outcome
from serving.links import Part

Row = dict[str, Any]


class RunnerKnowledge:
    """`memory` and `analytics` give the running service's parts when a question comes."""

    def __init__(self, memory: Callable[[], Part], analytics: Callable[[], Part]) -> None:
        self._memory, self._analytics = memory, analytics

    async def memories(self, queries: Sequence[Mapping[str, Any]], /) -> list[list[Row] | None]:
        outcomes = await self._memory().run([{"method": "retrieve_memories", "arguments": dict(query)} for query in queries])
        return [outcome.get("answer") for outcome in outcomes]

    async def viewers(self, channel: str, usernames: Sequence[str], now: float | None, /) -> list[Row | None]:
        arguments = ({"username": name, "channel": channel, **({} if now is None else {"now": now})} for name in usernames)
        outcomes = await self._analytics().run([{"method": "get_viewer_insights", "arguments": one} for one in arguments])
        return [_known(outcome) for outcome in outcomes]

    async def stream(self, channel: str, /) -> Row | None:
        (outcome,) = await self._analytics().run([{"method": "get_global_insights", "arguments": {"channel": channel}}])
        return _known(outcome)


def _known(outcome: Outcome) -> Row | None:
    if "error" in outcome:
        return {} if outcome["error"]["code"] == STRANGE else None
    return outcome.get("answer")

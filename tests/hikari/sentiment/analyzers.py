"""What the analyser's tests read of its answers, and when their clock stands still."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Answer = dict[str, Any]
Result = TypeVar("Result")
NOW = 1_700_000_000.0


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(coroutine)


def symbols(answer: Answer) -> list[str]:
    emoji = answer["sentiment"]["emoji"]
    return [] if emoji is None else [symbol["name"] for symbol in emoji["symbols"]]

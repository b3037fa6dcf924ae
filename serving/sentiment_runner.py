"""The text model of the process: one analyser, with the trends of everybody it read and what it learned of emotes.

Calls go in and outcomes come out in bulk and as plain values, errors included, as with the other runners.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hikari.errors import NotReady
from hikari.sentiment.analyzer import AdvancedSentimentAnalyzer
from hikari.stream.cache import ContentCache, common_phrases
from hikari.threads import one_blas_thread
from serving.calls import Call, Calls, Outcome

METHODS = frozenset(
    {"analyze_message", "analyze_batch", "reading", "learned_emotes", "reset_learned_emotes", "forget_user", "stats"}
)


class SentimentRunner:
    """Holds the analyser: opens it at the start, answers while it is open, drains it at the end."""

    def __init__(
        self, make: Callable[[], AdvancedSentimentAnalyzer] = AdvancedSentimentAnalyzer, cache: ContentCache | None = None
    ) -> None:
        """`make` gives the analyser; the default is the one of the artefacts at hand. `cache` is the one that was handed to it."""
        self._analyzer, self._cache = make(), cache
        self._closed = False
        self._calls = Calls("the text model", self._ask, dict.fromkeys(METHODS))

    @property
    def is_ready(self) -> bool:
        """Whether the model is loaded and calls are answered."""
        return self._analyzer.is_open

    async def open(self) -> None:
        """Load and verify the model. Raises `NotReady`, `BadBundle`."""
        one_blas_thread()
        await self._analyzer.open()
        if self._cache is not None:
            await self._analyzer.warm(common_phrases())
            self._cache.clear_counts()

    async def close(self) -> None:
        """Finish what was accepted, also for callers that gave up waiting; then let the model go."""
        await self._calls.drain()
        self._closed = True
        await self._analyzer.close()
        if self._cache is not None:
            self._cache.close()

    async def run(self, calls: Sequence[Call]) -> list[Outcome]:
        """Run calls side by side; an outcome for each, in order. See `Calls`."""
        return await self._calls.run(calls)

    async def _ask(self, method: str, arguments: Mapping[str, Any]) -> Outcome:
        if self._closed:
            raise NotReady("the text model is closed")
        if method == "stats":
            cache = None if self._cache is None else self._cache.stats()
            return {"answer": {"cache": cache, **(self._analyzer.reading() if self._analyzer.is_open else {})}}
        if method == "reading":
            await self._analyzer.open()
        answer = getattr(self._analyzer, method)(**arguments)
        return {"answer": await answer if asyncio.iscoroutine(answer) else answer}

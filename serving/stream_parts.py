"""The engine's three parts as the pipeline asks them, wherever they live: one crossing a batch."""

import asyncio
from typing import Any

from serving.links import Part, ask

Row = dict[str, Any]
MAX_ANALYZED = 1_000
"""Rows that the analyser takes in one call."""


class StreamParts:
    """Implements `hikari.stream.parts.Parts`."""

    def __init__(self, sentiment: Part, memory: Part, analytics: Part) -> None:
        self._sentiment, self._memory, self._analytics = sentiment, memory, analytics

    async def analyze(self, rows: list[Row], /) -> list[Row]:
        """See `Parts.analyze`."""
        pieces = [rows[start : start + MAX_ANALYZED] for start in range(0, len(rows), MAX_ANALYZED)]
        found = await asyncio.gather(*(ask(self._sentiment, "analyze_batch", messages=piece) for piece in pieces))
        return [row for answers in found for row in answers]

    async def count(self, rows: list[Row], /) -> list[Row]:
        """See `Parts.count`."""
        return await ask(self._analytics, "process_chat_batch", rows=rows)

    async def remember(self, rows: list[Row], /) -> list[str | Row]:
        """See `Parts.remember`."""
        return await ask(self._memory, "store_memories", rows=rows)

# pyright: reportUnnecessaryIsInstance=false
# Rows come from callers: their declared types are what is checked here.
"""`NeuralMemorySystem`: what viewers said and what became of it, remembered without a language model.

    memory = NeuralMemorySystem()
    await memory.store_memory("my cat is called Mochi", "conversation", {"user": "kai"})
    await memory.retrieve_memories("what is kai's cat called?", k=3)

Durable when it answers; found at once; channels never see each other. The methods are coroutines, safe under concurrent calls.
"""

import asyncio
import functools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self, TypeVar

from hikari.errors import BadInput, HikariError, NotReady, TooLarge
from hikari.fields import name_field, seconds, text_field
from hikari.memory import opening
from hikari.memory.answers import Page
from hikari.memory.config import MemoryConfig
from hikari.memory.embedder import Embedder
from hikari.memory.ingest import as_answers
from hikari.memory.opening import Parts
from hikari.memory.records import MAX_BATCH, fraction
from hikari.memory.search import Query
from hikari.memory.summaries import Summariser
from hikari.settings import Settings

THREADS = 8
Result = TypeVar("Result")


class NeuralMemorySystem:
    """Short-term, long-term and episodic memory of a channel, over LMDB, FAISS, a lexical index and a knowledge graph."""

    def __init__(
        self,
        path: Path | str | None = None,
        *,
        embedder: Embedder | None = None,
        summariser: Summariser | None = None,
        knowledge: Path | str | None = None,
        config: MemoryConfig | None = None,
        clock: Callable[[], float] = time.time,
        read_only: bool = False,
    ) -> None:
        """Nothing is opened yet; the first call does.

        `path` is the store's folder (default: `memory` under HIKARI_HOME), `knowledge` the folder of a knowledge set (default: what the
        pipeline built, if there is one). `clock` gives epoch seconds; a replay hands in its own.
        """
        self._path, self._embedder, self._summariser, self._knowledge = path, embedder, summariser, knowledge
        self._config = config or MemoryConfig()
        self._clock, self._read_only = clock, read_only
        self._parts: Parts | None = None
        self._closed = False
        self._opening = threading.Lock()
        self._running = 0
        self._idle = threading.Condition()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="hikari-memory")

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def is_open(self) -> bool:
        """Whether the store is open and calls are answered."""
        return self._parts is not None and not self._closed

    async def open(self) -> None:
        """Open store, indices and encoder now instead of with the first call. Raises `NotReady`, `StoreBusy`, `BadStore`."""
        await self._call(lambda parts: None)

    async def close(self) -> None:
        """Finish what was accepted, save the indices, close the store. Closing twice is allowed."""
        with self._idle:
            if self._closed:
                return
            self._closed = True
        try:
            await asyncio.get_running_loop().run_in_executor(self._pool, self._end)
        finally:
            self._pool.shutdown(wait=False)

    async def store_memory(
        self,
        content: str,
        memory_type: str = "short_term",
        metadata: Mapping[str, Any] | None = None,
        importance: float = 0.5,
        **more: Any,
    ) -> str:
        """Store one memory; it is on disk when its id comes back.

        `more`: `channel`, `user`, `timestamp`, `id`, `pinned` (never fades), `expires_at` or `ttl_s` (is deleted then). Raises `BadInput`,
        `Refused` when the policy keeps it out, `StoreFull`.
        """
        row = {"content": content, "memory_type": memory_type, "metadata": metadata, "importance": importance, **more}
        answers = await self._call(lambda parts: parts.core.store_rows([row]))
        if isinstance(answers[0], HikariError):
            raise answers[0]
        return answers[0]

    async def store_memories(
        self, rows: Sequence[Mapping[str, Any]], *, channel: str | None = None, progress: Callable[[int], None] | None = None
    ) -> list[str | dict[str, Any]]:
        """Store many; for each row its id, or `{"id", "error"}` when it is bad. Rows are dicts of `store_memory`'s parameters."""
        if isinstance(rows, str | bytes | Mapping) or not isinstance(rows, Sequence):
            raise BadInput("memories must be a list of objects", field="memories")
        if len(rows) > MAX_BATCH:
            raise TooLarge(f"{len(rows)} memories, at most {MAX_BATCH} are allowed in one call", field="memories")
        given: list[Any] = [
            {"channel": channel, **row} if channel is not None and isinstance(row, Mapping) and "channel" not in row else row
            for row in rows
        ]
        return as_answers(await self._call(lambda parts: parts.core.store_rows(given, progress)), rows)

    async def retrieve_memories(
        self,
        query: str,
        k: int = 5,
        memory_types: Sequence[str] | str | None = None,
        *,
        channel: str = "default",
        user: str | None = None,
        since: Any = None,
        until: Any = None,
        as_of: Any = None,
        filters: Mapping[str, Any] | None = None,
        cursor: str | None = None,
        explain: bool = False,
        decay: bool | None = None,
        current_only: bool = False,
    ) -> Page:
        """The `k` memories that answer `query` best, best first, as dicts; the list's `cursor` asks for the next page.

        `memory_types` are types or tiers; `since` is included, `until` not; `as_of` answers as at that time; `filters` speak of the
        metadata (`filters.py`); `decay` overrides whether forgetting weighs; `current_only` leaves out what was superseded.
        """
        wanted = Query.checked(
            query,
            k,
            memory_types,
            channel,
            user,
            since,
            until,
            as_of,
            filters,
            cursor,
            explain,
            decay,
            current_only,
            self._clock(),
        )
        return await self._call(lambda parts: parts.searcher.search(wanted))

    async def get_memory(self, id: str, *, channel: str = "default") -> dict[str, Any]:  # noqa: A002 - the contract's name
        """The memory with this id. Raises `NotFound`."""
        return await self._call(lambda parts: parts.core.get(_channel(channel), name_field(id, "id")).public())

    async def update_memory(self, id: str, *, channel: str = "default", **changes: Any) -> dict[str, Any]:  # noqa: A002
        """Change content, memory_type, metadata, importance, pinned, expires_at or ttl_s of a memory; returns it."""
        return await self._call(lambda parts: parts.core.update(_channel(channel), name_field(id, "id"), changes).public())

    async def delete_memory(self, id: str, *, channel: str = "default") -> bool:  # noqa: A002
        """Delete a memory; what it had superseded is current again. Raises `NotFound`."""
        return await self._call(lambda parts: parts.core.delete([parts.core.get(_channel(channel), name_field(id, "id"))]) == 1)

    async def recent(self, n: int = 20, *, channel: str = "default") -> list[dict[str, Any]]:
        """The channel's newest memories, the newest last: its short-term memory."""
        return await self._call(lambda parts: parts.recent(_channel(channel), n))

    async def said(self, text: str, *, channel: str = "default", timestamp: Any = None) -> None:
        """Tell what the VTuber said, so that it never comes back as a viewer's memory."""
        moment = self._clock() if timestamp is None else seconds(timestamp)
        spoken = text_field(text)
        await self._call(lambda parts: parts.core.gates.said(_channel(channel), spoken, moment))

    async def consolidate(self, channel: str | None = None) -> dict[str, Any]:
        """Promote what is important or used, merge near-duplicates, sum up closed episodes; returns counts."""
        chosen = _optional(channel)
        return await self._call(lambda parts: parts.maintainer.consolidate(chosen))

    async def forget(self, channel: str | None = None, *, below: float | None = None, dry_run: bool = False) -> dict[str, Any]:
        """Delete what has expired and, with `below`, what has faded under that decayed importance; pinned memories never.

        Without `below` nothing fades away: decay only lowers ranks. A deadline ends pinned memories as well. Returns counts.
        """
        chosen, least = _optional(channel), None if below is None else fraction(below, "below")
        return await self._call(lambda parts: parts.maintainer.forget(chosen, least, dry_run=bool(dry_run)))

    async def forget_user(self, user: str, *, channel: str | None = None) -> dict[str, Any]:
        """Remove a viewer from store, indices, graph, facts, summaries and caches of one channel or of all; returns what went."""
        name, chosen = name_field(user, "user"), _optional(channel)
        return await self._call(lambda parts: parts.forget_user(name, chosen))

    async def summarize_episode(self, channel: str = "default", *, session: str | None = None) -> dict[str, Any] | None:
        """Close the channel's open episode, or take a whole session, and store its summary; None when nothing was said."""
        chosen = None if session is None else name_field(session, "session")
        return await self._call(lambda parts: parts.maintainer.summarize(_channel(channel), chosen))

    async def related_entities(
        self, entity: str, *, channel: str = "default", hops: int = 1, limit: int = 10
    ) -> list[dict[str, Any]]:
        """What the knowledge graph connects with an entity or a viewer, the strongest first, with the memories it knows it from."""
        return await self._call(lambda parts: parts.related(_channel(channel), name_field(entity, "entity"), hops, limit))

    async def facts(
        self, subject: str, *, channel: str = "default", attribute: str | None = None, as_of: Any = None
    ) -> list[dict[str, Any]]:
        """What is known of a subject, the current first, then what it superseded."""
        moment = None if as_of is None else seconds(as_of, "as_of")
        asked, wanted = name_field(subject, "subject"), None if attribute is None else name_field(attribute, "attribute")
        return await self._call(lambda parts: parts.facts(_channel(channel), asked, wanted, moment))

    async def contradictions(self, *, channel: str = "default") -> list[dict[str, Any]]:
        """Claims of different people that cannot both be true."""
        return await self._call(lambda parts: parts.contradictions(_channel(channel)))

    async def stats(self, channel: str | None = None) -> dict[str, Any]:
        """Counts, sizes and what the maintainer did."""
        chosen = _optional(channel)
        return await self._call(lambda parts: parts.stats(chosen))

    async def audit(self, channel: str | None = None) -> dict[str, Any]:
        """What should not be in the store: duplicates, bots, copypasta, echoes, personal data; ids, never texts."""
        chosen = _optional(channel)
        return await self._call(lambda parts: parts.audited(chosen))

    async def export_memories(
        self, path: Path | str, *, channel: str | None = None, progress: Callable[[int], None] | None = None
    ) -> int:
        """Write all memories as JSON lines; returns how many."""
        chosen = _optional(channel)
        return await self._call(lambda parts: parts.export(Path(path), chosen, progress))

    async def import_memories(
        self, path: Path | str, *, channel: str | None = None, progress: Callable[[int], None] | None = None
    ) -> dict[str, Any]:
        """Store what `export_memories` wrote; doing it twice stores nothing twice."""
        chosen = _optional(channel)
        return await self._call(lambda parts: parts.import_(Path(path), chosen, progress))

    async def rebuild(self, channel: str | None = None, *, progress: Callable[[int, int], None] | None = None) -> dict[str, Any]:
        """Build the indices anew from the store; returns counts."""
        chosen = _optional(channel)
        return await self._call(lambda parts: parts.rebuild(chosen, progress))

    async def maintain(self) -> dict[str, Any]:
        """Run one round of the maintainer now; for replays, where it does not run by itself."""
        return await self._call(lambda parts: parts.maintainer.round(force=True))

    async def use_knowledge(self, path: Path | str) -> dict[str, Any]:
        """Mount another knowledge set in place of the present one; searches under way finish with the old one."""
        return await self._call(lambda parts: parts.use_knowledge(Path(path)))

    async def _call(self, work: Callable[[Parts], Result]) -> Result:
        if self._closed:
            raise NotReady("the memory system is closed")
        return await asyncio.get_running_loop().run_in_executor(self._pool, functools.partial(self._run, work))

    def _run(self, work: Callable[[Parts], Result]) -> Result:
        with self._idle:
            if self._closed:
                raise NotReady("the memory system is closed")
            self._running += 1
        try:
            return work(self._opened())
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def _opened(self) -> Parts:
        with self._opening:
            if self._parts is None:
                self._parts = opening.open_parts(
                    self._path, self._embedder, self._summariser, self._knowledge, self._config, self._clock,
                    read_only=self._read_only, settings=Settings.read(),
                )  # fmt: skip
            return self._parts

    def _end(self) -> None:
        with self._idle:
            self._idle.wait_for(lambda: self._running == 0)
        parts, self._parts = self._parts, None
        if parts is not None:
            parts.close()


def _channel(value: str) -> str:
    return name_field(value, "channel")


def _optional(value: str | None) -> str | None:
    return None if value is None else _channel(value)

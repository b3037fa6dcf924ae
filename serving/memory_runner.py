"""The memory of the process: one `NeuralMemorySystem`, so one writer, and many readers.

Calls go in and outcomes come out in bulk and as plain values, errors included: the runner can move into a process of its own (one
crossing for a whole burst of chat) and its callers stay as they are.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hikari.errors import BadInput, NotReady
from hikari.fields import name_field
from hikari.memory.answers import Page
from hikari.memory.system import THREADS, NeuralMemorySystem
from hikari.settings import Settings
from hikari.threads import one_blas_thread
from serving.calls import Call, Calls, Outcome
from serving.shipped import DATA, INDICES

READS = frozenset({"retrieve_memories", "get_memory", "related_entities", "facts", "contradictions", "recent", "stats"})
WRITES = frozenset({"store_memory", "store_memories", "update_memory", "delete_memory", "said"})
LONG = frozenset({"consolidate", "forget", "forget_user", "summarize_episode", "audit", "reload_knowledge"})
"""Calls that may go through the whole store: one at a time, so that they never hold more than one of the memory's threads."""
WRITES_AT_ONCE = THREADS // 2
"""Writes share commits, so a few at once are enough, and a flood of them leaves threads to the readers."""


class MemoryRunner:
    """Holds the memory: opens it at the start, answers while it is open, drains it at the end."""

    def __init__(self, make: Callable[[], NeuralMemorySystem] = NeuralMemorySystem) -> None:
        """`make` gives the memory when it is time to open it; the default is the one of `HIKARI_HOME`."""
        self._make = make
        self._memory: NeuralMemorySystem | None = None
        lanes: dict[str, asyncio.Semaphore | None] = {
            **dict.fromkeys(READS),
            **dict.fromkeys(WRITES, asyncio.Semaphore(WRITES_AT_ONCE)),
            **dict.fromkeys(LONG, asyncio.Semaphore(1)),
        }
        self._calls = Calls("the memory", self._ask, lanes)

    @property
    def is_ready(self) -> bool:
        """Whether the store is open and calls are answered."""
        return self._memory is not None and self._memory.is_open

    async def open(self) -> None:
        """Open encoder, store and indices. Raises `NotReady`, `BadBundle`, `StoreBusy`, `BadStore`."""
        self._memory = await asyncio.to_thread(self._make)
        one_blas_thread()
        await self._memory.open()

    async def close(self) -> None:
        """Finish what was accepted, also for callers that gave up waiting; then save and close."""
        await self._calls.drain()
        if self._memory is not None:
            await self._memory.close()

    async def run(self, calls: Sequence[Call]) -> list[Outcome]:
        """Run calls side by side; an outcome for each, in order. See `Calls`."""
        return await self._calls.run(calls)

    async def _ask(self, method: str, arguments: Mapping[str, Any]) -> Outcome:
        if self._memory is None or not self._memory.is_open:
            raise NotReady("the memory is not open")
        if method == "reload_knowledge":
            return {"answer": await self._memory.use_knowledge(knowledge_path(**arguments))}
        answer = await getattr(self._memory, method)(**arguments)
        return {"answer": list(answer), "cursor": answer.cursor} if isinstance(answer, Page) else {"answer": answer}


def knowledge_path(path: str | None = None, settings: Settings | None = None) -> Path:
    """The folder of a knowledge set: the default one, or `path` (relative: below `HIKARI_HOME/indices`, then below the shipped indices).

    Whoever may call over the network names sets, not files: a path that leads out of these folders is refused with `BadInput`.
    """
    roots = [(settings or Settings.read()).home.absolute() / INDICES, (DATA / INDICES).absolute()]
    wanted = "knowledge" if path is None else name_field(path, "path")
    try:
        inside = [root / wanted for root in roots if (root / wanted).resolve().is_relative_to(root.resolve())]
        found = next((folder for folder in inside if folder.is_dir()), inside[0] if inside else None)
    except (OSError, ValueError):  # a name that no file system takes
        found = None
    if found is None:
        raise BadInput("path must name a folder below the indices of HIKARI_HOME or of the installation", field="path")
    return found

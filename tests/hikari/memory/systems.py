"""Memory systems for tests: real store and indices in the test's folder, a hashing encoder, a clock that stands until it is moved."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine, Generator
from pathlib import Path
from typing import Any, TypeVar

from hikari.memory.config import MemoryConfig
from hikari.memory.core import Core
from hikari.memory.entities import EntityRecogniser
from hikari.memory.extraction import Extractor
from hikari.memory.hash_embedder import HashEmbedder
from hikari.memory.opening import Parts
from hikari.memory.system import NeuralMemorySystem

DAY = 86_400.0
START = 1_700_000_000.0
DIMENSION = 96
Result = TypeVar("Result")


class Clock:
    """Epoch seconds that only change when a test says so."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine with a bound on its time, so that a hang fails."""
    return asyncio.run(asyncio.wait_for(work, 60))


def config(**changes: Any) -> MemoryConfig:
    return MemoryConfig(**{"maintenance": False, **changes})


def system(folder: Path, clock: Clock | None = None, *, seed: int = 0, **options: Any) -> NeuralMemorySystem:
    """A system without a background maintainer; keyword arguments of `MemoryConfig` go there."""
    own = {name: options.pop(name) for name in ("embedder", "knowledge", "read_only", "summariser") if name in options}
    own.setdefault("embedder", HashEmbedder(DIMENSION, seed))
    return NeuralMemorySystem(folder, config=config(**options), clock=clock or Clock(), **own)


@contextlib.asynccontextmanager
async def opened(folder: Path, clock: Clock | None = None, **options: Any) -> AsyncGenerator[NeuralMemorySystem]:
    memory = system(folder, clock, **options)
    try:
        await memory.open()
        yield memory
    finally:
        await memory.close()


def parts(memory: NeuralMemorySystem) -> Parts:
    """What an open system is made of."""
    return memory._opened()


@contextlib.contextmanager
def core(folder: Path, clock: Clock | None = None, **options: Any) -> Generator[Core]:
    """The synchronous inside alone."""
    extractor = None if options.get("extract") is False else Extractor(EntityRecogniser())
    made = Core(folder, HashEmbedder(DIMENSION), extractor, config(**options), clock or Clock())
    try:
        yield made
    finally:
        made.close()


def contents(rows: list[dict[str, Any]]) -> list[str]:
    return [row["content"] for row in rows]


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


def found_in_files(folder: Path, needle: str) -> int:
    """How often the bytes of `needle`, in any ASCII case, occur in the files below `folder`, deleted rows included."""
    folded = needle.casefold().encode()
    return sum(path.read_bytes().lower().count(folded) for path in sorted(folder.rglob("*")) if path.is_file())

"""What an engine remembers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Memory:
    """One memory; times in epoch seconds."""

    id: str
    channel: str
    content: str
    memory_type: str
    tier: Literal["short_term", "long_term", "episodic"]
    metadata: dict[str, Any]
    importance: float
    timestamp: float
    pinned: bool
    expires_at: float | None
    current: bool


@dataclass(frozen=True, kw_only=True)
class Found(Memory):
    """A memory that answers a query; `explain` holds the parts of its score where they were asked for."""

    score: float
    explain: dict[str, float] | None = None


@dataclass(frozen=True)
class Page:
    """Memories, best first, and how to get the next ones: `cursor` is None on the last page."""

    found: tuple[Found, ...]
    cursor: str | None

    def __iter__(self) -> Iterator[Found]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def __getitem__(self, place: int) -> Found:
        return self.found[place]


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A memory that is on disk."""

    id: str

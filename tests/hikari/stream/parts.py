"""The parts of an engine small enough to see through: every answer follows from the row, and a test says what breaks."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

from hikari.errors import HikariError
from hikari.stream.messages import StreamMessage

Row = dict[str, Any]
Result = TypeVar("Result")
NOW = 1_700_000_000.0


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine with a bound on its time, so that a hang fails."""
    return asyncio.run(asyncio.wait_for(work, 60))


def message(text: str = "a nice long message for you", user: str = "ann", **more: Any) -> StreamMessage:
    return StreamMessage(**{"id": None, "channel": "default", "username": user, "text": text, "timestamp": NOW, **more})


def analysis(text: str, *, toxic: bool = False, asks: bool = False, score: float = 0.1) -> Row:
    """An answer of the analyser's shape."""
    return {
        "sentiment": {"aggregate": {"score": score, "label": "neutral"}, "transformer": {}, "vader": None, "emoji": None},
        "emotion": {"primary": "neutral", "scores": {}, "labels": []},
        "toxicity": {"is_toxic": toxic, "score": 0.9 if toxic else 0.01, "scores": {}, "labels": ["toxic"] if toxic else []},
        "context": {
            "user_trend": {"mood": score, "direction": "steady", "messages": 1},
            "global_trend": {"mood": score, "direction": "steady", "messages": 1},
            "question": {"asks": asks, "probability": 0.9 if asks else 0.1},
        },
        "response_recommendation": {"tone": "neutral", "priority": "low", "respond": False, "reason": "x"},
        "model": {"name": "text", "version": "0", "fingerprint": "f"},
        "latency_ms": 0.0,
        "seen": text,
    }


class SmallParts:
    """Keeps what it was asked; `poison` are texts that break a whole call, `gate` holds the analysis back until it is set."""

    def __init__(self, poison: Iterable[str] = (), gate: asyncio.Event | None = None) -> None:
        self.poison = set(poison)
        self.gate = gate
        self.begun = asyncio.Event()
        """Set by the first call of `analyze`."""
        self.analyzed: list[list[str]] = []
        self.counted: list[str] = []
        self.remembered: list[Row] = []
        self.failures: list[Exception] = []
        """What the next calls of `remember` raise."""
        self.refuse: HikariError | None = None
        """What every call of `analyze` raises."""
        self.on_count: Callable[[list[Row]], None] = lambda rows: None

    async def analyze(self, rows: list[Row], /) -> list[Row]:
        self.analyzed.append([row["text"] for row in rows])
        self.begun.set()
        if self.gate is not None:
            await self.gate.wait()
        await asyncio.sleep(0)
        if self.refuse is not None:
            raise self.refuse
        if any(row["text"] in self.poison for row in rows):
            raise ZeroDivisionError
        return [{"id": row["id"], **analysis(row["text"], asks="?" in row["text"])} for row in rows]

    async def count(self, rows: list[Row], /) -> list[Row]:
        self.on_count(rows)
        await asyncio.sleep(0)
        self.counted += [row["message"] for row in rows]
        return [
            {"counted": True, "stream": 0, "messages_in_slot": 1, "stream_chatters": 1, "hype": [], "alerts": []} for _ in rows
        ]

    async def remember(self, rows: list[Row], /) -> list[str | Row]:
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        self.remembered += rows
        return [f"stored-{row['id']}" for row in rows]

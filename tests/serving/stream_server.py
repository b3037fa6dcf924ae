"""The sockets over a real uvicorn and the real pipeline; the three parts answer at once, always the same."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from hikari.settings import Settings
from serving import app as routes
from serving.calls import Call, Outcome
from serving.chat import Chat
from serving.front import front
from serving.live import Live

NEUTRAL = dict.fromkeys(("anger", "disgust", "fear", "joy", "sadness", "surprise"), 0.0) | {"neutral": 1.0}
TREND = {"mood": 0.0, "direction": "steady", "messages": 1}
ANALYSIS: dict[str, Any] = {
    "sentiment": {
        "aggregate": {"score": 0.0, "label": "neutral"},
        "transformer": {"score": 0.0, "probabilities": {"negative": 0.0, "neutral": 1.0, "positive": 0.0}},
        "vader": None,
        "emoji": None,
    },
    "emotion": {"primary": "neutral", "scores": NEUTRAL, "labels": ["neutral"]},
    "toxicity": {"is_toxic": False, "score": 0.0, "scores": {"toxic": 0.0}, "labels": []},
    "context": {"user_trend": TREND, "global_trend": TREND, "question": {"asks": False, "probability": 0.0}},
    "response_recommendation": {"tone": "warm", "priority": "low", "respond": False, "reason": "small talk"},
    "model": {"name": "none", "version": "0", "fingerprint": "0" * 16},
    "latency_ms": 0.0,
}
INSIGHTS: dict[str, Any] = {
    "counted": True, "stream": 0, "messages_in_slot": 1, "stream_chatters": 1, "hype": [], "alerts": [],
}  # fmt: skip


class Instant:
    """All three parts."""

    async def run(self, calls: Sequence[Call]) -> list[Outcome]:
        return [self._outcome(call["method"], call["arguments"]) for call in calls]

    def _outcome(self, method: str, arguments: dict[str, Any]) -> Outcome:
        match method:
            case "analyze_batch":
                return {"answer": [{"id": row.get("id"), **ANALYSIS} for row in arguments["messages"]]}
            case "process_chat_batch":
                return {"answer": [dict(INSIGHTS) for _ in arguments["rows"]]}
            case "store_memories":
                return {"answer": [row["id"] for row in arguments["rows"]]}
            case "stats":
                return {"answer": {"cache": None}}
            case _:
                return {"error": {"code": "not_found", "message": "nothing is known"}}


@dataclass
class Parts:
    """What the routes are answered by."""

    sentiment: Instant
    memory: Instant
    analytics: Instant
    live: Live
    chat: Chat


@asynccontextmanager
async def streaming(folder: Path, **environment: str) -> AsyncIterator[tuple[str, Live]]:
    """The address of a running server, and its stream."""
    settings, part = Settings.read({"HIKARI_HOME": str(folder), **environment}), Instant()

    async def ready() -> bool:
        return True

    live = Live(part, part, part, dict.fromkeys(("sentiment", "memory", "analytics"), ready), settings=settings)
    parts = Parts(part, part, part, live, Chat(live, part))
    config = uvicorn.Config(front(routes.build(lambda: parts), settings), port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started:  # noqa: ASYNC110 - uvicorn tells it no other way
            await asyncio.sleep(0)
        await live.start()
        yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", live
    finally:
        await live.close()
        server.should_exit = True
        await serving
        for number, handler in handlers.items():
            signal.signal(number, handler)

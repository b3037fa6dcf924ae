"""The objects that go out, as JSON values: over WebSockets, in answers, and in msgpack over Redis."""

from collections.abc import Mapping
from typing import Any

from hikari import __version__
from hikari.errors import HikariError
from hikari.stream.messages import StreamMessage

VERSION = 1
Event = dict[str, Any]


def hello_event(channels: list[str] | None = None) -> Event:
    """The first object on a connection; `channels` are those that it hears of, None for all."""
    return {"type": "hello", "v": VERSION, "id": None, "name": "hikari", "version": __version__, "channels": channels}


def analysis_event(
    message: StreamMessage,
    analysis: Mapping[str, Any],
    insights: Mapping[str, Any] | None,
    memory: Mapping[str, Any] | None,
    latency_ms: float | None,
) -> Event:
    """What is known of one message; `memory` says what became of it there (see `remembering.py`), None when nothing is remembered."""
    return {
        "type": "analysis",
        "v": VERSION,
        "id": message.id,
        "channel": message.channel,
        "username": message.username,
        "text": message.text,
        "timestamp": message.timestamp,
        "sentiment": analysis["sentiment"],
        "emotion": analysis["emotion"],
        "toxicity": analysis["toxicity"],
        "context": analysis["context"],
        "response_recommendation": analysis["response_recommendation"],
        "model": analysis["model"],
        "insights": insights,
        "memory": memory,
        "latency_ms": latency_ms,
        # What the sender said of itself; who picks replies wants to know.
        "roles": list(message.roles),
        "paid": message.paid,
    }


def error_event(identifier: Any, error: HikariError | Mapping[str, Any], channel: str | None = None) -> Event:
    """Why a message has no analysis."""
    shape = error.as_dict() if isinstance(error, HikariError) else dict(error)
    return {"type": "error", "v": VERSION, "id": identifier, **({} if channel is None else {"channel": channel}), "error": shape}


def stored_event(channel: str, memories: Mapping[str, str], failed: int = 0) -> Event:
    """Memories that are on disk from now on: `memories` maps the memory's id to what it was stored as (an equal one may have been there
    before). Comes after the analyses that said `accepted`."""
    return {"type": "stored", "v": VERSION, "id": None, "channel": channel, "memories": dict(memories), "failed": failed}

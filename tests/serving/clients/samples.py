"""Events as the engine sends them."""

from typing import Any

TREND = {"mood": 0.1, "direction": "steady", "messages": 3}
READING: dict[str, Any] = {
    "sentiment": {
        "aggregate": {"score": 0.25, "label": "neutral"},
        "transformer": {"score": 0.1, "probabilities": {"negative": 0.2, "neutral": 0.5, "positive": 0.3}},
        "vader": None,
        "emoji": {"score": 0.8, "symbols": [{"name": "PogChamp", "polarity": 0.8, "emotion": "joy"}]},
    },
    "emotion": {"primary": "joy", "scores": {"joy": 0.6}, "labels": ["joy"]},
    "toxicity": {"is_toxic": False, "score": 0.01, "scores": {"toxic": 0.01}, "labels": []},
    "context": {"user_trend": TREND, "global_trend": TREND, "question": {"asks": True, "probability": 0.9}},
    "response_recommendation": {"tone": "helpful", "priority": "high", "respond": True, "reason": "a question"},
    "model": {"name": "text", "version": "1", "fingerprint": "abc", "language": "de", "language_supported": False},
}


def analysis(identifier: str = "m1", text: str = "can you play undertale next?") -> dict[str, Any]:
    """A message that was understood."""
    return {
        "type": "analysis", "v": 1, "id": identifier, "channel": "lobby", "username": "kai", "text": text, "timestamp": 1_700_000_000.5,
        **READING, "insights": None, "memory": {"accepted": True, "importance": 0.6}, "latency_ms": 4.5, "roles": [], "paid": None,
        "new in version 9": [{}],
    }  # fmt: skip


HELLO: dict[str, Any] = {"type": "hello", "v": 1, "id": None, "name": "hikari", "version": "0.1.0", "channels": None}
ALERT: dict[str, Any] = {
    "type": "alert", "v": 1, "id": "a1", "channel": "lobby", "timestamp": 1.0, "kind": "raid", "priority": "high", "silent": False,
    "message": "many new people at once", "detail": {"newcomers": 40},
}  # fmt: skip
STORED: dict[str, Any] = {"type": "stored", "v": 1, "id": None, "channel": "lobby", "memories": {"m1": "abc"}, "failed": 0}
SNAPSHOT: dict[str, Any] = {
    "type": "snapshot", "v": 1, "id": 1, "channel": "lobby", "timestamp": 1.0, "minute": {}, "mood": {}, "hype": {}, "health": {},
}  # fmt: skip
FORBIDDEN: dict[str, Any] = {
    "type": "error", "v": 1, "id": None, "error": {"code": "forbidden", "message": "this key is for other channels"},
}  # fmt: skip

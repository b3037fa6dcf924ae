"""The golden replay: a committed stream through a committed small model, and what is compared of it."""

import json
from pathlib import Path
from typing import Any

from hikari.memory.hash_embedder import HashEmbedder
from hikari.stream.replay import ReplayOptions, replay

GOLDEN = Path(__file__).parent / "golden"


def options(**changes: Any) -> ReplayOptions:
    return ReplayOptions(**{"bundle": GOLDEN / "bundle", "embedder": HashEmbedder(96), **changes})


async def replayed(target: Path, source: Path = GOLDEN / "stream.jsonl", **changes: Any) -> dict[str, Any]:
    """Replay into `target`, by default the golden stream with the golden model."""
    return await replay(source, target, options(**changes))


def skeleton(events: Path) -> list[str]:
    """One line an event: what was decided of it. Scores are compared elsewhere, their last digits belong to the processor."""
    lines: list[str] = []
    for event in map(json.loads, events.read_text(encoding="utf-8").splitlines()):
        if event["type"] != "analysis":
            lines.append(f"{event['type']} {event.get('kind', '')}")
            continue
        advice, memory = event["response_recommendation"], event["memory"]
        labels = ",".join(event["toxicity"]["labels"]) or "-"
        asks = "asks" if event["context"]["question"]["asks"] else "-"
        moods = (event["sentiment"]["aggregate"]["label"], event["emotion"]["primary"], labels, asks)
        chatters = event["insights"]["stream_chatters"]
        parts = (event["id"], *moods, advice["tone"], advice["priority"], memory.get("kept_out", "kept"), chatters)
        lines.append("\t".join(map(str, parts)))
    return lines

"""Teaching an analyser unknown emotes, and what it shows of them."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hikari import AdvancedSentimentAnalyzer
from hikari.sentiment.emote_evidence import LearningConfig
from hikari.settings import Settings

Result = TypeVar("Result")
NOW = 1_700_000_000.0
DAY = 86_400.0
GOOD = "i love this great game"
PROBE = "@ann mikaLove"
"""Says nothing beside the emote, so it teaches nothing."""
CONFIG = LearningConfig(save_every_s=0.0)


def run(work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(asyncio.wait_for(work, 120))


def analyzer(bundle: Path, **options: Any) -> AdvancedSentimentAnalyzer:
    return AdvancedSentimentAnalyzer(bundle, threads=1, **{"clock": lambda: NOW, "learning": CONFIG, **options})


async def teach(
    one: AdvancedSentimentAnalyzer,
    name: str = "mikaLove",
    *,
    viewers: int = 8,
    channel: str = "default",
    text: str = GOOD,
    at: float = NOW,
) -> None:
    """Two messages of each viewer with the emote."""
    rows = [{"text": f"{text} {name}", "username": f"viewer{n}", "timestamp": at} for n in range(viewers) for _ in range(2)]
    await one.analyze_batch(rows, channel=channel)


async def symbols(one: AdvancedSentimentAnalyzer, text: str = PROBE, channel: str = "default") -> list[str]:
    emoji = (await one.analyze_message(text, "somebody", channel=channel))["sentiment"]["emoji"]
    return [] if emoji is None else [symbol["name"] for symbol in emoji["symbols"]]


def shown(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in rows}


def learned_folder() -> Path:
    return Settings.read().home / "emotes_learned"

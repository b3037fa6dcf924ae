"""What is sent: a simulated stream, and texts of which none comes twice."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hikari.analytics.simulator import streams
from hikari.analytics.simulator_config import SimulationConfig
from tests.benchmarks.synthetic import texts_around
from training import corpus

ROOT = Path(__file__).parents[3]
PAID_EVERY = 100
LENGTH = 60
"""Chat is short: of the corpus the texts of at most so many characters, as in `test_speed.py`."""


def stream(rate: float, seed: int) -> Iterator[dict[str, Any]]:
    """Messages of simulated streams, one after another without end; one in `PAID_EVERY` is paid. Times are left to who sends them."""
    config = SimulationConfig(profile="busy", rate=rate * 60, hours=1.0)
    rows = itertools.chain.from_iterable(one.rows() for one in streams(1_000, seed, config))
    for number, row in enumerate(rows):
        yield {"username": row["username"], "text": row["message"], "paid": number % PAID_EVERY == PAID_EVERY - 1}


def distinct(seed: int) -> Iterator[str]:
    """Chat messages recombined from those of the corpus, each of them new."""
    base = [row.text for split in corpus.SPLITS for row in corpus.read_split(split, ROOT / corpus.FOLDER)]
    base = [text for text in base if len(text) <= LENGTH]
    met: set[str] = set()
    for text in texts_around(base, 10_000_000, seed):
        if text.lower() not in met and len(text) <= LENGTH:
            met.add(text.lower())
            yield text


def rows(texts: list[str], channel: str, field: str = "text") -> list[dict[str, Any]]:
    """The texts as messages of different viewers."""
    return [{"id": n, "channel": channel, "username": f"viewer{n % 997}", field: text} for n, text in enumerate(texts)]


def as_json(value: Any) -> str:
    """The smallest JSON of a value."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

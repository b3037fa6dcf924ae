"""The mood of recorded messages by VADER and the symbols' lexicon: what stands in for the text model where a million are replayed.

Like the text model it has a score for every message: 0 where no member knows a word. The engagement model sees sentiment against the
channel's own past (`hikari.analytics.engagement_norms`), so that the scale of whoever scores does not matter to it.
"""

from collections.abc import Sequence

from hikari.sentiment import symbols, text, vader
from hikari.sentiment.ensemble import SEED
from training.streams import Signals

NAME = "lexicon-1"
"""Raised with the way the score is computed: it names caches of scored features."""


def lexicon_mood(texts: Sequence[str]) -> list[Signals]:
    """(sentiment -1..1, None, None) of each text: the seed ensemble without its text model."""

    return [(_score(each), None, None) for each in texts]


def _score(message: str) -> float:
    reading = text.read(message)
    found = vader.score(reading.plain)
    negative, _, positive = SEED.combine(None, None if found is None else found["score"], symbols.score(reading.symbols))
    return positive - negative

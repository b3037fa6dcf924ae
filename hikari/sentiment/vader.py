"""VADER (Hutto and Gilbert, 2014): a rule and lexicon score for social-media text, as one member of the ensemble."""

from functools import cache
from typing import Any

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # pyright: ignore[reportMissingTypeStubs]


@cache
def _analyzer() -> Any:
    analyzer: Any = SentimentIntensityAnalyzer()
    # It would read an emoji by its name, in which the fire of praise is a catastrophe; emoji have a member of their own.
    analyzer.emojis.clear()
    return analyzer


def score(text: str) -> dict[str, float] | None:
    """`{score, positive, neutral, negative}` with `score` the compound value in [-1, 1]; None when VADER knows no word of it."""
    values: dict[str, float] = _analyzer().polarity_scores(text)
    if values["pos"] == 0 and values["neg"] == 0:
        return None
    return {
        "score": values["compound"],
        "positive": values["pos"],
        "neutral": values["neu"],
        "negative": values["neg"],
    }

"""VADER (Hutto and Gilbert, 2014): a rule and lexicon score for social-media text, as one member of the ensemble.

Its lexicon is of 2014 and of tweets; `lexicons/chat_words.tsv` says what words mean in the chat of a stream.
"""

from functools import cache
from importlib import resources
from typing import Any

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # pyright: ignore[reportMissingTypeStubs]


@cache
def _analyzer() -> Any:
    analyzer: Any = SentimentIntensityAnalyzer()
    # It would read an emoji by its name, in which the fire of praise is a catastrophe; emoji have a member of their own.
    analyzer.emojis.clear()
    analyzer.lexicon.update(chat_words())
    return analyzer


@cache
def chat_words() -> dict[str, float]:
    """Word -> valence from -4 to 4, in place of VADER's own where it has one."""
    content = (resources.files("hikari.sentiment") / "lexicons" / "chat_words.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in content.splitlines()[1:])
    return {word: float(valence) for word, valence, _ in rows}


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

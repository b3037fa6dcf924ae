"""Where the scores of a text may come from instead of the model: the protocol of the analyser's cache, and what a key is made of.

Scores are a function of the text, the model and the channel's symbols, so they may be kept by content; trends and recommendations are
not kept, they depend on who says it and when.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Protocol

from hikari.fields import clean_characters
from hikari.sentiment.scores import MessageScores
from hikari.sentiment.text import MAX_CHARACTERS

KEY_BYTES = 16


class ScoreCache(Protocol):
    """Keeps scores under keys; safe to call from several threads, forgets what it likes and never fails."""

    def get(self, keys: Sequence[bytes], /) -> Mapping[bytes, MessageScores]:
        """What is known under some of the keys."""
        ...

    def put(self, entries: Mapping[bytes, MessageScores], /) -> None:
        """Keep what was just computed."""
        ...


def score_key(model: bytes, symbols: bytes, text: str) -> bytes:
    """The key of a text: `model` names the model with its ensemble, `symbols` the channel's lexicon.

    What the analyser drops before it reads a text makes no difference.

    >>> score_key(b"m", b"", "good  game") == score_key(b"m", b"", "good game")
    True
    """
    read = clean_characters(text)[:MAX_CHARACTERS].rstrip()
    return sha256(b"\0".join((model, symbols, read.encode("utf-8", "replace")))).digest()[:KEY_BYTES]

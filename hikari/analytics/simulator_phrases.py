"""The words of simulated chats: patterns, games, emotes and names of `simulator_phrases.json`, all of our own writing.

Every slot of a pattern stands for one word, so the number of words of a message is known before its slots are filled.
"""

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from hikari.analytics.simulator_config import MAX_WORDS

_CONTENT: dict[str, Any] = json.loads(
    resources.files("hikari.analytics").joinpath("simulator_phrases.json").read_text(encoding="utf-8")
)
_FRAGMENT = 4
"""A message of several patterns has no shorter ones among them but for the last."""
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern as pieces of text with the names of the slots between them: one slot fewer than pieces."""

    text: str
    pieces: tuple[str, ...]
    slots: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "Pattern":
        """The pattern of a text with slots in braces."""
        parts = _SLOT.split(text)
        return cls(text, tuple(parts[::2]), tuple(parts[1::2]))


@dataclass(frozen=True, slots=True)
class Bank:
    """Patterns of one kind, sorted by their number of words; `lengths` are those numbers."""

    patterns: tuple[Pattern, ...]
    lengths: tuple[int, ...]
    ranges: tuple[tuple[int, int], ...]
    """`choices` for 0, 1, ... `MAX_WORDS` words."""

    @classmethod
    def of(cls, *groups: Sequence[str]) -> "Bank":
        """A bank of all patterns of some groups."""
        patterns = sorted((pattern for group in groups for pattern in group), key=lambda pattern: len(pattern.split()))
        lengths = tuple(len(pattern.split()) for pattern in patterns)
        ranges = tuple(_choices(lengths, words) for words in range(MAX_WORDS + 1))
        return cls(tuple(map(Pattern.of, patterns)), lengths, ranges)


def _choices(lengths: tuple[int, ...], words: int) -> tuple[int, int]:
    """The range of patterns to choose from for `words` more words: of just that length, else of fewer; (0, 0) where all are longer."""
    low, high = bisect_left(lengths, words), bisect_right(lengths, words)
    if low < high or not high:
        return low, high
    return bisect_left(lengths, min(_FRAGMENT, lengths[high - 1])), high


STREAMER: str = _CONTENT["streamer"]
GAMES: dict[str, list[str]] = _CONTENT["games"]
TALK = "Chatting"
GAME_NAMES = tuple(name for name in GAMES if name not in (TALK, "Karaoke"))
SEGMENT_NAMES = tuple(GAMES)
SLOTS: dict[str, list[str]] = _CONTENT["slots"]
EMOTES: dict[str, list[str]] = _CONTENT["emotes"]
EMOTE_NAMES = tuple(sorted({name for group in EMOTES.values() for name in group}))
CHANTS: tuple[str, ...] = tuple(_CONTENT["chants"])
COPYPASTA: dict[str, list[str]] = _CONTENT["copypasta"]
ORIGINS: tuple[str, ...] = tuple(_CONTENT["origins"])
TOPICS: tuple[str, ...] = tuple(_CONTENT["topics"])
FIRST_NAMES: tuple[str, ...] = tuple(_CONTENT["names"]["first"])
SECOND_NAMES: tuple[str, ...] = tuple(_CONTENT["names"]["second"])

_PHRASES: dict[str, list[str]] = _CONTENT["phrases"]
BANKS = {kind: Bank.of(patterns) for kind, patterns in _PHRASES.items()}
FILLER = Bank.of(_PHRASES["chatter"], _PHRASES["reaction"], _PHRASES["positive"])
"""What long messages go on with."""

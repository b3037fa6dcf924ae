"""Which words of a message may be emotes that no lexicon knows, and what the message says without them.

Every channel has emotes of its own, and their names have a shape: the channel's prefix in lower case and a capital behind it (`mikaLove`).
Names that begin with a capital or hold nothing else are mostly people, games and shouting; of those only the families that all of
Twitch shares count (`PepeArrive`, `KEKLEO`). Matching is by whole words, as for emotes that are known.
"""

import re
from dataclasses import dataclass

from hikari.fields import clean_characters
from hikari.sentiment.symbols import SymbolLexicon
from hikari.sentiment.text import MAX_CHARACTERS

MAX_NAME_LENGTH = 40
MOST_IN_ONE = 4
"""Of a message with more unknown emotes than this, only the first ones learn from it: a wall of them says little of each."""
_SHAPE = re.compile(
    r"[a-z][a-z0-9]{2,}[A-Z][A-Za-z0-9]*(?:_[A-Z]{2})?"
    r"|(?:Pepe|Pepo|Peepo|Feels|Pog|Kek|Monka|Omega|Giga|Wide)[A-Z][A-Za-z0-9]*"
    r"|(?:KEK|OMEGA|PEPE|PEEPO|MONKA|POG)[A-Z]{2,}"
)
_MAYBE = re.compile(r"[a-z0-9][A-Z]|[KAEOG][A-Z]{3}")
"""Any text that holds a candidate matches; few others do."""
_WRITTEN_SO = (
    "macOS watchOS openAI chatGPT youTube gitHub tikTok playStation faceTime javaScript typeScript discordApp WideScreen"
)
_NO_EMOTES = frozenset(_WRITTEN_SO.split()) | {"POGOS", "POGROM", "POGROMS", "PEPERONI"}
_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sighting:
    """The unknown emotes of a message, each once and in order, and its other words; `rest` is empty where those say nothing."""

    names: tuple[str, ...]
    rest: str


def is_candidate(word: str) -> bool:
    """Whether a word has the shape of a channel's emote.

    >>> [word for word in "mikaLove peepoMika KEKLEO iPhone macOS NOOOO Ann good".split() if is_candidate(word)]
    ['mikaLove', 'peepoMika', 'KEKLEO']
    """
    return len(word) <= MAX_NAME_LENGTH and _SHAPE.fullmatch(word) is not None and word not in _NO_EMOTES


def sighting(text: str, known: SymbolLexicon) -> Sighting | None:
    """The emotes of a raw message that look like some and that `known` does not know; None without any, which is found out fast.

    >>> from hikari.sentiment.symbols import lexicon
    >>> sighting("so happy mikaLove KEKW mikaLove", lexicon())
    Sighting(names=('mikaLove',), rest='so happy KEKW')
    """
    if _MAYBE.search(text) is None:
        return None
    words = clean_characters(text)[:MAX_CHARACTERS].split()
    names = dict.fromkeys(word for word in words if is_candidate(word) and known.emote(word) is None)
    if not names:
        return None
    rest = [word for word in words if word not in names]
    if words[0][0] in "!/" or not any(_says_something(word) for word in rest):
        rest = []
    return Sighting(tuple(names)[:MOST_IN_ONE], " ".join(rest))


def _says_something(word: str) -> bool:
    """Words and symbols do; names of viewers, links and figures alone have no mood."""
    if word[0] == "@" or _LINK.match(word):
        return False
    return not word.isascii() or any(map(str.isalpha, word)) or not word.isalnum()

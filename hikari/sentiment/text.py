"""Turning a raw chat message into the words that the encoder reads; the same function trains and serves.

Chat is not prose: half of the meaning sits in emotes, emoji, stretched words and abbreviations, none of which a general encoder
knows. They are put into plain words here. `VERSION` is part of every model's manifest and changes with the behaviour.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources

from hikari.fields import clean_characters
from hikari.sentiment.symbols import Symbol, SymbolLexicon, lexicon

VERSION = 1
MAX_CHARACTERS = 2_000
"""What lies behind is not read; four times the longest message that a chat platform accepts."""

_URL = re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE)
_MENTION = re.compile(r"(?<!\w)@\w+")
_STRETCH = re.compile(r"([^\W\d_]|[!?.~])\1{2,}")
_SPACED_LETTERS = re.compile(r"(?<!\w)(?:[^\W\d_][ .\-_*]){2,}[^\W\d_](?!\w)")
_WORD = re.compile(r"(?<!\w)[a-z][a-z0-9']*(?!\w)", re.IGNORECASE)
_REPEATED = re.compile(r"(\([^()]*\))(?: \1){2,}")


@dataclass(frozen=True, slots=True)
class Reading:
    """A message as the models see it: `words` for the encoder and VADER's `plain` text without symbols' meanings."""

    words: str
    plain: str
    symbols: tuple[Symbol, ...]
    only_symbols: bool
    """Nothing but emotes, emoji and kaomoji."""


def read(text: str, symbols: SymbolLexicon | None = None) -> Reading:
    """Clean a message and put its symbols into words; never fails, `words` is empty when nothing can be read.

    >>> read("PogChamp this is soooo good @mika_").words.endswith("this is soo good @user")
    True
    """
    clean = clean_characters(text)[:MAX_CHARACTERS].rstrip()
    marked, meanings, found = (lexicon() if symbols is None else symbols).mark(clean)
    words = " ".join(f"({meanings[word]})" if word in meanings else word for word in marked)
    words = unicodedata.normalize("NFKC", words.replace("\u200d", ""))
    words = _MENTION.sub("@user", _URL.sub("link", words))
    words = _SPACED_LETTERS.sub(lambda match: re.sub(r"[ .\-_*]", "", match[0]), words)
    words = _STRETCH.sub(r"\1\1", words)
    words = _REPEATED.sub(r"\1 \1", _WORD.sub(_expand, words))
    return Reading(" ".join(words.split()), clean, tuple(found), bool(marked) and all(word in meanings for word in marked))


def _expand(match: re.Match[str]) -> str:
    return _slang().get(match[0].lower(), match[0])


@cache
def _slang() -> dict[str, str]:
    content = (resources.files("hikari.sentiment") / "lexicons" / "slang.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in content.splitlines()[1:] if line)
    return {row[0]: row[1] for row in rows}

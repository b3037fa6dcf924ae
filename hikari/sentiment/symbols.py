# pyright: reportUnnecessaryIsInstance=false
# Values come over the wire and from disk: their declared types are what is checked here.
"""Emotes, emoji and kaomoji: what they mean, how positive they are, and finding them in a message.

The lexicons are tab-separated files beside this module; `lexicons/*.md` documents where each judgement comes from.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from importlib import resources
from typing import Any

import emoji

from hikari.errors import BadInput

EMOTIONS = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
_COLUMNS = ("name", "provider", "polarity", "emotion", "meaning", "sources", "support")
_CAMEL = re.compile(r"[a-z][A-Z]")
_LOWERCASE_TOO = frozenset(
    [
        "ayaya",
        "copium",
        "deadge",
        "feelsbadman",
        "feelsgoodman",
        "gigachad",
        "hopium",
        "icant",
        "kekw",
        "lulw",
        "lul",
        "madge",
        "omegalul",
        "pog",
        "pogu",
        "poggers",
        "sadge",
        "susge",
        "xdd",
        "peepohappy",
        "peeposad",
        "kappa",
        "pepega",
    ]
)
"""Emotes that people type in lower case and that are no English words; camel-cased names are accepted that way as well."""
_MODIFIERS = re.compile("[\U0001f3fb-\U0001f3ff\ufe0f]")


@dataclass(frozen=True, slots=True)
class Symbol:
    """One emote, emoji or kaomoji; `polarity` in [-1, 1] is how positive a message is that holds nothing else."""

    name: str
    provider: str
    polarity: float
    emotion: str
    meaning: str


class SymbolLexicon:
    """All known symbols, with the lookups that reading a message needs; immutable."""

    def __init__(self, symbols: Iterable[Symbol]) -> None:
        self._emoji: dict[str, Symbol] = {}
        self._words: dict[str, Symbol] = {}
        kaomoji: dict[str, Symbol] = {}
        for symbol in symbols:
            if symbol.provider == "unicode":
                self._emoji[_MODIFIERS.sub("", symbol.name)] = symbol
            elif symbol.provider == "kaomoji":
                kaomoji[symbol.name] = symbol
            elif emoji.is_emoji(plain := _MODIFIERS.sub("", symbol.name)):
                self._emoji[plain] = symbol
            else:
                self._words[symbol.name] = symbol
        self._lowercase = {
            name.lower(): symbol
            for name, symbol in reversed(self._words.items())
            if _CAMEL.search(name) or name.lower() in _LOWERCASE_TOO
        }
        self._kaomoji = kaomoji
        # A search for any of a hundred kaomoji costs more than all else: those that are plain words are looked up as words
        # instead.
        self._plain_kaomoji = {name: symbol for name, symbol in kaomoji.items() if name.isascii() and " " not in name}
        self._spaced_pattern = _alternation(name for name in kaomoji if name.isascii() and " " in name)
        self._other_pattern = _alternation(name for name in kaomoji if not name.isascii())

    def __len__(self) -> int:
        return len(self._emoji) + len(self._words) + len(self._kaomoji)

    @cached_property
    def fingerprint(self) -> bytes:
        """Equal fingerprints mean equal symbols."""
        mine = (*self._emoji.values(), *self._words.values(), *self._kaomoji.values())
        return sha256("\n".join(sorted(map(repr, mine))).encode("utf-8", "replace")).digest()

    def extended(self, symbols: Iterable[Symbol]) -> "SymbolLexicon":
        """A lexicon with further symbols, such as a channel's own emotes; they win over equal names."""
        mine = (*self._emoji.values(), *self._words.values(), *self._kaomoji.values())
        return SymbolLexicon((*mine, *symbols))

    def emote(self, word: str) -> Symbol | None:
        """The emote that a word is, if it is one."""
        return self._words.get(word) or self._lowercase.get(word) or self._plain_kaomoji.get(word)

    def replace(self, text: str) -> tuple[str, list[Symbol]]:
        """Put `(meaning)` in the place of every symbol; returns the new text and the symbols in order of kind and place.

        >>> lexicon().replace("nice KEKW")[0]
        'nice (laughing hard)'
        """
        words, meanings, found = self.mark(text)
        return " ".join(f"({meanings[word]})" if word in meanings else word for word in words), found

    def mark(self, text: str) -> tuple[list[str], dict[str, str], list[Symbol]]:
        """The words of a text with a mark for every symbol, the meaning of each mark, and the symbols found.

        Marks are private-use characters, which `clean_characters` never lets through, so that no meaning is read as a symbol again.
        """
        meanings: dict[str, str] = {}
        found: list[Symbol] = []

        def mark(meaning: str) -> str:
            name = f"\ue000{len(meanings)}\ue001"
            meanings[name] = meaning
            return f" {name} "

        def known(symbol: Symbol) -> str:
            found.append(symbol)
            return mark(symbol.meaning)

        def of_emoji(chars: str, _: Any) -> str:
            symbol = self._emoji.get(chars)
            return known(symbol) if symbol else mark(re.sub("[_-]", " ", emoji.demojize(chars, delimiters=("", ""))))

        if self._spaced_pattern is not None:
            text = self._spaced_pattern.sub(lambda match: known(self._kaomoji[match[0]]), text)
        if not text.isascii():
            if self._other_pattern is not None:
                text = self._other_pattern.sub(lambda match: known(self._kaomoji[match[0]]), text)
            text = emoji.replace_emoji(_MODIFIERS.sub("", text), of_emoji)
        words = [known(symbol) if (symbol := self.emote(word)) else word for word in text.split()]
        return " ".join(words).split(), meanings, found


def score(symbols: Iterable[Symbol]) -> float | None:
    """Mean polarity of the symbols, None without any.

    >>> score([]) is None
    True
    """
    polarities = [symbol.polarity for symbol in symbols]
    return sum(polarities) / len(polarities) if polarities else None


def emotion_hint(symbols: Iterable[Symbol]) -> str | None:
    """The commonest emotion among the symbols, neutral only when there is no other."""
    emotions = [symbol.emotion for symbol in symbols]
    strong = [emotion for emotion in emotions if emotion != "neutral"] or emotions
    return max(strong, key=strong.count) if strong else None


def parse_rows(text: str, origin: str) -> list[Symbol]:
    """Read a lexicon file's text. Raises `BadInput` that names the line and what is allowed."""
    lines = text.splitlines()
    header = tuple(lines[0].split("\t")) if lines else ()
    if header[:5] != _COLUMNS[:5]:
        raise BadInput(f"{origin}: the first line must name the columns {', '.join(_COLUMNS[:5])}, separated by tabs")
    symbols: list[Symbol] = []
    for number, line in enumerate(lines[1:], start=2):
        if line:
            cells = line.split("\t")
            if len(cells) < 5:
                raise BadInput(f"{origin}, line {number}: {len(cells)} columns, expected at least 5")
            row: dict[str, Any] = dict(zip(_COLUMNS, cells, strict=False))
            symbols.append(make_symbol(row.pop("name"), row, f"{origin}, line {number}"))
    return symbols


def make_symbol(name: str, row: Mapping[str, Any], origin: str) -> Symbol:
    """One symbol from its parts; `polarity` may be a number or its text. Raises `BadInput`."""
    try:
        polarity = float(row["polarity"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadInput(f"{origin}: polarity must be a number from -1 to 1", field="polarity") from error
    emotion = row.get("emotion", "neutral")
    if not -1 <= polarity <= 1:
        raise BadInput(f"{origin}: polarity must be from -1 to 1, got {polarity:g}", field="polarity")
    if emotion not in EMOTIONS:
        raise BadInput(f"{origin}: emotion must be one of {', '.join(EMOTIONS)}", field="emotion")
    if not isinstance(name, str) or not name or len(name) > 64 or (row.get("provider") != "kaomoji" and name.split() != [name]):
        raise BadInput(f"{origin}: an emote's name is one word of at most 64 characters", field="name")
    meaning = str(row.get("meaning") or emotion)
    return Symbol(name, str(row.get("provider", "channel")), polarity, str(emotion), meaning)


@cache
def lexicon() -> SymbolLexicon:
    """The bundled lexicon: global emotes, emoji and kaomoji."""
    folder = resources.files("hikari.sentiment") / "lexicons"
    symbols: list[Symbol] = []
    for name in ("emotes.tsv", "emoji.tsv", "kaomoji.tsv"):
        symbols += parse_rows((folder / name).read_text(encoding="utf-8"), name)
    return SymbolLexicon(symbols)


def _alternation(names: Iterable[str]) -> re.Pattern[str] | None:
    """Longest first; names of plain characters only between spaces, so that `:3` inside `12:30` stays."""
    ordered = sorted(names, key=len, reverse=True)
    parts = [rf"(?<!\S){re.escape(name)}(?!\S)" if name.isascii() else re.escape(name) for name in ordered]
    return re.compile("|".join(parts)) if parts else None

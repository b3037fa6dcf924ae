"""How texts become terms for the lexical index, the same for what is stored and what is asked."""

import re
import unicodedata
from functools import lru_cache
from typing import Any

VERSION = 1
"""Of the analysis; an index of another version is rebuilt."""
MAX_TERM_BYTES = 40
"""Longer words, and those of just this length, are no words."""

_UNSPACED = re.compile(
    "["
    "\u3040-\u30ff"  # hiragana, katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Chinese characters
    "\u0e00-\u0eff"  # Thai, Lao
    "\uac00-\ud7af"  # Hangul, whose particles stick to the words
    "\U00020000-\U0003134f"
    "]+"
)


@lru_cache(maxsize=1)
def analyzer() -> Any:
    """Words of letters and digits, not too long, lower case, without accents, without English stop words, stemmed (Porter 2)."""
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    building: Any = TextAnalyzerBuilder(Tokenizer.simple())
    for step in (
        Filter.remove_long(MAX_TERM_BYTES),
        Filter.lowercase(),
        Filter.ascii_fold(),
        Filter.stopword("english"),
        Filter.stemmer("english"),
    ):
        building = building.filter(step)
    return building.build()


def prepare(text: str) -> str:
    """A text as the analyser reads it: compatible characters made one, scripts without spaces cut into overlapping pairs.

    >>> prepare("Ｈｉ 東京都!")
    'Hi  東京 京都 !'
    """
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode("utf-8"))
    return _UNSPACED.sub(_pairs, text)


def terms(text: str) -> list[str]:
    """The terms of a text in order; any string will do.

    >>> terms("The cats' running café")
    ['cat', 'run', 'cafe']
    """
    return list(analyzer().analyze(prepare(text)))


def _pairs(match: "re.Match[str]") -> str:
    run = match.group()
    pairs = [run] if len(run) == 1 else [run[at : at + 2] for at in range(len(run) - 1)]
    return f" {' '.join(pairs)} "

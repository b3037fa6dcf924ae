"""Which language a chat message is written in, or that nobody can tell.

Script first: Hangul, Kana, Thai and most others belong to one language, or to the few that the classifier chooses from. Latin script
goes to py3langid (Lui & Baldwin, 2012, https://aclanthology.org/P12-3005: naive Bayes over byte n-grams), among the languages that stream
chats are held in. Chat is mostly English, short and full of names, so another language needs evidence: `MINIMUM_WORDS` words, and odds
against English of at least `MINIMUM_ODDS`. Hindi in Latin letters, which no model at hand knows, is told by its function words; Arabic or
Japanese in Latin letters is not recognised.
"""

import re
import unicodedata
from collections import Counter
from functools import cache, lru_cache
from itertools import groupby
from math import exp
from typing import Any

from hikari.sentiment.text import Reading

VERSION = 1
"""Part of the identity of cached scores; changes with the behaviour."""
MAX_CHARACTERS = 300
"""More adds no certainty."""
MINIMUM_WORDS = 2
"""Different ones, of Latin script: one alone is too often a name, an emote or a loan."""
MINIMUM_RUN = 2
"""Letters of another script side by side: a lone one is a piece of a kaomoji."""
MINIMUM_ODDS = ((6, exp(2.0)), (3, exp(3.5)), (MINIMUM_WORDS, exp(4.0)))
"""From so many words on: the odds of the likeliest other language against English that make a message one in it. Chosen so that below 1 %
of English chat and of the beginnings of English tweets, at each length, count as another language."""
ENGLISH_ODDS = exp(0.5)
"""Of English against the likeliest other language; in between nobody can tell."""

LATIN = (
    "en", "es", "pt", "fr", "de", "it", "nl", "pl", "tr", "id", "vi", "tl", "sv", "no", "da", "fi", "cs", "sk", "ro", "hu", "hr", "ca",
)  # fmt: skip
_UNACCENTED = tuple(code for code in LATIN if code not in ("en", "vi"))
"""Vietnamese without a single mark on a letter is not Vietnamese."""
OTHERS = {
    "CYRILLIC": ("ru", "uk", "bg", "sr", "mk", "be", "kk"), "ARABIC": ("ar", "fa", "ur"), "DEVANAGARI": ("hi", "mr", "ne"),
    "HANGUL": ("ko",), "HIRAGANA": ("ja",), "CJK": ("zh",), "THAI": ("th",), "HEBREW": ("he",), "GREEK": ("el",), "ARMENIAN": ("hy",),
    "GEORGIAN": ("ka",), "BENGALI": ("bn",), "GURMUKHI": ("pa",), "GUJARATI": ("gu",), "TAMIL": ("ta",), "TELUGU": ("te",),
    "KANNADA": ("kn",), "MALAYALAM": ("ml",), "SINHALA": ("si",), "LAO": ("lo",), "KHMER": ("km",), "MYANMAR": ("my",),
    "ETHIOPIC": ("am",),
}  # fmt: skip
"""The languages of every other script, by the first word of its letters' names in Unicode."""
_SAME = {"KATAKANA": "HIRAGANA", "KATAKANA-HIRAGANA": "HIRAGANA"}
_DENSE = {"HANGUL": 2, "HIRAGANA": 2, "CJK": 3}
"""How many Latin letters a character of these scripts is worth."""

_HINDI = frozenset(
    [
        "hai", "hain", "nahi", "nahin", "nhi", "kya", "kyu", "kyun", "kyunki", "bhi", "bhai", "aur", "aap", "kuch", "toh", "koi",
        "liye", "yaar", "yeh", "kiya", "bahut", "bohot", "rahe", "raha", "rahi", "mera", "meri", "tera", "tere", "teri", "apna",
        "apne", "apni", "mujhe", "tujhe", "humein", "agar", "hota", "hoti", "hote", "karo", "kaise", "kaisa", "hua", "hui", "karte",
        "karne", "karna", "gaya", "gayi", "gaye", "aisa", "aise", "kisi", "kabhi", "sirf", "lekin", "hoga", "hogi", "abhi", "kahan",
        "chahiye", "uska", "uske", "uski", "iska", "iske", "phir", "itna", "wala", "wale", "sabse", "matlab", "accha", "acha",
        "kyonki",
    ]
)  # fmt: skip
"""Function words of Hindi as it is typed in Latin letters; two different ones make a message Hindi."""
_NOISE = re.compile(r"(?:https?://|www\.)\S+|[@#]\w+|&\w+;|\S*[a-z][A-Z]\S*|\S*\d\S*")
"""No words of a language: links, names, tags, entities, camel-cased emotes, anything with digits."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_STRETCH = re.compile(r"([^\W\d_])\1{2,}")


def detect(reading: Reading) -> str | None:
    """The ISO 639-1 code of a message's language, `en` included; None without evidence for any.

    >>> from hikari.sentiment.text import read
    >>> detect(read("das war ein richtig gutes Spiel")), detect(read("gg KEKW")), detect(read("頑張ってください"))
    ('de', None, 'ja')
    """
    text = _stripped(reading)
    script = "LATIN" if text.isascii() else _main_script(text)
    if script == "LATIN":
        return _latin(text)
    candidates = OTHERS.get(script, (None,))
    if len(candidates) == 1:
        return candidates[0]
    odds = dict(_identifier().rank(text))
    return max(candidates, key=lambda code: odds[code])


def _stripped(reading: Reading) -> str:
    """What may be words of a language, on one line."""
    text = _NOISE.sub(" ", reading.plain[:MAX_CHARACTERS].replace("_", " "))
    names = {symbol.name.lower() for symbol in reading.symbols}
    text = " ".join(word for word in text.split() if word.lower() not in names)
    return _STRETCH.sub(r"\1\1", unicodedata.normalize("NFKC", text))


def _latin(text: str) -> str | None:
    words = list(dict.fromkeys(_WORD.findall(text.lower())))  # "no no no" is one word
    if len(words) < MINIMUM_WORDS:
        return None
    if len(_HINDI.intersection(words)) >= 2:
        return "hi"
    odds = dict(_identifier().rank(" ".join(words)))
    english = odds["en"]
    best = max(_UNACCENTED if text.isascii() else LATIN[1:], key=lambda code: odds[code])
    needed = next(least for length, least in MINIMUM_ODDS if len(words) >= length)
    if odds[best] >= english * needed:
        return best
    return "en" if english >= odds[best] * ENGLISH_ODDS else None


def _main_script(text: str) -> str:
    """The script that says most; Kana decides for Japanese however much of it is written in Han. Empty without any."""
    weights: Counter[str] = Counter()
    for script, letters in groupby(text, _script):
        length = sum(1 for _ in letters)
        if script == "LATIN" or (script and length >= MINIMUM_RUN):
            weights[script] += length * _DENSE.get(script, 1)
    if weights["HIRAGANA"]:
        weights["HIRAGANA"] += weights.pop("CJK", 0)
    return max(weights, key=weights.__getitem__, default="")


@lru_cache(maxsize=4096)
def _script(character: str) -> str:
    """The script of a letter or of a mark on one, empty for all else."""
    if not character.isalpha() and unicodedata.category(character)[0] != "M":
        return ""
    name = unicodedata.name(character, "").split(" ")[0]
    name = _SAME.get(name, name)
    return name if name == "LATIN" or name in OTHERS else ""


@cache
def _identifier() -> Any:
    """py3langid's model, which its wheel brings, for the languages that are told apart here; about half a second, once."""
    from py3langid import langid  # pyright: ignore[reportMissingTypeStubs]

    library: Any = langid
    identifier = library.LanguageIdentifier.from_model_file(library.MODEL_FILE, norm_probs=True)
    several = [code for codes in OTHERS.values() if len(codes) > 1 for code in codes]
    identifier.set_languages([*LATIN, *several])
    return identifier

"""Short chat texts that say the same: exactly (after unifying spelling) or nearly.

Nearly the same is what only differs in words that carry nothing (articles, fillers, exclamations, emotes), in contractions and chat
spellings, in a typing slip, or, in a long text, in a few words more. A content word that stands for another one ("24" for "25",
"mika" for "rin"), a negation, a question and another order of words make another text: merging would lose a fact.

Candidates are found by MinHash bands (Broder, 1997; banding: Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, 3.4) over
the words and character triples of what is left; `is_near_duplicate` then decides on the texts themselves.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

BANDS = 8
ROWS = 3
MIN_JACCARD = 0.8
"""Of two long texts of which one has words more than the other."""
LONG_WORDS = 10
"""Shorter texts change their meaning with every word."""
MAX_WORDS = 400
"""What lies behind is not compared; four times the longest chat message."""

_PRIME = np.uint64((1 << 61) - 1)
# Fixed by hashes, not by a generator of random numbers: the keys lie in stores and must not change with a version of numpy.
_SEEDS = [int.from_bytes(hashlib.blake2b(bytes([number]), digest_size=8).digest()) for number in range(2 * BANDS * ROWS)]
_FACTORS = np.array([seed % (2**31 - 1) + 1 for seed in _SEEDS[::2]], dtype=np.uint64)
_OFFSETS = np.array([seed % 2**61 for seed in _SEEDS[1::2]], dtype=np.uint64)
_STRETCH = re.compile(r"([^\W\d_])\1{2,}")
_DOUBLED = re.compile(r"([^\W\d_])\1+")
_TOKEN = re.compile(
    r"[+\-]?[$€£¥#]?\d+(?:[.,:/\-]\d+)*%?|[^\W\d_][\w]*(?:['’][^\W\d_]+)*|\d|[?]"
    r"|[^\s\w!.,;:\"'’()\[\]{}<>~*_\-–—…/\\|`^=+&%$€£¥#@]"  # emoji and other symbols
)
_JOINERS = re.compile("[\u200b-\u200f\u2060\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
_CONTRACTIONS = {
    "im": "i am", "ive": "i have", "dont": "do not", "doesnt": "does not", "didnt": "did not", "cant": "can not",
    "cannot": "can not", "wont": "will not", "isnt": "is not", "arent": "are not", "wasnt": "was not", "werent": "were not",
    "aint": "is not", "wouldnt": "would not", "shouldnt": "should not", "couldnt": "could not", "havent": "have not",
    "hasnt": "has not", "hadnt": "had not", "youre": "you are", "theyre": "they are", "hes": "he is", "shes": "she is",
    "thats": "that is", "whats": "what is", "theres": "there is", "gonna": "going to", "wanna": "want to", "gotta": "got to",
    "u": "you", "ur": "your", "r": "are", "pls": "please", "plz": "please", "thx": "thanks", "ty": "thanks", "tho": "though",
    "cuz": "because", "bc": "because", "ppl": "people", "rn": "now", "fav": "favorite", "favourite": "favorite", "n": "and",
    "luv": "love", "ya": "you", "tmrw": "tomorrow", "nite": "night", "wat": "what", "dunno": "do not know", "one": "1",
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10",
}  # fmt: skip
_FILLER = re.compile(
    r"a|an|the|lo+l+|lmf?ao+|rofl|(?:ha){2,}h?|(?:he){2,}h?|x+d+|omf?g+|btw|tbh|ngl|imo|imho|fr|istg|bro+|bruh|dude|chat|he+y+|hi+|hello+"
    r"|well|u+m+|u+h+|hm+|oh+|ah+|yeah+|yea+|yep|ok|okay|please+|just|really+|very+|so+|actually|literally|basically|honestly|kinda|though"
    r"|wow+|kekw|lulw?|omegalul|pog|pogchamp|poggers|kappa|sadge|copium|pepega|pepelaugh|monkas|gg+"
)
_NEGATION = re.compile(
    r"not|no|never|none|nobody|nothing|neither|nor|without|hardly|barely|stopped|quit|anymore|longer|used|hate|dislike|except|unless|ex"
)


def normalised(text: str) -> str:
    """The text with one spelling: case, white space, punctuation, stretched letters and repeated words or emotes unified.

    >>> normalised("I  love CATS!!! KEKW KEKW"), normalised("i loooove cats kekw")
    ('i love cats kekw', 'i loove cats kekw')
    """
    return " ".join(_tokens(text)) or " ".join(text.casefold().split())


def content_hash(text: str) -> int:
    """64 bits, equal for texts that are exactly the same after `normalised`."""
    return _hash(normalised(text))


def meaning_hash(text: str) -> int:
    """64 bits, equal for texts that only differ in words that carry nothing, in contractions and in chat spellings."""
    return _hash(" ".join(_skeleton(text)) or normalised(text))


@lru_cache(maxsize=4096)
def bands(text: str) -> tuple[int, ...]:
    """`BANDS` keys of 32 bits, one for each band number; near duplicates share at least one at its place, empty for empty texts."""
    shingles = _shingles(_skeleton(text))
    if not len(shingles):
        return ()
    hashes = (shingles[:, None] * _FACTORS + _OFFSETS) % _PRIME
    rows = hashes.min(axis=0).reshape(BANDS, ROWS)
    keys = [hashlib.blake2b(row.tobytes(), digest_size=4, person=bytes([number])).digest() for number, row in enumerate(rows)]
    return tuple(int.from_bytes(key) for key in keys)


def is_near_duplicate(first: str, second: str) -> bool:
    """Whether both texts say the same; symmetric, and true for exact duplicates."""
    left, right = _tokens(first), _tokens(second)
    if left == right:
        return normalised(first) == normalised(second)
    left, right = _skeleton(first), _skeleton(second)
    if not left or not right:
        return False
    if len(left) == len(right):
        return all(map(_same_word, left, right))
    if max(len(left), len(right)) < LONG_WORDS or min(len(left), len(right)) < LONG_WORDS * MIN_JACCARD:
        return False
    return _is_extension(left, right)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _tokens(text: str) -> list[str]:
    """Words, numbers, question marks and symbols in one spelling; what directly repeats itself once (numbers are never dropped)."""
    plain = _JOINERS.sub("", unicodedata.normalize("NFKC", text).casefold()).replace("’", "'")
    tokens = _TOKEN.findall(_STRETCH.sub(r"\1\1", plain))[:MAX_WORDS]
    return [token for number, token in enumerate(tokens) if not number or token != tokens[number - 1] or token[-1].isdigit()]


def _skeleton(text: str) -> list[str]:
    """The words that carry the meaning, chat spellings written out; all of them when nothing else is there."""
    words: list[str] = []
    for token in _tokens(text):
        word = token.replace("'", "")
        words += _CONTRACTIONS.get(word, word).split()
    kept = [word for word in words if not _FILLER.fullmatch(word) and (word[0].isalnum() or word == "?" or word[-1].isdigit())]
    return kept or words


def _same_word(left: str, right: str) -> bool:
    """Equal, stretched, or a slip of the finger in a long word: two letters swapped, or one letter doubled or not."""
    if left == right:
        return True
    if not (left.isalpha() and right.isalpha()) or _NEGATION.fullmatch(left) or _NEGATION.fullmatch(right):
        return False
    if _collapsed(left) == _collapsed(right):
        return min(len(left), len(right)) >= 6 or (abs(len(left) - len(right)) == 1 and _doubled_end(left, right))
    if len(left) != len(right) or len(left) < 7:
        return False
    places = [place for place in range(len(left)) if left[place] != right[place]]
    swapped = len(places) == 2 and places[1] == places[0] + 1 and left[places[0]] == right[places[1]]
    return swapped and left[places[1]] == right[places[0]]


def _doubled_end(left: str, right: str) -> bool:
    """ "soo" and "so": a stretched end, which `normalised` leaves as a double letter."""
    short, long = sorted((left, right), key=len)
    return long == short + short[-1]


def _collapsed(word: str) -> str:
    return _DOUBLED.sub(r"\1", word)


def _is_extension(left: list[str], right: list[str]) -> bool:
    """Whether the longer is the shorter with harmless words more, and both still share most of their shingles."""
    short, long = sorted((left, right), key=len)
    extra: list[str] = []
    place = 0
    for word in long:
        if place < len(short) and _same_word(short[place], word):
            place += 1
        else:
            extra.append(word)
    harmful = any(not word.isalpha() or _NEGATION.fullmatch(word) for word in extra)
    return place == len(short) and not harmful and _jaccard(short, long) >= MIN_JACCARD


def _jaccard(left: list[str], right: list[str]) -> float:
    first, second = Counter(_pieces(left)), Counter(_pieces(right))
    return (first & second).total() / (first | second).total()


def _pieces(words: list[str]) -> list[str]:
    """Words and the character triples of their collapsed spelling."""
    joined = " " + " ".join(map(_collapsed, words)) + " "
    return [*words, *(joined[at : at + 3] for at in range(len(joined) - 2))]


def _shingles(words: list[str]) -> NDArray[np.uint64]:
    pieces = sorted({_collapsed(piece) if len(piece) > 3 else piece for piece in _pieces(words)})
    digests = b"".join(hashlib.blake2b(piece.encode("utf-8", "surrogatepass"), digest_size=4).digest() for piece in pieces)
    return np.frombuffer(digests, dtype=np.uint32).astype(np.uint64)

"""What a message is about, as a small set of codes: for telling questions apart and for comparing them with what is on stream.

Words that carry nothing are left out, question words stay: "what game is this?" and "why this game?" are two questions. A code is 16
bits of a hash, so two of a thousand words share one now and then; that costs a rank, never an error.
"""

import re
import zlib
from dataclasses import dataclass
from functools import lru_cache

from hikari.memory.duplicates import normalised

CODES = 1 << 16
MAX_TERMS = 16
"""Of a longer message, the first ones are compared."""
READ_CHARACTERS = 500
SUBJECT_CHARACTERS = 2_000

_CARRY_NOTHING = """
a an the this that these those it its is are was were be been being am i im ive id you u your youre ur yours he she they we us our them
me my mine do does did doing done have has had having to of in on at for from with by as and or but so if then than too just now rn
please pls plz hey hi hello yo oh ah um uh well ok okay lol lmao haha omg tbh btw ngl chat stream streamer really very actually also
gonna going go get got will would could can shall should may might let lets there here about not no yes yeah one any some all more
"""
_EMPTY = frozenset(_CARRY_NOTHING.split())
_ASKING = {
    "what": "what", "whats": "what", "which": "what", "wat": "what", "who": "who", "whos": "who", "whose": "who", "whom": "who",
    "when": "when", "whens": "when", "where": "where", "wheres": "where", "why": "why", "whys": "why", "how": "how", "hows": "how",
}  # fmt: skip
_WORD = re.compile(r"\w")
_ENDINGS = (("ings", 4), ("ing", 4), ("ed", 4), ("es", 4), ("s", 3), ("e", 4))


@dataclass(frozen=True, slots=True)
class Terms:
    """`codes` of the words that tell a message from others; the first `topical` of them say what it is about. `key` is equal for messages
    with the same words in any order, 0 for no words."""

    codes: tuple[int, ...]
    topical: int
    key: int


def terms(text: str, names: frozenset[str] = frozenset()) -> Terms:
    """The terms of a message; `names` (lower case) say nothing about what it is about.

    >>> one, other = terms("what game is this??"), terms("Which games are you playing, mika", frozenset({"mika"}))
    >>> round(similarity(one, other), 2)
    0.82
    """
    words = [word for word in normalised(text[:READ_CHARACTERS]).split() if word not in names and _WORD.search(word)]
    found = [_code(word) for word in words]
    about = list(dict.fromkeys(code for code in found if 0 <= code < CODES))[:MAX_TERMS]
    asking = list(dict.fromkeys(code - CODES for code in found if code >= CODES))
    if len(about) + len(asking) < 2:
        # "how are you?" and "how do you do this?" differ in their small words alone.
        codes = tuple(dict.fromkeys([*about, *map(_hash, words)]))[:MAX_TERMS]
        return Terms(codes, len(about), _key(codes))
    codes = (*about, *asking)[:MAX_TERMS]
    return Terms(codes, len(about), _key(codes))


def subjects(text: str, names: frozenset[str] = frozenset()) -> frozenset[int]:
    """The codes of everything a longer text is about, question words and small words aside.

    >>> len(subjects("We play Undertale, the pacifist route!"))
    4
    """
    words = normalised(text[:SUBJECT_CHARACTERS]).split()
    return frozenset(code for word in words if word not in names and _WORD.search(word) and 0 <= (code := _code(word)) < CODES)


def similarity(one: Terms, other: Terms) -> float:
    """How much two messages say the same, 0 to 1: see `likeness`."""
    if not one.codes or not other.codes:
        return 0.0
    return likeness(len(set(one.codes) & set(other.codes)), len(one.codes), len(other.codes))


def likeness(common: int, first: int, second: int) -> float:
    """The cosine of two sets of `first` and `second` terms with `common` ones, less the share that stands for something else.

    Words that only one side has make a question longer; words on both sides that the other lacks make it another question: "what do you
    think of cats" and "... of dogs" share two of three words and are not alike.

    >>> round(likeness(2, 2, 3), 2), round(likeness(2, 3, 3), 2)
    (0.82, 0.44)
    """
    replaced = min(first, second) - common
    return common / (first * second) ** 0.5 * (1.0 - replaced / min(first, second))


@lru_cache(maxsize=32_768)
def _code(word: str) -> int:
    """The code of a word; `CODES` more for a question word, -1 for one that carries nothing."""
    plain = word.replace("'", "")
    if plain in _ASKING:
        return CODES + _hash(_ASKING[plain])
    return -1 if plain in _EMPTY else _hash(_stem(plain))


def _key(codes: tuple[int, ...]) -> int:
    return zlib.crc32(repr(sorted(codes)).encode()) if codes else 0


def _stem(word: str) -> str:
    for ending, least in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= least and not word.endswith("ss"):
            return word[: -len(ending)]
    return word


def _hash(word: str) -> int:
    return zlib.crc32(word.encode("utf-8", "surrogatepass")) % CODES

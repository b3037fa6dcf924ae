"""What a text is about, in a form that two texts can be compared by: holder, topic, values."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from hikari.memory.clauses import Token, clauses, tokens
from hikari.memory.relation_words import DAYS, KIN, MONTHS, NOT_NAMES, PETS, word_set
from hikari.memory.update_words import CUES, DATE, LINK, NUMBER, SAME, STOP, TIME, WORD_NUMBERS

_THIRD_PERSON = word_set(
    "lives likes loves hates plays mains owns works moved studies speaks drinks eats uses switched quit dropped"
)
HOUSE_PETS = PETS - {"mouse", "chicken", "spider", "dragon", "crab", "bird"}


@dataclass(frozen=True, slots=True)
class Frame:
    """What a text is about: whose it is, the words of its topic, its values by kind, and the words in order."""

    holder: str
    topic: frozenset[str]
    values: dict[str, frozenset[str]]
    words: tuple[str, ...]
    string: str
    stated: bool


@lru_cache(maxsize=4096)
def read_frame(text: str) -> Frame:
    """The frame of a text; `stated` is False for questions and wishes."""
    read = tokens(text)
    words = tuple(token.word for token in read if token.word[0] not in ".!?…;\n,")
    string = " ".join(words)
    kinds: dict[str, set[str]] = {}
    topic: set[str] = set()
    for token, kind in zip(read, map(_kind, read), strict=True):
        if kind:
            kinds.setdefault(kind, set()).add(token.word.removesuffix("s") if kind == "day" else token.word)
        elif token.word not in STOP and token.word[0].isalnum() and not CUES.fullmatch(token.word):
            topic.add(stem(token.word))
    parts = clauses(text)
    stated = any(clause.kind == "statement" for clause in parts) and not (parts and parts[0].kind == "question")
    unreal = {word for clause in parts if clause.kind != "statement" for word in (token.word for token in clause.tokens)}
    stated = stated and not (unreal & {"wish", "might", "maybe", "imagine", "could", "would"})
    return Frame(
        _holder(read), frozenset(topic), {kind: frozenset(found) for kind, found in kinds.items()}, words, string, stated
    )


def _kind(token: Token) -> str:
    word = token.word
    if word in DAYS or word in {"today", "tomorrow"}:
        return "day" if word in DAYS else ""
    if word in MONTHS and word not in {"may", "mar", "sun"}:
        return "month"
    if LINK.fullmatch(token.text.lower()):
        return "link"
    if TIME.fullmatch(word):
        return "number"
    if DATE.fullmatch(word):
        return "date"
    return "number" if NUMBER.fullmatch(word) or word in WORD_NUMBERS else ""


def stem(word: str) -> str:
    """A word without its endings, and one word for those that mean the same here."""
    word = SAME.get(word, word)
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)]
            break
    word = word.rstrip("e") if len(word) > 4 else word
    return SAME.get(word, word)


def _holder(read: Sequence[Token]) -> str:
    """Whose affair it is: `self`, a relative or pet (`sister`), somebody named (`rin's`), or nobody's ('')."""
    words = [token.word for token in read]
    for number, word in enumerate(words):
        if word in {"my", "our"} or (word in {"the", "new"} and number + 1 < len(words) and words[number + 1] in HOUSE_PETS):
            close = [each.removesuffix("s") for each in words[number + 1 : number + 3]]
            kin = next((each for each in close if each in KIN or each in HOUSE_PETS), None)
            if kin is not None:
                return {"puppy": "dog", "kitten": "cat"}.get(kin, kin)
    if read and read[0].possessive:
        return words[0]
    if len(words) > 1 and words[1] in _THIRD_PERSON and words[0] not in NOT_NAMES:
        return words[0]
    if any(word in {"i", "my"} for word in words):
        return "self"
    return "we" if any(word in {"we", "our"} for word in words) else ""

# pyright: reportUnnecessaryIsInstance=false
# Texts come from callers: their declared type is what is checked here.
"""Entities that need no model: links, mentions, hashtags, viewers' names, and names from a written gazetteer.

`gazetteer.tsv` lists well-known games, platforms and characters (`name, label, key, case`): a name with case `any` is found
however it is written, one with case `exact` only as written, because in lower case it is an ordinary word. Rows with the label
`none` are what chat shouts all day: never an entity, whatever a model believes.
"""

import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass
from functools import cache
from importlib import resources

NOTHING = "none"
MAX_WORDS = 6
"""The longest name that is looked up, in words."""
MAX_PEOPLE_WORDS = 3
MIN_PERSON = 3
"""Shorter viewer names are only found with an @ in front."""

_LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>]+|(?<![\w@.-])(?:[a-z0-9-]+\.)+(?:com|tv|gg|net|org|io|be|me|jp|de|uk|ly)\b(?:/[^\s<>]*)?",
    re.IGNORECASE,
)
_MENTION = re.compile(r"(?<![\w@/.])@(\w{2,64})")
_HASHTAG = re.compile(r"(?<![\w#&/])#(\w*[^\W\d_]\w*)")
_WORD = re.compile(r"\w+(?:['’](?!s\b)\w+)*", re.IGNORECASE)
_GAP = re.compile(r"[ \-:.&'’!]{1,2}")
_EDGE = "\"'’“”`.,!?;:()[]{}<>*~|/\\ \t\n"
_GENITIVE = re.compile(r"['’]s$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity in a text: `text[start:end]`, in characters, with a label and its normalised form."""

    text: str
    label: str
    """person, location, group, product, creative_work, link or hashtag."""
    start: int
    end: int
    key: str
    """Equal for different spellings of the same name; see `entity_key`."""


def entity_key(text: str) -> str:
    """The normalised form of a name: compatible characters, no case, no marks at its ends, no genitive, no leading article.

    >>> entity_key("@Mika_"), entity_key("The  Witcher's")
    ('mika_', 'witcher')
    """
    key = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    key = _GENITIVE.sub("", key.strip(_EDGE)).lstrip("@#").strip(_EDGE)
    return key.removeprefix("the ") or key


@dataclass(frozen=True, slots=True)
class _Entry:
    label: str
    key: str
    exact: str | None


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Known names by their words in lower case."""

    entries: dict[tuple[str, ...], tuple[_Entry, ...]]
    nothing: frozenset[str]
    """What is never an entity, in lower case."""

    @classmethod
    def parse(cls, content: str) -> "Gazetteer":
        """From tab-separated text with a heading; raises `ValueError` that names the line of a malformed row."""
        entries: dict[tuple[str, ...], tuple[_Entry, ...]] = {}
        nothing: set[str] = set()
        for number, line in enumerate(content.splitlines()[1:], start=2):
            row = line.split("\t")
            if len(row) != 4 or not row[0] or row[3] not in ("any", "exact"):
                raise ValueError(f"gazetteer, line {number}: needs name, label, key and any|exact")
            name, label, key, case = row
            if label == NOTHING:
                nothing.add(name.lower())
                continue
            words = tuple(word.lower() for word in _WORD.findall(name))
            if not 0 < len(words) <= MAX_WORDS:
                raise ValueError(f"gazetteer, line {number}: a name has 1 to {MAX_WORDS} words")
            entry = _Entry(label, key or entity_key(name), name if case == "exact" else None)
            entries[words] = (*entries.get(words, ()), entry)
        return cls(entries, frozenset(nothing))


@cache
def gazetteer() -> Gazetteer:
    """The bundled gazetteer."""
    return Gazetteer.parse((resources.files("hikari.memory") / "gazetteer.tsv").read_text(encoding="utf-8"))


def certain(text: str, people: Container[str] = (), names: Gazetteer | None = None) -> list[Entity]:
    """The entities of a text that the rules are sure of, by place, none overlapping.

    `people` holds the `entity_key` of every known viewer. A longer name wins over a shorter one, a viewer over the gazetteer;
    viewers who are called like an everyday word are only found with an @ in front.
    """
    names = names or gazetteer()
    found: list[Entity] = []
    for match in _LINK.finditer(text):
        link = match[0].rstrip(".,!?;:)'\"")
        _add(found, Entity(link, "link", match.start(), match.start() + len(link), link.casefold().rstrip("/")))
    for pattern, label in ((_MENTION, "person"), (_HASHTAG, "hashtag")):
        for match in pattern.finditer(text):
            _add(found, Entity(match[0], label, match.start(), match.end(), unicodedata.normalize("NFKC", match[1]).casefold()))
    words = [(match.start(), match.end()) for match in _WORD.finditer(text)]
    index = 0
    while index < len(words):
        reach = _reach(text, words, index)
        entity, used = _longest(text, words[index : index + reach], people, names)
        if entity is not None and _add(found, entity):
            index += used
        else:
            index += 1
    return sorted(found, key=lambda entity: entity.start)


def _add(found: list[Entity], entity: Entity) -> bool:
    free = all(entity.end <= other.start or other.end <= entity.start for other in found)
    if free:
        found.append(entity)
    return free


def _reach(text: str, words: list[tuple[int, int]], index: int) -> int:
    """How many words from `index` on stand close enough together to be one name."""
    count = 1
    while (
        count < MAX_WORDS
        and index + count < len(words)
        and _GAP.fullmatch(text, words[index + count - 1][1], words[index + count][0])
    ):
        count += 1
    return count


def _longest(text: str, words: list[tuple[int, int]], people: Container[str], names: Gazetteer) -> tuple[Entity | None, int]:
    lowered = tuple(text[start:end].lower() for start, end in words)
    for count in range(len(words), 0, -1):
        start, end = words[0][0], words[count - 1][1]
        written = text[start:end]
        if count <= MAX_PEOPLE_WORDS and len(written) >= MIN_PERSON and written.lower() not in names.nothing:
            key = written.lower() if written.isascii() else entity_key(written)  # a run of words has no marks at its ends
            if key in people:
                return Entity(written, "person", start, end, key), count
        for entry in names.entries.get(lowered[:count], ()):
            if entry.exact is None or entry.exact == written:
                return Entity(written, entry.label, start, end, entry.key), count
    return None, 1

"""Cutting the object of a relation out of what follows a verb: where it ends, which articles go, what is no object at all."""

import re
from bisect import bisect_right
from collections.abc import Sequence

from hikari.memory.clauses import Token
from hikari.memory.relation_words import (
    ARTICLES,
    DAYS,
    EMOTE_PREFIXES,
    END_PHRASES,
    ENDERS,
    FIRST_NAMES,
    MONTHS,
    NOT_NAMES,
    NOT_OBJECTS,
    NOT_PLACES,
    OWNABLE,
    PLACES_WITH_ARTICLE,
    STATE_ENDINGS,
    STATES,
    word_set,
)

_JOINERS = frozenset({"and", ",", "or", "/", "nor"})
_LONGEST = 6
"""Words of the longest object that is believed; a longer one is a clause that was read wrongly."""
_PREPOSITIONS = {
    "list": frozenset({"with", "at", "in", "from", "over", "through"}),
    "thing": frozenset({"with", "at", "in", "from", "on", "for", "over", "by", "after", "through"}),
    "list1": frozenset({"with", "from", "on", "over", "as", "in", "at"}),
    "place": frozenset({"with", "at", "for", "from", "over", "by", "after", "near", "in", "on", "to", ","}),
    "name": frozenset({"with", "at", "in", "from", "on", "for", "after", "to", "of", "by", ",", "over"}),
    "pet": frozenset({"with", "at", "from", "in", "on", "for", "over", "by", "after", "off", "to", "about"}),
    "value": frozenset({"with", "over", "because", "from", "after", "for"}),
}
_CAMEL = re.compile(r"[A-Z][a-z]+(?:[A-Z][a-z]+)+")
_SPLIT = frozenset({"list", "thing", "pet", "days", "name"})
_QUANTITIES = ({"lot", "of"}, {"lots", "of"}, {"bit", "of"}, {"ton", "of"}, {"tons", "of"}, {"bunch", "of"}, {"loads", "of"})
_TITLES = {
    ("need", "for"),
    ("stuck", "in"),
    ("made", "in"),
    ("alice", "in"),
    ("lost", "in"),
    ("back", "to"),
    ("howl's", "moving"),
}
_PAIRS = {
    ("mac", "cheese"), ("fish", "chips"), ("rock", "roll"), ("drum", "bass"), ("rick", "morty"), ("tom", "jerry"), ("ratchet", "clank"),
    ("dungeons", "dragons"), ("spice", "wolf"), ("bread", "butter"), ("salt", "vinegar"), ("cookies", "cream"), ("butter", "jelly"),
    ("hide", "seek"), ("arts", "crafts"), ("lilo", "stitch"), ("might", "magic"), ("black", "white"), ("mount", "blade"), ("r", "b"),
}  # fmt: skip
_NEW_PLACES = word_set("zealand york orleans mexico jersey delhi hampshire england brunswick south")


class Words:
    """A clause's words as one string, with the way back from places in the string to the words."""

    __slots__ = ("starts", "string", "tokens")

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        parts = [token.word + "'s" if token.possessive else token.word for token in tokens]
        self.string = " ".join(parts)
        self.starts: list[int] = []
        position = 0
        for part in parts:
            self.starts.append(position)
            position += len(part) + 1

    def index(self, position: int) -> int:
        """The number of the word at a place in the string."""
        return max(0, bisect_right(self.starts, position) - 1)


def is_emote(token: Token) -> bool:
    """Whether a word is one of the emotes that chat ends its sentences with."""
    word = token.word
    if (
        len(word) > 4
        and token.text[0].islower()
        and any(character.isupper() for character in token.text[2:])
        and word[:2] not in {"ip", "ma"}
    ):
        return True  # `catSwole`: a channel's own emotes
    if _CAMEL.fullmatch(token.text) and word not in {"playstation", "youtube", "mcdonalds", "tiktok", "facebook", "minecraft"}:
        return True
    return word.startswith(EMOTE_PREFIXES) or (token.text.isupper() and word in {"lul", "xd", "ez"}) or word == "kappa"


def cut(words: Sequence[Token], shape: str) -> list[Sequence[Token]]:
    """The objects at the start of `words`, without articles; empty when what stands there is none.

    `shape` is list (several joined by commas and `and`), list1, thing, place, name, pet (something that can be owned), ...
    """
    kept = words[: _end(words, _PREPOSITIONS.get(shape, _PREPOSITIONS["thing"]))]
    groups = _split(kept) if shape in _SPLIT else [_first_part(kept)]
    if len(groups) == 2 and not any(token.word in {"and", "or", "/", "nor"} for token in kept):
        groups = groups[:1]  # a comma alone more often starts a new thought than the second member of a list
    found: list[Sequence[Token]] = []
    for number, group in enumerate(groups):
        trimmed = _trim(group)
        if not trimmed or not _is_object(trimmed, group, shape):
            if number == 0 or shape != "list":
                return found
            continue
        found.append(trimmed)
    return found


def is_name(words: Sequence[Token], *, certain: bool) -> bool:
    """Whether one or two words are somebody's name; without `certain` they must look like one (a capital, a digit, a known name)."""
    if not 1 <= len(words) <= (3 if certain else 2):
        return False
    first = words[0].word
    if first in NOT_NAMES or first in STATES or (not first[0].isalnum() and first[0] != "@"):
        return False
    if certain:
        return True
    if all(token.text[0].isupper() and not token.text.isupper() for token in words):
        return True
    known = first in FIRST_NAMES or first[0] == "@" or "_" in first or any(character.isdigit() for character in first[1:])
    return len(words) == 1 and known


def is_state(words: Sequence[Token]) -> bool:
    """Whether the words describe rather than name."""
    word = words[0].word
    return word in STATES or (word.endswith(STATE_ENDINGS) and word not in FIRST_NAMES)


def _end(words: Sequence[Token], prepositions: frozenset[str]) -> int:
    for position, token in enumerate(words):
        word = token.word
        following = words[position + 1].word if position + 1 < len(words) else ""
        if word in _JOINERS:
            if position and (words[position - 1].word, following) in _PAIRS:
                continue
            if following in ENDERS or not following:
                return position
            continue
        if position == 0:
            continue
        if word in ENDERS or (word, following) in END_PHRASES or is_emote(token):
            return position
        if word in prepositions and (words[position - 1].word, word) not in _TITLES:
            return position
        if not (word[0].isalnum() or word[0] in "@'-") or word == "-":
            return position
        if prepositions is _PREPOSITIONS["place"] and word in ARTICLES:
            return position
    return len(words)


def _split(words: Sequence[Token]) -> list[Sequence[Token]]:
    groups: list[Sequence[Token]] = []
    start = 0
    for position, token in enumerate(words):
        pair = (words[position - 1].word, words[position + 1].word) if 0 < position < len(words) - 1 else ("", "")
        if token.word in _JOINERS and pair not in _PAIRS:
            groups.append(words[start:position])
            start = position + 1
    groups.append(words[start:])
    return [group for group in groups if group]


def _first_part(words: Sequence[Token]) -> Sequence[Token]:
    for position, token in enumerate(words):
        if token.word in {",", "/", "or"} or (token.word == "and" and position):
            return words[:position]
    return words


def _trim(words: Sequence[Token]) -> Sequence[Token]:
    start, end = 0, len(words)
    while start < end and words[start].word in ARTICLES | {"both", "all", "quite", "like"}:
        start += 1
    if {token.word for token in words[start : start + 2]} in _QUANTITIES:
        start += 2
    while end > start and words[end - 1].word in ARTICLES | {
        "to",
        "of",
        "with",
        "on",
        "in",
        "for",
        "at",
        "not",
        "just",
        "all",
        "so",
    }:
        end -= 1
    return words[start:end]


def _is_object(trimmed: Sequence[Token], group: Sequence[Token], shape: str) -> bool:
    first, last = trimmed[0].word, trimmed[-1].word
    if len(trimmed) > _LONGEST or not any(character.isalnum() for character in first):
        return False
    if shape == "place":
        with_article = group[0].word in ARTICLES or group[0].word in {"my", "our"}
        allowed = group[0].word == "the" and (first in PLACES_WITH_ARTICLE or last in PLACES_WITH_ARTICLE)
        if first == "new" and len(trimmed) == 2:
            return last in _NEW_PLACES
        if any(token.word == "of" for token in trimmed) and first not in {"isle", "republic"}:
            return False
        return allowed or (not with_article and first not in NOT_PLACES and not first.isdigit() and len(trimmed) <= 3)
    if shape == "name":
        return group[0].word not in ARTICLES and is_name(trimmed, certain=True)
    if first in NOT_OBJECTS or first in {"my", "our", "his", "her", "their"}:
        return False
    if last in {"it", "this", "that", "them", "me", "you", "him", "her", "us", "i"} or first in {
        "fact",
        "way",
        "idea",
        "part",
        "every",
    }:
        return False
    if shape == "pet":
        model = len(trimmed) > 1 and any(character.isdigit() for character in last)
        owned = trimmed[-2].word if model else last
        return owned in OWNABLE or owned.removesuffix("s") in OWNABLE
    if shape == "thing":
        return (
            first not in DAYS
            and first not in {"worse", "better", "during", "around", "under"}
            and first
            not in {"job", "smoking", "work", "school", "games", "game", "music", "role", "dead", "around", "along", "dumb"}
        )
    return first not in DAYS | MONTHS or shape in {"list", "days", "value"}

"""Measuring the noun phrases of `my ...`: how many words are somebody's role, a favourite, an attribute; and words as text."""

from collections.abc import Sequence

from hikari.memory.clauses import FINITE, Token
from hikari.memory.objects import is_emote
from hikari.memory.relation_words import ATTRIBUTES, DEVICES, PETS, ROLES, word_set

ADVERBS = word_set("still really actually definitely probably currently now just also literally always easily hands down")
_PLAIN_ROLES = ROLES | {"friend", "friends", "hero", "rival", "idol", "nemesis"}
_ROLE_WORDS = word_set(
    "best older younger big little elder twin step new old other first second half former ex favourite least pet"
)


def role_size(tokens: Sequence[Token]) -> int:
    """How many words at the start are somebody's role: `cat`, `older sister`, `best friend`."""
    for position, token in enumerate(tokens[:3]):
        plural = token.word.removesuffix("s") in PETS and [each.word for each in tokens[position + 1 : position + 3]] in (
            ["are", "called"],
            ["are", "named"],
        )
        if token.word in _PLAIN_ROLES or plural:
            following = tokens[position + 1].word if position + 1 < len(tokens) else ""
            return 0 if token.word == "mouse" or following in PETS | DEVICES | {"food", "game", "in", "of"} else position + 1
        if token.word not in _ROLE_WORDS or token.word == "favourite":
            return 0
    return 0


def favourite_size(tokens: Sequence[Token]) -> int:
    start = 1 if tokens and tokens[0].word in {"least", "new", "second", "all"} else 0
    if len(tokens) <= start or tokens[start].word != "favourite":
        return 0
    for position in range(start + 1, min(len(tokens), start + 7)):
        if tokens[position].word in FINITE | ADVERBS | {
            ":",
            "changed",
            "switched",
            "became",
            ",",
            "and",
            "atm",
            "rn",
            "ever",
            "too",
            "though",
        }:
            return position
    return min(len(tokens), start + 4)


def attribute_size(tokens: Sequence[Token]) -> int:
    for position, token in enumerate(tokens[:3]):
        if token.word in FINITE:
            return 0
        if token.word in ATTRIBUTES:
            following = tokens[position + 1].word if position + 1 < len(tokens) else ""
            if following in FINITE | ADVERBS | {":", "changed", "switched", "became"}:
                return position + 1
    return 0


def told(tokens: Sequence[Token]) -> Sequence[Token]:
    """The words up to what chat ends its sentences with."""
    for position, token in enumerate(tokens):
        if token.word in {"btw", "lol", "now", ",", "and", "haha", "xd", "tho", "though", "actually", "anymore"} or is_emote(
            token
        ):
            return tokens[:position]
    return tokens


def no_game(words: Sequence[Token]) -> bool:
    first = words[0].word
    return first in {
        "better",
        "well",
        "bad",
        "badly",
        "good",
        "safe",
        "fair",
        "against",
        "like",
        "alone",
        "together",
        "solo",
        "again",
        "more",
    } or (first.isdigit())


def role_of(tokens: Sequence[Token]) -> str:
    return " ".join(token.word for token in tokens)


def name_of(tokens: Sequence[Token]) -> str:
    return text_of(tokens).lstrip("@").lower()


def text_of(tokens: Sequence[Token]) -> str:
    words = [
        (token.text if token.word == token.text.lower() else token.word) + ("'s" if token.possessive else "") for token in tokens
    ]
    return " ".join(words).removesuffix("'s").lstrip("@")


def span_of(tokens: Sequence[Token]) -> tuple[int, int]:
    return tokens[0].start, tokens[-1].end

"""`emma is my sister`, `hades is my favourite game`, `this is my cat mochi`: somebody or something named as somebody's."""

import re

from hikari.memory.clauses import FINITE, POSSESSIVES, skip_fillers
from hikari.memory.objects import Words, is_name, is_state
from hikari.memory.relation_words import ARTICLES, NOT_NAMES
from hikari.memory.roles import favourite_size, name_of, role_of, role_size
from hikari.memory.statements import Statements

_REVERSED = re.compile(
    r"(?P<x>.+?) (?:is|are|was) (?P<neg>not )?(?:(?:still|definitely|probably|actually|literally|now|easily|also|currently|really) )*"
    r"(?P<whose>my|your|our|[\w@-]+'s|[\w@-]+s) (?P<role>.+)"
)
_PRESENTED = re.compile(r"(?:this is|meet|here is|it is|that is) (?P<whose>my|our) (?P<role>.+)")
_CALLED = re.compile(r"(?:(?:people|friends|you can|my friends|everyone|just|please|chat) )?(?:call|calls) me (?P<o>.+)")


class Identities(Statements):
    """Statements of what or who is whose."""

    def __init__(self, speaker: str, addressee: str) -> None:
        super().__init__(speaker)
        self.addressee = addressee

    def owner(self, word: str) -> str | None:
        if word in {"my", "our"}:
            return self.speaker
        return self.addressee if word == "your" else self.third

    def special(self, words: Words) -> bool:
        string = words.string
        match = _CALLED.fullmatch(string)
        if match is not None:
            return self.named(self.speaker, "", words, match.start("o"))
        match = _PRESENTED.fullmatch(string)
        if match is not None:
            return self.presented(words, match)
        match = _REVERSED.fullmatch(string)
        return match is not None and self.reversed(words, match)

    def presented(self, words: Words, match: re.Match[str]) -> bool:
        tokens = words.tokens[words.index(match.start("role")) :]
        size = role_size(tokens)
        name = tokens[size : size + 1]
        if not size or not name or name[0].word in NOT_NAMES or (len(tokens) > size + 1 and tokens[size + 1].word == "'s"):
            return False
        if name[0].word in {"called", "named"}:
            name = tokens[size + 1 : size + 2]
        if not is_name(name, certain=True) or is_state(name):
            return False
        self.relate(name_of(name), self.speaker, role_of(tokens[:size]), words, 0.8)
        return True

    def reversed(self, words: Words, match: re.Match[str]) -> bool:
        """`emma is my sister`, `hades is my favourite game`, `rin is mikas best friend`."""
        whose = match["whose"]
        role = words.tokens[words.index(match.start("role")) :]
        size = role_size(role) or favourite_size(role)
        known = whose in {"my", "your", "our"} or whose.endswith("'s")
        if not size or (not known and whose in {"is", "this", "was", "his", "always", "as", "has"}):
            return False
        if len(role) > size and role[size].word in {"is", "and", "name", "called"}:
            return False
        if role[0].word != "favourite" and len(role) > size and role[size].word in FINITE:
            return False
        subject = skip_fillers(words.tokens[: words.index(match.end("x") - 1) + 1])
        while subject and subject[0].word in ARTICLES:
            subject = subject[1:]
        favourite = any(token.word == "favourite" for token in role[:size])
        if not subject or subject[0].word in POSSESSIVES or len(subject) > 5:
            return False
        if any(
            token.word in {"who", "what", "which", "where", "i", "he", "she", "they", "it", "this", "that", "you"}
            for token in subject
        ):
            return False
        if not favourite and not is_name(subject, certain=True):
            return False
        owner = self.owner(whose) if whose in {"my", "your", "our"} else whose.removesuffix("'s") if known else whose[:-1]
        if owner is None or owner in NOT_NAMES:
            return False
        name = name_of(subject)
        self.relate(name, owner.lstrip("@"), role_of(role[:size]), words, 0.85, negated=match["neg"] is not None)
        if not favourite:
            self.third = name
        return True

"""`my cat is called mochi`, `my favourite game is hades`, `my sister loves ramen`: what is said of what is somebody's."""

from collections.abc import Sequence

from hikari.memory.clauses import FINITE, Token
from hikari.memory.identities import Identities
from hikari.memory.objects import Words, cut, is_name, is_state
from hikari.memory.relation_words import ROLES, word_set
from hikari.memory.roles import ADVERBS, attribute_size, favourite_size, name_of, role_of, role_size, span_of, text_of, told
from hikari.memory.statements import Relation

THIRD_PERSON = word_set(
    "likes loves hates plays mains lives owns speaks works studies drinks eats streams enjoys dislikes moved uses adores "
    "collects prefers despises got has is was used quit stopped adopted bought goes comes doesnt does never really also "
    "still just despises main play like love hate live have switched started resides supports learns can are"
)
_IS = frozenset({"is", "are", "was", "were"})
_BECOMES = (("changed", "to"), ("changed", "from"), ("switched", "to"), ("became",), ("moved", "to"), ("has", "changed", "to"))


class Possessions(Identities):
    """Statements that begin with a holder and what is theirs."""

    def owned(self, owner: str, tokens: Sequence[Token]) -> None:
        """`my cat is called mochi`, `my favourite game is hades`, `my sister loves ramen`, `mikas boss lives in osaka`."""
        if not tokens:
            return
        words = Words(tokens)
        plural_of = tokens[0].word.removesuffix("s")
        if len(tokens) > 2 and tokens[1].word in {"name", "names"} and (tokens[0].possessive or plural_of in ROLES):
            role = tokens[0].word if tokens[0].possessive else plural_of
            start = 3 if tokens[2].word in _IS else 2
            if start < len(tokens):
                self.named(owner, role, words, words.starts[start] if start < len(words.starts) else 0)
            return
        size = role_size(tokens)
        if size:
            self.owned_role(owner, tokens, size)
            return
        size = favourite_size(tokens) or attribute_size(tokens)
        if not size:
            return
        value = self.value(tokens[size:])
        if value is None:
            return
        negated, rest, _ = value
        self.assign(owner, tokens[:size], rest, negated=negated)

    def owned_role(self, owner: str, tokens: Sequence[Token], size: int) -> None:
        role, rest = role_of(tokens[:size]), tokens[size:]
        if rest and rest[0].word == "'s":
            return
        holder = f"{owner}'s {role}"
        if (
            rest
            and rest[0].word not in FINITE | THIRD_PERSON
            and is_name(rest[:1], certain=True)
            and len(rest) > 1
            and not tokens[size - 1].possessive
        ):
            if rest[1].word not in FINITE | THIRD_PERSON:
                return
            named = name_of(rest[:1])
            self.relate(named, owner, role, Words(tokens), 0.75)
            self.third = named
            self.predicate(named, rest[1:], 0.75)
            return
        self.third = holder
        value = self.value(rest)
        if tokens[size - 1].possessive:
            rest = (Token("is", "is", False, rest[0].start, rest[0].end), *rest) if rest else rest
        elif value is not None:
            negated, name, direct = value
            direct = direct and all(token.word != ":" for token in rest[:1])
            kept = cut(name, "name")
            if direct and kept and is_name(kept[0], certain=False) and not is_state(kept[0]) and len(kept[0]) == len(told(name)):
                self.relate(name_of(kept[0]), owner, role, Words(tokens), 0.8, negated=negated)
                self.third = name_of(kept[0])
                return
        self.predicate(holder, rest, 0.8)

    def value(self, tokens: Sequence[Token]) -> tuple[bool, Sequence[Token], bool] | None:
        """What stands after `is`, `changed to` and the like: (negated, words, whether a plain `is` stood there)."""
        start = 0
        while start < len(tokens) and tokens[start].word in ADVERBS:
            start += 1
        if start >= len(tokens):
            return None
        direct = tokens[start].word in {"is", "are", ":"}
        if direct:
            start += 1
        else:
            ahead = tuple(token.word for token in tokens[start : start + 3])
            phrase = next((phrase for phrase in _BECOMES if ahead[: len(phrase)] == phrase), None)
            if phrase is None:
                return None
            start += len(phrase)
            if phrase[-1] == "from":
                start = next((place + 1 for place in range(start, len(tokens)) if tokens[place].word == "to"), len(tokens))
        negated = False
        while start < len(tokens) and tokens[start].word in ADVERBS | {
            "not",
            "officially",
            "no",
            "longer",
            "called",
            "gotta",
            "be",
            "on",
            "at",
            "in",
        }:
            if tokens[start].word == "called":
                return None
            negated = negated or tokens[start].word in {"not", "no"}
            start += 1
        return (negated, tokens[start:], direct) if start < len(tokens) else None

    def assign(self, owner: str, role: Sequence[Token], rest: Sequence[Token], *, negated: bool) -> None:
        head, words = role[-1].word, Words([*role, *rest])
        if head == "name" and len(role) == 1:
            kept = cut(rest, "name")
            if kept and not is_state(kept[0]):
                self.add(Relation(owner, "named", text_of(kept[0]), "name", negated=negated, span=span_of(words.tokens)))
            return
        favourite = any(token.word == "favourite" for token in role)
        kept = cut(rest, "thing" if favourite else "value")
        if not kept:
            return
        value = kept[0]
        if (
            not favourite
            and is_state(value)
            and head not in {"pronouns", "nationality", "language", "sign", "rank", "major", "class"}
        ):
            return
        if value[0].word in {"when", "how", "that", "where", "going", "getting", "being", "not", "so", "too", "very", "probably"}:
            return
        if favourite:
            for each in kept:
                self.relate(text_of(each), owner, role_of(role), words, 0.9, negated=negated)
        elif head == "main":
            self.add(Relation(owner, "plays", text_of(value), "main", negated=negated, span=span_of(words.tokens)))
        else:
            self.add(
                Relation(
                    owner,
                    "attribute",
                    text_of(value),
                    role_of(role),
                    role_of(role),
                    negated=negated,
                    span=span_of(words.tokens),
                    confidence=0.8,
                )
            )

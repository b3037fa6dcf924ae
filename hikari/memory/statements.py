"""The relations found in one message so far, and how what a verb says of a subject becomes relations."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hikari.memory.clauses import Token
from hikari.memory.objects import Words, cut
from hikari.memory.predicates import read
from hikari.memory.relation_words import ARTICLES, ROLES, STATES
from hikari.memory.roles import no_game, span_of, text_of

_NAMING = re.compile(
    r"(?:(?:have|has|just) )?(?:named|renamed|called|decided to name|"
    r"decided to call) (?:my|the|our|his|her) (?:new )?(?P<role>[\w-]+) (?:to )?(?P<o>.+)"
)
_NAMED_LATER = re.compile(r"(?:named|called|whose name is|name is|names) (?P<o>.+)")


@dataclass(frozen=True, slots=True)
class Relation:
    """One stated relation: `mika likes ramen`, `mochi is related to mika as cat`.

    `relation` is likes, dislikes, plays, lives_in, owns, named, related, attribute (with its name in `attribute`) or another of
    `predicates.RULES`. A first person is the speaker, a second person the addressee; a relative or pet without a name is
    `mika's sister`. For `related` the object is the holder and `role` says as what. `tense` is present, past,
    former (`used to`) or future; a negated relation denies, or ends, what it names. `span` is the
    clause's place in the text, `confidence` in 0..1.
    """

    subject: str
    relation: str
    object: str
    attribute: str
    role: str = ""
    negated: bool = False
    tense: str = "present"
    span: tuple[int, int] = (0, 0)
    confidence: float = 0.9


class Statements:
    """What one message states: the people it is about so far, and the relations found."""

    def __init__(self, speaker: str) -> None:
        self.speaker = speaker
        self.subject: str | None = None
        """Whom the previous clause was about: a verb without a subject continues it."""
        self.third: str | None = None
        """Whom `he`, `she` and `her name` mean."""
        self.found: dict[tuple[str, str, str, str], Relation] = {}

    def predicate(self, subject: str, tokens: Sequence[Token], confidence: float = 0.9) -> None:
        self.subject = subject
        words = Words(tokens)
        naming = _NAMING.fullmatch(words.string)
        if naming is not None and naming["role"] in ROLES:
            self.named(subject, naming["role"], words, naming.start("o"))
            return
        reading = read(words.string)
        if reading is None:
            return
        rule = reading.rule
        if rule.relation == "named" and subject == self.speaker and tokens[0].word == "are":
            return
        place = tokens[words.index(reading.start) : words.index(max(reading.start, reading.end - 1)) + 1]
        span = span_of(tokens)
        if rule.shape == "pet":
            self.have(subject, tokens, place, reading.negated, reading.tense, confidence)
            return
        if rule.shape in {"age", "word", "job"}:
            objects: list[Sequence[Token]] = [[token for token in place if token.word not in ARTICLES]]
        elif rule.shape in {"days", "time", "tool"}:
            objects = cut(place, "days" if rule.shape == "days" else "thing")
        else:
            objects = cut(place, rule.shape)
        if rule.relation == "plays" and rule.negative and place and (place[0].word == "my" or place[0].word.endswith("ing")):
            playing = place[0].word == "playing"
            objects = cut(place[1:], rule.shape) if playing else []
        for each in objects:
            if not each or (rule.relation == "plays" and no_game(each)):
                continue
            self.add(
                Relation(
                    subject, rule.relation, text_of(each), rule.attribute, "", reading.negated, reading.tense, span, confidence
                )
            )

    def have(
        self, subject: str, tokens: Sequence[Token], place: Sequence[Token], negated: bool, tense: str, confidence: float
    ) -> None:
        """`i have a cat named mochi`: the thing is owned, and its name is a relation of its own."""
        cut_at = next((at for at, token in enumerate(place) if token.word in {"named", "called", "whose", "name"}), len(place))
        things = cut(place[:cut_at], "pet")
        for each in things:
            self.add(Relation(subject, "owns", text_of(each), "owns", "", negated, tense, span_of(tokens), confidence))
        kind = " ".join(token.word for token in things[-1] if token.word not in STATES) if things else ""
        if not kind or things[-1][-1].word.removesuffix("s") not in ROLES or negated or tense != "present":
            return
        self.third = f"{subject}'s {kind}"
        rest = Words(place[cut_at:])
        match = _NAMED_LATER.fullmatch(rest.string)
        if match is not None:
            self.named(subject, kind, rest, match.start("o"))

    def named(self, owner: str, role: str, words: Words, position: int) -> bool:
        kept = cut(words.tokens[words.index(position) :], "name")
        if not kept:
            return False
        subject = f"{owner}'s {role}" if role else owner
        for each in kept if role.endswith("s") else kept[:1]:
            self.add(Relation(subject, "named", text_of(each), "name", role, span=span_of(words.tokens)))
        return True

    def relate(self, who: str, holder: str, role: str, words: Words, confidence: float, *, negated: bool = False) -> None:
        span = span_of(words.tokens)
        self.add(Relation(who, "related", holder, role, role, negated, "present", span, confidence))

    def add(self, relation: Relation) -> None:
        self.found.setdefault((relation.subject.lower(), relation.relation, relation.object.lower(), relation.role), relation)

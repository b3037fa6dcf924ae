"""What one memory claims of a subject: the claim that a relation or explicit metadata makes, and how many values an attribute has."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from hikari.memory.relation_words import SOLE_ROLES, word_set
from hikari.memory.relations import Relation

_SOLE = word_set(
    "lives_in from age name main works_at works_as birthday timezone born_in diet nickname job rank elo mmr pb discord "
    "twitter instagram insta hometown height pronouns nationality oshi weight schedule record level keyboard mouse mic "
    "microphone headset monitor gpu cpu pc laptop phone camera controller chair console car bike sens sensitivity dpi sign "
    "major streams_at account username uni university school college ign class role"
)
_SKIPPED = frozenset({"past", "future"})


class Claim(NamedTuple):
    """What one memory says of one attribute: by whom (`by`), when (`at`, epoch seconds), from which memory (`seq`)."""

    subject: str
    attribute: str
    value: str
    at: float
    seq: int
    by: str
    negated: bool = False
    former: bool = False
    """It only says that this was so and is no longer."""
    sole: bool = False


def claim_of(relation: Relation, seq: int, timestamp: float, by: str) -> Claim | None:
    """The claim that a relation makes; None for plans and for what happened once."""
    if relation.tense in _SKIPPED:
        return None
    subject, attribute, value, negated = relation.subject, relation.attribute, relation.object, relation.negated
    if relation.relation == "related":
        subject, value = relation.object, relation.subject
    elif relation.relation == "named" and "'s " in relation.subject:
        subject, _, attribute = relation.subject.rpartition("'s ")
    elif relation.relation == "dislikes":
        attribute, negated = "likes", not negated
    return Claim(
        key_of(subject),
        key_of(attribute),
        value,
        timestamp,
        seq,
        key_of(by),
        negated,
        relation.tense == "former",
        is_sole(attribute),
    )


def claim_from_metadata(metadata: Mapping[str, Any], seq: int, timestamp: float, by: str) -> Claim | None:
    """The claim that a caller spelt out as `subject`, `attribute` and `value`; None when one is missing. It is sole unless
    the attribute is known to take many values or `many` is true."""
    subject, attribute, value = (metadata.get(name) for name in ("subject", "attribute", "value"))
    if not (isinstance(subject, str) and isinstance(attribute, str) and isinstance(value, str | int | float)):
        return None
    if not subject.strip() or not attribute.strip() or isinstance(value, bool) or not str(value).strip():
        return None
    sole = not metadata.get("many") and key_of(attribute) not in {
        "likes",
        "plays",
        "owns",
        "speaks",
        "drinks",
        "eats",
        "allergic_to",
    }
    return Claim(
        key_of(subject), key_of(attribute), str(value), timestamp, seq, key_of(by), bool(metadata.get("negated")), False, sole
    )


def is_sole(attribute: str) -> bool:
    """Whether an attribute has one value at a time.

    >>> is_sole("lives_in"), is_sole("favourite game"), is_sole("likes")
    (True, True, False)
    """
    name = key_of(attribute)
    last = name.rpartition(" ")[2]
    return (
        name in _SOLE
        or name in SOLE_ROLES
        or last in SOLE_ROLES
        or last in _SOLE
        or (name.startswith("favourite") and name[-1] != "s")
    )


def owner(subject: str) -> str:
    """Whose word counts most about a subject: of `mika's cat` that is mika's."""
    return subject.partition("'s ")[0]


def key_of(text: str) -> str:
    """How subjects, attributes and speakers are compared: in lower case, without the mark of a mention."""
    return text.strip().lstrip("@").lower()

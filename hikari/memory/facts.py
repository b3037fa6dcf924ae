"""Truth over time: what is currently said to be so of a subject, what it superseded, and who disagrees.

Facts are not kept but derived: a `FactBook` keeps the claims that were made and replays those about one attribute in the order of
their time. So the order of arrival cannot matter, a claim that is forgotten gives back what it superseded, and any past moment can
be asked. An attribute is either sole (one value at a time: where somebody lives) or many-valued (what somebody likes).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

from hikari.errors import BadInput
from hikari.memory.claims import Claim, claim_from_metadata, claim_of, is_sole, key_of, owner
from hikari.memory.relations import Relation

__all__ = ["Change", "Claim", "Fact", "FactBook", "claim_from_metadata", "claim_of", "is_sole", "owner"]

MAX_CLAIMS = 64
"""Claims kept for one attribute of one subject; beyond it the oldest repetition goes, then the oldest claim."""

_ARTICLES = frozenset({"a", "an", "the", "my"})


@dataclass(frozen=True, slots=True)
class Fact:
    """A value of an attribute and when it held; current while `valid_until` is None.

    `negated` says that it is not so (`does not like`). `seq` is the memory that stated it first, `confirmed` those that repeated it,
    `superseded_by` the memory that ended it. `disputed` marks a claim of another person that the subject's own word outweighs.
    """

    subject: str
    attribute: str
    value: str
    valid_from: float
    seq: int
    by: str
    negated: bool = False
    valid_until: float | None = None
    superseded_by: int | None = None
    confirmed: tuple[int, ...] = ()
    disputed: bool = False


class Change(NamedTuple):
    """What a claim did: `kind` is new, confirmed, superseded, ended, disputed or restored; `fact` is its state afterwards."""

    kind: str
    fact: Fact


class FactBook:
    """The claims about the subjects of one channel, and the facts that follow from them; not safe for concurrent writing.

    Subjects and attributes are compared in lower case, values without articles, case and a plural s.
    """

    def __init__(self) -> None:
        self._claims: dict[tuple[str, str], list[Claim]] = {}

    def observe(self, relation: Relation, seq: int, timestamp: float, by: str) -> list[Change]:
        """Take in a relation stated by `by` in memory `seq` at `timestamp`; returns what changed, nothing for plans and tales."""
        claim = claim_of(relation, seq, timestamp, by)
        return [] if claim is None else self.add(claim)

    def add(self, claim: Claim) -> list[Change]:
        """Take in a claim, in whatever order of time; returns what changed. The same claim twice changes nothing."""
        key = (claim.subject, claim.attribute)
        claims = self._claims.get(key, [])
        if any(_identity(each) == _identity(claim) for each in claims):
            return []
        before = _replay(claims)
        claims = _bounded(sorted([*claims, claim], key=_order))
        self._claims[key] = claims
        return _changes(before, _replay(claims))

    def current(self, subject: str, attribute: str | None = None, as_of: float | None = None) -> list[Fact]:
        """The facts that hold now, or held at `as_of`; the subject's own word before that of others, newest first."""
        facts = [fact for fact in self._facts(subject, attribute, as_of) if fact.valid_until is None]
        return sorted(facts, key=lambda fact: (fact.disputed, -fact.valid_from, -fact.seq))

    def history(self, subject: str, attribute: str | None = None) -> list[Fact]:
        """All facts ever stated, oldest first, with the time until which each held."""
        return sorted(self._facts(subject, attribute, None), key=lambda fact: (fact.valid_from, fact.seq, fact.value))

    def contradictions(self) -> list[tuple[Fact, Fact]]:
        """Pairs of current facts that cannot both be so; the one that is preferred comes first."""
        pairs: list[tuple[Fact, Fact]] = []
        for key in sorted(self._claims):
            current = [fact for fact in _replay(self._claims[key]) if fact.valid_until is None]
            for fact in (fact for fact in current if fact.disputed):
                sole = self._claims[key][0].sole
                against = [o for o in current if not o.disputed and (sole or _same(o.value, fact.value))]
                pairs += [(other, fact) for other in against]
        return pairs

    def subjects(self) -> list[str]:
        """All subjects of which anything was claimed, sorted."""
        return sorted({subject for subject, _ in self._claims})

    def forget_source(self, seq: int) -> list[Change]:
        """Drop what memory `seq` claimed; returns what changed, such as facts that hold again."""
        changes: list[Change] = []
        for key in [key for key, claims in self._claims.items() if any(claim.seq == seq for claim in claims)]:
            before = _replay(self._claims[key])
            self._claims[key] = [claim for claim in self._claims[key] if claim.seq != seq]
            changes += _changes(before, _replay(self._claims[key]))
            if not self._claims[key]:
                del self._claims[key]
        return changes

    def forget_subject(self, subject: str) -> int:
        """Drop everything claimed of a subject, of what is theirs (`mika's cat`) and by them; returns how many claims went."""
        name = key_of(subject)
        gone = 0
        for key, claims in list(self._claims.items()):
            mine = key[0] == name or owner(key[0]) == name
            kept = [] if mine else [claim for claim in claims if claim.by != name and key_of(claim.value) != name]
            gone += len(claims) - len(kept)
            if kept:
                self._claims[key] = kept
            else:
                del self._claims[key]
        return gone

    def to_dict(self, subject: str) -> dict[str, list[list[Any]]]:
        """The claims about one subject as plain values: attribute -> rows."""
        name = key_of(subject)
        return {key[1]: [list(claim[2:]) for claim in claims] for key, claims in sorted(self._claims.items()) if key[0] == name}

    def from_dict(self, subject: str, stored: Mapping[str, Iterable[Sequence[Any]]]) -> None:
        """Put the stored claims about one subject in the place of those known. Raises `BadInput` when they are malformed."""
        name = key_of(subject)
        try:
            claims = {(name, attribute): [Claim(name, attribute, *row) for row in rows] for attribute, rows in stored.items()}
        except TypeError as error:
            raise BadInput("stored facts must be rows of value, time, memory, speaker and three flags", field="facts") from error
        for key in [key for key in self._claims if key[0] == name]:
            del self._claims[key]
        self._claims.update({key: sorted(rows, key=_order) for key, rows in claims.items() if rows})

    def _facts(self, subject: str, attribute: str | None, as_of: float | None) -> list[Fact]:
        name, wanted = key_of(subject), None if attribute is None else key_of(attribute)
        found: list[Fact] = []
        for key, claims in self._claims.items():
            if key[0] == name and wanted in {None, key[1]}:
                found += _replay(claims if as_of is None else [claim for claim in claims if claim.at <= as_of])
        return found


def _replay(claims: Sequence[Claim]) -> list[Fact]:
    """The facts that follow from the claims about one attribute, given in the order of time."""
    facts: list[Fact] = []
    holding: defaultdict[str, list[int]] = defaultdict(list)
    for claim in claims:
        value = _plain(claim.value)
        agreeing, opposing = _sides(claim, value, facts, holding)
        stronger = any(_outweighs(facts[number], claim) for number in opposing)
        for number in opposing:
            if not _outweighs(facts[number], claim):
                facts[number] = replace(facts[number], valid_until=claim.at, superseded_by=claim.seq, disputed=False)
                holding[_plain(facts[number].value)].remove(number)
        if agreeing:
            fact, own = facts[agreeing[0]], claim.by == owner(claim.subject)
            facts[agreeing[0]] = replace(
                fact,
                confirmed=(*fact.confirmed, claim.seq),
                disputed=fact.disputed and not own,
                by=claim.by if own else fact.by,
            )
        elif not claim.former:
            holding[value].append(len(facts))
            facts.append(
                Fact(claim.subject, claim.attribute, claim.value, claim.at, claim.seq, claim.by, claim.negated, disputed=stronger)
            )
    return facts


def _sides(claim: Claim, value: str, facts: Sequence[Fact], holding: Mapping[str, Sequence[int]]) -> tuple[list[int], list[int]]:
    """Which of the facts that hold say the same as a claim, and which cannot hold beside it."""
    # One message may name two cats: its own claims do not supersede each other.
    same = [number for number in holding.get(value, ()) if facts[number].seq != claim.seq or claim.negated]
    if claim.former:
        return [], [number for number in same if not facts[number].negated]
    agreeing = [number for number in same if facts[number].negated == claim.negated]
    opposing = [number for number in same if facts[number].negated != claim.negated]
    if claim.sole and not claim.negated:
        others = [number for key in holding if key != value for number in holding[key]]
        opposing += [number for number in others if not facts[number].negated and facts[number].seq != claim.seq]
    return agreeing, sorted(opposing)


def _outweighs(fact: Fact, claim: Claim) -> bool:
    """Whether a standing fact resists a newer claim: the subject's own word against another person's."""
    mine = owner(claim.subject)
    return fact.by == mine and claim.by != mine


def _changes(before: Sequence[Fact], after: Sequence[Fact]) -> list[Change]:
    old = {(fact.seq, fact.value, fact.negated): fact for fact in before}
    changes: list[Change] = []
    for fact in after:
        was = old.pop((fact.seq, fact.value, fact.negated), None)
        if was is None:
            changes.append(Change("disputed" if fact.disputed else "new" if fact.valid_until is None else "superseded", fact))
        elif was.valid_until is None and fact.valid_until is not None:
            replaced = any(other.seq == fact.superseded_by and not other.negated for other in after)
            changes.append(Change("superseded" if replaced else "ended", fact))
        elif was.valid_until is not None and fact.valid_until is None:
            changes.append(Change("restored", fact))
        elif (was.valid_until, was.superseded_by) != (fact.valid_until, fact.superseded_by):
            changes.append(Change("superseded", fact))  # by another memory than before
        elif was.confirmed != fact.confirmed:
            changes.append(Change("confirmed", fact))
    return changes


def _bounded(claims: list[Claim]) -> list[Claim]:
    if len(claims) <= MAX_CLAIMS:
        return claims
    values = [(_plain(claim.value), claim.negated) for claim in claims]
    repeated = next((number for number in range(1, len(claims)) if values[number] == values[number - 1]), 0)
    return claims[:repeated] + claims[repeated + 1 :]


def _identity(claim: Claim) -> tuple[Any, ...]:
    return claim.seq, _plain(claim.value), claim.negated, claim.former


def _order(claim: Claim) -> tuple[float, int, str, bool, bool]:
    return claim.at, claim.seq, claim.value, claim.negated, claim.former


def _same(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


@lru_cache(maxsize=4096)
def _plain(value: str) -> str:
    words = [word for word in value.lower().split() if word not in _ARTICLES] or value.lower().split()
    return " ".join(word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in words)

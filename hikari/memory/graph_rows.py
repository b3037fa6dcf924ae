"""The parts of the knowledge graph: what a node or an edge remembers, and how it becomes a plain row and back."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from hikari.errors import BadInput
from hikari.memory.relations import Relation

MAX_PROVENANCE = 64
"""Memories that one node or edge names as its sources; beyond it the oldest only count."""
MAX_KEY = 120
HALF_LIFE_S = 60 * 86_400.0
"""Age at which a weight counts half, against the newest that the graph has seen."""

_LABELS = {
    "plays": "game",
    "lives_in": "place",
    "named": "name",
    "owns": "thing",
    "works_at": "organisation",
    "speaks": "language",
}

NodeKey = str
EdgeKey = tuple[str, str, str]
"""From, to, kind."""


class Mention(Protocol):
    """A typed entity found in a text."""

    @property
    def text(self) -> str: ...
    @property
    def label(self) -> str: ...


@dataclass(slots=True)
class Trace:
    """How often and when something was seen, and in which memories: `sources` maps a memory to its weight and time.

    `rest` is the weight, and `rest_count` the number, of sightings whose memories are no longer named.
    """

    sources: dict[int, tuple[float, float]] = field(default_factory=dict[int, tuple[float, float]])
    rest: float = 0.0
    rest_count: int = 0
    rest_seen: float = -math.inf
    _sums: tuple[float, float] | None = None
    """Weight and last sight, until the next change."""

    @property
    def weight(self) -> float:
        return self._summed()[0]

    @property
    def count(self) -> int:
        return self.rest_count + len(self.sources)

    @property
    def last_seen(self) -> float:
        return self._summed()[1]

    def discard(self, seq: int) -> None:
        """Take a memory's sighting out again."""
        self.sources.pop(seq, None)
        self._sums = None

    def add(self, seq: int, weight: float, at: float) -> list[int]:
        """Take in a sighting; returns the memories that are no longer named. A memory counts once, with its largest weight."""
        self._sums = None
        known = self.sources.get(seq)
        self.sources[seq] = (weight, at) if known is None else (max(weight, known[0]), at)
        dropped: list[int] = []
        while len(self.sources) > MAX_PROVENANCE:
            oldest = min(self.sources, key=lambda each: (self.sources[each][1], each))
            weight, seen = self.sources.pop(oldest)
            self.rest, self.rest_count, self.rest_seen = self.rest + weight, self.rest_count + 1, max(self.rest_seen, seen)
            dropped.append(oldest)
        return dropped

    def decayed(self, now: float) -> float:
        """The weight that is left at `now`, halved with every `HALF_LIFE_S` since it was last seen."""
        return self.weight * 0.5 ** (max(0.0, now - self.last_seen) / HALF_LIFE_S)

    def _summed(self) -> tuple[float, float]:
        if self._sums is None:
            weight = self.rest + math.fsum(weight for weight, _ in self.sources.values())
            self._sums = weight, max([self.rest_seen, *(at for _, at in self.sources.values())])
        return self._sums

    def row(self) -> list[Any]:
        seen = None if self.rest_seen == -math.inf else self.rest_seen
        return [self.rest, self.rest_count, seen, [[seq, *self.sources[seq]] for seq in sorted(self.sources)]]


@dataclass(slots=True)
class Node:
    """An entity or a viewer: its name as first written and its type."""

    name: str
    label: str
    pinned: bool = False
    trace: Trace = field(default_factory=Trace)


def trace_of(row: Any) -> Trace:
    """The trace that `Trace.row` wrote. Raises `BadInput` when it is malformed."""
    try:
        rest, rest_count, seen, sources = row
        named = {int(seq): (float(weight), float(at)) for seq, weight, at in sources}
        return Trace(named, float(rest), int(rest_count), -math.inf if seen is None else float(seen))
    except (TypeError, ValueError) as error:
        raise BadInput("a stored part of the graph is malformed", field="graph") from error


def node_name(key: NodeKey) -> str:
    """Under which name a node is stored: of one length, whatever the key."""
    return "n" + hashlib.blake2b(key.encode(), digest_size=16).hexdigest()


def edge_name(key: EdgeKey) -> str:
    return "e" + hashlib.blake2b("\x1f".join(key).encode(), digest_size=16).hexdigest()


def split_rows(values: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
    """The node rows and the edge rows of stored values, in a fixed order."""
    names = sorted(name for name in values if values[name] is not None)
    return [values[name] for name in names if name[:1] == "n"], [values[name] for name in names if name[:1] == "e"]


def entity_key(text: str) -> NodeKey:
    """How a name is compared: case folded, without articles, mention marks and more than one space.

    >>> entity_key("@The  Witcher")
    'witcher'
    """
    words = text.casefold().strip(" @#.,!?\"'").split()
    while len(words) > 1 and words[0] in {"the", "a", "an"}:
        words = words[1:]
    return " ".join(words)[:MAX_KEY].rstrip()


def edge_kind(relation: Relation) -> str:
    """The kind of a relation's edge: its role, attribute or type, marked when it is denied, a plan or of the past."""
    kind = relation.role if relation.relation == "related" else relation.attribute or relation.relation
    if relation.relation == "dislikes" or (relation.relation == "likes" and relation.negated):
        return "likes" if relation.relation == "dislikes" and relation.negated else "dislikes"
    if relation.negated or relation.tense != "present":
        return f"{'not' if relation.negated else relation.tense} {kind}"
    return kind


def object_label(relation: Relation) -> str:
    """The type of what a relation points at, as far as its type tells."""
    return "person" if relation.relation == "related" else _LABELS.get(relation.relation, "topic")

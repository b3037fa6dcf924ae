"""Candidates for a query from one namespace: what the legs find, what a filter leaves of it, and the rows beside the best.

A filter never loses a match: where the legs' first rows do not fill the answer, they are asked for more, and in the end the rows that
the filter allows are looked up in the store and ranked among themselves.
"""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hikari.memory.namespace import Namespace
from hikari.memory.records import Memory
from hikari.memory.rows import View

PER_LEG = 16
"""Rows that each leg gives at first, unless half as many again as the answer are more. With 64, and the neighbours of 32, recall@10 on
the LoCoMo development conversations is 84.0; with 16 and the neighbours of 5 it is 83.5, in a third of the time."""
WIDER = 8
"""How many times more it is asked for while a filter leaves too few."""
WIDEST = 6_400
"""Rows that a leg gives at most; when a filter leaves too few of them, the rows that it allows are looked up one by one."""
MAX_LISTED = 50_000
"""A viewer's or a time span's rows up to this number are listed and searched exactly; more are filtered after the search."""
MAX_HISTORY = 8
"""Steps from an old truth to newer ones."""
OF_SPEAKER = 50
NEIGHBOURS_OF = 5
"""The best rows of both legs whose neighbours become candidates."""

Allowed = Callable[[Memory], bool]


@dataclass
class Candidates:
    """What one namespace offers: memories by row number, and the legs' scores of those that the legs found."""

    memories: dict[int, Memory] = field(default_factory=dict[int, Memory])
    similarity: dict[int, float] = field(default_factory=dict[int, float])
    lexical: dict[int, float] = field(default_factory=dict[int, float])
    graph: dict[int, float] = field(default_factory=dict[int, float])
    facts: dict[int, float] = field(default_factory=dict[int, float])
    before: dict[int, dict[int, int]] = field(default_factory=dict[int, dict[int, int]])
    """For a row: distance - 1 -> the row that far before it in its session; only rows that a leg ranks among its best."""
    after: dict[int, dict[int, int]] = field(default_factory=dict[int, dict[int, int]])


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows of a namespace a query may see."""

    user: str | None
    since: float | None
    until: float | None
    allowed: Allowed


@dataclass(frozen=True, slots=True)
class Wanted:
    """The query for each leg, the rows that the graph and the facts point at, and how many rows are to be found."""

    vector: NDArray[np.float32]
    lexical: str
    graph: dict[int, float]
    facts: dict[int, float]
    speakers: frozenset[str]
    count: int
    per_leg: int
    """Rows that each leg gives at first."""
    reach: int


def gather(view: View, space: Namespace, want: Wanted, scope: Scope) -> Candidates:
    """The candidates for a query; at least `want.count` of them when so many rows are allowed."""
    listed = _listed(view, space.channel, scope)
    found = Candidates()
    if listed is not None and not len(listed):
        return found
    total = len(space.vectors) if listed is None else len(listed)
    per_leg = want.per_leg
    _ask(view, space, want, scope, per_leg, listed, found)
    while len(found.memories) < want.count and per_leg < min(total, WIDEST):
        per_leg = min(WIDER * per_leg, WIDEST)
        _ask(view, space, want, scope, per_leg, listed, found)
    if len(found.memories) < want.count and per_leg < total:
        matching = _matching(view, space.channel, scope, listed)
        if len(matching):
            _ask(view, space, want, scope, want.per_leg, matching, found)
    for pointed, into in ((want.graph, found.graph), (want.facts, found.facts)):
        into.update({seq: bonus for seq, bonus in pointed.items() if _admit(view, scope, seq, found)})
    if not want.lexical.strip() or not found.lexical:
        # Nothing but a name, or no word known: what the named have said last may be meant.
        for name in sorted(want.speakers):
            for seq in itertools.islice(view.seqs_of_user(space.channel, name, newest_first=True), OF_SPEAKER):
                _admit(view, scope, seq, found)
    if want.reach:
        _add_neighbours(view, scope, found, want.reach)
    _add_successors(view, scope, found)
    _complete(view, want.vector, found)
    return found


def _matching(view: View, channel: str, scope: Scope, listed: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """All rows that the query may see, ascending; every row is read for it."""
    seqs = view.seqs(channel, scope.since, scope.until) if listed is None else iter(listed.tolist())
    kept = [seq for seq in seqs if (memory := view.get(seq)) is not None and in_scope(memory, scope)]
    return np.array(sorted(kept), np.int64)


def _listed(view: View, channel: str, scope: Scope) -> NDArray[np.int64] | None:
    if scope.user is not None:
        seqs: Iterable[int] = view.seqs_of_user(channel, scope.user)
    elif scope.since is not None or scope.until is not None:
        seqs = view.seqs(channel, scope.since, scope.until)
    else:
        return None
    kept: list[int] = []
    for seq in seqs:
        kept.append(seq)
        if len(kept) > MAX_LISTED:
            return None
    return np.array(sorted(kept), np.int64)


def _ask(
    view: View, space: Namespace, want: Wanted, scope: Scope, count: int, listed: NDArray[np.int64] | None, found: Candidates
) -> None:
    near = space.vectors.search(want.vector, count, listed)
    worded = space.lexical.search(want.lexical, count, listed)
    for (seqs, scores), into in ((near, found.similarity), (worded, found.lexical)):
        for seq, score in zip(seqs.tolist(), scores.tolist(), strict=True):
            if seq not in into and _admit(view, scope, seq, found):
                into[seq] = score


def _admit(view: View, scope: Scope, seq: int, found: Candidates) -> bool:
    if seq in found.memories:
        return True
    memory = view.get(seq)
    if memory is None or not in_scope(memory, scope):
        return False
    found.memories[seq] = memory
    return True


def in_scope(memory: Memory, scope: Scope) -> bool:
    """Whether the query may see this memory."""
    if scope.user is not None and memory.user != scope.user:
        return False
    if scope.since is not None and memory.timestamp < scope.since:
        return False
    if scope.until is not None and memory.timestamp >= scope.until:
        return False
    return scope.allowed(memory)


def _add_neighbours(view: View, scope: Scope, found: Candidates, reach: int) -> None:
    """Rows around the best become candidates, and every row learns which of the best stand beside it."""
    best = sorted(found.similarity, key=lambda seq: -found.similarity[seq])[:NEIGHBOURS_OF]
    best += sorted(found.lexical, key=lambda seq: -found.lexical[seq])[:NEIGHBOURS_OF]
    for seq in dict.fromkeys(best):
        sides = view.neighbours(found.memories[seq], reach)
        for side, beside in zip(sides, (found.after, found.before), strict=True):
            # What comes before the row has the row after it, at the same distance.
            for distance, neighbour in enumerate(side):
                if _admit(view, scope, neighbour, found):
                    beside.setdefault(neighbour, {})[distance] = seq


def _add_successors(view: View, scope: Scope, found: Candidates) -> None:
    """Where an old truth is a candidate, so is the newer one."""
    old = [memory.superseded_by for memory in found.memories.values() if memory.superseded_by is not None]
    for first in old:
        newer: int | None = first
        for _ in range(MAX_HISTORY):
            if newer is None or not _admit(view, scope, newer, found):
                break
            newer = found.memories[newer].superseded_by


def _complete(view: View, vector: NDArray[np.float32], found: Candidates) -> None:
    missing = [seq for seq in found.memories if seq not in found.similarity]
    if missing:
        scores = view.vectors(missing, len(vector)) @ vector
        found.similarity.update(zip(missing, scores.tolist(), strict=True))

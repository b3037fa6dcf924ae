"""What is no longer true, among the candidates of a query: it stays in the answer, but after what took its place.

Two sources say so: the store's facts (`truth.py` marks the memory that made a claim), and, where no fact was understood, the words of two
candidates themselves (`updates.py`).
"""

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from hikari.memory.fusion import Ranking
from hikari.memory.records import Memory
from hikari.memory.updates import prefers_newer, supersedes

SHARED_OFFSET = 1 << 60
"""Added to row numbers of the knowledge set, so that both stores' rows are ranked in one list."""
SUPERSEDED = 0.7
"""Factor for what is no longer true; besides, it never comes before what replaced it."""
COMPARED = 8
"""The best candidates whose words are compared with each other."""
UPDATE_SIMILARITY = 0.45
"""Cosine below which two candidates' words are not compared; 19 of 20 written updates lie above."""
FRESHER_SIMILARITY = 0.5
"""Cosine from which two statements may be about the same thing."""
FRESHER_GAP = 0.3
"""How far the older of two such may lead and still give way to the newer."""


def is_superseded(memory: Memory, moment: float) -> bool:
    """Whether something newer had taken the memory's place at `moment`."""
    return memory.superseded_by is not None and (memory.superseded_at is None or memory.superseded_at <= moment)


def compared(best: Sequence[int], rows: Mapping[int, Memory], vectors: NDArray[np.float32], moment: float) -> dict[int, Memory]:
    """Those of the best candidates that a newer one of them replaces by its words, marked; `vectors` (n, dimension) are theirs."""
    near = vectors @ vectors.T
    in_time = sorted(range(len(best)), key=lambda place: (rows[best[place]].timestamp, best[place]))
    marked: dict[int, Memory] = {}
    for number, old in enumerate(in_time):
        memory = rows[best[old]]
        if is_superseded(memory, moment) or memory.members:
            continue
        for new in in_time[number + 1 :]:
            newer = rows[best[new]]
            related = near[old, new] >= UPDATE_SIMILARITY and newer.timestamp > memory.timestamp and not newer.members
            if related and _replaces(memory, newer, float(near[old, new])):
                marked[best[old]] = replace(memory, superseded_by=best[new], superseded_at=newer.timestamp)
                break
    return marked


def fresher(ranking: Ranking, best: Sequence[int], rows: Mapping[int, Memory], vectors: NDArray[np.float32]) -> Ranking:
    """The ranking in which, of two statements about the same thing with nearly the same score, the newer comes first.

    Neither is taken to be untrue; `vectors` (n, dimension) are those of `best`, of unit length.
    """
    scores = dict(zip(ranking.seqs.tolist(), ranking.scores.tolist(), strict=True))
    before = dict(scores)
    near = vectors @ vectors.T
    for place, seq in enumerate(best):
        memory = rows[seq]
        for other in np.flatnonzero(near[place] >= FRESHER_SIMILARITY).tolist() if not memory.members else ():
            newer, score = rows[best[other]], before[best[other]]
            later = newer.timestamp > memory.timestamp and not newer.members and 0 <= before[seq] - score <= FRESHER_GAP
            if later and _prefers(memory, newer, float(near[place, other])):
                scores[seq] = min(scores[seq], score * (1 - 1e-6))
    if scores == before:
        return ranking
    return reordered(Ranking(ranking.seqs, np.array([scores[seq] for seq in ranking.seqs.tolist()]), ranking.parts))


def in_order(ranking: Ranking, rows: Mapping[int, Memory], moment: float, factor: float = SUPERSEDED) -> Ranking:
    """The ranking in which what is no longer true counts less by `factor`, and comes after what replaced it."""
    scores = dict(zip(ranking.seqs.tolist(), ranking.scores.tolist(), strict=True))
    old = [seq for seq in scores if is_superseded(rows[seq], moment)]
    if not old:
        return ranking
    # The newest truth first, so that a chain of updates ends in order.
    for seq in sorted(old, key=lambda seq: -(rows[seq].superseded_at or 0.0)):
        shift = SHARED_OFFSET if seq >= SHARED_OFFSET else 0
        newer = scores.get((rows[seq].superseded_by or 0) + shift)
        lowered = scores[seq] * factor
        scores[seq] = lowered if newer is None else min(lowered, newer * (1 - 1e-6))
    return reordered(Ranking(ranking.seqs, np.array([scores[seq] for seq in ranking.seqs.tolist()]), ranking.parts))


def reordered(ranking: Ranking) -> Ranking:
    """The ranking sorted by its scores; equal ones in the order of writing, the newest first."""
    order = np.lexsort((-ranking.seqs, -ranking.scores))
    return Ranking(ranking.seqs[order], ranking.scores[order], {name: values[order] for name, values in ranking.parts.items()})


def _replaces(old: Memory, new: Memory, similarity: float) -> bool:
    same = old.user is not None and old.user == new.user
    return supersedes(old.content, new.content, similarity, same, old.timestamp, new.timestamp)


def _prefers(old: Memory, new: Memory, similarity: float) -> bool:
    return prefers_newer(old.content, new.content, old_by=old.user or "", new_by=new.user or "", similarity=similarity)

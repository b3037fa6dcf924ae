"""Laying out cells anew: sample, k-means, filling, and the number of cells to look into by measured recall.

Recall is measured on mixtures of stored vectors that stand in for queries: each one's nearest by exact search over everything, against
what the index finds. A stored vector itself would be too easy a query: its neighbours lie in its own cell, while a question is about
as near to many cells. Mixtures of eight lie as far from what is stored as real questions do (cosine 0.56 against 0.57 at a hundred
thousand memories), and recall on questions follows theirs: with 64 of 512 cells 0.948 against 0.973, with 96 0.964 against 0.984.
An answer counts as right when it is as near as the tenth nearest, so that equals may stand in for each other.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hikari.memory.cells import FLAT, SAMPLE_PER_CELL, SEED, Cells, Plan, exact_neighbours
from hikari.memory.seq_set import SeqSet
from hikari.memory.vectors import Seqs, Stored, Vectors, contained

QUERIES = 256
MIXED = 8
"""Stored vectors that make one query."""
AT = 10
_REFERENCE = 50
"""Exact neighbours known of every query: room for a good many equals of the tenth."""
NEARLY_ALL = 0.995
"""Cells are added until recall reaches its target, or so large a share of the nearest is covered: the rest is lost by coding."""

Half = NDArray[np.float16]
Read = Callable[[Seqs], tuple[Seqs, Vectors]]


@dataclass(frozen=True)
class Measured:
    """What was found when the cells were laid out: recall@10 against exact search, from how many queries, looking into how many cells."""

    recall: float = 1.0
    queries: int = 0
    nprobe: int = 1


@dataclass
class _Exact:
    """The nearest stored vectors of every query, kept up while the stored ones go by."""

    vectors: Vectors
    found: Seqs = field(init=False)
    similarities: Vectors = field(init=False)

    def __post_init__(self) -> None:
        self.found = np.full((len(self.vectors), _REFERENCE), -1, np.int64)
        self.similarities = np.full((len(self.vectors), _REFERENCE), -np.inf, np.float32)

    def see(self, seqs: Seqs, vectors: Vectors) -> None:
        if not len(self.vectors) or not len(seqs):
            return
        similarities, at = exact_neighbours(self.vectors, vectors, min(_REFERENCE, len(seqs)))
        every = np.concatenate((self.similarities, similarities), axis=1)
        kept = np.argsort(-every, axis=1, kind="stable")[:, :_REFERENCE]
        self.similarities = np.take_along_axis(every, kept, 1)
        self.found = np.take_along_axis(np.concatenate((self.found, seqs[at]), axis=1), kept, 1)

    def recall(self, found: Seqs) -> float:
        """Share of right answers among `found` (n, >= AT), best first."""
        shares: list[float] = []
        for exact, similarities, answers in zip(self.found, self.similarities, found, strict=True):
            right = set(exact[(similarities >= similarities[AT - 1] - 1e-6) & (exact >= 0)].tolist())
            possible = min(AT, int((exact >= 0).sum()))
            if possible:
                shares.append(min(1.0, sum(seq in right for seq in answers.tolist()[:AT]) / possible))
        return float(np.mean(shares)) if shares else 1.0

    def covered(self, cells: Cells, live: Seqs, places: Seqs) -> NDArray[np.float64]:
        """For 1, 2, ... cells looked into, the share of the `AT` nearest that lie in them; `places` are the cells of `live`."""
        nearest = self.found[:, :AT]
        known = nearest >= 0
        theirs = places[np.searchsorted(live, np.where(known, nearest, live[0]))]
        order = cells.index.quantizer.search(self.vectors, cells.nlist)[1]
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.broadcast_to(np.arange(cells.nlist), order.shape), 1)
        ranks = np.take_along_axis(rank, theirs.clip(min=0), 1)[known & (theirs >= 0)]
        counts = np.bincount(ranks, minlength=cells.nlist)
        return np.cumsum(counts) / max(1, len(ranks))


def lay_out(plan: Plan, live: Seqs, read: Read, stored: Stored | None, target: float) -> tuple[Cells, SeqSet, Measured]:
    """New cells with the vectors of the row numbers `live` (ascending), as far as they can still be had.

    `read` gives those of some row numbers as the present index has them, and leaves out what is gone; `stored` all of them as the
    store does. The same vectors in the same order give the same cells, to the byte.
    """
    random = np.random.default_rng(SEED)
    if plan.kind == FLAT:
        cells = Cells.flat(read(live[:0])[1].shape[1])
        exact = None
    else:
        wanted = min(len(live), plan.nlist * SAMPLE_PER_CELL)
        chosen = np.sort(random.choice(len(live), wanted, replace=False))
        cells = Cells.trained(plan, read(live[chosen])[1], len(live))
        asking = random.choice(len(live), min(len(live), QUERIES * MIXED), replace=False)
        exact = _Exact(_mixtures(read(np.sort(live[asking]))[1], random))

    source = stored if stored is not None else _reader(live, read)
    places = _places(cells, live, source, exact)
    cells.reserve(np.bincount(places[places >= 0], minlength=cells.nlist))
    filled = SeqSet()
    for seqs, vectors in _known(live, source()):
        fresh = ~filled.holds(seqs)
        at = np.searchsorted(live, seqs[fresh])
        usable = places[at] >= 0
        _put(cells, filled, seqs[fresh][usable], vectors[fresh][usable], places[at][usable])
    missing = live[~filled.holds(live)]
    for start in range(0, len(missing), 4096):
        seqs, vectors = read(missing[start : start + 4096])
        _put(cells, filled, seqs, vectors, cells.assign(vectors))
    return cells, filled, _choose(cells, exact, live, places, target)


def replay(journal: Mapping[int, Half | None], cells: Cells, filed: SeqSet) -> None:
    """Apply additions (vectors) and removals (None) to cells and to the set of row numbers in them."""
    if not journal:
        return
    changed = np.array(sorted(journal), np.int64)
    present = changed[filed.holds(changed)]
    cells.remove(present)
    filed.remove(present)
    added = [(seq, vector) for seq, vector in sorted(journal.items(), key=lambda item: item[0]) if vector is not None]
    if added:
        seqs = np.array([seq for seq, _ in added], np.int64)
        vectors = np.stack([vector for _, vector in added]).astype(np.float32)
        _put(cells, filed, seqs, vectors, cells.assign(vectors))


def _mixtures(vectors: Vectors, random: np.random.Generator) -> Vectors:
    """Queries of unit length, each the sum of `MIXED` of the vectors, drawn without replacement."""
    shuffled = vectors[random.permutation(len(vectors))[: len(vectors) // MIXED * MIXED]]
    sums = shuffled.reshape(-1, MIXED, vectors.shape[1]).sum(axis=1)
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), np.finfo(np.float32).tiny)


def _places(cells: Cells, live: Seqs, source: Stored, exact: _Exact | None) -> Seqs:
    """The cell of each of `live`, -1 where the source has no vector of it."""
    places = np.full(len(live), -1, np.int64)
    for seqs, vectors in _known(live, source()):
        places[np.searchsorted(live, seqs)] = cells.assign(vectors)
        if exact is not None:
            exact.see(seqs, vectors)
    return places


def _put(cells: Cells, filled: SeqSet, seqs: Seqs, vectors: Vectors, places: Seqs) -> None:
    if len(seqs):
        cells.add(vectors, seqs, places)
        filled.add(seqs)


def _known(live: Seqs, blocks: Iterable[tuple[Seqs, Vectors]]) -> Iterator[tuple[Seqs, Vectors]]:
    for seqs, vectors in blocks:
        kept = contained(seqs, live)
        yield seqs[kept], np.ascontiguousarray(vectors[kept], np.float32)


def _reader(live: Seqs, read: Read) -> Stored:
    def blocks() -> Iterator[tuple[Seqs, Vectors]]:
        for start in range(0, len(live), 4096):
            yield read(live[start : start + 4096])

    return blocks


def _choose(cells: Cells, exact: _Exact | None, live: Seqs, places: Seqs, target: float) -> Measured:
    """Set the number of cells to look into: the fewest with which recall reaches `target`, at most those that cover nearly all.

    Which cells hold a query's neighbours is known, so only what coding loses has to be measured by searching.
    """
    if exact is None:
        return Measured()
    covered = exact.covered(cells, live, places)
    nprobe = _fewest(covered, target)
    while True:
        recall = exact.recall(cells.search(exact.vectors, AT, nprobe)[1])
        if recall >= target or nprobe >= _fewest(covered, max(target, NEARLY_ALL)):
            cells.nprobe = nprobe
            return Measured(round(recall, 6), len(exact.vectors), nprobe)
        nprobe = min(nprobe + max(1, nprobe // 4), _fewest(covered, max(target, NEARLY_ALL)))


def _fewest(covered: NDArray[np.float64], share: float) -> int:
    """With how many cells at least `share` is covered."""
    return min(int(np.searchsorted(covered, share - 1e-9)) + 1, len(covered))

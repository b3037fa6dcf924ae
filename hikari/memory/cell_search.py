"""Searching cells: how many to look into, and how a list of allowed rows is kept to."""

from dataclasses import dataclass

import numpy as np

from hikari.memory.cells import Cells, all_but, only
from hikari.memory.seq_set import SeqSet, without
from hikari.memory.vectors import Seqs, Vectors

READ_ALLOWED = 100
READ_SHARE = 500
"""Up to so many allowed rows, or one in so many, their vectors are read one by one (3 us each), which is quicker than a pass over all
lists (5 ns a row)."""
EXACT_ALLOWED = 10_000
"""Up to so many, all of them are scored; with more, proportionally more cells are looked into."""
MARGIN = 2.0
"""How many times more than proportionally: allowed rows may lie thinner around the query than elsewhere."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows of the cells may answer."""

    filed: int
    """How many rows there are in all."""
    hidden: Seqs
    """Rows that may not, ascending; few."""
    allowed: Seqs | None
    """Unless None, the only rows that may, ascending, less the hidden ones; all of them in the cells if `few`."""
    few: bool


def scope_of(filed: SeqSet, hidden: Seqs, allowed: Seqs | None) -> Scope:
    """What a search over the rows `filed` is restricted to, by rows just removed and by a list."""
    if allowed is None:
        return Scope(len(filed), hidden, None, few=False)
    few = len(allowed) <= max(READ_ALLOWED, len(filed) // READ_SHARE)
    return Scope(len(filed), hidden, allowed[filed.holds(allowed)] if few else without(allowed, hidden), few)


def search_cells(cells: Cells, query: Vectors, k: int, scope: Scope) -> tuple[Seqs, Vectors]:
    """Row numbers and similarities of at least the `k` nearest rows in scope, or of all of them; (n,), in no order."""
    allowed = scope.allowed
    if allowed is None:
        if not scope.filed:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        return cells.nearest(query, min(k, scope.filed), cells.nprobe, all_but(scope.hidden) if len(scope.hidden) else None)
    if scope.few:
        return allowed, cells.reconstruct(allowed) @ query
    fair = int(MARGIN * cells.nprobe * max(1.0, scope.filed / len(allowed)))
    nprobe = cells.nlist if len(allowed) <= EXACT_ALLOWED else fair
    return cells.nearest(query, min(k, len(allowed)), nprobe, only(allowed))

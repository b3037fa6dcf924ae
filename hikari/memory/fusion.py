"""One ranking from what the legs of a search found: pure arithmetic over the candidates of one query, no store and no index.

    match    = similarity + lexical * (BM25 / greatest BM25 of the query)
    score    = match + what the rows around it add + speaker + recency + importance + graph
    answer   = score * retained

Both legs keep their own measure: the cosine as it is, BM25 relative to the best row of the same query. Normalising the cosine by the
candidates at hand (min-max, z-score) ranked no better on the development data and changes with the size of the store.

A row gains from its neighbours what their match has above `neighbour_floor`, because speakers answer, explain and continue in turns;
an unrelated neighbour, such as the next message of a busy chat, lies below the floor and adds nothing. The row right after a question
that matches gains once more: it is the likely answer.

All weights were tuned on the three development conversations of LoCoMo (Maharana et al., 2024), coarsely and with each conversation
held out once; `Weights` says for each where it comes from.
"""

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from hikari.errors import BadInput

Floats = NDArray[np.float64]
Seqs = NDArray[np.int64]
Flags = NDArray[np.bool_]

NONE = -1
"""In `Candidates.before` and `after`: there is no row, or it is no candidate."""
PARTS = ("similarity", "lexical", "neighbours", "speaker", "recency", "importance", "graph", "fact")
"""What a score is the sum of, before retention; the names that `explain` shows."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each part counts, in units of the cosine (1 = a perfect match of meaning). Raises `BadInput`."""

    similarity: float = 1.0
    """The unit of all others; 0 leaves the vectors out."""
    lexical: float = 0.35
    """Tuned on the LoCoMo development conversations; 0.3 to 0.4 rank alike. 0 leaves BM25 out."""
    before: tuple[float, ...] = (0.3, 0.15)
    """Shares of the excess of the row before, of the one before that, ...; tuned on the LoCoMo development conversations."""
    after: tuple[float, ...] = (0.2,)
    """The same for the rows that follow; tuned likewise, less than before: what follows a match repeats it less often."""
    neighbour_floor: float = 0.25
    """Match above which a neighbour counts; tuned likewise, 0.2 to 0.3 rank alike."""
    answer: float = 0.2
    """Additional share of the row before when that is a question; tuned likewise."""
    speaker: float = 0.125
    """Said by someone whom the query names; tuned likewise, 0.1 to 0.15 rank alike. Never a filter: questions name the wrong one."""
    recency: float = 0.01
    """Times a recency in [0, 1]: decides between equals, by choice, not by tuning."""
    importance: float = 0.01
    """Times an importance in [0, 1]: decides between equals, by choice, not by tuning."""
    graph: float = 0.05
    """Times a closeness in [0, 1] in the knowledge graph: by choice, small; not measured on LoCoMo."""
    fact: float = 0.25
    """States the current value of the attribute that the query asks for (`known.py`): by choice, as much as two neighbours."""

    def __post_init__(self) -> None:
        for item in fields(self):
            values = np.atleast_1d(np.asarray(getattr(self, item.name), np.float64))
            if not (np.isfinite(values) & (values >= 0)).all():
                raise BadInput(f"the weight {item.name} must be finite and at least 0", field=item.name)

    @property
    def reach(self) -> int:
        """How many rows before or after a candidate are looked at."""
        return max(len(self.before), len(self.after))


DEFAULT = Weights()
VECTORS_ONLY = Weights(lexical=0, before=(), after=(), answer=0, speaker=0, recency=0, importance=0, graph=0, fact=0)
"""The vector leg alone, as a baseline."""
LEXICAL_ONLY = Weights(
    similarity=0, lexical=1, before=(), after=(), answer=0, speaker=0, recency=0, importance=0, graph=0, fact=0
)
"""The lexical leg alone, as a baseline."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What is known of n candidates; every array has n rows in the same order. Absent arrays count as nothing known.

    Raises `BadInput` when an array has another length.
    """

    seqs: Seqs
    """(n,) row numbers, each once."""
    similarity: Floats
    """(n,) cosine to the query; NaN where it is not known."""
    lexical: Floats
    """(n,) BM25 as the index gives it; NaN or 0 where the row was not among what the index found."""
    before: Seqs | None = None
    """(n, r) row numbers of the rows before it in its session, nearest first; `NONE` where there is none. Column = distance - 1."""
    after: Seqs | None = None
    """(n, r) the same for the rows that follow."""
    question: Flags | None = None
    """(n,) whether the row ends as a question (`query.is_question`)."""
    speaker: Flags | None = None
    """(n,) whether it was said by someone whom the query names."""
    recency: Floats | None = None
    """(n,) from 0 (old) to 1 (now)."""
    importance: Floats | None = None
    """(n,) from 0 to 1."""
    graph: Floats | None = None
    """(n,) closeness to the query's entities in the graph, from 0 to 1."""
    fact: Floats | None = None
    """(n,) 1 where the row states a current fact that the query asks for."""
    retained: Floats | None = None
    """(n,) factor of retention in (0, 1]; 1 everywhere leaves the order as it is."""

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if value is not None and len(value) != len(self.seqs):
                raise BadInput(f"{item.name} has {len(value)} rows, expected {len(self.seqs)}", field=item.name)


@dataclass(frozen=True, slots=True)
class Ranking:
    """The candidates, best first; equal scores in the order of writing, the newest first."""

    seqs: Seqs
    scores: Floats
    parts: dict[str, Floats] = field(default_factory=dict[str, Floats])
    """For each of `PARTS` what it added before retention, and `retained`: `scores = sum of PARTS * retained`."""


def fuse(candidates: Candidates, weights: Weights = DEFAULT) -> Ranking:
    """Rank the candidates of one query; nothing is left out.

    O(n * reach) arithmetic on arrays plus one sort, O(n log n).
    """
    count = len(candidates.seqs)
    similarity = weights.similarity * np.maximum(_zeroed(candidates.similarity), 0.0)
    lexical = weights.lexical * relative(candidates.lexical)
    excess = np.maximum(similarity + lexical - weights.neighbour_floor, 0.0)
    asks = np.zeros(count, bool) if candidates.question is None else candidates.question
    parts: dict[str, Floats] = {
        "similarity": similarity,
        "lexical": lexical,
        "neighbours": _neighbours(candidates, weights, excess, asks),
        "speaker": weights.speaker * _known(candidates.speaker, count),
        "recency": weights.recency * _known(candidates.recency, count),
        "importance": weights.importance * _known(candidates.importance, count),
        "graph": weights.graph * _known(candidates.graph, count),
        "fact": weights.fact * _known(candidates.fact, count),
    }
    retained = np.ones(count) if candidates.retained is None else candidates.retained.astype(np.float64)
    scores = sum((parts[name] for name in PARTS), np.zeros(count)) * retained
    order = np.lexsort((-candidates.seqs, -scores))
    ordered = {name: values[order] for name, values in {**parts, "retained": retained}.items()}
    return Ranking(candidates.seqs[order], scores[order], ordered)


def relative(scores: Floats) -> Floats:
    """Scores as parts of their greatest: in [0, 1], 0 where not known; all 0 when none is above 0."""
    known = np.maximum(_zeroed(scores), 0.0)
    greatest = known.max(initial=0.0)
    return known / greatest if greatest > 0 else known


def _known(values: Floats | Flags | None, count: int) -> Floats:
    return np.zeros(count) if values is None else _zeroed(values)


def _zeroed(values: Floats | Flags) -> Floats:
    """The values with 0 where nothing is known; `nan_to_num` would take ten times as long."""
    return np.where(np.isnan(values), 0.0, values)


def _neighbours(candidates: Candidates, weights: Weights, excess: Floats, asks: Flags) -> Floats:
    """What the rows around each row add to it."""
    order = np.argsort(candidates.seqs)
    added = np.zeros(len(candidates.seqs))
    for columns, shares in ((candidates.before, weights.before), (candidates.after, weights.after)):
        if columns is not None:
            for column, share in zip(columns.T, shares, strict=False):
                added += share * _at(column, candidates.seqs, order, excess)
    if candidates.before is not None and candidates.before.shape[1]:
        added += weights.answer * _at(candidates.before[:, 0], candidates.seqs, order, excess * asks)
    return added


def _at(wanted: Seqs, seqs: Seqs, order: Seqs, values: Floats) -> Floats:
    """`values` of the rows `wanted`; 0 where such a row is no candidate."""
    if not len(seqs):
        return np.zeros(0)
    place = order[np.minimum(np.searchsorted(seqs, wanted, sorter=order), len(seqs) - 1)]
    return np.where(seqs[place] == wanted, values[place], 0.0)

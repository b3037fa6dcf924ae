"""Answering a query: gather candidates from the live store and the knowledge set, fuse them into one ranking, shape the answer."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from hikari.errors import BadInput, HikariError
from hikari.fields import name_field, seconds, text_field
from hikari.memory import filters, history, query, retention
from hikari.memory.answers import MAX_PAGED, Page, read_cursor, write_cursor
from hikari.memory.core import Core
from hikari.memory.filters import Filter
from hikari.memory.fusion import DEFAULT, NONE, Candidates, Ranking, Weights, fuse
from hikari.memory.gather import PER_LEG, Scope, Wanted, gather
from hikari.memory.gather import Candidates as Found
from hikari.memory.history import SHARED_OFFSET, reordered
from hikari.memory.knowledge import Knowledge
from hikari.memory.known import rows_of_facts
from hikari.memory.namespace import Namespace
from hikari.memory.records import Memory, type_field
from hikari.memory.retention import DAY_S, Forgetting
from hikari.memory.rows import View

MAX_K = 200
RECENT_S = 30 * DAY_S
"""Time in which the recency of a memory falls to 1/e."""
RETENTION_FLOOR = 0.95
"""What forgetting leaves of a score at least: an old memory that fits the query must beat a new one that does not. On the LoCoMo
development conversations recall@10 is 85.7 without forgetting, 85.4 with 0.95 and 84.0 with 0.85, where what was just recalled outranks
fresh evidence."""
GRAPH_ROWS = 50
SHARED_FACTOR = 0.85
"""For what the channel's makers wrote down: with equal fit, what was said on stream is meant."""
SHARED_BESIDE_NAMES = 0.6
"""The same where a viewer is asked about: the written set speaks of the channel."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Query:
    """A checked question; times in epoch seconds."""

    text: str
    k: int
    types: frozenset[str]
    channel: str
    user: str | None
    since: float | None
    until: float | None
    as_of: float | None
    filter: Filter
    given: tuple[int, ...]
    """Rows that earlier pages gave."""
    now: float
    decay: bool | None
    explain: bool
    current_only: bool
    mark: str
    """What a cursor of this question is bound to."""

    @classmethod
    def checked(
        cls,
        query: str,
        k: int = 5,
        memory_types: Sequence[str] | str | None = None,
        channel: str = "default",
        user: str | None = None,
        since: Any = None,
        until: Any = None,
        as_of: Any = None,
        filters_: Mapping[str, Any] | None = None,
        cursor: str | None = None,
        explain: bool = False,
        decay: bool | None = None,
        current_only: bool = False,
        now: float = 0.0,
    ) -> "Query":
        """Check the parameters of `retrieve_memories`. Raises `BadInput` that names the field."""
        if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= MAX_K:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise BadInput(f"k must be a whole number from 1 to {MAX_K}", field="k")
        text = text_field(query, "query")
        types = _types(memory_types)
        times = [
            None if value is None else seconds(value, name)
            for name, value in (("since", since), ("until", until), ("as_of", as_of))
        ]
        channel = name_field(channel, "channel")
        user = None if user is None else name_field(user, "user")
        chosen = filters.parse(filters_)
        mark = repr((text, sorted(types), channel, user, times, filters_, decay, current_only))
        moment, given = (now, ()) if cursor is None else read_cursor(cursor, mark)
        return cls(
            text,
            k,
            types,
            channel,
            user,
            times[0],
            times[1],
            times[2],
            chosen,
            given,
            moment,
            decay,
            bool(explain),
            bool(current_only),
            mark,
        )

    @property
    def moment(self) -> float:
        """The time at which the answer is given."""
        return self.now if self.as_of is None else self.as_of


class Searcher:
    """Answers queries over one memory and the knowledge set beside it; safe from many threads."""

    def __init__(self, core: Core, mounted: Knowledge, weights: Weights = DEFAULT) -> None:
        self._core, self._mounted, self.weights = core, mounted, weights

    def search(self, ask: Query) -> Page:
        """The best `ask.k` memories; each use strengthens them, unless the past was asked."""
        scope = self._scope(ask)
        with self._core.spaces.use(ask.channel) as space, self._mounted.use() as shared, self._core.store.read() as view:
            if self._core.store.read_only:
                space.refresh(view)
            ready = query.prepare(ask.text, lambda name: view.viewer(ask.channel, name))
            vector = self._core.embedder.embed([ready.embed])[0]
            live, other = self._found(view, space, ready, vector, scope, ask), Found()
            if shared is not None and ask.channel != shared.space.channel:
                with shared.store.read() as written:
                    other = self._found(written, shared.space, ready, vector, scope, ask)
            rows = {**live.memories, **{seq + SHARED_OFFSET: memory for seq, memory in other.memories.items()}}
            ranking = self._rank(view, rows, live, other, ready, ask)
        return self._page(rows, ranking, ask)

    def _scope(self, ask: Query) -> Scope:
        moment = ask.moment
        # A later page is ranked as at the time of the first, but shows nothing whose deadline has come since.
        deadline = max(moment, self._core.clock()) if ask.as_of is None else moment
        given = frozenset(ask.given)

        def allowed(memory: Memory) -> bool:
            if (memory.seq if memory.channel == ask.channel else memory.seq + SHARED_OFFSET) in given:
                return False
            if memory.expires_at is not None and memory.expires_at <= deadline:
                return False
            if ask.as_of is not None and memory.timestamp > ask.as_of:
                return False
            if ask.types and memory.memory_type not in ask.types and memory.tier not in ask.types:
                return False
            if ask.current_only and history.is_superseded(memory, moment):
                return False
            return ask.filter.matches(memory.metadata)

        return Scope(ask.user, ask.since, ask.until, allowed)

    def _found(
        self, view: View, space: Namespace, ready: query.Prepared, vector: NDArray[np.float32], scope: Scope, ask: Query
    ) -> Found:
        bonuses = space.memories_about(ask.text, sorted(ready.speakers), GRAPH_ROWS) if self.weights.graph else {}
        stated: dict[int, float] = {}
        if self.weights.fact and space.channel == ask.channel:
            stated = rows_of_facts(view, ask.channel, ask.text, ready.speakers, ask.user, ask.as_of)
        # Written facts are no conversation: what stands beside one says nothing about it, so each leg's best are enough.
        own, count = space.channel == ask.channel, ask.k + 1
        per_leg, reach = (max(PER_LEG, count + count // 2), self.weights.reach) if own else (count, 0)
        want = Wanted(vector, ready.lexical, bonuses, stated, ready.speakers, count, per_leg, reach)
        return gather(view, space, want, scope)

    def _rank(self, view: View, rows: dict[int, Memory], live: Found, other: Found, ready: query.Prepared, ask: Query) -> Ranking:
        ordered = sorted(rows)
        seqs, places = np.array(ordered, np.int64), {seq: place for place, seq in enumerate(ordered)}
        memories = [rows[seq] for seq in ordered]
        ages = np.array([max(0.0, ask.moment - memory.timestamp) for memory in memories])
        named = {name.casefold() for name in ready.speakers}
        reach = (len(self.weights.before), len(self.weights.after))
        ranking = fuse(
            Candidates(
                seqs=seqs,
                similarity=_column(places, live.similarity, other.similarity),
                lexical=_column(places, live.lexical, other.lexical),
                before=_beside(places, live.before, other.before, reach[0]),
                after=_beside(places, live.after, other.after, reach[1]),
                question=np.array([query.is_question(memory.content) for memory in memories], bool),
                speaker=np.array([memory.user is not None and memory.user.casefold() in named for memory in memories], bool),
                recency=np.exp(-ages / RECENT_S),
                importance=np.array([memory.importance for memory in memories]),
                graph=_column(places, live.graph, other.graph),
                fact=_column(places, live.facts, other.facts),
            ),
            self.weights,
        )
        ranking = _shared_behind(ranking, SHARED_BESIDE_NAMES if named or ask.user is not None else SHARED_FACTOR)
        best = [seq for seq in ranking.seqs.tolist() if seq < SHARED_OFFSET][: history.COMPARED]
        vectors = view.vectors(best, self._core.embedder.dimension)
        rows.update(history.compared(best, rows, vectors, ask.moment))
        ranking = history.fresher(ranking, best, rows, vectors)
        ranking = history.in_order(ranking, rows, ask.moment)
        decay = self._core.config.decay if ask.decay is None else ask.decay
        if not decay or not len(seqs):
            return ranking
        # What is no longer true was lowered already; fading must only not lift it over what replaced it.
        return history.in_order(self._faded(view, ranking, rows, ask), rows, ask.moment, factor=1.0)

    def _faded(self, view: View, ranking: Ranking, rows: Mapping[int, Memory], ask: Query) -> Ranking:
        """The ranking with what forgetting leaves of each score; only of rows that may still come among the best: a row that
        keeps everything stays below one that keeps the least when it is so far behind."""
        forgetting = Forgetting(floor=RETENTION_FLOOR)
        # Of those that are only asked for as current, some may still be left out.
        last = min(ask.k + history.COMPARED * ask.current_only, len(ranking.seqs)) - 1
        count = int(np.count_nonzero(ranking.scores >= RETENTION_FLOOR * ranking.scores[last]))
        factors = np.array([self._factor(view, seq, rows[seq], ask, forgetting) for seq in ranking.seqs[:count].tolist()])
        parts = {name: values[:count] for name, values in ranking.parts.items()}
        return reordered(Ranking(ranking.seqs[:count], ranking.scores[:count] * factors, {**parts, "retained": factors}))

    def _factor(self, view: View, seq: int, memory: Memory, ask: Query, forgetting: Forgetting) -> float:
        if memory.pinned or seq >= SHARED_OFFSET:  # what was written down on purpose does not fade either
            return 1.0
        count, times = view.access(seq)
        pending = self._core.uses.of(seq)
        use = retention.Use(memory.timestamp, memory.importance, (*times, *pending), count + len(pending))
        return retention.rank_factor(use, ask.moment, forgetting)

    def _page(self, rows: Mapping[int, Memory], ranking: Ranking, ask: Query) -> Page:
        # The words of the best were compared only now: what they showed to be superseded is still here.
        old = {seq for seq, memory in rows.items() if ask.current_only and history.is_superseded(memory, ask.moment)}
        places = [place for place, seq in enumerate(ranking.seqs.tolist()) if seq not in old][: ask.k]
        best = [int(ranking.seqs[place]) for place in places]
        answer: list[dict[str, Any]] = []
        for place, seq in zip(places, best, strict=True):
            row = {**rows[seq].public(), "score": round(float(ranking.scores[place]), 6)}
            row["current"] = not history.is_superseded(rows[seq], ask.moment)
            if ask.explain:
                row["explain"] = {name: round(float(values[place]), 6) for name, values in ranking.parts.items()}
            answer.append(row)
        if ask.as_of is None:
            self._core.gates.recalled([rows[seq] for seq in best if seq < SHARED_OFFSET], ask.now)
        lived = [seq for seq in best if seq < SHARED_OFFSET]
        if ask.as_of is None and not self._core.store.read_only and self._core.uses.note(lived, ask.now):
            try:
                self._core.flush_uses()
            except HikariError as error:
                _log.warning("uses of memories could not be written and are kept for later: %s", error.message)
        given = (*ask.given, *best, *sorted(old))
        more = len(rows) - len(old) > ask.k and len(given) < MAX_PAGED
        return Page(answer, write_cursor(ask.mark, ask.now, given) if more else None)


def _types(value: Any) -> frozenset[str]:
    if value is None:
        return frozenset()
    if isinstance(value, str):
        return frozenset({type_field(value, "memory_types")})
    if not isinstance(value, list | tuple | set | frozenset):
        raise BadInput("memory_types must be a list of types or tiers", field="memory_types")
    return frozenset(type_field(item, "memory_types") for item in cast("Sequence[Any]", value))


def _shared_behind(ranking: Ranking, factor: float) -> Ranking:
    """The ranking with the knowledge set's scores lowered."""
    shared = ranking.seqs >= SHARED_OFFSET
    return (
        reordered(Ranking(ranking.seqs, np.where(shared, ranking.scores * factor, ranking.scores), ranking.parts))
        if shared.any()
        else ranking
    )


def _column(places: Mapping[int, int], live: Mapping[int, float], other: Mapping[int, float]) -> NDArray[np.float64]:
    out = np.full(len(places), np.nan)
    for shift, scores in ((0, live), (SHARED_OFFSET, other)):
        if scores:
            out[[places[seq + shift] for seq in scores]] = list(scores.values())
    return out


def _beside(
    places: Mapping[int, int], live: Mapping[int, Mapping[int, int]], other: Mapping[int, Mapping[int, int]], reach: int
) -> NDArray[np.int64]:
    out = np.full((len(places), reach), NONE, np.int64)
    for shift, rows in ((0, live), (SHARED_OFFSET, other)):
        for seq, beside in rows.items():
            for distance, neighbour in beside.items():
                if distance < reach:
                    out[places[seq + shift], distance] = neighbour + shift
    return out

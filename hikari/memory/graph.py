"""The knowledge graph of one channel: typed entities and viewers, what relates them, and the memories that say so.

A NetworkX multigraph in memory. Every node and edge carries its sources, so that forgetting a memory takes its share out again. The
graph is bounded: what weighs least, decayed by age, goes first. Only what changed is handed out for saving.
"""

import math
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import networkx as nx

from hikari.errors import BadInput
from hikari.memory.graph_rows import (
    EdgeKey,
    Mention,
    Node,
    NodeKey,
    Trace,
    edge_kind,
    edge_name,
    entity_key,
    node_name,
    object_label,
    split_rows,
    trace_of,
)
from hikari.memory.graph_walks import Network, between, described, give, node_of, rarity, reach
from hikari.memory.relations import Relation

MAX_NODES, MAX_EDGES = 20_000, 80_000
MAX_ENTITIES = 12
"""Entities of one memory that are connected with each other; the edges grow with their square."""
RELATION_WEIGHT, TOGETHER_WEIGHT = 3.0, 1.0
TOGETHER = "with"
"""The kind of the edge between what one memory names together."""
NEIGHBOUR = 0.5
"""What a memory of a neighbour is worth beside one that names the entity itself."""
MAX_BONUSES = 512
_KEPT = 0.95
"""Share of the bound that an eviction leaves, so that it does not run at every message."""
_GENERIC = frozenset({"topic", "thing", "person", "name"})


class KnowledgeGraph:
    """Entities, viewers and their relations; safe under concurrent calls, and the same for the same calls in the same order."""

    def __init__(self, max_nodes: int = MAX_NODES, max_edges: int = MAX_EDGES) -> None:
        if max_nodes < 2 or max_edges < 1:
            raise BadInput("a graph holds at least 2 nodes and 1 edge", field="max_nodes")
        self._graph: Network = nx.MultiDiGraph()
        self._touched: defaultdict[int, set[NodeKey | EdgeKey]] = defaultdict(set)
        self._dirty: dict[str, NodeKey | EdgeKey] = {}
        self._max_nodes, self._max_edges = max_nodes, max_edges
        self._now = -math.inf
        self._edges = 0  # NetworkX counts them anew each time
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return self._graph.number_of_nodes()

    def __contains__(self, name: str) -> bool:
        return entity_key(name) in self._graph

    @property
    def edges(self) -> int:
        return self._edges

    # ---- writing

    def observe(
        self, seq: int, timestamp: float, entities: Iterable[Mention], relations: Iterable[Relation], user: str | None = None
    ) -> None:
        """Take in what memory `seq` names and states; `user`, who said it, becomes a viewer connected with what was named."""
        with self._lock:
            self._now = max(self._now, timestamp)
            named = dict.fromkeys(key for each in entities if (key := self._node(each.text, each.label, seq, timestamp)))
            if user is not None and (viewer := self._node(user, "viewer", seq, timestamp)):
                named = {viewer: None, **named}
            related: set[frozenset[NodeKey]] = set()
            for relation in relations:
                related |= self._relate(relation, seq, timestamp)
            together = list(named)[:MAX_ENTITIES]
            for number, one in enumerate(together):
                for other in together[number + 1 :]:
                    if frozenset((one, other)) not in related:
                        self._edge((min(one, other), max(one, other), TOGETHER), seq, TOGETHER_WEIGHT, timestamp)
            self._bound()

    def pin(self, name: str) -> None:
        """Never evict this viewer or entity."""
        with self._lock:
            key = entity_key(name)
            if key and key not in self._graph:
                self._graph.add_node(key, node=Node(name, "viewer"))
            if key:
                self._graph.nodes[key]["node"].pinned = True
                self._changed(key)

    def remove(self, seqs: Iterable[int]) -> None:
        """Take memories out: what nothing else names is gone."""
        with self._lock:
            for seq in seqs:
                parts = self._touched.pop(seq, set())
                for part in sorted(parts, key=lambda each: (isinstance(each, str), each)):  # edges before their ends
                    trace = self._trace(part)
                    if trace is None:
                        continue
                    trace.discard(seq)
                    self._changed(part)
                    if trace.count == 0 and not (isinstance(part, str) and node_of(self._graph, part).pinned):
                        self._drop(part)

    def remove_entity(self, name: str) -> bool:
        """Drop a node, what is called its own (`mika's cat`) and all their edges; returns whether there was one."""
        with self._lock:
            key = entity_key(name)
            own = sorted(each for each in self._graph if each == key or each.startswith(f"{key}'s "))
            for each in own:
                self._drop(each)
            return bool(own)

    # ---- reading

    def related(self, name: str, hops: int = 1, limit: int = 10) -> list[dict[str, Any]]:
        """What is connected with an entity within one or two hops, the strongest first.

        Each is `{entity, name, label, weight, hops, path, relations, memories}`: `weight` in 0..1, `path` the names up to it, `relations`
        the kinds of the last step (`<likes` when it points back), `memories` its sources, newest first. Raises `BadInput` for other hops.
        """
        with self._lock:
            start = entity_key(name)
            reached = reach(self._graph, start, hops, self._now, self._recent)
            best = sorted(reached.items(), key=lambda item: (-item[1][0], item[0]))[: max(0, limit)]
            return [described(self._graph, key, weight, path) for key, (weight, path) in best]

    def memories_for(self, names: Iterable[str], hops: int = 2) -> dict[int, float]:
        """Memories that entities lead to, with a bonus in 0..1: most for those that name them, less for each hop, less over hubs."""
        bonus: dict[int, float] = {}
        with self._lock:
            for start in sorted({key for name in names if (key := entity_key(name)) in self._graph}):
                give(bonus, node_of(self._graph, start).trace, rarity(self._graph, start))
                for key, (weight, path) in reach(self._graph, start, hops, self._now, self._recent).items():
                    if len(path) == 2:
                        for _, trace in between(self._graph, start, key):
                            give(bonus, trace, max(weight, rarity(self._graph, start)))
                    give(bonus, node_of(self._graph, key).trace, NEIGHBOUR * weight * rarity(self._graph, key))
        best = sorted(bonus.items(), key=lambda item: (-item[1], -item[0]))[:MAX_BONUSES]
        return dict(best)

    def mentioned(self, text: str) -> list[NodeKey]:
        """The known entities that a text names, by runs of up to four words."""
        words = [word.strip('.,!?"()') for word in text.casefold().split()][:200]
        runs = {entity_key(" ".join(words[start : start + size])) for size in (1, 2, 3, 4) for start in range(len(words))}
        with self._lock:
            return sorted(run for run in runs if run in self._graph)

    # ---- saving

    def dirty(self) -> dict[str, Any]:
        """What changed since the last `mark_saved`: name -> plain row, None for what is gone."""
        with self._lock:
            return {name: self._row(part) for name, part in sorted(self._dirty.items())}

    def mark_saved(self, saved: Mapping[str, Any]) -> None:
        """These rows are stored; what changed again meanwhile stays dirty."""
        with self._lock:
            for name in [name for name in saved if name in self._dirty and self._row(self._dirty[name]) == saved[name]]:
                del self._dirty[name]

    def load(self, values: Mapping[str, Any]) -> None:
        """Put what was stored in the place of what is there. Raises `BadInput` when a row is malformed; then the graph is empty."""
        nodes, edges = split_rows(values)
        with self._lock:
            self._graph.clear()
            self._touched.clear()
            self._dirty.clear()
            self._now = -math.inf
            try:
                for key, name, label, pinned, trace in nodes:
                    self._graph.add_node(str(key), node=Node(str(name), str(label), bool(pinned), trace_of(trace)))
                    self._index(str(key), node_of(self._graph, str(key)).trace)
                for one, other, kind, trace in edges:
                    if one in self._graph and other in self._graph:
                        self._graph.add_edge(one, other, kind, trace=trace_of(trace))
                        self._index((one, other, kind), self._graph.edges[one, other, kind]["trace"])
                self._edges = self._graph.number_of_edges()
            except (TypeError, ValueError, BadInput) as error:
                self._graph.clear()
                self._edges = 0
                self._touched.clear()
                raise BadInput("the stored graph is malformed", field="graph") from error

    # ---- parts

    def _relate(self, relation: Relation, seq: int, at: float) -> set[frozenset[NodeKey]]:
        """Add a relation as an edge; of `mika's sister` also whose sister it is. Plans and tales only connect."""
        kind = edge_kind(relation)
        subject = self._node(relation.subject, "person", seq, at)
        label = object_label(relation)
        target = self._node(relation.object, label, seq, at)
        joined: set[frozenset[NodeKey]] = set()
        if subject and target and subject != target:
            self._edge((subject, target, kind), seq, RELATION_WEIGHT * relation.confidence, at)
            joined.add(frozenset((subject, target)))
        holder, owned, role = relation.subject.rpartition("'s ")
        if owned and subject and (whose := self._node(holder, "person", seq, at)):
            self._edge((subject, whose, role), seq, RELATION_WEIGHT * relation.confidence, at)
            joined.add(frozenset((subject, whose)))
        return joined

    def _node(self, name: str, label: str, seq: int, at: float) -> NodeKey:
        key = entity_key(name)
        if not key:
            return ""
        if key not in self._graph:
            self._graph.add_node(key, node=Node(name.strip().lstrip("@"), label))
        node = node_of(self._graph, key)
        if label == "viewer" or (node.label in _GENERIC and label not in _GENERIC):
            node.label = label
        self._seen(key, node.trace, seq, TOGETHER_WEIGHT, at)
        return key

    def _edge(self, key: EdgeKey, seq: int, weight: float, at: float) -> None:
        if not self._graph.has_edge(*key):
            self._graph.add_edge(*key, trace=Trace())
            self._edges += 1
        self._seen(key, self._graph.edges[key]["trace"], seq, weight, at)

    def _seen(self, part: NodeKey | EdgeKey, trace: Trace, seq: int, weight: float, at: float) -> None:
        self._touched[seq].add(part)
        for dropped in trace.add(seq, weight, at):
            self._touched[dropped].discard(part)
            if not self._touched[dropped]:
                del self._touched[dropped]
        self._changed(part)

    def _index(self, part: NodeKey | EdgeKey, trace: Trace) -> None:
        self._now = max(self._now, trace.last_seen)
        for seq in trace.sources:
            self._touched[seq].add(part)

    def _recent(self, key: NodeKey) -> set[NodeKey]:
        """The neighbours that a node's own sources name: of a hub the newest, however many it has."""
        edges = (
            part
            for seq in node_of(self._graph, key).trace.sources
            for part in self._touched.get(seq, ())
            if not isinstance(part, str)
        )
        return {edge[1] if edge[0] == key else edge[0] for edge in edges if key in edge[:2]}

    def _changed(self, part: NodeKey | EdgeKey) -> None:
        self._dirty[node_name(part) if isinstance(part, str) else edge_name(part)] = part

    def _trace(self, part: NodeKey | EdgeKey) -> Trace | None:
        if isinstance(part, str):
            return node_of(self._graph, part).trace if part in self._graph else None
        return self._graph.edges[part]["trace"] if self._graph.has_edge(*part) else None

    def _drop(self, part: NodeKey | EdgeKey) -> None:
        if isinstance(part, str):
            edges = {(a, b, k) for a, b, k in (*self._graph.in_edges(part, keys=True), *self._graph.out_edges(part, keys=True))}
            for edge in sorted(edges):
                self._drop(edge)
        trace = self._trace(part)
        for seq in trace.sources if trace is not None else ():
            self._touched[seq].discard(part)
            if not self._touched[seq]:
                del self._touched[seq]
        if isinstance(part, str):
            self._graph.remove_node(part)
        else:
            self._graph.remove_edge(*part)
            self._edges -= 1
        self._changed(part)

    def _row(self, part: NodeKey | EdgeKey) -> list[Any] | None:
        trace = self._trace(part)
        if trace is None:
            return None
        if isinstance(part, str):
            node = node_of(self._graph, part)
            return [part, node.name, node.label, node.pinned, trace.row()]
        return [*part, trace.row()]

    def _bound(self) -> None:
        if len(self) > self._max_nodes:
            loose = [key for key in self._graph if not node_of(self._graph, key).pinned]
            loose.sort(key=lambda key: (node_of(self._graph, key).trace.decayed(self._now), key))
            for key in loose[: len(self) - int(self._max_nodes * _KEPT)]:
                self._drop(key)
        if self.edges > self._max_edges:
            edges: list[EdgeKey] = [(a, b, k) for a, b, k in self._graph.edges(keys=True)]
            edges.sort(key=lambda key: (self._graph.edges[key]["trace"].decayed(self._now), key))
            for edge in edges[: self.edges - int(self._max_edges * _KEPT)]:
                self._drop(edge)

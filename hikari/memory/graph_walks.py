"""Walking the knowledge graph: what a step is worth, what one or two steps reach, and how a find is described."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import networkx as nx

from hikari.errors import BadInput
from hikari.memory.graph_rows import Node, NodeKey, Trace

if TYPE_CHECKING:
    Network = nx.MultiDiGraph[NodeKey]
else:
    Network = nx.MultiDiGraph

SECOND_HOP = 0.4
MAX_FAN_OUT = 32
MAX_THROUGH = 12
"""Neighbours that a second step is taken from: the strongest."""
HUB = 64
"""Neighbours from which a node is a hub: looked at through its newest memories only, and not walked through."""
HALF_STRENGTH = 2.0
"""The decayed weight between two nodes at which a step has half of its strength: two mentions together, less than one relation."""


Neighbours = Callable[[NodeKey], set[NodeKey]]


def node_of(graph: Network, key: NodeKey) -> Node:
    return graph.nodes[key]["node"]


def degree(graph: Network, key: NodeKey) -> int:
    """How many neighbours a node has, those in both directions twice; NetworkX would count every edge of a hub each time."""
    return len(graph.succ[key]) + len(graph.pred[key])


def rarity(graph: Network, key: NodeKey) -> float:
    """1 for what is connected with one other, near 0 for a hub that is connected with all (an inverse document frequency)."""
    return math.log1p(len(graph) / (1 + degree(graph, key))) / math.log1p(len(graph) / 1)


def between(graph: Network, one: NodeKey, other: NodeKey) -> list[tuple[str, Trace]]:
    found: list[tuple[str, Trace]] = []
    for a, b, mark in ((one, other, ""), (other, one, "<")):
        for kind, facts in sorted((graph.get_edge_data(a, b) or {}).items()):
            found.append((f"{mark}{kind}", facts["trace"]))
    return found


def steps(graph: Network, key: NodeKey, now: float, recent: Neighbours) -> list[tuple[NodeKey, float]]:
    """The strongest neighbours with the strength of the step in 0..1; of a hub only among its `recent` ones."""
    near = recent(key) if degree(graph, key) > HUB else {*graph.successors(key), *graph.predecessors(key)}
    found: list[tuple[NodeKey, float]] = []
    for other in near - {key}:
        weight = sum(trace.decayed(now) for _, trace in between(graph, key, other))
        found.append((other, weight / (weight + HALF_STRENGTH) * rarity(graph, other)))
    return sorted(found, key=lambda step: (-step[1], step[0]))[:MAX_FAN_OUT]


def reach(
    graph: Network, start: NodeKey, hops: int, now: float, recent: Neighbours
) -> dict[NodeKey, tuple[float, list[NodeKey]]]:
    """What one or two steps reach, with the strength of the best way and that way. Raises `BadInput` for other hops."""
    if hops not in {1, 2}:
        raise BadInput("hops must be 1 or 2", field="hops")
    if start not in graph:
        return {}
    reached = {key: (strength, [start, key]) for key, strength in steps(graph, start, now, recent)}
    if hops == 2:
        strongest = sorted(reached.items(), key=lambda item: (-item[1][0], item[0]))[:MAX_THROUGH]
        for key, (strength, _) in strongest:
            if degree(graph, key) > HUB:
                continue  # what a hub connects has little in common
            for further, step in steps(graph, key, now, recent):
                through = SECOND_HOP * strength * step
                if further != start and through > reached.get(further, (0.0, []))[0]:
                    reached[further] = (through, [start, key, further])
    return reached


def described(graph: Network, key: NodeKey, weight: float, path: Sequence[NodeKey]) -> dict[str, Any]:
    node, last = node_of(graph, key), between(graph, path[-2], key)
    sources = {seq for _, trace in last for seq in trace.sources}
    return {
        "entity": key,
        "name": node.name,
        "label": node.label,
        "weight": round(weight, 6),
        "hops": len(path) - 1,
        "path": [node_of(graph, each).name for each in path],
        "relations": [kind for kind, _ in last],
        "memories": sorted(sources, reverse=True),
    }


def give(bonus: dict[int, float], trace: Trace, value: float) -> None:
    """Raise the bonus of every memory that a trace names to `value`."""
    for seq in trace.sources:
        bonus[seq] = max(bonus.get(seq, 0.0), min(1.0, value))
